"""What every page of the portal shares: its frame, its languages, its words for errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from flask import g, render_template, request

from core.sdk import Invalid, Problem, TooMany, current_locale, current_tenant, text
from tenants.portal.settings import portal_settings

if TYPE_CHECKING:
    from core.sdk import Actor, PolydeskError

# page, url, icon
NAV = (
    ("home", "/", "home"),
    ("submit", "/submit", "speakerphone"),
    ("my", "/my", "list-check"),
    ("lookup", "/lookup", "search"),
)
LANGUAGES = {"zh-CN": "en", "en": "zh-CN"}


def draw(template: str, page: str, **values: Any) -> str:
    """A page of the portal; `page` is the entry of the navigation that it belongs to."""
    return render_template(f"portal/{template}", **{**frame(page), **values})


def frame(page: str = "") -> dict[str, Any]:
    """The template values of ui/portal.html; without `page` no entry of the navigation is shown as chosen."""
    told = portal_settings()
    return {
        "nav": [{"title": "", "items": [_entry(*entry, page) for entry in NAV]}],
        "tenant": current_tenant(),
        "actor": g.actor,
        "account_url": "/my",
        "portal_title": told["portal_title"] or current_tenant().name,
        "tenant_icon": told["icon"],
        "brand_url": f"/brand.css?v={current_tenant().config_version}" if told["colour"] else "",
        "language_url": _language_url(),
        "told": told,
        "page_title": text(f"portal.{page}.title") if page else "",
    }


def signed_in() -> bool:
    """Whether a customer came with a mailed code."""
    actor: Actor = g.actor
    return actor.kind == "contact" and actor.ticket_id is None


def local_path(given: str) -> str:
    """A path of this site, or the home: never an address elsewhere."""
    plain = given.startswith("/") and not given.startswith(("//", "/\\"))
    return given if plain and all(sign >= " " and sign != "\\" for sign in given) else "/"


def problems_of(error: PolydeskError) -> tuple[Problem, ...]:
    """What is wrong, with the names that the page's fields have."""
    if isinstance(error, Invalid):
        return tuple(
            Problem(field=p.field.removeprefix("form."), message=p.message, values=p.values)
            for p in error.problems
        )
    if isinstance(error, TooMany):
        minutes = max(1, round(error.data["retry_after"] / 60))
        return (_said("portal.error.too_many", minutes=minutes),)
    return (_said(f"portal.error.{error.code}"),)


def _said(message: str, **values: Any) -> Problem:
    return Problem(field="", message=message, values=tuple(values.items()))


def _entry(name: str, url: str, icon: str, page: str) -> dict[str, Any]:
    return {"title": text(f"portal.nav.{name}"), "url": url, "icon": icon, "current": name == page}


def _language_url() -> str:
    here = request.path if request.method == "GET" else "/"
    return f"/language/{LANGUAGES[current_locale()]}?{urlencode({'next': here})}"
