"""Returns and exchanges (退换货, ST-R): the case, its lines, its refunds, and tasks that the floor must do."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.sdk import Base, TenantScoped, UtcDateTime, now, tenant_foreign_key


class Rma(TenantScoped, Base):
    """One return or exchange of a receipt, moved by `retail.rma`; `ticket_id` is the matter with the customer.

    `remedy` is return, exchange, repair or store_credit; `verdict` keeps what the policy engine said at the request.
    `verified_by` checked and explained, `approved_by` is somebody else (RT-15).
    """

    __tablename__ = "retail_rma"
    __table_args__ = (
        tenant_foreign_key("ticket", "ticket_id"),
        tenant_foreign_key("retail_sale", "sale_id"),
        tenant_foreign_key("user_account", "verified_by"),
        tenant_foreign_key("user_account", "approved_by"),
        sa.UniqueConstraint("tenant_id", "ticket_id"),
        sa.Index("ix_retail_rma_sale", "tenant_id", "sale_id"),
        sa.Index("ix_retail_rma_state", "tenant_id", "state", "id"),
        sa.Index("ix_retail_rma_requested", "tenant_id", "requested_at", "id"),
        sa.Index("ix_retail_rma_verified_by", "tenant_id", "verified_by"),
        sa.Index("ix_retail_rma_approved_by", "tenant_id", "approved_by"),
        sa.CheckConstraint("amount >= 0", name="amount"),
    )
    ticket_id: Mapped[UUID]
    sale_id: Mapped[UUID]
    state: Mapped[str] = mapped_column(sa.String(24))
    version: Mapped[int] = mapped_column(default=1)
    workflow_version: Mapped[str] = mapped_column(sa.String(16))
    channel: Mapped[str] = mapped_column(sa.String(16))
    reason: Mapped[str] = mapped_column(sa.String(24))
    condition: Mapped[str] = mapped_column(sa.String(16))
    remedy: Mapped[str] = mapped_column(sa.String(16))
    verdict: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict)
    rule: Mapped[str] = mapped_column(sa.String(40), default="")
    amount: Mapped[int] = mapped_column(default=0)
    currency: Mapped[str] = mapped_column(sa.String(3))
    requested_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    requested_by: Mapped[UUID | None]
    verified_by: Mapped[UUID | None]
    verified_name: Mapped[str] = mapped_column(sa.String(200), default="")
    verified_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    approved_by: Mapped[UUID | None]
    approved_name: Mapped[str] = mapped_column(sa.String(200), default="")
    approved_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    decision_note: Mapped[str] = mapped_column(sa.Text, default="")
    received_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    parcel: Mapped[str] = mapped_column(sa.String(60), default="")
    finding: Mapped[str] = mapped_column(sa.String(16), default="")
    finding_note: Mapped[str] = mapped_column(sa.Text, default="")
    inspected_name: Mapped[str] = mapped_column(sa.String(200), default="")
    inspected_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    outcome: Mapped[str] = mapped_column(sa.String(16), default="")
    outcome_reference: Mapped[str] = mapped_column(sa.String(60), default="")
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    points_back: Mapped[int] = mapped_column(default=0)
    erased_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class RmaLine(TenantScoped, Base):
    """How many of a receipt's line come back; `accepted` is what the inspection let pass.

    `disposition` is restock, refurbish, vendor_return, scrap or quarantine.
    """

    __tablename__ = "retail_rma_line"
    __table_args__ = (
        tenant_foreign_key("retail_rma", "rma_id"),
        tenant_foreign_key("retail_sale_line", "sale_line_id"),
        sa.UniqueConstraint("tenant_id", "rma_id", "sale_line_id"),
        sa.Index("ix_retail_rma_line_sale_line", "tenant_id", "sale_line_id"),
        sa.CheckConstraint("quantity > 0", name="quantity"),
    )
    rma_id: Mapped[UUID]
    sale_line_id: Mapped[UUID]
    quantity: Mapped[int]
    accepted: Mapped[int | None]
    amount: Mapped[int]
    disposition: Mapped[str] = mapped_column(sa.String(16), default="")


class Refund(TenantScoped, Base):
    """One refund per tender of the receipt, moved by `retail.refund`; `amount` is negative (RT-14).

    `method` differs from `original` only by an exception that a manager granted (RT-10). `slip_*` are the UnionPay
    slip's (FM-13), `voucher` the number of FM-12; `due_at` is when a bank refund must have arrived (SL-19).
    """

    __tablename__ = "retail_refund"
    __table_args__ = (
        tenant_foreign_key("retail_rma", "rma_id"),
        tenant_foreign_key("retail_sale_tender", "tender_id"),
        tenant_foreign_key("user_account", "approved_by"),
        sa.UniqueConstraint("tenant_id", "voucher"),
        sa.UniqueConstraint("tenant_id", "rma_id", "tender_id"),
        sa.Index("ix_retail_refund_tender", "tenant_id", "tender_id"),
        sa.Index("ix_retail_refund_state", "tenant_id", "state", "due_at"),
        sa.Index("ix_retail_refund_approved_by", "tenant_id", "approved_by"),
        sa.Index("ix_retail_refund_created", "tenant_id", "created_at", "id"),
        sa.CheckConstraint("amount < 0", name="amount"),
    )
    rma_id: Mapped[UUID]
    tender_id: Mapped[UUID]
    state: Mapped[str] = mapped_column(sa.String(16))
    version: Mapped[int] = mapped_column(default=1)
    workflow_version: Mapped[str] = mapped_column(sa.String(16))
    original: Mapped[str] = mapped_column(sa.String(16))
    method: Mapped[str] = mapped_column(sa.String(16))
    amount: Mapped[int]
    currency: Mapped[str] = mapped_column(sa.String(3))
    points: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    created_by: Mapped[UUID | None]
    approved_by: Mapped[UUID | None]
    approved_name: Mapped[str] = mapped_column(sa.String(200), default="")
    approved_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    exception_reason: Mapped[str] = mapped_column(sa.String(1000), default="")
    slip_reference: Mapped[str] = mapped_column(sa.String(40), default="")
    slip_date: Mapped[date | None] = mapped_column(sa.Date)
    slip_card: Mapped[str] = mapped_column(sa.String(4), default="")
    voucher: Mapped[str | None] = mapped_column(sa.String(40))
    till_reference: Mapped[str] = mapped_column(sa.String(40), default="")
    cashier: Mapped[str] = mapped_column(sa.String(200), default="")
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    arrived_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    failed_reason: Mapped[str] = mapped_column(sa.String(1000), default="")


class Task(TenantScoped, Base):
    """What somebody must do besides the case: pickup of the goods (RT-15), arrival of a refund (SL-19)."""

    __tablename__ = "retail_task"
    __table_args__ = (
        tenant_foreign_key("retail_rma", "rma_id"),
        tenant_foreign_key("retail_refund", "refund_id"),
        sa.UniqueConstraint("tenant_id", "key"),
        sa.Index("ix_retail_task_rma", "tenant_id", "rma_id"),
        sa.Index("ix_retail_task_refund", "tenant_id", "refund_id"),
        sa.Index("ix_retail_task_open", "tenant_id", "done_at", "due_at", "id"),
    )
    kind: Mapped[str] = mapped_column(sa.String(24))
    rma_id: Mapped[UUID]
    refund_id: Mapped[UUID | None]
    key: Mapped[str] = mapped_column(sa.String(100))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    done_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    done_name: Mapped[str] = mapped_column(sa.String(200), default="")
    result: Mapped[str] = mapped_column(sa.String(1000), default="")
