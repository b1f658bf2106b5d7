"""The tokens page: keys for scripts and other systems, each good for its scopes alone."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from flask import Blueprint, g, request

from core.host import accounts, now, offered, token_book
from core.sdk import Invalid, Problem, page, text
from tenants.admin import shell

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from core.host import ApiToken

blueprint = Blueprint(
    "console_tokens", __name__, url_prefix="/console/tokens", template_folder="templates"
)

LIFETIMES = ("30", "90", "365", "never")
CUSTOMERS = "matter:"


@blueprint.get("")
@page("token:write")
def listing() -> str:
    """Living tokens; what they are is never shown again."""
    return _draw()


@blueprint.post("")
@page("token:write", redraw=lambda error: _draw(shell.told(error)))
def create() -> Any:
    """Make a token for a user and show it, this once."""
    name = request.form.get("name", "").strip()
    if not name:
        raise Invalid(Problem(field="name", message="console.tokens.name_missing"))
    token, plain = token_book.create_token(
        shell.given_id("user"),
        name,
        request.form.getlist("scope"),
        actor=g.actor,
        expires_at=_expiry(),
    )
    return _draw(made={"name": token.name, "plain": plain}), 201


@blueprint.post("/<uuid:token_id>/revoke")
@page("token:write")
def revoke(token_id: UUID) -> Any:
    """Make a token dead at once."""
    token_book.revoke_token(token_id, actor=g.actor)
    return shell.done("console.tokens.revoked", "/console/tokens")


def _expiry() -> datetime | None:
    days = request.form.get("lifetime", LIFETIMES[0])
    if days not in LIFETIMES:
        raise Invalid(Problem(field="lifetime", message="console.tokens.lifetime_unknown"))
    return None if days == "never" else now() + timedelta(days=int(days))


def _draw(problems: list[dict[str, str]] | None = None, made: dict[str, str] | None = None) -> str:
    rows = token_book.list_tokens()
    names = accounts.names_of({row.user_id for row in rows} | {row.created_by for row in rows})
    typed = {} if made else request.form
    return shell.draw(
        "tokens.html", "tokens", rows=[_row(row, names) for row in rows], made=made,
        problems=problems or [], errors=shell.errors_by_field(problems or []), typed=typed,
        users=[user for user in accounts.list_users() if user.state == "active"],
        scopes=_scopes(), ticked=set() if made else set(request.form.getlist("scope")),
        lifetimes=LIFETIMES,
    )  # fmt: skip


def _row(row: ApiToken, names: dict[UUID, str]) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.name,
        "user": names.get(row.user_id, ""),
        "by": names.get(row.created_by, "") if row.created_by else text("console.operator"),
        "scopes": row.scopes,
        "created_at": row.created_at,
        "last_used_at": row.last_used_at,
        "expires_at": row.expires_at,
        "expired": row.expires_at is not None and row.expires_at <= now(),
    }


def _scopes() -> list[dict[str, str]]:
    return [
        {"name": name, "title": text(permission.title)}
        for name, permission in sorted(offered("permission").items())
        if not name.startswith(CUSTOMERS)
    ]
