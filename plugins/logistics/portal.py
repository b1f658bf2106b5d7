"""Customers' pages: tracking without signing in (CH-09), "not received", the online order (CH-07), my parcels."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from flask import redirect, request

from core.sdk import (
    CUSTOMER,
    PUBLIC,
    SYSTEM,
    Block,
    Card,
    Invalid,
    NotFound,
    PointIn,
    PortalPage,
    Problem,
    TooMany,
    contact_for_unverified_point,
    db,
    definition,
    get_ticket,
    make_token,
    new_form_key,
    now,
    once,
    portal_page,
    principal_of,
    read_form,
    read_token,
    spend_throttle,
    text,
    throttle_key,
    throttle_range,
)
from plugins.logistics import numbers, orders
from plugins.logistics.adapters import Report
from plugins.logistics.cases import cases_of, report
from plugins.logistics.models import Shipment
from plugins.logistics.promises import expected_at
from plugins.logistics.rules import NOT_RECEIVED
from plugins.logistics.shipments import (
    by_number,
    carrier_of,
    get_shipment,
    hear,
    lock_shipment,
    shipment_of_order,
)
from plugins.logistics.views import ICONS, milestones, promise_of, status_words, steps_drawn

if TYPE_CHECKING:
    from uuid import UUID

    from core.sdk import Actor, PolydeskError

TRACK, PLACE, MINE = "/p/logistics/track", "/p/logistics/order", "/p/logistics/mine"
QUARTER, HOUR, DAY = 15 * 60, 3600, 86_400
PER_RANGE, PER_NUMBER, ORDERS, REPORTS = 30, 10, 20, 3
DONE, TAKEN = "logistics.not_received", "logistics.order_taken"
MOST_WORDS = 500
# Compared when there is no such number: a tail is four digits, so nobody ever gives this one.
_NO_TAIL = "----"


# --- tracking -------------------------------------------------------------------------------------


def track(_actor: Actor) -> Any:
    """The two questions; with both answered, where the parcel is. A wrong number and a wrong tail read the same."""
    if request.method == "POST":
        return _draw_track(shipment=_who_knows())
    told = request.args.get("done", "")
    return _draw_track(
        number=request.args.get("number", "")[:60], notice=_opened(told) if told else ""
    )


def track_again(error: PolydeskError) -> str:
    """The questions once more, with what was typed."""
    return _draw_track(problems=_problems_of(error))


def _problems_of(error: PolydeskError) -> tuple[Problem, ...]:
    if isinstance(error, Invalid):
        return error.problems
    word = (
        "logistics.error.too_many" if isinstance(error, TooMany) else f"problem.{error.code}.detail"
    )
    return (Problem(field="", message=word),)


def _given(name: str, longest: int = 60) -> str:
    return request.form.get(name, "").strip()[:longest]


def _who_knows() -> Shipment:
    """The shipment whose number and phone tail were given; whatever is wrong costs and tells the same."""
    number, tail = numbers.canonical_number(_given("number")), numbers.tail_of(_given("tail"))
    blank = [name for name in ("number", "tail") if not _given(name)]
    if blank:
        raise Invalid(
            *(Problem(field=name, message=f"logistics.error.no_{name}") for name in blank)
        )
    spend_throttle(throttle_range("logistics-track", request.remote_addr or ""), PER_RANGE, QUARTER)
    spend_throttle(throttle_key("logistics-track", number), PER_NUMBER, HOUR)
    shipment = by_number(number)
    tails = (shipment.receiver_tail, shipment.sender_tail) if shipment else (_NO_TAIL, _NO_TAIL)
    fits = [hmac.compare_digest(known.encode(), tail.encode()) for known in tails]
    if shipment is None or not tail or not any(fits):
        raise Invalid(Problem(field="number", message="logistics.error.no_match"))
    return shipment


def _draw_track(
    *, shipment: Shipment | None = None, number: str = "", problems: tuple[Problem, ...] = (),
    notice: str = "",
) -> str:  # fmt: skip
    return portal_page(
        "logistics/track.html",
        page_title=text("logistics.track.title"),
        found=_seen(shipment) if shipment else None,
        number=_given("number") or number,
        tail=_given("tail"),
        problems=problems,
        notice=notice,
    )


def _seen(shipment: Shipment) -> dict[str, Any]:
    """What whoever knows number and tail may see: no name, no address, not the carrier's own words."""
    late = shipment.promised_at is not None and shipment.open and shipment.promised_at < now()
    return {
        "number": shipment.number,
        "carrier": text(carrier_of(shipment).title),
        "carrier_number": shipment.carrier_number
        if shipment.carrier_number != shipment.number
        else "",
        "origin": shipment.from_city,
        "goal": shipment.to_city,
        "status": status_words(shipment.status, shipment.sub),
        "icon": ICONS[shipment.status],
        "calm": shipment.status not in {"exception", "attempt_failed", "expired"},
        "heard_at": shipment.heard_at,
        "expected": expected_at(shipment),
        "promise": promise_of(shipment)[0],
        "late": late,
        "delivered_at": shipment.delivered_at,
        "stages": milestones(shipment),
        "steps": steps_drawn(shipment)[::-1],
        "pieces": shipment.pieces,
        "may_report": shipment.status == "delivered" or late,
        "being_traced": any(case.over_at is None for case in cases_of(shipment.id)),
    }


# --- "not received" -------------------------------------------------------------------------------


def not_received(actor: Actor) -> Any:
    """Whoever knows number and tail says that the parcel did not come: a ticket with clocks, once."""
    shipment = lock_shipment(_who_knows().id)
    late = shipment.promised_at is not None and shipment.promised_at < now()
    if shipment.status != "delivered" and not (shipment.open and late):
        raise Invalid(Problem(field="", message="logistics.error.not_yet"))
    spend_throttle(throttle_key("logistics-not-received", shipment.number), REPORTS, DAY)
    words = _given("words", MOST_WORDS)
    made = report(shipment, NOT_RECEIVED, by="customer", actor=SYSTEM, words=words)
    if shipment.status == "delivered":
        seen = Report(number=shipment.carrier_number, code="NOT_RECEIVED", at=now())
        hear(shipment, [seen], source="customer", actor=actor)
    case = made or next(c for c in cases_of(shipment.id) if c.kind == NOT_RECEIVED.kind)
    return redirect(f"{TRACK}?done={make_token(DONE, case.ticket_id)}", 303)


def _opened(token: str) -> str:
    ticket = get_ticket(read_token(DONE, token), actor=SYSTEM)
    return text("logistics.track.opened", number=ticket.number or "")


# --- the online order (CH-07) ---------------------------------------------------------------------


def place(actor: Actor) -> Any:
    """The online order with its waybill: filled in by whoever comes, confirmed with both numbers."""
    if request.method == "POST":
        return _take(actor)
    told = request.args.get("done", "")
    return _draw_order(actor, taken=_taken(told) if told else None)


def place_again(error: PolydeskError) -> str:
    """The form once more, with what was typed."""
    answers = read_form(definition("form", "logistics.order"), request.form)
    return _draw_order(None, data=answers.data, problems=_problems_of(error))


def _take(actor: Actor) -> Any:
    spend_throttle(throttle_range("logistics-order", request.remote_addr or ""), ORDERS, HOUR)
    answers = read_form(definition("form", "logistics.order"), request.form)
    if answers.problems:
        raise Invalid(*answers.problems)
    order_id = once(
        lambda: _keep(answers.values, actor),
        principal=principal_of(actor),
        route="logistics.portal_order",
        key=request.form.get("form_key", ""),
        body=[request.form.getlist(name) for name in sorted(request.form) if name != "csrf_token"],
    )
    return redirect(f"{PLACE}?done={make_token(TAKEN, order_id)}", 303)


def _keep(values: dict[str, Any], actor: Actor) -> UUID:
    contact_id = actor.id if actor.kind == "contact" else None
    if contact_id is None:
        point = PointIn("phone", values["sender_phone"])
        contact_id = contact_for_unverified_point(values["sender_name"], [point], actor=SYSTEM).id
    order = orders.take_order(values, contact_id=contact_id, channel="web", actor=actor)
    orders.submit_order(order, "", actor=SYSTEM)
    return order.id


def _taken(token: str) -> dict[str, Any]:
    order = orders.get_order(read_token(TAKEN, token))
    shipment = shipment_of_order(order.id)
    if shipment is None:
        raise NotFound("no waybill")
    return {"number": order.number, "waybill": shipment.number, "promised_at": shipment.promised_at}


def _draw_order(
    actor: Actor | None, *, data: dict[str, Any] | None = None, problems: tuple[Problem, ...] = (),
    taken: dict[str, Any] | None = None,
) -> str:  # fmt: skip
    known = {"sender_name": actor.name} if actor and actor.kind == "contact" else {}
    return portal_page(
        "logistics/place.html",
        page_title=text("logistics.place.title"),
        form=definition("form", "logistics.order"),
        data=data if data is not None else known,
        problems=problems,
        taken=taken,
        key=request.form.get("form_key", "") or new_form_key(),
        track_url=TRACK,
    )


# --- my parcels -----------------------------------------------------------------------------------


def mine(actor: Actor) -> str:
    """The parcels that a signed-in customer sends, newest first."""
    query = sa.select(Shipment).where(Shipment.contact_id == actor.id)
    found = db.session.scalars(query.order_by(Shipment.id.desc()).limit(50))
    lines = [
        {
            "shipment": shipment,
            "status": status_words(shipment.status, shipment.sub),
            "stages": milestones(shipment),
            "expected": expected_at(shipment),
        }
        for shipment in found
    ]
    return portal_page("logistics/mine.html", page_title=text("logistics.mine.title"), lines=lines)


def mine_one(actor: Actor, shipment_id: UUID) -> str:
    """One parcel of a signed-in customer; another's is not found."""
    shipment = get_shipment(shipment_id)
    if shipment.contact_id != actor.id:
        raise NotFound("no such shipment")
    return _draw_track(shipment=shipment)


def card(_actor: Actor) -> list[Block]:
    """The way to tracking and to the order form, on the portal's home."""
    return [
        Block("text", value=text("logistics.card.words")),
        Block("link", label="logistics.track.title", url=TRACK),
        Block("link", label="logistics.place.title", url=PLACE),
    ]


PAGES = [
    PortalPage(
        "track", "logistics.track.title", track, PUBLIC, tile="truck-delivery",
        methods=("GET", "POST"), redraw=track_again,
    ),
    PortalPage(
        "not-received", "logistics.track.not_received", not_received, PUBLIC, methods=("POST",),
        redraw=track_again,
    ),
    PortalPage(
        "order", "logistics.place.title", place, PUBLIC, tile="package", methods=("GET", "POST"),
        redraw=place_again,
    ),
    PortalPage("mine", "logistics.mine.title", mine, CUSTOMER),
    PortalPage("mine/<uuid:shipment_id>", "logistics.mine.title", mine_one, CUSTOMER),
]  # fmt: skip
CARDS = [Card("logistics.track", "logistics.card.title", card, icon="truck-delivery")]
