"""The plan: proposed in versions, approved by somebody else, accepted or refused by the customer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from core.sdk import db, now
from plugins.complaints import letters
from plugins.complaints.events import (
    PlanAccepted,
    PlanApproved,
    PlanDeclined,
    PlanProposed,
    PlanReturned,
)
from plugins.complaints.models import Plan, PlanMeasure
from plugins.complaints.service import say

if TYPE_CHECKING:
    from uuid import UUID

    from core.sdk import Actor, Ticket

PORTAL = "portal"


def plans_of(ticket_id: UUID) -> list[Plan]:
    """Every version, oldest first."""
    query = sa.select(Plan).where(Plan.ticket_id == ticket_id).order_by(Plan.version)
    return list(db.session.scalars(query))


def plan_of(ticket_id: UUID) -> Plan | None:
    """The version that counts: the newest."""
    return next(iter(reversed(plans_of(ticket_id))), None)


def measures_of(plan_id: UUID) -> list[PlanMeasure]:
    """The measures of a plan in their order."""
    query = sa.select(PlanMeasure).where(PlanMeasure.plan_id == plan_id)
    return list(db.session.scalars(query.order_by(PlanMeasure.position)))


def propose(ticket: Ticket, answers: dict[str, Any], actor: Actor) -> None:
    """A new version of the plan, with its measures (CP-15)."""
    plan = Plan(
        ticket_id=ticket.id,
        version=len(plans_of(ticket.id)) + 1,
        root_cause=answers["root_cause"],
        contact_points=answers["contact_points"],
        expected_result=answers.get("expected_result", ""),
        author_kind=actor.kind,
        author_id=actor.on_behalf_of or actor.id,
        author_name=actor.name,
    )
    db.session.add(plan)
    # Measures point at the plan, and nothing tells SQLAlchemy their order.
    db.session.flush()
    for position, row in enumerate(answers["measures"], start=1):
        db.session.add(
            PlanMeasure(
                plan_id=plan.id,
                position=position,
                measure=row["measure"],
                department_id=row.get("department"),
                responsible=row["responsible"],
                due_at=row["due_at"],
            )
        )
    measures = len(answers["measures"])
    said = PlanProposed(plan_id=plan.id, plan_version=plan.version, measures=measures)
    say(said, ticket, actor)


def approve(ticket: Ticket, answers: dict[str, Any], actor: Actor) -> None:
    """The supervisor signs the instruction (CP-14) and the customer is told the plan."""
    plan = _decide(ticket, answers, actor, "approved")
    said = PlanApproved(plan_id=plan.id, plan_version=plan.version, author_id=plan.author_id)
    say(said, ticket, actor)
    letters.tell_plan(ticket, plan, measures_of(plan.id))


def send_back(ticket: Ticket, answers: dict[str, Any], actor: Actor) -> None:
    """The supervisor wants another plan, or another look."""
    plan = _decide(ticket, answers, actor, "returned")
    say(PlanReturned(plan_id=plan.id, plan_version=plan.version), ticket, actor)


def accept(ticket: Ticket, answers: dict[str, Any], actor: Actor) -> None:
    """The customer accepts (CP-17)."""
    plan = _answer(ticket, answers, actor, "accepted")
    way = plan.answered_by_way_of
    say(PlanAccepted(plan_id=plan.id, plan_version=plan.version, way=way), ticket, actor)


def decline(ticket: Ticket, answers: dict[str, Any], actor: Actor) -> None:
    """The customer refuses: planning starts again."""
    plan = _answer(ticket, answers, actor, "declined")
    way = plan.answered_by_way_of
    say(PlanDeclined(plan_id=plan.id, plan_version=plan.version, way=way), ticket, actor)


def _current(ticket: Ticket) -> Plan:
    plan = plan_of(ticket.id)
    if plan is None:
        raise LookupError(f"{ticket.id} stands in {ticket.state} without a plan")
    return plan


def _decide(ticket: Ticket, answers: dict[str, Any], actor: Actor, state: str) -> Plan:
    plan = _current(ticket)
    plan.state, plan.decision_note = state, answers["note"]
    plan.decided_by, plan.decided_name, plan.decided_at = actor.id, actor.name, now()
    return plan


def _answer(ticket: Ticket, answers: dict[str, Any], actor: Actor, state: str) -> Plan:
    plan = _current(ticket)
    plan.state, plan.answered_kind, plan.answered_at = state, actor.kind, now()
    plan.answered_by_way_of = answers.get("given_by", PORTAL)
    plan.customer_words = answers.get("words", "")
    letters.keep_words(ticket, answers, actor)
    return plan
