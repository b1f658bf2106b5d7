"""Refunds laid out: one per tender of the receipt, pro rata, never more than was paid (RT-10, RT-14)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from core.sdk import (
    Conflict,
    Money,
    NotFound,
    current_tenant,
    db,
    definition,
    definition_version,
    now,
)
from plugins.retail.models import SaleTender
from plugins.retail.return_models import Refund, Rma
from plugins.retail.workflow import REFUND

if TYPE_CHECKING:
    from uuid import UUID

    from core.sdk import Actor


def lay_out(rma: Rma, *, actor: Actor) -> list[Refund]:
    """Split what was accepted over the receipt's tenders; the approval of the case is that of its refunds.

    Conflict when more would go back than was paid.
    """
    tenders = _tenders(rma.sale_id)
    left = _left(rma.sale_id, tenders)
    if rma.amount > sum(left):
        raise Conflict("more would go back than was paid", field="amount")
    shares = Money(rma.amount, rma.currency).split(left)
    made = [
        _refund(rma, tender, part.amount, actor)
        for tender, part in zip(tenders, shares, strict=True)
        if part.amount
    ]
    db.session.add_all(made)
    db.session.flush()  # what follows reads them
    return made


def _refund(rma: Rma, tender: SaleTender, amount: int, actor: Actor) -> Refund:
    approved = rma.approved_by is not None
    flow = definition("workflow", REFUND)
    return Refund(
        rma_id=rma.id,
        tender_id=tender.id,
        state="approved" if approved else flow.initial,
        version=1,
        workflow_version=definition_version("workflow", REFUND),
        original=tender.kind,
        method=tender.kind,
        amount=-amount,
        currency=rma.currency,
        points=-_points(tender, amount),
        created_at=now(),
        created_by=actor.id if actor.kind == "user" else None,
        approved_by=rma.approved_by,
        approved_name=rma.approved_name if approved else "",
        approved_at=rma.approved_at if approved else None,
    )


def _points(tender: SaleTender, amount: int) -> int:
    """How many points a part of a points tender stands for; its reference keeps their number."""
    if tender.kind != "points":
        return 0
    return int(tender.reference or 0) * amount // tender.amount


def _tenders(sale_id: UUID) -> list[SaleTender]:
    query = sa.select(SaleTender).where(SaleTender.sale_id == sale_id)
    return list(db.session.scalars(query.order_by(SaleTender.position)))


def _left(sale_id: UUID, tenders: list[SaleTender]) -> list[int]:
    """What of each tender did not go back yet."""
    tenant_id = current_tenant().id
    mine = sa.and_(
        Rma.tenant_id == tenant_id, Refund.tenant_id == tenant_id, Rma.id == Refund.rma_id
    )
    rows = db.session.execute(
        sa.select(Refund.tender_id, sa.func.sum(Refund.amount))
        .join(Rma, mine)
        .where(Rma.sale_id == sale_id)
        .group_by(Refund.tender_id)
    )
    back = {tender_id: -int(amount) for tender_id, amount in rows}
    return [tender.amount - back.get(tender.id, 0) for tender in tenders]


def of_rma(rma_id: UUID) -> list[Refund]:
    """The refunds of a return."""
    query = sa.select(Refund).where(Refund.rma_id == rma_id)
    return list(db.session.scalars(query.order_by(Refund.created_at, Refund.id)))


def get_refund(refund_id: UUID) -> Refund:
    """The refund; NotFound."""
    found = db.session.get(Refund, (current_tenant().id, refund_id))
    if found is None:
        raise NotFound(f"no refund {refund_id}")
    return found


def tender_of(refund: Refund) -> SaleTender:
    """How the money had come."""
    return db.session.get_one(SaleTender, (current_tenant().id, refund.tender_id))
