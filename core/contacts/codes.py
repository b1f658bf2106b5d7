"""A mailed six-digit code signs a customer in to "my matters"."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa

from core.actors import ANONYMOUS, Actor
from core.auth import signin, throttles
from core.auth.models import BROWSER_LENGTH, IP_LENGTH
from core.clock import now, uuid7
from core.contacts.events import (
    ContactSignedIn,
    ContactSignedOut,
    ContactVerified,
    LoginCodeRequested,
)
from core.contacts.links import MATTER_GRANTS, contact_actor
from core.contacts.models import Contact, ContactPoint, ContactSession, LoginCode
from core.contacts.points import digits, normalise
from core.contacts.service import get_contact, get_point
from core.db import aside, db
from core.errors import Invalid, Problem
from core.events import emit
from core.keys import derive
from core.tenancy import current_tenant

if TYPE_CHECKING:
    from uuid import UUID

    from flask import Request
    from werkzeug.wrappers import Response

LIFE, TRIES, LENGTH = timedelta(minutes=10), 5, 6
COOKIE = "pd_me"
STAFF_PATHS = (
    "/desk", "/console", "/x/", "/api/", "/static/", "/sign-", "/account", "/password", "/language",
)  # fmt: skip
HOUR, QUARTER = 3600, 900
CODES_PER_ADDRESS, CODES_PER_RANGE, GUESSES_PER_RANGE = 5, 30, 30


@dataclass(frozen=True)
class SignedIn:
    """A customer's fresh sign-in: `secret` goes into the cookie and is nowhere else in clear."""

    contact: Contact
    session: ContactSession
    secret: str


def request_code(mail: str, *, ip: str) -> UUID:
    """Mail a code to that address if a customer has it; the answer is a request id either way."""
    throttles.spend(throttles.address_range("code", ip), CODES_PER_RANGE, HOUR)
    address = normalise("mail", mail)
    if address is None:
        raise Invalid(Problem(field="mail", message="contacts.point.bad_mail"))
    throttles.spend(throttles.private("code", address), CODES_PER_ADDRESS, HOUR)
    point = _point_of(address)
    if point is None:
        return uuid7()
    row = LoginCode(contact_point_id=point.id, created_at=now(), expires_at=now() + LIFE)
    db.session.add(row)
    event = LoginCodeRequested(
        code_id=row.id, contact_id=point.contact_id, contact_point_id=point.id
    )
    emit(event, subject=("contact", point.contact_id), actor=ANONYMOUS)
    return row.id


def _point_of(address: str) -> ContactPoint | None:
    """Whose address it is: a proven one first, then a verified contact's, then the latest."""
    rows = db.session.execute(
        sa.select(ContactPoint, Contact)
        .join(
            Contact,
            sa.and_(
                Contact.tenant_id == ContactPoint.tenant_id, Contact.id == ContactPoint.contact_id
            ),
        )
        .where(ContactPoint.kind == "mail", ContactPoint.value == address)
        .where(Contact.merged_into.is_(None), Contact.redacted_at.is_(None))
        .order_by(ContactPoint.id.desc())
    ).all()
    best = min(
        rows, key=lambda row: (row[0].verified_at is None, row[1].verified_at is None), default=None
    )
    return best[0] if best else None


def code_of(code_id: UUID) -> str:
    """The six digits: an HMAC over the row's id, so that the row holds none."""
    message = f"{current_tenant().id}\0{code_id}".encode()
    mac = hmac.digest(derive("login-codes"), message, "sha256")
    return f"{int.from_bytes(mac[:8], 'big') % 10**LENGTH:0{LENGTH}}"


def redeem_code(request_id: UUID, code: str, *, ip: str, browser: str) -> SignedIn:
    """Sign in by the code; Invalid when it is wrong, old, used, or was guessed at five times."""
    throttles.spend(throttles.address_range("code-guess", ip), GUESSES_PER_RANGE, QUARTER)
    row = db.session.get(LoginCode, (current_tenant().id, request_id))
    if row is None or row.used_at is not None or row.expires_at <= now() or row.tries >= TRIES:
        raise _wrong()
    if not hmac.compare_digest(code_of(row.id).encode(), digits(code).encode()):
        aside(lambda: _count_try(request_id))
        raise _wrong()
    row.used_at = now()
    point = get_point(row.contact_point_id)
    contact = get_contact(point.contact_id)
    _prove(contact, point)
    return _begin(contact, ip, browser)


def _count_try(code_id: UUID) -> None:
    db.session.execute(
        sa.update(LoginCode).where(LoginCode.id == code_id).values(tries=LoginCode.tries + 1)
    )


def _wrong() -> Invalid:
    return Invalid(Problem(field="code", message="contacts.code.wrong"))


def _prove(contact: Contact, point: ContactPoint) -> None:
    """Who reads the mails of an address owns it."""
    point.verified_at = point.verified_at or now()
    if contact.verified_at is None:
        contact.verified_at = now()
        event = ContactVerified(contact_id=contact.id, how="mail")
        emit(event, subject=("contact", contact.id), actor=ANONYMOUS)


def _begin(contact: Contact, ip: str, browser: str) -> SignedIn:
    secret = secrets.token_urlsafe(32)
    session = ContactSession(
        secret_hash=signin.hash_secret(secret),
        contact_id=contact.id,
        created_at=now(),
        last_used_at=now(),
        expires_at=now() + signin.ABSOLUTE,
        ip=ip[:IP_LENGTH],
        browser=browser[:BROWSER_LENGTH],
    )
    db.session.add(session)
    actor = contact_actor(contact, MATTER_GRANTS, session_id=session.id)
    event = ContactSignedIn(contact_id=contact.id, session_id=session.id)
    emit(event, subject=("contact", contact.id), actor=actor)
    return SignedIn(contact, session, secret)


def authenticate(request: Request) -> Actor | None:
    """The customer who signed in by code; on the staff's pages and the API nobody is one."""
    if request.path.startswith(STAFF_PATHS) or request.headers.get("Authorization"):
        return None
    secret = request.cookies.get(signin.cookie_name(COOKIE), "")
    if not secret:
        return None
    row = db.session.scalars(
        sa.select(ContactSession).where(
            ContactSession.secret_hash == signin.hash_secret(secret),
            ContactSession.revoked_at.is_(None),
            ContactSession.expires_at > now(),
        )
    ).one_or_none()
    if row is None:
        return None
    actor = contact_actor(get_contact(row.contact_id), MATTER_GRANTS, session_id=row.id)
    if row.last_used_at < now() - signin.TOUCH_EVERY:
        session_id = row.id
        aside(lambda: _touch(session_id))
    return actor


def _touch(session_id: UUID) -> None:
    touched = sa.update(ContactSession).where(ContactSession.id == session_id)
    db.session.execute(touched.values(last_used_at=now()))


def sign_out(session_id: UUID, *, actor: Actor) -> None:
    """End a customer's sign-in."""
    row = db.session.get(ContactSession, (current_tenant().id, session_id))
    if row is not None and row.revoked_at is None:
        row.revoked_at = now()
        event = ContactSignedOut(contact_id=row.contact_id, session_id=row.id)
        emit(event, subject=("contact", row.contact_id), actor=actor)


def set_cookie(response: Response, secret: str) -> None:
    """Hand the customer's browser its secret."""
    signin.set_cookie(response, secret, COOKIE)


def clear_cookie(response: Response) -> None:
    """Let the customer's browser forget it."""
    signin.clear_cookie(response, COOKIE)
