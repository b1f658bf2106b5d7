"""The order desk: orders found again, taken by phone with their waybill, led along, changed before dispatch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

import flask
import sqlalchemy as sa
from flask import flash, g, redirect, request

from core.sdk import (
    Invalid,
    PointIn,
    Problem,
    VersionMissing,
    create_contact,
    csv_answer,
    db,
    definition,
    desk_page,
    find_matches,
    format_datetime,
    get_contact,
    mask_phone,
    masked_contact,
    new_form_key,
    once,
    page,
    page_of,
    points_of,
    principal_of,
    read_form,
    state_named,
    text,
)
from plugins.logistics import numbers, orders
from plugins.logistics.carriers import list_carriers
from plugins.logistics.models import Order
from plugins.logistics.shipments import shipment_of_order
from plugins.logistics.views import address, people_of
from plugins.logistics.workflow import ORDER, ORDER_WAY, READ_ORDERS, WRITE_ORDERS

if TYPE_CHECKING:
    from core.sdk import Actor, Answers, Contact, Form, PolydeskError

BASE = "/x/logistics/orders"
PAGE = 50
pages = flask.Blueprint("logistics_orders", __name__, template_folder="templates")


def _filtered(asked: Any) -> sa.Select[Any]:
    query = sa.select(Order)
    if words := asked.get("q", "").strip():
        number = numbers.canonical_number(words)
        phone = words if words.startswith("+") else f"+86{words}"
        query = query.where(
            sa.or_(
                Order.number.startswith(number, autoescape=True),
                Order.sender_name.contains(words, autoescape=True),
                Order.receiver_name.contains(words, autoescape=True),
                Order.sender_phone.in_((words, phone)),
                Order.receiver_phone.in_((words, phone)),
            )
        )
    if asked.get("state") in {state.name for state in ORDER_WAY.states}:
        query = query.where(Order.state == asked["state"])
    if asked.get("kind") in {"casual", "contract"}:
        query = query.where(Order.kind == asked["kind"])
    return query


def _line(order: Order) -> dict[str, Any]:
    way = definition("workflow", ORDER, order.workflow_version)
    state = state_named(way, order.state)
    return {"order": order, "state": text(state.title), "status": state.status}


@pages.get("/orders")
@page(READ_ORDERS)
def order_list() -> str:
    """Orders, newest first, found by number, name or phone."""
    asked = request.args
    found = page_of(_filtered(asked), Order.id, cursor=asked.get("cursor", ""), limit=PAGE)
    kept = {name: asked.get(name, "") for name in ("q", "state", "kind")}
    return desk_page(
        "logistics/orders.html",
        lines=[_line(order) for order in found.items],
        asked=kept,
        states=[(state.name, text(state.title)) for state in ORDER_WAY.states],
        kinds=[(kind, text(f"logistics.kind.{kind}")) for kind in ("casual", "contract")],
        first_url=address(BASE, **kept) if asked.get("cursor") else "",
        next_url=address(BASE, **kept, cursor=found.next) if found.next else "",
        csv_url=address(f"{BASE}.csv", **kept),
        may_write=g.actor.can(WRITE_ORDERS),
        filtered=any(kept.values()),
    )


@pages.get("/orders.csv")
@page(READ_ORDERS)
def order_table() -> Any:
    """The same as a table for spreadsheets, phones masked, the newest thousand."""
    found = db.session.scalars(_filtered(request.args).order_by(Order.id.desc()).limit(1000))
    names = (
        "number",
        "state",
        "kind",
        "taken_at",
        "sender",
        "receiver",
        "route",
        "goods",
        "pieces",
        "service",
        "payment",
        "freight",
    )
    rows = [
        (
            row.number, _line(row)["state"], text(f"logistics.kind.{row.kind}"),
            format_datetime(row.taken_at), f"{row.sender_name} {mask_phone(row.sender_phone)}",
            f"{row.receiver_name} {mask_phone(row.receiver_phone)}",
            f"{row.sender_city}–{row.receiver_city}", row.goods, row.pieces,
            text(f"logistics.service.{row.service}"), text(f"logistics.payment.{row.payment}"),
            f"{row.freight / 100:.2f} {row.currency}",
        )
        for row in found
    ]  # fmt: skip
    return csv_answer("orders.csv", [text(f"logistics.column.{name}") for name in names], rows)


# --- taking an order ------------------------------------------------------------------------------


def _form() -> Form:
    found: Form = definition("form", "logistics.order")
    return found


def _draw_new(
    *, data: dict[str, Any] | None = None, problems: tuple[Problem, ...] = (), who: str = "",
    contact_id: str = "", key: str = "",
) -> str:  # fmt: skip
    matches = [masked_contact(row) for row in _matches(who)] if who else []
    chosen = _known(contact_id)
    if chosen and data is None:
        data = {"sender_name": chosen.display_name, "sender_phone": _phone_of(chosen)}
    return desk_page(
        "logistics/order_new.html",
        form=_form(),
        data=data or ({"sender_phone": who} if who else {}),
        problems=problems,
        who=who,
        matches=matches,
        chosen=masked_contact(chosen) if chosen else None,
        carriers=[(row.code, text(row.title)) for row in list_carriers() if row.active],
        carrier=request.form.get("carrier", ""),
        key=key or new_form_key(),
    )


def _matches(who: str) -> list[Contact]:
    return find_matches([PointIn("phone", who)])[:5]


def _known(contact_id: str) -> Contact | None:
    try:
        return get_contact(UUID(contact_id)) if contact_id else None
    except ValueError:
        raise Invalid(Problem(field="contact_id", message="logistics.error.contact")) from None


def _phone_of(contact: Contact) -> str:
    points = points_of([contact.id])[contact.id]
    return next((point.value for point in points if point.kind == "phone"), "")


@pages.get("/orders/new")
@page(WRITE_ORDERS)
def new_order() -> str:
    """The form of a phone order: the caller first, then what goes where."""
    return _draw_new(
        who=request.args.get("who", "").strip(), contact_id=request.args.get("contact_id", "")
    )


def _new_again(error: PolydeskError) -> str:
    answers = read_form(_form(), request.form, audience="internal")
    problems = (
        error.problems
        if isinstance(error, Invalid)
        else (Problem(field="", message=f"problem.{error.code}.detail"),)
    )
    return _draw_new(
        data=answers.data,
        problems=tuple(problems),
        contact_id=request.form.get("contact_id", ""),
        key=request.form.get("form_key", ""),
    )


@pages.post("/orders/new")
@page(WRITE_ORDERS, redraw=_new_again)
def take_order() -> Any:
    """Keep the order; "submit" gives it its waybill at once, "draft" keeps it for later."""
    answers = read_form(_form(), request.form, audience="internal")
    if answers.problems:
        raise Invalid(*answers.problems)
    order_id = once(
        lambda: _take(answers, g.actor),
        principal=principal_of(g.actor),
        route="logistics.order",
        key=request.form.get("form_key", ""),
        body=[request.form.getlist(name) for name in sorted(request.form) if name != "csrf_token"],
    )
    flash(text("logistics.order.taken"))
    return redirect(f"{BASE}/{order_id}", 303)


def _take(answers: Answers, actor: Actor) -> UUID:
    contact_id = _caller(answers.values, request.form.get("contact_id", ""), actor)
    order = orders.take_order(answers.values, contact_id=contact_id, channel="phone", actor=actor)
    if request.form.get("then") != "draft":
        orders.submit_order(order, request.form.get("carrier", ""), actor=actor)
    return order.id


def _caller(values: dict[str, Any], chosen: str, actor: Actor) -> UUID:
    """Who calls: the customer that the agent chose, else a new one with the sender's name and phone."""
    known = _known(chosen)
    if known is not None:
        return known.id
    point = PointIn("phone", values["sender_phone"])
    return create_contact(values["sender_name"], points=[point], actor=actor).id


# --- one order ------------------------------------------------------------------------------------


def _draw_order(
    order_id: UUID, *, open_step: str = "", data: dict[str, Any] | None = None,
    problems: tuple[Problem, ...] = (),
) -> str:  # fmt: skip
    order = orders.get_order(order_id)
    steps = orders.steps_for(order, g.actor)
    name = open_step or request.args.get("step", "")
    step = next((each for each in steps if each.name == name), None)
    amends = _amends(order)
    amending = name == "amend" and bool(amends)
    form_name = step.form if step and step.form else "logistics.amendment" if amending else ""
    form = definition("form", form_name) if form_name else None
    if data is None and amending and form:
        data = {field.name: getattr(order, field.name) for field in form.fields}
    return desk_page(
        "logistics/order.html",
        order=order,
        people=people_of(order),
        status=_line(order)["status"],
        shipment=shipment_of_order(order.id),
        contact=masked_contact(get_contact(order.contact_id)),
        steps=[each for each in steps if g.actor.can(each.permission)],
        step=name if form or problems else "",
        form=form,
        data=data or {},
        problems=problems,
        amends=amends if g.actor.can(WRITE_ORDERS) else "",
        may_submit=g.actor.can(WRITE_ORDERS) and order.state == "draft",
        carriers=[(row.code, text(row.title)) for row in list_carriers() if row.active],
    )


def _amends(order: Order) -> str:
    """What asking for a change of the order is called as it stands; "" when nobody may."""
    if order.state in orders.AMENDABLE:
        return "logistics.order.amend"
    return "logistics.order.intercept" if order.state in orders.INTERCEPTABLE else ""


@pages.get("/orders/<uuid:order_id>")
@page(READ_ORDERS)
def show_order(order_id: UUID) -> str:
    """One order with its waybill and the steps that are open to it."""
    return _draw_order(order_id)


def _order_again(error: PolydeskError, order_id: UUID, step: str = "amend") -> str:
    problems = (
        error.problems
        if isinstance(error, Invalid)
        else (Problem(field="", message=f"problem.{error.code}.detail"),)
    )
    told = tuple(
        Problem(field=p.field.removeprefix("form."), message=p.message, values=p.values)
        for p in problems
    )
    form = _step_form(step)
    data = read_form(form, request.form, audience="internal").data if form else {}
    return _draw_order(order_id, open_step=step, data=data, problems=told)


def _step_form(step: str) -> Form | None:
    if step == "amend":
        found: Form = definition("form", "logistics.amendment")
        return found
    taken = (each for each in ORDER_WAY.transitions if each.name == step and each.form)
    name = next((each.form for each in taken), "")
    return definition("form", name) if name else None


def _version() -> int:
    given = request.form.get("version", "")
    if not given.isdigit():
        raise VersionMissing
    return int(given)


@pages.post("/orders/<uuid:order_id>/steps/<step>")
@page(WRITE_ORDERS, redraw=_order_again)
def take_step(order_id: UUID, step: str) -> Any:
    """Take a step of the order's way; submitting a draft asks for the carrier."""
    order = orders.lock_order(order_id)
    form = _step_form(step)
    answers = read_form(form, request.form, audience="internal").data if form else {}
    if step == "submit":
        if order.version != _version():
            orders.move_order(order, step, {}, actor=g.actor, version=_version())
        orders.submit_order(order, request.form.get("carrier", ""), actor=g.actor)
    else:
        orders.move_order(order, step, answers, actor=g.actor, version=_version())
    flash(text("logistics.order.moved", state=people_of(order)["state"]))
    return redirect(f"{BASE}/{order_id}", 303)


@pages.post("/orders/<uuid:order_id>/amend")
@page(WRITE_ORDERS, redraw=_order_again)
def amend(order_id: UUID) -> Any:
    """Change the order before its dispatch; behind it, ask to intercept the parcel (LG-08)."""
    answers = read_form(
        definition("form", "logistics.amendment"), request.form, audience="internal"
    )
    if answers.problems:
        raise Invalid(*answers.problems)
    order = orders.lock_order(order_id)
    if order.state in orders.INTERCEPTABLE:
        orders.request_interception(order, answers.values, actor=g.actor, version=_version())
        flash(text("logistics.order.intercepting"))
    else:
        orders.amend_order(order, answers.values, actor=g.actor, version=_version())
        flash(text("logistics.order.amended"))
    return redirect(f"{BASE}/{order_id}", 303)
