"""The contractor's phone: one job by its signed link, the next step as one large button, photos of the work."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from flask import Response, flash, g, redirect, request

from core.sdk import (
    PUBLIC,
    SYSTEM,
    Actor,
    Invalid,
    NotFound,
    NotOffered,
    PortalPage,
    Problem,
    StaleVersion,
    Ticket,
    attachment_content,
    attachments_of_ticket,
    current_tenant,
    db,
    definition,
    emit,
    new_form_key,
    now,
    portal_page,
    read_form,
    store_file,
    text,
)
from plugins.property_mgmt import contractors, estates, orders, photos, repairs, signing
from plugins.property_mgmt.contractors import offer_by_token
from plugins.property_mgmt.estates import row_of
from plugins.property_mgmt.models import Contractor
from plugins.property_mgmt.portal import problems_of
from plugins.property_mgmt.work_events import WorkDeclined
from plugins.property_mgmt.work_models import WorkOrder

if TYPE_CHECKING:
    from uuid import UUID

    from core.sdk import Form, PolydeskError, Transition
    from plugins.property_mgmt.work_models import Offer

MAIN = ("accept", "arrive", "start", "resume", "finish")
SHOWS_CALLER = ("accepted", "on_site", "working", "waiting_parts", "done")
PHOTO_STATES = ("accepted", "on_site", "working", "waiting_parts")


def job(_actor: Actor, token: str) -> Any:
    """The job; on POST the move that was chosen, or photos."""
    offer = offer_by_token(token)
    order: WorkOrder = row_of(WorkOrder, offer.work_order_id)
    if request.method == "GET":
        return _draw(offer, order, token, chosen=request.args.get("do", ""))
    actor = contractors.speaks_as(row_of(Contractor, offer.contractor_id))
    what = request.form.get("move", "")
    if what == "photos":
        _add_photos(order, actor)
    elif what == "decline" and order.state == "open_for_grab":
        _step_back(offer, order, actor)
    else:
        _take(offer, order, what, actor)
    if offer.answer in {"declined", "withdrawn"}:
        return portal_page(
            "property_mgmt/job_over.html", page_title=text("property_mgmt.job.declined_title")
        )
    flash(text("property_mgmt.job.saved"))
    return redirect(request.path, 303)


def _take(offer: Offer, order: WorkOrder, name: str, actor: Actor) -> None:
    if not _is_mine(offer, order):
        raise NotOffered("another one has it", transition=name, state=order.state)
    form = _form_of(_way(order, name, actor))
    given: dict[str, Any] = {}
    if form is not None:
        answers = read_form(
            form, request.form, request.files, store=partial(_keep, actor), audience="all"
        )
        g.typed = answers.data
        if answers.problems:
            raise Invalid(*answers.problems)
        given = {key: answers.data[key] for key in answers.values if key in answers.data}
    version = request.form.get("version", "")
    orders.take(
        order.id, name, given, actor=actor, part=orders.CONTRACTOR,
        version=int(version) if version.isdecimal() else -1,
    )  # fmt: skip


def _keep(actor: Actor, file: Any) -> UUID:
    kept: UUID = store_file(file, actor=actor).id
    return kept


def _is_mine(offer: Offer, order: WorkOrder) -> bool:
    return order.state == "open_for_grab" or order.contractor_id == offer.contractor_id


def _way(order: WorkOrder, name: str, actor: Actor) -> Transition:
    offered = orders.offered_for(order, actor, orders.CONTRACTOR)
    found = next((way for way in offered if way.name == name), None)
    if found is None:
        raise NotOffered(f"{name} is not offered", transition=name, state=order.state)
    return found


def _form_of(way: Transition) -> Form | None:
    found: Form | None = definition("form", way.form) if way.form else None
    return found


def _add_photos(order: WorkOrder, actor: Actor) -> None:
    if order.state not in PHOTO_STATES:
        raise NotOffered("no photos now", transition="photos", state=order.state)
    phase = request.form.get("phase", "")
    if phase not in photos.PHASES:
        raise Invalid(Problem(field="phase", message="property_mgmt.error.unknown"))
    files = [file for file in request.files.getlist("photos") if file.filename]
    if not files:
        raise Invalid(Problem(field="photos", message="property_mgmt.error.photo_missing"))
    kept = [_keep(actor, file) for file in files[:6]]
    photos.keep_photos(order, kept, phase, actor=actor)


def _step_back(offer: Offer, order: WorkOrder, actor: Actor) -> None:
    """One of several does not want it: the others still may."""
    offer.answer, offer.answered_at = "declined", now()
    said = WorkDeclined(
        work_order_id=order.id,
        position=order.position,
        from_state=order.state,
        to_state=order.state,
        contractor_id=offer.contractor_id,
    )
    emit(said, subject=("ticket", order.ticket_id), actor=actor)


def _again(error: PolydeskError, token: str) -> str:
    offer = offer_by_token(token)
    order: WorkOrder = row_of(WorkOrder, offer.work_order_id)
    changed = isinstance(error, StaleVersion | NotOffered)
    return _draw(
        offer, order, token,
        chosen="" if changed else request.form.get("move", ""),
        problems=() if changed else problems_of(error),
        typed=g.get("typed"),
        notice=text("property_mgmt.job.changed") if changed else "",
    )  # fmt: skip


def _draw(offer: Offer, order: WorkOrder, token: str, *, chosen: str = "", **more: Any) -> str:
    contractor: Contractor = row_of(Contractor, offer.contractor_id)
    actor = contractors.speaks_as(contractor)
    ways = orders.offered_for(order, actor, orders.CONTRACTOR) if _is_mine(offer, order) else []
    picked = next((way for way in ways if way.name == chosen and way.form), None)
    ticket = db.session.get_one(Ticket, (current_tenant().id, order.ticket_id))
    repair = repairs.known(ticket.id)
    values: dict[str, Any] = {
        "order": order,
        "number": orders.number_of(order, ticket),
        "state": orders.state_of(order),
        "me": actor.name,
        "base": f"/p/property_mgmt/job/{token}",
        "place": estates.place(order.unit_id),
        "repair": repair,
        "urgent": ticket.priority in {"urgent", "critical"},
        "caller": repair if repair and order.state in SHOWS_CALLER else None,
        "main": next((way for way in ways if way.name in MAIN), None),
        "others": [way for way in ways if way.name not in MAIN],
        "picked": picked,
        "form": _form_of(picked) if picked else None,
        "pictures": _told(order, ticket.id),
        "takes_photos": order.state in PHOTO_STATES and _is_mine(offer, order),
        "phase": {"working": "during", "waiting_parts": "during"}.get(order.state, "before"),
        "key": new_form_key(),
        "typed": None,
        "problems": (),
        "notice": "",
        "page_title": text("property_mgmt.job.title", number=orders.number_of(order, ticket)),
    }
    return portal_page("property_mgmt/job.html", **{**values, **more})


def _told(order: WorkOrder, ticket_id: UUID) -> dict[str, list[dict[str, Any]]]:
    """Pictures by phase; what the resident sent comes first."""
    taken = {photo.attachment_id: photo.phase for photo in photos.photos_of(order)}
    signed = signing.signature_of(order)
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in ("sent", *photos.PHASES)}
    for row in attachments_of_ticket(ticket_id, actor=SYSTEM):
        shown = row.is_picture and not row.redacted_at and row.visibility == "public"
        if shown and (signed is None or signed.attachment_id != row.id):
            found[taken.get(row.id, "sent")].append({"id": row.id, "name": row.name})
    return found


def picture(_actor: Actor, token: str, attachment_id: UUID) -> Response:
    """A picture of the job, for the holder of its link; NotFound for any other file."""
    offer = offer_by_token(token)
    order: WorkOrder = row_of(WorkOrder, offer.work_order_id)
    shown = [each["id"] for found in _told(order, order.ticket_id).values() for each in found]
    content = attachment_content(attachment_id) if attachment_id in shown else None
    if content is None:
        raise NotFound("no such picture")
    kind = "image/png" if content.startswith(b"\x89PNG") else "image/jpeg"
    answer = Response(content, mimetype=kind)
    answer.headers["Cache-Control"] = "private, max-age=600"
    return answer


PAGES = [
    PortalPage(
        "job/<token>", "property_mgmt.job.page", job, PUBLIC, methods=("GET", "POST"), redraw=_again
    ),
    PortalPage(
        "job/<token>/picture/<uuid:attachment_id>", "property_mgmt.job.page", picture, PUBLIC
    ),
]
