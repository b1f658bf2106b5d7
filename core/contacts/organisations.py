"""Organisations, and what contacts are to them and when."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from core.clock import now
from core.contacts.events import OrganisationCreated, OrganisationJoined, OrganisationLeft
from core.contacts.models import ContactOrganisation, Organisation
from core.contacts.service import get_contact
from core.db import db
from core.errors import Invalid, NotFound, Problem
from core.events import emit
from core.tenancy import current_tenant

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

    from core.actors import Actor


def create_organisation(name: str, *, actor: Actor) -> Organisation:
    """A company or body that contacts act for."""
    if not name.strip():
        raise Invalid(Problem(field="name", message="contacts.name.missing"))
    row = Organisation(name=name.strip()[:200], created_at=now())
    db.session.add(row)
    emit(OrganisationCreated(organisation_id=row.id), subject=("organisation", row.id), actor=actor)
    return row


def get_organisation(organisation_id: UUID) -> Organisation:
    """The organisation; NotFound."""
    row = db.session.get(Organisation, (current_tenant().id, organisation_id))
    if row is None:
        raise NotFound(f"no organisation {organisation_id}")
    return row


def list_organisations(words: str = "", *, limit: int = 50) -> list[Organisation]:
    """Living organisations by name; only those whose name holds the words."""
    rows = sa.select(Organisation).where(Organisation.archived_at.is_(None))
    if words.strip():
        rows = rows.where(Organisation.name.icontains(words.strip(), autoescape=True))
    return list(db.session.scalars(rows.order_by(Organisation.name, Organisation.id).limit(limit)))


def join_organisation(
    contact_id: UUID,
    organisation_id: UUID,
    role: str = "",
    *,
    valid_from: date | None = None,
    valid_until: date | None = None,
    actor: Actor,
) -> ContactOrganisation:
    """Record that a contact acts for an organisation, and from and until which day."""
    if valid_from and valid_until and valid_until < valid_from:
        raise Invalid(Problem(field="valid_until", message="contacts.organisation.dates"))
    contact, organisation = get_contact(contact_id), get_organisation(organisation_id)
    row = ContactOrganisation(
        contact_id=contact.id,
        organisation_id=organisation.id,
        role=role,
        valid_from=valid_from,
        valid_until=valid_until,
    )
    db.session.add(row)
    event = OrganisationJoined(contact_id=contact.id, organisation_id=organisation.id)
    emit(event, subject=("contact", contact.id), actor=actor)
    return row


def leave_organisation(link_id: UUID, on: date, *, actor: Actor) -> None:
    """End what a contact is to an organisation on a day; the row stays as history."""
    row = db.session.get(ContactOrganisation, (current_tenant().id, link_id))
    if row is None:
        raise NotFound(f"no such link {link_id}")
    row.valid_until = on
    event = OrganisationLeft(contact_id=row.contact_id, organisation_id=row.organisation_id)
    emit(event, subject=("contact", row.contact_id), actor=actor)


def organisations_of(
    contact_id: UUID, on: date | None = None
) -> list[tuple[Organisation, ContactOrganisation]]:
    """The organisations of a contact, on a day or ever, with role and dates."""
    rows = (
        sa.select(Organisation, ContactOrganisation)
        .join(
            ContactOrganisation,
            sa.and_(
                ContactOrganisation.tenant_id == Organisation.tenant_id,
                ContactOrganisation.organisation_id == Organisation.id,
            ),
        )
        .where(ContactOrganisation.contact_id == contact_id)
        .order_by(Organisation.name)
    )
    if on is not None:
        begin, end = ContactOrganisation.valid_from, ContactOrganisation.valid_until
        rows = rows.where(sa.or_(begin.is_(None), begin <= on), sa.or_(end.is_(None), end >= on))
    return [(organisation, link) for organisation, link in db.session.execute(rows)]
