"""Who an app's access token stands for: the app itself, or the app for a user; never more than all of them may."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa

from core.actors import ANONYMOUS
from core.auth.models import ACTIVE, User
from core.auth.service import actor_for
from core.clock import now
from core.db import aside, db
from core.errors import NotSignedIn
from core.oauth import secrets
from core.oauth.models import OAuthClient, OAuthFamily, OAuthGrant, OAuthToken
from core.oauth.service import app_actor

if TYPE_CHECKING:
    from uuid import UUID

    from flask import Request

    from core.actors import Actor

PROTOCOL = "/api/v1/oauth/"
TOUCH_EVERY = timedelta(hours=1)


def authenticate(request: Request) -> Actor | None:
    """The app that asks by its access token; None when the request carries none.

    Such a token opens the API and no screen. At the protocol's own endpoints nobody is signed in:
    the app proves itself there by its secret, and a browser's cookie means nothing.
    """
    if request.path.startswith(PROTOCOL):
        return ANONYMOUS
    scheme, _, plain = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not secrets.is_access_token(plain.strip()):
        return None
    if not request.path.startswith("/api/"):
        raise NotSignedIn("an app's token opens no screen")
    return actor_of(plain.strip())


def actor_of(plain: str) -> Actor:
    """The actor of a living access token; NotSignedIn for any other."""
    hashed = secrets.hash_of(plain, secrets.ACCESS)
    row = db.session.execute(_holders().where(OAuthToken.access_hash == hashed)).one_or_none()
    if not hashed or row is None:
        raise NotSignedIn("an unknown access token, or another tenant's")
    token, family, client, user, grant = row
    at = now()
    if family.revoked_at or token.access_expires_at <= at or not client.living:
        raise NotSignedIn("an expired or revoked access token")
    actor = _narrowed(app_actor(client), token.scopes)
    if family.user_id is not None:
        if user is None or user.state != ACTIVE or grant is None or grant.revoked_at:
            raise NotSignedIn("the user is gone, or allows it no more")
        actor = _for_user(actor, user, grant)
    if token.last_used_at is None or token.last_used_at < at - TOUCH_EVERY:
        ids = token.id, client.id
        aside(lambda: _touch(*ids))
    return actor


def _holders() -> sa.Select[OAuthToken, OAuthFamily, OAuthClient, User, OAuthGrant]:
    """A token with all who must agree to it; user and grant are missing for client credentials."""
    family, client = OAuthFamily, OAuthClient
    same_pair = sa.and_(
        OAuthGrant.tenant_id == family.tenant_id,
        OAuthGrant.client_id == family.client_id,
        OAuthGrant.user_id == family.user_id,
    )
    return (
        sa.select(OAuthToken, family, client, User, OAuthGrant)
        .join(
            family, _same(family.tenant_id, OAuthToken.tenant_id, family.id, OAuthToken.family_id)
        )
        .join(client, _same(client.tenant_id, family.tenant_id, client.id, family.client_id))
        .outerjoin(User, _same(User.tenant_id, family.tenant_id, User.id, family.user_id))
        .outerjoin(OAuthGrant, same_pair)
    )


def _same(tenant: object, of: object, row: object, wanted: object) -> sa.ColumnElement[bool]:
    return sa.and_(tenant == of, row == wanted)  # type: ignore[arg-type]


def _narrowed(actor: Actor, scopes: list[str]) -> Actor:
    grants = {name: reach for name, reach in actor.grants.items() if name in scopes}
    return dataclasses.replace(actor, grants=grants)


def _for_user(app: Actor, user: User, grant: OAuthGrant) -> Actor:
    """The app on behalf of a user: what both may, as far as the user reaches."""
    person = actor_for(user, scopes=set(app.grants) & set(grant.scopes))
    return dataclasses.replace(
        app,
        grants=person.grants,
        team_ids=person.team_ids,
        department_team_ids=person.department_team_ids,
        on_behalf_of=user.id,
        locale=user.locale,
        timezone=user.timezone,
    )


def _touch(token_id: UUID, client_id: UUID) -> None:
    for table, row_id in ((OAuthToken, token_id), (OAuthClient, client_id)):
        touched = sa.update(table).where(table.id == row_id)
        db.session.execute(touched.values(last_used_at=now()))
