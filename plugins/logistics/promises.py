"""What a customer is promised: when a parcel arrives, when it will now, and the exception ticket's own clocks."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from core.sdk import Escalation, Metric, SlaPolicy, Target, Trigger, current_tenant, now, settings
from plugins.logistics.canonical import (
    ANNOUNCED,
    AT_DEPOT,
    CUSTOMS,
    IN_TRANSIT,
    OUT,
    PENDING,
    PICKED_UP,
    TO_FETCH,
)
from plugins.logistics.workflow import EXCEPTION

if TYPE_CHECKING:
    from plugins.logistics.models import Shipment

MINUTE, HOUR, DAY = 60, 3600, 86_400
EVENING = time(20, 0)
# How much of the promised time usually lies ahead of a parcel that stands so.
AHEAD = {
    PENDING: 1.0, ANNOUNCED: 1.0, PICKED_UP: 0.9, IN_TRANSIT: 0.5, CUSTOMS: 0.4, AT_DEPOT: 0.2,
}  # fmt: skip


def promised_at(service: str, scope: str, taken_at: datetime) -> datetime | None:
    """Until when a parcel taken now is to arrive; what is taken behind the cut-off counts from the next morning.

    None when the tenant promises nothing for the service on such a route.
    """
    told = settings("logistics")
    hours = next(
        (
            row["hours"]
            for row in told["promises"]
            if row["service"] == service and row["scope"] == scope
        ),
        None,
    )
    if hours is None:
        return None
    zone = ZoneInfo(current_tenant().timezone)
    at = taken_at.astimezone(zone)
    cut_off = time.fromisoformat(told["cut_off"])
    if at.time() > cut_off:
        at = datetime.combine(at.date() + timedelta(days=1), time(9, 0), zone)
    due = (at + timedelta(hours=hours)).astimezone(zone)
    if due.time() > EVENING:
        due = datetime.combine(due.date() + timedelta(days=1), time(12, 0), zone)
    return due.astimezone(UTC)


def scope_of(from_city: str, to_city: str, service: str) -> str:
    """Whether a route stays in a city, in the country, or leaves it."""
    if service == "international":
        return "abroad"
    return "city" if from_city.strip() == to_city.strip() else "domestic"


def expected_at(shipment: Shipment) -> datetime | None:
    """When it will arrive as things stand (ETA): the promise, or later when what lies ahead no longer fits into it.

    None when nobody can say: it is there, on its way back, or something is wrong.
    """
    if not shipment.open or shipment.status == TO_FETCH or shipment.promised_at is None:
        return None
    if shipment.status == OUT:
        return _this_evening()
    if shipment.status not in AHEAD:
        return None
    whole = max(shipment.promised_at - shipment.created_at, timedelta(hours=6))
    soonest = max(shipment.heard_at, now() - timedelta(hours=12)) + whole * AHEAD[shipment.status]
    return (
        max(shipment.promised_at, soonest) if shipment.promised_at < now() else shipment.promised_at
    )


def _this_evening() -> datetime:
    zone = ZoneInfo(current_tenant().timezone)
    return datetime.combine(now().astimezone(zone).date(), EVENING, zone).astimezone(UTC)


_ENDED: dict[str, Any] = {"field": "status", "in": ["resolved", "closed"]}
METRICS = [
    Metric(
        "logistics.carrier_contact",
        "logistics.metric.carrier_contact",
        starts_on=(Trigger("ticket.opened", {"field": "ticket_type", "is": EXCEPTION}),),
        fulfilled_by=(Trigger("logistics.carrier.contacted"),),
        cancelled_by=(Trigger("ticket.moved", _ENDED), Trigger("ticket.merged")),
    ),
]
POLICY = SlaPolicy(
    "logistics.exception",
    "logistics.policy.exception",
    calendar="always",
    targets=(
        Target("acceptance", 30 * MINUTE),
        Target("logistics.carrier_contact", HOUR, when={"field": "priority", "is": "critical"}),
        Target("logistics.carrier_contact", 2 * HOUR, when={"field": "priority", "is": "urgent"}),
        Target("logistics.carrier_contact", 4 * HOUR),
        Target("progress", DAY),
        Target("resolution", DAY, when={"field": "priority", "is": "critical"}),
        Target("resolution", 2 * DAY, when={"field": "priority", "is": "urgent"}),
        Target("resolution", 3 * DAY),
    ),
    when={"field": "type", "is": EXCEPTION},
    escalations=(
        Escalation("warning", "assignee"),
        Escalation("breach", "assignee"),
        Escalation("breach", "supervisor"),
        Escalation("breach", "manager", after_seconds=4 * HOUR),
    ),
    reason="logistics.policy.reason",
    order=110,
)
POLICIES = [POLICY]
