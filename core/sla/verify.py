"""Replay a tenant's clocks from its events and name every difference to what is stored."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from core.clock import now
from core.db import db
from core.events import EventRow
from core.sla.models import ClockInterval, ClockRow, TicketPolicy, ticket_model
from core.sla.moment import INSTANT, WAKE
from core.sla.replay import Life, Replay
from core.timers import PENDING, Timer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from uuid import UUID

BATCH = 200
TERMS = (
    *("ticket_id", "metric", "metric_version", "round", "policy", "policy_version"),
    *("calendar", "calendar_version", "timezone", "target", "reason"),
)
MEASURED = (
    *("state", "started_at", "since", "elapsed", "due_at", "warn_at"),
    *("warned_at", "breached_at", "finished_at"),
)
SAID = {"clock.warned": "warnings", "clock.breached": "breaches"}


@dataclass(frozen=True, kw_only=True)
class Difference:
    """Where what is stored is not what the events give: `where` names the row, `field` its column."""

    ticket_id: UUID
    clock_id: UUID | None
    metric: str
    where: str
    field: str
    stored: Any
    computed: Any

    def __str__(self) -> str:
        about = f"ticket {self.ticket_id}"
        if self.clock_id is not None:
            about += f", clock {self.metric} {self.clock_id}"
        return f"{about}: {self.where} {self.field}: stored {self.stored}, computed {self.computed}"


@dataclass
class Verification:
    """What was replayed, and every difference."""

    tickets: int = 0
    clocks: int = 0
    intervals: int = 0
    events: int = 0
    differences: list[Difference] = field(default_factory=list)

    @property
    def green(self) -> bool:
        """Whether everything agrees."""
        return not self.differences


@dataclass
class _Stored:
    """What is kept of a batch of tickets."""

    tickets: dict[UUID, Any]
    policies: dict[UUID, TicketPolicy]
    awake: set[UUID]
    clocks: dict[UUID, list[ClockRow]]
    intervals: dict[UUID, list[ClockInterval]]
    events: dict[UUID, list[EventRow]]


def verify() -> Verification:
    """Replay every clock of the current tenant from events and definitions."""
    found = Verification()
    for ids in _batches():
        stored = _load(ids)
        for ticket_id in ids:
            found.tickets += 1
            found.events += len(stored.events[ticket_id])
            found.clocks += len(stored.clocks[ticket_id])
            found.intervals += sum(len(stored.intervals[c.id]) for c in stored.clocks[ticket_id])
            found.differences += _compare(ticket_id, stored)
        db.session.expunge_all()
    return found


def _batches() -> Iterator[tuple[UUID, ...]]:
    with_policy = db.session.scalars(sa.select(TicketPolicy.ticket_id)).all()
    with_clock = db.session.scalars(sa.select(ClockRow.ticket_id).distinct()).all()
    told = sa.select(EventRow.subject_id).where(EventRow.type == "clock.started").distinct()
    every = {*with_policy, *with_clock, *db.session.scalars(told).all()}
    ids = sorted(every)
    yield from (tuple(ids[start : start + BATCH]) for start in range(0, len(ids), BATCH))


def _load(ids: Sequence[UUID]) -> _Stored:
    clocks = db.session.scalars(
        sa.select(ClockRow).where(ClockRow.ticket_id.in_(ids)).order_by(ClockRow.id)
    ).all()
    intervals = db.session.scalars(
        sa.select(ClockInterval)
        .where(ClockInterval.clock_id.in_([clock.id for clock in clocks]))
        .order_by(ClockInterval.started_at, ClockInterval.id)
    )
    events = db.session.scalars(
        sa.select(EventRow)
        .where(EventRow.subject_type == "ticket", EventRow.subject_id.in_(ids))
        .order_by(EventRow.id)
    )
    policies = db.session.scalars(sa.select(TicketPolicy).where(TicketPolicy.ticket_id.in_(ids)))
    model = ticket_model()
    tickets = db.session.scalars(sa.select(model).where(model.id.in_(ids)))
    timers = sa.select(Timer.subject_id).where(
        Timer.kind == WAKE, Timer.state == PENDING, Timer.subject_id.in_(ids)
    )
    return _Stored(
        tickets={row.id: row for row in tickets},
        policies={row.ticket_id: row for row in policies},
        awake=set(db.session.scalars(timers)),
        clocks=_grouped(clocks, "ticket_id"),
        intervals=_grouped(intervals, "clock_id"),
        events=_grouped(events, "subject_id"),
    )


def _grouped(rows: Any, key: str) -> dict[UUID, list[Any]]:
    found: dict[UUID, list[Any]] = defaultdict(list)
    for row in rows:
        found[getattr(row, key)].append(row)
    return found


def _compare(ticket_id: UUID, stored: _Stored) -> Iterator[Difference]:
    replay = Replay()
    for event in stored.events[ticket_id]:
        replay.live(event)
    replay.settle(_until(ticket_id, stored))
    for fault in replay.faults:
        yield Difference(
            ticket_id=ticket_id,
            clock_id=None,
            metric="",
            where=fault.where,
            field=fault.field,
            stored=fault.stored,
            computed=fault.computed,
        )
    rows = {row.id: row for row in stored.clocks[ticket_id]}
    for clock_id in sorted(replay.lives.keys() | rows.keys()):
        life, row = replay.lives.get(clock_id), rows.get(clock_id)
        yield from _compare_clock(ticket_id, clock_id, life, row, stored.intervals[clock_id])
    yield from _compare_ticket(ticket_id, replay, stored)


def _until(ticket_id: UUID, stored: _Stored) -> datetime:
    """Up to when time has been noticed: a timer that waits for its sweeper is no fault."""
    at, policy = now(), stored.policies.get(ticket_id)
    wake_at = policy.wake_at if policy is not None else None
    if wake_at is not None and wake_at <= at and ticket_id in stored.awake:
        return wake_at - INSTANT
    return at


def _compare_clock(
    ticket_id: UUID,
    clock_id: UUID,
    life: Life | None,
    row: ClockRow | None,
    intervals: list[ClockInterval],
) -> Iterator[Difference]:
    metric = life.terms["metric"] if life else row.metric if row else ""

    def differs(where: str, name: str, kept: Any, computed: Any) -> Difference:
        return Difference(
            ticket_id=ticket_id,
            clock_id=clock_id,
            metric=metric,
            where=where,
            field=name,
            stored=kept,
            computed=computed,
        )

    if life is None or row is None:
        yield differs("clock", "row", "missing" if row is None else "present",
                      "none" if life is None else "started")  # fmt: skip
        return
    computed = life.terms | {name: getattr(life.value, name) for name in MEASURED}
    computed |= {"ticket_id": ticket_id, "ended_by": life.ended_by}
    for name in (*TERMS, *MEASURED, "ended_by"):
        if getattr(row, name) != computed[name]:
            yield differs("clock", name, getattr(row, name), computed[name])
    for number, (kept, told) in enumerate(zip_longest(intervals, life.intervals), start=1):
        for name in ("kind", "started_at", "ended_at", "seconds"):
            one, other = getattr(kept, name, None), getattr(told, name, None)
            if one != other:
                yield differs(f"interval {number}", name, one, other)
    for event_type, name in SAID.items():
        said, expected = life.said[event_type], getattr(life, name)
        if said != expected:
            yield differs(f"event {event_type}", "occurred_at", _times(said), _times(expected))


def _times(moments: list[datetime]) -> str:
    return ", ".join(moment.isoformat() for moment in moments) or "never"


def _compare_ticket(ticket_id: UUID, replay: Replay, stored: _Stored) -> Iterator[Difference]:
    ticket = stored.tickets.get(ticket_id)
    due = [life.value.due_at for life in replay.lives.values() if life.open and life.value.due_at]
    computed = min(due, default=None)
    kept = ticket.due_at if ticket is not None else None
    if kept != computed:
        yield Difference(
            ticket_id=ticket_id,
            clock_id=None,
            metric="",
            where="ticket",
            field="due_at",
            stored=kept,
            computed=computed,
        )
