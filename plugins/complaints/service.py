"""The procedure's use cases up to the investigation: each keeps the answers of one transition, in its transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from core.sdk import NotFound, current_tenant, db, emit, now
from plugins.complaints import letters, triage, visibility
from plugins.complaints.events import (
    AppealDecided,
    ComplaintAcknowledged,
    ComplaintAppealed,
    ComplaintAssessed,
    ComplaintInvestigated,
    ComplaintJudged,
)
from plugins.complaints.models import Complaint, Investigation, Judgement

if TYPE_CHECKING:
    from uuid import UUID

    from core.sdk import Actor, Event, Ticket

NOT_FOUNDED = "not_founded"


def complaint_of(ticket_id: UUID) -> Complaint:
    """The intake record of a ticket; NotFound for a ticket of another type."""
    found = db.session.get(Complaint, (current_tenant().id, ticket_id))
    if found is None:
        raise NotFound("no complaint")
    return found


def judgements_of(ticket_id: UUID) -> list[Judgement]:
    """Every decision on validity, first to last."""
    query = sa.select(Judgement).where(Judgement.ticket_id == ticket_id)
    return list(db.session.scalars(query.order_by(Judgement.round)))


def judgement_of(ticket_id: UUID) -> Judgement | None:
    """The decision that counts: the last."""
    return next(iter(reversed(judgements_of(ticket_id))), None)


def investigation_of(ticket_id: UUID) -> Investigation | None:
    """The last investigation."""
    query = sa.select(Investigation).where(Investigation.ticket_id == ticket_id)
    return db.session.scalars(query.order_by(Investigation.id.desc()).limit(1)).one_or_none()


def cause_of(ticket_id: UUID) -> str:
    """The cause group (CL-07) by the investigation, else by the judgement; "" while nobody named one."""
    investigation = investigation_of(ticket_id)
    if investigation is not None:
        return investigation.cause_group
    judgement = judgement_of(ticket_id)
    return judgement.cause_group if judgement else ""


def say(event: Event, ticket: Ticket, actor: Actor) -> None:
    """Emit a fact of this complaint."""
    emit(event, subject=("ticket", ticket.id), actor=actor)


# --- intake, kept by whichever door the complaint came through ------------------------------------


def take_in(ticket: Ticket, answers: dict[str, Any], actor: Actor) -> None:
    """Keep the intake record (CP-02)."""
    by_staff = actor.kind == "user"
    found = triage.weigh(f"{ticket.subject}\n{answers['description']}")
    db.session.add(
        Complaint(
            ticket_id=ticket.id,
            complainant=answers["name"],
            phone=answers["phone"],
            mail=answers.get("mail", ""),
            content=answers["description"],
            location=answers.get("location", ""),
            wishes=answers.get("wishes", ""),
            happened_at=answers.get("happened_at") or now(),
            received_by=actor.id if by_staff else None,
            received_at=now() if by_staff else None,
            suggested_grade=found.grade if found else "",
            suggested_confidence=found.confidence if found else None,
            suggested_rule=found.rule if found else "",
        )
    )


def acknowledge(ticket: Ticket, _answers: dict[str, Any], actor: Actor) -> None:
    """Note who took the complaint in."""
    complaint = complaint_of(ticket.id)
    complaint.received_by, complaint.received_at = actor.id, now()
    say(ComplaintAcknowledged(), ticket, actor)


def assess(ticket: Ticket, answers: dict[str, Any], actor: Actor) -> None:
    """Keep the five answers of the first assessment; danger makes it the highest grade."""
    complaint = complaint_of(ticket.id)
    complaint.safety = answers["safety"]
    complaint.grade = "critical" if answers["safety"] else answers["grade"]
    complaint.complexity, complaint.impact = answers["complexity"], answers["impact"]
    complaint.immediate_action = answers.get("immediate_action", "")
    complaint.grade_reason = answers.get("grade_reason", "")
    complaint.about_user_id = answers.get("about")
    say(
        ComplaintAssessed(
            grade=complaint.grade,
            safety=answers["safety"],
            complexity=answers["complexity"],
            impact=answers["impact"],
            immediate=answers["immediate"],
        ),
        ticket,
        actor,
    )
    triage.lift(ticket, complaint.grade)
    visibility.step_aside(ticket, complaint)


# --- judgement ------------------------------------------------------------------------------------


def uphold(ticket: Ticket, answers: dict[str, Any], actor: Actor) -> None:
    """Founded, or partly: fix the department and tell the customer by when he hears (CP-09)."""
    judgement = _judge(ticket, answers, actor, answers["finding"])
    judgement.founded_parts = answers.get("founded_parts", "")
    judgement.department_id, judgement.promised_at = answers["department"], answers["promised_at"]
    _tell_judged(ticket, judgement, actor)
    letters.tell_upheld(ticket, judgement)


def reject(ticket: Ticket, answers: dict[str, Any], actor: Actor) -> None:
    """Not founded: the letter carries the reasons and the way to appeal (CP-08)."""
    judgement = _judge(ticket, answers, actor, NOT_FOUNDED)
    judgement.appeal_path, judgement.cause_group = answers["appeal_path"], answers["cause_group"]
    _tell_judged(ticket, judgement, actor)
    letters.tell_rejected(ticket, judgement, actor)


def _judge(ticket: Ticket, answers: dict[str, Any], actor: Actor, finding: str) -> Judgement:
    judgement = Judgement(
        ticket_id=ticket.id,
        round=len(judgements_of(ticket.id)) + 1,
        finding=finding,
        reason_sufficient=answers["reason_sufficient"],
        demand_reasonable=answers["demand_reasonable"],
        grounds=answers["grounds"],
        judged_kind=actor.kind,
        judged_by=actor.id,
        judged_name=actor.name,
    )
    db.session.add(judgement)
    return judgement


def _tell_judged(ticket: Ticket, judgement: Judgement, actor: Actor) -> None:
    say(
        ComplaintJudged(
            judgement_id=judgement.id,
            round=judgement.round,
            finding=judgement.finding,
            reason_sufficient=judgement.reason_sufficient,
            demand_reasonable=judgement.demand_reasonable,
            department_id=judgement.department_id,
            promised_at=judgement.promised_at,
        ),
        ticket,
        actor,
    )


# --- appeal ---------------------------------------------------------------------------------------


def appeal(ticket: Ticket, answers: dict[str, Any], actor: Actor) -> None:
    """The customer asks for another decision."""
    complaint = complaint_of(ticket.id)
    complaint.appealed_at, complaint.appeal_reason = now(), answers["words"]
    say(ComplaintAppealed(), ticket, actor)
    letters.keep_words(ticket, answers, actor)


def grant_appeal(ticket: Ticket, answers: dict[str, Any], actor: Actor) -> None:
    """The appeal holds: a further round finds the complaint founded and it is investigated."""
    before = judgement_of(ticket.id)
    facts = {"grounds": answers["grounds"], "reason_sufficient": True, "demand_reasonable": True}
    judgement = _judge(ticket, facts, actor, "founded")
    judgement.department_id = before.department_id if before else None
    say(AppealDecided(granted=True), ticket, actor)
    _tell_judged(ticket, judgement, actor)
    letters.tell_appeal(ticket, judgement, actor)


def dismiss_appeal(ticket: Ticket, answers: dict[str, Any], actor: Actor) -> None:
    """The first decision stands, with reasons."""
    before = judgement_of(ticket.id)
    finding, cause = before.finding if before else NOT_FOUNDED, cause_of(ticket.id)
    facts = {"grounds": answers["grounds"], "reason_sufficient": False, "demand_reasonable": False}
    judgement = _judge(ticket, facts, actor, finding)
    judgement.cause_group = cause
    say(AppealDecided(granted=False), ticket, actor)
    letters.tell_appeal(ticket, judgement, actor)


# --- investigation --------------------------------------------------------------------------------


def conclude(ticket: Ticket, answers: dict[str, Any], actor: Actor) -> None:
    """Keep the five answers, the cause and the responsible person, who stays internal."""
    evidence = answers.pop("evidence", ())
    if evidence:
        letters.keep_evidence(ticket, evidence, actor)
    investigation = Investigation(
        ticket_id=ticket.id,
        **answers,
        investigated_by=actor.id,
        investigated_name=actor.name,
    )
    db.session.add(investigation)
    say(
        ComplaintInvestigated(
            investigation_id=investigation.id,
            cause_group=investigation.cause_group,
            facts_true=investigation.facts_true,
            reason_sound=investigation.reason_sound,
            demand_legitimate=investigation.demand_legitimate,
        ),
        ticket,
        actor,
    )
