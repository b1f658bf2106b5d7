"""A person's data, wherever the house keeps it: given out whole, overwritten everywhere in one transaction."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa

from core.clock import now
from core.contacts.events import ContactExported
from core.contacts.merging import erase_contact
from core.contacts.models import Contact, ContactPoint, ContactSession, IdentityCheck, TicketLink
from core.contacts.organisations import organisations_of
from core.contacts.service import get_contact, ids_of
from core.db import aside, db
from core.errors import Conflict, Invalid, Problem, StartupError
from core.events import emit
from core.plugins import ask_each

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from core.actors import Actor

_rooms: dict[str, Callable[[Contact], Any]] = {}


def register_room(name: str, tell: Callable[[Contact], Any]) -> None:
    """Let `tell(contact)` give what a room of core keeps about a contact; two of a name stop the start."""
    if _rooms.setdefault(name, tell) is not tell:
        raise StartupError(f"two rooms export persons as {name}")


def export_person(contact_id: UUID, *, actor: Actor) -> dict[str, Any]:
    """Everything kept about a customer, in plain values: core's rooms by name, plugins by name.

    Raises NotFound, Forbidden, or PluginUnavailable: an export is whole or is none. Who asked stays on record.
    """
    actor.must("contact:export")
    contact = get_contact(contact_id)
    found = {
        "contact_id": contact.id,
        "exported_at": now(),
        "core": {name: tell(contact) for name, tell in _rooms.items()},
        "plugins": ask_each("export_person", contact=contact),
    }
    told: dict[str, Any] = plain(found)
    event, subject = ContactExported(contact_id=contact.id), ("contact", contact.id)
    aside(lambda: _note(event, subject, actor))
    return told


def _note(event: ContactExported, subject: tuple[str, UUID], actor: Actor) -> None:
    emit(event, subject=subject, actor=actor)


def erase_person(contact_id: UUID, confirmation: str, *, actor: Actor) -> Contact:
    """Erase a customer whose name was typed again; Invalid when it is another one, Conflict when it is done.

    Raises PluginUnavailable when a plugin cannot erase its part: then nothing is erased anywhere.
    """
    actor.must("contact:erase")
    contact = get_contact(contact_id)
    if contact.redacted_at is not None:
        raise Conflict("this customer is erased", reason="erased")
    if confirmation.strip() != contact.display_name.strip():
        raise Invalid(Problem(field="confirm", message="contacts.erase.confirm"))
    erase_contact(contact.id, actor=actor)
    return contact


def tell_contact(contact: Contact) -> dict[str, Any]:
    """What this room keeps: who it is, how to reach it, for whom it acts, how it proved who it is."""
    ids = ids_of(contact.id)
    return {
        "people": told(
            db.session.scalars(sa.select(Contact).where(Contact.id.in_(ids))),
            "id display_name locale timezone verified_at external_source external_id matters merged_into created_at",
        ),
        "points": told(
            db.session.scalars(sa.select(ContactPoint).where(ContactPoint.contact_id.in_(ids))),
            "id kind value verified_at created_at",
        ),
        "organisations": [
            {"name": body.name, "role": link.role, "from": link.valid_from, "to": link.valid_until}
            for body, link in organisations_of(contact.id)
        ],
        "identity_checks": told(
            db.session.scalars(sa.select(IdentityCheck).where(IdentityCheck.contact_id.in_(ids))),
            "ticket_id method checked_at",
        ),
        "links": told(
            db.session.scalars(sa.select(TicketLink).where(TicketLink.contact_id.in_(ids))),
            "ticket_id created_at expires_at revoked_at",
        ),
        "sign_ins": told(
            db.session.scalars(sa.select(ContactSession).where(ContactSession.contact_id.in_(ids))),
            "created_at last_used_at expires_at revoked_at ip browser",
        ),
    }


def told(rows: Iterable[Any], names: str) -> list[dict[str, Any]]:
    """These columns of each row."""
    return [{name: getattr(row, name) for name in names.split()} for row in rows]


def plain(value: Any) -> Any:
    """A value as JSON has it: ids and times as text."""
    if isinstance(value, dict):
        return {str(name): plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(each) for each in value]
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, UUID | date):
        return str(value)
    return value if isinstance(value, str | int | float | bool | None) else str(value)
