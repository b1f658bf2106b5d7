"""Reports a person may print: who may, about which ticket, as page and as PDF."""

from __future__ import annotations

import hashlib
import hmac
import inspect
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from flask import current_app
from jinja2 import ChoiceLoader, Environment, FileSystemLoader

from core import clock, keys
from core.contacts import links
from core.declarations import Form
from core.errors import Invalid, NotFound, Problem
from core.forms import schemas
from core.mail.addresses import public_url
from core.plugins import catalog, offered
from core.reports import render
from core.tickets import service as tickets

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.actors import Actor
    from core.contributions import Report
    from core.reports.pdf import Pdf
    from core.tickets.models import Ticket

TICKET = "ticket_id"
CUSTOMERS = "matter:"


@dataclass(frozen=True)
class Filled:
    """A report with its data, ready to be drawn."""

    report: Report
    data: dict[str, Any]
    ticket: Ticket | None


def fill(name: str, given: Mapping[str, Any], *, actor: Actor) -> Filled:
    """Ask the report `name` for its data; `given` answers its params, `ticket_id` among them.

    Raises NotFound (no such report here, or a ticket out of reach), Forbidden, or Invalid.
    """
    report = offered("report").get(name)
    if report is None:
        raise NotFound(f"no report {name}")
    ticket = _ticket(report, given, actor)
    if ticket is None:
        actor.must(report.permission)
    answers = {key: value for key, value in given.items() if key != TICKET or ticket is None}
    asked = schemas.load(Form(name, report.title, report.params), answers, audience="internal")
    if ticket is not None:
        asked[TICKET] = ticket.id
    data = report.query(**asked)
    return Filled(report, {**_frame(report, ticket, data, actor), **data}, ticket)


def about(ticket: Ticket, *, actor: Actor) -> list[Report]:
    """The reports on this ticket that the actor may print: core's and those of its type's owner."""
    owners = {"core", catalog().owner("ticket_type", ticket.type)}
    found = [
        report
        for name, report in offered("report").items()
        if catalog().owner("report", name) in owners and _is_about_ticket(report)
    ]
    return [report for report in found if actor.can(_needed(report, actor))]


def page(filled: Filled, *, back: str, notice: str = "") -> str:
    """The report as a page of the browser, to be printed from there."""
    sheets = ("/reports/report.css", "/reports/report-screen.css")
    return render.html(
        _environment(),
        filled.report.template,
        filled.data,
        stylesheets=sheets,
        back=back,
        notice=notice,
    )


def pdf(filled: Filled) -> Pdf:
    """The report as PDF; raises NotAvailable, TooMany or PdfFailed as core.reports.pdf does."""
    return render.document(_environment(), filled.report.template, filled.data)


def file_name(filled: Filled) -> str:
    """What the file is called when it is saved."""
    number = filled.ticket.number if filled.ticket else ""
    return f"{filled.report.name.rpartition('.')[2]}{f'-{number}' if number else ''}.pdf"


def _environment() -> Environment:
    """The application's templates, and those in the folder `templates` of every plugin."""
    found: Environment | None = current_app.extensions.get("polydesk_reports")
    if found is None:
        own = [Path(module.__file__ or "").parent for module in catalog().modules.values()]
        folders = [FileSystemLoader(folder / "templates") for folder in own]
        usual = current_app.jinja_env
        loader = ChoiceLoader([usual.loader or FileSystemLoader([]), *folders])
        found = current_app.extensions["polydesk_reports"] = usual.overlay(loader=loader)
    return found


def _is_about_ticket(report: Report) -> bool:
    """Its query takes the id of a ticket."""
    return TICKET in inspect.signature(report.query).parameters


def _needed(report: Report, actor: Actor) -> str:
    """Staff print a customer's copy by their right to read the ticket."""
    ours = report.permission.startswith(CUSTOMERS) and actor.kind != "contact"
    return "ticket:read" if ours else report.permission


def _ticket(report: Report, given: Mapping[str, Any], actor: Actor) -> Ticket | None:
    if not _is_about_ticket(report):
        return None
    try:
        ticket_id = UUID(str(given.get(TICKET, "")))
    except ValueError:
        raise Invalid(Problem(field=TICKET, message="reports.error.ticket")) from None
    needed = _needed(report, actor)
    reading = "matter:read" if actor.kind == "contact" else "ticket:read"
    ticket = tickets.get_ticket(ticket_id, actor=actor, permission=reading)
    actor.must(needed)
    return ticket


def _frame(
    report: Report, ticket: Ticket | None, data: dict[str, Any], actor: Actor
) -> dict[str, Any]:
    return {
        "link": _address(report, ticket),
        "verify_code": _code(report, data),
        "printed_at": clock.now(),
        "printed_by": actor.name,
    }


def _address(report: Report, ticket: Ticket | None) -> str:
    """Where the QR code leads: to the customer's page on a customer's copy, else to the desk."""
    if ticket is None:
        return ""
    if not report.permission.startswith(CUSTOMERS):
        return public_url(f"/desk/tickets/{ticket.id}")
    link = links.live_link(ticket.id)
    return public_url(f"/track/{links.link_token(link.id)}") if link else ""


def _code(report: Report, data: dict[str, Any]) -> str:
    """Twelve signs over the content: a changed print no longer fits what printing again shows."""
    content = json.dumps([report.name, data], sort_keys=True, ensure_ascii=False, default=_plain)
    made = hmac.new(keys.derive("report-code"), content.encode(), hashlib.sha256).hexdigest()
    return "-".join(made[start : start + 4].upper() for start in (0, 4, 8))


def _plain(value: Any) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)
