"""Roles: which permissions they carry and how far, and who holds them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from core.actors import Reach
from core.auth.events import RoleChanged, RoleCreated, RoleGiven, RoleTaken
from core.auth.models import ACTIVE, Role, User, UserRole
from core.db import db
from core.errors import Conflict, Invalid, NotFound, Problem, StaleVersion
from core.events import emit
from core.plugins import offered
from core.tenancy import current_tenant

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from uuid import UUID

    from core.actors import Actor
    from core.declarations import Text

ADMIN = "admin"
BUILT_IN = (ADMIN, "manager", "supervisor", "agent", "auditor")
NONE = "none"
REACHES = {reach.name.lower(): reach for reach in Reach}


def make_built_in_roles() -> None:
    """Rows for the built-in roles, where they are missing."""
    there = set(db.session.scalars(sa.select(Role.name)))
    for name in BUILT_IN:
        if name not in there:
            db.session.add(Role(name=name, title=f"auth.role.{name}", built_in=True))


def list_roles() -> list[Role]:
    """Built-in roles in their order, then the tenant's own by name."""
    rows = list(db.session.scalars(sa.select(Role)))
    return sorted(rows, key=lambda r: (not r.built_in, _rank(r.name), r.name))


def _rank(name: str) -> int:
    return BUILT_IN.index(name) if name in BUILT_IN else len(BUILT_IN)


_NAMED = sa.select(Role).where(Role.name == sa.bindparam("name"))


def get_role(name: str) -> Role:
    """The role of that name; a built-in one is made when the tenant has none yet."""
    found = db.session.scalars(_NAMED, {"name": name}).one_or_none()
    if found is None and name in BUILT_IN:
        make_built_in_roles()
        found = db.session.scalars(_NAMED, {"name": name}).one()
    if found is None:
        raise NotFound(f"no role {name}")
    return found


def create_role(name: str, title: Text, grants: Mapping[str, str], *, actor: Actor) -> Role:
    """A role of the tenant's own; `grants` maps permissions to own, team, department or all."""
    if name in BUILT_IN or db.session.scalar(sa.select(Role.id).where(Role.name == name)):
        raise Conflict(f"role {name} is taken", field="name")
    role = Role(name=name, title=title, grants=_checked(grants, REACHES.keys()))
    db.session.add(role)
    emit(RoleCreated(role_id=role.id, role=name), subject=("role", role.id), actor=actor)
    return role


def set_grants(name: str, grants: Mapping[str, str], *, version: int, actor: Actor) -> Role:
    """Replace a role's grants.

    For a built-in role only differences from the declared grants are kept ("none" takes away).
    The admin's are fixed, so that nobody locks the house from inside.
    """
    role = get_role(name)
    if role.name == ADMIN:
        raise Conflict("the admin's grants are fixed", field="grants")
    if role.version != version:
        raise StaleVersion(current=role.version, given=version)
    wanted = _checked(grants, {*REACHES, NONE})
    before = _words(grants_of_role(role))
    role.grants = _differences(role.name, wanted) if role.built_in else _without_none(wanted)
    role.version += 1
    after = _words(grants_of_role(role))
    changes = {
        permission: [before.get(permission, ""), after.get(permission, "")]
        for permission in sorted(before.keys() | after.keys())
        if before.get(permission) != after.get(permission)
    }
    if changes:
        event = RoleChanged(role_id=role.id, role=name, changes=changes)
        emit(event, subject=("role", role.id), actor=actor)
    return role


def _checked(grants: Mapping[str, str], reaches: Iterable[str]) -> dict[str, str]:
    known, allowed = offered("permission"), set(reaches)
    problems = [
        Problem(field=f"grants.{permission}", message=message)
        for permission, reach in grants.items()
        for message in _wrong(permission in known, reach in allowed)
    ]
    if problems:
        raise Invalid(*problems)
    return dict(grants)


def _wrong(known: bool, allowed: bool) -> list[str]:  # noqa: FBT001
    if not known:
        return ["auth.role.unknown_permission"]
    return [] if allowed else ["auth.role.unknown_reach"]


def _differences(role: str, wanted: dict[str, str]) -> dict[str, str]:
    declared = _declared(role)
    full = {name: wanted.get(name, NONE) for name in {*wanted, *declared}}
    return {name: reach for name, reach in full.items() if declared.get(name, NONE) != reach}


def _without_none(grants: dict[str, str]) -> dict[str, str]:
    return {name: reach for name, reach in grants.items() if reach != NONE}


def _declared(role: str) -> dict[str, str]:
    return {
        name: permission.roles[role]
        for name, permission in offered("permission").items()
        if role in permission.roles
    }


def grants_of_role(role: Role) -> dict[str, Reach]:
    """What the role grants now; permissions of plugins that are off are not among them."""
    stored = _declared(role.name) | role.grants if role.built_in else role.grants
    known = offered("permission")
    return {
        name: REACHES[reach] for name, reach in stored.items() if reach != NONE and name in known
    }


def _words(grants: Mapping[str, Reach]) -> dict[str, str]:
    return {name: reach.name.lower() for name, reach in grants.items()}


# Asked at every request, so built once.
_HELD = (
    sa.select(Role)
    .join(UserRole, sa.and_(UserRole.tenant_id == Role.tenant_id, UserRole.role_id == Role.id))
    .where(UserRole.user_id == sa.bindparam("user_id"))
    .order_by(Role.name)
)


def roles_of(user_id: UUID) -> list[Role]:
    """The roles a user holds."""
    return list(db.session.scalars(_HELD, {"user_id": user_id}))


def grants_of(user_id: UUID) -> dict[str, Reach]:
    """All roles of a user united: per permission the widest reach."""
    united: dict[str, Reach] = {}
    for role in roles_of(user_id):
        for permission, reach in grants_of_role(role).items():
            united[permission] = max(reach, united.get(permission, reach))
    return united


def users_with_role(name: str) -> list[User]:
    """Active users who hold the role."""
    held = (
        sa.select(User)
        .join(UserRole, sa.and_(UserRole.tenant_id == User.tenant_id, UserRole.user_id == User.id))
        .join(Role, sa.and_(Role.tenant_id == UserRole.tenant_id, Role.id == UserRole.role_id))
        .where(Role.name == name, User.state == ACTIVE)
        .order_by(User.display_name)
    )
    return list(db.session.scalars(held))


def users_with_permission(permission: str) -> list[User]:
    """Active users who hold a role that grants the permission, with any reach."""
    found = {
        user.id: user
        for role in list_roles()
        if permission in grants_of_role(role)
        for user in users_with_role(role.name)
    }
    return sorted(found.values(), key=lambda user: user.display_name)


def give_role(user_id: UUID, name: str, *, actor: Actor) -> None:
    """Let a user hold the role; holding it already changes nothing."""
    role = get_role(name)
    if db.session.get(UserRole, (current_tenant().id, user_id, role.id)):
        return
    db.session.add(UserRole(user_id=user_id, role_id=role.id))
    emit(RoleGiven(user_id=user_id, role=name), subject=("user", user_id), actor=actor)


def take_role(user_id: UUID, name: str, *, actor: Actor) -> None:
    """Take the role away; Conflict for the last admin's."""
    row = db.session.get(UserRole, (current_tenant().id, user_id, get_role(name).id))
    if row is None:
        return
    if name == ADMIN:
        keep_an_admin(user_id)
    db.session.delete(row)
    emit(RoleTaken(user_id=user_id, role=name), subject=("user", user_id), actor=actor)


def keep_an_admin(leaving: UUID) -> None:
    """Raise Conflict when nobody but `leaving` is an active admin."""
    # The role's row is locked: two admins who take each other's role must not both succeed.
    db.session.scalars(sa.select(Role).where(Role.name == ADMIN).with_for_update()).all()
    admins = {user.id for user in users_with_role(ADMIN)}
    if admins == {leaving}:
        raise Conflict("the last admin stays", reason="last-admin")
