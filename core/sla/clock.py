"""One promise running on one ticket: a frozen clock and the steps that change it (pure)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal, NamedTuple

from core.sla import calendar as business

if TYPE_CHECKING:
    from core.declarations import Calendar

State = Literal["running", "paused", "done", "cancelled"]
Outcome = Literal["open", "met", "breached", "cancelled"]


def start(promise: Promise, at: datetime) -> Clock:
    """A clock that runs from `at` on."""
    return _run(
        Clock(promise=promise, state="running", started_at=_whole(at), since=_whole(at)), at
    )


def pause(clock: Clock, at: datetime) -> Step:
    """Let a running clock rest; what was overdue stays overdue."""
    if clock.state != "running":
        return Step(clock, ())
    rested, closed = _close(settle(clock, at), at)
    return Step(
        replace(rested, state="paused", due_at=rested.breached_at, warn_at=rested.warned_at), closed
    )


def resume(clock: Clock, at: datetime) -> Step:
    """Let a paused clock run on with its elapsed."""
    if clock.state != "paused":
        return Step(clock, ())
    rested, closed = _close(clock, at)
    return Step(_run(rested, at), closed)


def fulfil(clock: Clock, at: datetime) -> Step:
    """The promise is kept at `at`: in time when that is not after the due time."""
    return _finish(clock, at, "done")


def cancel(clock: Clock, at: datetime) -> Step:
    """The promise no longer matters."""
    return _finish(clock, at, "cancelled")


def reopen(clock: Clock, at: datetime) -> Step:
    """Let a finished clock run on with its elapsed; the time since it ended does not count."""
    if clock.state in ("running", "paused"):
        return Step(clock, ())
    return Step(_run(replace(clock, finished_at=None, since=_later(clock, at)), at), ())


def restart(clock: Clock, at: datetime) -> Step:
    """The next round of a repeating promise, from nothing."""
    return Step(start(clock.promise, at), ())


def retarget(clock: Clock, promise: Promise, at: datetime) -> Step:
    """Another promise, the same elapsed.

    A due time never lies before the moment at which it was promised; a clock that was overdue and
    has time left under the new promise is so no longer.
    """
    if clock.state in ("done", "cancelled"):
        return Step(clock, ())
    counted, closed = _close(settle(clock, at), at)
    counted = replace(
        counted,
        promise=promise,
        breached_at=counted.breached_at if counted.elapsed >= promise.target else None,
        warned_at=counted.warned_at if counted.elapsed >= promise.warn_after else None,
    )
    if clock.state == "running":
        return Step(_run(counted, at), closed)
    return Step(replace(counted, due_at=counted.breached_at, warn_at=counted.warned_at), closed)


def settle(clock: Clock, at: datetime) -> Clock:
    """Write down that the warning or the due time has passed before `at`."""
    if clock.state != "running":
        return clock
    if clock.warned_at is None and clock.warn_at is not None and at > clock.warn_at:
        clock = replace(clock, warned_at=clock.warn_at)
    if clock.breached_at is None and clock.due_at is not None and at > clock.due_at:
        clock = replace(clock, breached_at=clock.due_at)
    return clock


def elapsed_at(clock: Clock, at: datetime) -> int:
    """Business seconds that the clock has run by `at`."""
    return clock.elapsed + (_counted(clock, at) if clock.state == "running" else 0)


class Interval(NamedTuple):
    """A stretch in which a clock ran or rested; `seconds` is what it added to the elapsed."""

    kind: Literal["running", "paused"]
    started_at: datetime
    ended_at: datetime
    seconds: int


class Step(NamedTuple):
    """What a change gives: the new clock and the intervals that it closed."""

    clock: Clock
    closed: tuple[Interval, ...]


@dataclass(frozen=True, kw_only=True)
class Promise:
    """What a clock is counted with: `target` seconds of `calendar`, whose zone may be its own."""

    calendar: Calendar
    timezone: str
    target: int
    warn_percent: int = 25
    warn_seconds: int = 3600

    @property
    def warn_after(self) -> int:
        """The elapsed at which to warn."""
        return self.target - min(self.target * self.warn_percent // 100, self.warn_seconds)


@dataclass(frozen=True, kw_only=True)
class Clock:
    """A promise on its way: all moments are whole seconds in UTC.

    `elapsed` counts the closed intervals, `since` begins the open one. While the clock rests it
    has no due time, unless it is overdue already: `breached_at` is the due time that passed.
    """

    promise: Promise
    state: State
    started_at: datetime
    since: datetime
    elapsed: int = 0
    due_at: datetime | None = None
    warn_at: datetime | None = None
    warned_at: datetime | None = None
    breached_at: datetime | None = None
    finished_at: datetime | None = None

    @property
    def outcome(self) -> Outcome:
        """How it stands or ended."""
        if self.state == "cancelled":
            return "cancelled"
        if self.breached_at is not None:
            return "breached"
        return "met" if self.state == "done" else "open"


def _run(clock: Clock, at: datetime) -> Clock:
    due = clock.breached_at or _ahead(clock, at, clock.promise.target)
    warn = clock.warned_at or _ahead(clock, at, clock.promise.warn_after)
    return replace(clock, state="running", due_at=due, warn_at=warn)


def _ahead(clock: Clock, at: datetime, elapsed: int) -> datetime:
    promise, left = clock.promise, max(0, elapsed - clock.elapsed)
    return business.add_seconds(promise.calendar, _later(clock, at), left, promise.timezone)


def _finish(clock: Clock, at: datetime, state: State) -> Step:
    if clock.state in ("done", "cancelled"):
        return Step(clock, ())
    ended, closed = _close(settle(clock, at), at)
    return Step(replace(ended, state=state, finished_at=ended.since), closed)


def _close(clock: Clock, at: datetime) -> Step:
    """End the open interval at `at` and begin the next there; one of no length is not kept."""
    ends = _later(clock, at)
    if ends == clock.since or clock.state not in ("running", "paused"):
        return Step(clock, ())
    seconds = _counted(clock, at) if clock.state == "running" else 0
    interval = Interval(
        "running" if clock.state == "running" else "paused", clock.since, ends, seconds
    )
    return Step(replace(clock, since=ends, elapsed=clock.elapsed + seconds), (interval,))


def _counted(clock: Clock, at: datetime) -> int:
    promise = clock.promise
    return business.seconds_between(promise.calendar, clock.since, at, promise.timezone)


def _later(clock: Clock, at: datetime) -> datetime:
    return max(clock.since, _whole(at))


def _whole(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(microsecond=0)
