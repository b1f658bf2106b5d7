"""The workspace around a plugin's page: the desk offers its frame once, pages of plugins are drawn in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import current_app, render_template

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask.sansio.app import App

FRAME = "polydesk_desk_frame"


def offer_desk(app: App, frame: Callable[[], dict[str, Any]]) -> None:
    """Say what the templates that extend ui/desk.html need: navigation, menu, addresses."""
    app.extensions[FRAME] = frame


def desk_page(template: str, **values: Any) -> str:
    """A page at the desk, from a template in the plugin's own folder that extends ui/desk.html."""
    frame: Callable[[], dict[str, Any]] = current_app.extensions[FRAME]
    return render_template(template, **frame(), **values)
