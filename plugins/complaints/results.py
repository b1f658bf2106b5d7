"""The result: reported, signed or disputed by the customer, and followed up."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from core.sdk import claim_for_ticket, db, now
from plugins.complaints import letters
from plugins.complaints.events import FollowUpMade, ResultConfirmed, ResultDisputed, ResultReported
from plugins.complaints.forms import RATINGS
from plugins.complaints.models import FollowUp, Result, Signature
from plugins.complaints.plans import PORTAL, measures_of, plan_of
from plugins.complaints.service import complaint_of, say

if TYPE_CHECKING:
    from uuid import UUID

    from core.sdk import Actor, Attachment, Ticket


def results_of(ticket_id: UUID) -> list[Result]:
    """Every reported result, first to last."""
    query = sa.select(Result).where(Result.ticket_id == ticket_id).order_by(Result.round)
    return list(db.session.scalars(query))


def result_of(ticket_id: UUID) -> Result | None:
    """The last reported result."""
    return next(iter(reversed(results_of(ticket_id))), None)


def signature_of(ticket_id: UUID) -> Signature | None:
    """The customer's last signature."""
    query = sa.select(Signature).where(Signature.ticket_id == ticket_id)
    return db.session.scalars(query.order_by(Signature.id.desc()).limit(1)).one_or_none()


def follow_up_of(ticket_id: UUID) -> FollowUp | None:
    """The last follow-up."""
    query = sa.select(FollowUp).where(FollowUp.ticket_id == ticket_id)
    return db.session.scalars(query.order_by(FollowUp.id.desc()).limit(1)).one_or_none()


def report(ticket: Ticket, answers: dict[str, Any], actor: Actor) -> None:
    """Tell the customer the result with its pictures and ask for his signature."""
    message = letters.tell_result(ticket, answers["report"], answers.get("pictures", ()), actor)
    plan = plan_of(ticket.id)
    for measure in measures_of(plan.id) if plan else ():
        measure.done_at = measure.done_at or answers["done_at"]
    result = Result(
        ticket_id=ticket.id,
        message_id=message.id,
        round=len(results_of(ticket.id)) + 1,
        report=answers["report"],
        done_at=answers["done_at"],
        reported_by=actor.id,
        reported_name=actor.name,
    )
    db.session.add(result)
    said = ResultReported(result_id=result.id, message_id=message.id, round=result.round)
    say(said, ticket, actor)


def confirm(ticket: Ticket, answers: dict[str, Any], actor: Actor) -> None:
    """The customer confirms and signs (CP-22)."""
    result = _answer(ticket, answers, actor, "confirmed")
    signature = _sign(ticket, result, answers, actor)
    said = ResultConfirmed(
        result_id=result.id,
        signature_id=signature.id,
        kind=signature.kind,
        sha256=signature.sha256,
    )
    say(said, ticket, actor)
    letters.thank(ticket)


def dispute(ticket: Ticket, answers: dict[str, Any], actor: Actor) -> None:
    """It is not solved: implementing goes on."""
    result = _answer(ticket, answers, actor, "disputed")
    say(ResultDisputed(result_id=result.id, round=result.round), ticket, actor)


def follow_up(ticket: Ticket, answers: dict[str, Any], actor: Actor) -> None:
    """Keep how the customer found it (CP-27)."""
    scores = {name: int(answers[name]) if name in answers else None for name in RATINGS}
    made = FollowUp(
        ticket_id=ticket.id,
        channel=answers["channel"],
        reached=answers["reached"],
        words=answers.get("words", ""),
        improvement=answers.get("improvement", ""),
        made_by=actor.id,
        made_name=actor.name,
        **scores,
    )
    db.session.add(made)
    said = FollowUpMade(follow_up_id=made.id, channel=made.channel, reached=made.reached, **scores)
    say(said, ticket, actor)


def signed_facts(signature: Signature, picture_sha256: str = "") -> dict[str, Any]:
    """What was signed, how, by whom and when; strokes and picture by their own hashes."""
    return {
        "ticket": str(signature.ticket_id),
        "result": str(signature.result_id),
        "kind": signature.kind,
        "typed_name": signature.typed_name,
        "picture": picture_sha256,
        "strokes": hashlib.sha256(signature.strokes.encode()).hexdigest(),
        "signer": [signature.signer_kind, str(signature.signer_id or ""), signature.signer_name],
        "channel": signature.channel,
        "signed_at": signature.signed_at.isoformat(timespec="microseconds"),
    }


def seal(signature: Signature, picture_sha256: str = "") -> str:
    """SHA-256 over the facts as JSON, keys sorted and without spaces: any later change of them shows."""
    facts = signed_facts(signature, picture_sha256)
    text = json.dumps(facts, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _answer(ticket: Ticket, answers: dict[str, Any], actor: Actor, outcome: str) -> Result:
    result = result_of(ticket.id)
    if result is None:
        raise LookupError(f"{ticket.id} stands in {ticket.state} without a result")
    result.outcome, result.answered_at = outcome, now()
    result.customer_words = answers.get("words", "")
    letters.keep_words(ticket, answers, actor)
    return result


def _sign(ticket: Ticket, result: Result, answers: dict[str, Any], actor: Actor) -> Signature:
    given = answers["signature"]
    picture = _picture(ticket, given, actor)
    signature = Signature(
        ticket_id=ticket.id,
        result_id=result.id,
        kind="drawn" if picture else "typed",
        typed_name=given.get("typed_name", ""),
        attachment_id=picture.id if picture else None,
        strokes=given.get("strokes", ""),
        signer_kind=actor.kind,
        signer_id=actor.id,
        signer_name=given.get("typed_name") or complaint_of(ticket.id).complainant,
        channel=answers.get("given_by", PORTAL),
        signed_at=now(),
        sha256="",
    )
    signature.sha256 = seal(signature, picture.sha256 if picture else "")
    db.session.add(signature)
    return signature


def _picture(ticket: Ticket, given: dict[str, Any], actor: Actor) -> Attachment | None:
    if "attachment_id" not in given:
        return None
    claimed = claim_for_ticket([given["attachment_id"]], ticket.id, actor=actor)
    return next(iter(claimed))
