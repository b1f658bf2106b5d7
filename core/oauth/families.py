"""What is issued from one authorization: a code, then tokens in a line; whoever shows a used one kills them all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa

from core.actors import SYSTEM
from core.clock import now
from core.db import db
from core.events import emit
from core.oauth import secrets
from core.oauth.events import AppSignedIn, TokensRevoked
from core.oauth.models import OAuthFamily, OAuthToken
from core.oauth.service import app_actor
from core.tenancy import current_tenant

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from core.actors import Actor
    from core.oauth.models import OAuthClient

CODE_LIVES = timedelta(seconds=60)
ACCESS_LIVES = timedelta(hours=1)
REFRESH_IDLE, REFRESH_ENDS = timedelta(days=30), timedelta(days=365)
KEPT = timedelta(days=30)


@dataclass(frozen=True)
class Issued:
    """Fresh tokens in clear, this once; `refresh` is "" where there is none."""

    access: str
    refresh: str


def issue_code(
    client: OAuthClient, user_id: UUID, scopes: list[str], *, redirect_uri: str, challenge: str
) -> str:
    """A code for what the user allowed: 60 seconds, once, for this app, address and challenge alone."""
    code = secrets.new_secret(secrets.CODE)
    family = OAuthFamily(
        client_id=client.id,
        user_id=user_id,
        scopes=scopes,
        code_hash=secrets.hash_of(code, secrets.CODE),
        redirect_uri=redirect_uri,
        challenge=challenge,
        code_expires_at=now() + CODE_LIVES,
        ends_at=now() + CODE_LIVES,
    )
    db.session.add(family)
    return code


def redeemable(code: str, client: OAuthClient) -> OAuthFamily | None:
    """The family whose code this is, locked, while the code is good for this app.

    Used a second time it is a stolen one, so everything that came of it dies (RFC 9700 §4.5).
    """
    hashed = secrets.hash_of(code, secrets.CODE)
    if not hashed:
        return None
    family = _locked(OAuthFamily.code_hash == hashed)
    if family is None or family.client_id != client.id:
        return None
    if family.code_used_at:
        kill(family, "code_reused", actor=SYSTEM)
        return None
    late = family.code_expires_at is None or family.code_expires_at <= now()
    return None if late or family.revoked_at else family


def use_code(family: OAuthFamily) -> None:
    """The code has done its work."""
    family.code_used_at = now()


def refreshable(refresh: str, client: OAuthClient) -> tuple[OAuthToken, OAuthFamily] | None:
    """The token that is refreshed with its family, locked; one that was used before kills the family."""
    hashed = secrets.hash_of(refresh, secrets.REFRESH)
    if not hashed:
        return None
    found = db.session.execute(
        sa.select(OAuthToken.id, OAuthToken.family_id).where(OAuthToken.refresh_hash == hashed)
    ).one_or_none()
    if found is None:
        return None
    # The family's row is the line's one lock: two who refresh at once stand in a queue here.
    family = _locked(OAuthFamily.id == found.family_id)
    token = db.session.scalars(
        sa.select(OAuthToken)
        .where(OAuthToken.id == found.id)
        .execution_options(populate_existing=True)
    ).one()
    if family is None or family.client_id != client.id:
        return None
    if token.refresh_used_at:
        kill(family, "refresh_reused", actor=SYSTEM)
        return None
    late = token.refresh_expires_at is None or token.refresh_expires_at <= now()
    return None if late or family.revoked_at else (token, family)


def issue_first(
    client: OAuthClient,
    family: OAuthFamily | None,
    scopes: list[str],
    *,
    grant_type: str,
    refreshing: bool,
) -> Issued:
    """The first tokens of a line; without a family (client credentials) one is made for them."""
    if family is None:
        family = OAuthFamily(
            client_id=client.id, user_id=None, scopes=scopes, ends_at=now() + ACCESS_LIVES
        )
        db.session.add(family)
        db.session.flush()  # the token's foreign key wants the row there
    issued = _issue(family, scopes, refreshing=refreshing)
    event = AppSignedIn(
        client_id=client.id, user_id=family.user_id, family_id=family.id, grant_type=grant_type
    )
    emit(event, subject=("client", client.id), actor=app_actor(client))
    return issued


def issue_next(token: OAuthToken, family: OAuthFamily, scopes: list[str]) -> Issued:
    """Tokens in place of those that are refreshed; the old refresh token is used up."""
    issued = _issue(family, scopes, refreshing=True)
    token.refresh_used_at = now()
    return issued


def _issue(family: OAuthFamily, scopes: list[str], *, refreshing: bool) -> Issued:
    access = secrets.new_secret(secrets.ACCESS)
    refresh = secrets.new_secret(secrets.REFRESH) if refreshing else ""
    idle: datetime = min(now() + REFRESH_IDLE, family.created_at + REFRESH_ENDS)
    db.session.add(
        OAuthToken(
            family_id=family.id,
            access_hash=secrets.hash_of(access, secrets.ACCESS),
            refresh_hash=secrets.hash_of(refresh, secrets.REFRESH) or None,
            scopes=scopes,
            access_expires_at=now() + ACCESS_LIVES,
            refresh_expires_at=idle if refreshing else None,
        )
    )
    family.ends_at = max(idle if refreshing else now() + ACCESS_LIVES, family.ends_at)
    return Issued(access, refresh)


def token_of(plain: str) -> tuple[OAuthToken, OAuthFamily] | None:
    """The row of an access or refresh token with its family, living or not."""
    access = secrets.hash_of(plain, secrets.ACCESS)
    refresh = secrets.hash_of(plain, secrets.REFRESH)
    if not access and not refresh:
        return None
    match = OAuthToken.access_hash == access if access else OAuthToken.refresh_hash == refresh
    found = db.session.execute(_with_family().where(match)).one_or_none()
    return (found[0], found[1]) if found else None


def _with_family() -> sa.Select[OAuthToken, OAuthFamily]:
    return sa.select(OAuthToken, OAuthFamily).join(
        OAuthFamily,
        sa.and_(
            OAuthFamily.tenant_id == OAuthToken.tenant_id, OAuthFamily.id == OAuthToken.family_id
        ),
    )


def give_back(token: OAuthToken) -> None:
    """An access token that its app no longer needs; the refresh token beside it lives on (RFC 7009 §2.1)."""
    token.access_expires_at = min(token.access_expires_at, now())


def kill(family: OAuthFamily, reason: str, *, actor: Actor) -> None:
    """Make everything of one authorization dead at once; a second time changes nothing."""
    if family.revoked_at:
        return
    family.revoked_at = now()
    event = TokensRevoked(
        client_id=family.client_id, user_id=family.user_id, family_id=family.id, reason=reason
    )
    emit(event, subject=("client", family.client_id), actor=actor)


def forget_old() -> None:
    """Drop what ended 30 days ago; grants and events stay."""
    ended = sa.select(OAuthFamily.id).where(
        OAuthFamily.tenant_id == current_tenant().id, OAuthFamily.ends_at < now() - KEPT
    )
    db.session.execute(sa.delete(OAuthToken).where(OAuthToken.family_id.in_(ended)))
    db.session.execute(sa.delete(OAuthFamily).where(OAuthFamily.ends_at < now() - KEPT))


def _locked(condition: sa.ColumnElement[bool]) -> OAuthFamily | None:
    wanted = sa.select(OAuthFamily).where(condition).with_for_update()
    return db.session.scalars(wanted.execution_options(populate_existing=True)).one_or_none()
