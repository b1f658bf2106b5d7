"""The work order (维修工单) and what hangs on it: offers to contractors, steps, photos, the resident's signature."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.sdk import Base, TenantScoped, UtcDateTime, now, tenant_foreign_key


def _of_order(table: str, *more: sa.schema.SchemaItem) -> tuple[sa.schema.SchemaItem, ...]:
    index = sa.Index(f"ix_{table}_order", "tenant_id", "work_order_id", "id")
    return (tenant_foreign_key("property_mgmt_work_order", "work_order_id"), index, *more)


class WorkOrder(TenantScoped, Base):
    """One job on the way ST-W; its number is the ticket's number and `position`.

    `quote_amount` and `cost_amount` are minor units of `currency`; `payer` is company or resident. `state_at` is when
    it came to its state, `verified_how` signature, staff or silence.
    """

    __tablename__ = "property_mgmt_work_order"
    __table_args__ = (
        tenant_foreign_key("ticket", "ticket_id"),
        tenant_foreign_key("property_mgmt_unit", "unit_id"),
        tenant_foreign_key("property_mgmt_contractor", "contractor_id"),
        sa.UniqueConstraint("tenant_id", "ticket_id", "position"),
        sa.Index("ix_property_mgmt_work_order_state", "tenant_id", "state", "state_at", "id"),
        sa.Index("ix_property_mgmt_work_order_recent", "tenant_id", "created_at", "id"),
        sa.Index("ix_property_mgmt_work_order_unit", "tenant_id", "unit_id", "created_at"),
        sa.Index("ix_property_mgmt_work_order_contractor", "tenant_id", "contractor_id", "state"),
    )
    ticket_id: Mapped[UUID]
    position: Mapped[int] = mapped_column(sa.SmallInteger)
    unit_id: Mapped[UUID | None]
    contractor_id: Mapped[UUID | None]
    trade: Mapped[str] = mapped_column(sa.String(16))
    task: Mapped[str] = mapped_column(sa.Text)
    state: Mapped[str] = mapped_column(sa.String(30))
    version: Mapped[int] = mapped_column(default=1)
    workflow_version: Mapped[str] = mapped_column(sa.String(16))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    state_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    currency: Mapped[str] = mapped_column(sa.String(3), default="")
    quote_amount: Mapped[int | None] = mapped_column(sa.BigInteger)
    payer: Mapped[str] = mapped_column(sa.String(16), default="")
    quoted_by: Mapped[UUID | None]
    approved_by: Mapped[UUID | None]
    approved_name: Mapped[str] = mapped_column(sa.String(200), default="")
    approved_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    cost_amount: Mapped[int | None] = mapped_column(sa.BigInteger)
    parts: Mapped[str] = mapped_column(sa.Text, default="")
    parts_until: Mapped[date | None] = mapped_column(sa.Date)
    result: Mapped[str] = mapped_column(sa.Text, default="")
    dispatched_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    accepted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    arrived_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    done_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    verified_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    verified_how: Mapped[str] = mapped_column(sa.String(16), default="")
    speed: Mapped[int | None] = mapped_column(sa.SmallInteger)
    effect: Mapped[int | None] = mapped_column(sa.SmallInteger)
    attitude: Mapped[int | None] = mapped_column(sa.SmallInteger)
    rating_words: Mapped[str] = mapped_column(sa.Text, default="")


class Offer(TenantScoped, Base):
    """A work order sent to a contractor (派单) or held out to several (抢单); its id is in the signed link.

    `answer` is "", accepted, declined or withdrawn: an offer that was declined or withdrawn opens nothing any more.
    """

    __tablename__ = "property_mgmt_offer"
    __table_args__ = _of_order(
        "property_mgmt_offer",
        tenant_foreign_key("property_mgmt_contractor", "contractor_id"),
        sa.Index("ix_property_mgmt_offer_contractor", "tenant_id", "contractor_id", "sent_at"),
    )
    work_order_id: Mapped[UUID]
    contractor_id: Mapped[UUID]
    sent_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    answer: Mapped[str] = mapped_column(sa.String(16), default="")
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class WorkStep(TenantScoped, Base):
    """A move of a work order as the record shows it, with what was said for it."""

    __tablename__ = "property_mgmt_work_step"
    __table_args__ = _of_order("property_mgmt_work_step")
    work_order_id: Mapped[UUID]
    move: Mapped[str] = mapped_column(sa.String(30))
    from_state: Mapped[str] = mapped_column(sa.String(30), default="")
    to_state: Mapped[str] = mapped_column(sa.String(30))
    actor_kind: Mapped[str] = mapped_column(sa.String(16))
    actor_id: Mapped[UUID | None]
    actor_name: Mapped[str] = mapped_column(sa.String(200), default="")
    said: Mapped[str] = mapped_column(sa.Text, default="")
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class WorkPhoto(TenantScoped, Base):
    """A photo taken before, during or after the work; the file hangs on the ticket."""

    __tablename__ = "property_mgmt_work_photo"
    __table_args__ = _of_order(
        "property_mgmt_work_photo",
        tenant_foreign_key("attachment", "attachment_id"),
        sa.Index("ix_property_mgmt_work_photo_attachment", "tenant_id", "attachment_id"),
    )
    work_order_id: Mapped[UUID]
    attachment_id: Mapped[UUID]
    phase: Mapped[str] = mapped_column(sa.String(16))
    taken_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class WorkSignature(TenantScoped, Base):
    """The resident's signature under finished work, drawn or typed; `sha256` seals what was signed."""

    __tablename__ = "property_mgmt_work_signature"
    __table_args__ = _of_order(
        "property_mgmt_work_signature",
        tenant_foreign_key("attachment", "attachment_id"),
        sa.Index("ix_property_mgmt_work_signature_attachment", "tenant_id", "attachment_id"),
    )
    work_order_id: Mapped[UUID]
    kind: Mapped[str] = mapped_column(sa.String(16))
    signer: Mapped[str] = mapped_column(sa.String(500))
    attachment_id: Mapped[UUID | None]
    strokes: Mapped[str] = mapped_column(sa.Text, default="")
    words: Mapped[str] = mapped_column(sa.Text, default="")
    signed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    sha256: Mapped[str] = mapped_column(sa.String(64))
