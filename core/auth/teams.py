"""Departments, their teams and who works in them."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import sqlalchemy as sa

from core.auth.events import (
    DepartmentArchived,
    DepartmentCreated,
    TeamArchived,
    TeamCreated,
    TeamMemberAdded,
    TeamMemberRemoved,
)
from core.auth.models import Department, Team, TeamMember, User
from core.clock import now
from core.db import db
from core.errors import Conflict, NotFound
from core.events import emit
from core.tenancy import current_tenant

if TYPE_CHECKING:
    from collections.abc import Collection
    from uuid import UUID

    from core.actors import Actor
    from core.declarations import Text


def create_department(code: str, name: Text, *, actor: Actor) -> Department:
    """A unit that work can be handed over to; `code` is unique, `name` a text per locale."""
    if department_by_code(code):
        raise Conflict(f"department {code} is taken", field="code")
    row = Department(code=code, name=name)
    db.session.add(row)
    event = DepartmentCreated(department_id=row.id, code=code)
    emit(event, subject=("department", row.id), actor=actor)
    return row


def create_team(code: str, name: Text, department_id: UUID, *, actor: Actor) -> Team:
    """A queue's people within a department; `code` is unique."""
    if team_by_code(code):
        raise Conflict(f"team {code} is taken", field="code")
    row = Team(code=code, name=name, department_id=get_department(department_id).id)
    db.session.add(row)
    event = TeamCreated(team_id=row.id, department_id=department_id, code=code)
    emit(event, subject=("team", row.id), actor=actor)
    return row


def get_department(department_id: UUID) -> Department:
    """The department; NotFound."""
    row = db.session.get(Department, (current_tenant().id, department_id))
    if row is None:
        raise NotFound(f"no department {department_id}")
    return row


def get_team(team_id: UUID) -> Team:
    """The team; NotFound."""
    row = db.session.get(Team, (current_tenant().id, team_id))
    if row is None:
        raise NotFound(f"no team {team_id}")
    return row


_DEPARTMENT = sa.select(Department).where(Department.code == sa.bindparam("code"))
_TEAM = sa.select(Team).where(Team.code == sa.bindparam("code"))


def department_by_code(code: str) -> Department | None:
    """The department of that code, archived or not."""
    return db.session.scalars(_DEPARTMENT, {"code": code}).one_or_none()


def team_by_code(code: str) -> Team | None:
    """The team of that code, archived or not."""
    return db.session.scalars(_TEAM, {"code": code}).one_or_none()


def list_departments() -> list[Department]:
    """Departments that take work, by code."""
    rows = sa.select(Department).where(Department.archived_at.is_(None)).order_by(Department.code)
    return list(db.session.scalars(rows))


_OPEN = sa.select(Team).where(Team.archived_at.is_(None)).order_by(Team.code)


def list_teams(department_id: UUID | None = None) -> list[Team]:
    """Teams that take tickets, by code; of one department or of all."""
    rows = _OPEN
    if department_id is not None:
        rows = rows.where(Team.department_id == department_id)
    return list(db.session.scalars(rows))


def archive_team(team_id: UUID, *, actor: Actor) -> None:
    """Take a team out of service; its tickets stay where they are."""
    row = get_team(team_id)
    if row.archived_at is None:
        row.archived_at = now()
        emit(TeamArchived(team_id=team_id), subject=("team", team_id), actor=actor)


def archive_department(department_id: UUID, *, actor: Actor) -> None:
    """Take a department out of service; Conflict while it has a team."""
    row = get_department(department_id)
    if list_teams(department_id):
        raise Conflict("the department still has teams", reason="has-teams")
    if row.archived_at is None:
        row.archived_at = now()
        event = DepartmentArchived(department_id=department_id)
        emit(event, subject=("department", department_id), actor=actor)


def add_member(team_id: UUID, user_id: UUID, *, actor: Actor) -> None:
    """Let a user work in a team; being in it already changes nothing."""
    team = get_team(team_id)
    if db.session.get(TeamMember, (current_tenant().id, team.id, user_id)):
        return
    db.session.add(TeamMember(team_id=team.id, user_id=user_id))
    event = TeamMemberAdded(team_id=team.id, user_id=user_id)
    emit(event, subject=("team", team.id), actor=actor)


def remove_member(team_id: UUID, user_id: UUID, *, actor: Actor) -> None:
    """Let a user leave a team."""
    row = db.session.get(TeamMember, (current_tenant().id, team_id, user_id))
    if row is None:
        return
    db.session.delete(row)
    event = TeamMemberRemoved(team_id=team_id, user_id=user_id)
    emit(event, subject=("team", team_id), actor=actor)


def members(team_id: UUID) -> list[User]:
    """The users of a team by name, suspended ones too."""
    rows = (
        sa.select(User)
        .join(
            TeamMember,
            sa.and_(TeamMember.tenant_id == User.tenant_id, TeamMember.user_id == User.id),
        )
        .where(TeamMember.team_id == team_id)
        .order_by(User.display_name)
    )
    return list(db.session.scalars(rows))


def teams_of(user_id: UUID) -> list[Team]:
    """The teams a user works in."""
    rows = (
        sa.select(Team)
        .join(
            TeamMember,
            sa.and_(TeamMember.tenant_id == Team.tenant_id, TeamMember.team_id == Team.id),
        )
        .where(TeamMember.user_id == user_id)
        .order_by(Team.code)
    )
    return list(db.session.scalars(rows))


def reach_of(user_id: UUID) -> tuple[frozenset[UUID], frozenset[UUID]]:
    """(ids of a user's teams, ids of all teams of their departments): what reach compiles to."""
    rows = db.session.execute(_reaches(), {"user_ids": [user_id]}).all()
    return frozenset(own for _, own, _ in rows), frozenset(near for _, _, near in rows)


def department_teams_of(user_ids: Collection[UUID]) -> dict[UUID, set[UUID]]:
    """Ids of all teams of their departments, for each of the users who is in a team."""
    found: dict[UUID, set[UUID]] = {}
    for user_id, _, near in db.session.execute(_reaches(), {"user_ids": list(user_ids)}):
        found.setdefault(user_id, set()).add(near)
    return found


@lru_cache(maxsize=1)
def _reaches() -> sa.Select[UUID, UUID, UUID]:
    """(user, a team of theirs, a team of its department) of `user_ids`: asked at every request, so built once."""
    mine = sa.orm.aliased(Team)
    return (
        sa.select(TeamMember.user_id, TeamMember.team_id, Team.id)
        .join(mine, sa.and_(mine.tenant_id == TeamMember.tenant_id, mine.id == TeamMember.team_id))
        .join(
            Team,
            sa.and_(Team.tenant_id == mine.tenant_id, Team.department_id == mine.department_id),
        )
        .where(TeamMember.user_id.in_(sa.bindparam("user_ids", expanding=True)))
    )
