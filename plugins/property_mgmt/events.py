"""The facts of property management; each docstring is the manual of its webhook topic, none carries personal data."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from core.sdk import Event


@dataclass(frozen=True, kw_only=True)
class EstateAdded(Event):
    """An estate (小区) is looked after from now on."""

    type = "property_mgmt.estate.added"
    estate_id: UUID


@dataclass(frozen=True, kw_only=True)
class EstateChanged(Event):
    """Fields of an estate changed; `fields` names them."""

    type = "property_mgmt.estate.changed"
    estate_id: UUID
    fields: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class BuildingAdded(Event):
    """A building (楼栋) came to an estate."""

    type = "property_mgmt.building.added"
    building_id: UUID
    estate_id: UUID


@dataclass(frozen=True, kw_only=True)
class BuildingChanged(Event):
    """Fields of a building changed."""

    type = "property_mgmt.building.changed"
    building_id: UUID
    fields: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class UnitAdded(Event):
    """A home, shop or office (房屋) came to a building."""

    type = "property_mgmt.unit.added"
    unit_id: UUID
    building_id: UUID


@dataclass(frozen=True, kw_only=True)
class UnitChanged(Event):
    """Fields of a unit changed."""

    type = "property_mgmt.unit.changed"
    unit_id: UUID
    fields: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class UnitsImported(Event):
    """A file of homes and residents was read: how many lines made, changed or left a unit, or were refused."""

    type = "property_mgmt.units.imported"
    import_id: UUID
    made: int
    changed: int
    same: int
    refused: int


@dataclass(frozen=True, kw_only=True)
class UnitLinked(Event):
    """It became known which home a ticket is about: by its form, by its contact's only home, or by staff (PM-01)."""

    type = "property_mgmt.unit.linked"
    unit_id: UUID
    known_by: str


@dataclass(frozen=True, kw_only=True)
class ResidentMovedIn(Event):
    """A contact became owner, tenant or family of a unit."""

    type = "property_mgmt.resident.moved_in"
    resident_id: UUID
    unit_id: UUID
    contact_id: UUID
    role: str


@dataclass(frozen=True, kw_only=True)
class ResidentChanged(Event):
    """Fields of a resident changed."""

    type = "property_mgmt.resident.changed"
    resident_id: UUID
    unit_id: UUID
    fields: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ResidentMovedOut(Event):
    """A contact no longer belongs to a unit."""

    type = "property_mgmt.resident.moved_out"
    resident_id: UUID
    unit_id: UUID
    contact_id: UUID


@dataclass(frozen=True, kw_only=True)
class ContractorAdded(Event):
    """Work may go to a further contractor (维修商)."""

    type = "property_mgmt.contractor.added"
    contractor_id: UUID


@dataclass(frozen=True, kw_only=True)
class ContractorChanged(Event):
    """Trades or availability of a contractor changed."""

    type = "property_mgmt.contractor.changed"
    contractor_id: UUID
    fields: tuple[str, ...]


EVENTS: list[type[Event]] = [
    EstateAdded, EstateChanged, BuildingAdded, BuildingChanged, UnitAdded, UnitChanged, UnitsImported,
    UnitLinked, ResidentMovedIn, ResidentChanged, ResidentMovedOut, ContractorAdded, ContractorChanged,
]  # fmt: skip
