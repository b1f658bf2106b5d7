"""Homes and residents from a CSV file: a job reads it, line by line, idempotent by the unit's number."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa

from core.sdk import (
    SYSTEM,
    Invalid,
    PointIn,
    Problem,
    TooLarge,
    create_contact,
    current_tenant,
    db,
    emit,
    find_matches,
    normalise_point,
    now,
    read_csv,
    start_job,
    transaction,
)
from plugins.property_mgmt import estates
from plugins.property_mgmt.estates import WRITE, code_of, plain_code
from plugins.property_mgmt.events import UnitsImported
from plugins.property_mgmt.forms import KINDS, ROLES, STATUSES
from plugins.property_mgmt.models import Building, Estate, Import, Resident, Unit
from plugins.property_mgmt.residents import people_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from core.sdk import Actor, JobRun

JOB = "property_mgmt.import_units"
REQUIRED = ("estate", "building", "unit")
COLUMNS = (
    *REQUIRED, "estate_name", "building_name", "floor", "area_m2", "kind", "status",
    "resident", "role", "phone", "moved_in",
)  # fmt: skip
BATCH = 100
MOST_BYTES = 5 * 1024 * 1024
CODE = re.compile(r"[A-Z0-9]{1,12}")

Line = tuple[int, dict[str, str]]


def begin(name: str, content: bytes, *, actor: Actor) -> Import:
    """Keep the file and start the job that reads it; TooLarge, or Invalid for a file without the columns."""
    actor.must(WRITE)
    if len(content) > MOST_BYTES:
        raise TooLarge("import", limit=MOST_BYTES, unit="bytes")
    rows = read_csv(content, required=REQUIRED)
    if not rows:
        raise Invalid(Problem(field="file", message="property_mgmt.error.empty_file"))
    kept = Import(name=name[:200] or "units.csv", content=_plain_text(content), created_by=actor.id)
    db.session.add(kept)
    kept.run_id = start_job(JOB, {"import_id": str(kept.id)}, actor=actor)
    return kept


def _plain_text(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("gb18030")


def run(job: JobRun) -> None:
    """Read the file in batches; a second attempt finds what the first one made, and changes nothing twice."""
    import_id = job.payload["import_id"]
    with transaction():
        kept = _import(import_id)
        rows = read_csv(kept.content.encode(), required=REQUIRED)
    job.result = {"made": 0, "changed": 0, "same": 0, "refused": []}
    for start in range(0, len(rows), BATCH):
        with transaction():
            part = read_lines(rows[start : start + BATCH])
        _add(job.result, part)
        job.progress(min(start + BATCH, len(rows)), len(rows))
    with transaction():
        finish(_import(import_id), job.result)


def read_now(name: str, content: bytes) -> Import:
    """The whole file in the open transaction, for the command line and the demonstration; Invalid as `begin`."""
    rows = read_csv(content, required=REQUIRED)
    kept = Import(name=name[:200], content="")
    db.session.add(kept)
    total: dict[str, Any] = {"made": 0, "changed": 0, "same": 0, "refused": []}
    _add(total, read_lines(rows))
    finish(kept, total)
    return kept


def _add(total: dict[str, Any], part: dict[str, Any]) -> None:
    for name, value in part.items():
        total[name] += value


def _import(import_id: str) -> Import:
    return db.session.get_one(Import, (current_tenant().id, UUID(import_id)))


def finish(kept: Import, result: dict[str, Any]) -> None:
    """Keep what came of it, forget the file's words, and say it in one event."""
    kept.content, kept.finished_at = "", now()
    kept.made, kept.changed, kept.same = result["made"], result["changed"], result["same"]
    kept.refused = result["refused"]
    said = UnitsImported(
        import_id=kept.id,
        made=kept.made,
        changed=kept.changed,
        same=kept.same,
        refused=len(kept.refused),
    )
    emit(said, subject=("property_mgmt.import", kept.id), actor=SYSTEM)


# --- lines ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Said:
    """What a line says, checked."""

    estate: str
    building: str
    unit: str
    values: dict[str, Any]
    names: dict[str, str]
    resident: dict[str, Any] | None


class Book:
    """Estates, buildings and units known so far, so that a line costs no query of its own."""

    def __init__(self, codes: Sequence[str]) -> None:
        self.estates = {row.code: row for row in estates.estates()}
        self.buildings = {(row.estate_id, row.code): row for row in estates.buildings()}
        found = db.session.scalars(sa.select(Unit).where(Unit.code.in_(codes))).all()
        self.units = {row.code: row for row in found}
        self.people = people_of([row.id for row in found])

    def estate(self, said: Said) -> Estate:
        """The estate of a line, made if it is new."""
        found = self.estates.get(said.estate)
        if found is None:
            found = Estate(code=said.estate, name=said.names["estate"] or said.estate)
            db.session.add(found)
            # Buildings point at it, and nothing else orders the rows.
            db.session.flush()
            self.estates[said.estate] = found
        return found

    def building(self, said: Said, estate: Estate) -> Building:
        """The building of a line, made if it is new."""
        key = (estate.id, said.building)
        found = self.buildings.get(key)
        if found is None:
            name = said.names["building"] or said.building
            found = Building(estate_id=estate.id, code=said.building, name=name)
            db.session.add(found)
            # Units point at it, and nothing else orders the rows.
            db.session.flush()
            self.buildings[key] = found
        return found


def read_lines(rows: Sequence[Line]) -> dict[str, Any]:
    """Take in lines: how many made, changed or left a unit, and what was refused as [line, message, values]."""
    said: list[tuple[int, Said]] = []
    refused: list[list[Any]] = []
    for line, cells in rows:
        try:
            said.append((line, check(cells)))
        except Invalid as error:
            refused += [[line, p.field, p.message, dict(p.values)] for p in error.problems]
    book = Book([code_of(each.estate, each.building, each.unit) for _, each in said])
    result = {"made": 0, "changed": 0, "same": 0}
    for _, each in said:
        result[_take_in(each, book)] += 1
    # Residents point at units and contacts made above, and nothing else orders the rows.
    db.session.flush()
    for _, each in said:
        _settle(each, book)
    return {**result, "refused": refused}


def _take_in(said: Said, book: Book) -> str:
    estate = book.estate(said)
    building = book.building(said, estate)
    code = code_of(estate.code, building.code, said.unit)
    unit = book.units.get(code)
    if unit is None:
        unit = estates.new_unit(estate, building, {"number": said.unit, **said.values})
        db.session.add(unit)
        book.units[code] = unit
        return "made"
    changed = [name for name, value in said.values.items() if getattr(unit, name) != value]
    for name in changed:
        setattr(unit, name, said.values[name])
    unit.version += bool(changed)
    return "changed" if changed else "same"


def _settle(said: Said, book: Book) -> None:
    """The resident of a line moves in, unless somebody with his telephone or name lives there already."""
    if said.resident is None:
        return
    unit = book.units[code_of(said.estate, said.building, said.unit)]
    there = book.people.setdefault(unit.id, [])
    points = [PointIn("phone", said.resident["phone"])] if said.resident["phone"] else []
    known = [contact for contact in find_matches(points) if contact.verified] if points else []
    contact_id = known[0].id if known else None
    if contact_id is None:
        name = said.resident["name"]
        contact_id = create_contact(name, points=points, verified=True, actor=SYSTEM).id
        # The resident points at the contact, and nothing else orders the rows.
        db.session.flush()
    if any(row.contact_id == contact_id for row in there):
        return
    row = Resident(
        unit_id=unit.id,
        contact_id=contact_id,
        role=said.resident["role"],
        moved_in=said.resident["moved_in"],
    )
    db.session.add(row)
    there.append(row)


def check(cells: dict[str, str]) -> Said:
    """What a line says; Invalid names every mistake by its column."""
    problems = list(_problems(cells))
    if problems:
        raise Invalid(*problems)
    resident = None
    if cells.get("resident"):
        resident = {
            "name": cells["resident"],
            "role": cells.get("role") or "owner",
            "phone": cells.get("phone", ""),
            "moved_in": _day(cells.get("moved_in", "")),
        }
    values: dict[str, Any] = {
        "floor": int(cells["floor"]) if cells.get("floor") else None,
        "area_cm2": round(float(cells["area_m2"]) * 10_000) if cells.get("area_m2") else None,
        "kind": cells.get("kind", ""),
        "status": cells.get("status", ""),
    }
    return Said(
        estate=plain_code(cells["estate"]),
        building=plain_code(cells["building"]),
        unit=cells["unit"],
        values={name: value for name, value in values.items() if value not in (None, "")},
        names={"estate": cells.get("estate_name", ""), "building": cells.get("building_name", "")},
        resident=resident,
    )


def _problems(cells: dict[str, str]) -> Iterator[Problem]:
    for name in ("estate", "building"):
        if not CODE.fullmatch(plain_code(cells[name])):
            yield _wrong(name, "code")
    if not cells["unit"] or len(cells["unit"]) > 30:  # noqa: PLR2004  the column's length
        yield _wrong("unit", "missing")
    for name, allowed in (("kind", KINDS), ("status", STATUSES), ("role", ROLES)):
        if cells.get(name) and cells[name] not in allowed:
            yield _wrong(name, "choice", offered=", ".join(allowed))
    if cells.get("floor") and not re.fullmatch(r"-?\d{1,3}", cells["floor"]):
        yield _wrong("floor", "number")
    if cells.get("area_m2") and not re.fullmatch(r"\d{1,5}(\.\d{1,4})?", cells["area_m2"]):
        yield _wrong("area_m2", "number")
    if cells.get("phone") and normalise_point("phone", cells["phone"]) is None:
        yield _wrong("phone", "phone")
    if cells.get("moved_in") and _day(cells["moved_in"]) is None:
        yield _wrong("moved_in", "day")


def _wrong(column: str, word: str, **values: Any) -> Problem:
    told = (("column", column), *values.items())
    return Problem(field=column, message=f"property_mgmt.line.{word}", values=told)


def _day(typed: str) -> date | None:
    try:
        return date.fromisoformat(typed.replace("/", "-"))
    except ValueError:
        return None
