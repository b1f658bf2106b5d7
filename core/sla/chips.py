"""How far a promise is, in the shape that the kit's SLA chip draws: counted in the promise's own calendar."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from core.db import db
from core.i18n import text
from core.sla.calendar import ALWAYS
from core.sla.models import ClockRow
from core.sla.reading import view_of
from core.sla.rows import OPEN, metric_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from uuid import UUID

    from core.sla.reading import ClockView
    from core.tickets.models import Ticket

SOON = 3600


@dataclass(frozen=True)
class SlaChip:
    """kind is ok, warn, breach, paused, met or late; `seconds` of the calendar are left, over, or were used.

    `ticks` when it runs around the clock, so that a browser may count on; `warn_seconds` before `due_at` it warns.
    """

    kind: str
    seconds: float = 0
    metric: str = ""
    due_at: datetime | None = None
    calendar: str = ""
    ticks: bool = False
    warn_seconds: int = SOON


def chip_of(clock: ClockView) -> SlaChip:
    """The chip of one clock."""
    metric, calendar = text(clock.title), text(clock.calendar_title)
    if clock.state == "done":
        return SlaChip("late" if clock.outcome == "breached" else "met", clock.elapsed, metric)
    if clock.state == "paused":
        kind = "breach" if clock.left < 0 else "paused"
        return SlaChip(kind, abs(clock.left), metric, calendar=calendar)
    kind = "breach" if clock.left < 0 else "warn" if clock.warned_at else "ok"
    warn_seconds = clock.left if kind == "warn" else 0
    if clock.warn_at and clock.due_at:
        warn_seconds = int((clock.due_at - clock.warn_at).total_seconds())
    ticks = clock.calendar == ALWAYS.name
    return SlaChip(kind, abs(clock.left), metric, clock.due_at, calendar, ticks, warn_seconds)


def sla_chips(tickets: Iterable[Ticket]) -> dict[UUID, SlaChip]:
    """By ticket, the chip of its nearest running promise, or that it rests; one query for a whole list.

    A ticket that is finished, or was promised nothing, has none.
    """
    owed = {ticket.id: ticket for ticket in tickets if ticket.due_metric and not ticket.finished}
    if not owed:
        return {}
    rows = sa.select(ClockRow).where(ClockRow.ticket_id.in_(owed), ClockRow.state.in_(OPEN))
    nearest = [
        row for row in db.session.scalars(rows) if row.metric == owed[row.ticket_id].due_metric
    ]
    return {
        row.ticket_id: chip_of(view_of(row)) if owed[row.ticket_id].due_at else _at_rest(row)
        for row in nearest
    }


def _at_rest(row: ClockRow) -> SlaChip:
    return SlaChip("paused", metric=text(metric_of(row).title))
