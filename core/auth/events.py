"""Facts about staff and their sign-ins; ids and names of roles and permissions only."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from core.events import Event


@dataclass(frozen=True, kw_only=True)
class UserCreated(Event):
    """A member of staff was added, with these roles."""

    type = "user.created"
    user_id: UUID
    roles: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class UserProfileChanged(Event):
    """A user's name, language or zone changed; names of the fields, never their values."""

    type = "user.profile_changed"
    user_id: UUID
    fields: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class UserSuspended(Event):
    """A user may not come in any more; all sign-ins and tokens are dead at once."""

    type = "user.suspended"
    user_id: UUID


@dataclass(frozen=True, kw_only=True)
class UserReinstated(Event):
    """A suspended user may come in again."""

    type = "user.reinstated"
    user_id: UUID


@dataclass(frozen=True, kw_only=True)
class UserErased(Event):
    """A former member of staff was made nameless; what he did stays."""

    type = "user.erased"
    user_id: UUID


@dataclass(frozen=True, kw_only=True)
class UserSignedIn(Event):
    """A user signed in with a browser."""

    type = "user.signed_in"
    user_id: UUID
    session_id: UUID


@dataclass(frozen=True, kw_only=True)
class UserSignedOut(Event):
    """A user left, or a sign-in of his was revoked."""

    type = "user.signed_out"
    user_id: UUID
    session_id: UUID


@dataclass(frozen=True, kw_only=True)
class SignInFailed(Event):
    """Somebody tried to sign in and could not: `reason` is password, unknown or suspended."""

    type = "user.sign_in_failed"
    user_id: UUID | None
    reason: str


@dataclass(frozen=True, kw_only=True)
class PasswordChanged(Event):
    """A user has a new password; his other sign-ins are dead."""

    type = "password.changed"
    user_id: UUID


@dataclass(frozen=True, kw_only=True)
class PasswordResetRequested(Event):
    """Somebody asked for a new password of this user; a link is mailed to his address."""

    type = "password.reset_requested"
    user_id: UUID
    reset_id: UUID


@dataclass(frozen=True, kw_only=True)
class TokenCreated(Event):
    """A bearer token was made for a user, with these scopes."""

    type = "token.created"
    token_id: UUID
    user_id: UUID
    scopes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class TokenRevoked(Event):
    """A bearer token is dead from now on."""

    type = "token.revoked"
    token_id: UUID
    user_id: UUID


@dataclass(frozen=True, kw_only=True)
class RoleCreated(Event):
    """The tenant made a role of its own."""

    type = "role.created"
    role_id: UUID
    role: str


@dataclass(frozen=True, kw_only=True)
class RoleChanged(Event):
    """A role's grants changed: per permission its old and new reach ("" = not granted)."""

    type = "role.changed"
    role_id: UUID
    role: str
    changes: dict[str, list[str]]


@dataclass(frozen=True, kw_only=True)
class RoleGiven(Event):
    """A user got a role."""

    type = "role.given"
    user_id: UUID
    role: str


@dataclass(frozen=True, kw_only=True)
class RoleTaken(Event):
    """A user lost a role."""

    type = "role.taken"
    user_id: UUID
    role: str


@dataclass(frozen=True, kw_only=True)
class DepartmentCreated(Event):
    """A department was made."""

    type = "department.created"
    department_id: UUID
    code: str


@dataclass(frozen=True, kw_only=True)
class DepartmentArchived(Event):
    """A department takes no more work."""

    type = "department.archived"
    department_id: UUID


@dataclass(frozen=True, kw_only=True)
class TeamCreated(Event):
    """A team was made in a department."""

    type = "team.created"
    team_id: UUID
    department_id: UUID
    code: str


@dataclass(frozen=True, kw_only=True)
class TeamArchived(Event):
    """A team takes no more tickets."""

    type = "team.archived"
    team_id: UUID


@dataclass(frozen=True, kw_only=True)
class TeamMemberAdded(Event):
    """A user joined a team."""

    type = "team.member_added"
    team_id: UUID
    user_id: UUID


@dataclass(frozen=True, kw_only=True)
class TeamMemberRemoved(Event):
    """A user left a team."""

    type = "team.member_removed"
    team_id: UUID
    user_id: UUID


EVENTS: list[type[Event]] = [
    UserCreated,
    UserProfileChanged,
    UserSuspended,
    UserReinstated,
    UserErased,
    UserSignedIn,
    UserSignedOut,
    SignInFailed,
    PasswordChanged,
    PasswordResetRequested,
    TokenCreated,
    TokenRevoked,
    RoleCreated,
    RoleChanged,
    RoleGiven,
    RoleTaken,
    DepartmentCreated,
    DepartmentArchived,
    TeamCreated,
    TeamArchived,
    TeamMemberAdded,
    TeamMemberRemoved,
]
