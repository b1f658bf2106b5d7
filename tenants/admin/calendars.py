"""The calendars page: business hours, holidays and make-up days, and the fortnight ahead."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from flask import Blueprint, g, request

from core.host import (
    NotFound,
    calendars,
    catalog,
    definitions,
    now,
    read_form,
    sla_policies,
    to_body,
)
from core.sdk import Calendar, Invalid, current_tenant, page, text
from tenants.admin import shell
from tenants.admin.calendar_form import NEW, answers_of, calendar_form, calendar_of

if TYPE_CHECKING:
    from datetime import date

blueprint = Blueprint(
    "console_calendars", __name__, url_prefix="/console/calendars", template_folder="templates"
)

KIND = "calendar"
PREVIEW = 14


@blueprint.get("")
@page("sla:write")
def listing() -> str:
    """Every calendar with the fortnight ahead."""
    found = definitions.all_current(KIND)
    return shell.draw(
        "calendars.html", "calendars", calendars=[_row(name, found[name]) for name in sorted(found)]
    )


@blueprint.get("/new")
@page("sla:write")
def new() -> str:
    """The form for another calendar."""
    return _draw_form("", NEW)


@blueprint.post("/new")
@page("sla:write", redraw=lambda error: _draw_form("", NEW, error))
def create() -> Any:
    """Keep another calendar of the tenant's own."""
    name = shell.own_name()
    _keep(name, NEW)
    return shell.done("console.calendars.created", f"/console/calendars/{name}")


@blueprint.get("/<name>")
@page("sla:write")
def detail(name: str) -> str:
    """One calendar, to be edited."""
    return _draw_form(name, definitions.get(KIND, name))


@blueprint.post("/<name>")
@page(
    "sla:write",
    redraw=lambda error, name: _draw_form(name, definitions.get(KIND, name), error),
)
def update(name: str) -> Any:
    """Keep the calendar as a new version, by which the next clocks count."""
    _keep(name, definitions.get(KIND, name), seen=request.form.get("version", ""))
    return shell.done("console.calendars.saved", f"/console/calendars/{name}")


@blueprint.post("/<name>/declared")
@page("sla:write")
def take_declared(name: str) -> Any:
    """Go back to the calendar as it was shipped."""
    if name not in catalog().shelf(KIND):
        raise NotFound
    definitions.take_declared(KIND, name, actor=g.actor)
    return shell.done("console.calendars.restored", f"/console/calendars/{name}")


def _keep(name: str, old: Calendar, *, seen: str | None = None) -> None:
    answers = read_form(calendar_form(), request.form, audience="internal")
    if answers.problems:
        raise Invalid(*answers.problems)
    calendar = calendar_of(name, answers.values, old)
    if calendar != old:
        sla_policies.edit_calendar(name, to_body(calendar), actor=g.actor, seen=seen)


def _draw_form(name: str, calendar: Calendar, error: Any = None) -> str:
    form = calendar_form()
    sent = read_form(form, request.form, audience="internal").data if error else None
    return shell.draw(
        "calendar.html", "calendars", calendar=calendar, name=name, form_of=form,
        shown=answers_of(calendar) if sent is None else sent,
        **shell.refusal(error),
        version=definitions.current_version(KIND, name) if name else "",
        shipped=name in catalog().shelf(KIND), days=preview(calendar) if name else [],
    )  # fmt: skip


def _row(name: str, calendar: Calendar) -> dict[str, Any]:
    return {
        "name": name,
        "title": text(calendar.title),
        "timezone": calendar.timezone or current_tenant().timezone,
        "edited": "+" in definitions.current_version(KIND, name),
        "open": calendars.is_open(calendar, now(), current_tenant().timezone),
        "weekly": sum(_length(windows) for windows in calendar.hours),
        "days": preview(calendar),
    }


def preview(calendar: Calendar) -> list[dict[str, Any]]:
    """The next fortnight: hours of each day, and what makes a day unlike its weekday."""
    zone = ZoneInfo(calendar.timezone or current_tenant().timezone)
    today = now().astimezone(zone).date()
    return [_day(calendar, today + timedelta(days=ahead)) for ahead in range(PREVIEW)]


def _day(calendar: Calendar, day: date) -> dict[str, Any]:
    listed = {entry.date: entry for entry in calendar.days}.get(day.isoformat())
    windows = calendars.windows_on(calendar, day)
    usual = bool(calendar.hours[day.weekday()])
    kind = "open" if windows else "closed"
    if listed is not None and bool(windows) != usual:
        kind = "make_up" if windows else "holiday"
    return {
        "date": day,
        "weekday": text(f"console.weekday.{day.weekday()}"),
        "windows": [f"{opens}–{closes}" for opens, closes in windows],
        "kind": kind,
        "title": text(listed.title) if listed else "",
    }


def _length(windows: tuple[tuple[str, str], ...]) -> int:
    return sum(_minutes(closes) - _minutes(opens) for opens, closes in windows) * 60


def _minutes(time: str) -> int:
    hours, minutes = time.split(":")
    return int(hours) * 60 + int(minutes)
