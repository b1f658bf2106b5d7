"""What every page of the console shares: its sidebar, its way of drawing and of telling what is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode
from uuid import UUID

from flask import flash, g, redirect, render_template, request

from core.host import accounts, app_book, catalog, definitions, role_book, switches
from core.sdk import Conflict, Invalid, NotFound, StaleVersion, current_tenant, text, uuid7

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any as Response

    from core.sdk import Actor, PolydeskError

SEEN = "_seen"
DAILY = ("/console/plugins", "/console/members", "/console/sla", "/console/audit")

# group -> entries of (page, url, icon, the permission that shows it)
NAV = {
    "console.nav.workspace": (
        ("branding", "/console/branding", "palette", "plugin:write"),
        ("members", "/console/members", "users", "user:read"),
        ("roles", "/console/roles", "shield-lock", "user:read"),
        ("teams", "/console/teams", "headset", "user:read"),
    ),
    "console.nav.rules": (
        ("sla", "/console/sla", "alarm", "sla:write"),
        ("calendars", "/console/calendars", "calendar-time", "sla:write"),
    ),
    "console.nav.extensions": (
        ("plugins", "/console/plugins", "puzzle", "plugin:write"),
        ("clients", "/console/clients", "apps", "app:write"),
        ("webhooks", "/console/webhooks", "webhook", "webhook:write"),
        ("tokens", "/console/tokens", "key", "token:write"),
    ),
    "console.nav.compliance": (
        ("audit", "/console/audit", "history", "event:read"),
        ("outbox", "/console/outbox", "mail", "mail:read"),
    ),
}


def draw(template: str, page: str, **values: Any) -> str:
    """A page of the console; `page` is the entry of the sidebar that it belongs to."""
    groups = navigation(page)
    return render_template(
        f"console/{template}",
        nav=groups,
        bottom_nav=_bottom(groups),
        tenant=current_tenant(),
        actor=g.actor,
        role_words=text("console.list").join(
            text(role.title) for role in role_book.roles_of(g.actor.id)
        ),
        user_menu=[
            {
                "title": text("console.sign_out"),
                "icon": "logout",
                "url": "/sign-out",
                "method": "post",
            }
        ],
        page_title=text(f"console.{page}.title"),
        **values,
    )


def navigation(page: str) -> list[dict[str, Any]]:
    """The groups of the sidebar with the entries that the actor may open."""
    counts = _counts(g.actor)
    groups = []
    for title, entries in NAV.items():
        items = [
            {
                "title": text(f"console.{name}.title"),
                "url": url,
                "icon": icon,
                "count": counts.get(name),
                "current": name == page,
            }
            for name, url, icon, permission in entries
            if g.actor.can(permission)
        ]
        if items:
            groups.append({"title": text(title), "items": items})
    return groups


def _bottom(groups: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What a phone shows at the bottom: the pages of daily work, else the first ones."""
    items = [item for group in groups for item in group["items"]]
    daily = [item for item in items if item["url"] in DAILY]
    return (daily + [item for item in items if item not in daily])[: len(DAILY)]


def _counts(actor: Actor) -> dict[str, int]:
    installed = {name for name, plugin in catalog().plugins.items() if not plugin.always_on}
    counts = {"plugins": len(switches().on & installed) + len(app_book.apps_on())}
    if actor.can("sla:write"):
        counts["sla"] = len(definitions.names("policy"))
        counts["calendars"] = len(definitions.names("calendar"))
    if actor.can("user:read"):
        counts["members"] = len(accounts.list_users())
    return counts


def first_page(actor: Actor) -> str:
    """The address of the first page that the actor may open; NotFound when there is none."""
    entries = (entry for group in NAV.values() for entry in group)
    ordered = sorted(entries, key=lambda entry: entry[0] != "plugins")
    for _name, url, _icon, permission in ordered:
        if actor.can(permission):
            return url
    raise NotFound


def find(words: str, actor: Actor) -> str:
    """The address of what was looked for by name: a page of the console, else a plugin."""
    asked = words.strip().lower()
    for entries in NAV.values():
        for name, url, _icon, permission in entries:
            if actor.can(permission) and asked in text(f"console.{name}.title").lower():
                return url
    return "/console/plugins?" + urlencode({"q": words}) if actor.can("plugin:write") else ""


def told(error: PolydeskError) -> list[dict[str, str]]:
    """Lines of the error summary: the field and the words."""
    if isinstance(error, Invalid):
        return [{"field": p.field, "words": words(p.message, p.values)} for p in error.problems]
    if isinstance(error, Conflict):
        reason = error.data.get("reason", "taken")
        field = str(error.data.get("field", ""))
        return [{"field": field, "words": text(f"console.conflict.{reason}")}]
    if isinstance(error, StaleVersion):
        return [{"field": "", "words": text("console.stale")}]
    return [{"field": "", "words": text(f"problem.{error.code}.detail")}]


def refusal(error: PolydeskError | None) -> dict[str, Any]:
    """What a form says of being refused: `problems` at its fields, `refused` above it what concerns none."""
    if isinstance(error, Invalid):
        return {"problems": error.problems, "refused": []}
    return {"problems": (), "refused": [] if error is None else told(error)}


def words(message: str, values: Iterable[tuple[str, Any]] = ()) -> str:
    """The words of a problem."""
    return text(message, **dict(values))


def errors_by_field(problems: list[dict[str, str]]) -> dict[str, str]:
    """The first words for each field, to stand at the field itself."""
    return {problem["field"]: problem["words"] for problem in reversed(problems)}


def done(message: str, url: str, **values: Any) -> Response:
    """Say in a toast what was done and go on to `url`."""
    flash(text(message, **values))
    return redirect(url, 303)


def given_id(name: str) -> UUID:
    """The id that the form sent as `name`; NotFound when it is none."""
    return as_id(request.form.get(name, ""))


def as_id(value: str) -> UUID:
    """A UUID from an address or a form; NotFound when it is none."""
    try:
        return UUID(value)
    except ValueError:
        raise NotFound from None


def given_ids(name: str) -> set[UUID]:
    """The ids of the ticked boxes called `name`."""
    return {as_id(value) for value in request.form.getlist(name)}


def given_version() -> int:
    """The version that the form was drawn from; -1 when it does not say."""
    value = request.form.get("version", "")
    return int(value) if value.isdecimal() else -1


def own_name() -> str:
    """A name for another definition of the tenant's own, which two who make one at once do not share."""
    return f"own_{uuid7().hex[-12:]}"
