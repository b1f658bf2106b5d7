"""Contacts that were one person, and customers who want to be forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from core.clock import now
from core.contacts.events import ContactErased, ContactMerged
from core.contacts.models import (
    Contact,
    ContactOrganisation,
    ContactPoint,
    ContactSession,
    LoginCode,
    TicketLink,
)
from core.contacts.service import get_contact, ids_of, points_of
from core.db import db
from core.errors import Conflict
from core.events import emit
from core.plugins import ask
from core.tenancy import current_tenant

if TYPE_CHECKING:
    from uuid import UUID

    from core.actors import Actor


def merge_contacts(from_id: UUID, into_id: UUID, *, actor: Actor) -> Contact:
    """Let one contact live on in another; points move, the old id stays resolvable."""
    old, contact = get_contact(from_id), get_contact(into_id)
    if old.id == contact.id or old.redacted_at or contact.redacted_at:
        raise Conflict("these two cannot be merged", reason="same-or-erased")
    _move_points(old.id, contact.id)
    for row in db.session.scalars(
        sa.select(ContactOrganisation).where(ContactOrganisation.contact_id == old.id)
    ):
        row.contact_id = contact.id
    _end_sessions(old.id)
    contact.matters += old.matters
    contact.verified_at = contact.verified_at or old.verified_at
    contact.version += 1
    old.merged_into, old.version = contact.id, old.version + 1
    event = ContactMerged(contact_id=old.id, into_id=contact.id)
    emit(event, subject=("contact", contact.id), actor=actor)
    return contact


def _move_points(from_id: UUID, into_id: UUID) -> None:
    points = points_of([from_id, into_id])
    known = {(point.kind, point.value): point for point in points[into_id]}
    for point in points[from_id]:
        twin = known.get((point.kind, point.value))
        if twin is None:
            point.contact_id = into_id
        elif twin.verified_at is None:
            twin.verified_at = point.verified_at


def erase_contact(contact_id: UUID, *, actor: Actor) -> None:
    """Overwrite a customer's personal data everywhere, in everything that was merged into it too.

    Plugins are asked first, those that are off too: one that fails raises PluginUnavailable, and nothing is erased.
    """
    contact = get_contact(contact_id)
    ask("erase_person", contact=contact)
    ids = ids_of(contact.id)
    for row in db.session.scalars(sa.select(Contact).where(Contact.id.in_(ids))):
        row.display_name, row.external_source, row.external_id = "", None, None
        row.redacted_at = row.redacted_at or now()
        row.version += 1
    points = sa.update(ContactPoint).where(ContactPoint.contact_id.in_(ids))
    db.session.execute(points.values(kind="removed", value="", verified_at=None))
    roles = sa.update(ContactOrganisation).where(ContactOrganisation.contact_id.in_(ids))
    db.session.execute(roles.values(role=""))
    links = sa.update(TicketLink).where(
        TicketLink.contact_id.in_(ids), TicketLink.revoked_at.is_(None)
    )
    db.session.execute(links.values(revoked_at=now()))
    for gone in ids:
        _end_sessions(gone)
    emit(ContactErased(contact_id=contact.id), subject=("contact", contact.id), actor=actor)


def _end_sessions(contact_id: UUID) -> None:
    living = sa.update(ContactSession).where(ContactSession.contact_id == contact_id)
    db.session.execute(
        living.values(
            revoked_at=sa.func.coalesce(ContactSession.revoked_at, now()), ip="", browser=""
        )
    )
    mine = sa.select(ContactPoint.id).where(
        ContactPoint.tenant_id == current_tenant().id, ContactPoint.contact_id == contact_id
    )
    codes = sa.update(LoginCode).where(
        LoginCode.contact_point_id.in_(mine), LoginCode.used_at.is_(None)
    )
    db.session.execute(codes.values(used_at=now()).execution_options(synchronize_session=False))
