"""What this room declares to the Catalog, and the boxes it brings."""

from __future__ import annotations

from core.apps.calls import panels_on
from core.apps.events import EVENTS
from core.panels import offer_panels

__all__ = ["EVENTS", "connect"]


def connect() -> None:
    """Bring the boxes of apps to the ticket."""
    offer_panels(panels_on)
