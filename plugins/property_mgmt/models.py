"""What a property manager looks after and for whom: estates down to homes, residents, contractors, imports."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.sdk import Base, TenantKeyed, TenantScoped, UtcDateTime, now, tenant_foreign_key


class Estate(TenantScoped, Base):
    """An estate (小区); `service_grade` 1 to 3 is the residential service grade that STD-18 promises by."""

    __tablename__ = "property_mgmt_estate"
    __table_args__ = (
        sa.UniqueConstraint("tenant_id", "code"),
        tenant_foreign_key("user_account", "manager_id"),
        sa.Index("ix_property_mgmt_estate_manager", "tenant_id", "manager_id"),
    )
    code: Mapped[str] = mapped_column(sa.String(20))
    name: Mapped[str] = mapped_column(sa.String(120))
    address: Mapped[str] = mapped_column(sa.String(300), default="")
    service_grade: Mapped[int] = mapped_column(sa.SmallInteger, default=2)
    manager_id: Mapped[UUID | None]
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    archived_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Building(TenantScoped, Base):
    """A building (楼栋) of an estate."""

    __tablename__ = "property_mgmt_building"
    __table_args__ = (
        tenant_foreign_key("property_mgmt_estate", "estate_id"),
        sa.UniqueConstraint("tenant_id", "estate_id", "code"),
    )
    estate_id: Mapped[UUID]
    code: Mapped[str] = mapped_column(sa.String(20))
    name: Mapped[str] = mapped_column(sa.String(120))
    floors: Mapped[int | None] = mapped_column(sa.SmallInteger)
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class Unit(TenantScoped, Base):
    """A home, office or shop (房屋); `code` is its number in the whole company: estate, building and `number`.

    `area_cm2` is the floor area in square centimetres, `status` occupied, vacant or let.
    """

    __tablename__ = "property_mgmt_unit"
    __table_args__ = (
        tenant_foreign_key("property_mgmt_building", "building_id"),
        sa.UniqueConstraint("tenant_id", "building_id", "number"),
        sa.UniqueConstraint("tenant_id", "code"),
    )
    building_id: Mapped[UUID]
    number: Mapped[str] = mapped_column(sa.String(30))
    code: Mapped[str] = mapped_column(sa.String(80))
    floor: Mapped[int | None] = mapped_column(sa.SmallInteger)
    area_cm2: Mapped[int | None]
    kind: Mapped[str] = mapped_column(sa.String(16), default="home")
    status: Mapped[str] = mapped_column(sa.String(16), default="occupied")
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    archived_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Resident(TenantScoped, Base):
    """That a contact owns, rents or shares a home (业主/住户) since `moved_in`; `moved_out` is the first day after.

    `vulnerable` marks somebody who must not be left without water, heat or a lift.
    """

    __tablename__ = "property_mgmt_resident"
    __table_args__ = (
        tenant_foreign_key("property_mgmt_unit", "unit_id"),
        tenant_foreign_key("contact", "contact_id"),
        sa.Index("ix_property_mgmt_resident_unit", "tenant_id", "unit_id", "moved_out"),
        sa.Index("ix_property_mgmt_resident_contact", "tenant_id", "contact_id", "moved_out"),
    )
    unit_id: Mapped[UUID]
    contact_id: Mapped[UUID]
    role: Mapped[str] = mapped_column(sa.String(16))
    moved_in: Mapped[date | None] = mapped_column(sa.Date)
    moved_out: Mapped[date | None] = mapped_column(sa.Date)
    vulnerable: Mapped[bool] = mapped_column(default=False)
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class TicketUnit(TenantKeyed, Base):
    """Which home a ticket is about, and how that is known: form, contact (its only home) or staff."""

    __tablename__ = "property_mgmt_ticket_unit"
    __table_args__ = (
        tenant_foreign_key("ticket", "ticket_id"),
        tenant_foreign_key("property_mgmt_unit", "unit_id"),
        sa.Index("ix_property_mgmt_ticket_unit_unit", "tenant_id", "unit_id", "ticket_id"),
    )
    ticket_id: Mapped[UUID] = mapped_column(primary_key=True)
    unit_id: Mapped[UUID]
    known_by: Mapped[str] = mapped_column(sa.String(16))
    linked_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class Repair(TenantKeyed, Base):
    """A resident's repair report (报修): what, where exactly, when somebody is at home, and whom to call."""

    __tablename__ = "property_mgmt_repair"
    __table_args__ = (tenant_foreign_key("ticket", "ticket_id"),)
    ticket_id: Mapped[UUID] = mapped_column(primary_key=True)
    trade: Mapped[str] = mapped_column(sa.String(16))
    location: Mapped[str] = mapped_column(sa.String(300), default="")
    visit_on: Mapped[date | None] = mapped_column(sa.Date)
    visit_window: Mapped[str] = mapped_column(sa.String(16), default="")
    name: Mapped[str] = mapped_column(sa.String(200))
    phone: Mapped[str] = mapped_column(sa.String(40))
    erased_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Contractor(TenantScoped, Base):
    """A firm or craftsman (维修商) that work goes to; its telephone is a point of its contact."""

    __tablename__ = "property_mgmt_contractor"
    __table_args__ = (
        tenant_foreign_key("contact", "contact_id"),
        sa.UniqueConstraint("tenant_id", "contact_id"),
    )
    contact_id: Mapped[UUID]
    trades: Mapped[list[str]] = mapped_column(sa.JSON, default=list)
    active: Mapped[bool] = mapped_column(default=True)
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class Import(TenantScoped, Base):
    """A file of homes and residents on its way in; `content` is emptied once it was read.

    `refused` lists what did not go in: [line, field, message id, values].
    """

    __tablename__ = "property_mgmt_import"
    __table_args__ = (sa.Index("ix_property_mgmt_import_recent", "tenant_id", "created_at", "id"),)
    name: Mapped[str] = mapped_column(sa.String(200))
    content: Mapped[str] = mapped_column(sa.Text)
    run_id: Mapped[UUID | None]
    created_by: Mapped[UUID | None]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    made: Mapped[int] = mapped_column(default=0)
    changed: Mapped[int] = mapped_column(default=0)
    same: Mapped[int] = mapped_column(default=0)
    refused: Mapped[list[Any]] = mapped_column(sa.JSON, default=list)
