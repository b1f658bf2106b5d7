"""The complaint board: how many stand at which stage, what waits for one's approval, and the list by due time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import sqlalchemy as sa

from core.sdk import (
    SlaChip,
    Ticket,
    count_by,
    current_tenant,
    db,
    list_tickets,
    sla_chips,
    state_of,
    text,
    visible_tickets_to,
)
from plugins.complaints.cases import complaints_at, complaints_by_ticket
from plugins.complaints.models import Plan
from plugins.complaints.workflow import APPROVE, NAME, STAGES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.sdk import Actor

ADDRESS = "/x/complaints/"
PAGE = 50


@dataclass(frozen=True)
class Line:
    """A complaint on the board; `plan` is the version that waits for approval."""

    ticket: Ticket
    state: str
    grade: str
    safety: bool
    chip: SlaChip | None
    plan: Plan | None = None


def board(actor: Actor, *, stage: str, cursor: str) -> dict[str, Any]:
    """What complaints/board.html draws; `stage` "" for every stage."""
    known = stage if stage in {each.name for each in STAGES} else ""
    page = list_tickets(
        complaints_at(stage=known, sort="due"), actor=actor, cursor=cursor, limit=PAGE
    )
    waiting = [] if cursor or page.notice else _waiting(actor)
    shown = [*page.items, *(ticket for ticket, _ in waiting)]
    found = complaints_by_ticket([ticket.id for ticket in shown])
    chips = sla_chips(shown)

    def line(ticket: Ticket, plan: Plan | None = None) -> Line:
        complaint = found.get(ticket.id)
        grade = complaint.grade if complaint else ""
        return Line(
            ticket=ticket,
            state=text(state_of(ticket).title),
            grade=text(f"complaints.grade.{grade}") if grade else "",
            safety=bool(complaint and complaint.safety),
            chip=chips.get(ticket.id),
            plan=plan,
        )

    return {
        "stage": known,
        "bars": _bars(actor, known),
        "waiting": [line(ticket, plan) for ticket, plan in waiting],
        "lines": [line(ticket) for ticket in page.items],
        "notice": page.notice,
        "all_url": address(),
        "first_url": address(stage=known) if cursor else "",
        "next_url": address(stage=known, cursor=page.next) if page.next else "",
    }


def address(**asked: str) -> str:
    """The board's address with what is asked for."""
    query = urlencode({name: value for name, value in asked.items() if value})
    return f"{ADDRESS}?{query}" if query else ADDRESS


def _bars(actor: Actor, chosen: str) -> list[dict[str, Any]]:
    """Every stage with its number and its share of the fullest one."""
    counts = count_by("stage", complaints_at(stage="", sort="due"), actor=actor)
    fullest = max(counts.values(), default=0) or 1
    return [
        {
            "title": text(stage.title),
            "url": address(stage="" if stage.name == chosen else stage.name),
            "count": counts.get(stage.name, 0),
            "share": round(100 * counts.get(stage.name, 0) / fullest),
            "current": stage.name == chosen,
        }
        for stage in STAGES
    ]


def _waiting(actor: Actor) -> Sequence[tuple[Ticket, Plan]]:
    """Proposed plans that the actor may approve: within his reach, and not his own (CP-14)."""
    if not actor.can(APPROVE):
        return []
    tenant_id = current_tenant().id
    of_ticket = sa.and_(
        Plan.tenant_id == tenant_id, Ticket.tenant_id == tenant_id, Plan.ticket_id == Ticket.id
    )
    query = (
        sa.select(Ticket, Plan)
        .join(Plan, of_ticket)
        .where(Ticket.type == NAME, Ticket.state == "plan_proposed", Plan.state == "proposed")
        .where(Plan.author_id.is_distinct_from(actor.id), visible_tickets_to(actor, APPROVE))
        .order_by(Ticket.due_at.asc().nulls_last(), Ticket.id)
        .limit(PAGE)
    )
    return [(row[0], row[1]) for row in db.session.execute(query)]
