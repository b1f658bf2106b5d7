"""Orders: taken by phone, at the desk, on the portal or over the API, and led along ST-O (LG-01, LG-09)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from core.sdk import (
    SYSTEM,
    Conflict,
    Guard,
    Invalid,
    NotFound,
    Problem,
    StaleVersion,
    VersionMissing,
    current_tenant,
    db,
    definition,
    definition_version,
    emit,
    load_form,
    move,
    now,
    offered_moves,
    settings,
    text,
    write_message,
)
from plugins.logistics import numbers
from plugins.logistics.adapters import Report
from plugins.logistics.canonical import RANK
from plugins.logistics.carriers import carrier_named, list_carriers
from plugins.logistics.cases import cases_of, report, ticket_of
from plugins.logistics.events import (
    OrderAmended,
    OrderConfirmed,
    OrderDispatched,
    OrderMoved,
    OrderTaken,
)
from plugins.logistics.forms import ORDER_FORM
from plugins.logistics.models import Carrier, Order, Shipment
from plugins.logistics.presets import OWN
from plugins.logistics.rules import INTERCEPT
from plugins.logistics.shipments import create_shipment, hear, lock_shipment, shipment_of_order
from plugins.logistics.workflow import ORDER, ORDER_WAY

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from core.sdk import Actor, Ticket, Transition
    from plugins.logistics.canonical import Standing

SUBJECT = "logistics.order"
AMENDABLE = ("draft", "submitted", "confirmed")
INTERCEPTABLE = ("dispatched_to_salesman", "failed_pickup", "picked_up", "in_network")
FLAT = (
    "sender_name", "sender_phone", "sender_city", "sender_address", "receiver_name",
    "receiver_phone", "receiver_city", "receiver_address", "goods", "service", "payment",
)  # fmt: skip
AMOUNTS = ("freight", "declared", "insured", "cash_on_delivery")
# Which step of the parcel takes the order to which step, the furthest first: carriers may tell all at once.
FOLLOWING = (("complete", ""), ("enter_network", "in_transit"), ("pick_up", "picked_up"))


def take_order(
    answers: Mapping[str, Any], *, contact_id: UUID, channel: str, actor: Actor, number: str = ""
) -> Order:
    """Keep a draft of an order from the loaded answers to the form `logistics.order`; Invalid for what does not fit."""
    problems = _problems(answers)
    if problems:
        raise Invalid(*problems)
    order = Order(
        number=number or numbers.make_number(numbers.ORDER),
        state=ORDER_WAY.initial,
        version=1,
        workflow_version=_workflow_version(),
        kind=answers.get("kind", "casual"),
        contract=answers.get("contract", ""),
        channel=channel,
        contact_id=contact_id,
        pieces=int(answers.get("pieces", 1)),
        weight_grams=round(1000 * float(answers.get("weight_kg", 0))),
        volume_cm3=round(1_000_000 * float(answers.get("volume_m3", 0))),
        remarks=answers.get("remarks", ""),
        currency=_currency(answers),
        taken_by=actor.id if actor.kind in {"user", "app"} else None,
        taken_name=actor.name if actor.kind == "user" else "",
        taken_at=now(),
        reason="",
        **{name: answers[name] for name in FLAT},
        **{name: _amount(answers, name) for name in AMOUNTS},
    )
    db.session.add(order)
    fact = OrderTaken(
        order_id=order.id,
        kind=order.kind,
        channel=channel,
        service=order.service,
        payment=order.payment,
    )
    emit(fact, subject=(SUBJECT, order.id), actor=actor)
    return order


def load_order(data: Any, *, audience: str = "internal") -> dict[str, Any]:
    """Answers to the order's form in their types; Invalid."""
    found: dict[str, Any] = load_form(definition("form", ORDER_FORM.name), data, audience=audience)  # type: ignore[arg-type]
    return found


def submit_order(
    order: Order, carrier_code: str, *, actor: Actor, number: str = "", carrier_number: str = ""
) -> Shipment:
    """Submit a draft: it gets its waybill with the carrier of that code ("" = the tenant's usual one)."""
    carrier = _carrier(carrier_code)
    move_order(order, "submit", {}, actor=actor, version=order.version)
    return create_shipment(
        order, carrier, actor=actor, number=number, carrier_number=carrier_number
    )


def _carrier(code: str) -> Carrier:
    wanted = code or settings("logistics")["portal_carrier"]
    carrier = carrier_named(wanted) if wanted else None
    if carrier is None and not wanted:
        carrier = next((row for row in list_carriers() if row.active), None)
    if carrier is None or not carrier.active:
        raise Invalid(Problem(field="carrier", message="logistics.error.carrier"))
    return carrier


def _problems(answers: Mapping[str, Any]) -> list[Problem]:
    wrong = []
    if answers["payment"] == "account" and answers.get("kind") != "contract":
        wrong.append(Problem(field="payment", message="logistics.error.account"))
    wrong += [
        Problem(field=f"{who}_phone", message="logistics.error.phone")
        for who in ("sender", "receiver")
        if not numbers.tail_of(answers[f"{who}_phone"])
    ]
    currencies = {answers[name]["currency"] for name in AMOUNTS if answers.get(name)}
    if len(currencies) > 1:
        wrong.append(Problem(field="insured", message="logistics.error.currencies"))
    elif _amount(answers, "insured") > _amount(answers, "declared") > 0:
        wrong.append(Problem(field="insured", message="logistics.error.insured"))
    return wrong


def _amount(answers: Mapping[str, Any], name: str) -> int:
    found = answers.get(name)
    return int(found["amount"]) if found else 0


def _currency(answers: Mapping[str, Any]) -> str:
    named = (answers[name]["currency"] for name in AMOUNTS if answers.get(name))
    return str(next(named, "CNY"))


def _workflow_version() -> str:
    return str(definition_version("workflow", ORDER))


def get_order(order_id: UUID) -> Order:
    """The order; NotFound."""
    found = db.session.get(Order, (current_tenant().id, order_id))
    if found is None:
        raise NotFound("no such order")
    return found


def lock_order(order_id: UUID) -> Order:
    """The order, others who write it wait; NotFound."""
    query = sa.select(Order).where(Order.id == order_id).with_for_update()
    found = db.session.scalars(query.execution_options(populate_existing=True)).one_or_none()
    if found is None:
        raise NotFound("no such order")
    return found


def way_of(order: Order) -> Any:
    """The workflow at the version that the order runs on."""
    return definition("workflow", ORDER, order.workflow_version)


def steps_for(order: Order, actor: Actor) -> list[Transition]:
    """What the actor may do with the order now; submitting asks for a carrier and has its own form."""
    offered = offered_moves(order.state, way_of(order), actor)
    return [step for step in offered if step.name != "submit"]


def move_order(
    order: Order, name: str, answers: Mapping[str, Any], *, actor: Actor, version: int | None
) -> Order:
    """Take a step of ST-O; raises NotOffered, Forbidden, Invalid (form or guard) or StaleVersion."""
    moved = move(order, name, answers, actor=actor, workflow=way_of(order), version=version)
    effect = _EFFECTS.get(name)
    fact = effect(order, moved.answers, actor) if effect else None
    if fact is None:
        fact = OrderMoved(
            order_id=order.id,
            transition=name,
            from_state=moved.source.name,
            to_state=moved.target.name,
        )
    emit(fact, subject=(SUBJECT, order.id), actor=actor)
    return order


def _pay(order: Order, _answers: dict[str, Any], _actor: Actor) -> None:
    order.paid_at = now()


def _waive(order: Order, answers: dict[str, Any], actor: Actor) -> None:
    order.waived_by, order.reason = actor.id, answers["reason"]


def _reason(order: Order, answers: dict[str, Any], _actor: Actor) -> None:
    order.reason = answers["reason"]


def _cancel(order: Order, answers: dict[str, Any], actor: Actor) -> None:
    order.reason = answers["reason"]
    shipment = shipment_of_order(order.id)
    if shipment is not None:
        _note(shipment, "DESK_CANCELLED", actor)


def _confirm(order: Order, _answers: dict[str, Any], actor: Actor) -> OrderConfirmed:
    shipment = shipment_of_order(order.id)
    if shipment is None:
        raise NotFound("no waybill")
    _note(shipment, "DESK_CONFIRMED", actor)
    return OrderConfirmed(
        order_id=order.id, shipment_id=shipment.id, waived=order.waived_by is not None
    )


def _dispatch(order: Order, answers: dict[str, Any], _actor: Actor) -> OrderDispatched:
    order.salesman_id, order.pickup_by = answers["salesman"], answers["pickup_by"]
    shipment = shipment_of_order(order.id)
    if shipment is not None:
        shipment.pickup_by = order.pickup_by
    return OrderDispatched(
        order_id=order.id, salesman_id=answers["salesman"], pickup_by=answers["pickup_by"]
    )


_EFFECTS: dict[str, Any] = {
    "pay": _pay,
    "waive": _waive,
    "confirm": _confirm,
    "dispatch": _dispatch,
    "fail_pickup": _reason,
    "cancel": _cancel,
}


def _note(shipment: Shipment, code: str, actor: Actor) -> None:
    report = Report(number=shipment.carrier_number, code=code, at=now())
    # What the desk says means the same with every carrier.
    hear(lock_shipment(shipment.id), [report], source="desk", actor=actor, meanings=OWN)


def amend_order(
    order: Order, changes: Mapping[str, Any], *, actor: Actor, version: int | None
) -> Order:
    """Change an order before its dispatch (LG-08); behind it a Conflict says that it takes an interception."""
    _at_version(order, version)
    if order.state not in AMENDABLE:
        raise Conflict(
            "a dispatched order is changed by intercepting its parcel", state=order.state
        )
    changed = _changed(order, changes)
    for name in changed:
        setattr(order, name, changes[name])
    if not changed:
        return order
    order.version += 1
    shipment = shipment_of_order(order.id)
    if shipment is not None:
        shipment.receiver_tail = numbers.tail_of(order.receiver_phone)
        shipment.to_city = order.receiver_city
    emit(OrderAmended(order_id=order.id, fields=changed), subject=(SUBJECT, order.id), actor=actor)
    return order


def request_interception(
    order: Order, changes: Mapping[str, Any], *, actor: Actor, version: int | None
) -> Ticket:
    """Ask to intercept a dispatched order's parcel (LG-08): an exception's ticket whose note says what is to change.

    Raises VersionMissing, StaleVersion, Conflict (no parcel on its way) and Invalid (nothing would change).
    """
    _at_version(order, version)
    waybill = shipment_of_order(order.id)
    if waybill is None or order.state not in INTERCEPTABLE:
        raise Conflict("there is no parcel on its way to intercept", state=order.state)
    changed = _changed(order, changes)
    if not changed:
        raise Invalid(Problem(field="", message="logistics.error.nothing_changes"))
    order.version += 1
    shipment = lock_shipment(waybill.id)
    made = report(shipment, INTERCEPT, by="user", actor=actor)
    ticket = ticket_of(made or cases_of(shipment.id)[0])
    lines = [f"{text(f'logistics.field.{name}')}: {changes[name] or '—'}" for name in changed]
    words = text("logistics.note.intercept", changes="\n".join(lines))
    write_message(ticket, words, actor=actor, visibility="internal", purpose="note")
    return ticket


def _at_version(order: Order, version: int | None) -> None:
    if version is None:
        raise VersionMissing
    if version != order.version:
        raise StaleVersion(current=order.version, given=version)


def _changed(order: Order, changes: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(name for name, value in changes.items() if getattr(order, name) != value)


def follow_parcel(shipment: Shipment, standing: Standing, _actor: Actor) -> None:
    """Let the order go with its parcel: fetched, on its way, over."""
    order = db.session.get(Order, (current_tenant().id, shipment.order_id))
    if order is None:
        return
    rank = RANK.get(standing.status, RANK["in_transit"] if standing.steps else 0)
    if standing.status == "cancelled":
        return
    offered = {step.name for step in offered_moves(order.state, way_of(order), SYSTEM)}
    for name, reached in FOLLOWING:
        due = rank >= RANK[reached] if reached else standing.ended
        if due and name in offered:
            move_order(order, name, {}, actor=SYSTEM, version=order.version)
            return


# --- guards ---------------------------------------------------------------------------------------


def _paid(order: Order, _answers: dict[str, Any], _actor: Actor) -> list[Problem]:
    """RL-18: nothing goes to logistics unpaid, unless the prepayment was waived."""
    settled = order.payment != "prepaid" or order.paid_at or order.waived_by
    return [] if settled else [Problem(field="", message="logistics.error.unpaid")]


GUARDS = [Guard("logistics.paid", _paid)]
