"""What is at hand while an event or a timer moves a ticket's clocks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from core import definitions
from core.actors import SYSTEM
from core.clock import now
from core.db import db
from core.errors import NotFound
from core.events import EventRow, emit
from core.sla import clock as pure
from core.sla import events, ladder
from core.sla.choosing import NOTHING, Choice, choose
from core.sla.models import ClockRow, TicketPolicy, ticket_model
from core.sla.rows import OPEN, keep, value_of
from core.tenancy import current_tenant
from core.timers import PENDING, Timer, set_timer

if TYPE_CHECKING:
    from uuid import UUID

    from core.actors import Actor
    from core.sla.events import ClockEvent

WAKE = "sla.wake"
INSTANT = timedelta(microseconds=1)
"""Done at the due time is met, so what passes by itself is said the smallest moment later."""


def at_event(row: EventRow) -> Moment:
    """The moment of an event; its first query writes the event and what it came with."""
    ticket = _locked(row.subject_id)
    policy = _policy_row(row.subject_id)
    if policy is not None:
        return Moment(ticket, row.occurred_at, row.id, policy, _open_clocks(row.subject_id))
    moment = Moment(ticket, row.occurred_at, row.id, _fresh(row), [])
    moment.take(choose(ticket))
    db.session.add(moment.policy)
    return moment


def at_timer(ticket_id: UUID, due_at: datetime, *, actor: Actor = SYSTEM) -> Moment:
    """The moment when nothing happened but time."""
    ticket = _locked(ticket_id)
    policy = _policy_row(ticket_id)
    if policy is None:
        raise NotFound(f"ticket {ticket_id} has no policy row", ticket_id=ticket_id)
    if policy.wake_at == due_at:
        policy.wake_at = None
    return Moment(ticket, now(), None, policy, _open_clocks(ticket_id), actor=actor)


def _locked(ticket_id: UUID) -> Any:
    """The ticket, a row of a floor above: its lock lines up whatever moves its clocks."""
    model = ticket_model()
    found = sa.select(model).where(model.id == ticket_id).with_for_update()
    return db.session.scalars(found.execution_options(populate_existing=True)).one()


def _policy_row(ticket_id: UUID) -> TicketPolicy | None:
    found = sa.select(TicketPolicy).where(TicketPolicy.ticket_id == ticket_id)
    return db.session.scalars(found.execution_options(populate_existing=True)).one_or_none()


def _open_clocks(ticket_id: UUID) -> list[ClockRow]:
    found = (
        sa.select(ClockRow)
        .where(ClockRow.ticket_id == ticket_id, ClockRow.state.in_(OPEN))
        .order_by(ClockRow.id)
        .execution_options(populate_existing=True)
    )
    return list(db.session.scalars(found))


def _fresh(row: EventRow) -> TicketPolicy:
    return TicketPolicy(
        ticket_id=row.subject_id,
        policy="",
        policy_version="",
        chosen_by="",
        chosen_at=row.occurred_at,
        resting=_begins_at_rest(row.payload),
        breaches=0,
    )


def _begins_at_rest(data: dict[str, Any]) -> bool:
    if "workflow" not in data:
        return False
    workflow = definitions.get("workflow", data["workflow"], data["workflow_version"])
    return any(state.name == data["state"] and state.pauses for state in workflow.states)


@dataclass
class Moment:
    """A ticket's policy and open clocks at `at`; `cause` is the event that moves them."""

    ticket: Any
    at: datetime
    cause: UUID | None
    policy: TicketPolicy
    clocks: list[ClockRow]
    rounds: dict[str, int] | None = None
    actor: Actor = SYSTEM

    @property
    def ticket_id(self) -> UUID:
        """Whose clocks these are."""
        return self.policy.ticket_id

    @property
    def choice(self) -> Choice:
        """The policy that the ticket has."""
        row = self.policy
        return Choice(policy=row.policy, version=row.policy_version, by=row.chosen_by)

    def take(self, choice: Choice) -> None:
        """Keep what was chosen."""
        if choice != self.choice or choice == NOTHING:
            self.policy.policy, self.policy.policy_version = choice.policy, choice.version
            self.policy.chosen_by, self.policy.chosen_at = choice.by, self.at

    def next_round(self, metric: str) -> int:
        """The number of a metric's next clock."""
        if self.rounds is None:
            counted = sa.select(ClockRow.metric, sa.func.max(ClockRow.round)).where(
                ClockRow.ticket_id == self.ticket_id
            )
            found = db.session.execute(counted.group_by(ClockRow.metric)).all()
            self.rounds = dict(found)
        self.rounds[metric] = self.rounds.get(metric, 0) + 1
        return self.rounds[metric]

    def say(
        self,
        kind: type[ClockEvent],
        clock: ClockRow,
        *,
        occurred_at: datetime | None = None,
        **data: Any,
    ) -> None:
        """Emit what happened to a clock."""
        event = kind(clock_id=clock.id, metric=clock.metric, **data)
        emit(
            event,
            subject=("ticket", self.ticket_id),
            actor=self.actor,
            caused_by=self.cause,
            occurred_at=occurred_at or self.at,
        )

    def settle(self) -> None:
        """Say what has passed: warnings, breaches, steps of the ladder."""
        for clock in self.clocks:
            before = value_of(clock)
            after = pure.settle(before, self.at)
            keep(clock, pure.Step(after, ()))
            if after.warned_at != before.warned_at:
                self.say(
                    events.ClockWarned, clock, due_at=after.due_at, occurred_at=after.warned_at
                )
            if after.breached_at != before.breached_at:
                self.policy.breaches += 1
                self.say(
                    events.ClockBreached, clock, target=clock.target, occurred_at=after.breached_at
                )
            for number, step, when in ladder.take(clock, self.at):
                self.say(
                    events.ClockEscalated,
                    clock,
                    step=number,
                    at=step.at,
                    notify=step.notify,
                    due_at=clock.due_at,
                    occurred_at=when,
                )

    def close(self) -> None:
        """Tell the queue what is due next, and be woken when the next thing passes."""
        self._tell_queue()
        ahead = [when for clock in self.clocks for when in _moments(clock)]
        wake_at = min(ahead) + INSTANT if ahead else None
        if wake_at != self.policy.wake_at:
            self._forget()
            self.policy.wake_at = wake_at
            if wake_at is not None:
                set_timer(WAKE, ("ticket", self.ticket_id), wake_at, self._key())

    def _tell_queue(self) -> None:
        running = [clock for clock in self.clocks if clock.due_at is not None]
        nearest = min(running, key=lambda clock: (clock.due_at, clock.id), default=None)
        due_at, metric, state = (
            (nearest.due_at, nearest.metric, _state(nearest)) if nearest else self._idle()
        )
        ticket = self.ticket
        for name, value in (("due_at", due_at), ("due_metric", metric), ("sla_state", state)):
            if getattr(ticket, name) != value:
                setattr(ticket, name, value)

    def _idle(self) -> tuple[None, str, str]:
        if self.clocks:
            return None, self.clocks[0].metric, "paused"
        if self.policy.breaches:
            return None, "", "breached"
        started = self.rounds is not None or self.ticket.sla_state
        return None, "", "met" if started else ""

    def _key(self) -> str:
        return f"{WAKE}:{self.ticket_id}:{self.policy.wake_at:%Y%m%dT%H%M%S.%f}"

    def _forget(self) -> None:
        """Drop the timer that is no longer wanted, unless it is being handled just now.

        Waiting for a sweeper that waits for us would be a deadlock; a stale timer does no harm.
        """
        if self.policy.wake_at is None:
            return
        unclaimed = (
            sa.select(Timer.id)
            .where(
                Timer.tenant_id == current_tenant().id,
                Timer.dedupe_key == self._key(),
                Timer.state == PENDING,
            )
            .with_for_update(skip_locked=True)
        )
        db.session.execute(
            sa.delete(Timer)
            .where(Timer.id.in_(unclaimed))
            .execution_options(synchronize_session=False)
        )


def _moments(clock: ClockRow) -> list[datetime]:
    ahead = [when for _, _, when in ladder.steps_ahead(clock)]
    if clock.state == "running":
        if clock.warned_at is None and clock.warn_at is not None:
            ahead.append(clock.warn_at)
        if clock.breached_at is None and clock.due_at is not None:
            ahead.append(clock.due_at)
    return ahead


def _state(clock: ClockRow) -> str:
    if clock.breached_at is not None:
        return "breached"
    return "warning" if clock.warned_at is not None else "running"
