"""Apps that a tenant knows: registered, granted permissions, disabled, removed; and the actor that one is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from core.actors import Actor, Reach
from core.clock import now
from core.db import db
from core.errors import Conflict, Invalid, NotFound, Problem
from core.events import emit
from core.oauth import redirects, secrets
from core.oauth.events import (
    ClientGrantChanged,
    ClientRegistered,
    ClientRemoved,
    ClientSecretRotated,
    ClientStateChanged,
)
from core.oauth.grants import GrantView, grants_of, revoke_grant
from core.oauth.models import (
    ACTIVE,
    CLIENT,
    CODE,
    DISABLED,
    GRANT_TYPES,
    NAME_LENGTH,
    REFRESH,
    OAuthClient,
    OAuthFamily,
    OAuthGrant,
)
from core.plugins import offered
from core.tenancy import current_tenant

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

__all__ = [
    "GrantView",
    "app_actor",
    "find_client",
    "get_client",
    "grants_of",
    "list_clients",
    "names_of",
    "public_id",
    "register_client",
    "remove_client",
    "revoke_grant",
    "rotate_secret",
    "scopes_offered",
    "set_client_grant",
    "set_client_state",
]

CUSTOMERS = "matter:"
ADDRESSES = 20


def register_client(
    name: str,
    *,
    redirect_uris: Iterable[str] = (),
    scopes: Iterable[str],
    grant_types: Iterable[str] = (CODE, REFRESH),
    confidential: bool = True,
    publisher: str = "",
    actor: Actor,
) -> tuple[OAuthClient, str]:
    """Make an app known and grant it `scopes`; gives its row and, this once, its secret ("" when public).

    Invalid names what does not fit at its field. Whoever may not set roles grants only what he may himself.
    """
    client = OAuthClient(
        name=name.strip(),
        publisher=publisher.strip(),
        redirect_uris=list(dict.fromkeys(redirect_uris)),
        scopes=list(dict.fromkeys(scopes)),
        grant_types=list(dict.fromkeys(grant_types)),
        state=ACTIVE,
        created_by=actor.id,
    )
    _check(client, confidential, actor)
    secret = secrets.new_secret(secrets.CLIENT) if confidential else ""
    client.secret_hash = secrets.hash_of(secret, secrets.CLIENT) or None
    db.session.add(client)
    event = ClientRegistered(
        client_id=client.id,
        scopes=tuple(client.scopes),
        grant_types=tuple(client.grant_types),
        confidential=confidential,
    )
    emit(event, subject=("client", client.id), actor=actor)
    return client, secret


def _check(client: OAuthClient, confidential: bool, actor: Actor) -> None:  # noqa: FBT001
    problems = []
    if not client.name or len(client.name) > NAME_LENGTH:
        problems.append(Problem(field="name", message="oauth.client.name_missing"))
    if len(client.publisher) > NAME_LENGTH:
        problems.append(Problem(field="publisher", message="oauth.client.publisher_long"))
    kinds = set(client.grant_types)
    fits = kinds <= set(GRANT_TYPES) and kinds and (REFRESH not in kinds or CODE in kinds)
    if not fits or (CLIENT in kinds and not confidential):
        problems.append(Problem(field="grant_types", message="oauth.client.grant_types"))
    if CODE in kinds and not 0 < len(client.redirect_uris) <= ADDRESSES:
        problems.append(Problem(field="redirect_uris", message="oauth.client.redirect_missing"))
    problems += [
        Problem(field=f"redirect_uris.{position}", message="oauth.client.redirect_uri")
        for position, address in enumerate(client.redirect_uris)
        if not redirects.is_allowed(address)
    ]
    problems += _wrong_scopes(client.scopes, actor)
    if problems:
        raise Invalid(*problems)


def _wrong_scopes(scopes: list[str], actor: Actor) -> list[Problem]:
    if not scopes:
        return [Problem(field="scopes", message="oauth.client.no_scope")]
    known = scopes_offered()
    wrong = {"oauth.client.unknown_scope": [name for name in scopes if name not in known]}
    if actor.kind == "user" and not actor.can("role:write"):
        wrong["oauth.client.not_yours"] = [name for name in scopes if not actor.can(name)]
    return [
        Problem(field="scopes", message=message, values=(("names", ", ".join(names)),))
        for message, names in wrong.items()
        if names
    ]


def scopes_offered() -> frozenset[str]:
    """Permissions that an app can be granted now: those of staff, of plugins that are on."""
    return frozenset(name for name in offered("permission") if not name.startswith(CUSTOMERS))


def public_id(client: OAuthClient) -> str:
    """The `client_id` of the protocol."""
    return secrets.public_id(client.id)


def get_client(client_id: UUID) -> OAuthClient:
    """The app, disabled or not; NotFound also when it was removed."""
    client = db.session.get(OAuthClient, (current_tenant().id, client_id))
    if client is None or client.removed_at:
        raise NotFound(f"no app {client_id}")
    return client


def find_client(public: str) -> OAuthClient | None:
    """The living app that the protocol's `client_id` names."""
    client_id = secrets.client_of(public)
    if client_id is None:
        return None
    client = db.session.get(OAuthClient, (current_tenant().id, client_id))
    return client if client is not None and client.living else None


def list_clients() -> list[OAuthClient]:
    """All apps that were not removed, by name."""
    rows = sa.select(OAuthClient).where(OAuthClient.removed_at.is_(None))
    return list(db.session.scalars(rows.order_by(OAuthClient.name, OAuthClient.id)))


def names_of(client_ids: Iterable[UUID]) -> dict[UUID, str]:
    """Names of apps by id, of removed ones too: what history calls them."""
    rows = sa.select(OAuthClient.id, OAuthClient.name).where(OAuthClient.id.in_(set(client_ids)))
    return {row.id: row.name for row in db.session.execute(rows)}


def set_client_state(client_id: UUID, state: str, *, actor: Actor) -> OAuthClient:
    """Make an app "active" or "disabled"; while it is disabled nothing it holds works. NotFound."""
    if state not in {ACTIVE, DISABLED}:
        raise Invalid(Problem(field="state", message="oauth.client.state"))
    client = get_client(client_id)
    if client.state != state:
        event = ClientStateChanged(client_id=client.id, from_state=client.state, to_state=state)
        client.state = state
        client.version += 1
        emit(event, subject=("client", client.id), actor=actor)
    return client


def set_client_grant(client_id: UUID, scopes: Iterable[str], *, actor: Actor) -> OAuthClient:
    """Grant an app these permissions and no others; living tokens shrink with it, none grows."""
    client = get_client(client_id)
    wanted = list(dict.fromkeys(scopes))
    if problems := _wrong_scopes(wanted, actor):
        raise Invalid(*problems)
    added = tuple(name for name in wanted if name not in client.scopes)
    taken = tuple(name for name in client.scopes if name not in wanted)
    if added or taken:
        client.scopes = wanted
        client.version += 1
        event = ClientGrantChanged(client_id=client.id, added=added, taken=taken)
        emit(event, subject=("client", client.id), actor=actor)
    return client


def rotate_secret(client_id: UUID, *, actor: Actor) -> str:
    """A new secret for an app, shown this once; the old one is dead. Conflict for a public app."""
    client = get_client(client_id)
    if not client.confidential:
        raise Conflict("a public app has no secret", field="secret", reason="public-app")
    secret = secrets.new_secret(secrets.CLIENT)
    client.secret_hash = secrets.hash_of(secret, secrets.CLIENT)
    client.version += 1
    event = ClientSecretRotated(client_id=client.id)
    emit(event, subject=("client", client.id), actor=actor)
    return secret


def remove_client(client_id: UUID, *, actor: Actor) -> None:
    """Take an app away with all that people allowed it; what it did stays under its name. NotFound."""
    client = get_client(client_id)
    client.state, client.removed_at = DISABLED, now()
    client.version += 1
    for table in (OAuthGrant, OAuthFamily):
        living = sa.update(table).where(table.client_id == client_id, table.revoked_at.is_(None))
        db.session.execute(living.values(revoked_at=now()))
    emit(ClientRemoved(client_id=client.id), subject=("client", client.id), actor=actor)


def app_actor(client: OAuthClient) -> Actor:
    """The app as a principal of its own: what the tenant grants it, with reach all (model.md §7)."""
    known = scopes_offered()
    grants = {name: Reach.ALL for name in client.scopes if name in known}
    return Actor(kind="app", id=client.id, name=client.name, grants=grants if client.living else {})
