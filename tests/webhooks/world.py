"""What exists of webhooks in a world of the habits: one address outside, that is told of new tickets."""

from __future__ import annotations

from uuid import UUID

from core.db import transaction
from core.errors import NotFound
from core.webhooks import service

ADDRESS = "https://hooks.example.com/polydesk"


def _registered(world):
    """The address is there and on."""
    actor = world.rightful_actor()
    with transaction():
        try:
            service.enable_endpoint(UUID(world.ids["endpoint_id"]), actor=actor)
        except (KeyError, NotFound):
            row, _ = service.create_endpoint(ADDRESS, ["ticket.opened"], title="Out", actor=actor)
            world.ids["endpoint_id"] = str(row.id)


def values(world):
    """The address."""
    _registered(world)
    return {"endpoint_id": world.ids["endpoint_id"]}


ROUTES = ("update", "enable", "disable", "ping", "rotate", "remove", "replay", "one")
BEFORE = {f"console_webhooks.{name}": _registered for name in ROUTES}
GIVEN = {"title": "Out", "url": ADDRESS, "events": "ticket.opened"}
BODIES = {
    "console_webhooks.create": lambda _world: GIVEN,
    "console_webhooks.update": lambda _world: GIVEN,
    "console_webhooks.replay": lambda _world: {"span": "day"},
}
