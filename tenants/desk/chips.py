"""How far a promise is, in the shape that the kit's SLA chip draws."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.sdk import now
from tenants.desk.names import metric_title

if TYPE_CHECKING:
    from datetime import datetime

    from core.host import Ticket

SOON = 3600


@dataclass(frozen=True)
class Chip:
    """kind is ok, warn, breach, paused, met, late or none; `ticks` when it runs around the clock."""

    kind: str
    seconds: float = 0
    metric: str = ""
    due_at: datetime | None = None
    calendar: str = ""
    ticks: bool = True
    warn_seconds: int = SOON


def nearest(ticket: Ticket) -> Chip | None:
    """The chip of a row in a list: the ticket's nearest running promise, or that it rests."""
    if ticket.finished or not ticket.due_metric:
        return None
    metric = metric_title(ticket.due_metric)
    if ticket.due_at is None:
        return Chip("paused", metric=metric)
    left = (ticket.due_at - now()).total_seconds()
    if left < 0:
        return Chip("breach", -left, metric, ticket.due_at)
    kind = "warn" if ticket.sla_state == "warning" else "ok"
    return Chip(kind, left, metric, ticket.due_at)
