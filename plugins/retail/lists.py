"""Lists of members, applications and returns: searched, filtered, paged by keyset, and as CSV."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from core.sdk import Page, Ticket, current_tenant, db, page_of, visible_tickets_to
from plugins.retail.members import plain_phone
from plugins.retail.models import Application, Member, MemberCard, Sale
from plugins.retail.return_models import Refund, Rma

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from core.sdk import Actor

PAGE, MOST = 50, 2000
FILTERS = ("pending_completion", "silver")
STAGES = ("request", "decision", "goods", "settlement", "done")


def members_found(words: str, only: str = "") -> sa.Select[Any]:
    """Members by name, telephone, member number or card number; `only` is one of FILTERS."""
    query = sa.select(Member).where(Member.erased_at.is_(None))
    if only == "pending_completion":
        query = query.where(Member.status == only)
    elif only == "silver":
        query = query.where(Member.id.in_(_with_card(MemberCard.kind == "silver")))
    plain = "".join(words.split())
    if not plain:
        return query
    found = [
        Member.name.icontains(words.strip(), autoescape=True),
        Member.number == plain,
        Member.id.in_(_with_card(MemberCard.number == plain)),
    ]
    phone = plain_phone(plain)
    if phone:
        found.append(Member.phone == phone)
    return query.where(sa.or_(*found))


def _with_card(condition: Any) -> Any:
    return sa.select(MemberCard.member_id).where(
        MemberCard.tenant_id == current_tenant().id, condition
    )


def member_page(words: str, *, only: str = "", cursor: str = "", limit: int = PAGE) -> Page:
    """Members, the latest first."""
    rows = members_found(words, only)
    return page_of(rows, Member.joined_at, Member.id, cursor=cursor, limit=limit)


def cards_by_member(member_ids: Sequence[UUID]) -> dict[UUID, MemberCard]:
    """The working card of each of many members."""
    rows = db.session.scalars(
        sa.select(MemberCard)
        .where(MemberCard.member_id.in_(member_ids), MemberCard.state.in_(("active", "pending")))
        .order_by(MemberCard.issued_at)
    )
    return {row.member_id: row for row in rows}


def application_page(*, state: str = "", conflicts: bool = False, cursor: str = "") -> Page:
    """Applications, the latest first."""
    query = sa.select(Application)
    if state:
        query = query.where(Application.state == state)
    if conflicts:
        query = query.where(
            Application.conflict_with.is_not(None), Application.state.not_in(("issued", "refused"))
        )
    return page_of(query, Application.taken_at, Application.id, cursor=cursor, limit=PAGE)


def returns_found(
    actor: Actor, *, state: str = "", words: str = "", mine: bool = False
) -> sa.Select[Any]:
    """Returns whose tickets the actor sees; `mine` are those that wait for his approval (never his own)."""
    tenant_id = current_tenant().id
    seen = sa.select(Ticket.id).where(Ticket.tenant_id == tenant_id, visible_tickets_to(actor))
    query = sa.select(Rma).where(Rma.ticket_id.in_(seen))
    if mine:
        query = query.where(
            Rma.state == "pending_approval",
            Rma.verified_by.is_distinct_from(actor.id),
            Rma.requested_by.is_distinct_from(actor.id),
        )
    elif state:
        query = query.where(Rma.state == state)
    plain = "".join(words.split()).upper()
    if plain:
        sales = sa.select(Sale.id).where(Sale.tenant_id == tenant_id, Sale.number == plain)
        numbers = sa.select(Ticket.id).where(Ticket.tenant_id == tenant_id, Ticket.number == plain)
        query = query.where(sa.or_(Rma.sale_id.in_(sales), Rma.ticket_id.in_(numbers)))
    return query


def return_page(actor: Actor, *, cursor: str = "", limit: int = PAGE, **asked: Any) -> Page:
    """Returns, the latest first."""
    rows = returns_found(actor, **asked)
    return page_of(rows, Rma.requested_at, Rma.id, cursor=cursor, limit=limit)


def counts_of_returns(actor: Actor) -> dict[str, int]:
    """How many returns stand in each state."""
    found = returns_found(actor).subquery()
    rows = db.session.execute(
        sa.select(found.c.state, sa.func.count())
        .where(found.c.tenant_id == current_tenant().id)
        .group_by(found.c.state)
    )
    return {state: int(count) for state, count in rows}


def sales_by_id(ids: Sequence[UUID]) -> dict[UUID, Sale]:
    """Receipts of many returns at once."""
    return {row.id: row for row in db.session.scalars(sa.select(Sale).where(Sale.id.in_(ids)))}


def tickets_by_id(ids: Sequence[UUID]) -> dict[UUID, Ticket]:
    """Tickets of many returns at once; the returns were found among what the actor sees."""
    return {row.id: row for row in db.session.scalars(sa.select(Ticket).where(Ticket.id.in_(ids)))}


def refund_page(actor: Actor, *, state: str = "", cursor: str = "", limit: int = PAGE) -> Page:
    """Refunds of returns that the actor sees, the latest first."""
    tenant_id = current_tenant().id
    seen = sa.select(Ticket.id).where(Ticket.tenant_id == tenant_id, visible_tickets_to(actor))
    mine = sa.select(Rma.id).where(Rma.tenant_id == tenant_id, Rma.ticket_id.in_(seen))
    query = sa.select(Refund).where(Refund.rma_id.in_(mine))
    if state:
        query = query.where(Refund.state == state)
    return page_of(query, Refund.created_at, Refund.id, cursor=cursor, limit=limit)


def sales_found(words: str, *, limit: int = 20) -> list[Sale]:
    """Receipts by number, telephone, or a member's card."""
    plain = "".join(words.split()).upper()
    if not plain:
        return []
    tenant_id = current_tenant().id
    found = [Sale.number == plain]
    phone = plain_phone(plain)
    if phone:
        found.append(Sale.phone == phone)
    cards = sa.select(MemberCard.member_id).where(
        MemberCard.tenant_id == tenant_id, MemberCard.number == plain
    )
    members = sa.select(Member.id).where(Member.tenant_id == tenant_id, Member.number == plain)
    found += [Sale.member_id.in_(cards), Sale.member_id.in_(members)]
    query = sa.select(Sale).where(sa.or_(*found))
    return list(
        db.session.scalars(query.order_by(Sale.sold_at.desc(), Sale.id.desc()).limit(limit))
    )
