"""Returns and exchanges: what a receipt allows, the request, and the one door to a return."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from core.sdk import (
    SYSTEM,
    Conflict,
    Invalid,
    Money,
    NewTicket,
    NotFound,
    Problem,
    current_tenant,
    day_of,
    db,
    definition,
    definition_version,
    emit,
    format_date,
    get_ticket,
    money_text,
    now,
    open_ticket,
    settings,
    speaking,
    text,
)
from plugins.retail import letters, policy, steps
from plugins.retail.locks import lock
from plugins.retail.models import SaleLine
from plugins.retail.return_events import RmaRequested
from plugins.retail.return_models import Refund, Rma, RmaLine
from plugins.retail.sales import get_sale, left_of, lines_of, tenders_of
from plugins.retail.settings import rules
from plugins.retail.workflow import READ, RMA, TICKET

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from core.sdk import Actor, Ticket
    from plugins.retail.models import Sale

CATEGORY = "R-RETURN"


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What a customer asks: `lines` are (line of the receipt, how many)."""

    lines: tuple[tuple[UUID, int], ...]
    reason: str
    condition: str = "intact"
    remedy: str = ""
    failed_repairs: int = 0
    words: str = ""


# --- what is allowed ------------------------------------------------------------------------------


def check(sale: Sale, wish: Wish) -> policy.Verdict:
    """What the policy engine says to a wish today; Invalid for lines that cannot come back."""
    rows = _wanted(sale, wish)
    received = sale.received_at
    facts = policy.Facts(
        sold_on=day_of(sale.sold_at),
        asked_on=today(),
        channel=sale.channel,
        reason=wish.reason,
        condition=wish.condition,
        goods=tuple(
            policy.Goods(name=line.name, category=line.category, excluded=line.excluded)
            for line, _ in rows
        ),
        tenders=tuple(tender.kind for tender in tenders_of(sale.id)),
        received_on=day_of(received) if received else None,
        failed_repairs=wish.failed_repairs,
    )
    return policy.evaluate(facts, rules())


def _wanted(sale: Sale, wish: Wish) -> list[tuple[SaleLine, int]]:
    lines = {line.id: line for line in lines_of(sale.id)}
    left = left_of(sale.id)
    problems = [
        Problem(field="reason", message="retail.error.reason")
        for _ in range(wish.reason not in policy.REASONS)
    ] + [
        Problem(field="condition", message="retail.error.condition")
        for _ in range(wish.condition not in policy.CONDITIONS)
    ]
    if not wish.lines:
        problems.append(Problem(field="lines", message="retail.error.no_lines"))
    for line_id, count in wish.lines:
        if line_id not in lines:
            problems.append(Problem(field="lines", message="retail.error.line"))
        elif not 0 < count <= left[line_id]:
            values = (("goods", lines[line_id].name), ("left", left[line_id]))
            problems.append(Problem(field="lines", message="retail.error.quantity", values=values))
    if len({line_id for line_id, _ in wish.lines}) < len(wish.lines):
        problems.append(Problem(field="lines", message="retail.error.line_twice"))
    if problems:
        raise Invalid(*problems)
    return [(lines[line_id], count) for line_id, count in wish.lines]


def share(line: SaleLine, count: int, *, before: int) -> int:
    """What `count` of a line cost after `before` others: shares of a line add up to it exactly."""
    paid, whole = line.amount, line.quantity
    return paid * (before + count) // whole - paid * before // whole


def why(offer: policy.Offer | dict[str, Any]) -> str:
    """The reason for an offer or a refusal, in the language in use."""
    told = offer.as_json() if isinstance(offer, policy.Offer) else offer
    values = {
        name: format_date_of(value) if name == "until" else _word(name, value)
        for name, value in told["values"].items()
    }
    return text(f"retail.why.{told['words']}", **values)


def rule_text(rule: str) -> str:
    """A rule as people read it: its id, or that it is the store's own."""
    return text("retail.portal.shop_rule") if rule == "shop" else rule


def why_both(offer: policy.Offer) -> dict[str, str]:
    """The same in every language of the house: the engine prints its reasons, whoever reads them."""
    told = {}
    for locale in ("zh-CN", "en"):
        with speaking(locale, current_tenant().timezone):
            told[locale] = why(offer)
    return told


def format_date_of(value: str) -> str:
    """A day kept in ISO form, in the language in use."""
    return format_date(date.fromisoformat(value))


def _word(name: str, value: Any) -> Any:
    return text(f"retail.excluded.{value}") if name == "excluded" else value


# --- asking ---------------------------------------------------------------------------------------


def request(
    sale_id: UUID,
    wish: Wish,
    *,
    actor: Actor,
    contact_id: UUID | None,
    channel: str = "visit",
    ticket_id: UUID | None = None,
) -> Rma:
    """Open a return with its ticket (or at `ticket_id`).

    Staff may ask for what no rule allows: then only a manager's exception approves it. Invalid says why not.
    """
    sale = get_sale(sale_id)
    lock(sale)
    rows = _wanted(sale, wish)
    offer = _chosen(check(sale, wish), wish, actor)
    ticket = _ticket(sale, wish, rows, (actor, contact_id, channel, ticket_id))
    rma = _row(sale, wish, offer, ticket, actor)
    db.session.add(rma)
    db.session.flush()  # its lines point at it
    _keep_lines(rma, rows)
    fact = RmaRequested(
        rma_id=rma.id, sale_id=sale.id, reason=rma.reason, remedy=rma.remedy, rule=rma.rule,
        eligible=offer.allowed, amount=rma.amount, currency=rma.currency,
    )  # fmt: skip
    emit(fact, subject=("ticket", ticket.id), actor=actor)
    letters.received(ticket, rma)
    if offer.allowed and 0 < rma.amount <= settings("retail")["auto_approve_limit"]:
        steps.take(rma, "auto_approve", {}, actor=SYSTEM, version=None)
    return rma


def _chosen(verdict: policy.Verdict, wish: Wish, actor: Actor) -> policy.Offer:
    if wish.remedy not in policy.REMEDIES:
        raise Invalid(Problem(field="remedy", message="retail.error.remedy"))
    offer = verdict.offer(wish.remedy)
    if not offer.allowed and actor.kind != "user":
        values = (("why", why(offer)), ("rule", offer.rule))
        raise Invalid(Problem(field="remedy", message="retail.error.not_allowed", values=values))
    return offer


def _ticket(
    sale: Sale,
    wish: Wish,
    rows: Sequence[tuple[SaleLine, int]],
    about: tuple[Actor, UUID | None, str, UUID | None],
) -> Ticket:
    actor, contact_id, channel, ticket_id = about
    if ticket_id is not None:
        ticket = get_ticket(ticket_id, actor=actor)
        if ticket.type != TICKET or _at_ticket(ticket_id) is not None:
            raise Conflict(
                "this ticket has its return, or is about something else", field="ticket_id"
            )
        return ticket
    tenant = current_tenant()
    with speaking(tenant.locale, tenant.timezone):
        goods = text("retail.list_comma").join(line.name for line, _ in rows)
        subject = text(
            "retail.ticket.subject", remedy=text(f"retail.remedy.{wish.remedy}"), goods=goods
        )[:300]
        description = _description(sale, wish, rows)
    new = NewTicket(
        type=TICKET, subject=subject, description=description, contact_id=contact_id,
        channel=channel, category=CATEGORY, phase="after_sales",
    )  # fmt: skip
    return open_ticket(new, actor=SYSTEM if actor.kind == "anonymous" else actor)


def _description(sale: Sale, wish: Wish, rows: Sequence[tuple[SaleLine, int]]) -> str:
    said = [
        text("retail.ticket.receipt", number=sale.number, at=format_date(sale.sold_at)),
        *(text("retail.ticket.line", goods=line.name, count=count) for line, count in rows),
        text(
            "retail.ticket.reason",
            reason=text(f"retail.reason.{wish.reason}"),
            condition=text(f"retail.condition.{wish.condition}"),
        ),
        wish.words,
    ]
    return "\n".join(line for line in said if line)


def _row(sale: Sale, wish: Wish, offer: policy.Offer, ticket: Ticket, actor: Actor) -> Rma:
    days = settings("retail")["expiry_days"]
    return Rma(
        ticket_id=ticket.id,
        sale_id=sale.id,
        state=definition("workflow", RMA).initial,
        version=1,
        workflow_version=definition_version("workflow", RMA),
        channel=sale.channel,
        reason=wish.reason,
        condition=wish.condition,
        remedy=wish.remedy,
        verdict=offer.as_json(),
        rule=offer.rule,
        currency=sale.currency,
        requested_at=now(),
        requested_by=actor.id if actor.kind == "user" else None,
        expires_at=now() + timedelta(days=days),
    )


def _keep_lines(rma: Rma, rows: Sequence[tuple[SaleLine, int]]) -> None:
    for line, count in rows:
        amount = share(line, count, before=line.returned)
        db.session.add(RmaLine(rma_id=rma.id, sale_line_id=line.id, quantity=count, amount=amount))
        rma.amount += amount


# --- the door -------------------------------------------------------------------------------------


def get_rma(rma_id: UUID, *, actor: Actor, permission: str = READ) -> Rma:
    """The return, for whoever has the right and sees its ticket; Forbidden or NotFound."""
    actor.must(permission)
    found = db.session.get(Rma, (current_tenant().id, rma_id))
    if found is None:
        raise NotFound(f"no return {rma_id}")
    get_ticket(found.ticket_id, actor=actor)
    return found


def rma_by_id(rma_id: UUID) -> Rma:
    """The return, for code that has asked who may."""
    return db.session.get_one(Rma, (current_tenant().id, rma_id))


def ticket_of(rma: Rma) -> Ticket:
    """The matter of a return."""
    return steps.ticket_of(rma)


def today() -> date:
    """The day at the tenant's."""
    return day_of(now())


def _at_ticket(ticket_id: UUID) -> Rma | None:
    return db.session.scalars(sa.select(Rma).where(Rma.ticket_id == ticket_id)).one_or_none()


def rma_of_ticket(ticket_id: UUID) -> Rma | None:
    """The return that a ticket is about; the caller has seen the ticket."""
    return _at_ticket(ticket_id)


def lines_of_rma(rma_id: UUID) -> list[tuple[RmaLine, SaleLine]]:
    """What comes back, with the receipt's lines."""
    tenant_id = current_tenant().id
    same = sa.and_(
        SaleLine.tenant_id == tenant_id,
        RmaLine.tenant_id == tenant_id,
        SaleLine.id == RmaLine.sale_line_id,
    )
    query = sa.select(RmaLine, SaleLine).join(SaleLine, same).where(RmaLine.rma_id == rma_id)
    return [(row[0], row[1]) for row in db.session.execute(query.order_by(SaleLine.position))]


def refunds_of(rma_id: UUID) -> list[Refund]:
    """The refunds of a return, in the order of the receipt's tenders."""
    query = sa.select(Refund).where(Refund.rma_id == rma_id)
    return list(db.session.scalars(query.order_by(Refund.created_at, Refund.id)))


def amount_text(amount: int, currency: str) -> str:
    """An amount in the language in use."""
    money = Money(amount, currency)
    return money_text(money.amount, money.currency)
