"""Making sure who a customer is before acting on the account (CH-14)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from core.clock import now
from core.contacts.events import IdentityChecked
from core.contacts.models import IdentityCheck
from core.contacts.service import get_contact
from core.db import db
from core.errors import Invalid, Problem
from core.events import emit

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from core.actors import Actor

METHODS = ("call_back", "document", "questions", "code")


def record_identity_check(
    contact_id: UUID, ticket_id: UUID, method: str, *, actor: Actor
) -> IdentityCheck:
    """Keep that the actor made sure who the customer of this ticket is, by one of METHODS."""
    if method not in METHODS:
        raise Invalid(Problem(field="method", message="contacts.identity.method"))
    contact = get_contact(contact_id)
    row = IdentityCheck(
        contact_id=contact.id,
        ticket_id=ticket_id,
        method=method,
        checked_by=actor.id,
        checked_at=now(),
    )
    db.session.add(row)
    event = IdentityChecked(check_id=row.id, contact_id=contact.id, method=method)
    emit(event, subject=("ticket", ticket_id), actor=actor)
    return row


def identity_checked(ticket_id: UUID) -> bool:
    """Whether the customer's identity was confirmed for this ticket."""
    return bool(
        db.session.scalar(
            sa.select(sa.func.count())
            .select_from(IdentityCheck)
            .where(IdentityCheck.ticket_id == ticket_id)
        )
    )


def require_identity(subject: Any, answers: Mapping[str, Any], actor: Actor) -> list[Problem]:  # noqa: ARG001
    """The guard "identity_checked": nothing is done to the account before the check is recorded.

    A customer who came by his own link or code has proved who he is.
    """
    if actor.kind == "contact" or identity_checked(
        getattr(subject, "ticket_id", None) or subject.id
    ):
        return []
    return [Problem(field="identity", message="contacts.identity.missing")]
