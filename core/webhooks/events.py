"""Facts about webhooks themselves; their subject is ("webhook", endpoint id)."""

from __future__ import annotations

from dataclasses import dataclass

from core.events import Event


@dataclass(frozen=True, kw_only=True)
class WebhookRegistered(Event):
    """An address was registered for these topics."""

    type = "webhook.registered"
    topics: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class WebhookEdited(Event):
    """Address, title or topics were changed; names of the fields."""

    type = "webhook.edited"
    fields: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class WebhookEnabled(Event):
    """The address is told of facts again, from now on."""

    type = "webhook.enabled"


@dataclass(frozen=True, kw_only=True)
class WebhookDisabled(Event):
    """The address is told nothing any more: by_hand, app_off, gone (it said 410) or failing (for three days)."""

    type = "webhook.disabled"
    reason: str


@dataclass(frozen=True, kw_only=True)
class WebhookSecretRotated(Event):
    """A new secret signs; the old one signs beside it for a day."""

    type = "webhook.secret_rotated"


@dataclass(frozen=True, kw_only=True)
class WebhookRemoved(Event):
    """The address was removed."""

    type = "webhook.removed"


@dataclass(frozen=True, kw_only=True)
class WebhookReplayed(Event):
    """Deliveries were sent once more at somebody's wish."""

    type = "webhook.replayed"
    count: int


@dataclass(frozen=True, kw_only=True)
class WebhookPinged(Event):
    """Somebody tries whether the address hears us: delivered to it alone, whatever its topics."""

    type = "webhook.pinged"


EVENTS = [
    WebhookRegistered, WebhookEdited, WebhookEnabled, WebhookDisabled, WebhookSecretRotated,
    WebhookRemoved, WebhookReplayed, WebhookPinged,
]  # fmt: skip
