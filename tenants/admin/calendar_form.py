"""A calendar as a form, and the form's answers as a calendar again."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from zoneinfo import available_timezones

from core.host import calendars
from core.sdk import (
    Calendar,
    CalendarDay,
    Field,
    Form,
    Invalid,
    Option,
    Problem,
    current_locale,
    current_tenant,
    text,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

Windows = tuple[tuple[str, str], ...]

WEEKDAYS = tuple(f"weekday_{number}" for number in range(7))
NINE_TO_SIX: Windows = (("09:00", "18:00"),)
NEW = Calendar("", "", hours=(NINE_TO_SIX,) * 5 + ((), ()))
SPLIT = re.compile(r"[,，、;；]+")
WINDOW = re.compile(r"\s*(\d{1,2})[:：](\d{2})\s*[-–—~～至]+\s*(\d{1,2})[:：](\d{2})\s*")


def calendar_form() -> Form:
    """The questions about a calendar; hours are typed as "09:00-12:00, 13:30-18:00"."""
    week = tuple(
        Field(
            name, "text", f"console.weekday.{number}", group="console.calendars.week", maximum=100
        )
        for number, name in enumerate(WEEKDAYS)
    )
    columns = (
        Field("date", "date", "console.calendars.date", required=True),
        Field("title", "text", "console.calendars.occasion", maximum=60),
        Field("hours", "text", "console.calendars.hours", maximum=100),
    )
    days = Field(
        "days", "rows", "console.calendars.days", help="console.calendars.days_help",
        group="console.calendars.unlike", fields=columns,
    )  # fmt: skip
    head = (
        Field("title", "text", "console.calendars.name", required=True, maximum=120),
        Field("timezone", "choice", "console.calendars.timezone", options=_zones()),
    )
    return Form("console.calendar", "", (*head, *week, days))


def _zones() -> tuple[Option, ...]:
    named = sorted(name for name in available_timezones() if "/" in name and name[0].isupper())
    kept = [name for name in named if not name.startswith(("Etc/", "SystemV/", "US/"))]
    return tuple(Option(name, name.replace("_", " ")) for name in kept)


def answers_of(calendar: Calendar) -> dict[str, Any]:
    """What the form shows for a calendar."""
    days = [
        {"date": day.date, "title": text(day.title), "hours": typed(day.windows)}
        for day in calendar.days
    ]
    week = {name: typed(windows) for name, windows in zip(WEEKDAYS, calendar.hours, strict=True)}
    zone = calendar.timezone or current_tenant().timezone
    return {"title": text(calendar.title), "timezone": zone, **week, "days": days}


def typed(windows: Windows) -> str:
    """Windows as people type them."""
    return ", ".join(f"{opens}-{closes}" for opens, closes in windows)


def calendar_of(name: str, answers: dict[str, Any], old: Calendar) -> Calendar:
    """The calendar that the answers describe; Invalid names the field whose hours cannot be read."""
    problems: list[Problem] = []
    hours = tuple(_windows(answers.get(day), day, problems) for day in WEEKDAYS)
    titles = {text(day.title): day.title for day in old.days}
    days = tuple(
        CalendarDay(
            str(row["date"]),
            _words(titles.get(row.get("title") or "", ""), row.get("title") or ""),
            _windows(row.get("hours"), f"days.{number}.hours", problems),
        )
        for number, row in enumerate(answers.get("days") or ())
    )
    if problems:
        raise Invalid(*problems)
    zone = answers.get("timezone") or ""
    calendar = Calendar(
        name,
        _words(old.title, answers["title"]),
        hours=hours,
        days=tuple(sorted(days, key=lambda day: day.date)),
        timezone=zone if old.timezone or zone != current_tenant().timezone else "",
    )
    _check(calendar)
    return calendar


def _check(calendar: Calendar) -> None:
    try:
        calendars.check(calendar, current_tenant().timezone)
    except Invalid as error:
        raise Invalid(*_at_our_fields(error.problems)) from error


def _at_our_fields(problems: tuple[Problem, ...]) -> Iterator[Problem]:
    """The problems of the counted calendar at the fields of the page."""
    for problem in problems:
        part, *rest = problem.field.split(".")
        field = part
        if part == "hours" and rest:
            field = WEEKDAYS[int(rest[0])]
        elif part == "days":
            field = ".".join(["days", rest[0], "date" if rest[-1] == "date" else "hours"])
        yield Problem(field=field, message=problem.message, values=problem.values)


def _words(old: Any, given: str) -> Any:
    if given == text(old):
        return old
    others = old if isinstance(old, dict) else {}
    return {**others, current_locale(): given} if given else ""


def _windows(given: str | None, field: str, problems: list[Problem]) -> Windows:
    """The windows of one line; what cannot be read becomes a problem of `field`."""
    found = []
    for part in filter(str.strip, SPLIT.split(given or "")):
        match = WINDOW.fullmatch(part)
        if match is None:
            problems.append(Problem(field=field, message="console.calendars.hours_shape"))
            return ()
        begin_hour, begin_minute, end_hour, end_minute = match.groups()
        found.append((f"{int(begin_hour):02}:{begin_minute}", f"{int(end_hour):02}:{end_minute}"))
    return tuple(sorted(found))
