"""What the points ledger says: balances, histories, what expires, and whether all of it adds up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from core.sdk import db
from plugins.retail.ledger_models import Account, Entry, Lot, Posting

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID


@dataclass(frozen=True, kw_only=True)
class Balance:
    """A member's points; `owed` were taken back after they had been spent, the next ones earned settle them."""

    active: int = 0
    pending: int = 0
    owed: int = 0


def balance_of(member_id: UUID) -> Balance:
    """The points of a member."""
    rows = db.session.execute(
        sa.select(Account.kind, Account.balance).where(Account.member_id == member_id)
    )
    found: dict[str, int] = {kind: balance for kind, balance in rows}  # noqa: C416  rows are tuples of any
    return Balance(
        active=found.get("active", 0), pending=found.get("pending", 0), owed=-found.get("owed", 0)
    )


def balances_of(member_ids: Sequence[UUID]) -> dict[UUID, int]:
    """Active points of many members at once."""
    rows = db.session.execute(
        sa.select(Account.member_id, Account.balance).where(
            Account.member_id.in_(member_ids), Account.kind == "active"
        )
    )
    return {member_id: balance for member_id, balance in rows if member_id}


def faults() -> list[str]:
    """What does not add up, in words: postings that do not balance, accounts that differ from their entries."""
    unbalanced = db.session.execute(
        sa.select(Entry.posting_id, sa.func.sum(Entry.amount))
        .group_by(Entry.posting_id)
        .having(sa.func.sum(Entry.amount) != 0)
    )
    found = [f"posting {posting_id} is off by {total}" for posting_id, total in unbalanced]
    totals = {
        account_id: int(total)
        for account_id, total in db.session.execute(
            sa.select(Entry.account_id, sa.func.sum(Entry.amount)).group_by(Entry.account_id)
        )
    }
    held = sa.select(Account.id, Account.balance).where(Account.member_id.is_not(None))
    return found + [
        f"account {account_id} says {balance}, its entries {totals.get(account_id, 0)}"
        for account_id, balance in db.session.execute(held)
        if totals.get(account_id, 0) != balance
    ]


def earned_for(sale_id: UUID) -> int:
    """How many points a receipt gave."""
    query = sa.select(sa.func.coalesce(sa.func.sum(Posting.points), 0))
    return int(
        db.session.scalar(query.where(Posting.sale_id == sale_id, Posting.kind == "earn")) or 0
    )


def clawed_for(sale_id: UUID) -> int:
    """How many of them were taken back."""
    query = sa.select(sa.func.coalesce(sa.func.sum(Posting.points), 0))
    return int(
        db.session.scalar(query.where(Posting.sale_id == sale_id, Posting.kind == "claw_back")) or 0
    )


def history(member_id: UUID, *, limit: int = 20) -> list[Posting]:
    """A member's postings, newest first."""
    query = sa.select(Posting).where(Posting.member_id == member_id)
    return list(db.session.scalars(query.order_by(Posting.id.desc()).limit(limit)))


def expiring(member_id: UUID, *, until: datetime) -> int:
    """Active points that expire before a moment."""
    query = sa.select(sa.func.coalesce(sa.func.sum(Lot.remaining), 0)).where(
        Lot.member_id == member_id, Lot.state == "active", Lot.expires_at <= until
    )
    return int(db.session.scalar(query) or 0)
