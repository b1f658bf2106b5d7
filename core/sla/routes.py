"""REST: a ticket's clocks, and the policies and calendars behind them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import flask
from flask import g
from flask_smorest import Blueprint

from core.bodies import to_body
from core.sla import policies, reading
from core.sla.schemas import CalendarListOut, PolicyListOut, TicketClocksOut
from core.web import endpoint

if TYPE_CHECKING:
    from uuid import UUID

    from core.sla.policies import Named

blueprint: flask.Blueprint = Blueprint("api_sla", __name__, description="Promises in time")


@blueprint.get("/tickets/<uuid:ticket_id>/clocks")
@endpoint("ticket:read", returns=TicketClocksOut)
def ticket_clocks(ticket_id: UUID) -> dict[str, Any]:
    """The clocks of a ticket with their intervals, and why it has its policy."""
    reading.admit(ticket_id, actor=g.actor)
    return {
        "items": reading.clocks_of(ticket_id),
        "next": None,
        "policy": policies.explain(ticket_id),
    }


@blueprint.get("/sla/policies")
@endpoint("sla:read", returns=PolicyListOut)
def list_policies() -> dict[str, Any]:
    """The tenant's policies in their order: the first that fits a ticket gives its clocks."""
    return {"items": [_shown(each) for each in policies.list_policies()], "next": None}


@blueprint.get("/sla/calendars")
@endpoint("sla:read", returns=CalendarListOut)
def list_calendars() -> dict[str, Any]:
    """The tenant's calendars."""
    return {"items": [_shown(each) for each in policies.list_calendars()], "next": None}


def _shown(each: Named) -> dict[str, Any]:
    return {
        "name": each.name,
        "version": each.version,
        "edited": each.edited,
        "title": each.value.title,
        "body": to_body(each.value),
    }
