"""Business time by hand: (why, calendar, zone, start, end, seconds) or (..., seconds, due)."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from core.declarations import Calendar, CalendarDay

HOUR = 3600
NOON = (("09:00", "12:00"), ("13:30", "18:00"))
DAYTIME = (("09:00", "18:00"),)
CLOSED: tuple[tuple[str, str], ...] = ()

OFFICE = Calendar(
    "office",
    "Office",
    hours=(NOON, NOON, NOON, NOON, NOON, CLOSED, CLOSED),
    days=(
        CalendarDay("2026-09-20", "make-up", NOON),
        CalendarDay("2026-09-25", "mid-autumn"),
        CalendarDay("2026-10-01", "national day"),
        CalendarDay("2026-10-02", "national day"),
        CalendarDay("2026-10-03", "national day"),
        CalendarDay("2026-10-04", "national day"),
        CalendarDay("2026-10-05", "national day"),
        CalendarDay("2026-10-06", "national day"),
        CalendarDay("2026-10-07", "national day"),
        CalendarDay("2026-10-10", "make-up", NOON),
    ),
)
EVERY_NIGHT = Calendar("night", "Night", hours=((("00:00", "06:00"),),) * 7)
GAP_HOUR = Calendar("gap", "Gap", hours=((("02:00", "03:00"),),) * 7)
LATE_HALF = Calendar("half", "Half", hours=((("02:30", "03:00"),),) * 7)
DAILY = Calendar("daily", "Daily", hours=(DAYTIME,) * 7)
ROUND_THE_CLOCK = Calendar("round", "Round the clock", hours=((("00:00", "24:00"),),) * 7)

SHANGHAI, BERLIN, NEW_YORK = "Asia/Shanghai", "Europe/Berlin", "America/New_York"

GOLDEN = [
    ("one window", OFFICE, SHANGHAI, "2026-11-16 10:00", "2026-11-16 11:30", 5400),
    ("over the lunch break", OFFICE, SHANGHAI, "2026-11-16 11:30", "2026-11-16 14:00", HOUR),
    ("inside the lunch break", OFFICE, SHANGHAI, "2026-11-16 12:10", "2026-11-16 13:20", 0),
    (
        "a whole day of two windows",
        OFFICE,
        SHANGHAI,
        "2026-11-16 00:00",
        "2026-11-17 00:00",
        27_000,
    ),
    (
        "the last second of a window counts",
        OFFICE,
        SHANGHAI,
        "2026-11-16 17:59:59",
        "2026-11-16 18:00",
        1,
    ),
    (
        "the second after it does not",
        OFFICE,
        SHANGHAI,
        "2026-11-16 18:00",
        "2026-11-16 18:00:01",
        0,
    ),
    ("the first second counts", OFFICE, SHANGHAI, "2026-11-16 08:59:59", "2026-11-16 09:00:01", 1),
    (
        "Friday evening to Monday",
        OFFICE,
        SHANGHAI,
        "2026-11-13 17:00",
        "2026-11-16 10:00",
        2 * HOUR,
    ),
    (
        "Wednesday before the holiday week to Thursday after",
        OFFICE,
        SHANGHAI,
        "2026-09-30 17:00",
        "2026-10-08 10:00",
        2 * HOUR,
    ),
    ("the holiday week itself", OFFICE, SHANGHAI, "2026-10-01 00:00", "2026-10-08 00:00", 0),
    (
        "make-up Saturday 10 October",
        OFFICE,
        SHANGHAI,
        "2026-10-10 00:00",
        "2026-10-11 00:00",
        27_000,
    ),
    (
        "make-up Sunday 20 September",
        OFFICE,
        SHANGHAI,
        "2026-09-19 00:00",
        "2026-09-21 00:00",
        27_000,
    ),
    (
        "8, 9, 10 and 12 October",
        OFFICE,
        SHANGHAI,
        "2026-10-01 08:00",
        "2026-10-13 00:00",
        4 * 27_000,
    ),
    ("the office read in Berlin", OFFICE, BERLIN, "2026-11-16 10:00", "2026-11-16 11:30", 5400),
    (
        "29 March has 23 hours",
        ROUND_THE_CLOCK,
        BERLIN,
        "2026-03-29 00:00",
        "2026-03-30 00:00",
        23 * HOUR,
    ),
    (
        "25 October has 25 hours",
        ROUND_THE_CLOCK,
        BERLIN,
        "2026-10-25 00:00",
        "2026-10-26 00:00",
        25 * HOUR,
    ),
    (
        "a night window over the gap",
        EVERY_NIGHT,
        BERLIN,
        "2026-03-29 00:00",
        "2026-03-29 12:00",
        5 * HOUR,
    ),
    (
        "a night window over the overlap",
        EVERY_NIGHT,
        BERLIN,
        "2026-10-25 00:00",
        "2026-10-25 12:00",
        7 * HOUR,
    ),
    ("a window that is the gap", GAP_HOUR, BERLIN, "2026-03-28 12:00", "2026-03-29 12:00", 0),
    (
        "a window that is the overlap",
        GAP_HOUR,
        BERLIN,
        "2026-10-24 12:00",
        "2026-10-25 12:00",
        2 * HOUR,
    ),
    (
        "the later half of the overlap comes twice",
        LATE_HALF,
        BERLIN,
        "2026-10-24 12:00",
        "2026-10-25 12:00",
        HOUR,
    ),
    (
        "the day after has it once",
        LATE_HALF,
        BERLIN,
        "2026-10-25 12:00",
        "2026-10-26 12:00",
        HOUR // 2,
    ),
    (
        "Saturday noon to Sunday noon in March",
        DAILY,
        BERLIN,
        "2026-03-28 12:00",
        "2026-03-29 12:00",
        9 * HOUR,
    ),
    (
        "New York springs on 8 March",
        ROUND_THE_CLOCK,
        NEW_YORK,
        "2026-03-08 00:00",
        "2026-03-09 00:00",
        23 * HOUR,
    ),
    (
        "New York falls on 1 November",
        EVERY_NIGHT,
        NEW_YORK,
        "2026-11-01 00:00",
        "2026-11-02 00:00",
        7 * HOUR,
    ),
    ("backwards is nothing", OFFICE, SHANGHAI, "2026-11-16 11:00", "2026-11-16 10:00", 0),
]

DUE = [
    ("inside a window", OFFICE, SHANGHAI, "2026-11-16 10:00", 1800, "2026-11-16 10:30"),
    ("to the very end of a window", OFFICE, SHANGHAI, "2026-11-16 11:00", HOUR, "2026-11-16 12:00"),
    ("one second more", OFFICE, SHANGHAI, "2026-11-16 11:00", HOUR + 1, "2026-11-16 13:30:01"),
    ("over the lunch break", OFFICE, SHANGHAI, "2026-11-16 11:45", 1800, "2026-11-16 13:45"),
    ("over the weekend", OFFICE, SHANGHAI, "2026-11-13 17:30", HOUR, "2026-11-16 09:30"),
    ("over the holiday week", OFFICE, SHANGHAI, "2026-09-30 17:30", HOUR, "2026-10-08 09:30"),
    ("on the make-up Saturday", OFFICE, SHANGHAI, "2026-10-09 17:30", HOUR, "2026-10-10 09:30"),
    ("in the holidays", OFFICE, SHANGHAI, "2026-10-03 10:00", 1800, "2026-10-08 09:30"),
    ("nothing to add", OFFICE, SHANGHAI, "2026-10-03 10:00", 0, "2026-10-03 10:00"),
    ("over the gap", ROUND_THE_CLOCK, BERLIN, "2026-03-29 01:30", HOUR, "2026-03-29 03:30"),
    ("over the overlap", ROUND_THE_CLOCK, BERLIN, "2026-10-25 01:30", 3 * HOUR, "2026-10-25 03:30"),
    ("a night over the gap", EVERY_NIGHT, BERLIN, "2026-03-29 00:00", 5 * HOUR, "2026-03-29 06:00"),
    ("the window that never came", GAP_HOUR, BERLIN, "2026-03-28 12:00", HOUR, "2026-03-30 03:00"),
    (
        "thirty days of business",
        DAILY,
        BERLIN,
        "2026-03-10 09:00",
        30 * 9 * HOUR,
        "2026-04-08 18:00",
    ),
]


def moment(text: str, zone: str) -> datetime:
    """A wall time in a zone."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))
