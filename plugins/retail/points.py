"""The points ledger's use cases: every one is a posting in double entry, and the database refuses one that is not."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid5

import sqlalchemy as sa

from core.sdk import (
    Conflict,
    Invalid,
    NotFound,
    Problem,
    current_tenant,
    db,
    emit,
    now,
    settings,
    uuid7,
)
from plugins.retail.events import (
    PointsActivated,
    PointsBurned,
    PointsClawedBack,
    PointsEarned,
    PointsExpired,
    PointsGivenBack,
)
from plugins.retail.ledger_models import Account, Entry, Lot, Posting
from plugins.retail.models import Member

if TYPE_CHECKING:
    from collections.abc import Iterable

    from core.sdk import Actor
    from plugins.retail.models import Sale

HOUSE = ("issue", "redeemed", "expired")
MEMBERS = ("pending", "active", "owed")
MONTH = timedelta(days=30)
LONGEST_KEY = 90


@dataclass
class _Draft:
    """A posting being written: entries first, itself last, so that the database can weigh it."""

    member_id: UUID
    kind: str
    key: str
    id: UUID = field(default_factory=uuid7)
    entries: list[Entry] = field(default_factory=list)

    def put(self, account: Account, amount: int, lot: Lot | None = None) -> None:
        """Move `amount` onto an account; nothing for 0."""
        if amount:
            self.entries.append(
                Entry(
                    posting_id=self.id,
                    account_id=account.id,
                    amount=amount,
                    lot_id=lot.id if lot else None,
                )
            )

    def post(self, points: int, actor: Actor, **about: Any) -> Posting:
        """Write it."""
        # The posting seals its entries, so they must be there before it; and lots before their entries.
        db.session.flush()
        db.session.add_all(self.entries)
        # Before the posting, in a flush of their own.
        db.session.flush()
        posting = Posting(
            id=self.id, kind=self.kind, member_id=self.member_id, key=self.key, points=points,
            posted_at=now(), posted_name=actor.name, **about,
        )  # fmt: skip
        db.session.add(posting)
        # Weighed at once: whoever wrote it hears of a fault, not whoever commits.
        db.session.flush()
        return posting


# --- accounts -----------------------------------------------------------------------------------


def open_house() -> None:
    """The accounts of the house, made once when the plugin is switched on."""
    for kind in HOUSE:
        if db.session.get(Account, (current_tenant().id, _house_id(kind))) is None:
            db.session.add(Account(id=_house_id(kind), kind=kind, member_id=None))


def open_accounts(member: Member) -> None:
    """The three accounts of a new member."""
    db.session.flush()  # their foreign key wants the member to be there
    db.session.add_all(Account(kind=kind, member_id=member.id) for kind in MEMBERS)


def _house_id(kind: str) -> UUID:
    return uuid5(current_tenant().id, f"retail.{kind}")


def _house(kind: str) -> Account:
    return db.session.get_one(Account, (current_tenant().id, _house_id(kind)))


def _accounts(member_id: UUID) -> dict[str, Account]:
    """A member's accounts, locked: whoever moves them waits here for whoever moves them now."""
    rows = db.session.scalars(
        sa.select(Account)
        .where(Account.member_id == member_id)
        .order_by(Account.kind)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    found = {row.kind: row for row in rows}
    if not found:
        raise NotFound(f"no points of {member_id}")
    return found


def _posted(key: str) -> Posting | None:
    if not key or len(key) > LONGEST_KEY:
        raise Invalid(Problem(field="key", message="retail.error.key"))
    return db.session.scalars(sa.select(Posting).where(Posting.key == key)).one_or_none()


# --- earning ------------------------------------------------------------------------------------


def earn(sale: Sale, points: int, *, actor: Actor) -> Posting | None:
    """Points for a receipt, once; pending first where the tenant waits, and an old debt is settled before."""
    key = f"earn:{sale.id}"
    if points <= 0 or sale.member_id is None or _posted(key):
        return None
    told = settings("retail")
    accounts = _accounts(sale.member_id)
    wait = timedelta(days=told["points_pending_days"])
    settled = min(points, -accounts["owed"].balance)
    lot = Lot(
        member_id=sale.member_id,
        sale_id=sale.id,
        points=points,
        remaining=points - settled,
        state="pending" if wait else "active",
        earned_at=now(),
        active_at=now() + wait,
        expires_at=sale.sold_at + MONTH * told["points_months"],
    )
    db.session.add(lot)
    draft = _Draft(sale.member_id, "earn", key)
    draft.put(_house("issue"), -points)
    draft.put(accounts["owed"], settled)
    draft.put(accounts["pending" if wait else "active"], points - settled, lot)
    posting = draft.post(points, actor, sale_id=sale.id)
    _say(PointsEarned(member_id=posting.member_id, posting_id=posting.id, points=points), actor)
    return posting


def activate_due(*, actor: Actor, limit: int = 200) -> int:
    """Make pending points that have waited long enough active; gives how many lots were."""
    query = sa.select(Lot).where(Lot.state == "pending", Lot.active_at <= now())
    lots = db.session.scalars(query.order_by(Lot.active_at, Lot.id).limit(limit)).all()
    for lot_id, member_id in [(lot.id, lot.member_id) for lot in lots]:
        accounts = _accounts(member_id)
        lot = _lot(lot_id)
        if lot.state != "pending":
            continue
        lot.state = "active"
        if not lot.remaining:
            continue
        moved = lot.remaining
        draft = _Draft(member_id, "activate", f"activate:{lot.id}")
        draft.put(accounts["pending"], -moved, lot)
        draft.put(accounts["active"], moved, lot)
        posting = draft.post(moved, actor, sale_id=lot.sale_id)
        _say(PointsActivated(member_id=member_id, posting_id=posting.id, points=moved), actor)
    return len(lots)


# --- spending -----------------------------------------------------------------------------------


def burn(
    member_id: UUID, points: int, *, key: str, actor: Actor, sale_id: UUID | None = None
) -> Posting:
    """Spend points, the oldest first; the same `key` once. Invalid when the member has not so many."""
    known = _posted(f"burn:{key}"[:LONGEST_KEY])
    if known is not None:
        return _same(known, member_id, points)
    accounts = _accounts(member_id)
    known = _posted(f"burn:{key}"[:LONGEST_KEY])  # somebody may have been first while we waited
    if known is not None:
        return _same(known, member_id, points)
    _check_spendable(member_id, accounts["active"].balance, points)
    draft = _Draft(member_id, "burn", f"burn:{key}"[:LONGEST_KEY])
    for lot, share in _first_in(member_id, points):
        lot.remaining -= share
        draft.put(accounts["active"], -share, lot)
    draft.put(_house("redeemed"), points)
    posting = draft.post(points, actor, sale_id=sale_id)
    _say(PointsBurned(member_id=member_id, posting_id=posting.id, points=points), actor)
    return posting


def _same(known: Posting, member_id: UUID, points: int) -> Posting:
    if (known.member_id, known.points) != (member_id, points):
        raise Conflict("the key was used for another posting", field="key")
    return known


def _check_spendable(member_id: UUID, active: int, points: int) -> None:
    if points <= 0:
        raise Invalid(Problem(field="points", message="retail.error.points_positive"))
    member = db.session.get_one(Member, (current_tenant().id, member_id))
    if member.status != "active":
        raise Invalid(Problem(field="member_id", message="retail.error.points_pending_member"))
    if points > active:
        values = (("has", active), ("asked", points))
        raise Invalid(Problem(field="points", message="retail.error.points_short", values=values))


def _first_in(
    member_id: UUID, points: int, states: tuple[str, ...] = ("active",)
) -> Iterable[tuple[Lot, int]]:
    """Lots in the order in which they expire, and how much of each is taken."""
    lots = db.session.scalars(
        sa.select(Lot)
        .where(Lot.member_id == member_id, Lot.state.in_(states), Lot.remaining > 0)
        .order_by(Lot.expires_at, Lot.id)
        .execution_options(populate_existing=True)
    )
    left = points
    for lot in lots:
        if not left:
            break
        share = min(left, lot.remaining)
        left -= share
        yield lot, share


# --- the end of points --------------------------------------------------------------------------


def expire_due(*, actor: Actor, limit: int = 200) -> int:
    """Take away what has expired; gives how many lots were."""
    query = sa.select(Lot.id, Lot.member_id).where(Lot.expires_at <= now(), Lot.remaining > 0)
    found = db.session.execute(query.order_by(Lot.expires_at, Lot.id).limit(limit)).all()
    for lot_id, member_id in found:
        accounts = _accounts(member_id)
        lot = _lot(lot_id)
        gone = lot.remaining
        if not gone:
            continue
        draft = _Draft(member_id, "expire", f"expire:{lot.id}")
        lot.remaining = 0
        draft.put(accounts[lot.state], -gone, lot)
        draft.put(_house("expired"), gone)
        posting = draft.post(gone, actor, sale_id=lot.sale_id)
        _say(PointsExpired(member_id=member_id, posting_id=posting.id, points=gone), actor)
    return len(found)


def claw_back(
    sale: Sale, points: int, *, rma_id: UUID, ticket_id: UUID, actor: Actor
) -> Posting | None:
    """Take back what returned goods had earned; what is spent already stays owed (never below zero)."""
    key = f"claw_back:{rma_id}"
    if points <= 0 or sale.member_id is None or _posted(key):
        return None
    accounts = _accounts(sale.member_id)
    draft = _Draft(sale.member_id, "claw_back", key)
    left = points
    for lot, share in _own_lots_first(sale, points):
        lot.remaining -= share
        left -= share
        draft.put(accounts[lot.state], -share, lot)
    draft.put(accounts["owed"], -left)
    draft.put(_house("issue"), points)
    posting = draft.post(points, actor, sale_id=sale.id, rma_id=rma_id)
    fact = PointsClawedBack(
        member_id=posting.member_id, posting_id=posting.id, points=points, owed=left
    )
    emit(fact, subject=("ticket", ticket_id), actor=actor)
    return posting


def _own_lots_first(sale: Sale, points: int) -> list[tuple[Lot, int]]:
    """The receipt's own lot, then whatever the member has."""
    member_id = sale.member_id
    if member_id is None:
        return []
    own = db.session.scalars(
        sa.select(Lot).where(Lot.sale_id == sale.id, Lot.remaining > 0).order_by(Lot.id)
    ).all()
    taken = [(lot, min(points, lot.remaining)) for lot in own[:1]]
    left = points - sum(share for _, share in taken)
    ids = {lot.id for lot, _ in taken}
    for lot, _ in list(_first_in(member_id, 2**31, ("active", "pending"))):
        if left and lot.id not in ids:
            share = min(left, lot.remaining)
            left -= share
            taken.append((lot, share))
    return taken


def give_back(
    sale: Sale, points: int, *, rma_id: UUID, ticket_id: UUID, actor: Actor
) -> Posting | None:
    """Points that paid for returned goods come back, as a lot of their own."""
    key = f"give_back:{rma_id}"
    if points <= 0 or sale.member_id is None or _posted(key):
        return None
    accounts = _accounts(sale.member_id)
    months = settings("retail")["points_months"]
    settled = min(points, -accounts["owed"].balance)
    lot = Lot(
        member_id=sale.member_id, sale_id=None, points=points, remaining=points - settled,
        state="active", earned_at=now(), active_at=now(), expires_at=now() + MONTH * months,
    )  # fmt: skip
    db.session.add(lot)
    draft = _Draft(sale.member_id, "give_back", key)
    draft.put(_house("redeemed"), -points)
    draft.put(accounts["owed"], settled)
    draft.put(accounts["active"], points - settled, lot)
    posting = draft.post(points, actor, sale_id=sale.id, rma_id=rma_id)
    fact = PointsGivenBack(member_id=posting.member_id, posting_id=posting.id, points=points)
    emit(fact, subject=("ticket", ticket_id), actor=actor)
    return posting


def _lot(lot_id: UUID) -> Lot:
    return db.session.get_one(Lot, (current_tenant().id, lot_id), populate_existing=True)


def _say(fact: Any, actor: Actor) -> None:
    emit(fact, subject=("retail.member", fact.member_id), actor=actor)
