"""Estates, homes and residents at the desk: lists, the unit page with its history, and their small forms."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode
from uuid import UUID

import sqlalchemy as sa
from flask import flash, g, redirect, request
from marshmallow import Schema, ValidationError

from core.sdk import (
    Invalid,
    NotFound,
    Problem,
    StaleVersion,
    Ticket,
    csv_answer,
    current_tenant,
    db,
    desk_page,
    form_summary,
    get_ticket,
    mask_phone,
    names_of_users,
    page,
    page_of,
    search_contacts,
    staff,
    text,
    visible_tickets_to,
)
from plugins.property_mgmt import estates, orders, residents
from plugins.property_mgmt.desk_work import lines
from plugins.property_mgmt.estates import READ, WRITE, unit_of
from plugins.property_mgmt.forms import KINDS, ROLES, STATUSES
from plugins.property_mgmt.models import Building, Estate, Resident, TicketUnit, Unit
from plugins.property_mgmt.panels import area
from plugins.property_mgmt.schemas import BuildingIn, EstateIn, ResidentIn, UnitIn, UnitPatch
from plugins.property_mgmt.work_models import WorkOrder
from plugins.property_mgmt.workflow import WRITE as WRITE_ORDERS

if TYPE_CHECKING:
    from core.sdk import PolydeskError

ADDRESS = "/x/property_mgmt/units"
PER_PAGE = 50
HISTORY = 20
OPEN = ("new", "open", "waiting")


# --- lists ----------------------------------------------------------------------------------------


@page(READ)
def units_page() -> str:
    """Every unit, by number; `?q=` searches, `?estate=`, `?kind=` and `?status=` narrow."""
    asked = _asked()
    listed = page_of(
        estates.units_where(asked), Unit.code, Unit.id,
        cursor=request.args.get("cursor", ""), limit=PER_PAGE, newest=False,
    )  # fmt: skip
    people = residents.people_of([unit.id for unit in listed.items])
    told = residents.named([row for rows in people.values() for row in rows])
    names: dict[UUID, list[str]] = {}
    for each in told:
        names.setdefault(each["row"].unit_id, []).append(each["name"])
    return desk_page(
        "property_mgmt/units.html",
        estates=estates.estates(),
        kinds=_titled("kind", KINDS),
        statuses=_titled("status", STATUSES),
        asked=request.args,
        units=listed.items,
        places=estates.places([unit.id for unit in listed.items]),
        people=names,
        area=area,
        total=_count(asked),
        csv_url=f"{ADDRESS}.csv?{urlencode(_kept())}",
        next_url=f"{ADDRESS}?{urlencode(_kept() | {'cursor': listed.next})}" if listed.next else "",
        first_url=f"{ADDRESS}?{urlencode(_kept())}" if request.args.get("cursor") else "",
    )


def _asked() -> dict[str, Any]:
    given = request.args
    found = {name: given.get(name, "") for name in ("q", "kind", "status")}
    estate = next((row for row in estates.estates() if row.code == given.get("estate")), None)
    return {**found, "estate_id": estate.id if estate else None}


def _kept() -> dict[str, str]:
    names = ("q", "estate", "kind", "status")
    return {name: request.args[name] for name in names if request.args.get(name)}


def _titled(group: str, names: tuple[str, ...]) -> list[tuple[str, str]]:
    return [(name, text(f"property_mgmt.{group}.{name}")) for name in names]


def _count(asked: dict[str, Any]) -> int:
    rows = estates.units_where(asked).with_only_columns(sa.func.count())
    return db.session.scalar(rows) or 0


@page(READ)
def units_csv() -> Any:
    """The same units as CSV, in the columns that an import takes."""
    rows = db.session.scalars(estates.units_where(_asked()).order_by(Unit.code)).all()
    told = estates.places([unit.id for unit in rows])
    header = ("code", "place", "unit", "floor", "area_m2", "kind", "status")
    cells = (
        (u.code, told[u.id], u.number, u.floor, area(u) if u.area_cm2 else "", u.kind, u.status)
        for u in rows
    )
    return csv_answer("units", header, cells)


@page(READ)
def estates_page() -> str:
    """Estates with their buildings, and the forms to add more."""
    return _draw_estates()


def _draw_estates(**more: Any) -> str:
    buildings: dict[UUID, list[Any]] = {}
    for row in estates.buildings():
        buildings.setdefault(row.estate_id, []).append(row)
    found = estates.estates()
    values: dict[str, Any] = {"typed": {}, "problems": [], "asked": request.args.get("add", "")}
    return desk_page(
        "property_mgmt/estates.html",
        estates=found,
        buildings=buildings,
        counts=_units_per_estate(),
        managers=names_of_users([row.manager_id for row in found]),
        people=staff("ticket:read"),
        may_write=g.actor.can(WRITE),
        **{**values, **more},
    )


def _units_per_estate() -> dict[UUID, int]:
    tenant_id = current_tenant().id
    building = Building
    rows = db.session.execute(
        sa.select(building.estate_id, sa.func.count())
        .join(Unit, sa.and_(Unit.tenant_id == tenant_id, Unit.building_id == building.id))
        .where(building.tenant_id == tenant_id, Unit.archived_at.is_(None))
        .group_by(building.estate_id)
    )
    return {row[0]: row[1] for row in rows}


# --- one unit -------------------------------------------------------------------------------------


@page(READ)
def unit_page(unit_id: UUID) -> str:
    """One home: who lives there, what is open, what was done."""
    return _draw_unit(unit_id)


def _draw_unit(unit_id: UUID, **more: Any) -> str:
    unit = unit_of(unit_id)
    tickets = _matters(unit.id)
    work = db.session.scalars(
        orders.orders_where({"unit_id": unit.id}, actor=g.actor)
        .order_by(WorkOrder.created_at.desc(), WorkOrder.id.desc())
        .limit(HISTORY)
    ).all()
    everybody = db.session.scalars(
        residents.residents_where({"unit_id": unit.id, "all": True}).order_by(Resident.id)
    ).all()
    who = request.args.get("who", "").strip()
    values: dict[str, Any] = {"typed": {}, "problems": [], "asked": request.args.get("add", "")}
    return desk_page(
        "property_mgmt/unit.html",
        unit=unit,
        place=estates.place(unit.id),
        area=area(unit),
        people=residents.named(everybody),
        mask=mask_phone,
        open_tickets=[ticket for ticket in tickets if ticket.status in OPEN],
        past_tickets=[ticket for ticket in tickets if ticket.status not in OPEN],
        work=lines(work),
        statuses=_titled("status", STATUSES),
        kinds=_titled("kind", KINDS),
        roles=_titled("role", ROLES),
        who=who,
        found=search_contacts(who, limit=8) if who else [],
        may_write=g.actor.can(WRITE),
        **{**values, **more},
    )


def _matters(unit_id: UUID) -> list[Ticket]:
    tenant_id = current_tenant().id
    rows = (
        sa.select(Ticket)
        .join(TicketUnit, sa.and_(TicketUnit.tenant_id == tenant_id, TicketUnit.ticket_id == Ticket.id))
        .where(Ticket.tenant_id == tenant_id, TicketUnit.unit_id == unit_id)
        .where(visible_tickets_to(g.actor, "ticket:read"))
        .order_by(Ticket.opened_at.desc(), Ticket.id.desc())
        .limit(HISTORY)
    )  # fmt: skip
    return list(db.session.scalars(rows))


# --- forms ----------------------------------------------------------------------------------------


def _loaded(schema: type[Schema], **more: Any) -> dict[str, Any]:
    """The fields of a small form, through the schema that the API has; Invalid names every mistake."""
    made = schema()
    given: dict[str, Any] = {
        name: value.strip() for name, value in request.form.items() if name in made.fields
    }
    given = {name: value for name, value in given.items() if value}
    numbers = ("service_grade", "floors", "floor", "area_cm2")
    if request.form.get("area_m2", "").strip():
        given["area_cm2"] = _square(request.form["area_m2"].strip())
    for name in numbers:
        if re.fullmatch(r"-?\d{1,9}", str(given.get(name, ""))):
            given[name] = int(given[name])
    try:
        loaded: dict[str, Any] = made.load({**given, **more})
    except ValidationError as error:
        raise Invalid(
            *(Problem(field=name, message=f"property_mgmt.wrong.{name}") for name in error.messages)
        ) from None
    return loaded


def _square(typed: str) -> Any:
    fits = re.fullmatch(r"\d{1,5}(\.\d{1,4})?", typed)
    return round(float(typed) * 10_000) if fits else typed


def _told(error: PolydeskError) -> dict[str, Any]:
    if isinstance(error, Invalid):
        problems = error.problems
    else:
        word = "changed" if isinstance(error, StaleVersion) else "taken"
        problems = (Problem(field="", message=f"property_mgmt.error.{word}"),)
    summary = [
        {"field": problem.field, "words": words}
        for problem, (_, words) in zip(problems, form_summary(problems), strict=True)
    ]
    return {"problems": summary, "typed": request.form}


def _estate_again(error: PolydeskError) -> str:
    return _draw_estates(asked="estate", **_told(error))


@page(WRITE, redraw=_estate_again)
def add_estate() -> Any:
    """Look after an estate from now on."""
    estates.add_estate(_loaded(EstateIn), actor=g.actor)
    flash(text("property_mgmt.estates.added"))
    return redirect("/x/property_mgmt/estates", 303)


def _building_again(error: PolydeskError, estate_id: UUID) -> str:
    return _draw_estates(asked=str(estate_id), **_told(error))


@page(WRITE, redraw=_building_again)
def add_building(estate_id: UUID) -> Any:
    """Add a building to an estate."""
    estates.row_of(Estate, estate_id)
    estates.add_building(_loaded(BuildingIn, estate_id=str(estate_id)), actor=g.actor)
    return redirect("/x/property_mgmt/estates", 303)


def _unit_again(error: PolydeskError, building_id: UUID) -> str:
    return _draw_estates(asked=str(building_id), **_told(error))


@page(WRITE, redraw=_unit_again)
def add_unit(building_id: UUID) -> Any:
    """Add a unit to a building."""
    estates.row_of(Building, building_id)
    unit = estates.add_unit(_loaded(UnitIn, building_id=str(building_id)), actor=g.actor)
    return redirect(f"{ADDRESS}/{unit.id}", 303)


def _change_again(error: PolydeskError, unit_id: UUID) -> str:
    return _draw_unit(unit_id, asked="edit", **_told(error))


@page(WRITE, redraw=_change_again)
def change_unit(unit_id: UUID) -> Any:
    """Change area, floor, kind or status."""
    version = request.form.get("version", "")
    estates.change(
        unit_of(unit_id), _loaded(UnitPatch), actor=g.actor,
        version=int(version) if version.isdecimal() else -1,
    )  # fmt: skip
    return redirect(f"{ADDRESS}/{unit_id}", 303)


def _resident_again(error: PolydeskError, unit_id: UUID) -> str:
    return _draw_unit(unit_id, asked="resident", **_told(error))


@page(WRITE, redraw=_resident_again)
def add_resident(unit_id: UUID) -> Any:
    """A contact moves in."""
    unit_of(unit_id)
    given = request.form.get("contact", "")
    values = _loaded(
        ResidentIn, unit_id=str(unit_id), contact_id=given or "-",
        vulnerable=request.form.get("vulnerable") == "1",
    )  # fmt: skip
    residents.move_in(values, actor=g.actor)
    return redirect(f"{ADDRESS}/{unit_id}", 303)


def _leave_again(error: PolydeskError, resident_id: UUID) -> str:
    return _draw_unit(estates.row_of(Resident, resident_id).unit_id, **_told(error))


@page(WRITE, redraw=_leave_again)
def move_out(resident_id: UUID) -> Any:
    """A contact moves out today."""
    version = request.form.get("version", "")
    row = residents.move_out(
        resident_id, version=int(version) if version.isdecimal() else -1, actor=g.actor
    )
    return redirect(f"{ADDRESS}/{row.unit_id}", 303)


# --- which home a ticket is about -----------------------------------------------------------------


@page(WRITE_ORDERS)
def ticket_unit(ticket_id: UUID) -> str:
    """Find the home that a ticket is about: the customer's own, or by number."""
    return _draw_choice(ticket_id)


def _draw_choice(ticket_id: UUID, **more: Any) -> str:
    ticket = get_ticket(ticket_id, actor=g.actor)
    words = request.args.get("q", "").strip()
    homes = residents.homes_of(ticket.contact_id) if ticket.contact_id else []
    found = []
    if words:
        wanted = estates.units_where({"q": words})
        found = page_of(wanted, Unit.code, Unit.id, limit=12, newest=False).items
    ids = [home.unit_id for home in homes] + [unit.id for unit in found]
    told = estates.places(ids)
    now_at = residents.unit_of_ticket(ticket.id)
    return desk_page(
        "property_mgmt/ticket_unit.html",
        **{
            "ticket": ticket,
            "q": words,
            "homes": [(home, told[home.unit_id]) for home in homes],
            "found": [(unit, told[unit.id]) for unit in found],
            "now_at": estates.place(now_at.id) if now_at else "",
            "problems": [],
            **more,
        },
    )


def _choice_again(error: PolydeskError, ticket_id: UUID) -> str:
    return _draw_choice(ticket_id, problems=_told(error)["problems"])


@page(WRITE_ORDERS, redraw=_choice_again)
def set_ticket_unit(ticket_id: UUID) -> Any:
    """Keep which home a ticket is about."""
    ticket = get_ticket(ticket_id, actor=g.actor)
    try:
        unit = unit_of(UUID(request.form.get("unit", "")))
    except (ValueError, NotFound):
        raise Invalid(Problem(field="unit", message="property_mgmt.error.no_unit")) from None
    residents.link_unit(ticket.id, unit.id, known_by="staff", actor=g.actor)
    return redirect(f"/desk/tickets/{ticket.id}", 303)
