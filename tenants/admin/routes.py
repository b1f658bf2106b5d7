"""Every page of the console on one page."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, g, redirect, request

from core.sdk import SIGNED_IN, page
from tenants.admin import (
    app_pages,
    audit,
    branding,
    calendars,
    clients,
    members,
    outbox,
    plugins,
    policies,
    roles,
    shell,
    teams,
    tokens,
    webhooks,
)

blueprint = Blueprint("console", __name__, url_prefix="/console", template_folder="templates")


@blueprint.get("/")
@page(SIGNED_IN)
def home() -> Any:
    """The page that was looked for by `?q=`, else the first that the reader may open."""
    asked = request.args.get("q", "")
    found = shell.find(asked, g.actor) if asked.strip() else ""
    return redirect(found or shell.first_page(g.actor), 303)


BLUEPRINTS = [
    blueprint,
    branding.blueprint,
    plugins.blueprint,
    app_pages.blueprint,
    members.blueprint,
    roles.blueprint,
    teams.blueprint,
    policies.blueprint,
    calendars.blueprint,
    clients.blueprint,
    webhooks.blueprint,
    tokens.blueprint,
    audit.blueprint,
    outbox.blueprint,
]
