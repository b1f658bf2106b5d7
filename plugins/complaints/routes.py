"""The plugin's own addresses: the board at the desk, and complaints over REST."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import flask
from flask import g, request
from flask_smorest import Blueprint

from core.sdk import desk_page, endpoint, page
from plugins.complaints.board import board
from plugins.complaints.cases import case_of, cases, complaints_at
from plugins.complaints.schemas import CaseList, CaseListQuery, CaseOut

if TYPE_CHECKING:
    from uuid import UUID

pages = flask.Blueprint("complaints_pages", __name__, template_folder="templates")
api: flask.Blueprint = Blueprint(
    "complaints_api", __name__, url_prefix="/cases", description="Complaints"
)


@pages.get("/")
@page("ticket:read")
def show_board() -> str:
    """Open complaints by stage and due time; plans that wait for one's approval come first."""
    asked = request.args
    values = board(g.actor, stage=asked.get("stage", ""), cursor=asked.get("cursor", ""))
    return desk_page("complaints/board.html", **values)


@api.get("")
@endpoint("ticket:read", query=CaseListQuery, returns=CaseList)
def list_cases(query: dict[str, Any]) -> dict[str, Any]:
    """Complaints that one may see, newest first; `next` goes on where the page ends."""
    wanted = complaints_at(stage=query["stage"], sort="newest", status=query["status"])
    return cases(wanted, g.actor, cursor=query["cursor"], limit=query["limit"])


@api.get("/<uuid:ticket_id>")
@endpoint("ticket:read", returns=CaseOut)
def read_case(ticket_id: UUID) -> dict[str, Any]:
    """One complaint, step by step; responsible persons only for readers of the internal register."""
    return case_of(ticket_id, g.actor)
