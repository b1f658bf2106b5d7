"""A forgotten password: a link is mailed, good once and for an hour."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from core.actors import ANONYMOUS
from core.auth import throttles
from core.auth.events import PasswordResetRequested
from core.auth.models import ACTIVE, PasswordReset, User
from core.auth.service import find_user, get_user, normal_email, set_password
from core.clock import now
from core.db import db
from core.errors import NotFound
from core.events import emit
from core.keys import sign, signature_fits
from core.tenancy import current_tenant

if TYPE_CHECKING:
    from core.actors import Actor

LIFE = timedelta(hours=1)
PURPOSE = "password-resets"
PER_ACCOUNT, PER_RANGE, HOUR = 5, 30, 3600


def request_password_reset(email: str, *, ip: str, actor: Actor = ANONYMOUS) -> None:
    """Mail a link to the user of that address; the same silence when there is none."""
    address = normal_email(email)
    throttles.spend(throttles.address_range("reset", ip), PER_RANGE, HOUR)
    throttles.spend(throttles.private("reset", address), PER_ACCOUNT, HOUR)
    user = find_user(address)
    if user is not None and user.state == ACTIVE:
        invite(user, actor=actor)


def invite(user: User, *, actor: Actor) -> PasswordReset:
    """Let a user choose a password by a mailed link: a forgotten one, or his first."""
    row = PasswordReset(user_id=user.id, created_at=now(), expires_at=now() + LIFE)
    db.session.add(row)
    event = PasswordResetRequested(user_id=user.id, reset_id=row.id)
    emit(event, subject=("user", user.id), actor=actor)
    return row


def reset_token(reset_id: UUID) -> str:
    """The secret part of the mailed link, made again whenever the mail is drawn."""
    return f"{reset_id.hex}.{sign(PURPOSE, str(current_tenant().id), str(reset_id))}"


def reset_password(token: str, password: str, *, ip: str) -> User:
    """Set the password by a mailed link; NotFound when it is wrong, old or used."""
    throttles.spend(throttles.address_range("reset-use", ip), PER_RANGE, HOUR)
    user = user_of(token)
    set_password(user.id, password, actor=ANONYMOUS)
    return user


def user_of(token: str) -> User:
    """Whose password a link may set; NotFound when it may set none."""
    head, _, signature = token.partition(".")
    try:
        reset_id = UUID(hex=head)
    except ValueError:
        raise _dead() from None
    if not signature_fits(signature, PURPOSE, str(current_tenant().id), str(reset_id)):
        raise _dead()
    row = db.session.get(PasswordReset, (current_tenant().id, reset_id))
    if row is None or row.used_at is not None or row.expires_at <= now():
        raise _dead()
    user = get_user(row.user_id)
    if user.state != ACTIVE:
        raise _dead()
    return user


def _dead() -> NotFound:
    return NotFound("no such reset link")
