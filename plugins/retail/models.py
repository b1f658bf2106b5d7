"""Members and their cards, goods and receipts; the points ledger and returns have files of their own."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.sdk import Base, TenantKeyed, TenantScoped, UtcDateTime, now, tenant_foreign_key
from plugins.retail import ledger_models, return_models

__all__ = [
    "Application",
    "Counter",
    "Member",
    "MemberCard",
    "Product",
    "Sale",
    "SaleLine",
    "SaleTender",
    "ledger_models",
    "return_models",
]


class Counter(TenantKeyed, Base):
    """The last number given out of a series."""

    __tablename__ = "retail_counter"
    series: Mapped[str] = mapped_column(sa.String(20), primary_key=True)
    value: Mapped[int] = mapped_column(default=0)


class Member(TenantScoped, Base):
    """A member (会员): `id_hash` is a keyed hash of the ID number, of which only `id_mask` can be read.

    `household_key` stands for the registered address (RT-04); `status` is pending_completion, active or closed.
    """

    __tablename__ = "retail_member"
    __table_args__ = (
        tenant_foreign_key("contact", "contact_id"),
        sa.UniqueConstraint("tenant_id", "number"),
        sa.Index("ix_retail_member_contact", "tenant_id", "contact_id"),
        sa.Index("ix_retail_member_phone", "tenant_id", "phone"),
        sa.Index("ix_retail_member_id_hash", "tenant_id", "id_hash"),
        sa.Index("ix_retail_member_household", "tenant_id", "household_key"),
        sa.Index("ix_retail_member_joined", "tenant_id", "joined_at", "id"),
    )
    number: Mapped[str] = mapped_column(sa.String(20))
    contact_id: Mapped[UUID]
    name: Mapped[str] = mapped_column(sa.String(200))
    phone: Mapped[str] = mapped_column(sa.String(40))
    id_hash: Mapped[str] = mapped_column(sa.String(64), default="")
    id_mask: Mapped[str] = mapped_column(sa.String(40), default="")
    address: Mapped[str] = mapped_column(sa.String(500), default="")
    household_key: Mapped[str] = mapped_column(sa.String(64), default="")
    birthday: Mapped[date | None] = mapped_column(sa.Date)
    tier: Mapped[str] = mapped_column(sa.String(16), default="regular")
    status: Mapped[str] = mapped_column(sa.String(20), default="active")
    joined_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    erased_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class MemberCard(TenantScoped, Base):
    """A card in somebody's hand: kind is member (会员卡) or silver (银卡).

    `state` is pending (without the ID number yet), active, lost or replaced; `fee` in minor units.
    """

    __tablename__ = "retail_card"
    __table_args__ = (
        tenant_foreign_key("retail_member", "member_id"),
        tenant_foreign_key("retail_card", "replaced_by"),
        sa.UniqueConstraint("tenant_id", "number"),
        sa.Index("ix_retail_card_member", "tenant_id", "member_id"),
        sa.Index("ix_retail_card_replaced_by", "tenant_id", "replaced_by"),
        sa.Index("ix_retail_card_issued", "tenant_id", "issued_at", "id"),
    )
    number: Mapped[str] = mapped_column(sa.String(20))
    member_id: Mapped[UUID]
    kind: Mapped[str] = mapped_column(sa.String(16), default="member")
    state: Mapped[str] = mapped_column(sa.String(16), default="active")
    issued_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    replaced_by: Mapped[UUID | None]
    fee: Mapped[int] = mapped_column(default=0)


class Application(TenantScoped, Base):
    """A membership card application (会员卡申请表, FM-09), moved by `retail.application` (ST-A of the domain).

    `conflict_with` is the member of the same household; `override_*` say who let it pass, and why (RT-03).
    """

    __tablename__ = "retail_application"
    __table_args__ = (
        tenant_foreign_key("retail_member", "member_id"),
        tenant_foreign_key("retail_member", "conflict_with"),
        tenant_foreign_key("contact", "contact_id"),
        tenant_foreign_key("attachment", "signature_id"),
        sa.UniqueConstraint("tenant_id", "number"),
        sa.Index("ix_retail_application_member", "tenant_id", "member_id"),
        sa.Index("ix_retail_application_conflict", "tenant_id", "conflict_with"),
        sa.Index("ix_retail_application_contact", "tenant_id", "contact_id"),
        sa.Index("ix_retail_application_signature", "tenant_id", "signature_id"),
        sa.Index("ix_retail_application_state", "tenant_id", "state", "id"),
    )
    number: Mapped[str] = mapped_column(sa.String(20))
    state: Mapped[str] = mapped_column(sa.String(20))
    version: Mapped[int] = mapped_column(default=1)
    workflow_version: Mapped[str] = mapped_column(sa.String(16))
    name: Mapped[str] = mapped_column(sa.String(200))
    phone: Mapped[str] = mapped_column(sa.String(40))
    mail: Mapped[str] = mapped_column(sa.String(254), default="")
    id_hash: Mapped[str] = mapped_column(sa.String(64), default="")
    id_mask: Mapped[str] = mapped_column(sa.String(40), default="")
    address: Mapped[str] = mapped_column(sa.String(500))
    household_key: Mapped[str] = mapped_column(sa.String(64))
    birthday: Mapped[date | None] = mapped_column(sa.Date)
    proxy: Mapped[bool] = mapped_column(default=False)
    proxy_name: Mapped[str] = mapped_column(sa.String(200), default="")
    proxy_phone: Mapped[str] = mapped_column(sa.String(40), default="")
    proxy_id_mask: Mapped[str] = mapped_column(sa.String(40), default="")
    signed_name: Mapped[str] = mapped_column(sa.String(200), default="")
    signature_id: Mapped[UUID | None]
    contact_id: Mapped[UUID | None]
    conflict_with: Mapped[UUID | None]
    taken_by: Mapped[UUID | None]
    taken_name: Mapped[str] = mapped_column(sa.String(200), default="")
    taken_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    checked_name: Mapped[str] = mapped_column(sa.String(200), default="")
    checked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    override_name: Mapped[str] = mapped_column(sa.String(200), default="")
    override_reason: Mapped[str] = mapped_column(sa.String(1000), default="")
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    member_id: Mapped[UUID | None]
    erased_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Product(TenantScoped, Base):
    """A thing on sale (商品); `excluded` names why it is no part of the return without reason, "" when it is."""

    __tablename__ = "retail_product"
    __table_args__ = (sa.UniqueConstraint("tenant_id", "sku"),)
    sku: Mapped[str] = mapped_column(sa.String(40))
    barcode: Mapped[str] = mapped_column(sa.String(20))
    name: Mapped[str] = mapped_column(sa.String(200))
    category: Mapped[str] = mapped_column(sa.String(30))
    floor: Mapped[str] = mapped_column(sa.String(60), default="")
    price: Mapped[int]
    currency: Mapped[str] = mapped_column(sa.String(3))
    excluded: Mapped[str] = mapped_column(sa.String(30), default="")


class Sale(TenantScoped, Base):
    """A receipt (小票) as the till or the online shop reported it; amounts in minor units of `currency`.

    `received_at` is when goods of an online order were signed for. The phone finds a receipt that has no member.
    """

    __tablename__ = "retail_sale"
    __table_args__ = (
        tenant_foreign_key("retail_member", "member_id"),
        sa.UniqueConstraint("tenant_id", "number"),
        sa.Index("ix_retail_sale_member", "tenant_id", "member_id", "sold_at", "id"),
        sa.Index("ix_retail_sale_phone", "tenant_id", "phone"),
        sa.Index("ix_retail_sale_sold", "tenant_id", "sold_at", "id"),
        sa.CheckConstraint("total > 0", name="total"),
    )
    number: Mapped[str] = mapped_column(sa.String(40))
    channel: Mapped[str] = mapped_column(sa.String(16))
    store: Mapped[str] = mapped_column(sa.String(100))
    cashier: Mapped[str] = mapped_column(sa.String(100), default="")
    member_id: Mapped[UUID | None]
    phone: Mapped[str] = mapped_column(sa.String(40), default="")
    sold_at: Mapped[datetime] = mapped_column(UtcDateTime)
    received_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    total: Mapped[int]
    currency: Mapped[str] = mapped_column(sa.String(3))
    points_used: Mapped[int] = mapped_column(default=0)


class SaleLine(TenantScoped, Base):
    """One line of a receipt, with the goods as they were called then; `excluded` was confirmed at the purchase."""

    __tablename__ = "retail_sale_line"
    __table_args__ = (
        tenant_foreign_key("retail_sale", "sale_id"),
        tenant_foreign_key("retail_product", "product_id"),
        sa.UniqueConstraint("tenant_id", "sale_id", "position"),
        sa.Index("ix_retail_sale_line_product", "tenant_id", "product_id"),
        sa.CheckConstraint("quantity > 0", name="quantity"),
        sa.CheckConstraint("returned >= 0 AND returned <= quantity", name="returned"),
    )
    sale_id: Mapped[UUID]
    position: Mapped[int] = mapped_column(sa.SmallInteger)
    product_id: Mapped[UUID]
    sku: Mapped[str] = mapped_column(sa.String(40))
    barcode: Mapped[str] = mapped_column(sa.String(20))
    name: Mapped[str] = mapped_column(sa.String(200))
    category: Mapped[str] = mapped_column(sa.String(30))
    quantity: Mapped[int]
    returned: Mapped[int] = mapped_column(default=0)
    amount: Mapped[int]
    excluded: Mapped[str] = mapped_column(sa.String(30), default="")


class SaleTender(TenantScoped, Base):
    """How a part of a receipt was paid: cash, stored (储值卡), bank (银行卡) or points.

    `account` is the stored-value card's number, or the last four digits of the bank card; `reference` the slip's.
    """

    __tablename__ = "retail_sale_tender"
    __table_args__ = (
        tenant_foreign_key("retail_sale", "sale_id"),
        sa.UniqueConstraint("tenant_id", "sale_id", "position"),
        sa.CheckConstraint("amount > 0", name="amount"),
    )
    sale_id: Mapped[UUID]
    position: Mapped[int] = mapped_column(sa.SmallInteger)
    kind: Mapped[str] = mapped_column(sa.String(16))
    amount: Mapped[int]
    account: Mapped[str] = mapped_column(sa.String(40), default="")
    reference: Mapped[str] = mapped_column(sa.String(40), default="")
