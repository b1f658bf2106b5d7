"""Receipts as the till and the online shop report them: kept once, found again, and worth points."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

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
)
from plugins.retail import points
from plugins.retail.events import SaleRecorded
from plugins.retail.members import get_member, plain_phone
from plugins.retail.models import Product, Sale, SaleLine, SaleTender
from plugins.retail.return_models import Rma, RmaLine
from plugins.retail.workflow import ENDED_WITHOUT

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from core.sdk import Actor

TENDERS = ("cash", "stored", "bank", "points")
CHANNELS = ("store", "online")
COUNTED = ("refund_pending", "refunded", "exchanged", "store_credit", "repair", "closed")
"""States of a return in which the receipt's lines say themselves how many came back."""


@dataclass(frozen=True, kw_only=True)
class LineIn:
    """A line as the till reports it; `amount` in minor units, None for price by quantity."""

    sku: str
    quantity: int = 1
    amount: int | None = None


@dataclass(frozen=True, kw_only=True)
class TenderIn:
    """A tender as the till reports it; `points` only for kind points."""

    kind: str
    amount: int
    account: str = ""
    reference: str = ""
    points: int = 0


@dataclass(frozen=True, kw_only=True)
class SaleIn:
    """A receipt as the till reports it."""

    number: str
    store: str
    lines: tuple[LineIn, ...]
    tenders: tuple[TenderIn, ...]
    channel: str = "store"
    cashier: str = ""
    member_id: UUID | None = None
    phone: str = ""
    sold_at: datetime | None = None
    received_at: datetime | None = None
    currency: str = field(default="")


def record_sale(given: SaleIn, *, actor: Actor) -> Sale:
    """Keep a receipt and give its points; the same number with the same total is the same receipt (Conflict else)."""
    known = sale_of_number(given.number)
    products = _products([line.sku for line in given.lines])
    total = _checked(given, products)
    if known is not None:
        if (known.total, known.member_id) != (total, given.member_id):
            raise Conflict("the receipt number is taken", field="number")
        return known
    sale = _sale(given, total)
    db.session.add(sale)
    db.session.flush()  # lines and tenders point at the receipt
    _keep_lines(sale, given, products)
    used = sum(tender.points for tender in given.tenders)
    if used and sale.member_id is not None:
        points.burn(sale.member_id, used, key=f"sale:{sale.id}", actor=actor, sale_id=sale.id)
    fact = SaleRecorded(
        sale_id=sale.id, member_id=sale.member_id, channel=sale.channel, total=total,
        currency=sale.currency,
    )  # fmt: skip
    emit(fact, subject=("retail.sale", sale.id), actor=actor)
    points.earn(sale, points_for(given, total), actor=actor)
    return sale


def points_for(given: SaleIn, total: int) -> int:
    """Points per whole unit of money that was really paid; points earn none."""
    paid = total - sum(tender.amount for tender in given.tenders if tender.kind == "points")
    return paid // 100 * int(settings("retail")["points_per_unit"])


def _products(skus: Sequence[str]) -> dict[str, Product]:
    rows = db.session.scalars(sa.select(Product).where(Product.sku.in_(skus)))
    return {row.sku: row for row in rows}


def _checked(given: SaleIn, products: dict[str, Product]) -> int:
    """The total; Invalid when goods are unknown or tenders do not add up to it."""
    problems = [
        Problem(field=f"lines.{index}.sku", message="retail.error.sku")
        for index, line in enumerate(given.lines)
        if line.sku not in products
    ]
    if given.member_id is None and any(tender.kind == "points" for tender in given.tenders):
        problems.append(Problem(field="member_id", message="retail.error.points_member"))
    if problems:
        raise Invalid(*problems)
    total = sum(_amount(line, products) for line in given.lines)
    paid = sum(tender.amount for tender in given.tenders)
    if paid != total or total <= 0:
        values = (("total", total), ("paid", paid))
        raise Invalid(Problem(field="tenders", message="retail.error.tenders", values=values))
    return total


def _amount(line: LineIn, products: dict[str, Product]) -> int:
    price = products[line.sku].price * line.quantity
    return price if line.amount is None else line.amount


def _sale(given: SaleIn, total: int) -> Sale:
    phone = plain_phone(given.phone) if given.phone else ""
    if given.member_id is not None:
        phone = get_member(given.member_id).phone
    return Sale(
        number=given.number,
        channel=given.channel,
        store=given.store,
        cashier=given.cashier,
        member_id=given.member_id,
        phone=phone,
        sold_at=given.sold_at or now(),
        received_at=given.received_at,
        total=total,
        currency=given.currency or settings("retail")["currency"],
        points_used=sum(tender.points for tender in given.tenders),
    )


def _keep_lines(sale: Sale, given: SaleIn, products: dict[str, Product]) -> None:
    for position, line in enumerate(given.lines, 1):
        product = products[line.sku]
        db.session.add(
            SaleLine(
                sale_id=sale.id,
                position=position,
                product_id=product.id,
                sku=product.sku,
                barcode=product.barcode,
                name=product.name,
                category=product.category,
                excluded=product.excluded,
                quantity=line.quantity,
                amount=_amount(line, products),
            )
        )
    for position, tender in enumerate(given.tenders, 1):
        db.session.add(
            SaleTender(
                sale_id=sale.id,
                position=position,
                kind=tender.kind,
                amount=tender.amount,
                account=tender.account,
                reference=str(tender.points) if tender.points else tender.reference,
            )
        )


# --- finding ------------------------------------------------------------------------------------


def get_sale(sale_id: UUID) -> Sale:
    """The receipt; NotFound."""
    found = db.session.get(Sale, (current_tenant().id, sale_id))
    if found is None:
        raise NotFound(f"no receipt {sale_id}")
    return found


def sale_of_number(number: str) -> Sale | None:
    """The receipt of that number, however it was typed."""
    plain = "".join(number.split()).upper()
    return db.session.scalars(sa.select(Sale).where(Sale.number == plain)).one_or_none()


def sale_of_customer(number: str, phone: str) -> Sale:
    """The receipt that a customer names by number and telephone; NotFound says not which of them is wrong."""
    sale = sale_of_number(number)
    if sale is None or not sale.phone or sale.phone != plain_phone(phone):
        raise NotFound("no such receipt")
    return sale


def lines_of(sale_id: UUID) -> list[SaleLine]:
    """The lines of a receipt in their order."""
    query = sa.select(SaleLine).where(SaleLine.sale_id == sale_id)
    return list(db.session.scalars(query.order_by(SaleLine.position)))


def tenders_of(sale_id: UUID) -> list[SaleTender]:
    """How a receipt was paid."""
    query = sa.select(SaleTender).where(SaleTender.sale_id == sale_id)
    return list(db.session.scalars(query.order_by(SaleTender.position)))


def sales_of_member(member_id: UUID, *, limit: int = 10) -> list[Sale]:
    """A member's receipts, newest first."""
    query = sa.select(Sale).where(Sale.member_id == member_id)
    return list(
        db.session.scalars(query.order_by(Sale.sold_at.desc(), Sale.id.desc()).limit(limit))
    )


def left_of(sale_id: UUID) -> dict[UUID, int]:
    """How many of each line can still come back: not returned, and in no return that goes on."""
    tenant_id = current_tenant().id
    asked: dict[UUID, int] = defaultdict(int)
    rows: Any = db.session.execute(
        sa.select(RmaLine.sale_line_id, RmaLine.quantity)
        .join(
            Rma,
            sa.and_(
                Rma.tenant_id == tenant_id, RmaLine.tenant_id == tenant_id, Rma.id == RmaLine.rma_id
            ),
        )
        .where(Rma.sale_id == sale_id, Rma.state.not_in((*ENDED_WITHOUT, *COUNTED)))
    )
    for line_id, quantity in rows:
        asked[line_id] += quantity
    return {
        line.id: max(0, line.quantity - line.returned - asked[line.id])
        for line in lines_of(sale_id)
    }
