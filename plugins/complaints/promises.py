"""What is promised on a complaint: the rulebook's numbers besides SL-03 for the plan and SL-09 for the follow-up."""

from __future__ import annotations

from core.sdk import Escalation, Metric, SlaPolicy, Target, Trigger

MINUTE, HOUR, DAY = 60, 3600, 86_400
TYPE = "complaints.complaint"
_ENDED = {"field": "status", "in": ["resolved", "closed"]}

# Whoever calls or chats is answered at once, whatever it is about.
_LIVE = (
    Target("first_response", 10, calendar="always", when={"field": "channel", "is": "phone"}),
    Target("first_response", 30, calendar="always", when={"field": "channel", "is": "chat"}),
)

METRICS = [
    Metric(
        "complaints.acknowledgement",
        "complaints.metric.acknowledgement",
        starts_on=(Trigger("ticket.opened", {"field": "ticket_type", "is": TYPE}),),
        fulfilled_by=(Trigger("complaints.complaint.acknowledged"),),
        cancelled_by=(Trigger("ticket.moved", _ENDED), Trigger("ticket.merged")),
    ),
    Metric(
        "complaints.answer",
        "complaints.metric.answer",
        starts_on=(Trigger("ticket.opened", {"field": "ticket_type", "is": TYPE}),),
        fulfilled_by=(Trigger("complaints.complaint.judged"),),
        cancelled_by=(Trigger("ticket.moved", _ENDED), Trigger("ticket.merged")),
    ),
    Metric(
        "complaints.plan",
        "complaints.metric.plan",
        starts_on=(
            Trigger("ticket.opened", {"field": "ticket_type", "is": TYPE}),
            Trigger("complaints.plan.returned"),
            Trigger("complaints.plan.declined"),
        ),
        fulfilled_by=(Trigger("complaints.plan.proposed"),),
        cancelled_by=(Trigger("ticket.moved", _ENDED), Trigger("ticket.merged")),
        pauses=True,
    ),
    Metric(
        "complaints.follow_up",
        "complaints.metric.follow_up",
        starts_on=(Trigger("complaints.result.confirmed"),),
        fulfilled_by=(Trigger("complaints.follow_up.made"),),
        cancelled_by=(Trigger("ticket.merged"), Trigger("complaints.complaint.appealed")),
    ),
]

POLICY = SlaPolicy(
    "complaints.standard",
    "complaints.policy.standard",
    calendar="office",
    targets=(
        *_LIVE,
        Target("first_response", 30 * MINUTE, calendar="always"),
        Target("acceptance", 30 * MINUTE),
        Target("progress", DAY, calendar="always"),
        Target("result_notice", 2 * HOUR),
        Target("customer_contact", HOUR),
        Target("handover", 30 * MINUTE),
        Target("complaints.plan", HOUR),  # SL-03
        Target("complaints.follow_up", DAY, calendar="always"),  # SL-09
        Target("resolution", 4 * HOUR, when={"field": "priority", "is": "critical"}),
        Target("resolution", 8 * HOUR, when={"field": "priority", "is": "urgent"}),
        Target("resolution", 24 * HOUR),
    ),
    escalations=(
        Escalation("warning", "assignee"),
        Escalation("breach", "assignee"),
        Escalation("breach", "supervisor"),
        Escalation("breach", "manager", after_seconds=2 * HOUR),
    ),
    when={"field": "type", "is": TYPE},
    reason="complaints.policy.reason",
    order=100,
)

# PM-08, grade 1: round the clock, and the manager is told with the first breach.
CRITICAL = SlaPolicy(
    "complaints.critical",
    "complaints.policy.critical",
    calendar="always",
    targets=(
        *_LIVE,
        Target("first_response", 10 * MINUTE),
        Target("acceptance", 10 * MINUTE),
        Target("progress", DAY),
        Target("result_notice", 2 * HOUR),
        Target("customer_contact", HOUR),
        Target("handover", 10 * MINUTE),
        Target("complaints.plan", HOUR),  # SL-03
        Target("complaints.follow_up", DAY),  # SL-09
        Target("resolution", 4 * HOUR),
    ),
    escalations=(
        Escalation("warning", "assignee"),
        Escalation("breach", "assignee"),
        Escalation("breach", "supervisor"),
        Escalation("breach", "manager"),
    ),
    when={"all": [{"field": "type", "is": TYPE}, {"field": "priority", "is": "critical"}]},
    reason="complaints.policy.critical_reason",
    order=90,
)
POLICIES = [POLICY, CRITICAL]
