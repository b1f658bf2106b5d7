"""The plugins page: what is installed, whether it is on and well, what it brings, and its settings."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from flask import Blueprint, g, request

from core.host import (
    PluginFailure,
    TenantPlugin,
    Ticket,
    accounts,
    catalog,
    db,
    now,
    read_form,
    settings,
    switches,
)
from core.sdk import Invalid, NotFound, current_tenant, page, text
from tenants import service
from tenants.admin import apps, shell
from tenants.admin.schema_form import form_of

if TYPE_CHECKING:
    from core.sdk import Form, Plugin, PolydeskError

blueprint = Blueprint(
    "console_plugins", __name__, url_prefix="/console/plugins", template_folder="templates"
)

SHOWS = ("all", "on", "attention")
TABS = ("settings", "permissions", "offers", "log")
DAY = timedelta(days=1)
OWN = "Polydesk"
# What a card counts, in this order; the shelf's name gives the words.
SHELVES = (
    "ticket_type", "workflow", "form", "panel", "card", "report", "handler", "policy", "metric",
    "calendar", "event", "permission",
)  # fmt: skip


@blueprint.get("")
@page("plugin:write")
def listing() -> str:
    """Every installed plugin; `?p=` opens one in the drawer."""
    chosen = request.args.get("p", "")
    return draw(chosen, request.args.get("tab", ""))


@blueprint.post("/<name>/enable")
@page("plugin:write", redraw=lambda error, name: draw(name, "", problems=shell.told(error)))
def enable(name: str) -> Any:
    """Switch a plugin on, with what it requires; it takes effect at the next request."""
    service.enable_plugin(_installed(name).name, actor=g.actor)
    return shell.done("console.plugins.enabled", _url(name), name=_title(name))


@blueprint.post("/<name>/disable")
@page("plugin:write", redraw=lambda error, name: draw(name, "", problems=shell.told(error)))
def disable(name: str) -> Any:
    """Switch a plugin off; asks first when open tickets depend on it."""
    plugin = _installed(name)
    waiting = _waiting(name)
    if waiting and "sure" not in request.form:
        return draw(name, "", asking=waiting)
    service.disable_plugin(plugin.name, actor=g.actor)
    return shell.done("console.plugins.disabled", _url(name), name=_title(name))


@blueprint.post("/<name>/settings")
@page(
    "plugin:write",
    redraw=lambda error, name: draw(name, "settings", refused=error, sent=_form(name)),
)
def save(name: str) -> Any:
    """Keep the plugin's settings; an empty secret leaves the old one."""
    _installed(name)
    form = _form(name)
    if form is None:
        raise NotFound
    answers = read_form(form, request.form, audience="internal")
    if answers.problems:
        raise Invalid(*answers.problems)
    settings.save(name, answers.values, actor=g.actor, seen=request.form.get(shell.SEEN))
    return shell.done("console.plugins.saved", _url(name, "settings"), name=_title(name))


def draw(chosen: str, tab: str, **more: Any) -> str:
    """The page with the drawer of `chosen`: a plugin's name, or app-<name>."""
    cards = [*(_card(plugin) for plugin in _all()), *apps.cards(now() - DAY)]
    shown = [card for card in cards if _fits(card)]
    opened = next((card for card in cards if card["name"] == chosen), None)
    if chosen and opened is None:
        raise NotFound
    drawer = _opened(opened, tab, **more) if opened else None
    return shell.draw(
        "plugins.html", "plugins", cards=shown, tabs=_tabs(cards), drawer=drawer,
        asked=request.args.get("q", ""), show=_show(), **more,
    )  # fmt: skip


def _opened(card: dict[str, Any], tab: str, **more: Any) -> dict[str, Any]:
    return (apps.drawer if "app" in card else _drawer)(card, tab, **more)


def _all() -> list[Plugin]:
    found = [plugin for plugin in catalog().plugins.values() if not plugin.always_on]
    return sorted(found, key=lambda plugin: text(plugin.title))


def _installed(name: str) -> Plugin:
    plugin = catalog().plugins.get(name)
    if plugin is None or plugin.always_on:
        raise NotFound(f"no plugin {name} is installed")
    return plugin


def _title(name: str) -> str:
    return text(catalog().plugins[name].title)


def _url(name: str, tab: str = "") -> str:
    return f"/console/plugins?p={name}" + (f"&tab={tab}" if tab else "")


def _show() -> str:
    show = request.args.get("show", "")
    return show if show in SHOWS else SHOWS[0]


def _fits(card: dict[str, Any]) -> bool:
    show, asked = _show(), request.args.get("q", "").strip().lower()
    if (show == "on" and not card["on"]) or (show == "attention" and not card["degraded"]):
        return False
    said = [card["title"], card["summary"], card["publisher"], *card["chips"]]
    return not asked or any(asked in words.lower() for words in said)


def _tabs(cards: list[dict[str, Any]]) -> list[dict[str, Any]]:
    counts = {
        "all": len(cards),
        "on": sum(card["on"] for card in cards),
        "attention": sum(card["degraded"] for card in cards),
    }
    return [
        {
            "title": text(f"console.plugins.show.{show}"),
            "url": "/console/plugins" + (f"?show={show}" if show != SHOWS[0] else ""),
            "current": show == _show(),
            "count": counts[show],
        }
        for show in SHOWS
    ]


def _card(plugin: Plugin) -> dict[str, Any]:
    state = switches()
    return {
        "name": plugin.name,
        "title": text(plugin.title),
        "summary": text(plugin.summary),
        "icon": plugin.icon,
        "publisher": plugin.publisher,
        "badge": text("console.plugins.badge.own" if plugin.publisher == OWN else "console.plugins.badge.other"),
        "version": plugin.version,
        "requires": [_title(name) for name in plugin.requires],
        "chips": [
            text("console.plugins.brings", what=text(f"console.shelf.{shelf}"), count=len(names))
            for shelf, names in _brings(plugin.name).items()
        ][:6],
        "on": plugin.name in state.on,
        "degraded": plugin.name in state.degraded and plugin.name in state.on,
        "failures": _failures(plugin.name),
        "has_settings": plugin.name in catalog().settings,
        "switch": f"/console/plugins/{plugin.name}/{'disable' if plugin.name in state.on else 'enable'}",
    }  # fmt: skip


def _brings(name: str) -> dict[str, list[Any]]:
    found = catalog()
    brought = {
        shelf: [
            value for key, value in found.shelf(shelf).items() if found.owner(shelf, key) == name
        ]
        for shelf in SHELVES
    }
    return {shelf: values for shelf, values in brought.items() if values}


def _types(name: str) -> list[str]:
    return [ticket_type.name for ticket_type in _brings(name).get("ticket_type", [])]


def _waiting(name: str) -> int:
    """How many open tickets run on a workflow that the plugin brought."""
    count = sa.select(sa.func.count()).select_from(Ticket)
    return (
        db.session.scalar(count.where(Ticket.type.in_(_types(name)), Ticket.status != "closed"))
        or 0
    )


def _failures(name: str) -> int:
    count = sa.select(sa.func.count()).select_from(PluginFailure)
    recent = count.where(PluginFailure.plugin == name, PluginFailure.at > now() - DAY)
    return db.session.scalar(recent) or 0


def _drawer(card: dict[str, Any], tab: str, **more: Any) -> dict[str, Any]:
    tabs = [name for name in TABS if name != "settings" or card["has_settings"]]
    tab = tab if tab in tabs else tabs[0]
    row = db.session.get(TenantPlugin, (current_tenant().id, card["name"]))
    return card | {
        "tab": tab,
        "tabs": [
            {
                "title": text(f"console.plugins.tab.{name}"),
                "url": _url(card["name"], name),
                "current": name == tab,
            }
            for name in tabs
        ],
        "since": row.enabled_at if row else None,
        "by": _who(row) if row else "",
        "degraded_at": row.degraded_at if row else None,
        "permissions": _brings(card["name"]).get("permission", []),
        "offers": _brings(card["name"]),
        "log": _log(card["name"]) if tab == "log" else [],
        **(_settings(card["name"], **more) if tab == "settings" else {}),
    }


def _who(row: TenantPlugin) -> str:
    if row.enabled_by is None:
        return text("console.operator")
    return accounts.names_of([row.enabled_by]).get(row.enabled_by, "")


def _log(name: str) -> list[PluginFailure]:
    rows = sa.select(PluginFailure).where(PluginFailure.plugin == name)
    return list(db.session.scalars(rows.order_by(PluginFailure.at.desc()).limit(50)))


def _form(name: str) -> Form | None:
    return form_of(name, settings.schema_of(name)) if name in catalog().settings else None


def _settings(
    name: str, refused: PolydeskError | None = None, sent: Form | None = None, **_more: Any
) -> dict[str, Any]:
    form = sent or _form(name)
    if form is None:
        raise NotFound
    values, mark = settings.shown(name), settings.mark(name)
    if refused is not None:
        secrets = {k: v for k, v in values.items() if v is True}
        values = secrets | read_form(form, request.form, audience="internal").data
    return {"form": form, "values": values, "mark": mark, **shell.refusal(refused)}
