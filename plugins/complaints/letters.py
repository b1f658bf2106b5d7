"""What the customer is told at each step, in his language and zone; the responsible person is never named."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from core.sdk import (
    SYSTEM,
    Department,
    current_tenant,
    db,
    format_datetime,
    settings,
    speaking,
    text,
    write_message,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from core.sdk import Actor, Message, Ticket
    from plugins.complaints.models import Judgement, Plan, PlanMeasure


def keep_words(ticket: Ticket, answers: dict[str, Any], actor: Actor) -> None:
    """What the customer said with his answer, as his message; what staff heard from him, as a note."""
    words = answers.get("words", "")
    if not words:
        return
    if actor.kind == "contact":
        write_message(ticket, words, actor=actor, visibility="public", purpose="reply")
        return
    heard = text("complaints.note.heard", way=way_of(answers), words=words)
    write_message(ticket, heard, actor=actor, visibility="internal", purpose="note")


def keep_evidence(ticket: Ticket, files: Sequence[UUID], actor: Actor) -> None:
    """What the investigation found, for the desk alone."""
    words = text("complaints.note.evidence")
    write_message(
        ticket,
        words,
        actor=actor,
        visibility="internal",
        purpose="note",
        attachment_ids=files,
    )


def way_of(answers: dict[str, Any]) -> str:
    """How the customer's answer came, in words."""
    return text(f"complaints.way.{answers.get('given_by', 'portal')}")


def tell_upheld(ticket: Ticket, judgement: Judgement) -> None:
    """Who looks into it, and by when the customer hears (CP-09)."""
    with _his_language(ticket):
        words = text(
            "complaints.letter.upheld",
            finding=text(f"complaints.finding.{judgement.finding}"),
            department=department_name(judgement.department_id),
            at=format_datetime(judgement.promised_at),
        )
    _notify(ticket, words)


def tell_rejected(ticket: Ticket, judgement: Judgement, actor: Actor) -> None:
    """The reasons and the way to appeal (CP-08)."""
    with _his_language(ticket):
        days = settings("complaints")["appeal_days"]
        words = text(
            "complaints.letter.rejected",
            grounds=judgement.grounds,
            appeal=judgement.appeal_path,
            days=days,
        )
    _tell_outcome(ticket, words, actor)


def tell_appeal(ticket: Ticket, judgement: Judgement, actor: Actor) -> None:
    """How the appeal was decided, and why."""
    dismissed = judgement.cause_group or judgement.finding == "not_founded"
    name = "appeal_dismissed" if dismissed else "appeal_granted"
    with _his_language(ticket):
        words = text(f"complaints.letter.{name}", grounds=judgement.grounds)
    _tell_outcome(ticket, words, actor)


def tell_plan(ticket: Ticket, plan: Plan, measures: Sequence[PlanMeasure]) -> None:
    """The approved plan, to be accepted or refused (CP-17)."""
    with _his_language(ticket):
        lines = [
            text(
                "complaints.letter.measure",
                position=measure.position,
                measure=measure.measure,
                at=format_datetime(measure.due_at),
            )
            for measure in measures
        ]
        words = text(
            "complaints.letter.plan",
            cause=plan.root_cause,
            measures="\n".join(lines),
            contact=plan.contact_points,
        )
    _notify(ticket, words)


def tell_result(ticket: Ticket, report: str, pictures: Sequence[UUID], actor: Actor) -> Message:
    """The result with its pictures, to be confirmed and signed."""
    with _his_language(ticket):
        words = text("complaints.letter.result", report=report)
    return _tell_outcome(ticket, words, actor, pictures)


def thank(ticket: Ticket) -> None:
    """Sorry again, thanks for the trust, a promise to improve, and when we call (CP-25, CP-27)."""
    with _his_language(ticket):
        words = text("complaints.letter.thanks", hours=settings("complaints")["follow_up_hours"])
    _notify(ticket, words)


def remind(ticket: Ticket, *, until: datetime) -> None:
    """The result still waits for the customer's word, and until when."""
    with _his_language(ticket):
        words = text("complaints.letter.reminder", at=format_datetime(until))
    _notify(ticket, words)


def offer_closing(ticket: Ticket, *, days: int) -> None:
    """Tell the desk that the customer kept silent and that it may close the complaint."""
    tenant = current_tenant()
    with speaking(tenant.locale, tenant.timezone):
        words = text("complaints.note.silent", days=days)
    write_message(
        ticket, words, actor=SYSTEM, visibility="internal", purpose="note", automatic=True
    )


def department_name(department_id: UUID | None) -> str:
    """The name of a unit in the language in use; "" for none."""
    if department_id is None:
        return ""
    name = db.session.scalar(sa.select(Department.name).where(Department.id == department_id))
    return text(name) if name else ""


def _his_language(ticket: Ticket) -> Any:
    tenant = current_tenant()
    return speaking(ticket.language or tenant.locale, tenant.timezone)


def _notify(ticket: Ticket, words: str) -> None:
    """What the procedure says by itself: nobody wrote it, so it bears nobody's name."""
    write_message(
        ticket, words, actor=SYSTEM, visibility="public", purpose="notice", automatic=True
    )


def _tell_outcome(
    ticket: Ticket, words: str, actor: Actor, pictures: Sequence[UUID] = ()
) -> Message:
    """What came of the complaint: it goes at once, as the transition stands, and the portal shows it first."""
    return write_message(
        ticket,
        words,
        actor=actor,
        visibility="public",
        purpose="outcome",
        attachment_ids=pictures,
    )
