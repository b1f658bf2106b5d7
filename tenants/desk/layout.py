"""What every page of the desk wears: the sidebar with its numbers, the bottom bar and the person's menu."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import current_app, g, request, url_for

from core.host import ask, team_book
from core.sdk import current_tenant, text
from tenants.desk.views import VIEWS, Counts, counts

if TYPE_CHECKING:
    from uuid import UUID

    from core.sdk import Actor, NavItem

CONSOLE_PERMISSIONS = ("settings:write", "role:write", "plugin:write", "user:write")


def layout(
    *, current: str = "", team_id: UUID | None = None, numbers: Counts | None = None
) -> dict[str, Any]:
    """The template values of ui/desk.html; `current` names the entry that is shown as chosen."""
    actor: Actor = g.actor
    numbers = numbers or counts(actor)
    return {
        "actor": actor,
        "tenant": current_tenant(),
        "nav": _groups(actor, current, team_id, numbers),
        "bottom_nav": _bottom(current),
        "user_menu": _menu(),
        "home_url": url_for("desk.queue"),
        "search_url": url_for("desk.queue"),
        "settings_url": _settings_url(actor),
    }


def _groups(
    actor: Actor, current: str, team_id: UUID | None, numbers: Counts
) -> list[dict[str, Any]]:
    sections = [
        _entry("tickets", "inbox", url_for("desk.queue", view="all"), current),
        _entry("contacts", "users", url_for("desk.contact_list"), current),
    ]
    views = [
        _entry(
            view.name,
            view.icon,
            url_for("desk.queue", view=view.name),
            current,
            count=numbers.views.get(view.name, 0),
            alert=view.alert,
        )
        for view in VIEWS
    ]
    groups = [{"title": "", "items": sections}, {"title": text("desk.nav.views"), "items": views}]
    queues = _teams(actor, team_id, numbers)
    plugins = [_plugin_entry(item) for item in ask("nav_items", actor=actor)]
    if queues:
        groups.append({"title": text("desk.nav.teams"), "items": queues})
    if plugins:
        groups.append({"title": text("desk.nav.plugins"), "items": plugins})
    return groups


def _entry(
    name: str, icon: str, url: str, current: str, *, count: int = 0, alert: str = ""
) -> dict[str, Any]:
    return {
        "name": name,
        "title": text(f"desk.nav.{name}"),
        "icon": icon,
        "url": url,
        "count": count,
        "alert": alert if count else "",
        "current": name == current,
    }


def _teams(actor: Actor, team_id: UUID | None, numbers: Counts) -> list[dict[str, Any]]:
    """Queues of the actor's own teams, and of others that have something the actor may see."""
    return [
        {
            "title": text(team.name),
            "icon": "headset",
            "url": url_for("desk.queue", team=team.id),
            "count": numbers.teams.get(team.id, 0),
            "current": team.id == team_id,
        }
        for team in team_book.list_teams()
        if team.id in numbers.teams or team.id in actor.team_ids
    ]


def _plugin_entry(item: NavItem) -> dict[str, Any]:
    return {
        "title": text(item.title),
        "icon": item.icon,
        "url": item.url,
        "count": 0,
        "current": request.path == item.url,
    }


def _bottom(current: str) -> list[dict[str, Any]]:
    return [
        {**_entry("mine", "list-check", url_for("desk.queue", view="mine"), current)},
        {**_entry("all", "inbox", url_for("desk.queue", view="all"), current)},
        {**_entry("contacts", "users", url_for("desk.contact_list"), current)},
        {**_entry("new", "plus", url_for("desk.new_ticket"), current)},
    ]


def _menu() -> list[dict[str, Any]]:
    entries = []
    for endpoint, icon, words, method in (
        ("signin.language", "language", "desk.menu.language", "post"),
        ("signin.account", "user-cog", "desk.menu.account", "get"),
        ("signin.sign_out", "logout", "desk.menu.sign_out", "post"),
    ):
        if endpoint in current_app.view_functions:
            entries.append(
                {"title": text(words), "icon": icon, "url": url_for(endpoint), "method": method}
            )
    return entries


def _settings_url(actor: Actor) -> str:
    if not any(actor.can(permission) for permission in CONSOLE_PERMISSIONS):
        return ""
    return url_for("console.home") if "console.home" in current_app.view_functions else ""
