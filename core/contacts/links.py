"""The customer's secret link to one ticket: an id and an HMAC over it; the row holds no secret."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa

from core.actors import Actor, Reach
from core.clock import now
from core.contacts.events import LinkIssued, LinkRevoked
from core.contacts.models import Contact, TicketLink
from core.contacts.service import get_contact, shown_name
from core.db import db
from core.errors import NotFound
from core.events import emit
from core.signed import make_token, read_token
from core.tenancy import current_tenant

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

PURPOSE = "ticket-links"
LIFE = timedelta(days=90)
RENEW_BEFORE = timedelta(days=7)
MATTER_GRANTS: Mapping[str, Reach] = dict.fromkeys(
    ("matter:read", "matter:message", "matter:accept", "matter:sign", "matter:rate"), Reach.OWN
)
LOOK_GRANTS: Mapping[str, Reach] = {"matter:look": Reach.OWN}


def issue_link(ticket_id: UUID, contact_id: UUID) -> TicketLink:
    """A new link, good for 90 days; its id goes into an event, `link_token` makes the secret."""
    row = TicketLink(
        ticket_id=ticket_id, contact_id=contact_id, created_at=now(), expires_at=now() + LIFE
    )
    db.session.add(row)
    return row


def link_token(link_id: UUID) -> str:
    """What stands in the address: the id and its signature."""
    return make_token(PURPOSE, link_id)


def link_path(link_id: UUID) -> str:
    """The link's path on the portal."""
    return f"/track/{link_token(link_id)}"


# Asked for at every letter, so it is built once.
_LIVE = (
    sa.select(TicketLink)
    .where(
        TicketLink.ticket_id == sa.bindparam("ticket_id"),
        TicketLink.revoked_at.is_(None),
        TicketLink.expires_at > sa.bindparam("present"),
    )
    .order_by(TicketLink.expires_at.desc(), TicketLink.id.desc())
    .limit(1)
)


def live_link(ticket_id: UUID) -> TicketLink | None:
    """The latest link of a ticket that still opens it."""
    return db.session.scalars(_LIVE, {"ticket_id": ticket_id, "present": now()}).one_or_none()


def link_token_of(ticket_id: UUID) -> str:
    """The token of the ticket's living link, "" when it has none."""
    link = live_link(ticket_id)
    return link_token(link.id) if link else ""


def usable_link(ticket_id: UUID, contact_id: UUID, *, actor: Actor) -> TicketLink:
    """The ticket's living link, or a new one when it has none that lasts a week."""
    link = live_link(ticket_id)
    if (
        link is not None
        and link.contact_id == contact_id
        and link.expires_at > now() + RENEW_BEFORE
    ):
        return link
    link = issue_link(ticket_id, contact_id)
    event = LinkIssued(link_id=link.id, contact_id=contact_id)
    emit(event, subject=("ticket", ticket_id), actor=actor)
    return link


def revoke_links(ticket_id: UUID, *, actor: Actor) -> int:
    """Make every link of a ticket dead; gives how many were alive."""
    rows = db.session.scalars(
        sa.select(TicketLink).where(
            TicketLink.ticket_id == ticket_id, TicketLink.revoked_at.is_(None)
        )
    ).all()
    for row in rows:
        row.revoked_at = now()
        emit(LinkRevoked(link_id=row.id), subject=("ticket", ticket_id), actor=actor)
    return len(rows)


def actor_by_link(token: str) -> Actor:
    """The customer who holds the link, for its ticket alone; NotFound when it is wrong or dead."""
    link_id = read_token(PURPOSE, token)
    row = db.session.get(TicketLink, (current_tenant().id, link_id))
    if row is None or row.revoked_at is not None or row.expires_at <= now():
        raise NotFound("no such link")
    return contact_actor(get_contact(row.contact_id), MATTER_GRANTS, ticket_id=row.ticket_id)


def contact_actor(
    contact: Contact,
    grants: Mapping[str, Reach],
    *,
    ticket_id: UUID | None = None,
    session_id: UUID | None = None,
) -> Actor:
    """The actor that a customer is, with what his proof grants."""
    return Actor(
        kind="contact", id=contact.id, name=shown_name(contact), grants=grants, ticket_id=ticket_id,
        locale=contact.locale, timezone=contact.timezone, session_id=session_id,
    )  # fmt: skip
