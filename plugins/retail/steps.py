"""What each step of a return does besides moving it: who decided, what was found, what comes next."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from core.sdk import (
    SYSTEM,
    Invalid,
    Problem,
    Ticket,
    current_tenant,
    db,
    definition,
    emit,
    move,
    move_ticket,
    now,
)
from plugins.retail import letters, numbers, points, refunds, statements, tasks
from plugins.retail import return_events as events
from plugins.retail.locks import lock
from plugins.retail.models import Sale, SaleLine
from plugins.retail.return_models import Refund, Rma, RmaLine
from plugins.retail.workflow import MATTER_OF, RMA

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from core.sdk import Actor, Move

PICKUP = timedelta(hours=4)
_FACTS: dict[str, type[events.RmaStep]] = {
    "verify": events.RmaVerified,
    "approve": events.RmaApproved,
    "decline": events.RmaDeclined,
    "issue_label": events.RmaLabelIssued,
    "ship": events.RmaShipped,
    "hand_in": events.RmaHandedIn,
    "receive": events.RmaReceived,
    "begin_inspection": events.RmaInspectionBegun,
    "return_to_customer": events.RmaReturnedToCustomer,
    "exchange": events.RmaExchanged,
    "give_credit": events.RmaCredited,
    "send_to_repair": events.RmaSentToRepair,
    "refund_sent": events.RmaRefunded,
    "close": events.RmaClosed,
    "cancel": events.RmaCancelled,
    "expire": events.RmaExpired,
}


def take(
    rma: Rma, name: str, answers: Mapping[str, Any], *, actor: Actor, version: int | None
) -> Rma:
    """Move a return that the caller has seen; raises NotOffered, Forbidden, Invalid or StaleVersion."""
    lock(rma)
    flow = definition("workflow", RMA, rma.workflow_version)
    moved = move(rma, name, answers, actor=actor, workflow=flow, version=version)
    effect = _EFFECTS.get(name)
    more = effect(rma, moved.answers, actor) if effect else None
    _say(rma, moved, more or {}, actor)
    _let_ticket_follow(rma)
    after = _AFTERWARDS.get(name)
    if after is not None:
        after(rma, moved.answers, actor)
    return rma


def _say(rma: Rma, moved: Move, more: dict[str, Any], actor: Actor) -> None:
    name = moved.transition.name
    ends: dict[str, Any] = {
        "rma_id": rma.id,
        "from_state": moved.source.name,
        "to_state": moved.target.name,
    }
    fact: events.RmaStep
    if name == "auto_approve":
        fact = events.RmaApproved(**ends, automatic=True)
    elif name in {"pass", "pass_partly", "fail"}:
        fact = events.RmaInspected(**ends, finding=rma.finding, amount=more["amount"])
    elif name in {"settle", "refund_failed"}:
        fact = events.RmaSettled(**ends, refunds=len(refunds.of_rma(rma.id)))
    else:
        fact = _FACTS[name](**ends)
    emit(fact, subject=("ticket", rma.ticket_id), actor=actor)


def _let_ticket_follow(rma: Rma) -> None:
    """The ticket stands where its return stands; without a way there it stays."""
    wanted = MATTER_OF.get(rma.state, "done")
    ticket = ticket_of(rma)
    if ticket.state != wanted and ticket.merged_into is None:
        move_ticket(ticket.id, f"to_{wanted}", {}, actor=SYSTEM, version=None)


def ticket_of(rma: Rma) -> Ticket:
    """The matter of a return."""
    return db.session.get_one(Ticket, (current_tenant().id, rma.ticket_id))


# --- deciding -------------------------------------------------------------------------------------


def _verify(rma: Rma, answers: dict[str, Any], actor: Actor) -> None:
    rma.verified_by, rma.verified_name, rma.verified_at = _user(actor), actor.name, now()
    letters.note(ticket_of(rma), answers["note"], actor)


def _approve(rma: Rma, answers: dict[str, Any], actor: Actor) -> None:
    rma.approved_by, rma.approved_name, rma.approved_at = _user(actor), actor.name, now()
    rma.decision_note = answers["note"]
    letters.approved(ticket_of(rma), rma)


def _decline(rma: Rma, answers: dict[str, Any], actor: Actor) -> None:
    rma.approved_by, rma.approved_name, rma.approved_at = _user(actor), actor.name, now()
    rma.decision_note, rma.finished_at = answers["note"], now()
    letters.declined(ticket_of(rma), rma, actor)


def _user(actor: Actor) -> Any:
    return actor.id if actor.kind == "user" else None


# --- goods ----------------------------------------------------------------------------------------


def _ship(rma: Rma, answers: dict[str, Any], _actor: Actor) -> None:
    rma.parcel = answers["parcel"]


def _receive(rma: Rma, _answers: dict[str, Any], _actor: Actor) -> None:
    rma.received_at, rma.expires_at = now(), None
    # RT-15: the floor supervisor takes the goods away promptly.
    tasks.open_task("goods_pickup", rma, due_at=now() + PICKUP)


def _pass(rma: Rma, answers: dict[str, Any], actor: Actor) -> dict[str, Any]:
    for line in lines(rma):
        line.accepted, line.disposition = line.quantity, answers["disposition"]
    return _found(rma, "passed", answers, actor)


def _pass_partly(rma: Rma, answers: dict[str, Any], actor: Actor) -> dict[str, Any]:
    counts = {row["sku"].upper(): int(row["count"]) for row in answers["accepted"]}
    known = {line.id: line for line in _sale_lines(rma)}
    for line in lines(rma):
        sale_line = known[line.sale_line_id]
        count = counts.pop(sale_line.sku.upper(), 0)
        if count > line.quantity:
            raise _wrong("accepted", "retail.error.accepted")
        line.accepted, line.disposition = count, answers["disposition"] if count else ""
        line.amount = _share(sale_line, count)
    if counts:
        raise _wrong("accepted", "retail.error.sku")
    if not any(line.accepted for line in lines(rma)):
        raise _wrong("accepted", "retail.error.nothing_accepted")
    return _found(rma, "partial", answers, actor)


def _fail(rma: Rma, answers: dict[str, Any], actor: Actor) -> dict[str, Any]:
    for line in lines(rma):
        line.accepted, line.amount = 0, 0
    return _found(rma, "failed", answers, actor)


def _found(rma: Rma, finding: str, answers: dict[str, Any], actor: Actor) -> dict[str, Any]:
    rma.finding, rma.finding_note = finding, answers.get("note") or ""
    rma.inspected_name, rma.inspected_at = actor.name, now()
    rma.amount = sum(line.amount for line in lines(rma))
    return {"amount": rma.amount}


def _share(line: SaleLine, count: int) -> int:
    before, whole = line.returned, line.quantity
    return line.amount * (before + count) // whole - line.amount * before // whole


def lines(rma: Rma) -> list[RmaLine]:
    """What comes back."""
    return list(db.session.scalars(sa.select(RmaLine).where(RmaLine.rma_id == rma.id)))


def _sale_lines(rma: Rma) -> list[SaleLine]:
    return list(db.session.scalars(sa.select(SaleLine).where(SaleLine.sale_id == rma.sale_id)))


def _wrong(field: str, message: str) -> Invalid:
    return Invalid(Problem(field=f"form.{field}", message=message))


# --- settling -------------------------------------------------------------------------------------


def _count_returned(rma: Rma) -> None:
    known = {line.id: line for line in _sale_lines(rma)}
    for line in lines(rma):
        known[line.sale_line_id].returned += line.accepted or 0


def _settle(rma: Rma, _answers: dict[str, Any], actor: Actor) -> None:
    _count_returned(rma)
    refunds.lay_out(rma, actor=actor)


def _exchange(rma: Rma, answers: dict[str, Any], _actor: Actor) -> None:
    _count_returned(rma)
    rma.outcome, rma.outcome_reference, rma.finished_at = "exchanged", answers["receipt"], now()


def _credit(rma: Rma, _answers: dict[str, Any], actor: Actor) -> None:
    _count_returned(rma)
    rma.outcome, rma.outcome_reference = "store_credit", numbers.take("credit")
    rma.finished_at = now()
    take_points_back(rma, actor)
    letters.credited(ticket_of(rma), rma)


def _repair(rma: Rma, answers: dict[str, Any], _actor: Actor) -> None:
    rma.outcome, rma.outcome_reference = "repair", answers["order"]


def _refunded(rma: Rma, _answers: dict[str, Any], actor: Actor) -> None:
    rma.outcome, rma.finished_at = "refunded", now()
    take_points_back(rma, actor)


def _close(rma: Rma, _answers: dict[str, Any], _actor: Actor) -> None:
    rma.finished_at = rma.finished_at or now()


def _end(rma: Rma, _answers: dict[str, Any], _actor: Actor) -> None:
    rma.finished_at = now()
    letters.ended(ticket_of(rma), rma)


def take_points_back(rma: Rma, actor: Actor) -> None:
    """Points that the returned goods had earned go back; those that had paid for them come back."""
    sale = db.session.get_one(Sale, (current_tenant().id, rma.sale_id))
    if sale.member_id is None:
        return
    about: dict[str, Any] = {"rma_id": rma.id, "ticket_id": rma.ticket_id, "actor": actor}
    paid_back = -sum(refund.points for refund in refunds.of_rma(rma.id))
    points.give_back(sale, paid_back, **about)
    earned, clawed = statements.earned_for(sale.id), statements.clawed_for(sale.id)
    returned = sum(line.amount * line.returned // line.quantity for line in _sale_lines(rma))
    wanted = earned * min(returned, sale.total) // sale.total - clawed
    points.claw_back(sale, wanted, **about)
    rma.points_back = max(0, wanted)


def _close_when_settled(rma: Rma, _answers: dict[str, Any], _actor: Actor) -> None:
    if rma.state == "refunded" and all(r.state == "arrived" for r in refunds.of_rma(rma.id)):
        take(rma, "close", {}, actor=SYSTEM, version=None)


def refund_moved(refund: Refund) -> None:
    """A refund took a step: the return follows when all are sent, when all arrived, or when one came back."""
    rma = db.session.get_one(Rma, (current_tenant().id, refund.rma_id))
    states = {each.state for each in refunds.of_rma(rma.id)}
    if rma.state == "refund_pending" and states <= {"sent", "arrived"}:
        take(rma, "refund_sent", {}, actor=SYSTEM, version=None)
    elif rma.state == "refunded" and states == {"arrived"}:
        take(rma, "close", {}, actor=SYSTEM, version=None)
    elif rma.state == "refunded" and states & {"failed", "approved", "executing"}:
        take(rma, "refund_failed", {}, actor=SYSTEM, version=None)


_EFFECTS: dict[str, Callable[..., Any]] = {
    "verify": _verify,
    "approve": _approve,
    "decline": _decline,
    "ship": _ship,
    "receive": _receive,
    "pass": _pass,
    "pass_partly": _pass_partly,
    "fail": _fail,
    "settle": _settle,
    "exchange": _exchange,
    "give_credit": _credit,
    "send_to_repair": _repair,
    "refund_sent": _refunded,
    "close": _close,
    "cancel": _end,
    "expire": _end,
    "return_to_customer": _end,
}
_AFTERWARDS: dict[str, Callable[..., None]] = {"refund_sent": _close_when_settled}
