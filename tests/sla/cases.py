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

FEW = st.integers(0, 3)
PARTS = st.integers(0, 999)
LENGTHS = st.integers(1, 2000)
ZONES = st.sampled_from(HALF_HOUR_ZONES)
ALL_ZONES = st.sampled_from(HALF_HOUR_ZONES + QUARTER_ZONES)
WARNINGS = st.sampled_from(((25, 3600), (0, 3600), (50, 7200), (75, 36_000)))
WINDOWS = st.one_of(st.sampled_from(USUAL), st.lists(st.integers(0, 1440), max_size=6))
WEEKS = st.lists(FEW.map(lambda number: number % 3), min_size=7, max_size=7)
SPECIAL = st.lists(st.integers(0, 4), max_size=4)
PLANS = st.lists(st.tuples(st.integers(0, 1000), st.sampled_from(NAMES), PARTS), max_size=7)
BEGINNINGS = st.tuples(
    FEW,
    st.integers(0, 8),
    st.integers(
        int(datetime(2026, 1, 1, tzinfo=UTC).timestamp()),
        int(datetime(2027, 12, 1, tzinfo=UTC).timestamp()),
    ),
)


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


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Spans from a minute to thirty days, in at most 2,000 steps."""
    step = draw(st.sampled_from(STEPS))
    count = max(-(-60 // step), min(draw(LENGTHS), 30 * DAY // step))
    zone = draw(ZONES if step == 1800 else ALL_ZONES)
    begin = (
        _beginning(zone, count * step, *draw(BEGINNINGS)) // max(step, 900) * max(step, 900)
        + draw(FEW) * step
    )
    most = max(1, count // 4)
    plan: dict[int, list[tuple[str, int]]] = {}
    for at, name, part in draw(PLANS):
        plan.setdefault(at * count // 1000, []).append((name, (1 + part * most // 1000) * 4 * step))
    target = (1 + draw(PARTS) * most // 1000) * 4 * step
    business = _calendar(draw, max(1, step // 60), begin, count * step)
    if plan and draw(FEW) == 0:
        target = _due_then(business, zone, begin, step, min(plan)) or target
    return Case(business, zone, begin, step, count, target, draw(WARNINGS), plan)


def _due_then(given: Calendar, zone: str, begin: int, step: int, at: int) -> int:
    """The target that falls due just when something happens, or at most three open steps before."""
    return sum(brute.walk(given, zone, begin, step, at).open_steps) // 4 * 4 * step


def _beginning(zone: str, span: int, which: int, part: int, anywhere: int) -> int:
    """Often so that the span covers a change of offset or a holiday, else any time."""
    changes = CHANGES.get(zone, ())
    if which >= len(changes):
        return anywhere
    change = int(datetime.fromisoformat(changes[which]).replace(tzinfo=ZoneInfo(zone)).timestamp())
    return change - span * part // 8 + part * 1800


def _calendar(draw: st.DrawFn, minutes: int, begin: int, span: int) -> Calendar:
    """Seven random weekdays and some dates unlike theirs: holidays and make-up days."""
    days = [_windows(draw(WINDOWS), minutes) for _ in range(3)]
    week = draw(WEEKS)
    first = datetime.fromtimestamp(begin, UTC).date()
    special = {
        draw(PARTS) * (span // DAY + 3) // 1001 - 1: days[number] if number < 3 else ()
        for number in draw(SPECIAL)
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
