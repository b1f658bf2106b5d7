"""Customers: found by name or number, shown masked, with their matters."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from flask import flash, g, jsonify, redirect, render_template, request, url_for

from core.host import PointIn, contacts, organisations, panels, privacy, tickets
from core.sdk import PolydeskError, page, text
from tenants.desk.layout import layout
from tenants.desk.names import type_title
from tenants.desk.ticket_actions import lines, version
from tenants.desk.ticket_pages import REASONS, draw_panel
from tenants.desk.views import OPEN, STATUSES

if TYPE_CHECKING:
    from uuid import UUID

    from flask import Response

FOUND = 50
MATTERS = 20


@page("contact:read")
def contact_list() -> str:
    """Search for a customer by name, number or address."""
    words = request.args.get("q", "").strip()
    rows = (
        [contacts.masked_view(c) for c in contacts.search_contacts(words, limit=FOUND)]
        if words
        else []
    )
    return render_template(
        "desk/contacts.html",
        rows=rows,
        words=words,
        may_write=g.actor.can("contact:write"),
        **layout(current="contacts"),
    )


@page("contact:read")
def contact(contact_id: UUID) -> str:
    """One customer."""
    return draw(contact_id)


def draw(contact_id: UUID, **changes: Any) -> str:
    """The page; a merged customer's old address shows who it became."""
    found = contacts.get_contact(contact_id)
    listed = tickets.list_tickets(
        tickets.TicketQuery(contact_id=found.id, status=STATUSES, sort="newest"),
        actor=g.actor,
        limit=MATTERS,
    )
    values = {
        "contact": found,
        "customer": contacts.masked_view(found),
        "organisations": organisations.organisations_of(found.id),
        "matters": [(ticket, type_title(ticket.type)) for ticket in listed.items],
        "open_count": sum(ticket.status in OPEN for ticket in listed.items),
        "boxes": panels.panels("contact", g.actor),
        "revealed": None,
        "reasons": REASONS,
        "problems": [],
        "typed": {"display_name": found.display_name},
        "may_write": g.actor.can("contact:write"),
        "may_open": g.actor.can("ticket:write"),
        "may_reveal": g.actor.can("contact:reveal"),
        "may_export": g.actor.can("contact:export"),
        "may_erase": g.actor.can("contact:erase") and found.redacted_at is None,
        "erase_problems": [],
    }
    return render_template("desk/contact.html", **(values | changes), **layout(current="contacts"))


def _again(error: PolydeskError, contact_id: UUID) -> str:
    return draw(contact_id, problems=lines(error), typed=dict(request.form))


@page("contact:write", redraw=_again)
def edit_contact(contact_id: UUID) -> Any:
    """Change the name."""
    name = request.form.get("display_name", "")
    contacts.update_contact(contact_id, {"display_name": name}, version=version(), actor=g.actor)
    return _back(contact_id, "desk.contact.saved")


@page("contact:write", redraw=_again)
def add_point(contact_id: UUID) -> Any:
    """One more way to reach the customer."""
    point = PointIn(kind=request.form.get("kind", "phone"), value=request.form.get("value", ""))
    contacts.add_point(contact_id, point, actor=g.actor)
    return _back(contact_id, "desk.contact.saved")


@page("contact:write")
def verify(contact_id: UUID) -> Any:
    """Somebody of the staff made sure who this is."""
    contacts.verify_contact(contact_id, actor=g.actor)
    return _back(contact_id, "desk.contact.verified_now")


def _back(contact_id: UUID, words: str) -> Any:
    flash(text(words))
    return redirect(url_for("desk.contact", contact_id=contact_id), 303)


@page("contact:export")
def export_person(contact_id: UUID) -> Response:
    """Everything kept about the customer, as a file; who asked is on the record."""
    told = privacy.export_person(contact_id, actor=g.actor)
    response = jsonify(told)
    response.headers["Content-Disposition"] = f'attachment; filename="{told["contact_id"]}.json"'
    return response


def _erase_again(error: PolydeskError, contact_id: UUID) -> str:
    return draw(contact_id, erase_problems=lines(error), typed=dict(request.form))


@page("contact:erase", redraw=_erase_again)
def erase_person(contact_id: UUID) -> Any:
    """Overwrite the customer's data everywhere, once the name was typed."""
    privacy.erase_person(contact_id, request.form.get("confirm", ""), actor=g.actor)
    return _back(contact_id, "desk.contact.erased")


@page("contact:reveal", redraw=lambda error, contact_id, point_id: _again(error, contact_id))  # noqa: ARG005  the path has it
def reveal_point(contact_id: UUID, point_id: UUID) -> str:
    """Show a masked value for a reason; the look is on the record."""
    value = contacts.reveal_point(point_id, actor=g.actor, reason=request.form.get("reason", ""))
    return draw(contact_id, revealed={"id": str(point_id), "value": value})


@page("contact:read")
def contact_panel(contact_id: UUID, name: str) -> str:
    """A plugin's box at this customer."""
    found = contacts.get_contact(contact_id)
    return draw_panel(
        name,
        partial(contacts.get_contact, found.id),
        url_for("desk.contact", contact_id=found.id),
    )
