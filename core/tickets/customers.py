"""What happens to tickets when their customer becomes another contact, or is erased."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa

from core.clock import now
from core.contacts.privacy import told
from core.db import db
from core.i18n import text
from core.tickets.models import Handover, Message, Ticket, TicketTag

if TYPE_CHECKING:
    from core.contacts.models import Contact
    from core.events import EventRow


def follow_merge(row: EventRow) -> None:
    """Tickets of a merged contact belong to the one that it became."""
    old, new = UUID(row.payload["contact_id"]), UUID(row.payload["into_id"])
    db.session.execute(
        sa.update(Ticket)
        .where(Ticket.contact_id == old)
        .values(contact_id=new, activity=Ticket.activity + 1, updated_at=now())
    )


def forget_words(row: EventRow) -> None:
    """Everything that was said at an erased contact's tickets is overwritten; that it was said stays."""
    contact_id = UUID(row.payload["contact_id"])
    theirs = list(db.session.scalars(sa.select(Ticket.id).where(Ticket.contact_id == contact_id)))
    gone = text("tickets.redacted")
    db.session.execute(
        sa.update(Ticket)
        .where(Ticket.id.in_(theirs))
        .values(subject=gone, extra={}, activity=Ticket.activity + 1, updated_at=now())
    )
    db.session.execute(
        sa.update(Message)
        .where(Message.ticket_id.in_(theirs))
        .values(body_text=gone, body_html=None, redacted_at=now())
    )
    db.session.execute(
        sa.update(Message)
        .where(
            Message.author_kind == "contact",
            sa.or_(Message.ticket_id.in_(theirs), Message.author_id == contact_id),
        )
        .values(author_name=gone)
    )
    db.session.execute(
        sa.update(Handover)
        .where(Handover.ticket_id.in_(theirs))
        .values(summary=gone, result=sa.case((Handover.result == "", ""), else_=gone))
    )


def tell_tickets(contact: Contact) -> list[dict[str, Any]]:
    """What this room keeps about a customer: each matter with its answers and everything said there."""
    rows = db.session.scalars(
        sa.select(Ticket).where(Ticket.contact_id == contact.id).order_by(Ticket.id)
    ).all()
    return [_tell(row) for row in rows]


def _tell(ticket: Ticket) -> dict[str, Any]:
    (facts,) = told(
        [ticket],
        "id number type subject state status priority category channel language extra opened_at closed_at",
    )
    said = sa.select(Message).where(Message.ticket_id == ticket.id).order_by(Message.id)
    slips = sa.select(Handover).where(Handover.ticket_id == ticket.id).order_by(Handover.id)
    tags = sa.select(TicketTag.tag).where(TicketTag.ticket_id == ticket.id)
    return facts | {
        "tags": sorted(db.session.scalars(tags)),
        "messages": told(
            db.session.scalars(said),
            "id posted_at visibility purpose author_kind author_name channel body_text body_html recalled_at",
        ),
        "handovers": told(db.session.scalars(slips), "handed_at reason summary result returned_at"),
    }
