"""Remote apps as the plugins page shows them: cards beside the plugins' own, and the drawer of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import sqlalchemy as sa
from flask import request

from core.host import (
    PluginFailure,
    accounts,
    app_book,
    client_book,
    db,
    offered,
    read_form,
    settings,
    webhook_book,
)
from core.sdk import text
from tenants.admin import shell
from tenants.admin.audit import event_words

if TYPE_CHECKING:
    from datetime import datetime

    from core.host import Actor, WebhookEndpoint, app_manifests
    from core.sdk import Form, PolydeskError

PREFIX = "app-"
TABS = ("settings", "permissions", "offers", "keys", "log")
LINES = 50
TROUBLE = frozenset({"failing", "gone"})


def cards(since: datetime) -> list[dict[str, Any]]:
    """A card for each installed app; failures are counted `since` then."""
    apps = app_book.list_apps()
    endpoints = {row.id: row for row in webhook_book.list_endpoints() if row.owner} if apps else {}
    failures = _failures([app.manifest.name for app in apps], since)
    return [
        _card(app, endpoints.get(app.row.endpoint_id), failures.get(app.manifest.name, 0))
        for app in apps
    ]


def _card(app: app_book.AppView, endpoint: WebhookEndpoint | None, failures: int) -> dict[str, Any]:
    told = app.manifest
    trouble = app.on and endpoint is not None and endpoint.reason in TROUBLE
    return {
        "name": PREFIX + told.name,
        "app": told.name,
        "title": text(told.title),
        "summary": text(told.summary),
        "icon": told.icon,
        "publisher": told.publisher,
        "badge": text("console.apps.badge"),
        "version": told.version,
        "requires": [],
        "chips": [
            text("console.plugins.brings", what=text(f"console.apps.brings.{kind}"), count=len(found))
            for kind, found in (
                ("panels", told.panels), ("actions", told.actions), ("events", told.events),
            )
            if found
        ],
        "on": app.on,
        "degraded": trouble,
        "trouble": text(f"console.webhooks.reason.{endpoint.reason}") if trouble and endpoint else "",
        "failures": failures,
        "has_settings": bool(told.settings),
        "switch": f"/console/apps/{told.name}/{'disable' if app.on else 'enable'}",
    }  # fmt: skip


def _failures(names: list[str], since: datetime) -> dict[str, int]:
    if not names:
        return {}
    rows = (
        sa.select(PluginFailure.plugin, sa.func.count())
        .where(
            PluginFailure.plugin.in_([app_book.OWNER + name for name in names]),
            PluginFailure.at > since,
        )
        .group_by(PluginFailure.plugin)
    )
    return {
        str(owner).removeprefix(app_book.OWNER): count for owner, count in db.session.execute(rows)
    }


def drawer(card: dict[str, Any], tab: str, **more: Any) -> dict[str, Any]:
    """Everything about one app: its settings, what it may, what it shows, its keys, what went wrong."""
    app = app_book.get_app(card["app"])
    tabs = [name for name in TABS if name != "settings" or card["has_settings"]]
    tab = tab if tab in tabs else tabs[0]
    url = f"/console/plugins?p={card['name']}"
    return card | {
        "tab": tab,
        "tabs": [
            {
                "title": text(f"console.apps.tab.{name}"),
                "url": f"{url}&tab={name}",
                "current": name == tab,
            }
            for name in tabs
        ],
        "since": app.row.installed_at,
        "by": _who(app),
        "told": review(app.manifest),
        "client_id": client_book.public_id(client_book.get_client(app.row.client_id)),
        "endpoint": webhook_book.get_endpoint(app.row.endpoint_id),
        "waiting": webhook_book.waiting(app.row.endpoint_id) if tab == "log" else {},
        "log": _log(card["app"]) if tab == "log" else [],
        **(_settings(app, **more) if tab == "settings" else {}),
    }


def _who(app: app_book.AppView) -> str:
    by = app.row.installed_by
    return accounts.names_of([by]).get(by, "") if by else text("console.operator")


def _log(name: str) -> list[PluginFailure]:
    rows = sa.select(PluginFailure).where(PluginFailure.plugin == app_book.OWNER + name)
    return list(db.session.scalars(rows.order_by(PluginFailure.at.desc()).limit(LINES)))


def form_of(name: str) -> Form | None:
    """The settings of an app as a form."""
    return app_book.get_app(name).manifest.settings_form()


def _settings(
    app: app_book.AppView, refused: PolydeskError | None = None, **_more: Any
) -> dict[str, Any]:
    form = app.manifest.settings_form()
    values = app_book.settings_of(app)
    mark = settings.mark_of(values)
    if refused is not None and form is not None:
        values = read_form(form, request.form, audience="internal").data
    return {"form": form, "values": values, "mark": mark, **shell.refusal(refused)}


def review(manifest: app_manifests.Manifest) -> dict[str, Any]:
    """What an app may, hears and shows, in plain words."""
    known = offered("permission")
    rights = [
        {
            "name": name,
            "title": text(known[name].title) if name in known else name,
            "looks": name.endswith((":read", ":look")),
        }
        for name in manifest.scopes
    ]
    return {
        "manifest": manifest,
        "host": urlsplit(manifest.base_url).netloc,
        "rights": sorted(rights, key=lambda right: not right["looks"]),
        "topics": [(name, event_words(name)) for name in manifest.events],
        "panels": [text(panel.title) for panel in manifest.panels],
        "actions": [text(action.title) for action in manifest.actions],
        "asks": [text(field.title) for field in manifest.settings],
    }


def may_grant(manifest: app_manifests.Manifest, actor: Actor) -> list[str]:
    """Permissions that the app asks for and the actor may not give."""
    if actor.can("role:write"):
        return []
    return [name for name in manifest.scopes if not actor.can(name)]
