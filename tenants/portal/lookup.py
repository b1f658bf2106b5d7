"""Looking a matter up without signing in: number and phone tail show where it stands, and no more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, request

from core.host import contacts, lookup, tickets
from core.sdk import PUBLIC, Invalid, NotFound, Problem, page, text
from tenants.portal import layout, progress

if TYPE_CHECKING:
    from core.sdk import Actor, PolydeskError

blueprint = Blueprint("portal_lookup", __name__, template_folder="templates")


@blueprint.get("/lookup")
@page(PUBLIC)
def ask() -> str:
    """The two questions; the home page hands the number over."""
    return _draw(number=request.args.get("number", ""))


def _again(error: PolydeskError) -> str:
    return _draw(number=_given("number"), tail=_given("tail"), problems=layout.problems_of(error))


@blueprint.post("/lookup")
@page(PUBLIC, redraw=_again)
def look() -> str:
    """Where the matter stands; wrong in either answer reads the same."""
    actor = _who_looks()
    return _draw(found=_masked(actor), number=_given("number"), tail=_given("tail"))


@blueprint.post("/lookup/send")
@page(PUBLIC, redraw=_again)
def send() -> str:
    """Have the link sent to the address that is on file."""
    actor = _who_looks()
    if actor.ticket_id is None or actor.id is None:
        raise NotFound
    address = lookup.send_link_again(actor.ticket_id, actor.id, actor=actor)
    words = (
        text("portal.lookup.sent", address=address) if address else text("portal.lookup.no_mail")
    )
    return _draw(found=_masked(actor), number=_given("number"), tail=_given("tail"), notice=words)


def _who_looks() -> Actor:
    number, tail = _given("number"), _given("tail")
    blank = [name for name, value in (("number", number), ("tail", tail)) if not value]
    if blank:
        raise Invalid(*(Problem(field=n, message=f"portal.lookup.error.{n}") for n in blank))
    try:
        found: Actor = lookup.look_up(
            number, tail, ip=request.remote_addr or "", find=tickets.ticket_of_number
        )
    except NotFound:
        raise Invalid(Problem(field="number", message="portal.lookup.error.unknown")) from None
    return found


def _masked(actor: Actor) -> dict[str, Any]:
    if actor.ticket_id is None or actor.id is None:
        raise NotFound
    ticket = tickets.get_ticket(actor.ticket_id, actor=actor)
    person = contacts.masked_view(contacts.get_contact(actor.id))
    phones = [point["value"] for point in person["points"] if point["kind"] == "phone"]
    return {
        "number": ticket.number,
        "type": progress.type_title(ticket),
        "state": progress.state_title(ticket),
        "opened_at": ticket.opened_at,
        "updated_at": ticket.updated_at,
        "stages": progress.stages(ticket),
        "phone": phones[0] if phones else "",
    }


def _given(name: str) -> str:
    return request.form.get(name, "").strip()[:60]


def _draw(**values: Any) -> str:
    empty = {"found": None, "number": "", "tail": "", "problems": (), "notice": ""}
    return layout.draw("lookup.html", "lookup", **{**empty, **values})
