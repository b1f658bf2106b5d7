"""The members page: who works here, with which roles and teams, and who may still come in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from flask import Blueprint, g, request

from core.host import (
    Conflict,
    Role,
    Team,
    TeamMember,
    UserRole,
    accounts,
    db,
    resets,
    role_book,
    sign_ins,
    team_book,
)
from core.sdk import Invalid, Problem, page, text
from tenants.admin import shell

if TYPE_CHECKING:
    from uuid import UUID

    from core.host import User

blueprint = Blueprint(
    "console_members", __name__, url_prefix="/console/members", template_folder="templates"
)

SHOWS = ("all", "active", "suspended")


@blueprint.get("")
@page("user:read")
def listing() -> str:
    """Everybody who works here; `?m=` opens one in the drawer."""
    chosen = request.args.get("m", "")
    return _draw(accounts.get_user(shell.as_id(chosen)).id if chosen else None)


@blueprint.get("/new")
@page("user:write")
def new() -> str:
    """The form for somebody new."""
    return _draw_new()


@blueprint.post("/new")
@page("user:write", redraw=lambda error: _draw_new(shell.told(error)))
def create() -> Any:
    """Add a member of staff; without a password an invitation is mailed."""
    user = accounts.create_user(
        request.form.get("email", ""),
        request.form.get("display_name", ""),
        password=request.form.get("password") or None,
        roles=_known_roles(),
        teams=shell.given_ids("team"),
        actor=g.actor,
    )
    if user.password_hash is None:
        resets.invite(user, actor=g.actor)
        return shell.done("console.members.invited", _url(user.id), name=user.display_name)
    return shell.done("console.members.created", _url(user.id), name=user.display_name)


@blueprint.post("/<uuid:user_id>")
@page("user:write", redraw=lambda error, user_id: _draw(user_id, shell.told(error)))
def update(user_id: UUID) -> Any:
    """Keep name, roles and teams; the last admin stays one."""
    user = accounts.update_user(
        user_id,
        version=shell.given_version(),
        display_name=request.form.get("display_name", ""),
        actor=g.actor,
    )
    _settle_roles(user)
    _settle_teams(user)
    return shell.done("console.members.saved", _url(user_id), name=user.display_name)


@blueprint.post("/<uuid:user_id>/suspend")
@page("user:write", redraw=lambda error, user_id: _draw(user_id, shell.told(error)))
def suspend(user_id: UUID) -> Any:
    """Shut a member out at once; neither the last admin nor oneself."""
    if user_id == g.actor.id:
        raise Conflict("nobody shuts himself out", reason="yourself")
    accounts.suspend_user(user_id, actor=g.actor)
    return shell.done("console.members.suspended", _url(user_id))


@blueprint.post("/<uuid:user_id>/reinstate")
@page("user:write", redraw=lambda error, user_id: _draw(user_id, shell.told(error)))
def reinstate(user_id: UUID) -> Any:
    """Let a suspended member in again."""
    accounts.reinstate_user(user_id, actor=g.actor)
    return shell.done("console.members.reinstated", _url(user_id))


@blueprint.post("/<uuid:user_id>/invite")
@page("user:write", redraw=lambda error, user_id: _draw(user_id, shell.told(error)))
def invite(user_id: UUID) -> Any:
    """Mail a link to choose a new password."""
    resets.invite(accounts.get_user(user_id), actor=g.actor)
    return shell.done("console.members.mailed", _url(user_id))


@blueprint.post("/<uuid:user_id>/sign-out")
@page("user:write", redraw=lambda error, user_id: _draw(user_id, shell.told(error)))
def sign_out(user_id: UUID) -> Any:
    """End every sign-in of a member, except the one that asks."""
    keep = g.actor.session_id if user_id == g.actor.id else None
    count = sign_ins.revoke_sessions(accounts.get_user(user_id).id, actor=g.actor, keep=keep)
    return shell.done("console.members.signed_out", _url(user_id), count=count)


def _url(user_id: UUID) -> str:
    return f"/console/members?m={user_id}"


def _known_roles() -> list[str]:
    known = {role.name for role in role_book.list_roles()} | set(role_book.BUILT_IN)
    given = request.form.getlist("role")
    if not given or not set(given) <= known:
        raise Invalid(Problem(field="role", message="console.members.role_missing"))
    return given


def _settle_roles(user: User) -> None:
    wanted, held = set(_known_roles()), {role.name for role in role_book.roles_of(user.id)}
    for name in sorted(wanted - held):
        role_book.give_role(user.id, name, actor=g.actor)
    for name in sorted(held - wanted):
        role_book.take_role(user.id, name, actor=g.actor)


def _settle_teams(user: User) -> None:
    wanted, held = shell.given_ids("team"), {team.id for team in team_book.teams_of(user.id)}
    for team_id in wanted - held:
        team_book.add_member(team_id, user.id, actor=g.actor)
    for team_id in held - wanted:
        team_book.remove_member(team_id, user.id, actor=g.actor)


def _draw_new(problems: list[dict[str, str]] | None = None) -> str:
    return shell.draw(
        "member_new.html", "members", problems=problems or [],
        errors=shell.errors_by_field(problems or []), typed=request.form,
        roles=_roles(set(request.form.getlist("role") or ["agent"])),
        teams=_teams({str(value) for value in request.form.getlist("team")}),
    )  # fmt: skip


def _draw(chosen: UUID | None, problems: list[dict[str, str]] | None = None) -> str:
    roles, teams = _titles_of_roles(), _titles_of_teams()
    rows = [_row(user, roles, teams) for user in accounts.list_users()]
    shown = [row for row in rows if _fits(row)]
    return shell.draw(
        "members.html", "members", rows=shown, tabs=_tabs(rows), problems=problems or [],
        errors=shell.errors_by_field(problems or []), asked=request.args.get("q", ""),
        drawer=_drawer(accounts.get_user(chosen)) if chosen else None,
        may_write=g.actor.can("user:write"),
    )  # fmt: skip


def _row(user: User, roles: dict[UUID, list[str]], teams: dict[UUID, list[str]]) -> dict[str, Any]:
    return {
        "user": user,
        "roles": roles.get(user.id, []),
        "teams": teams.get(user.id, []),
        "invited": user.password_hash is None,
    }


def _titles_of_roles() -> dict[UUID, list[str]]:
    held = sa.select(UserRole.user_id, Role.title).join(
        Role, sa.and_(Role.tenant_id == UserRole.tenant_id, Role.id == UserRole.role_id)
    )
    return _gathered(held.order_by(Role.name))


def _titles_of_teams() -> dict[UUID, list[str]]:
    joined = sa.select(TeamMember.user_id, Team.name).join(
        Team, sa.and_(Team.tenant_id == TeamMember.tenant_id, Team.id == TeamMember.team_id)
    )
    return _gathered(joined.order_by(Team.code))


def _gathered(pairs: sa.Select[Any]) -> dict[UUID, list[str]]:
    found: dict[UUID, list[str]] = {}
    for user_id, title in db.session.execute(pairs):
        found.setdefault(user_id, []).append(text(title))
    return found


def _show() -> str:
    show = request.args.get("show", "")
    return show if show in SHOWS else SHOWS[0]


def _fits(row: dict[str, Any]) -> bool:
    asked = request.args.get("q", "").strip().lower()
    if _show() not in (SHOWS[0], row["user"].state):
        return False
    said = [row["user"].display_name, row["user"].email, *row["roles"], *row["teams"]]
    return not asked or any(asked in words.lower() for words in said)


def _tabs(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {
            "title": text(f"console.members.show.{show}"),
            "url": "/console/members" + (f"?show={show}" if show != SHOWS[0] else ""),
            "current": show == _show(),
            "count": sum(show in (SHOWS[0], row["user"].state) for row in rows),
        }
        for show in SHOWS
    ]


def _drawer(user: User) -> dict[str, Any]:
    return {
        "user": user,
        "roles": _roles({role.name for role in role_book.roles_of(user.id)}),
        "teams": _teams({str(team.id) for team in team_book.teams_of(user.id)}),
        "sign_ins": sign_ins.list_sessions(user.id),
        "yourself": user.id == g.actor.id,
    }


def _roles(held: set[str]) -> list[dict[str, Any]]:
    return [
        {"value": role.name, "title": text(role.title), "ticked": role.name in held}
        for role in role_book.list_roles()
    ]


def _teams(held: set[str]) -> list[dict[str, Any]]:
    return [
        {"value": str(team.id), "title": text(team.name), "ticked": str(team.id) in held}
        for team in team_book.list_teams()
    ]
