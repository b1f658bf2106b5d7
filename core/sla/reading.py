"""What a ticket's clocks look like now: pure values for screens, the API and panels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

import sqlalchemy as sa

from core.actors import Actor
from core.clock import now
from core.db import db
from core.errors import NotFound
from core.sla import clock as pure
from core.sla.models import ClockInterval, ClockRow
from core.sla.rows import OPEN, calendar_of, metric_of, value_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from core.declarations import Text

Door = Callable[[UUID, Actor], object]
_doors: list[Door] = []


def register_door(door: Door) -> None:
    """Let `door(ticket_id, actor)` say who may see a ticket: it raises NotFound or Forbidden."""
    if door not in _doors:
        _doors.append(door)


def admit(ticket_id: UUID, *, actor: Actor) -> None:
    """Raise NotFound unless the actor may see the ticket; without a door nobody may."""
    if not _doors:
        raise NotFound("no ticket", ticket_id=ticket_id)
    for door in _doors:
        door(ticket_id, actor)


@dataclass(frozen=True, kw_only=True)
class IntervalView:
    """A stretch in which the clock ran or rested; `ended_at` None is the one that lasts."""

    kind: str
    started_at: datetime
    ended_at: datetime | None
    seconds: int


@dataclass(frozen=True, kw_only=True)
class ClockView:
    """A promise as it stands: `outcome` is open, met, breached or cancelled.

    `elapsed` and `left` are seconds of `calendar` by now; `left` is negative once it is overdue.
    """

    id: UUID
    metric: str
    title: Text
    round: int
    state: str
    outcome: str
    policy: str
    policy_version: str
    calendar: str
    calendar_title: Text
    calendar_version: str
    timezone: str
    target: int
    elapsed: int
    left: int
    reason: str
    started_at: datetime
    due_at: datetime | None
    warn_at: datetime | None
    warned_at: datetime | None
    breached_at: datetime | None
    finished_at: datetime | None
    intervals: tuple[IntervalView, ...]


def clocks_of(ticket_id: UUID) -> list[ClockView]:
    """All clocks of a ticket, those that run first, each with the intervals that explain it."""
    rows = db.session.scalars(
        sa.select(ClockRow).where(ClockRow.ticket_id == ticket_id).order_by(ClockRow.id)
    ).all()
    closed = _intervals(rows)
    views = [view_of(row, closed.get(row.id, [])) for row in rows]
    return sorted(views, key=_nearest_first)


def breached_metrics(ticket_ids: Iterable[UUID]) -> dict[UUID, list[str]]:
    """Which promises of each ticket were broken: for lists and reports, in one query."""
    found: dict[UUID, list[str]] = {}
    rows = sa.select(ClockRow.ticket_id, ClockRow.metric).where(
        ClockRow.ticket_id.in_(list(ticket_ids)), ClockRow.breached_at.is_not(None)
    )
    for ticket_id, metric in db.session.execute(rows.order_by(ClockRow.id)):
        found.setdefault(ticket_id, []).append(metric)
    return found


def _intervals(rows: Sequence[ClockRow]) -> dict[UUID, list[IntervalView]]:
    found: dict[UUID, list[IntervalView]] = {}
    wanted = sa.select(ClockInterval).where(ClockInterval.clock_id.in_([row.id for row in rows]))
    for row in db.session.scalars(wanted.order_by(ClockInterval.started_at, ClockInterval.id)):
        view = IntervalView(
            kind=row.kind, started_at=row.started_at, ended_at=row.ended_at, seconds=row.seconds
        )
        found.setdefault(row.clock_id, []).append(view)
    return found


def view_of(row: ClockRow, closed: Sequence[IntervalView] = ()) -> ClockView:
    """One clock as it stands now; `closed` are the intervals that ended."""
    at = now()
    value = pure.settle(value_of(row), at)
    elapsed = pure.elapsed_at(value, at)
    lasting: tuple[IntervalView, ...] = ()
    if row.state in OPEN:
        lasting = (
            IntervalView(
                kind=row.state, started_at=row.since, ended_at=None, seconds=elapsed - row.elapsed
            ),
        )
    calendar = calendar_of(row)
    return ClockView(
        id=row.id,
        metric=row.metric,
        title=metric_of(row).title,
        round=row.round,
        state=row.state,
        outcome=value.outcome,
        policy=row.policy,
        policy_version=row.policy_version,
        calendar=row.calendar,
        calendar_title=calendar.title,
        calendar_version=row.calendar_version,
        timezone=calendar.timezone or row.timezone,
        target=row.target,
        elapsed=elapsed,
        left=row.target - elapsed,
        reason=row.reason,
        started_at=row.started_at,
        due_at=row.due_at,
        warn_at=row.warn_at,
        warned_at=value.warned_at,
        breached_at=value.breached_at,
        finished_at=row.finished_at,
        intervals=(*closed, *lasting),
    )


def _nearest_first(view: ClockView) -> tuple[bool, bool, float]:
    when = view.due_at or view.started_at
    return view.state not in OPEN, view.state != "running", when.timestamp()
