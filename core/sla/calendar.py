"""Business time over a declared calendar: counted, added, and when it opens next (pure)."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from core.declarations import Calendar
from core.errors import Invalid, PolydeskError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

DAY = 86_400
SEARCH_DAYS = 3 * 366
"""How many days in a row may be closed before a calendar counts as one that never opens."""

_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)|24:00")
_DAYS_KEPT = 20_000

Windows = tuple[tuple[str, str], ...]
Spans = tuple[tuple[int, int], ...]

ALWAYS = Calendar("always", "core.calendar.always", hours=((("00:00", "24:00"),),) * 7)


class NeverOpens(PolydeskError):
    """The calendar has no business time within the three years that were searched."""

    code = "calendar-never-opens"
    status = 422


def seconds_between(calendar: Calendar, start: datetime, end: datetime, timezone: str) -> int:
    """Whole business seconds in [start, end), both cut to their second; 0 when none lie between."""
    return _schedule(calendar, timezone).between(_second(start), _second(end))


def add_seconds(calendar: Calendar, start: datetime, seconds: int, timezone: str) -> datetime:
    """The earliest moment at which `seconds` of business time have passed since `start`, in UTC."""
    return _moment(_schedule(calendar, timezone).after(_second(start), seconds, calendar.name))


def next_opening(calendar: Calendar, start: datetime, timezone: str) -> datetime:
    """The first business second at or after `start`, in UTC."""
    return _moment(_schedule(calendar, timezone).opening(_second(start), calendar.name))


def is_open(calendar: Calendar, at: datetime, timezone: str) -> bool:
    """Whether the second of `at` is business time."""
    second = _second(at)
    return _schedule(calendar, timezone).between(second, second + 1) == 1


def windows_on(calendar: Calendar, day: date) -> Windows:
    """The windows of a local date: a listed day overrules its weekday."""
    listed = {entry.date: entry.windows for entry in calendar.days}
    return listed.get(day.isoformat(), calendar.hours[day.weekday()])


def check(calendar: Calendar, timezone: str = "UTC") -> None:
    """Raise Invalid, naming each wrong field, unless the calendar can be counted with."""
    problems = list(_problems(calendar, timezone))
    if problems:
        raise Invalid(*problems)


def _problems(calendar: Calendar, timezone: str) -> Iterator[Problem]:
    try:
        ZoneInfo(calendar.timezone or timezone)
    except (ZoneInfoNotFoundError, ValueError):
        yield Problem(field="timezone", message="core.calendar.no_such_zone")
    if len(calendar.hours) != 7:  # noqa: PLR2004  the days of a week
        yield Problem(field="hours", message="core.calendar.seven_days")
    for number, windows in enumerate(calendar.hours):
        yield from _window_problems(f"hours.{number}", windows)
    seen = set()
    for number, day in enumerate(calendar.days):
        yield from _window_problems(f"days.{number}.windows", day.windows)
        if not _is_date(day.date):
            yield Problem(field=f"days.{number}.date", message="core.calendar.bad_date")
        if day.date in seen:
            yield Problem(field=f"days.{number}.date", message="core.calendar.twice")
        seen.add(day.date)


def _window_problems(field: str, windows: Windows) -> Iterator[Problem]:
    before = "00:00"
    for number, (opens, closes) in enumerate(windows):
        at = f"{field}.{number}"
        if not _TIME.fullmatch(opens) or not _TIME.fullmatch(closes):
            yield Problem(field=at, message="core.calendar.bad_time")
        elif opens >= closes:
            yield Problem(field=at, message="core.calendar.ends_before_start")
        elif opens < before:
            yield Problem(field=at, message="core.calendar.overlaps")
        before = closes


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _second(at: datetime) -> int:
    if at.tzinfo is None:
        raise ValueError(f"{at!r} has no zone")
    return (at.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(seconds=1)


def _moment(second: int) -> datetime:
    return datetime.fromtimestamp(second, UTC)


def _schedule(calendar: Calendar, timezone: str) -> _Schedule:
    # titles may be dicts, so the key leaves them out.
    days = tuple((day.date, day.windows) for day in calendar.days)
    return _compiled(calendar.hours, days, calendar.timezone or timezone)


@lru_cache(maxsize=256)
def _compiled(
    hours: tuple[Windows, ...], days: tuple[tuple[str, Windows], ...], timezone: str
) -> _Schedule:
    return _Schedule(
        [_seconds(windows) for windows in hours],
        {date.fromisoformat(day).toordinal(): _seconds(windows) for day, windows in days},
        ZoneInfo(timezone),
    )


def _seconds(windows: Windows) -> Spans:
    return tuple((_of_day(opens), _of_day(closes)) for opens, closes in windows)


def _of_day(time: str) -> int:
    return int(time[:2]) * 3600 + int(time[3:]) * 60


class _Day(NamedTuple):
    """The business spans of one UTC day, in seconds since 1970, and their sum."""

    spans: Spans
    total: int


class _Schedule:
    """A calendar in one zone, cut into UTC days; each day is worked out once.

    A second is business time when the wall clock of the zone, read at that second, stands inside
    a window of its local date. So the minutes of a gap never come, and those of an overlap come
    twice, each real second once.
    """

    def __init__(self, hours: list[Spans], days: dict[int, Spans], zone: ZoneInfo) -> None:
        self.hours = hours
        self.days = days
        self.zone = zone
        self.known: dict[int, _Day] = {}

    def between(self, start: int, end: int) -> int:
        if end <= start:
            return 0
        first, last = start // DAY, (end - 1) // DAY
        if first == last:
            return _overlap(self.day(first).spans, start, end)
        whole = sum(self.day(number).total for number in range(first + 1, last))
        return (
            whole
            + _overlap(self.day(first).spans, start, end)
            + _overlap(self.day(last).spans, start, end)
        )

    def after(self, start: int, seconds: int, name: str) -> int:
        if seconds <= 0:
            return start
        left = seconds
        for number in self.open_days(start // DAY, name):
            day = self.day(number)
            if number * DAY >= start and day.total < left:
                left -= day.total
                continue
            for opens, closes in day.spans:
                available = max(0, closes - max(opens, start))
                if available >= left:
                    return max(opens, start) + left
                left -= available
        raise AssertionError("open_days never ends")

    def opening(self, start: int, name: str) -> int:
        for number in self.open_days(start // DAY, name):
            for opens, closes in self.day(number).spans:
                if closes > start:
                    return max(opens, start)
        raise AssertionError("open_days never ends")

    def open_days(self, number: int, name: str) -> Iterator[int]:
        closed = 0
        while closed < SEARCH_DAYS:
            if self.day(number).total:
                closed = 0
                yield number
            closed += 1
            number += 1
        raise NeverOpens(f"calendar {name} never opens", calendar=name)

    def day(self, number: int) -> _Day:
        found = self.known.get(number)
        if found is None:
            spans = tuple(self.spans(number))
            found = _Day(spans, sum(closes - opens for opens, closes in spans))
            if len(self.known) > _DAYS_KEPT:
                self.known.clear()
            self.known[number] = found
        return found

    def spans(self, number: int) -> Iterator[tuple[int, int]]:
        for start, end, offset in self.stretches(number * DAY, (number + 1) * DAY):
            first, last = (start + offset) // DAY, (end - 1 + offset) // DAY
            windows = (
                (local_day * DAY - offset + opens, local_day * DAY - offset + closes)
                for local_day in range(first, last + 1)
                for opens, closes in self.windows(local_day + _EPOCH_ORDINAL)
            )
            clipped = ((max(start, opens), min(end, closes)) for opens, closes in windows)
            yield from (span for span in clipped if span[0] < span[1])

    def windows(self, ordinal: int) -> Spans:
        return self.days.get(ordinal, self.hours[(ordinal - 1) % 7])

    def stretches(self, start: int, end: int) -> Iterator[tuple[int, int, int]]:
        """Cut [start, end) where the zone's distance from UTC changes (at most once in a day)."""
        before, behind = self.offset(start), self.offset(end - 1)
        if before == behind:
            yield start, end, before
            return
        low, high = start, end - 1
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self.offset(middle) == before else (low, middle)
        yield start, high, before
        yield high, end, behind

    def offset(self, second: int) -> int:
        distance = datetime.fromtimestamp(second, self.zone).utcoffset()
        if distance is None:
            raise ValueError(f"{self.zone} gives no offset")
        return distance // timedelta(seconds=1)


def _overlap(spans: Spans, start: int, end: int) -> int:
    return sum(max(0, min(closes, end) - max(opens, start)) for opens, closes in spans)
