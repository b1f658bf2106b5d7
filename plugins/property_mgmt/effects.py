"""What each move of ST-W keeps, says as a fact, and tells the resident."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa

from core.sdk import SYSTEM, Ticket, current_tenant, db, now, patch_ticket
from plugins.property_mgmt import contractors, letters, signing, work_events
from plugins.property_mgmt.forms import CATEGORY_OF, RATINGS
from plugins.property_mgmt.models import Contractor
from plugins.property_mgmt.photos import keep_photos, photos_of
from plugins.property_mgmt.work_models import Offer

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.sdk import Actor, Event
    from plugins.property_mgmt.work_models import WorkOrder

Answers = dict[str, Any]
Facts = dict[str, Any]


@dataclass(frozen=True)
class Done:
    """What came of a move: the fact, what was said for the record, and the words that the resident's letter needs."""

    event: Event
    said: str = ""
    told: dict[str, str] | None = None


def apply(order: WorkOrder, name: str, answers: Answers, actor: Actor, facts: Facts) -> Done:
    """Keep the answers of the move `name`, that the order has just taken."""
    return _EFFECTS[name](order, answers, actor, facts)


def tell_resident(order: WorkOrder, name: str, told: dict[str, str] | None) -> None:
    """Tell the customer what happened, unless the tenant does not want it (PM-02)."""
    if told is not None:
        letters.tell(order, name, told)


# --- at the desk ----------------------------------------------------------------------------------


def _triage(order: WorkOrder, answers: Answers, _actor: Actor, facts: Facts) -> Done:
    order.trade, order.task = answers["trade"], answers["task"]
    _forget_quote(order)
    ticket = db.session.get_one(Ticket, (current_tenant().id, order.ticket_id))
    changes: dict[str, str] = {}
    if ticket.priority != answers["priority"]:
        changes["priority"] = answers["priority"]
    if ticket.type == "property_mgmt.repair" and ticket.category != CATEGORY_OF[order.trade]:
        changes["category"] = CATEGORY_OF[order.trade]
    if changes:
        # The fact of the triage names who decided; the ticket follows, whatever he may do with it himself.
        patch_ticket(ticket.id, changes, actor=SYSTEM, version=None)
    event = work_events.WorkTriaged(trade=order.trade, priority=answers["priority"], **facts)
    return Done(event, said=order.task)


def _forget_quote(order: WorkOrder) -> None:
    order.quote_amount, order.approved_by, order.approved_name = None, None, ""
    order.approved_at = None


def _quote(order: WorkOrder, answers: Answers, actor: Actor, facts: Facts) -> Done:
    amount = answers["amount"]
    order.quote_amount, order.currency = amount["amount"], amount["currency"]
    order.payer, order.quoted_by = answers["payer"], actor.id
    event = work_events.WorkQuoted(
        amount=order.quote_amount, currency=order.currency, payer=order.payer, **facts
    )
    return Done(event, said=answers.get("said", ""))


def _approve(order: WorkOrder, answers: Answers, actor: Actor, facts: Facts) -> Done:
    order.approved_by, order.approved_name, order.approved_at = actor.id, actor.name, now()
    event = work_events.WorkApproved(
        amount=order.quote_amount or 0, currency=order.currency, **facts
    )
    return Done(event, said=answers.get("said", ""))


def _return_quote(order: WorkOrder, answers: Answers, _actor: Actor, facts: Facts) -> Done:
    _forget_quote(order)
    return Done(work_events.QuoteReturned(**facts), said=answers["said"])


def _dispatch(order: WorkOrder, answers: Answers, _actor: Actor, facts: Facts) -> Done:
    contractor_id = UUID(str(answers["contractor"]))
    _withdraw_offers(order)
    db.session.add(Offer(work_order_id=order.id, contractor_id=contractor_id))
    order.contractor_id, order.dispatched_at = contractor_id, now()
    event = work_events.WorkDispatched(contractor_id=contractor_id, **facts)
    return Done(event, said=answers.get("said", ""))


def _offer(order: WorkOrder, _answers: Answers, _actor: Actor, facts: Facts) -> Done:
    _withdraw_offers(order)
    found = contractors.contractors(trade=order.trade)
    for contractor in found:
        db.session.add(Offer(work_order_id=order.id, contractor_id=contractor.id))
    order.contractor_id, order.dispatched_at = None, now()
    return Done(work_events.WorkOffered(contractors=len(found), **facts))


def _recall(order: WorkOrder, answers: Answers, _actor: Actor, facts: Facts) -> Done:
    _withdraw_offers(order)
    order.contractor_id = order.accepted_at = None
    return Done(work_events.WorkRecalled(**facts), said=answers["said"])


def _end(
    kind: type[Event], order: WorkOrder, answers: Answers, _actor: Actor, facts: Facts
) -> Done:
    """Rejected or cancelled: the customer hears why."""
    _withdraw_offers(order)
    return Done(kind(**facts), said=answers["said"], told={"reason": answers["said"]})


# --- the contractor -------------------------------------------------------------------------------


def _accept(order: WorkOrder, _answers: Answers, actor: Actor, facts: Facts) -> Done:
    """Who accepts has the work; the others' offers are gone. Staff accept for whom it was sent to."""
    mine = _contractor_of(order, actor)
    for offer in offers_of(order):
        if offer.answer == "":
            his = mine is not None and offer.contractor_id == mine
            offer.answer, offer.answered_at = ("accepted" if his else "withdrawn"), now()
    order.contractor_id, order.accepted_at = mine, now()
    event = work_events.WorkAccepted(contractor_id=mine or order.id, **facts)
    name = contractors.names_of([mine]).get(mine, "") if mine else ""
    return Done(event, told={"contractor": name})


def _contractor_of(order: WorkOrder, actor: Actor) -> UUID | None:
    if actor.kind != "contact":
        return order.contractor_id or next(iter(offers_of(order))).contractor_id
    his = sa.select(Contractor.id).where(Contractor.contact_id == actor.id)
    return db.session.scalar(his)


def _decline(order: WorkOrder, answers: Answers, _actor: Actor, facts: Facts) -> Done:
    declined_by = order.contractor_id
    for offer in offers_of(order):
        if offer.answer == "":
            offer.answer, offer.answered_at = "declined", now()
    order.contractor_id = None
    return Done(work_events.WorkDeclined(contractor_id=declined_by, **facts), said=answers["said"])


def _arrive(order: WorkOrder, _answers: Answers, _actor: Actor, facts: Facts) -> Done:
    order.arrived_at = now()
    return Done(work_events.WorkerArrived(**facts), told={})


def _simply(kind: type[Event], _order: WorkOrder, _a: Answers, _actor: Actor, facts: Facts) -> Done:
    return Done(kind(**facts))


def _wait_parts(order: WorkOrder, answers: Answers, _actor: Actor, facts: Facts) -> Done:
    order.parts_until = answers.get("until")
    told = {"reason": answers["said"], "until": letters.day(order.parts_until)}
    return Done(work_events.PartsAwaited(**facts), said=answers["said"], told=told)


def _finish(order: WorkOrder, answers: Answers, actor: Actor, facts: Facts) -> Done:
    keep_photos(order, answers.get("photos", ()), "after", actor=actor)
    order.result, order.parts = answers["result"], answers.get("parts", "")
    cost = answers.get("cost")
    if cost:
        order.cost_amount, order.currency = cost["amount"], cost["currency"]
    order.done_at = now()
    event = work_events.WorkDone(photos=len(photos_of(order)), **facts)
    return Done(event, said=order.result, told={"result": order.result})


# --- the resident, or silence ---------------------------------------------------------------------


def _sign(order: WorkOrder, answers: Answers, actor: Actor, facts: Facts) -> Done:
    signature = signing.sign(order, answers, actor)
    _verified(order, "signature")
    event = work_events.WorkVerified(how="signature", sha256=signature.sha256, **facts)
    return Done(event, said=answers.get("words", ""))


def _verify(order: WorkOrder, answers: Answers, _actor: Actor, facts: Facts) -> Done:
    _verified(order, "staff")
    return Done(work_events.WorkVerified(how="staff", sha256="", **facts), said=answers["said"])


def _auto_verify(order: WorkOrder, _answers: Answers, _actor: Actor, facts: Facts) -> Done:
    _verified(order, "silence")
    return Done(work_events.WorkVerified(how="silence", sha256="", **facts), told={})


def _verified(order: WorkOrder, how: str) -> None:
    order.verified_at, order.verified_how = now(), how


def _rate(order: WorkOrder, answers: Answers, _actor: Actor, facts: Facts) -> Done:
    scores = {name: int(answers[name]) for name in RATINGS}
    order.speed, order.effect, order.attitude = (
        scores["speed"],
        scores["effect"],
        scores["attitude"],
    )
    order.rating_words = answers.get("words", "")
    return Done(work_events.WorkRated(**(facts | scores)), said=order.rating_words)


def _reopen(order: WorkOrder, answers: Answers, _actor: Actor, facts: Facts) -> Done:
    _withdraw_offers(order)
    order.contractor_id = order.accepted_at = order.arrived_at = order.done_at = None
    order.verified_at, order.verified_how = None, ""
    order.speed = order.effect = order.attitude = None
    return Done(work_events.WorkReopened(**facts), said=answers["said"])


def offers_of(order: WorkOrder) -> list[Offer]:
    """Whom the work was sent or held out to, first to last."""
    rows = sa.select(Offer).where(Offer.work_order_id == order.id).order_by(Offer.id)
    return list(db.session.scalars(rows))


def _withdraw_offers(order: WorkOrder) -> None:
    for offer in offers_of(order):
        if offer.answer in {"", "accepted"}:
            offer.answer, offer.answered_at = "withdrawn", now()


_EFFECTS: dict[str, Callable[[WorkOrder, Answers, Actor, Facts], Done]] = {
    "triage": _triage,
    "reject": partial(_end, work_events.WorkRejected),
    "quote": _quote,
    "approve": _approve,
    "return_quote": _return_quote,
    "dispatch": _dispatch,
    "offer": _offer,
    "recall": _recall,
    "accept": _accept,
    "decline": _decline,
    "arrive": _arrive,
    "start": partial(_simply, work_events.WorkStarted),
    "wait_parts": _wait_parts,
    "resume": partial(_simply, work_events.WorkResumed),
    "finish": _finish,
    "sign": _sign,
    "verify": _verify,
    "auto_verify": _auto_verify,
    "rate": _rate,
    "close": partial(_simply, work_events.WorkClosed),
    "auto_close": partial(_simply, work_events.WorkClosed),
    "reopen": _reopen,
    "cancel": partial(_end, work_events.WorkCancelled),
}
