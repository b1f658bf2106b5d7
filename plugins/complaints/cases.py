"""The complaint as a case: what each step of the procedure kept, for whoever may read its ticket."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from core.sdk import (
    Attachment,
    TicketQuery,
    current_tenant,
    db,
    get_ticket,
    list_tickets,
    reaches,
)
from plugins.complaints.models import Complaint, PlanMeasure
from plugins.complaints.plans import plans_of
from plugins.complaints.results import follow_up_of, result_of, signature_of, signed_facts
from plugins.complaints.service import complaint_of, investigation_of, judgement_of
from plugins.complaints.workflow import INTERNAL, NAME

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from core.sdk import Actor, Ticket

UNFINISHED = ("new", "open", "waiting", "resolved")
_OF_TICKET = ("number", "state", "status", "stage", "due_at", "sla_state", "opened_at", "closed_at")
_OF_COMPLAINT = ("grade", "safety", "complexity", "impact", "happened_at", "received_at")


def cases(query: TicketQuery, actor: Actor, *, cursor: str, limit: int) -> dict[str, Any]:
    """A page of the complaints that the actor may see."""
    page = list_tickets(query, actor=actor, cursor=cursor, limit=limit)
    found = complaints_by_ticket([ticket.id for ticket in page.items])
    items = [_head(ticket, found.get(ticket.id)) for ticket in page.items]
    return {"items": items, "next": page.next, "notice": page.notice}


def complaints_at(*, stage: str, sort: str, status: Sequence[str] = UNFINISHED) -> TicketQuery:
    """Complaints of these statuses; `stage` "" for every stage."""
    at_stage = {"field": "stage", "is": stage} if stage else None
    return TicketQuery(type=(NAME,), status=tuple(status), condition=at_stage, sort=sort)


def complaints_by_ticket(ticket_ids: Sequence[UUID]) -> dict[UUID, Complaint]:
    """Intake records of many tickets at once."""
    query = sa.select(Complaint).where(Complaint.ticket_id.in_(ticket_ids))
    return {row.ticket_id: row for row in db.session.scalars(query)}


def case_of(ticket_id: UUID, actor: Actor) -> dict[str, Any]:
    """One complaint whole; who is responsible is told to those alone who may read the internal register (CP-12)."""
    ticket = get_ticket(ticket_id, actor=actor)
    complaint = complaint_of(ticket.id)
    internal = reaches(ticket, actor, INTERNAL)
    return {
        **_head(ticket, complaint),
        "immediate_action": complaint.immediate_action,
        "appealed_at": complaint.appealed_at,
        "appeal_reason": complaint.appeal_reason,
        "judgement": judgement_of(ticket.id),
        "investigation": _investigation(ticket.id, internal=internal),
        "plans": _plans(ticket.id, internal=internal),
        "result": result_of(ticket.id),
        "signature": _signature(ticket.id),
        "follow_up": follow_up_of(ticket.id),
    }


def _head(ticket: Ticket, complaint: Complaint | None) -> dict[str, Any]:
    head: dict[str, Any] = {name: getattr(ticket, name) for name in _OF_TICKET}
    known = {name: getattr(complaint, name) for name in _OF_COMPLAINT} if complaint else {}
    return {"ticket_id": ticket.id, **head, **known}


def _shown(row: Any, *, internal: bool) -> dict[str, Any]:
    values = {column.key: getattr(row, column.key) for column in sa.inspect(type(row)).column_attrs}
    return values if internal else values | {"responsible": None}


def _investigation(ticket_id: UUID, *, internal: bool) -> dict[str, Any] | None:
    found = investigation_of(ticket_id)
    return _shown(found, internal=internal) if found else None


def _plans(ticket_id: UUID, *, internal: bool) -> list[dict[str, Any]]:
    plans = plans_of(ticket_id)
    query = sa.select(PlanMeasure).where(PlanMeasure.plan_id.in_([plan.id for plan in plans]))
    measures: dict[UUID, list[dict[str, Any]]] = defaultdict(list)
    for row in db.session.scalars(query.order_by(PlanMeasure.position)):
        measures[row.plan_id].append(_shown(row, internal=internal))
    return [_shown(plan, internal=True) | {"measures": measures[plan.id]} for plan in plans]


def _signature(ticket_id: UUID) -> dict[str, Any] | None:
    found = signature_of(ticket_id)
    if found is None:
        return None
    picture = ""
    if found.attachment_id:
        picture = db.session.get_one(Attachment, (current_tenant().id, found.attachment_id)).sha256
    facts = signed_facts(found, picture)
    return {"result_id": found.result_id, "sha256": found.sha256, "facts": facts}
