"""Coming in by browser: password, a new secret for each sign-in, its cookie, and leaving again."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa
from flask import request as flask_request

from core.actors import ANONYMOUS, Actor
from core.auth import passwords, throttles, tokens
from core.auth.events import SignInFailed, UserSignedIn, UserSignedOut
from core.auth.models import ACTIVE, BROWSER_LENGTH, IP_LENGTH, BrowserSession, User
from core.auth.service import actor_for, end_sign_ins, find_user, normal_email
from core.clock import now
from core.db import aside, db
from core.errors import NotFound, NotSignedIn
from core.events import emit
from core.tenancy import current_tenant

if TYPE_CHECKING:
    from uuid import UUID

    from flask import Request
    from werkzeug.wrappers import Response

IDLE, ABSOLUTE = timedelta(hours=12), timedelta(days=7)
TOUCH_EVERY = timedelta(hours=1)
QUARTER, HOUR = 15 * 60, 60 * 60
PER_ACCOUNT_AND_RANGE, PER_ACCOUNT, PER_RANGE = 5, 50, 100


@dataclass(frozen=True)
class SignedIn:
    """A fresh sign-in: `secret` goes into the cookie and is nowhere else in clear."""

    user: User
    session: BrowserSession
    secret: str


def sign_in(email: str, password: str, *, ip: str, browser: str, old_secret: str = "") -> SignedIn:
    """Check address and password, start a new sign-in and end the browser's old one.

    NotSignedIn is the one answer to everything that is wrong; TooMany when it was tried too often.
    """
    address = normal_email(email)
    limits = _limits(address, ip)
    for key, limit, seconds in limits:
        throttles.check(key, limit, seconds)
    user = find_user(address)
    # Always one verification, whether there is such a user or not: equal time for strangers.
    fits = passwords.fits(user.password_hash if user else None, password)
    if user is None or not fits or user.state != ACTIVE:
        for key, _, seconds in limits:
            throttles.count(key, seconds)
        _leave_trace(user, fits)
        raise NotSignedIn("the address or the password is wrong")
    throttles.forget(limits[0][0])
    if user.password_hash and passwords.is_outdated(user.password_hash):
        user.password_hash = passwords.hash_password(password)
    if old_secret:
        _end_by_secret(old_secret)
    return _begin(user, ip, browser)


def _limits(address: str, ip: str) -> list[tuple[str, int, int]]:
    network = throttles.address_range("sign-in", ip)
    return [
        (f"{throttles.private('sign-in', address)}@{network}", PER_ACCOUNT_AND_RANGE, QUARTER),
        (throttles.private("sign-in", address), PER_ACCOUNT, HOUR),
        (network, PER_RANGE, QUARTER),
    ]


def _leave_trace(user: User | None, fits: bool) -> None:  # noqa: FBT001
    user_id = user.id if user else None
    reason = "unknown" if user is None else "suspended" if fits else "password"
    subject = ("user", user.id) if user else ("tenant", current_tenant().id)
    event = SignInFailed(user_id=user_id, reason=reason)
    aside(lambda: _emit(event, subject))


def _emit(event: SignInFailed, subject: tuple[str, UUID]) -> None:
    emit(event, subject=subject, actor=ANONYMOUS)


def _begin(user: User, ip: str, browser: str) -> SignedIn:
    secret = secrets.token_urlsafe(32)
    session = BrowserSession(
        secret_hash=hash_secret(secret),
        user_id=user.id,
        created_at=now(),
        last_used_at=now(),
        expires_at=now() + ABSOLUTE,
        ip=ip[:IP_LENGTH],
        browser=browser[:BROWSER_LENGTH],
    )
    db.session.add(session)
    user.last_sign_in_at = now()
    event = UserSignedIn(user_id=user.id, session_id=session.id)
    emit(event, subject=("user", user.id), actor=actor_for(user, session_id=session.id))
    return SignedIn(user, session, secret)


def hash_secret(secret: str) -> str:
    """What tables keep of a random secret; it has 256 bits, so one SHA-256 is enough."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _end_by_secret(secret: str) -> None:
    row = _session_of(secret)
    if row and row.revoked_at is None:
        row.revoked_at = now()


def _session_of(secret: str) -> BrowserSession | None:
    wanted = sa.select(BrowserSession).where(BrowserSession.secret_hash == hash_secret(secret))
    return db.session.scalars(wanted).one_or_none()


def sign_out(session_id: UUID, *, actor: Actor) -> None:
    """End one sign-in, by its owner or by somebody who may; NotFound when there is none."""
    row = db.session.get(BrowserSession, (current_tenant().id, session_id))
    if row is None:
        raise NotFound(f"no sign-in {session_id}")
    if row.revoked_at is None:
        row.revoked_at = now()
        event = UserSignedOut(user_id=row.user_id, session_id=row.id)
        emit(event, subject=("user", row.user_id), actor=actor)


def list_sessions(user_id: UUID) -> list[BrowserSession]:
    """A user's living sign-ins, latest first."""
    rows = sa.select(BrowserSession).where(
        BrowserSession.user_id == user_id,
        BrowserSession.revoked_at.is_(None),
        BrowserSession.expires_at > now(),
        BrowserSession.last_used_at > now() - IDLE,
    )
    return list(db.session.scalars(rows.order_by(BrowserSession.last_used_at.desc())))


def revoke_sessions(user_id: UUID, *, actor: Actor, keep: UUID | None = None) -> int:
    """End all sign-ins of a user but `keep`; gives how many there were."""
    gone = [row for row in list_sessions(user_id) if row.id != keep]
    for row in gone:
        sign_out(row.id, actor=actor)
    end_sign_ins(user_id, keep=keep)
    return len(gone)


# --- each request -------------------------------------------------------------------------------


def authenticate(request: Request) -> Actor | None:
    """The user who asks, by bearer token or by cookie; None when nobody claims to be one.

    With an Authorization header only the token counts. The cookie counts on screens alone: under
    /api/ it means nothing, so the API needs no CSRF token.
    """
    if request.headers.get("Authorization"):
        return tokens.authenticate(request.headers["Authorization"])
    secret = request.cookies.get(cookie_name(), "")
    if not secret or request.path.startswith("/api/"):
        return None
    return _by_secret(secret)


def _by_secret(secret: str) -> Actor | None:
    found = db.session.execute(
        sa.select(BrowserSession, User)
        .join(
            User,
            sa.and_(User.tenant_id == BrowserSession.tenant_id, User.id == BrowserSession.user_id),
        )
        .where(BrowserSession.secret_hash == hash_secret(secret), User.state == ACTIVE)
    ).one_or_none()
    if found is None or not _is_living(found[0]):
        return None
    session, user = found
    actor = actor_for(user, session_id=session.id)
    if session.last_used_at < now() - TOUCH_EVERY:
        session_id = session.id
        aside(lambda: _touch(session_id))
    return actor


def _is_living(row: BrowserSession) -> bool:
    at = now()
    return row.revoked_at is None and row.expires_at > at and row.last_used_at > at - IDLE


def _touch(session_id: UUID) -> None:
    touched = sa.update(BrowserSession).where(BrowserSession.id == session_id)
    db.session.execute(touched.values(last_used_at=now()))


def cookie_name(base: str = "pd") -> str:
    """The cookie's name: on https it is bound to this host."""
    return f"__Host-{base}" if flask_request.is_secure else base


def set_cookie(response: Response, secret: str, base: str = "pd") -> None:
    """Hand the browser its secret; scripts cannot read it and other sites do not send it."""
    response.set_cookie(
        cookie_name(base),
        secret,
        max_age=int(ABSOLUTE.total_seconds()),
        secure=flask_request.is_secure,
        httponly=True,
        samesite="Lax",
        path="/",
    )


def clear_cookie(response: Response, base: str = "pd") -> None:
    """Let the browser forget it."""
    response.delete_cookie(
        cookie_name(base), path="/", secure=flask_request.is_secure, httponly=True, samesite="Lax"
    )
