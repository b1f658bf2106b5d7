"""Reports over the wire: the desk's print view and PDF, and the same PDF for the API."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from flask import Blueprint, Response, current_app, g, request
from flask_smorest import Blueprint as ApiBlueprint
from marshmallow import Schema, fields

from core import i18n
from core.errors import NotAvailable, NotFound
from core.reports import service
from core.reports.pdf import CHILD
from core.web import PUBLIC, SIGNED_IN, endpoint, page

ASSETS = CHILD.parent / "assets"
SHEETS = ("report.css", "report-screen.css")

blueprint = Blueprint("reports", __name__, template_folder="templates")
api: Blueprint = ApiBlueprint(
    "reports_api", __name__, url_prefix="/reports", description="Printables as PDF"
)


class ReportQuery(Schema):
    """What a report over the API asks."""

    ticket_id = fields.UUID(metadata={"description": "The ticket it is about"})


@blueprint.get("/reports/<name>.css")
@page(PUBLIC)
def sheet(name: str) -> Response:
    """The style sheets of the print view."""
    if f"{name}.css" not in SHEETS:
        raise NotFound
    return Response((ASSETS / f"{name}.css").read_bytes(), mimetype="text/css")


@blueprint.get("/desk/reports/<name>")
@page(SIGNED_IN)
def view(name: str) -> str:
    """A report as a page, to be printed by the browser."""
    filled = service.fill(name, request.args.to_dict(), actor=g.actor)
    return service.page(filled, back=_back(filled))


@blueprint.get("/desk/reports/<name>.pdf")
@page(SIGNED_IN)
def document(name: str) -> Response:
    """A report as PDF; the print view where this installation cannot make one."""
    return answer(service.fill(name, request.args.to_dict(), actor=g.actor), back="")


@api.get("/<name>")
@endpoint(SIGNED_IN, query=ReportQuery)
def api_document(name: str, query: dict[str, Any]) -> Response:
    """A report as PDF; 501 where this installation cannot make one."""
    given = {key: str(value) for key, value in query.items()}
    filled = service.fill(name, given, actor=g.actor)
    return as_download(filled, service.pdf(filled).content)


def answer(filled: service.Filled, *, back: str) -> Response:
    """The PDF, or the print view with a word about why."""
    try:
        drawn = service.pdf(filled)
    except NotAvailable:
        words = i18n.text("reports.print.no_pdf")
        made = service.page(filled, back=back or _back(filled), notice=words)
        return current_app.make_response(made)
    if drawn.missing:
        current_app.logger.warning("%s: no glyph for %s", filled.report.name, drawn.missing)
    return as_download(filled, drawn.content)


def as_download(filled: service.Filled, content: bytes) -> Response:
    """The bytes of a PDF, shown in the browser under a sensible name."""
    response = Response(content, mimetype="application/pdf")
    name = quote(service.file_name(filled))
    response.headers["Content-Disposition"] = f"inline; filename*=UTF-8''{name}"
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _back(filled: service.Filled) -> str:
    return f"/desk/tickets/{filled.ticket.id}" if filled.ticket else "/desk/"
