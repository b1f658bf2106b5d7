"""What is at hand while an event or a timer moves a ticket's clocks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from core import definitions
from core.actors import SYSTEM
from core.clock import now
from core.db import db
from core.errors import NotFound
from core.events import emit
from core.sla import clock as pure
from core.sla import events, ladder
from core.sla.choosing import NOTHING, Choice, choose
from core.sla.held import give_back, next_round, take
from core.sla.models import TicketPolicy
from core.sla.rows import keep, value_of
from core.timers import forget_timer, set_timer

if TYPE_CHECKING:
    from uuid import UUID

    from core.actors import Actor
    from core.events import EventRow
    from core.sla.events import ClockEvent
    from core.sla.held import Held
    from core.sla.models import ClockRow

WAKE = "sla.wake"
INSTANT = timedelta(microseconds=1)
"""Done at the due time is met, so what passes by itself is said the smallest moment later."""


def at_event(row: EventRow) -> Moment:
    """The moment of an event."""
    held = take(row.subject_id)
    if held.policy is not None:
        return Moment(held, held.policy, row.occurred_at, row.id)
    policy = held.policy = _fresh(row)
    moment = Moment(held, policy, row.occurred_at, row.id)
    moment.take(choose(held.ticket))
    db.session.add(policy)
    return moment


def at_timer(ticket_id: UUID, due_at: datetime, *, actor: Actor = SYSTEM) -> Moment:
    """The moment when nothing happened but time."""
    held = take(ticket_id)
    if held.policy is None:
        raise NotFound(f"ticket {ticket_id} has no policy row", ticket_id=ticket_id)
    if held.policy.wake_at == due_at:
        held.policy.wake_at = None
    return Moment(held, held.policy, now(), None, actor=actor)


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
    """A ticket's policy and open clocks at `at`; `cause` is the event that moves them; `began` once one was started."""

    held: Held
    policy: TicketPolicy
    at: datetime
    cause: UUID | None
    actor: Actor = SYSTEM
    began: bool = False

    @property
    def ticket(self) -> Any:
        """The ticket's row, locked."""
        return self.held.ticket

    @property
    def clocks(self) -> list[ClockRow]:
        """Its open clocks."""
        return self.held.clocks

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
        self.began = True
        return next_round(self.held, metric)

    def begin(self, clock: ClockRow) -> None:
        """Have a new clock run along."""
        db.session.add(clock)
        self.clocks.append(clock)
        if self.held.rounds is not None:
            self.held.rounds[clock.metric] = clock.round

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
        """Tell the queue what is due next, be woken when the next thing passes, and be ready for the next event."""
        self._tell_queue()
        ahead = [when for clock in self.clocks for when in _moments(clock)]
        wake_at = min(ahead) + INSTANT if ahead else None
        if wake_at != self.policy.wake_at:
            self._forget()
            self.policy.wake_at = wake_at
            if wake_at is not None:
                set_timer(WAKE, ("ticket", self.ticket_id), wake_at, self._key())
        give_back(self.ticket_id, self.held)

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
        started = self.began or self.ticket.sla_state
        return None, "", "met" if started else ""

    def _key(self) -> str:
        return f"{WAKE}:{self.ticket_id}:{self.policy.wake_at:%Y%m%dT%H%M%S.%f}"

    def _forget(self) -> None:
        """Drop the timer that is no longer wanted; one that is being handled just now does no harm."""
        if self.policy.wake_at is None:
            return
        forget_timer(self._key())


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
