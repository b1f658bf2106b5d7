"""Users: added, changed, suspended, erased; and the actor that one of them is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from core.actors import Actor, Reach
from core.auth import passwords, traces
from core.auth import roles as role_book
from core.auth import teams as team_book
from core.auth.events import (
    PasswordChanged,
    UserCreated,
    UserErased,
    UserProfileChanged,
    UserReinstated,
    UserSuspended,
)
from core.auth.models import ACTIVE, SUSPENDED, ApiToken, BrowserSession, PasswordReset, User
from core.clock import now
from core.db import db
from core.errors import Conflict, Invalid, NotFound, Problem, StaleVersion
from core.events import emit
from core.i18n import text
from core.tenancy import current_tenant
from core.work import schedule_jobs

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

MAIL_LENGTH, NAME_LENGTH = 254, 120


def prepare_tenant() -> None:
    """What a new tenant needs: the built-in roles, traces that are forgotten, and the clockwork of core's jobs."""
    role_book.make_built_in_roles()
    traces.start_sweeping()
    schedule_jobs("")


def normal_email(email: str) -> str:
    """The spelling under which a user's address is kept."""
    return email.strip().lower()


def create_user(
    email: str,
    display_name: str,
    *,
    password: str | None = None,
    password_hash: str = "",
    roles: Iterable[str] = (),
    teams: Iterable[UUID] = (),
    locale: str = "",
    timezone: str = "",
    actor: Actor,
) -> User:
    """Add a member of staff; without a password nobody signs in before a reset.

    `password_hash` is what `hash_password` gave before for a password that need not be looked at again.
    Conflict when the address is taken, Invalid when it is none or the password is poor.
    """
    address = normal_email(email)
    _check_profile(address, display_name)
    if find_user(address):
        raise Conflict("the address is taken", field="email")
    if not role_book.list_roles():
        prepare_tenant()
    user = User(email=address, display_name=display_name.strip(), locale=locale, timezone=timezone)
    if password is not None:
        passwords.check_rules(password, address)
        password_hash = passwords.hash_password(password)
    if password_hash:
        user.password_hash, user.password_changed_at = password_hash, now()
    db.session.add(user)
    names = tuple(roles)
    emit(UserCreated(user_id=user.id, roles=names), subject=("user", user.id), actor=actor)
    _settle(user.id, names, teams, actor)
    return user


def _settle(user_id: UUID, names: Iterable[str], team_ids: Iterable[UUID], actor: Actor) -> None:
    for name in names:
        role_book.give_role(user_id, name, actor=actor)
    for team_id in team_ids:
        team_book.add_member(team_id, user_id, actor=actor)


def _check_profile(email: str, display_name: str) -> None:
    problems = []
    name, _, domain = email.partition("@")
    if (
        not name
        or ("." not in domain.strip(".") and domain != "localhost")
        or len(email) > MAIL_LENGTH
    ):
        problems.append(Problem(field="email", message="auth.user.email_shape"))
    if not display_name.strip() or len(display_name) > NAME_LENGTH:
        problems.append(Problem(field="display_name", message="auth.user.name_missing"))
    if problems:
        raise Invalid(*problems)


def get_user(user_id: UUID) -> User:
    """The user; NotFound."""
    user = db.session.get(User, (current_tenant().id, user_id))
    if user is None:
        raise NotFound(f"no user {user_id}")
    return user


_BY_MAIL = sa.select(User).where(User.email == sa.bindparam("email"))


def find_user(email: str) -> User | None:
    """The user with that address, suspended or not."""
    return db.session.scalars(_BY_MAIL, {"email": normal_email(email)}).one_or_none()


def list_users() -> list[User]:
    """All users that are not erased, by name."""
    rows = sa.select(User).where(User.redacted_at.is_(None)).order_by(User.display_name, User.id)
    return list(db.session.scalars(rows))


def names_of(user_ids: Iterable[UUID | None]) -> dict[UUID, str]:
    """Display names by id; an erased user reads "former staff #..."."""
    wanted = {user_id for user_id in user_ids if user_id}
    if not wanted:
        return {}
    rows = db.session.scalars(sa.select(User).where(User.id.in_(wanted)))
    return {user.id: shown_name(user) for user in rows}


def shown_name(user: User) -> str:
    """The name on screens."""
    if user.redacted_at is None:
        return user.display_name
    return text("auth.user.former", number=user.id.hex[-6:])


def update_user(
    user_id: UUID,
    *,
    version: int,
    actor: Actor,
    display_name: str | None = None,
    locale: str | None = None,
    timezone: str | None = None,
) -> User:
    """Change what is given; StaleVersion when somebody was faster."""
    user = get_user(user_id)
    if user.version != version:
        raise StaleVersion(current=user.version, given=version)
    given = {"display_name": display_name, "locale": locale, "timezone": timezone}
    changed = [k for k, v in given.items() if v is not None and v != getattr(user, k)]
    if "display_name" in changed:
        _check_profile(user.email, display_name or "")
    for field in changed:
        setattr(user, field, given[field])
    if changed:
        user.version += 1
        event = UserProfileChanged(user_id=user.id, fields=tuple(changed))
        emit(event, subject=("user", user.id), actor=actor)
    return user


def suspend_user(user_id: UUID, *, actor: Actor) -> None:
    """Shut a user out at once; Conflict for the last admin."""
    user = get_user(user_id)
    if user.state == SUSPENDED:
        return
    role_book.keep_an_admin(user_id)
    user.state = SUSPENDED
    user.version += 1
    end_sign_ins(user_id)
    emit(UserSuspended(user_id=user_id), subject=("user", user_id), actor=actor)


def reinstate_user(user_id: UUID, *, actor: Actor) -> None:
    """Let a suspended user in again; he signs in anew."""
    user = get_user(user_id)
    if user.redacted_at:
        raise Conflict("an erased user does not come back")
    if user.state == SUSPENDED:
        user.state = ACTIVE
        user.version += 1
        emit(UserReinstated(user_id=user_id), subject=("user", user_id), actor=actor)


def erase_user(user_id: UUID, *, actor: Actor) -> None:
    """Make a former member of staff nameless; what he did stays under "former staff #..."."""
    user = get_user(user_id)
    if user.redacted_at:
        return
    suspend_user(user_id, actor=actor)
    user.email, user.display_name = f"erased-{user.id.hex}@invalid", ""
    user.password_hash, user.redacted_at = None, now()
    user.version += 1
    own_tokens = sa.update(ApiToken).where(ApiToken.user_id == user_id)
    db.session.execute(
        own_tokens.values(name="", revoked_at=sa.func.coalesce(ApiToken.revoked_at, now()))
    )
    db.session.execute(
        sa.update(BrowserSession).where(BrowserSession.user_id == user_id).values(ip="", browser="")
    )
    emit(UserErased(user_id=user_id), subject=("user", user_id), actor=actor)


def set_password(
    user_id: UUID, password: str, *, actor: Actor, keep_session: UUID | None = None
) -> None:
    """Give a user a new password; every sign-in but `keep_session` and every reset link is dead."""
    user = get_user(user_id)
    passwords.check_rules(password, user.email)
    user.password_hash = passwords.hash_password(password)
    user.password_changed_at = now()
    end_sign_ins(user_id, keep=keep_session)
    db.session.execute(
        sa.update(PasswordReset)
        .where(PasswordReset.user_id == user_id, PasswordReset.used_at.is_(None))
        .values(used_at=now())
    )
    emit(PasswordChanged(user_id=user_id), subject=("user", user_id), actor=actor)


def end_sign_ins(user_id: UUID, *, keep: UUID | None = None) -> None:
    """Revoke a user's browser sign-ins, all but `keep`."""
    living = sa.update(BrowserSession).where(
        BrowserSession.user_id == user_id, BrowserSession.revoked_at.is_(None)
    )
    if keep is not None:
        living = living.where(BrowserSession.id != keep)
    db.session.execute(living.values(revoked_at=now()))


def staff(permission: str) -> list[Actor]:
    """The active people of the tenant who have the permission, by name."""
    people = [actor_for(user) for user in list_users() if user.state == ACTIVE]
    return [actor for actor in people if actor.can(permission)]


def actor_for(
    user: User, *, scopes: Iterable[str] | None = None, session_id: UUID | None = None
) -> Actor:
    """The actor that a user is now; `scopes` (a token's) narrow what he may."""
    grants: dict[str, Reach] = role_book.grants_of(user.id)
    if scopes is not None:
        allowed = set(scopes)
        grants = {name: reach for name, reach in grants.items() if name in allowed}
    team_ids, near = team_book.reach_of(user.id)
    return Actor(
        kind="user",
        id=user.id,
        name=shown_name(user),
        grants=grants,
        team_ids=team_ids,
        department_team_ids=near,
        locale=user.locale,
        timezone=user.timezone,
        session_id=session_id,
    )
