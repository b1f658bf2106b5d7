"""The house around a plugin's page: desk and portal offer their frames once, pages of plugins are drawn in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import current_app, render_template

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask.sansio.app import App

FRAME, PORTAL_FRAME = "polydesk_desk_frame", "polydesk_portal_frame"


def offer_desk(app: App, frame: Callable[[], dict[str, Any]]) -> None:
    """Say what the templates that extend ui/desk.html need: navigation, menu, addresses."""
    app.extensions[FRAME] = frame


def desk_page(template: str, **values: Any) -> str:
    """A page at the desk, from a template in the plugin's own folder that extends ui/desk.html."""
    frame: Callable[[], dict[str, Any]] = current_app.extensions[FRAME]
    return render_template(template, **frame(), **values)


def offer_portal(app: App, frame: Callable[[], dict[str, Any]]) -> None:
    """Say what the templates that extend ui/portal.html need: navigation, brand, languages."""
    app.extensions[PORTAL_FRAME] = frame


def portal_page(template: str, **values: Any) -> str:
    """A customers' page, from a template in the plugin's own folder that extends ui/portal.html.

    The portal gives it `told`: what the tenant says of itself there, its telephone and hours among it.
    """
    frame: Callable[[], dict[str, Any]] = current_app.extensions[PORTAL_FRAME]
    return render_template(template, **{**frame(), **values})
