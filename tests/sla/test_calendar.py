"""Business time against wall calendars read by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from core.declarations import Calendar, CalendarDay
from core.errors import Invalid
from core.sla import calendar
from tests.sla.golden import BERLIN, CLOSED, DUE, GOLDEN, NOON, OFFICE, SHANGHAI, moment


@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: case[0])
def test_counts_business_seconds(case) -> None:
    _, given, zone, start, end, seconds = case
    assert calendar.seconds_between(given, moment(start, zone), moment(end, zone), zone) == seconds


@pytest.mark.parametrize("case", DUE, ids=lambda case: case[0])
def test_adds_business_seconds(case) -> None:
    _, given, zone, start, seconds, due = case
    answer = calendar.add_seconds(given, moment(start, zone), seconds, zone)
    assert answer == moment(due, zone)
    assert answer.tzinfo is UTC


def test_the_calendars_own_zone_wins() -> None:
    berliners = Calendar("berlin", "Berlin", hours=OFFICE.hours, timezone=BERLIN)
    assert calendar.next_opening(berliners, moment("2026-11-16 00:00", BERLIN), SHANGHAI) == moment(
        "2026-11-16 09:00", BERLIN
    )


def test_next_opening_is_the_moment_itself_while_open() -> None:
    now = moment("2026-11-16 10:17:05", SHANGHAI)
    assert calendar.next_opening(OFFICE, now, SHANGHAI) == now
    assert calendar.next_opening(OFFICE, moment("2026-09-30 18:00", SHANGHAI), SHANGHAI) == moment(
        "2026-10-08 09:00", SHANGHAI
    )


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        ("2026-11-16 09:00", True),
        ("2026-11-16 08:59:59", False),
        ("2026-11-16 17:59:59", True),
        ("2026-11-16 18:00", False),
        ("2026-10-10 10:00", True),
        ("2026-10-01 10:00", False),
    ],
)
def test_is_open(time: str, expected: bool) -> None:
    assert calendar.is_open(OFFICE, moment(time, SHANGHAI), SHANGHAI) is expected


def test_the_windows_of_a_date() -> None:
    assert calendar.windows_on(OFFICE, date(2026, 10, 10)) == NOON
    assert calendar.windows_on(OFFICE, date(2026, 10, 1)) == ()
    assert calendar.windows_on(OFFICE, date(2026, 10, 17)) == ()
    assert calendar.windows_on(OFFICE, date(2026, 11, 16)) == NOON


def test_a_calendar_that_never_opens_says_so() -> None:
    never = Calendar("never", "Never", hours=(CLOSED,) * 7)
    once = Calendar(
        "once", "Once", hours=(CLOSED,) * 7, days=(CalendarDay("2026-11-16", windows=NOON),)
    )
    start = moment("2026-11-16 08:00", SHANGHAI)
    assert calendar.seconds_between(never, start, start + timedelta(days=400), SHANGHAI) == 0
    assert calendar.add_seconds(once, start, 27_000, SHANGHAI) == moment(
        "2026-11-16 18:00", SHANGHAI
    )
    for given, seconds in ((never, 1), (once, 27_001)):
        with pytest.raises(calendar.NeverOpens) as caught:
            calendar.add_seconds(given, start, seconds, SHANGHAI)
        assert caught.value.data == {"calendar": given.name}


def test_always_is_the_plain_difference() -> None:
    start = datetime(2026, 3, 1, tzinfo=UTC)
    end = start + timedelta(days=3650, seconds=7)
    assert calendar.seconds_between(calendar.ALWAYS, start, end, BERLIN) == 3650 * 86_400 + 7
    assert calendar.add_seconds(calendar.ALWAYS, start, 3650 * 86_400 + 7, BERLIN) == end


def test_a_moment_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="has no zone"):
        calendar.is_open(OFFICE, datetime(2026, 11, 16, 10), SHANGHAI)  # noqa: DTZ001  the naive moment is the case


@pytest.mark.parametrize(
    ("hours", "days", "zone", "field"),
    [
        ((NOON,) * 6, (), "", "hours"),
        ((NOON,) * 6 + ((("18:00", "09:00"),),), (), "", "hours.6.0"),
        ((NOON,) * 6 + ((("09:00", "09:00"),),), (), "", "hours.6.0"),
        ((NOON,) * 6 + ((("09:00", "25:00"),),), (), "", "hours.6.0"),
        ((NOON,) * 6 + ((("09:00", "12:00"), ("11:00", "13:00")),), (), "", "hours.6.1"),
        ((NOON,) * 7, (CalendarDay("2026-02-30"),), "", "days.0.date"),
        ((NOON,) * 7, (CalendarDay("2026-02-20"), CalendarDay("2026-02-20")), "", "days.1.date"),
        ((NOON,) * 7, (), "Middle/Earth", "timezone"),
    ],
)
def test_a_wrong_calendar_names_its_field(
    hours: object, days: object, zone: str, field: str
) -> None:
    with pytest.raises(Invalid) as caught:
        calendar.check(Calendar("wrong", "Wrong", hours=hours, days=days, timezone=zone))  # type: ignore[arg-type]
    assert [problem.field for problem in caught.value.problems] == [field]
    calendar.check(OFFICE)
