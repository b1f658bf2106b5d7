"""REST: orders, shipments with their events, tracking, carriers with their maps, exceptions; carriers' own door."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import flask
import sqlalchemy as sa
from flask import g, request
from flask_smorest import Blueprint

from core.sdk import (
    PUBLIC,
    NotFound,
    PointIn,
    VersionMissing,
    create_contact,
    current_tenant,
    endpoint,
    get_contact,
    mask_phone,
    once,
    page_of,
    principal_of,
    visible_tickets_to,
)
from core.sdk import Ticket as TicketRow
from plugins.logistics import carriers, numbers, orders, views
from plugins.logistics.adapters import Report
from plugins.logistics.models import ExceptionCase, Order, Shipment
from plugins.logistics.promises import expected_at
from plugins.logistics.schemas import (
    CarrierList,
    CarrierPushIn,
    CarrierPushOut,
    ExceptionList,
    ExceptionListQuery,
    FreightOrderIn,
    FreightOrderList,
    FreightOrderOut,
    FreightOrderPatch,
    FreightOrderQuery,
    FreightOrderStep,
    MapQuery,
    MeaningIn,
    MeaningList,
    MeaningOut,
    ScanIn,
    ScanList,
    ScanOut,
    ShipmentList,
    ShipmentListQuery,
    ShipmentOut,
    TrackOut,
    TrackQuery,
)
from plugins.logistics.shipments import (
    by_number,
    carrier_of,
    events_of,
    get_shipment,
    hear,
    lock_shipment,
    shipment_of_order,
    standing_of,
)
from plugins.logistics.workflow import (
    READ_CARRIERS,
    READ_ORDERS,
    READ_SHIPMENTS,
    WRITE_CARRIERS,
    WRITE_ORDERS,
    WRITE_SHIPMENTS,
)

if TYPE_CHECKING:
    from uuid import UUID

blueprint: flask.Blueprint = Blueprint("logistics_api", __name__, description="Logistics")
_HEAD = (
    "id", "number", "state", "version", "kind", "channel", "contact_id", "sender_name",
    "sender_city", "receiver_name", "receiver_city", "goods", "pieces", "service", "payment",
    "taken_at",
)  # fmt: skip
_ACCOUNT = ("id", "code", "title", "adapter", "active", "heard_at", "failed_at", "version")
_REST = (
    "contract", "sender_phone", "receiver_phone", "sender_address", "receiver_address",
    "weight_grams", "volume_cm3", "paid_at", "salesman_id", "pickup_by", "remarks",
)  # fmt: skip


# --- orders ---------------------------------------------------------------------------------------


@blueprint.get("/orders")
@endpoint(READ_ORDERS, query=FreightOrderQuery, returns=FreightOrderList)
def list_orders(query: dict[str, Any]) -> dict[str, Any]:
    """Orders, newest first."""
    wanted = sa.select(Order)
    if query["number"]:
        wanted = wanted.where(Order.number == numbers.canonical_number(query["number"]))
    if query["state"]:
        wanted = wanted.where(Order.state == query["state"])
    if "contact_id" in query:
        wanted = wanted.where(Order.contact_id == query["contact_id"])
    page = page_of(wanted, Order.id, cursor=query["cursor"], limit=query["limit"])
    return {"items": [_head(order) for order in page.items], "next": page.next}


@blueprint.post("/orders")
@endpoint(
    WRITE_ORDERS,
    body=FreightOrderIn,
    returns=FreightOrderOut,
    status=201,
    headers=("Idempotency-Key",),
)
def create_order(body: dict[str, Any]) -> dict[str, Any]:
    """Take an order; unless it is a draft it is submitted and has its waybill."""
    order_id = once(
        lambda: _take(body),
        principal=principal_of(g.actor),
        route="logistics.orders",
        key=request.headers.get("Idempotency-Key", ""),
        body=body,
    )
    return _whole(orders.get_order(order_id))


def _take(body: dict[str, Any]) -> UUID:
    answers = orders.load_order(body["form"])
    if "contact_id" in body:
        contact = get_contact(body["contact_id"])
    else:
        points = [PointIn("phone", answers["sender_phone"])]
        contact = create_contact(answers["sender_name"], points=points, actor=g.actor)
    order = orders.take_order(answers, contact_id=contact.id, channel="api", actor=g.actor)
    if not body["draft"]:
        orders.submit_order(order, body["carrier"], actor=g.actor)
    return order.id


@blueprint.get("/orders/<uuid:order_id>")
@endpoint(READ_ORDERS, returns=FreightOrderOut)
def read_order(order_id: UUID) -> Any:
    """One order whole; its ETag is its version."""
    return _versioned(orders.get_order(order_id))


@blueprint.patch("/orders/<uuid:order_id>")
@endpoint(WRITE_ORDERS, body=FreightOrderPatch, returns=FreightOrderOut, headers=("If-Match",))
def patch_order(order_id: UUID, body: dict[str, Any]) -> Any:
    """Change an order before its dispatch; 409 behind it."""
    order = orders.lock_order(order_id)
    given = request.headers.get("If-Match", "").strip('"')
    if not given.isdigit():
        raise VersionMissing
    return _versioned(orders.amend_order(order, body, actor=g.actor, version=int(given)))


@blueprint.post("/orders/<uuid:order_id>/transitions")
@endpoint(WRITE_ORDERS, body=FreightOrderStep, returns=FreightOrderOut, status=201)
def move_order(order_id: UUID, body: dict[str, Any]) -> dict[str, Any]:
    """Take a step of ST-O; not offered 409, a guard 422."""
    order = orders.lock_order(order_id)
    if body["name"] == "submit" and order.version == body["version"] and order.state == "draft":
        orders.submit_order(order, "", actor=g.actor)
    else:
        orders.move_order(order, body["name"], body["form"], actor=g.actor, version=body["version"])
    return _whole(order)


def _versioned(order: Order) -> Any:
    return _whole(order), {"ETag": f'"{order.version}"'}


def _head(order: Order) -> dict[str, Any]:
    phones = {name: mask_phone(getattr(order, name)) for name in ("sender_phone", "receiver_phone")}
    return {name: getattr(order, name) for name in _HEAD} | phones


def _whole(order: Order) -> dict[str, Any]:
    shipment = shipment_of_order(order.id)
    amounts = {
        name: {"amount": getattr(order, name), "currency": order.currency}
        for name in orders.AMOUNTS
    }
    return {
        **{name: getattr(order, name) for name in (*_HEAD, *_REST)},
        **amounts,
        "shipment_id": shipment.id if shipment else None,
        "shipment_number": shipment.number if shipment else None,
    }


# --- shipments ------------------------------------------------------------------------------------


@blueprint.get("/shipments")
@endpoint(READ_SHIPMENTS, query=ShipmentListQuery, returns=ShipmentList)
def list_shipments(query: dict[str, Any]) -> dict[str, Any]:
    """Shipments, newest first."""
    asked = {"status": query["status"], "carrier": query["carrier"], "promise": query["promise"]}
    wanted = views.filtered(asked)
    if query["number"]:
        number = numbers.canonical_number(query["number"])
        wanted = wanted.where(sa.or_(Shipment.number == number, Shipment.carrier_number == number))
    page = page_of(wanted, Shipment.id, cursor=query["cursor"], limit=query["limit"])
    codes = {row.id: row.code for row in carriers.list_carriers()}
    items = [_shipment(row, codes[row.carrier_id]) for row in page.items]
    return {"items": items, "next": page.next}


@blueprint.get("/shipments/<uuid:shipment_id>")
@endpoint(READ_SHIPMENTS, returns=ShipmentOut)
def read_shipment(shipment_id: UUID) -> Any:
    """One shipment; its ETag is its version."""
    shipment = get_shipment(shipment_id)
    values = _shipment(shipment, carrier_of(shipment).code)
    return values, {"ETag": f'"{shipment.version}"'}


@blueprint.get("/shipments/<uuid:shipment_id>/events")
@endpoint(READ_SHIPMENTS, returns=ScanList)
def list_events(shipment_id: UUID) -> dict[str, Any]:
    """Everything that was told of a shipment, as it happened."""
    return {"items": events_of(get_shipment(shipment_id).id), "next": None}


@blueprint.post("/shipments/<uuid:shipment_id>/events")
@endpoint(WRITE_SHIPMENTS, body=ScanIn, returns=ScanOut, status=201)
def add_event(shipment_id: UUID, body: dict[str, Any]) -> Any:
    """Tell an event; the same code at the same time again is the same event."""
    shipment = lock_shipment(shipment_id)
    told = Report(number=shipment.carrier_number, **body)
    hear(shipment, [told], source="desk", actor=g.actor)
    return next(
        row for row in events_of(shipment.id) if (row.code, row.happened_at) == (told.code, told.at)
    )


@blueprint.get("/track")
@endpoint(READ_SHIPMENTS, query=TrackQuery, returns=TrackOut)
def track(query: dict[str, Any]) -> dict[str, Any]:
    """A shipment by its number, however it is typed, with the steps of its way."""
    shipment = by_number(query["number"])
    if shipment is None:
        raise NotFound("no such number")
    return _shipment(shipment, carrier_of(shipment).code) | {"steps": standing_of(shipment).steps}


def _shipment(shipment: Shipment, carrier: str) -> dict[str, Any]:
    values = {
        column.key: getattr(shipment, column.key) for column in sa.inspect(Shipment).column_attrs
    }
    return values | {"carrier": carrier, "expected_at": expected_at(shipment)}


# --- carriers -------------------------------------------------------------------------------------


@blueprint.get("/carriers")
@endpoint(READ_CARRIERS, returns=CarrierList)
def list_carriers() -> dict[str, Any]:
    """Carrier accounts."""
    items = [
        {
            **{name: getattr(row, name) for name in _ACCOUNT},
            "has_key": bool(row.secret),
        }
        for row in carriers.list_carriers()
    ]  # fmt: skip
    return {"items": items, "next": None}


@blueprint.post("/carriers/<name>/events")
@endpoint(PUBLIC, body=CarrierPushIn, returns=CarrierPushOut)
def push(name: str, body: dict[str, Any]) -> dict[str, int]:
    """A carrier tells what happened, signed by its key; 401 unless the signature holds and is fresh."""
    del body  # the signature is over the bytes as they came, and so is what is kept
    return asdict(carriers.receive(name, dict(request.headers), request.get_data()))


@blueprint.get("/status-maps")
@endpoint(READ_CARRIERS, query=MapQuery, returns=MeaningList)
def list_meanings(query: dict[str, Any]) -> dict[str, Any]:
    """What a carrier's codes mean; codes without a meaning come first."""
    carrier = carriers.carrier_named(query["carrier"])
    if carrier is None:
        raise NotFound("no such carrier")
    return {
        "items": [_meaning(row, carrier.code) for row in carriers.map_of(carrier.id)],
        "next": None,
    }


@blueprint.post("/status-maps")
@endpoint(WRITE_CARRIERS, body=MeaningIn, returns=MeaningOut, status=201)
def save_meaning(body: dict[str, Any]) -> dict[str, Any]:
    """Say what a code means; parcels that have it are read anew. Saying the same again changes nothing."""
    carrier = carriers.carrier_named(body["carrier"])
    if carrier is None:
        raise NotFound("no such carrier")
    row = carriers.save_meaning(
        carrier.id, body["code"], body["status"], body["sub"], actor=g.actor
    )
    return _meaning(row, carrier.code)


def _meaning(row: Any, carrier: str) -> dict[str, Any]:
    names = ("code", "words", "status", "sub", "changed_at")
    return {name: getattr(row, name) for name in names} | {"carrier": carrier}


# --- exceptions -----------------------------------------------------------------------------------


@blueprint.get("/exceptions")
@endpoint("ticket:read", query=ExceptionListQuery, returns=ExceptionList)
def list_exceptions(query: dict[str, Any]) -> dict[str, Any]:
    """Exceptions at tickets that one may see, latest first."""
    tenant_id = current_tenant().id
    seen = sa.select(TicketRow.id).where(
        TicketRow.tenant_id == tenant_id, visible_tickets_to(g.actor, "ticket:read")
    )
    wanted = sa.select(ExceptionCase).where(ExceptionCase.ticket_id.in_(seen))
    if query["open"]:
        wanted = wanted.where(ExceptionCase.over_at.is_(None))
    page = page_of(wanted, ExceptionCase.id, cursor=query["cursor"], limit=query["limit"])
    return {"items": page.items, "next": page.next}
