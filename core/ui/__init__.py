"""The page kit every screen is built from: layouts, macros, icons, words and static files."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flask import Blueprint, current_app, request, url_for
from markupsafe import Markup, escape

from core import clock, i18n
from core.ui import headers, kit
from core.web import PUBLIC, page

if TYPE_CHECKING:
    from flask import Flask, Response

STATIC = Path(__file__).parent / "static"
YEAR = 31_536_000
THEMES = ("light", "dark")
DENSITIES = ("compact", "wide")

blueprint = Blueprint("ui", __name__, template_folder="templates")


def register(app: Flask) -> None:
    """Give the app its templates, Jinja words, static files and security headers."""
    app.static_folder = str(STATIC)
    if "static" not in app.view_functions:
        app.add_url_rule("/static/<path:filename>", endpoint="static", view_func=static_file)
    app.register_blueprint(blueprint)
    app.jinja_env.globals.update(_globals())
    app.jinja_env.filters.update(_filters())
    app.context_processor(_appearance)
    app.after_request(_cache_static)
    headers.register(app)


@page(PUBLIC)
def static_file(filename: str) -> Response:
    """A file of the kit, as it is."""
    return current_app.send_static_file(filename)


def static_url(path: str) -> str:
    """The address of a static file with its fingerprint, so that it may be kept for a year."""
    return url_for("static", filename=path, v=_fingerprint(path))


def icon(name: str, classes: str = "", label: str = "") -> Markup:
    """An outline icon of the sprite, hidden from screen readers unless it has a label.

    A name that the sprite lacks draws a puzzle piece.
    """
    known = name if name in _icons() else "puzzle"
    role = f'role="img" aria-label="{escape(label)}"' if label else 'aria-hidden="true"'
    sprite = static_url("img/icons.svg")
    classes = f"i {classes}".strip()
    drawing = Markup('<svg class="{}" {}><use href="{}#i-{}"/></svg>')
    return drawing.format(classes, Markup(role), sprite, known)  # noqa: S704  role is escaped above


@cache
def _fingerprint(path: str) -> str:
    return hashlib.sha256((STATIC / path).read_bytes()).hexdigest()[:12]


@cache
def _icons() -> frozenset[str]:
    lines = (STATIC / "img/icons.svg").read_text(encoding="utf-8").splitlines()
    return frozenset(
        line.split('"')[1].removeprefix("i-") for line in lines if line.startswith("<symbol")
    )


def _globals() -> dict[str, Any]:
    return {
        "t": i18n.text,
        "icon": icon,
        "static_url": static_url,
        "now": clock.now,
        "avatar_color": kit.avatar_color,
        "initial": kit.initial,
        "plugin_color": kit.plugin_color,
        "priority_look": kit.priority_look,
        "status_look": kit.status_look,
        "sla_look": kit.sla_look,
        "as_json": lambda value: json.dumps(value, ensure_ascii=False),
    }


def _filters() -> dict[str, Any]:
    return {
        "ago": i18n.ago,
        "day_or_time": i18n.day_or_time,
        "datetime": i18n.format_datetime,
        "date": i18n.format_date,
        "duration": i18n.duration,
        "file_size": i18n.file_size,
        "mask_phone": i18n.mask_phone,
        "mask_email": i18n.mask_email,
        "money": lambda value: i18n.money(value.amount, value.currency),
    }


def _appearance() -> dict[str, Any]:
    theme = request.cookies.get("pd_theme", "")
    density = request.cookies.get("pd_density", "")
    return {
        "theme": theme if theme in THEMES else "",
        "density": density if density in DENSITIES else "compact",
        "locale": i18n.current_locale(),
        "fragment": request.headers.get("HX-Request") == "true",
    }


def _cache_static(response: Response) -> Response:
    if request.endpoint == "static" and response.status_code == 200 and request.args.get("v"):  # noqa: PLR2004
        response.headers["Cache-Control"] = f"public, max-age={YEAR}, immutable"
    return response
