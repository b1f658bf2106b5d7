"""Estates, buildings, units, residents and work orders over REST."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from flask import g, request
from flask_smorest import Blueprint

from core.sdk import NotFound, Ticket, current_tenant, db, endpoint, once, page_of, principal_of
from plugins.property_mgmt import estates, orders, residents, work_shown
from plugins.property_mgmt.estates import READ, WRITE, row_of
from plugins.property_mgmt.models import Building, Estate, Resident, Unit
from plugins.property_mgmt.schemas import (
    BuildingIn,
    BuildingList,
    BuildingOut,
    BuildingPatch,
    BuildingQuery,
    EstateIn,
    EstateList,
    EstateOut,
    EstatePatch,
    Listed,
    NewOrder,
    OrderList,
    OrderMove,
    OrderOut,
    OrderQuery,
    ResidentIn,
    ResidentList,
    ResidentOut,
    ResidentPatch,
    ResidentQuery,
    UnitIn,
    UnitList,
    UnitOut,
    UnitPatch,
    UnitQuery,
)
from plugins.property_mgmt.work_models import WorkOrder
from plugins.property_mgmt.workflow import READ as READ_ORDERS
from plugins.property_mgmt.workflow import WRITE as WRITE_ORDERS

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    import flask

MATCH = ("If-Match",)
KEY = ("Idempotency-Key",)


def _blueprint(name: str, words: str) -> flask.Blueprint:
    label = name.replace("-", "_")
    made: flask.Blueprint = Blueprint(
        f"property_mgmt_{label}", __name__, url_prefix=f"/{name}", description=words
    )
    return made


estates_api = _blueprint("estates", "Estates")
buildings_api = _blueprint("buildings", "Buildings of estates")
units_api = _blueprint("units", "Homes, shops and offices")
residents_api = _blueprint("residents", "Who lives where")
orders_api = _blueprint("work-orders", "Work orders")
BLUEPRINTS: list[flask.Blueprint] = [
    estates_api,
    buildings_api,
    units_api,
    residents_api,
    orders_api,
]


def _version() -> int | None:
    match = re.fullmatch(r'(?:W/)?"?(\d{1,9})"?', request.headers.get("If-Match", "").strip())
    return int(match[1]) if match else None


def _tagged(row: Any) -> Any:
    return row, {"ETag": f'"{row.version}"'}


def _once(model: type[Any], route: str, body: dict[str, Any], make: Callable[[], Any]) -> Any:
    """The row that this key made the first time, or a new one."""
    made: UUID = once(
        lambda: make().id,
        principal=principal_of(g.actor),
        route=f"property_mgmt.{route}",
        key=request.headers.get("Idempotency-Key", ""),
        body={name: str(value) for name, value in body.items()},
    )
    return _tagged(row_of(model, made))


def _page(rows: Any, query: dict[str, Any], *columns: Any, newest: bool = False) -> dict[str, Any]:
    found = page_of(rows, *columns, cursor=query["cursor"], limit=query["limit"], newest=newest)
    return {"items": found.items, "next": found.next}


# --- estates --------------------------------------------------------------------------------------


@estates_api.get("")
@endpoint(READ, query=Listed, returns=EstateList)
def list_estates(query: dict[str, Any]) -> dict[str, Any]:
    """Estates by code."""
    rows = sa.select(Estate).where(Estate.archived_at.is_(None))
    return _page(rows, query, Estate.code, Estate.id)


@estates_api.post("")
@endpoint(WRITE, body=EstateIn, returns=EstateOut, status=201, headers=KEY)
def create_estate(body: dict[str, Any]) -> Any:
    """Add an estate; 409 for a code that is taken."""
    return _once(Estate, "estates", body, partial(estates.add_estate, body, actor=g.actor))


@estates_api.get("/<uuid:estate_id>")
@endpoint(READ, returns=EstateOut)
def read_estate(estate_id: UUID) -> Any:
    """One estate."""
    return _tagged(row_of(Estate, estate_id))


@estates_api.patch("/<uuid:estate_id>")
@endpoint(WRITE, body=EstatePatch, returns=EstateOut, headers=MATCH)
def change_estate(estate_id: UUID, body: dict[str, Any]) -> Any:
    """Merge-patch an estate at the version named by If-Match."""
    row = row_of(Estate, estate_id)
    estates.change(row, body, version=_version(), actor=g.actor)
    return _tagged(row)


# --- buildings ------------------------------------------------------------------------------------


@buildings_api.get("")
@endpoint(READ, query=BuildingQuery, returns=BuildingList)
def list_buildings(query: dict[str, Any]) -> dict[str, Any]:
    """Buildings, of one estate or all, by code."""
    rows = sa.select(Building)
    if query["estate_id"]:
        rows = rows.where(Building.estate_id == query["estate_id"])
    return _page(rows, query, Building.code, Building.id)


@buildings_api.post("")
@endpoint(WRITE, body=BuildingIn, returns=BuildingOut, status=201, headers=KEY)
def create_building(body: dict[str, Any]) -> Any:
    """Add a building to an estate; 409 for a code that the estate has."""
    return _once(Building, "buildings", body, partial(estates.add_building, body, actor=g.actor))


@buildings_api.get("/<uuid:building_id>")
@endpoint(READ, returns=BuildingOut)
def read_building(building_id: UUID) -> Any:
    """One building."""
    return _tagged(row_of(Building, building_id))


@buildings_api.patch("/<uuid:building_id>")
@endpoint(WRITE, body=BuildingPatch, returns=BuildingOut, headers=MATCH)
def change_building(building_id: UUID, body: dict[str, Any]) -> Any:
    """Merge-patch a building at the version named by If-Match."""
    row = row_of(Building, building_id)
    estates.change(row, body, version=_version(), actor=g.actor)
    return _tagged(row)


# --- units ----------------------------------------------------------------------------------------


@units_api.get("")
@endpoint(READ, query=UnitQuery, returns=UnitList)
def list_units(query: dict[str, Any]) -> dict[str, Any]:
    """Units by number; `q` searches in it, `code` is the whole number."""
    return _page(estates.units_where(query), query, Unit.code, Unit.id)


@units_api.post("")
@endpoint(WRITE, body=UnitIn, returns=UnitOut, status=201, headers=KEY)
def create_unit(body: dict[str, Any]) -> Any:
    """Add a unit to a building; 409 for a number that the building has."""
    return _once(Unit, "units", body, partial(estates.add_unit, body, actor=g.actor))


@units_api.get("/<uuid:unit_id>")
@endpoint(READ, returns=UnitOut)
def read_unit(unit_id: UUID) -> Any:
    """One unit."""
    return _tagged(row_of(Unit, unit_id))


@units_api.patch("/<uuid:unit_id>")
@endpoint(WRITE, body=UnitPatch, returns=UnitOut, headers=MATCH)
def change_unit(unit_id: UUID, body: dict[str, Any]) -> Any:
    """Merge-patch a unit at the version named by If-Match."""
    row = row_of(Unit, unit_id)
    estates.change(row, body, version=_version(), actor=g.actor)
    return _tagged(row)


# --- residents ------------------------------------------------------------------------------------


@residents_api.get("")
@endpoint(READ, query=ResidentQuery, returns=ResidentList)
def list_residents(query: dict[str, Any]) -> dict[str, Any]:
    """Who lives where now; with `all` those who left, too. Names are the contact's."""
    return _page(residents.residents_where(query), query, Resident.id)


@residents_api.post("")
@endpoint(WRITE, body=ResidentIn, returns=ResidentOut, status=201, headers=KEY)
def create_resident(body: dict[str, Any]) -> Any:
    """A contact moves in; 409 when he lives there already."""
    return _once(Resident, "residents", body, partial(residents.move_in, body, actor=g.actor))


@residents_api.get("/<uuid:resident_id>")
@endpoint(READ, returns=ResidentOut)
def read_resident(resident_id: UUID) -> Any:
    """One resident."""
    return _tagged(row_of(Resident, resident_id))


@residents_api.patch("/<uuid:resident_id>")
@endpoint(WRITE, body=ResidentPatch, returns=ResidentOut, headers=MATCH)
def change_resident(resident_id: UUID, body: dict[str, Any]) -> Any:
    """Change role or vulnerability, or let him move out, at the version named by If-Match."""
    row = residents.change_resident(resident_id, body, version=_version(), actor=g.actor)
    return _tagged(row)


# --- work orders ----------------------------------------------------------------------------------


@orders_api.get("")
@endpoint(READ_ORDERS, query=OrderQuery, returns=OrderList)
def list_orders(query: dict[str, Any]) -> dict[str, Any]:
    """Work orders of tickets that one sees, newest first."""
    rows = orders.orders_where(query, actor=g.actor)
    found = _page(rows, query, WorkOrder.created_at, WorkOrder.id, newest=True)
    return {**found, "items": [_out(order) for order in found["items"]]}


@orders_api.post("")
@endpoint(WRITE_ORDERS, body=NewOrder, returns=OrderOut, status=201, headers=KEY)
def create_order(body: dict[str, Any]) -> Any:
    """Make a work order for a ticket; it begins at reported."""
    make = partial(
        orders.order_for_staff,
        body["ticket_id"], trade=body["trade"], task=body["task"], actor=g.actor,
    )  # fmt: skip
    row, headers = _once(WorkOrder, "work_orders", body, make)
    return _out(row), headers


@orders_api.get("/<uuid:work_order_id>")
@endpoint(READ_ORDERS, returns=OrderOut)
def read_order(work_order_id: UUID) -> Any:
    """One work order, with the moves that one may take now."""
    order = orders.order_of(work_order_id, actor=g.actor)
    return _out(order), {"ETag": f'"{order.version}"'}


@orders_api.post("/<uuid:work_order_id>/moves")
@endpoint(WRITE_ORDERS, body=OrderMove, returns=OrderOut, status=201)
def move_order(work_order_id: UUID, body: dict[str, Any]) -> Any:
    """Take a move of ST-W: not offered 409, stale 412, a mistake in its form 422 at `form.<field>`."""
    orders.order_of(work_order_id, actor=g.actor)
    order = orders.take(
        work_order_id, body["name"], body["form"], actor=g.actor, version=body["version"]
    )
    return _out(order), {"ETag": f'"{order.version}"'}


def _out(order: WorkOrder) -> dict[str, Any]:
    ticket = db.session.get(Ticket, (current_tenant().id, order.ticket_id))
    if ticket is None:
        raise NotFound("no such ticket")
    quote, cost = work_shown.quote(order), work_shown.cost(order)
    named = OrderOut().fields
    values = {name: getattr(order, name) for name in named if hasattr(order, name)}
    return {
        **values,
        "number": orders.number_of(order, ticket),
        "quote": quote.as_json() if quote else None,
        "cost": cost.as_json() if cost else None,
        "moves": [way.name for way in orders.offered_for(order, g.actor)],
    }
