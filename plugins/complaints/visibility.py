"""A fair decision (CP-35): whoever is complained of neither sees the complaint nor decides on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from core.sdk import SYSTEM, Guard, Problem, Ticket, assign_ticket, current_tenant
from plugins.complaints.models import Complaint
from plugins.complaints.triage import known

if TYPE_CHECKING:
    from uuid import UUID

    from core.sdk import Actor


def visible_to(actor: Actor) -> list[sa.ColumnElement[bool]]:
    """Everything but the complaints about the actor, or about the person whose app asks."""
    person = _person(actor)
    if person is None:
        return []
    about = sa.select(Complaint.ticket_id).where(
        Complaint.tenant_id == current_tenant().id, Complaint.about_user_id == person
    )
    return [Ticket.id.not_in(about)]


def impartial(ticket: Ticket, answers: dict[str, Any], actor: Actor) -> list[Problem]:
    """CP-35: nobody assesses, judges, investigates or approves in his own matter."""
    complaint, person = known(ticket), _person(actor)
    concerned = {answers.get("about"), complaint.about_user_id if complaint else None}
    if person is None or person not in concerned:
        return []
    field = "form.about" if answers.get("about") == person else ""
    return [Problem(field=field, message="complaints.error.own_matter")]


def step_aside(ticket: Ticket, complaint: Complaint) -> None:
    """Take the complaint from whom it is about, so that it waits for somebody else."""
    if complaint.about_user_id and ticket.assignee_id == complaint.about_user_id:
        assign_ticket(ticket.id, None, actor=SYSTEM, version=None)


def _person(actor: Actor) -> UUID | None:
    return (actor.on_behalf_of or actor.id) if actor.kind in {"user", "app"} else None


GUARDS = [Guard("complaints.impartial", impartial)]
