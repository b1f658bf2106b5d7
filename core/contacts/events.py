"""Facts about customers; ids, kinds and names of fields only."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from core.events import Event


@dataclass(frozen=True, kw_only=True)
class ContactCreated(Event):
    """A customer became known; `point_kinds` says by what kinds of contact points."""

    type = "contact.created"
    contact_id: UUID
    point_kinds: tuple[str, ...]
    verified: bool


@dataclass(frozen=True, kw_only=True)
class ContactDetailsChanged(Event):
    """Details of a customer were corrected; names of the fields, never their values."""

    type = "contact.details_changed"
    contact_id: UUID
    fields: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ContactPointAdded(Event):
    """A customer can be reached in one more way."""

    type = "contact.point_added"
    contact_id: UUID
    contact_point_id: UUID
    kind: str


@dataclass(frozen=True, kw_only=True)
class ContactPointRemoved(Event):
    """A contact point was struck out."""

    type = "contact.point_removed"
    contact_id: UUID
    contact_point_id: UUID
    kind: str


@dataclass(frozen=True, kw_only=True)
class ContactPointRevealed(Event):
    """Somebody looked at the full value of a masked point, for this reason (CR-15)."""

    type = "contact.point_revealed"
    contact_id: UUID
    contact_point_id: UUID
    kind: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class ContactVerified(Event):
    """Somebody made sure who a customer is: `how` is staff or mail."""

    type = "contact.verified"
    contact_id: UUID
    how: str


@dataclass(frozen=True, kw_only=True)
class ContactMerged(Event):
    """Two contacts were one person: `contact_id` lives on in `into_id` and stays resolvable."""

    type = "contact.merged"
    contact_id: UUID
    into_id: UUID


@dataclass(frozen=True, kw_only=True)
class ContactErased(Event):
    """A customer's personal data was overwritten."""

    type = "contact.erased"
    contact_id: UUID


@dataclass(frozen=True, kw_only=True)
class ContactExported(Event):
    """Somebody took a copy of everything that is kept about a customer."""

    type = "contact.exported"
    contact_id: UUID


@dataclass(frozen=True, kw_only=True)
class OrganisationCreated(Event):
    """An organisation became known."""

    type = "organisation.created"
    organisation_id: UUID


@dataclass(frozen=True, kw_only=True)
class OrganisationJoined(Event):
    """A customer acts for an organisation."""

    type = "organisation.joined"
    contact_id: UUID
    organisation_id: UUID


@dataclass(frozen=True, kw_only=True)
class OrganisationLeft(Event):
    """A customer acts for an organisation no longer."""

    type = "organisation.left"
    contact_id: UUID
    organisation_id: UUID


@dataclass(frozen=True, kw_only=True)
class IdentityChecked(Event):
    """Somebody made sure who the customer is before acting on the account (CH-14)."""

    type = "identity.checked"
    check_id: UUID
    contact_id: UUID
    method: str


@dataclass(frozen=True, kw_only=True)
class LinkIssued(Event):
    """A customer got a further secret link to this ticket."""

    type = "link.issued"
    link_id: UUID
    contact_id: UUID


@dataclass(frozen=True, kw_only=True)
class LinkRevoked(Event):
    """A secret link to this ticket is dead."""

    type = "link.revoked"
    link_id: UUID


@dataclass(frozen=True, kw_only=True)
class LinkRequested(Event):
    """A customer asked for the link of this ticket again; it goes to the stored address."""

    type = "link.requested"
    link_id: UUID
    contact_id: UUID
    contact_point_id: UUID


@dataclass(frozen=True, kw_only=True)
class LoginCodeRequested(Event):
    """A code to sign in with was asked for; it goes to the stored address."""

    type = "login_code.requested"
    code_id: UUID
    contact_id: UUID
    contact_point_id: UUID


@dataclass(frozen=True, kw_only=True)
class ContactSignedIn(Event):
    """A customer signed in to his matters by a mailed code."""

    type = "contact.signed_in"
    contact_id: UUID
    session_id: UUID


@dataclass(frozen=True, kw_only=True)
class ContactSignedOut(Event):
    """A customer left his matters."""

    type = "contact.signed_out"
    contact_id: UUID
    session_id: UUID


EVENTS: list[type[Event]] = [
    ContactCreated,
    ContactDetailsChanged,
    ContactPointAdded,
    ContactPointRemoved,
    ContactPointRevealed,
    ContactVerified,
    ContactMerged,
    ContactErased,
    ContactExported,
    OrganisationCreated,
    OrganisationJoined,
    OrganisationLeft,
    IdentityChecked,
    LinkIssued,
    LinkRevoked,
    LinkRequested,
    LoginCodeRequested,
    ContactSignedIn,
    ContactSignedOut,
]
