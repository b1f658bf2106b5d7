"""Who lives where: moving in and out, a contact's homes, a home's people, and which home a ticket is about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from core.sdk import (
    SYSTEM,
    Conflict,
    Handler,
    Invalid,
    NotFound,
    Problem,
    Ticket,
    TicketOpened,
    contact_names,
    current_tenant,
    day_of,
    db,
    emit,
    get_contact,
    now,
    points_of,
)
from plugins.property_mgmt.estates import WRITE, check_version, row_of, unit_of
from plugins.property_mgmt.events import (
    ResidentChanged,
    ResidentMovedIn,
    ResidentMovedOut,
    UnitLinked,
)
from plugins.property_mgmt.models import Resident, TicketUnit, Unit

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from uuid import UUID

    from core.sdk import Actor, EventRow


def move_in(values: Mapping[str, Any], *, actor: Actor) -> Resident:
    """A contact becomes owner, tenant or family of a unit; Conflict when he lives there already."""
    actor.must(WRITE)
    try:
        contact = get_contact(values["contact_id"])
        unit = unit_of(values["unit_id"])
    except NotFound as error:
        field = "unit_id" if "unit" in str(error) else "contact_id"
        raise Invalid(Problem(field=field, message="property_mgmt.error.unknown")) from None
    there = [row.contact_id for row in people_of([unit.id]).get(unit.id, [])]
    if contact.id in there:
        raise Conflict("he lives there already", field="contact_id")
    resident = Resident(**{**values, "contact_id": contact.id})
    db.session.add(resident)
    tell_moved_in(resident, actor)
    return resident


def tell_moved_in(resident: Resident, actor: Actor) -> None:
    """Say that somebody moved in."""
    said = ResidentMovedIn(
        resident_id=resident.id,
        unit_id=resident.unit_id,
        contact_id=resident.contact_id,
        role=resident.role,
    )
    emit(said, subject=("property_mgmt.unit", resident.unit_id), actor=actor)


def change_resident(
    resident_id: UUID, values: Mapping[str, Any], *, version: int | None, actor: Actor
) -> Resident:
    """Change role, vulnerability or the day of moving out; VersionMissing, StaleVersion, Invalid."""
    actor.must(WRITE)
    resident: Resident = row_of(Resident, resident_id)
    check_version(resident, values, version)
    left = values.get("moved_out")
    if left and resident.moved_in and left < resident.moved_in:
        raise Invalid(Problem(field="moved_out", message="property_mgmt.error.left_before"))
    changed = tuple(name for name, value in values.items() if getattr(resident, name) != value)
    for name in changed:
        setattr(resident, name, values[name])
    if changed:
        resident.version += 1
        _tell_changed(resident, changed, actor)
    return resident


def _tell_changed(resident: Resident, changed: tuple[str, ...], actor: Actor) -> None:
    subject = ("property_mgmt.unit", resident.unit_id)
    if "moved_out" in changed and resident.moved_out:
        gone = ResidentMovedOut(
            resident_id=resident.id, unit_id=resident.unit_id, contact_id=resident.contact_id
        )
        emit(gone, subject=subject, actor=actor)
        changed = tuple(name for name in changed if name != "moved_out")
    if changed:
        said = ResidentChanged(resident_id=resident.id, unit_id=resident.unit_id, fields=changed)
        emit(said, subject=subject, actor=actor)


def move_out(resident_id: UUID, *, version: int | None, actor: Actor) -> Resident:
    """The contact no longer belongs to the unit, from today."""
    today = day_of(now())
    return change_resident(resident_id, {"moved_out": today}, version=version, actor=actor)


# --- reading --------------------------------------------------------------------------------------


def residents_where(wanted: Mapping[str, Any]) -> sa.Select[Any]:
    """Residents by unit_id and contact_id; those who left only with `all`."""
    rows = sa.select(Resident)
    for name in ("unit_id", "contact_id"):
        if wanted.get(name):
            rows = rows.where(getattr(Resident, name) == wanted[name])
    return rows if wanted.get("all") else rows.where(Resident.moved_out.is_(None))


def people_of(unit_ids: Iterable[UUID]) -> dict[UUID, list[Resident]]:
    """Who lives in each of these units now, owners first."""
    rows = sa.select(Resident).where(
        Resident.unit_id.in_(list(unit_ids)), Resident.moved_out.is_(None)
    )
    found: dict[UUID, list[Resident]] = {}
    for row in db.session.scalars(rows.order_by(Resident.id)):
        found.setdefault(row.unit_id, []).append(row)
    ranks = ("owner", "tenant", "family")
    for people in found.values():
        people.sort(key=lambda row: ranks.index(row.role))
    return found


def homes_of(contact_id: UUID) -> list[Resident]:
    """Where a contact lives now."""
    rows = residents_where({"contact_id": contact_id}).order_by(Resident.id)
    return list(db.session.scalars(rows))


def named(people: Iterable[Resident]) -> list[dict[str, Any]]:
    """Residents with name and telephone, as lists show them; asked for all at once."""
    rows = list(people)
    names = contact_names([row.contact_id for row in rows])
    points = points_of({row.contact_id for row in rows})
    return [
        {
            "row": row,
            "name": names.get(row.contact_id, ""),
            "phone": next((p.value for p in points[row.contact_id] if p.kind == "phone"), ""),
        }
        for row in rows
    ]


# --- which home a ticket is about -----------------------------------------------------------------


def unit_of_ticket(ticket_id: UUID) -> Unit | None:
    """The home that a ticket is about; None while nobody knows."""
    link = db.session.get(TicketUnit, (current_tenant().id, ticket_id))
    return unit_of(link.unit_id) if link else None


def link_unit(ticket_id: UUID, unit_id: UUID, *, known_by: str, actor: Actor) -> None:
    """Keep which home a ticket is about; Invalid for a unit that there is not (PM-01)."""
    if db.session.get(Unit, (current_tenant().id, unit_id)) is None:
        raise Invalid(Problem(field="unit", message="property_mgmt.error.no_unit"))
    link = db.session.get(TicketUnit, (current_tenant().id, ticket_id))
    if link is None:
        link = TicketUnit(ticket_id=ticket_id, unit_id=unit_id, known_by=known_by)
        db.session.add(link)
    elif link.unit_id == unit_id:
        return
    link.unit_id, link.known_by = unit_id, known_by
    said = UnitLinked(unit_id=unit_id, known_by=known_by)
    emit(said, subject=("ticket", ticket_id), actor=actor)


def link_only_home(row: EventRow) -> None:
    """A new ticket of somebody with one home is about that home, until somebody says otherwise (PM-01)."""
    ticket = db.session.get(Ticket, (current_tenant().id, row.subject_id))
    if ticket is None or ticket.contact_id is None:
        return
    homes = {home.unit_id for home in homes_of(ticket.contact_id)}
    if len(homes) != 1 or unit_of_ticket(ticket.id) is not None:
        return
    link_unit(ticket.id, homes.pop(), known_by="contact", actor=SYSTEM)


HANDLERS = [Handler("property_mgmt.only_home", TicketOpened, link_only_home)]
