"""The teams page: departments that work is handed over to, and their teams."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from flask import Blueprint, g, request

from core.host import accounts, team_book
from core.sdk import Invalid, Problem, current_tenant, page, text
from tenants.admin import shell

if TYPE_CHECKING:
    from uuid import UUID

    from core.host import Department, Team

blueprint = Blueprint(
    "console_teams", __name__, url_prefix="/console/teams", template_folder="templates"
)

CODE = re.compile(r"[a-z][a-z0-9_-]{0,39}")


@blueprint.get("")
@page("user:read")
def listing() -> str:
    """Departments with their teams; `?t=` opens a team in the drawer."""
    chosen = request.args.get("t", "")
    return _draw(team_book.get_team(shell.as_id(chosen)).id if chosen else None)


@blueprint.post("/departments")
@page("team:write", redraw=lambda error: _draw(None, shell.told(error), "department"))
def create_department() -> Any:
    """Make a department."""
    code, name = _given("department")
    team_book.create_department(code, name, actor=g.actor)
    return shell.done("console.teams.department_created", "/console/teams")


@blueprint.post("")
@page("team:write", redraw=lambda error: _draw(None, shell.told(error), "team"))
def create_team() -> Any:
    """Make a team in a department."""
    code, name = _given("team")
    if not request.form.get("team-department"):
        raise Invalid(Problem(field="team-department", message="console.teams.department_missing"))
    team = team_book.create_team(code, name, shell.given_id("team-department"), actor=g.actor)
    return shell.done("console.teams.created", f"/console/teams?t={team.id}")


@blueprint.post("/<uuid:team_id>")
@page("team:write", redraw=lambda error, team_id: _draw(team_id, shell.told(error)))
def update(team_id: UUID) -> Any:
    """Keep who works in the team."""
    held = {user.id for user in team_book.members(team_book.get_team(team_id).id)}
    wanted = shell.given_ids("member")
    for user_id in wanted - held:
        team_book.add_member(team_id, accounts.get_user(user_id).id, actor=g.actor)
    for user_id in held - wanted:
        team_book.remove_member(team_id, user_id, actor=g.actor)
    return shell.done("console.teams.saved", f"/console/teams?t={team_id}")


@blueprint.post("/<uuid:team_id>/archive")
@page("team:write", redraw=lambda error, team_id: _draw(team_id, shell.told(error)))
def archive(team_id: UUID) -> Any:
    """Take a team out of service; its tickets stay where they are."""
    team_book.archive_team(team_id, actor=g.actor)
    return shell.done("console.teams.archived", "/console/teams")


@blueprint.post("/departments/<uuid:department_id>/archive")
@page("team:write", redraw=lambda error, department_id: _draw(None, shell.told(error)))  # noqa: ARG005  the route's name
def archive_department(department_id: UUID) -> Any:
    """Take a department without teams out of service."""
    team_book.archive_department(department_id, actor=g.actor)
    return shell.done("console.teams.department_archived", "/console/teams")


def _given(what: str) -> tuple[str, dict[str, str]]:
    code = request.form.get(f"{what}-code", "").strip().lower()
    name = request.form.get(f"{what}-name", "").strip()
    problems = []
    if not name:
        problems.append(Problem(field=f"{what}-name", message="console.teams.name_missing"))
    if not CODE.fullmatch(code):
        problems.append(Problem(field=f"{what}-code", message="console.teams.code_shape"))
    if problems:
        raise Invalid(*problems)
    return code, {current_tenant().locale: name}


def _draw(
    chosen: UUID | None, problems: list[dict[str, str]] | None = None, wrong: str = ""
) -> str:
    told = [
        line | {"field": f"{wrong}-{line['field']}"}
        if wrong and line["field"] in {"code", "name"}
        else line
        for line in problems or []
    ]
    return shell.draw(
        "teams.html", "teams", departments=[_department(row) for row in team_book.list_departments()],
        problems=told, errors=shell.errors_by_field(told), typed=request.form,
        drawer=_drawer(team_book.get_team(chosen)) if chosen else None,
        may_write=g.actor.can("team:write"),
    )  # fmt: skip


def _department(row: Department) -> dict[str, Any]:
    return {
        "id": row.id,
        "code": row.code,
        "name": text(row.name),
        "teams": [_team(team) for team in team_book.list_teams(row.id)],
    }


def _team(team: Team) -> dict[str, Any]:
    return {
        "id": team.id,
        "code": team.code,
        "name": text(team.name),
        "members": [user.display_name for user in team_book.members(team.id)],
    }


def _drawer(team: Team) -> dict[str, Any]:
    held = {user.id for user in team_book.members(team.id)}
    return _team(team) | {
        "department": text(team_book.get_department(team.department_id).name),
        "people": [
            {"value": user.id, "title": user.display_name, "ticked": user.id in held}
            for user in accounts.list_users()
            if user.state == "active" or user.id in held
        ],
    }
