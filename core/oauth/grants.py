"""What people let apps do for them: given on the consent page, seen and revoked on their account page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from core.clock import now
from core.db import db
from core.errors import NotFound
from core.events import emit
from core.oauth.events import GrantGiven, GrantRevoked
from core.oauth.models import OAuthClient, OAuthFamily, OAuthGrant
from core.tenancy import current_tenant

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from uuid import UUID

    from core.actors import Actor


@dataclass(frozen=True)
class GrantView:
    """A living grant with its app: `scopes` are what the user allowed."""

    id: UUID
    client: OAuthClient
    scopes: tuple[str, ...]
    given_at: datetime


def grants_of(user_id: UUID) -> list[GrantView]:
    """What the user lets apps do, by the app's name."""
    rows = db.session.execute(
        sa.select(OAuthGrant, OAuthClient)
        .join(
            OAuthClient,
            sa.and_(
                OAuthClient.tenant_id == OAuthGrant.tenant_id,
                OAuthClient.id == OAuthGrant.client_id,
            ),
        )
        .where(
            OAuthGrant.user_id == user_id,
            OAuthGrant.revoked_at.is_(None),
            OAuthClient.removed_at.is_(None),
        )
        .order_by(OAuthClient.name, OAuthGrant.id)
    )
    return [
        GrantView(grant.id, client, tuple(grant.scopes), grant.given_at) for grant, client in rows
    ]


def grant_between(user_id: UUID, client_id: UUID) -> OAuthGrant | None:
    """What the user ever allowed the app; it may be revoked."""
    return db.session.scalars(
        sa.select(OAuthGrant).where(
            OAuthGrant.user_id == user_id, OAuthGrant.client_id == client_id
        )
    ).one_or_none()


def remember(
    client: OAuthClient, asked: Iterable[str], picked: Iterable[str], *, actor: Actor
) -> OAuthGrant:
    """Keep that the acting user allowed `picked` of what was `asked`; what was not asked stays as it was."""
    if actor.kind != "user" or actor.id is None:
        raise NotFound("only a person allows an app to act for him")
    # The app's row is locked: two clicks at once must not make two grants.
    db.session.scalars(
        sa.select(OAuthClient.id).where(OAuthClient.id == client.id).with_for_update()
    ).one()
    grant = grant_between(actor.id, client.id)
    if grant is None:
        grant = OAuthGrant(client_id=client.id, user_id=actor.id, scopes=[])
        db.session.add(grant)
    kept = set() if grant.revoked_at else set(grant.scopes) - set(asked)
    scopes = sorted(kept | set(picked))
    if grant.revoked_at or scopes != grant.scopes:
        grant.scopes, grant.given_at, grant.revoked_at = scopes, now(), None
        event = GrantGiven(
            grant_id=grant.id, client_id=client.id, user_id=actor.id, scopes=tuple(scopes)
        )
        emit(event, subject=("user", actor.id), actor=actor)
    return grant


def revoke_grant(grant_id: UUID, *, actor: Actor) -> None:
    """Let the app act for the user no more: every token of theirs is dead at once. NotFound."""
    grant = db.session.get(OAuthGrant, (current_tenant().id, grant_id))
    if grant is None:
        raise NotFound(f"no grant {grant_id}")
    if grant.revoked_at:
        return
    grant.revoked_at = now()
    db.session.execute(
        sa.update(OAuthFamily)
        .where(
            OAuthFamily.client_id == grant.client_id,
            OAuthFamily.user_id == grant.user_id,
            OAuthFamily.revoked_at.is_(None),
        )
        .values(revoked_at=now())
    )
    event = GrantRevoked(grant_id=grant.id, client_id=grant.client_id, user_id=grant.user_id)
    emit(event, subject=("user", grant.user_id), actor=actor)
