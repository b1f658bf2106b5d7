"""The branding page: what the portal says of the company, and its colour."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, g, request

from core.host import settings
from core.sdk import page
from tenants.admin import shell
from tenants.portal.settings import OWNER, PortalSettings, portal_settings

blueprint = Blueprint(
    "console_branding", __name__, url_prefix="/console/branding", template_folder="templates"
)

LOCALES = ("zh-CN", "en")
WORDS = ("portal_title", "hours", "promise")
PLAIN = ("colour", "icon", "telephone")


@blueprint.get("")
@page("plugin:write")
def detail() -> str:
    """The portal's words and colour."""
    return _draw(_typed(portal_settings()))


@blueprint.post("")
@page("plugin:write", redraw=lambda error: _draw(request.form.to_dict(), shell.told(error)))
def save() -> Any:
    """Keep them; a colour that white text cannot be read on is refused."""
    values: dict[str, Any] = {name: request.form.get(name, "").strip() for name in PLAIN}
    for name in WORDS:
        given = {locale: request.form.get(f"{name}-{locale}", "").strip() for locale in LOCALES}
        values[name] = {locale: words for locale, words in given.items() if words}
    settings.save(OWNER, values, actor=g.actor, seen=request.form.get(shell.SEEN))
    return shell.done("console.branding.saved", "/console/branding")


def _typed(values: dict[str, Any]) -> dict[str, str]:
    typed = {name: str(values[name]) for name in PLAIN}
    for name in WORDS:
        typed |= {f"{name}-{locale}": values[name].get(locale, "") for locale in LOCALES}
    return typed


def _draw(typed: dict[str, str], problems: list[dict[str, str]] | None = None) -> str:
    titles = {
        name: str(field.metadata.get("title", f"console.branding.{name}"))
        for name, field in PortalSettings().fields.items()
    }
    return shell.draw(
        "branding.html", "branding", typed=typed, titles=titles, words=WORDS, plain=PLAIN,
        locales=LOCALES, mark=settings.mark(OWNER), problems=problems or [],
        errors=shell.errors_by_field(problems or []),
    )  # fmt: skip
