"""What the room of reports hangs on core's own plugin."""

from __future__ import annotations

from core.reports import routes

API = [routes.api]
BLUEPRINTS = [routes.blueprint]
