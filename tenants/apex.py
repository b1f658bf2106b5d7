"""The installation's own host: health, and for the demonstration the list of tenants with their sign-ins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, current_app, g, jsonify, render_template

from core.host import (
    BUILT_IN,
    NotFound,
    Tenant,
    TenantPlugin,
    all_tenants,
    catalog,
    db,
    public_url,
    users_with_role,
)
from core.sdk import PUBLIC, page
from tenants.demo.people import PASSWORD

blueprint = Blueprint("apex", __name__, template_folder="templates")


@dataclass(frozen=True)
class House:
    """A tenant of the demonstration: its address and one sign-in per role as (role, name, mail)."""

    tenant: Tenant
    url: str
    people: tuple[tuple[str, str, str], ...]


@blueprint.get("/tenants")
@page(PUBLIC)
def home() -> Any:
    """What the bare address shows; the tenants and their sign-ins only in the demonstration (POLYDESK_DEMO=1)."""
    if g.get("tenant"):
        raise NotFound("this is a tenant's host")
    demo = current_app.extensions["polydesk_config"].demo
    return render_template(
        "apex/home.html", houses=_houses() if demo else (), demo=demo, password=PASSWORD
    )


def _houses() -> tuple[House, ...]:
    return tuple(
        House(tenant, public_url(""), tuple(_one_per_role()))
        for tenant in all_tenants("list the demonstration's tenants and sign-ins")
    )


def _one_per_role() -> list[tuple[str, str, str]]:
    firsts = [(role, next(iter(users_with_role(role)), None)) for role in BUILT_IN]
    return [(role, user.display_name, user.email) for role, user in firsts if user]


@blueprint.get("/livez")
@page(PUBLIC)
def livez() -> Any:
    """The process answers."""
    return jsonify(status="ok")


@blueprint.get("/readyz")
@page(PUBLIC)
def readyz() -> Any:
    """The database answers; names plugins that tenants have on but whose package is gone (503 when any is)."""
    db.session.scalar(sa.select(sa.literal(1)))
    missing: set[str] = set()
    for _ in all_tenants("find plugins that are on but not installed"):
        on = db.session.scalars(
            sa.select(TenantPlugin.plugin).where(TenantPlugin.enabled_at.is_not(None))
        )
        missing |= set(on) - catalog().plugins.keys()
    answer = jsonify(status="plugins missing" if missing else "ok", missing=sorted(missing))
    return answer, 503 if missing else 200
