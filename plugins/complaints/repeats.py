"""A customer who complains again: his agent keeps him (CP-06), and the repeat is marked (KP-12)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from core.sdk import Handler, Ticket, TicketOpened, current_tenant, db
from plugins.complaints.triage import known
from plugins.complaints.workflow import NAME

if TYPE_CHECKING:
    from core.sdk import EventRow

WINDOW = timedelta(days=90)
UNFINISHED = ("new", "open", "waiting")


def agent_of(ticket: Ticket) -> str | None:
    """Who has the customer's open complaint already, the newest of them."""
    if ticket.type != NAME or ticket.contact_id is None:
        return None
    has_agent = (Ticket.status.in_(UNFINISHED), Ticket.assignee_id.is_not(None))
    found = db.session.scalar(
        _before(ticket).where(*has_agent).with_only_columns(Ticket.assignee_id)
    )
    return str(found) if found else None


def mark(event: EventRow) -> None:
    """Note in the intake record which complaint this one repeats; a second time changes nothing."""
    ticket = db.session.get(Ticket, (current_tenant().id, event.subject_id))
    complaint = known(ticket) if ticket else None
    if ticket is None or complaint is None or complaint.repeat_of or ticket.contact_id is None:
        return
    same_matter = _before(ticket).where(Ticket.category == ticket.category)
    complaint.repeat_of = db.session.scalar(same_matter)


def _before(ticket: Ticket) -> sa.Select[Any]:
    """The same customer's complaints of the last 90 days, the newest first."""
    return (
        sa.select(Ticket.id)
        .where(Ticket.contact_id == ticket.contact_id, Ticket.type == NAME)
        .where(Ticket.id != ticket.id, Ticket.merged_into.is_(None))
        .where(Ticket.opened_at.between(ticket.opened_at - WINDOW, ticket.opened_at))
        .order_by(Ticket.opened_at.desc(), Ticket.id.desc())
        .limit(1)
    )


HANDLERS = [Handler("complaints.repeats", TicketOpened, mark)]
