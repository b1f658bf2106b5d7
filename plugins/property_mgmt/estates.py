"""Estates, buildings and units: added, changed, found by their number."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from core.sdk import (
    Conflict,
    Invalid,
    NotFound,
    Problem,
    StaleVersion,
    VersionMissing,
    current_tenant,
    db,
    emit,
    names_of_users,
)
from plugins.property_mgmt.events import (
    BuildingAdded,
    BuildingChanged,
    EstateAdded,
    EstateChanged,
    UnitAdded,
    UnitChanged,
)
from plugins.property_mgmt.models import Building, Estate, Unit

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from uuid import UUID

    from core.sdk import Actor

READ, WRITE = "property_mgmt.unit:read", "property_mgmt.unit:write"


def row_of(model: type[Any], row_id: UUID) -> Any:
    """A row of this tenant by its id; NotFound."""
    found = db.session.get(model, (current_tenant().id, row_id))
    if found is None:
        raise NotFound(f"no such {model.__tablename__}")
    return found


def unit_of(unit_id: UUID) -> Unit:
    """A unit; NotFound."""
    found: Unit = row_of(Unit, unit_id)
    return found


def add_estate(values: Mapping[str, Any], *, actor: Actor) -> Estate:
    """Look after an estate from now on; Conflict for a code that is taken, Invalid for an unknown manager."""
    actor.must(WRITE)
    _check_manager(values)
    code = plain_code(values["code"])
    _refuse_twice(Estate, Estate.code == code)
    estate = Estate(**{**values, "code": code})
    db.session.add(estate)
    _write()
    emit(EstateAdded(estate_id=estate.id), subject=("property_mgmt.estate", estate.id), actor=actor)
    return estate


def add_building(values: Mapping[str, Any], *, actor: Actor) -> Building:
    """Add a building to an estate; Conflict for a code that the estate has."""
    actor.must(WRITE)
    estate = _named(Estate, values["estate_id"], "estate_id")
    code = plain_code(values["code"])
    _refuse_twice(Building, Building.estate_id == estate.id, Building.code == code)
    building = Building(**{**values, "code": code})
    db.session.add(building)
    _write()
    said = BuildingAdded(building_id=building.id, estate_id=estate.id)
    emit(said, subject=("property_mgmt.building", building.id), actor=actor)
    return building


def add_unit(values: Mapping[str, Any], *, actor: Actor) -> Unit:
    """Add a unit to a building; Conflict for a number that the building has."""
    actor.must(WRITE)
    building = _named(Building, values["building_id"], "building_id")
    unit = new_unit(row_of(Estate, building.estate_id), building, values)
    _refuse_twice(Unit, Unit.code == unit.code)
    db.session.add(unit)
    _write()
    said = UnitAdded(unit_id=unit.id, building_id=building.id)
    emit(said, subject=("property_mgmt.unit", unit.id), actor=actor)
    return unit


def new_unit(estate: Estate, building: Building, values: Mapping[str, Any]) -> Unit:
    """The row of a unit, with its number in the whole company."""
    number = unicodedata.normalize("NFKC", str(values["number"])).strip()
    code = code_of(estate.code, building.code, number)
    return Unit(**{**values, "building_id": building.id, "number": number, "code": code})


def change(
    row: Any, values: Mapping[str, Any], *, version: int | None, actor: Actor
) -> tuple[str, ...]:
    """Change fields of an estate, building or unit; gives those that really changed.

    VersionMissing, StaleVersion with both values, Invalid for an unknown manager.
    """
    actor.must(WRITE)
    check_version(row, values, version)
    _check_manager(values)
    changed = tuple(name for name, value in values.items() if getattr(row, name) != value)
    if not changed:
        return ()
    for name in changed:
        setattr(row, name, values[name])
    row.version += 1
    _tell_change(row, changed, actor)
    return changed


def check_version(row: Any, values: Mapping[str, Any], version: int | None) -> None:
    """Raise VersionMissing, or StaleVersion with the values on both sides."""
    if version is None:
        raise VersionMissing("say which version you read")
    if version != row.version:
        fields = {name: [getattr(row, name), value] for name, value in values.items()}
        raise StaleVersion(current=row.version, given=version, fields=fields)


def _tell_change(row: Any, changed: tuple[str, ...], actor: Actor) -> None:
    if isinstance(row, Estate):
        said: Any = EstateChanged(estate_id=row.id, fields=changed)
    elif isinstance(row, Building):
        said = BuildingChanged(building_id=row.id, fields=changed)
    else:
        said = UnitChanged(unit_id=row.id, fields=changed)
    emit(said, subject=(said.type.rpartition(".")[0], row.id), actor=actor)


def plain_code(typed: str) -> str:
    """A code without full width, blanks and small letters: what numbers are made of."""
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", typed)).upper()


def code_of(estate: str, building: str, number: str) -> str:
    """The number of a unit in the whole company."""
    return f"{estate}-{building}-{plain_code(number)}"


# --- finding --------------------------------------------------------------------------------------


def find_unit(typed: str) -> Unit | None:
    """The unit that somebody means by its company-wide number, whatever its case, width and blanks."""
    return db.session.scalars(sa.select(Unit).where(Unit.code == plain_code(typed))).one_or_none()


def unit_in(building_id: UUID, number: str) -> Unit | None:
    """The unit of that number in a building."""
    wanted = plain_code(number)
    rows = sa.select(Unit).where(Unit.building_id == building_id, Unit.archived_at.is_(None))
    return next((u for u in db.session.scalars(rows) if plain_code(u.number) == wanted), None)


def estates() -> list[Estate]:
    """Every estate, by code."""
    rows = sa.select(Estate).where(Estate.archived_at.is_(None)).order_by(Estate.code)
    return list(db.session.scalars(rows))


def buildings(estate_id: UUID | None = None) -> list[Building]:
    """The buildings of an estate, or all, by code."""
    rows = sa.select(Building).order_by(Building.estate_id, Building.code)
    if estate_id is not None:
        rows = rows.where(Building.estate_id == estate_id)
    return list(db.session.scalars(rows))


def places(unit_ids: Iterable[UUID | None]) -> dict[UUID, str]:
    """The address of each unit in words: estate, building, number; for many at once."""
    wanted = {unit_id for unit_id in unit_ids if unit_id}
    if not wanted:
        return {}
    tenant_id = current_tenant().id
    rows = db.session.execute(
        sa.select(Unit.id, Estate.name, Building.name, Unit.number)
        .join(Building, sa.and_(Building.tenant_id == tenant_id, Building.id == Unit.building_id))
        .join(Estate, sa.and_(Estate.tenant_id == tenant_id, Estate.id == Building.estate_id))
        .where(Unit.tenant_id == tenant_id, Unit.id.in_(wanted))
    )
    return {row[0]: " ".join(row[1:]) for row in rows}


def place(unit_id: UUID | None) -> str:
    """The address of a unit in words; "" for none."""
    return places([unit_id]).get(unit_id, "") if unit_id else ""


def units_where(wanted: Mapping[str, Any]) -> sa.Select[Any]:
    """Units by estate_id, building_id, kind, status, code and q (in the number or code)."""
    rows = sa.select(Unit).where(Unit.archived_at.is_(None))
    if wanted.get("building_id"):
        rows = rows.where(Unit.building_id == wanted["building_id"])
    elif wanted.get("estate_id"):
        within = sa.select(Building.id).where(
            Building.tenant_id == current_tenant().id, Building.estate_id == wanted["estate_id"]
        )
        rows = rows.where(Unit.building_id.in_(within))
    for name in ("kind", "status"):
        if wanted.get(name):
            rows = rows.where(getattr(Unit, name) == wanted[name])
    if wanted.get("code"):
        rows = rows.where(Unit.code == plain_code(wanted["code"]))
    if wanted.get("q"):
        rows = rows.where(Unit.code.contains(plain_code(wanted["q"]), autoescape=True))
    return rows


def _named(model: type[Any], row_id: UUID, field: str) -> Any:
    found = db.session.get(model, (current_tenant().id, row_id))
    if found is None:
        raise Invalid(Problem(field=field, message="property_mgmt.error.unknown"))
    return found


def _refuse_twice(model: type[Any], *same: Any) -> None:
    if db.session.scalar(sa.select(model.id).where(*same).limit(1)) is not None:
        raise Conflict("the number is taken", field="code")


def _write() -> None:
    """Write now: rows that follow point at this one; somebody who took the number in the same moment is told of."""
    try:
        db.session.flush()  # what points at the row comes next
    except sa.exc.IntegrityError:
        raise Conflict("the number is taken", field="code") from None


def _check_manager(values: Mapping[str, Any]) -> None:
    manager_id = values.get("manager_id")
    if manager_id is not None and not names_of_users([manager_id]):
        raise Invalid(Problem(field="manager_id", message="property_mgmt.error.unknown"))
