"""A customer with a ticket, for the stories of this folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from core.actors import SYSTEM
from core.auth import tokens
from core.contacts import service
from core.contacts.points import PointIn
from core.db import db, transaction
from core.events import EventRow
from core.tickets.service import NewTicket, open_ticket
from tests.auth.people import hire

if TYPE_CHECKING:
    from uuid import UUID

    from core.contacts.models import Contact
    from core.tickets.models import Ticket

PHONE, MAIL = "138 0000 6021", "Fang.Wang@Example.com"


def known(name: str = "王芳", *points: PointIn, verified: bool = False) -> UUID:
    """A customer; by default with a phone and a mail address."""
    wanted = points or (PointIn("phone", PHONE), PointIn("mail", MAIL))
    with transaction():
        return service.create_contact(name, points=wanted, verified=verified, actor=SYSTEM).id


def contact(contact_id: UUID) -> Contact:
    """How it stands now."""
    db.session.rollback()
    return service.get_contact(contact_id)


def matter(contact_id: UUID) -> Ticket:
    """A ticket of the customer's."""
    new = NewTicket(
        type="problem",
        subject="屏幕不亮",
        description="昨天开始屏幕不亮。",
        contact_id=contact_id,
        channel="phone",
    )
    with transaction():
        ticket = open_ticket(new, actor=SYSTEM)
    db.session.refresh(ticket)
    db.session.expunge(ticket)
    return ticket


def facts(kind: str) -> list[dict[str, object]]:
    """Data of all events of a kind, oldest first."""
    db.session.rollback()
    rows = db.session.scalars(
        sa.select(EventRow).where(EventRow.type == kind).order_by(EventRow.id)
    )
    return [row.payload for row in rows]


def bearer(email: str, *roles: str, scopes: tuple[str, ...]) -> dict[str, str]:
    """Headers of somebody new who holds a token."""
    user = hire(email, *roles)
    with transaction():
        token = tokens.create_token(user.id, "test", scopes, actor=SYSTEM)[1]
    return {"Authorization": f"Bearer {token}"}
