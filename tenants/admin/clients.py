"""The API clients page: every app that may ask for a token, what it was granted, and its off switch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, g

from core.host import Conflict, accounts, app_book, client_book
from core.sdk import page, text
from tenants.admin import shell

if TYPE_CHECKING:
    from uuid import UUID

    from core.sdk import PolydeskError

blueprint = Blueprint(
    "console_clients", __name__, url_prefix="/console/clients", template_folder="templates"
)

ACTIVE, DISABLED = "active", "disabled"


@blueprint.get("")
@page("app:write")
def listing() -> str:
    """Every client, those of installed apps too."""
    return _draw()


@blueprint.post("/<uuid:client_id>/enable")
@page("app:write", redraw=lambda error, client_id: _draw(error))  # noqa: ARG005  the page lists all
def enable(client_id: UUID) -> Any:
    """Let it ask for tokens again."""
    return _switch(client_id, ACTIVE)


@blueprint.post("/<uuid:client_id>/disable")
@page("app:write", redraw=lambda error, client_id: _draw(error))  # noqa: ARG005  the page lists all
def disable(client_id: UUID) -> Any:
    """Nothing it holds works any more, at once."""
    return _switch(client_id, DISABLED)


def _switch(client_id: UUID, state: str) -> Any:
    client = client_book.get_client(client_id)
    if client.id in _apps():
        raise Conflict("the app has a switch", reason="app-switch")
    client_book.set_client_state(client.id, state, actor=g.actor)
    return shell.done(f"console.clients.{state}", "/console/clients", name=client.name)


def _apps() -> dict[UUID, app_book.AppView]:
    """Clients that belong to an installed app."""
    return {app.row.client_id: app for app in app_book.list_apps()}


def _draw(error: PolydeskError | None = None) -> str:
    clients, apps = client_book.list_clients(), _apps()
    names = accounts.names_of({row.created_by for row in clients if row.created_by})
    rows = [
        {
            "client": row,
            "public": client_book.public_id(row),
            "app": apps[row.id].manifest.name if row.id in apps else "",
            "title": text(apps[row.id].manifest.title) if row.id in apps else row.name,
            "by": names.get(row.created_by, "") if row.created_by else text("console.operator"),
            "kinds": [text(f"console.clients.kind.{kind}") for kind in row.grant_types
                      if kind != "refresh_token"],
        }
        for row in clients
    ]  # fmt: skip
    return shell.draw(
        "clients.html", "clients", rows=rows, problems=shell.told(error) if error else []
    )
