"""Bearer tokens: pd_<tenant>_<secret>, shown once, kept as a hash, within their user's grants."""

from __future__ import annotations

import hashlib
import re
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING
from zlib import crc32

import sqlalchemy as sa

from core.auth.events import TokenCreated, TokenRevoked
from core.auth.models import ACTIVE, ApiToken, User
from core.auth.service import actor_for, get_user
from core.clock import now
from core.db import aside, db
from core.errors import Forbidden, Invalid, NotFound, NotSignedIn, Problem
from core.events import emit
from core.plugins import offered
from core.tenancy import current_tenant

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from uuid import UUID

    from core.actors import Actor

TOUCH_EVERY = timedelta(hours=1)
SHAPE = re.compile(r"pd_([a-z0-9-]{1,63})_([0-9a-f]{64})([0-9a-f]{8})")


def create_token(
    user_id: UUID,
    name: str,
    scopes: Iterable[str],
    *,
    actor: Actor,
    expires_at: datetime | None = None,
) -> tuple[ApiToken, str]:
    """A token that acts as the user; gives its row and, this once, the token itself.

    Invalid names scopes that do not exist. Making one for somebody else takes `user:write`.
    """
    wanted = tuple(dict.fromkeys(scopes))
    _check_scopes(wanted)
    if actor.kind == "user" and actor.id != user_id and not actor.can("user:write"):
        raise Forbidden("user:write")
    user = get_user(user_id)
    secret = secrets.token_hex(32)
    token = ApiToken(
        secret_hash=_hash(secret),
        name=name.strip()[:120],
        user_id=user.id,
        scopes=list(wanted),
        created_by=actor.id,
        expires_at=expires_at,
    )
    db.session.add(token)
    event = TokenCreated(token_id=token.id, user_id=user.id, scopes=wanted)
    emit(event, subject=("user", user.id), actor=actor)
    slug = current_tenant().slug
    return token, f"pd_{slug}_{secret}{_checksum(slug, secret)}"


def _check_scopes(scopes: tuple[str, ...]) -> None:
    if not scopes:
        raise Invalid(Problem(field="scopes", message="auth.token.no_scope"))
    unknown = [scope for scope in scopes if scope not in offered("permission")]
    if unknown:
        values = (("names", ", ".join(unknown)),)
        raise Invalid(Problem(field="scopes", message="auth.token.unknown_scope", values=values))


def revoke_token(token_id: UUID, *, actor: Actor) -> None:
    """Make a token dead at once; NotFound."""
    token = db.session.get(ApiToken, (current_tenant().id, token_id))
    if token is None:
        raise NotFound(f"no token {token_id}")
    if token.revoked_at is None:
        token.revoked_at = now()
        event = TokenRevoked(token_id=token.id, user_id=token.user_id)
        emit(event, subject=("user", token.user_id), actor=actor)


def list_tokens(user_id: UUID | None = None) -> list[ApiToken]:
    """Living tokens, newest first; of one user or of all."""
    rows = (
        sa.select(ApiToken)
        .where(ApiToken.revoked_at.is_(None))
        .order_by(ApiToken.created_at.desc())
    )
    if user_id is not None:
        rows = rows.where(ApiToken.user_id == user_id)
    return list(db.session.scalars(rows))


def tenant_slug_of(authorization: str) -> str | None:
    """The tenant that a bearer token names, which proves nothing yet; None when it names none."""
    match = SHAPE.fullmatch(_bearer(authorization))
    return match.group(1) if match else None


_BY_SECRET = (
    sa.select(ApiToken, User)
    .join(User, sa.and_(User.tenant_id == ApiToken.tenant_id, User.id == ApiToken.user_id))
    .where(ApiToken.secret_hash == sa.bindparam("secret"), User.state == ACTIVE)
)


def authenticate(authorization: str) -> Actor:
    """The user that a bearer token stands for, narrowed to its scopes; else NotSignedIn."""
    plain = _bearer(authorization)
    match = SHAPE.fullmatch(plain)
    if match is None or match.group(1) != current_tenant().slug:
        raise NotSignedIn("not a token of this tenant")
    slug, secret, checksum = match.groups()
    if _checksum(slug, secret) != checksum:
        raise NotSignedIn("a mistyped token")
    found = db.session.execute(_BY_SECRET, {"secret": _hash(secret)}).one_or_none()
    if found is None or not _is_living(found[0]):
        raise NotSignedIn("an unknown, revoked or expired token")
    token, user = found
    actor = actor_for(user, scopes=token.scopes)
    if token.last_used_at is None or token.last_used_at < now() - TOUCH_EVERY:
        token_id = token.id
        aside(lambda: _touch(token_id))
    return actor


def _is_living(token: ApiToken) -> bool:
    return token.revoked_at is None and (token.expires_at is None or token.expires_at > now())


def _touch(token_id: UUID) -> None:
    db.session.execute(
        sa.update(ApiToken).where(ApiToken.id == token_id).values(last_used_at=now())
    )


def _bearer(authorization: str) -> str:
    scheme, _, value = authorization.partition(" ")
    return value.strip() if scheme.lower() == "bearer" else ""


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _checksum(slug: str, secret: str) -> str:
    # Lets a scanner tell a leaked token from noise without asking us.
    return f"{crc32(f'{slug}_{secret}'.encode()):08x}"
