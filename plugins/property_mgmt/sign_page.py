"""Where the resident looks at finished work: photos, what was done, then sign, rate, or say that it is not solved."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from flask import flash, g, redirect, request

from core.sdk import (
    PUBLIC,
    Actor,
    Invalid,
    NotFound,
    NotOffered,
    PortalPage,
    StaleVersion,
    Ticket,
    actor_by_link,
    current_tenant,
    db,
    definition,
    new_form_key,
    portal_page,
    read_form,
    store_file,
    text,
)
from plugins.property_mgmt import contractors, estates, orders, photos, signing
from plugins.property_mgmt.portal import problems_of
from plugins.property_mgmt.work_shown import progress

if TYPE_CHECKING:
    from uuid import UUID

    from core.sdk import Form, PolydeskError, Transition
    from plugins.property_mgmt.work_models import WorkOrder

FIRST = ("sign", "rate")


def work(_actor: Actor, position: int, token: str) -> Any:
    """The work order of a customer's ticket by the ticket's secret link; on POST he signs, rates or disputes."""
    actor, order = _come_in(token, position)
    if request.method == "GET":
        return _draw(actor, order, token, chosen=request.args.get("do", ""))
    name = request.form.get("move", "")
    form = _form_of(_way(order, name, actor))
    answers = read_form(form, request.form, request.files, store=partial(_keep, actor))
    g.typed = answers.data
    if answers.problems:
        raise Invalid(*answers.problems)
    given = {key: answers.data[key] for key in answers.values if key in answers.data}
    version = request.form.get("version", "")
    orders.take(
        order.id, name, given, actor=actor, part=orders.RESIDENT,
        version=int(version) if version.isdecimal() else -1,
    )  # fmt: skip
    flash(text(f"property_mgmt.sign.{name}_done"))
    return redirect(request.path, 303)


def _come_in(token: str, position: int) -> tuple[Actor, WorkOrder]:
    actor = actor_by_link(token)
    found = orders.orders_at([actor.ticket_id] if actor.ticket_id else [])
    order = next((each for each in found if each.position == position), None)
    if order is None:
        raise NotFound("no such work order")
    return actor, order


def _keep(actor: Actor, file: Any) -> UUID:
    kept: UUID = store_file(file, actor=actor).id
    return kept


def _way(order: WorkOrder, name: str, actor: Actor) -> Transition:
    offered = orders.offered_for(order, actor, orders.RESIDENT)
    found = next((way for way in offered if way.name == name), None)
    if found is None:
        raise NotOffered(f"{name} is not offered", transition=name, state=order.state)
    return found


def _form_of(way: Transition) -> Form:
    found: Form = definition("form", way.form)
    return found


def _again(error: PolydeskError, position: int, token: str) -> str:
    actor, order = _come_in(token, position)
    changed = isinstance(error, StaleVersion | NotOffered)
    return _draw(
        actor, order, token,
        chosen=request.form.get("move", ""),
        problems=() if changed else problems_of(error),
        typed=g.get("typed"),
        notice=text("property_mgmt.sign.changed") if changed else "",
    )  # fmt: skip


def _draw(actor: Actor, order: WorkOrder, token: str, *, chosen: str = "", **more: Any) -> str:
    offered = orders.offered_for(order, actor, orders.RESIDENT)
    ticket = db.session.get_one(Ticket, (current_tenant().id, order.ticket_id))
    usual = next((way for way in offered if way.name in FIRST), None)
    picked = next((way for way in offered if way.name == chosen), usual)
    shown = photos.photos_of(order)
    values: dict[str, Any] = {
        "order": order,
        "number": orders.number_of(order, ticket),
        "state": orders.state_of(order),
        "place": estates.place(order.unit_id),
        "contractor": contractors.names_of([order.contractor_id]).get(order.contractor_id, "")
        if order.contractor_id
        else "",
        "steps": progress(order),
        "before": [photo for photo in shown if photo.phase != "after"],
        "after": [photo for photo in shown if photo.phase == "after"],
        "files": f"/track/{token}",
        "back": f"/track/{token}",
        "base": f"/p/property_mgmt/work/{order.position}/x/{token}",
        "offered": offered,
        "picked": picked,
        "form": _form_of(picked) if picked else None,
        "signature": signing.signature_of(order),
        "key": new_form_key(),
        "typed": None,
        "problems": (),
        "notice": "",
        "page_title": text("property_mgmt.sign.title", number=orders.number_of(order, ticket)),
    }
    return portal_page("property_mgmt/sign.html", **{**values, **more})


PAGES = [
    PortalPage(
        "work/<int:position>/x/<token>",
        "property_mgmt.sign.page",
        work,
        PUBLIC,
        methods=("GET", "POST"),
        redraw=_again,
    )
]
