"""Figures of a period: one row of facts per complaint, for the statistics FM-07 in whatever edition."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from core.sdk import Ticket, current_tenant, db
from plugins.complaints.models import Complaint, Judgement

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID


@dataclass(frozen=True)
class ComplaintFacts:
    """What is counted of a complaint; `grade` is the assessed one, else the suggested one, else "".

    `finding` is "" until the complaint was judged; of several judgements the last counts.
    """

    ticket_id: UUID
    category: str
    grade: str
    finding: str
    department_id: UUID | None
    opened_at: datetime
    received_at: datetime | None
    closed_at: datetime | None
    repeated: bool


def facts_between(start: datetime, end: datetime) -> list[ComplaintFacts]:
    """Every complaint opened in [start, end) that was not merged into another one, oldest first."""
    tenant_id = current_tenant().id
    of_ticket = sa.and_(
        Complaint.tenant_id == tenant_id,
        Ticket.tenant_id == tenant_id,
        Complaint.ticket_id == Ticket.id,
    )
    rows = db.session.execute(
        sa.select(Ticket, Complaint)
        .join(Complaint, of_ticket)
        .where(Ticket.opened_at >= start, Ticket.opened_at < end, Ticket.merged_into.is_(None))
        .order_by(Ticket.opened_at, Ticket.id)
    ).all()
    judged = _last_judgements([ticket.id for ticket, _ in rows])
    return [_facts(ticket, complaint, judged.get(ticket.id)) for ticket, complaint in rows]


def _last_judgements(ticket_ids: list[UUID]) -> dict[UUID, Judgement]:
    query = sa.select(Judgement).where(Judgement.ticket_id.in_(ticket_ids))
    return {row.ticket_id: row for row in db.session.scalars(query.order_by(Judgement.round))}


def _facts(ticket: Ticket, complaint: Complaint, judgement: Judgement | None) -> ComplaintFacts:
    return ComplaintFacts(
        ticket_id=ticket.id,
        category=ticket.category,
        grade=complaint.grade or complaint.suggested_grade,
        finding=judgement.finding if judgement else "",
        department_id=judgement.department_id if judgement else None,
        opened_at=ticket.opened_at,
        received_at=complaint.received_at,
        closed_at=ticket.closed_at,
        repeated=complaint.repeat_of is not None,
    )
