"""A ticket's clocks lived once more, from its events and the definitions alone."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from core import definitions
from core.sla import clock as pure
from core.sla.choosing import holds
from core.sla.clocks import CHOOSES_AGAIN

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from core.declarations import Metric, Trigger
    from core.events import EventRow

TERMS = (
    *("metric", "metric_version", "round", "policy", "policy_version"),
    *("calendar", "calendar_version", "timezone", "target", "reason"),
)
RECHOICES = frozenset(
    {"ticket.priority_changed", "ticket.reclassed", "ticket.category_changed", "ticket.edited"}
)


class Fault(NamedTuple):
    """Something wrong with the events themselves."""

    where: str
    field: str
    stored: Any
    computed: Any


@dataclass
class Life:
    """A clock as its events tell it; `finish` says that it ended with its ticket."""

    terms: dict[str, Any]
    metric: Metric
    value: pure.Clock
    intervals: list[pure.Interval] = field(default_factory=list)
    warnings: list[datetime] = field(default_factory=list)
    breaches: list[datetime] = field(default_factory=list)
    said: dict[str, list[datetime]] = field(default_factory=lambda: defaultdict(list))
    ended_by: UUID | None = None
    finish: bool = False

    @property
    def open(self) -> bool:
        """Whether it still runs or rests."""
        return self.value.state in {"running", "paused"}

    def step(self, step: pure.Step) -> None:
        """Take what a change gave."""
        self.value = step.clock
        self.intervals.extend(step.closed)

    def settle(self, at: datetime) -> None:
        """Note what passed before `at`."""
        before, self.value = self.value, pure.settle(self.value, at)
        if self.value.warned_at is not None and before.warned_at is None:
            self.warnings.append(self.value.warned_at)
        if self.value.breached_at is not None and before.breached_at is None:
            self.breaches.append(self.value.breached_at)


class Replay:
    """One ticket, event by event in the order of their ids."""

    def __init__(self) -> None:
        self.lives: dict[UUID, Life] = {}
        self.faults: list[Fault] = []
        self.seen: dict[UUID, EventRow] = {}
        self.resting = False

    def live(self, row: EventRow) -> None:
        """Let one event happen."""
        self.seen[row.id] = row
        told = _TOLD.get(row.type)
        if told is not None:
            told(self, row, row.payload)
        elif not row.type.startswith("clock."):
            self._happen(row, row.payload | {"actor_kind": row.actor_kind})

    def settle(self, at: datetime) -> None:
        """Note what passed for the clocks that are open."""
        for life in self._open():
            life.settle(at)

    def _open(self) -> list[Life]:
        return [life for life in self.lives.values() if life.open]

    def _happen(self, row: EventRow, data: dict[str, Any]) -> None:
        at = row.occurred_at
        self.settle(at)
        for life in self._open():
            if _pulls(life.metric.cancelled_by, row.type, data):
                self._end(life, pure.cancel(life.value, at), row, data)
            elif _pulls(life.metric.fulfilled_by, row.type, data):
                self._end(life, pure.fulfil(life.value, at), row, data)
        if row.type == "ticket.opened":
            self.resting = _rests(data)
        if row.type == "ticket.moved":
            self._rest(bool(data.get("pauses")), at)
            if data.get("reopened"):
                self._reopen([life for life in self.lives.values() if life.finish], at)
        if row.type == "message.recalled":
            self._reopen(self._kept_by(data["message_id"]), at)

    def _end(self, life: Life, step: pure.Step, row: EventRow, data: Mapping[str, Any]) -> None:
        life.step(step)
        life.ended_by = row.id
        finished = data.get("status") in {"resolved", "closed"}
        life.finish = row.type == "ticket.moved" and finished

    def _rest(self, resting: bool, at: datetime) -> None:  # noqa: FBT001  a fact of the event
        self.resting = resting
        for life in self._open():
            if life.metric.pauses:
                life.step((pure.pause if resting else pure.resume)(life.value, at))

    def _kept_by(self, message_id: str) -> list[Life]:
        found = []
        for life in self.lives.values():
            answer = self.seen.get(life.ended_by) if life.ended_by else None
            if life.open or answer is None or answer.type != "message.posted":
                continue
            recalled = answer.payload["message_id"] == message_id
            if recalled and not life.metric.repeats and not self._answered_since(life, answer):
                found.append(life)
        return found

    def _answered_since(self, life: Life, answer: EventRow) -> bool:
        return any(
            row.id > answer.id
            and row.type == "message.posted"
            and _pulls(
                life.metric.fulfilled_by, row.type, row.payload | {"actor_kind": row.actor_kind}
            )
            for row in self.seen.values()
        )

    def _reopen(self, lives: list[Life], at: datetime) -> None:
        for life in lives:
            if any(other.terms["metric"] == life.terms["metric"] for other in self._open()):
                continue
            life.step(pure.reopen(life.value, at))
            life.ended_by, life.finish = None, False
            if self.resting and life.metric.pauses:
                life.step(pure.pause(life.value, at))

    # --- what clock events add to the ticket's: terms that need more than the events to know ------

    def _started(self, row: EventRow, data: dict[str, Any]) -> None:
        cause = self.seen.get(row.caused_by) if row.caused_by else None
        if cause is None:
            self.faults.append(Fault("event clock.started", "caused_by", row.caused_by, "an event"))
        elif cause.occurred_at != row.occurred_at:
            self.faults.append(
                Fault(f"event {cause.type}", "occurred_at", cause.occurred_at, row.occurred_at)
            )
        terms = {name: data[name] for name in TERMS}
        metric = definitions.get("metric", terms["metric"], terms["metric_version"])
        life = Life(terms, metric, pure.start(_promise(terms), row.occurred_at))
        self.lives[UUID(data["clock_id"])] = life
        if self.resting and metric.pauses:
            life.step(pure.pause(life.value, row.occurred_at))

    def _retargeted(self, row: EventRow, data: dict[str, Any]) -> None:
        life = self.lives.get(UUID(data["clock_id"]))
        if life is not None:
            life.settle(row.occurred_at)
            life.terms |= {name: data[name] for name in TERMS if name in data}
            life.step(pure.retarget(life.value, _promise(life.terms), row.occurred_at))

    def _cancelled(self, row: EventRow, data: dict[str, Any]) -> None:
        """A new choice of policy may cancel what no event did."""
        life = self.lives.get(UUID(data["clock_id"]))
        cause = self.seen.get(row.caused_by) if row.caused_by else None
        if (
            life is not None
            and life.open
            and (cause is None or cause.type in RECHOICES | CHOOSES_AGAIN)
        ):
            life.settle(row.occurred_at)
            life.step(pure.cancel(life.value, row.occurred_at))

    def _said(self, row: EventRow, data: dict[str, Any]) -> None:
        life = self.lives.get(UUID(data["clock_id"]))
        if life is not None:
            life.said[row.type].append(row.occurred_at)


_TOLD: dict[str, Callable[[Replay, EventRow, dict[str, Any]], None]] = {
    "clock.started": Replay._started,  # noqa: SLF001  this module's own
    "clock.retargeted": Replay._retargeted,  # noqa: SLF001
    "clock.cancelled": Replay._cancelled,  # noqa: SLF001
    "clock.warned": Replay._said,  # noqa: SLF001
    "clock.breached": Replay._said,  # noqa: SLF001
}


def _pulls(triggers: tuple[Trigger, ...], event_type: str, data: Mapping[str, Any]) -> bool:
    return any(each.event == event_type and holds(each.when, data) for each in triggers)


def _rests(data: Mapping[str, Any]) -> bool:
    workflow = definitions.get("workflow", data["workflow"], data["workflow_version"])
    return any(state.name == data["state"] and state.pauses for state in workflow.states)


def _promise(terms: Mapping[str, Any]) -> pure.Promise:
    policy = definitions.get("policy", terms["policy"], terms["policy_version"])
    return pure.Promise(
        calendar=definitions.get("calendar", terms["calendar"], terms["calendar_version"]),
        timezone=terms["timezone"],
        target=terms["target"],
        warn_percent=policy.warn_percent,
        warn_seconds=policy.warn_seconds,
    )
