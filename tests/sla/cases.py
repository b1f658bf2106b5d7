"""Random promises with their plans, and the comparison of a clock with the oracle's story."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from core.declarations import Calendar, CalendarDay
from core.sla import calendar, clock
from tests.sla import brute

DAY = 86_400
REAL = SimpleNamespace(calendar=calendar, clock=clock)
"""The code under test; a mutant stands in its place elsewhere."""

STEPS = (1, 5, 20, 60, 300, 900, 1800)
HALF_HOUR_ZONES = (
    "Europe/Berlin",
    "Asia/Shanghai",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Beirut",
    "America/Santiago",
    "UTC",
)
QUARTER_ZONES = ("Asia/Kathmandu", "Pacific/Chatham")
CHANGES = {
    "Europe/Berlin": ("2026-03-29", "2026-10-25"),
    "America/New_York": ("2026-03-08", "2026-11-01"),
    "Australia/Lord_Howe": ("2026-04-05", "2026-10-04"),
    "Asia/Beirut": ("2026-03-29", "2026-10-25"),
    "America/Santiago": ("2026-04-05", "2026-09-06"),
    "Pacific/Chatham": ("2026-04-05", "2026-09-27"),
    "Asia/Shanghai": ("2026-02-17", "2026-10-01"),
}
USUAL = (
    [],
    [540, 1080],
    [540, 720, 810, 1080],
    [0, 1440],
    [0, 180, 1320, 1440],
    [120, 180],
    [60, 120, 180, 300, 480, 1200],
)
NAMES = ("pause", "resume", "pause", "resume", "retarget", "fulfil", "reopen")

ALL_ZONES = HALF_HOUR_ZONES + QUARTER_ZONES
WARNINGS = ((25, 3600), (0, 3600), (50, 7200), (75, 36_000))
FROM, UNTIL = (int(datetime(*day, tzinfo=UTC).timestamp()) for day in ((2026, 1, 1), (2027, 12, 1)))
THROWS = 256


class Dice:
    """Numbers out of one run of bytes: Hypothesis draws and shrinks it as a whole, sixty times cheaper than parts."""

    def __init__(self, thrown: bytes) -> None:
        self.thrown = iter(thrown)

    def below(self, sides: int) -> int:
        """From 0 to `sides` - 1; zeros when the bytes are used up."""
        number = 0
        for _ in range(2 if sides <= 1 << 12 else 5):
            number = number << 8 | next(self.thrown, 0)
        return number % sides

    def one_of(self, offered: tuple[Any, ...]) -> Any:
        return offered[self.below(len(offered))]

    def some(self, most: int, sides: int) -> list[int]:
        """None to `most` of them."""
        return [self.below(sides) for _ in range(self.below(most + 1))]


class Case(NamedTuple):
    """A promise, the span over which it is watched, and what happens at which step."""

    calendar: Calendar
    zone: str
    begin: int
    step: int
    count: int
    target: int
    warning: tuple[int, int]
    plan: dict[int, list[tuple[str, int]]]


def cases() -> st.SearchStrategy[Case]:
    """Spans from a minute to thirty days, in at most 2,000 steps."""
    return st.binary(min_size=THROWS, max_size=THROWS).map(lambda thrown: _case(Dice(thrown)))


def _case(dice: Dice) -> Case:
    step = dice.one_of(STEPS)
    length = 1 + min(dice.below(2000), dice.below(2000))
    count = max(-(-60 // step), min(length, 30 * DAY // step))
    zone = dice.one_of(HALF_HOUR_ZONES if step == 1800 else ALL_ZONES)
    begin = (
        _beginning(zone, count * step, dice) // max(step, 900) * max(step, 900)
        + dice.below(4) * step
    )
    most = max(1, count // 4)
    plan: dict[int, list[tuple[str, int]]] = {}
    for at in dice.some(7, 1001):
        target = (1 + dice.below(1000) * most // 1000) * 4 * step
        plan.setdefault(at * count // 1000, []).append((dice.one_of(NAMES), target))
    target = (1 + dice.below(1000) * most // 1000) * 4 * step
    business = _calendar(dice, max(1, step // 60), begin, count * step)
    if plan and dice.below(4) == 0:
        target = _due_then(business, zone, begin, step, min(plan)) or target
    return Case(business, zone, begin, step, count, target, dice.one_of(WARNINGS), plan)


def _due_then(given: Calendar, zone: str, begin: int, step: int, at: int) -> int:
    """The target that falls due just when something happens, or at most three open steps before."""
    return sum(brute.walk(given, zone, begin, step, at).open_steps) // 4 * 4 * step


def _beginning(zone: str, span: int, dice: Dice) -> int:
    """Often so that the span covers a change of offset or a holiday, else any time."""
    changes = CHANGES.get(zone, ())
    which, part = dice.below(4), dice.below(9)
    if which >= len(changes):
        return FROM + dice.below(UNTIL - FROM)
    change = int(datetime.fromisoformat(changes[which]).replace(tzinfo=ZoneInfo(zone)).timestamp())
    return change - span * part // 8 + part * 1800


def _calendar(dice: Dice, minutes: int, begin: int, span: int) -> Calendar:
    """Seven random weekdays and some dates unlike theirs: holidays and make-up days."""
    days = [_windows(_ends(dice), minutes) for _ in range(3)]
    week = [dice.below(4) % 3 for _ in range(7)]
    first = datetime.fromtimestamp(begin, UTC).date()
    special = {
        dice.below(1000) * (span // DAY + 3) // 1001 - 1: days[number] if number < 3 else ()
        for number in dice.some(4, 5)
    }
    return Calendar(
        "random",
        "Random",
        hours=tuple(days[number] for number in week),
        days=tuple(
            CalendarDay((first + timedelta(days=day)).isoformat(), windows=given)
            for day, given in special.items()
        ),
    )


def _ends(dice: Dice) -> list[int]:
    return dice.one_of(USUAL) if dice.below(2) else dice.some(6, 1441)


def _windows(ends: list[int], minutes: int) -> tuple[tuple[str, str], ...]:
    """Windows whose ends fall on multiples of `minutes`."""
    grid = sorted({end // minutes * minutes for end in ends})
    words = [f"{end // 60:02}:{end % 60:02}" for end in grid]
    return tuple(zip(words[::2], words[1::2], strict=False))


def disagreement(case: Case, code: Any = REAL) -> str:
    """How the clock of `code` differs from the oracle's story; "" when it does not."""
    walked = brute.walk(case.calendar, case.zone, case.begin, case.step, case.count)
    opens, end = walked.moment(0), walked.moment(case.count)
    counted = code.calendar.seconds_between(case.calendar, opens, end, case.zone)
    if counted != sum(walked.open_steps) * case.step:
        return f"counted {counted}, walked {sum(walked.open_steps) * case.step}"
    try:
        run = _lived(case, walked, code)
    except code.calendar.NeverOpens:
        return "said never, though the week has windows" if any(case.calendar.hours) else ""
    told = _told(case, walked)
    return "".join(
        f"{name}: clock {run[name]}, story {told[name]}; "
        for name in told
        if run[name] != told[name]
    )


def _lived(case: Case, walked: brute.Walk, code: Any) -> dict[str, Any]:
    def promise(target: int) -> Any:
        return code.clock.Promise(
            calendar=case.calendar,
            timezone=case.zone,
            target=target,
            warn_percent=case.warning[0],
            warn_seconds=case.warning[1],
        )

    value, intervals = code.clock.start(promise(case.target), walked.moment(0)), []
    for at in sorted(case.plan):
        for name, target in case.plan[at]:
            more = (promise(target),) if name == "retarget" else ()
            value, closed = getattr(code.clock, name)(value, *more, walked.moment(at))
            intervals += closed
    end = walked.moment(case.count)
    value = code.clock.settle(value, end)
    return {
        "state": value.state,
        "elapsed": code.clock.elapsed_at(value, end),
        "intervals": value.elapsed - sum(interval.seconds for interval in intervals),
        "breached": value.breached_at,
        "warned": value.warned_at,
        "due": value.due_at
        if value.state != "done" and value.due_at and value.due_at <= end
        else None,
        "warn": value.warn_at
        if value.state != "done" and value.warn_at and value.warn_at <= end
        else None,
    }


def _told(case: Case, walked: brute.Walk) -> dict[str, Any]:
    def warn_after(target: int) -> int:
        quarter = target // case.step * case.warning[0] // 100
        return target // case.step - min(quarter, case.warning[1] // case.step)

    plan = {
        at: [(name, target // case.step, warn_after(target)) for name, target in steps]
        for at, steps in case.plan.items()
    }
    story = brute.tell(walked, brute.Story(case.target // case.step, warn_after(case.target)), plan)

    def at(number: int | None) -> datetime | None:
        return None if number is None else walked.moment(number)

    return {
        "state": story.state,
        "elapsed": story.elapsed * case.step,
        "intervals": 0,
        "breached": at(story.overdue_since),
        "warned": at(story.warned_since),
        "due": at(story.due)
        if story.state != "done" and story.due is not None and story.due <= case.count
        else None,
        "warn": at(story.warn)
        if story.state != "done" and story.warn is not None and story.warn <= case.count
        else None,
    }
