"""What is promised in time: PM-08 for complaints by grade, STD-18 for repairs by the estate's service grade."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from core.sdk import (
    Calendar,
    Condition,
    Escalation,
    Metric,
    SlaPolicy,
    Target,
    Trigger,
    current_tenant,
    db,
)
from plugins.property_mgmt.models import Building, Estate, Resident, TicketUnit, Unit
from plugins.property_mgmt.workflow import REPAIR

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.sdk import Ticket

MINUTE, HOUR, DAY = 60, 3600, 86_400
BEST, GOOD, PLAIN = 1, 2, 3
COMPLAINT = {"field": "type", "is": "complaints.complaint"}
IS_REPAIR = {"field": "type", "is": REPAIR}
PRESSING = {"field": "priority", "in": ["urgent", "critical"]}
_ENDED = {"field": "status", "in": ["resolved", "closed"]}
_EVERY_DAY = 7

CALENDARS = [
    Calendar("property_mgmt.line_16h", "property_mgmt.calendar.line_16h", ((("07:00", "23:00"),),) * _EVERY_DAY),
    Calendar("property_mgmt.line_8h", "property_mgmt.calendar.line_8h", ((("09:00", "17:00"),),) * _EVERY_DAY),
]  # fmt: skip
"""STD-18: a service line of 24, 16 or 8 hours, by the estate's grade."""

METRICS = [
    Metric(
        "property_mgmt.on_site",
        "property_mgmt.metric.on_site",
        starts_on=(Trigger("ticket.opened"), Trigger("property_mgmt.work_order.reopened")),
        fulfilled_by=(Trigger("property_mgmt.work_order.arrived"),),
        cancelled_by=(Trigger("ticket.moved", _ENDED), Trigger("ticket.merged")),
    ),
    Metric(
        "property_mgmt.acceptance",
        "property_mgmt.metric.acceptance",
        starts_on=(
            Trigger("property_mgmt.work_order.dispatched"),
            Trigger("property_mgmt.work_order.offered"),
        ),
        fulfilled_by=(Trigger("property_mgmt.work_order.accepted"),),
        cancelled_by=(
            Trigger("property_mgmt.work_order.dispatched"),
            Trigger("property_mgmt.work_order.offered"),
            Trigger("property_mgmt.work_order.declined"),
            Trigger("property_mgmt.work_order.recalled"),
            Trigger("ticket.moved", _ENDED),
            Trigger("ticket.merged"),
        ),
    ),
]
_TOLD = (
    Escalation("warning", "assignee"),
    Escalation("breach", "assignee"),
    Escalation("breach", "supervisor"),
)
_LIVE = (
    Target("first_response", 10, calendar="always", when={"field": "channel", "is": "phone"}),
    Target("first_response", 30, calendar="always", when={"field": "channel", "is": "chat"}),
)


def _graded(grade: str, acknowledged: int, *more: Target, calendar: str = "always") -> SlaPolicy:
    """PM-08 for one grade; the plan by SL-03 and progress by SL-05 are the same for all."""
    return SlaPolicy(
        f"property_mgmt.{grade}",
        f"property_mgmt.policy.{grade}",
        calendar=calendar,
        targets=(
            *_LIVE,
            Target("complaints.acknowledgement", acknowledged),
            Target("first_response", acknowledged),
            *more,
            Target("acceptance", 30 * MINUTE),
            Target("complaints.plan", HOUR),  # SL-03
            Target("progress", DAY, calendar="always"),  # SL-05
            Target("handover", 30 * MINUTE),
            Target("result_notice", 2 * HOUR),
            Target("customer_contact", HOUR),
            Target("complaints.follow_up", DAY, calendar="always"),  # SL-09
        ),
        when=COMPLAINT,
        escalations=(*_TOLD, Escalation("breach", "manager", after_seconds=2 * HOUR)),
        reason=f"property_mgmt.policy.{grade}_reason",
        order=80,
    )


_GRADED = (
    _graded(
        "grade_1",
        10 * MINUTE,
        Target("property_mgmt.on_site", 30 * MINUTE),
        Target("resolution", 4 * HOUR),
    ),
    _graded(
        "grade_2", 30 * MINUTE, Target("complaints.answer", 4 * HOUR), Target("resolution", DAY)
    ),
    _graded(
        "grade_3",
        2 * HOUR,
        Target("complaints.answer", DAY),
        Target("resolution", 3 * DAY, calendar="always"),
        calendar="office",
    ),
    _graded(
        "grade_4",
        2 * HOUR,
        Target("complaints.answer", 3 * DAY, calendar="always"),
        Target("resolution", 7 * DAY, calendar="always"),
        calendar="office",
    ),
)
GRADE_POLICY = {
    grade: policy.name
    for grade, policy in zip(("critical", "serious", "general", "minor"), _GRADED, strict=True)
}


def _repair(grade: int, calendar: str, *arrival: Target) -> SlaPolicy:
    return SlaPolicy(
        f"property_mgmt.repair_{grade}",
        f"property_mgmt.policy.repair_{grade}",
        calendar=calendar,
        targets=(
            *_LIVE,
            Target("first_response", 30 * MINUTE),
            Target("property_mgmt.acceptance", 30 * MINUTE, calendar="always"),
            *arrival,
            Target("resolution", DAY, calendar="always", when=PRESSING),
            Target("resolution", 3 * DAY, calendar="always"),
        ),
        when=IS_REPAIR,
        escalations=_TOLD,
        reason=f"property_mgmt.policy.repair_{grade}_reason",
        order=90 - grade,
    )


_ARRIVAL = Target("property_mgmt.on_site", 30 * MINUTE, calendar="always", when=PRESSING)
VULNERABLE = SlaPolicy(
    "property_mgmt.repair_vulnerable",
    "property_mgmt.policy.repair_vulnerable",
    calendar="always",
    targets=(
        *_LIVE,
        Target("first_response", 30 * MINUTE),
        Target("property_mgmt.acceptance", 30 * MINUTE),
        _ARRIVAL,
        Target("property_mgmt.on_site", 4 * HOUR),
        Target("resolution", DAY),
    ),
    when={"all": [IS_REPAIR, {"condition": "property_mgmt.vulnerable"}]},
    escalations=_TOLD,
    reason="property_mgmt.policy.repair_vulnerable_reason",
    order=79,
)
POLICIES = [
    *_GRADED,
    VULNERABLE,
    _repair(BEST, "always", _ARRIVAL),
    _repair(
        GOOD,
        "property_mgmt.line_16h",
        Target("property_mgmt.on_site", HOUR, calendar="always", when=PRESSING),
    ),
    _repair(PLAIN, "property_mgmt.line_8h"),
]


# --- what core asks -------------------------------------------------------------------------------


def policy_of(ticket: Ticket) -> str | None:
    """The promise of a repair by its estate's service grade (STD-18); somebody vulnerable has a better one."""
    if ticket.type != REPAIR or lives_vulnerable({"contact_id": ticket.contact_id}):
        return None
    grade = _service_grade(ticket)
    return f"property_mgmt.repair_{grade}" if grade else None


def _service_grade(ticket: Ticket) -> int | None:
    tenant_id = current_tenant().id
    return db.session.scalar(
        sa.select(Estate.service_grade)
        .join(Building, sa.and_(Building.tenant_id == tenant_id, Building.estate_id == Estate.id))
        .join(Unit, sa.and_(Unit.tenant_id == tenant_id, Unit.building_id == Building.id))
        .join(TicketUnit, sa.and_(TicketUnit.tenant_id == tenant_id, TicketUnit.unit_id == Unit.id))
        .where(Estate.tenant_id == tenant_id, TicketUnit.ticket_id == ticket.id)
    )


def lives_vulnerable(facts: Mapping[str, Any]) -> bool:
    """Whether the customer lives in one of our homes and is marked vulnerable."""
    contact_id = facts.get("contact_id")
    if contact_id is None:
        return False
    found = sa.select(Resident.id).where(
        Resident.contact_id == contact_id,
        Resident.moved_out.is_(None),
        Resident.vulnerable.is_(True),
    )
    return db.session.scalar(found.limit(1)) is not None


CONDITIONS = [Condition("property_mgmt.vulnerable", (), lives_vulnerable)]
