"""Facts about apps; their subject is ("app", id), an action's is the ticket."""

from __future__ import annotations

from dataclasses import dataclass

from core.events import Event


@dataclass(frozen=True, kw_only=True)
class AppInstalled(Event):
    """An app was installed with these scopes, and told of these topics from then on."""

    type = "app.installed"
    app: str
    version: str
    scopes: tuple[str, ...]
    topics: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class AppUpdated(Event):
    """A newer manifest of an installed app was accepted."""

    type = "app.updated"
    app: str
    version: str
    scopes: tuple[str, ...]
    topics: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class AppEnabled(Event):
    """An app was switched on."""

    type = "app.enabled"
    app: str


@dataclass(frozen=True, kw_only=True)
class AppDisabled(Event):
    """An app was switched off: its tokens are dead, nothing is sent to it."""

    type = "app.disabled"
    app: str


@dataclass(frozen=True, kw_only=True)
class AppConfigured(Event):
    """Settings of an app were changed; names of the fields."""

    type = "app.configured"
    app: str
    fields: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class AppSecretsRotated(Event):
    """An app has a new secret to sign in with and a new one that signs."""

    type = "app.secrets_rotated"
    app: str


@dataclass(frozen=True, kw_only=True)
class AppUninstalled(Event):
    """An app was removed with its rights and its secrets."""

    type = "app.uninstalled"
    app: str


@dataclass(frozen=True, kw_only=True)
class AppActionRun(Event):
    """Somebody ran an app's action at the ticket and the app answered; what was typed and answered stays out."""

    type = "app.action_run"
    app: str
    action: str


EVENTS = [
    AppInstalled, AppUpdated, AppEnabled, AppDisabled, AppConfigured, AppSecretsRotated,
    AppUninstalled, AppActionRun,
]  # fmt: skip
