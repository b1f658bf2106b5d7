"""Facts about apps and what they were allowed; ids and names of permissions, never a secret."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from core.events import Event


@dataclass(frozen=True, kw_only=True)
class ClientRegistered(Event):
    """An app was made known to the tenant and granted these permissions."""

    type = "client.registered"
    client_id: UUID
    scopes: tuple[str, ...]
    grant_types: tuple[str, ...]
    confidential: bool


@dataclass(frozen=True, kw_only=True)
class ClientStateChanged(Event):
    """An app was disabled, which kills its tokens at once, or made active again."""

    type = "client.state_changed"
    client_id: UUID
    from_state: str
    to_state: str


@dataclass(frozen=True, kw_only=True)
class ClientGrantChanged(Event):
    """The tenant grants an app other permissions than before."""

    type = "client.grant_changed"
    client_id: UUID
    added: tuple[str, ...]
    taken: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ClientSecretRotated(Event):
    """An app has a new secret; the old one is dead."""

    type = "client.secret_rotated"
    client_id: UUID


@dataclass(frozen=True, kw_only=True)
class ClientRemoved(Event):
    """An app was removed with everything it was allowed."""

    type = "client.removed"
    client_id: UUID


@dataclass(frozen=True, kw_only=True)
class GrantGiven(Event):
    """A user lets an app act for him, within these permissions."""

    type = "grant.given"
    grant_id: UUID
    client_id: UUID
    user_id: UUID
    scopes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class GrantRevoked(Event):
    """An app may act for this user no more; its tokens are dead."""

    type = "grant.revoked"
    grant_id: UUID
    client_id: UUID
    user_id: UUID


@dataclass(frozen=True, kw_only=True)
class AppSignedIn(Event):
    """An app was issued the first access token of an authorization, by `grant_type`."""

    type = "client.signed_in"
    client_id: UUID
    user_id: UUID | None
    family_id: UUID
    grant_type: str


@dataclass(frozen=True, kw_only=True)
class TokensRevoked(Event):
    """Every token of one authorization is dead.

    `reason` is code_reused, refresh_reused (somebody holds a copy) or asked (the app gave them back).
    """

    type = "client.tokens_revoked"
    client_id: UUID
    user_id: UUID | None
    family_id: UUID
    reason: str


EVENTS: list[type[Event]] = [
    ClientRegistered,
    ClientStateChanged,
    ClientGrantChanged,
    ClientSecretRotated,
    ClientRemoved,
    GrantGiven,
    GrantRevoked,
    AppSignedIn,
    TokensRevoked,
]
