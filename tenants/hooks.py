"""The face of the house is "just a plugin", always on: it resolves hosts and brings every screen of core."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.sdk import Plugin, hookimpl
from tenants import apex, commands, resolve

if TYPE_CHECKING:
    import click
    from flask import Blueprint, Request

    from core.sdk import Tenant

plugin = Plugin("tenants", "tenants.title", always_on=True)


@hookimpl
def resolve_tenant(request: Request) -> Tenant | None:
    """The host decides; on the apex a bearer token of the API does."""
    return resolve.tenant_of(request)


@hookimpl
def register_blueprints() -> list[Blueprint]:
    """Every screen of the house."""
    return [apex.blueprint]


@hookimpl
def register_commands(cli: click.Group) -> None:
    """`polydesk tenants ...` and `polydesk plugins ...`."""
    commands.register(cli)
