"""The points ledger (积分账) in double entry: accounts, postings, their entries, and lots with an expiry.

A posting is written last: the database lets it in only when its entries add up to nothing, and no entry can follow.
An entry without its posting fails at the commit, by a deferred foreign key. Entries move the balance of a member's
account, which a check keeps at zero or more (migrations/0001_initial.py, for SQLite and PostgreSQL).
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.sdk import Base, TenantScoped, UtcDateTime, now, tenant_foreign_key

HELD = ("pending", "active")
"""Accounts of a member that never go below zero; `owed` is what a return took back and was spent already."""


class Account(TenantScoped, Base):
    """One side of the book: issue, redeemed and expired of the house; pending, active and owed of a member.

    `balance` is kept by the entries' trigger for a member's accounts; the house's are added up when asked for.
    """

    __tablename__ = "retail_account"
    __table_args__ = (
        tenant_foreign_key("retail_member", "member_id"),
        sa.Index("uq_retail_account_member", "tenant_id", "member_id", "kind", unique=True),
        sa.CheckConstraint("balance >= 0 OR kind NOT IN ('pending', 'active')", name="balance"),
        sa.CheckConstraint("balance <= 0 OR kind <> 'owed'", name="owed"),
    )
    kind: Mapped[str] = mapped_column(sa.String(16))
    member_id: Mapped[UUID | None]
    balance: Mapped[int] = mapped_column(sa.BigInteger, default=0)


class Posting(TenantScoped, Base):
    """Why points moved: earn, activate, burn, expire, claw_back, give_back or adjust; never changed, only reversed.

    `key` makes the same request one posting: a receipt earns once.
    """

    __tablename__ = "retail_posting"
    __table_args__ = (
        tenant_foreign_key("retail_member", "member_id"),
        tenant_foreign_key("retail_sale", "sale_id"),
        tenant_foreign_key("retail_rma", "rma_id"),
        sa.UniqueConstraint("tenant_id", "key"),
        sa.Index("ix_retail_posting_member", "tenant_id", "member_id", "id"),
        sa.Index("ix_retail_posting_sale", "tenant_id", "sale_id"),
        sa.Index("ix_retail_posting_rma", "tenant_id", "rma_id"),
    )
    kind: Mapped[str] = mapped_column(sa.String(16))
    member_id: Mapped[UUID]
    sale_id: Mapped[UUID | None]
    rma_id: Mapped[UUID | None]
    points: Mapped[int]
    posted_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    posted_name: Mapped[str] = mapped_column(sa.String(200), default="")
    key: Mapped[str] = mapped_column(sa.String(100))


class Lot(TenantScoped, Base):
    """Points that were earned together: they become active, are burned first in, first out, and expire together."""

    __tablename__ = "retail_lot"
    __table_args__ = (
        tenant_foreign_key("retail_member", "member_id"),
        tenant_foreign_key("retail_sale", "sale_id"),
        sa.Index("ix_retail_lot_member", "tenant_id", "member_id", "expires_at", "id"),
        sa.Index("ix_retail_lot_expires", "tenant_id", "expires_at"),
        sa.Index("ix_retail_lot_active", "tenant_id", "state", "active_at"),
        sa.Index("ix_retail_lot_sale", "tenant_id", "sale_id"),
        sa.CheckConstraint("remaining >= 0 AND remaining <= points", name="remaining"),
    )
    member_id: Mapped[UUID]
    sale_id: Mapped[UUID | None]
    points: Mapped[int]
    remaining: Mapped[int]
    state: Mapped[str] = mapped_column(sa.String(16), default="active")
    earned_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    active_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Entry(TenantScoped, Base):
    """One account's part of a posting; what the house gives out is negative, what a member gets positive."""

    __tablename__ = "retail_entry"
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["tenant_id", "posting_id"],
            ["retail_posting.tenant_id", "retail_posting.id"],
            ondelete="RESTRICT",
            deferrable=True,
            initially="DEFERRED",
        ),
        tenant_foreign_key("retail_account", "account_id"),
        tenant_foreign_key("retail_lot", "lot_id"),
        sa.Index("ix_retail_entry_posting", "tenant_id", "posting_id"),
        sa.Index("ix_retail_entry_account", "tenant_id", "account_id", "id"),
        sa.Index("ix_retail_entry_lot", "tenant_id", "lot_id"),
        sa.CheckConstraint("amount <> 0", name="amount"),
        {"info": {"moves": ("retail_account",)}},
    )
    posting_id: Mapped[UUID]
    account_id: Mapped[UUID]
    lot_id: Mapped[UUID | None]
    amount: Mapped[int]
