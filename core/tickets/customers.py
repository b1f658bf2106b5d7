"""What happens to tickets when their customer becomes another contact, or is erased."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import sqlalchemy as sa

from core.clock import now
from core.db import db
from core.i18n import text
from core.tickets.models import Handover, Message, Ticket

if TYPE_CHECKING:
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
        .where(Message.ticket_id.in_(theirs), Message.author_kind == "contact")
        .values(author_name=gone)
    )
    db.session.execute(
        sa.update(Handover)
        .where(Handover.ticket_id.in_(theirs))
        .values(summary=gone, result=sa.case((Handover.result == "", ""), else_=gone))
    )
