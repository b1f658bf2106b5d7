"""The portal's front: what waits for the customer, what can be handed in, how to reach the house."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, g, redirect, request

from core.host import TicketQuery, catalog, offered, panels, tickets
from core.sdk import PUBLIC, NotFound, page, text
from tenants.portal import layout, progress
from tenants.portal.intake import portal_types
from tenants.portal.settings import brand_sheet, portal_settings

if TYPE_CHECKING:
    from core.host import Ticket

blueprint = Blueprint("portal", __name__, template_folder="templates")

YEAR = 31_536_000
SHOWN = 5


@blueprint.get("/")
@page(PUBLIC)
def home() -> str:
    """The first page that a customer sees."""
    found = my_tickets(SHOWN) if layout.signed_in() else []
    mine = [progress.line(ticket, g.actor) for ticket in found]
    return layout.draw(
        "home.html",
        "home",
        types=portal_types(),
        pages=_plugin_pages(),
        cards=panels.cards(),
        mine=mine,
        waiting=[line for line in mine if line["waits"]],
        signed_in=layout.signed_in(),
    )


@blueprint.get("/cards/<name>")
@page(PUBLIC)
def card(name: str) -> str:
    """One plugin's box on the home page, fetched by itself so that a slow one delays nobody."""
    found = next((card for card in panels.cards() if card.name == name), None)
    if found is None:
        raise NotFound(f"no card {name}")
    return layout.draw("card.html", "home", card=found, drawn=panels.draw_card(name, g.actor))


@blueprint.get("/language/<locale>")
@page(PUBLIC)
def language(locale: str) -> Any:
    """Remember the language in a cookie and go back."""
    if locale not in layout.LANGUAGES:
        raise NotFound
    response = redirect(layout.local_path(request.args.get("next", "/")), 303)
    response.set_cookie(
        "pd_lang", locale, max_age=YEAR, samesite="Lax", secure=request.is_secure, httponly=True
    )
    return response


@blueprint.get("/brand.css")
@page(PUBLIC)
def brand() -> Response:
    """The tenant's colour, as a style sheet because pages may hold no inline style."""
    colour = portal_settings()["colour"]
    if not colour:
        raise NotFound
    response = Response(brand_sheet(colour), mimetype="text/css")
    response.headers["Cache-Control"] = "public, max-age=86400"
    return response


def my_tickets(limit: int) -> list[Ticket]:
    """The matters of the customer who is signed in, the newest first."""
    query = TicketQuery(contact_id=g.actor.id, sort="newest")
    return list(tickets.list_tickets(query, actor=g.actor, limit=limit).items)


def _plugin_pages() -> list[dict[str, str]]:
    return [
        {
            "title": text(found.title),
            "icon": found.tile,
            "url": f"/p/{catalog().owner('portal_page', name)}/{found.path}",
        }
        for name, found in sorted(offered("portal_page").items())
        if found.tile and (found.permission == PUBLIC or g.actor.can(found.permission))
    ]
