"""The roles page: who may do what, and how far it reaches."""

from __future__ import annotations

import re
from itertools import groupby
from typing import TYPE_CHECKING, Any

from flask import Blueprint, g, request

from core.host import catalog, offered, role_book
from core.sdk import Invalid, Problem, page, text
from tenants.admin import shell

if TYPE_CHECKING:
    from core.host import Role

blueprint = Blueprint(
    "console_roles", __name__, url_prefix="/console/roles", template_folder="templates"
)

REACHES = ("none", "own", "team", "department", "all")
NAME = re.compile(r"[a-z][a-z0-9-]{1,39}")
# What only a customer's link or code carries is no right of staff.
CUSTOMERS = "matter:"


@blueprint.get("")
@page("user:read")
def listing() -> str:
    """The matrix of permissions and roles."""
    return _draw()


@blueprint.post("")
@page("role:write", redraw=lambda error: _draw(shell.told(error)))
def create() -> Any:
    """Make a role of the tenant's own, at first with the rights of another."""
    name = request.form.get("name", "").strip().lower()
    title = request.form.get("title", "").strip()
    if not NAME.fullmatch(name):
        raise Invalid(Problem(field="name", message="console.roles.name_shape"))
    if not title:
        raise Invalid(Problem(field="title", message="console.roles.title_missing"))
    pattern = role_book.get_role(request.form.get("pattern", "agent"))
    grants = {key: reach.name.lower() for key, reach in role_book.grants_of_role(pattern).items()}
    role_book.create_role(name, title, grants, actor=g.actor)
    return shell.done("console.roles.created", f"/console/roles/{name}", name=title)


@blueprint.get("/<name>")
@page("user:read")
def detail(name: str) -> str:
    """One role with the reach of each permission."""
    return _draw_one(name)


@blueprint.post("/<name>")
@page("role:write", redraw=lambda error, name: _draw_one(name, shell.told(error)))
def update(name: str) -> Any:
    """Keep the reach of each permission."""
    grants = {
        permission: reach
        for permission in offered("permission")
        if (reach := request.form.get(f"reach.{permission}"))
    }
    hidden = {k: v.name.lower() for k, v in _granted(name).items() if k.startswith(CUSTOMERS)}
    role = role_book.set_grants(name, hidden | grants, version=shell.given_version(), actor=g.actor)
    return shell.done("console.roles.saved", f"/console/roles/{name}", name=text(role.title))


def _granted(name: str) -> dict[str, Any]:
    return dict(role_book.grants_of_role(role_book.get_role(name)))


def _permissions() -> list[dict[str, Any]]:
    """Permissions that staff can hold, grouped by who declared them."""
    found = catalog()
    rows = [
        {"name": name, "title": text(permission.title), "owner": found.owner("permission", name)}
        for name, permission in offered("permission").items()
        if not name.startswith(CUSTOMERS)
    ]
    rows.sort(key=lambda row: (row["owner"], row["name"]))
    return [
        {
            "title": text(found.plugins[owner].title) if owner else text("console.roles.core"),
            "permissions": list(group),
        }
        for owner, group in groupby(rows, key=lambda row: row["owner"])
    ]


def _draw(problems: list[dict[str, str]] | None = None) -> str:
    roles = role_book.list_roles()
    return shell.draw(
        "roles.html", "roles", roles=[_column(role) for role in roles], groups=_permissions(),
        problems=problems or [], errors=shell.errors_by_field(problems or []), typed=request.form,
        may_write=g.actor.can("role:write"),
    )  # fmt: skip


def _column(role: Role) -> dict[str, Any]:
    return {
        "name": role.name,
        "title": text(role.title),
        "built_in": role.built_in,
        "holders": len(role_book.users_with_role(role.name)),
        "grants": {k: v.name.lower() for k, v in role_book.grants_of_role(role).items()},
    }


def _draw_one(name: str, problems: list[dict[str, str]] | None = None) -> str:
    role = role_book.get_role(name)
    typed = {
        key.removeprefix("reach."): value
        for key, value in request.form.items()
        if key.startswith("reach.")
    }
    column = _column(role)
    return shell.draw(
        "role.html", "roles", role=column | {"grants": column["grants"] | typed},
        version=role.version, groups=_permissions(), reaches=REACHES, problems=problems or [],
        holders=role_book.users_with_role(name),
        may_write=g.actor.can("role:write") and name != role_book.ADMIN,
    )  # fmt: skip
