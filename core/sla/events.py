"""What happens to a ticket's clocks; the subject is the ticket, `clock_id` names the clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from core.events import Event


@dataclass(frozen=True, kw_only=True)
class ClockEvent(Event):
    """Base of what happens to a clock."""

    clock_id: UUID
    metric: str


@dataclass(frozen=True, kw_only=True)
class ClockStarted(ClockEvent):
    """A promise began to run, by these versions; `reason` is what chose the policy.

    It is condition (the first policy that fits), ticket_type, or plugin; `target` is in seconds of
    the calendar, read in `timezone` unless the calendar names its own zone.
    """

    type = "clock.started"
    metric_version: str
    round: int
    policy: str
    policy_version: str
    calendar: str
    calendar_version: str
    timezone: str
    target: int
    reason: str
    due_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class ClockPaused(ClockEvent):
    """The ticket waits for somebody else: the clock rests with `elapsed` seconds."""

    type = "clock.paused"
    elapsed: int


@dataclass(frozen=True, kw_only=True)
class ClockResumed(ClockEvent):
    """The clock runs on and is due at `due_at`."""

    type = "clock.resumed"
    due_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class ClockMet(ClockEvent):
    """The promise was kept in time, after `elapsed` business seconds."""

    type = "clock.met"
    elapsed: int


@dataclass(frozen=True, kw_only=True)
class ClockEndedLate(ClockEvent):
    """What was promised was done, but after the due time."""

    type = "clock.ended_late"
    elapsed: int


@dataclass(frozen=True, kw_only=True)
class ClockWarned(ClockEvent):
    """Little time is left until `due_at`."""

    type = "clock.warned"
    due_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class ClockBreached(ClockEvent):
    """The due time passed: it is when this event occurred."""

    type = "clock.breached"
    target: int


@dataclass(frozen=True, kw_only=True)
class ClockCancelled(ClockEvent):
    """The promise no longer matters."""

    type = "clock.cancelled"
    elapsed: int


@dataclass(frozen=True, kw_only=True)
class ClockRetargeted(ClockEvent):
    """Another promise (of another priority, or recomputed on request) with the same elapsed."""

    type = "clock.retargeted"
    policy: str
    policy_version: str
    calendar: str
    calendar_version: str
    target: int
    reason: str
    due_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class ClockReopened(ClockEvent):
    """What ended the clock was undone: it runs on with its elapsed."""

    type = "clock.reopened"
    due_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class ClockEscalated(ClockEvent):
    """A step of the policy's ladder: `notify` ("assignee", "team" or a role) is to be told."""

    type = "clock.escalated"
    step: int
    at: str
    notify: str
    due_at: datetime | None


EVENTS: list[type[Event]] = [
    ClockStarted,
    ClockPaused,
    ClockResumed,
    ClockMet,
    ClockEndedLate,
    ClockWarned,
    ClockBreached,
    ClockCancelled,
    ClockRetargeted,
    ClockReopened,
    ClockEscalated,
]
