"""What this room declares to the Catalog, and what it hangs on others."""

from __future__ import annotations

from core.attachments import service
from core.attachments.events import EVENTS
from core.attachments.routes import blueprint
from core.contacts.privacy import register_room
from core.contributions import DataClass
from core.events import subscribe
from core.tickets.uploads import register_claim
from core.timers import register_timer

__all__ = ["API", "DATA_CLASSES", "EVENTS", "connect"]

API = [blueprint]
DATA_CLASSES = [DataClass("attachments", "attachments.data", ("attachment",))]


def connect() -> None:
    """Claim uploads for messages, sweep those nobody claimed, forget those of erased people."""
    register_claim(service.claim_for_message)
    subscribe("contact.erased", service.forget_files)
    register_room("attachments", service.tell_files)
    register_timer(service.SWEEP, service.sweep)
