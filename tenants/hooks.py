"""The face of the house is "just a plugin", always on: it resolves hosts and brings every screen of core."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.sdk import Event, Permission, Plugin, hookimpl
from tenants import apex, commands, resolve, service
from tenants.admin import routes as console
from tenants.consent import routes as consent
from tenants.demo import branding
from tenants.desk import routes as desk
from tenants.portal import routes as portal
from tenants.portal.settings import PortalSettings
from tenants.signin import account as account_pages

if TYPE_CHECKING:
    import click
    from flask import Blueprint, Request
    from marshmallow import Schema

    from core.host import VirtualClock
    from core.sdk import Tenant

plugin = Plugin("tenants", "tenants.title", always_on=True)


@hookimpl
def resolve_tenant(request: Request) -> Tenant | None:
    """The host decides; on the apex a bearer token of the API does."""
    return resolve.tenant_of(request)


@hookimpl
def register_blueprints() -> list[Blueprint]:
    """Every screen of the house."""
    return [
        apex.blueprint,
        account_pages.blueprint,
        consent.blueprint,
        *console.BLUEPRINTS,
        desk.blueprint,
        *portal.BLUEPRINTS,
    ]


@hookimpl
def register_permissions() -> list[Permission]:
    """The right to switch plugins and to set them."""
    return [Permission("plugin:write", "console.permission.plugin_write", {"admin": "all"})]


@hookimpl
def register_events() -> list[type[Event]]:
    """Facts about the tenant itself."""
    return [service.PluginEnabled, service.PluginDisabled, service.TenantStateChanged]


@hookimpl
def register_settings() -> list[type[Schema]]:
    """What a tenant says of itself on its portal."""
    return [PortalSettings]


@hookimpl
def register_commands(cli: click.Group) -> None:
    """`polydesk tenants ...` and `polydesk plugins ...`."""
    commands.register(cli)


@hookimpl
def seed_demo(tenant: Tenant, clock: VirtualClock) -> None:
    """Let a company of the demonstration say on its portal who it is."""
    branding.dress(tenant)
