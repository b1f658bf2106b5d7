"""What is promised on a return: the law's fifteen days to decide (STD-03), seven to refund what came back (STD-01)."""

from __future__ import annotations

from core.sdk import Escalation, Metric, SlaPolicy, Target, Trigger
from plugins.retail.workflow import TICKET

DAY = 86_400
_MINE = {"field": "ticket_type", "is": TICKET}
_ENDED = {"field": "status", "in": ["resolved", "closed"]}
_OVER = (Trigger("ticket.moved", _ENDED), Trigger("ticket.merged"))

METRICS = [
    Metric(
        "retail.decision",
        "retail.metric.decision",
        starts_on=(Trigger("ticket.opened", _MINE),),
        fulfilled_by=(Trigger("retail.rma.approved"), Trigger("retail.rma.declined")),
        cancelled_by=_OVER,
    ),
    Metric(
        "retail.settlement",
        "retail.metric.settlement",
        starts_on=(Trigger("retail.rma.received"),),
        fulfilled_by=(
            Trigger("retail.rma.refunded"),
            Trigger("retail.rma.exchanged"),
            Trigger("retail.rma.credited"),
            Trigger("retail.rma.sent_to_repair"),
            Trigger("retail.rma.returned_to_customer"),
        ),
        cancelled_by=_OVER,
    ),
]

POLICY = SlaPolicy(
    "retail.return",
    "retail.policy.return",
    calendar="always",
    targets=(
        Target("first_response", DAY),  # SL-17
        Target("retail.decision", 15 * DAY),
        Target("retail.settlement", 7 * DAY),
    ),
    escalations=(
        Escalation("warning", "assignee"),
        Escalation("breach", "assignee"),
        Escalation("breach", "supervisor"),
    ),
    when={"field": "type", "is": TICKET},
    reason="retail.policy.reason",
    order=90,
    # The alarm of day ten of fifteen.
    warn_percent=34,
    warn_seconds=5 * DAY,
)
