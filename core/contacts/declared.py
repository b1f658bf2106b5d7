"""What this room declares to the Catalog, and what it listens to."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from core.contacts import privacy, routes, service
from core.contacts.events import EVENTS
from core.contacts.identity import require_identity
from core.contributions import DataClass, Guard
from core.declarations import Permission
from core.events import subscribe

if TYPE_CHECKING:
    from core.events import EventRow

__all__ = ["API", "DATA_CLASSES", "EVENTS", "GUARDS", "PERMISSIONS", "connect"]

_ALL = "all"
PERMISSIONS = [
    Permission(
        "contact:read",
        "contacts.permission.read",
        {"admin": _ALL, "manager": _ALL, "supervisor": _ALL, "agent": _ALL, "auditor": _ALL},
    ),
    Permission(
        "contact:write",
        "contacts.permission.write",
        {"admin": _ALL, "manager": _ALL, "supervisor": _ALL, "agent": _ALL},
    ),
    Permission(
        "contact:reveal",
        "contacts.permission.reveal",
        {"admin": _ALL, "manager": _ALL, "supervisor": _ALL, "agent": _ALL},
    ),
    Permission(
        "contact:merge",
        "contacts.permission.merge",
        {"admin": _ALL, "manager": _ALL, "supervisor": _ALL},
    ),
    Permission("contact:erase", "contacts.permission.erase", {"admin": _ALL}),
    Permission("contact:export", "contacts.permission.export", {"admin": _ALL}),
    # What customers may: held by their links and codes, by no role.
    Permission("matter:look", "contacts.permission.look"),
    Permission("matter:read", "contacts.permission.matter_read"),
    Permission("matter:message", "contacts.permission.message"),
    Permission("matter:accept", "contacts.permission.accept"),
    Permission("matter:sign", "contacts.permission.sign"),
    Permission("matter:rate", "contacts.permission.rate"),
]
GUARDS = [Guard("identity_checked", require_identity)]
API = [routes.blueprint]
DATA_CLASSES = [
    DataClass(
        "customers",
        "contacts.data.customers",
        ("contact", "contact_point", "organisation", "contact_organisation", "identity_check"),
    ),
    DataClass(
        "customer_sign_ins",
        "contacts.data.sign_ins",
        ("contact_session", "login_code", "ticket_link"),
        90,
    ),
]


def connect() -> None:
    """Count a contact's matters as they are opened; give out what this room keeps about a person."""
    privacy.register_room("contacts", privacy.tell_contact)
    subscribe("ticket.opened", _count_matter)


def _count_matter(row: EventRow) -> None:
    if contact_id := row.payload.get("contact_id"):
        service.count_matter(UUID(contact_id))
