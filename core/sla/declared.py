"""What this room declares to the Catalog, what it listens to, and its command."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from flask.cli import with_appcontext

from core.declarations import Permission
from core.events import Event, subscribe
from core.sla import clocks, routes
from core.sla.defaults import CALENDARS, METRICS, POLICIES
from core.sla.events import EVENTS, ClockEvent
from core.sla.moment import WAKE
from core.sla.verify import verify
from core.tenancy import as_tenant, find_tenant
from core.timers import register_timer

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "API", "CALENDARS", "EVENTS", "METRICS", "PERMISSIONS", "POLICIES", "connect", "register_commands",
]  # fmt: skip

_ALL = "all"
PERMISSIONS = [
    Permission(
        "sla:read",
        "core.permission.sla_read",
        {"admin": _ALL, "manager": _ALL, "supervisor": _ALL, "agent": _ALL, "auditor": _ALL},
    ),
    Permission("sla:write", "core.permission.sla_write", {"admin": _ALL, "manager": _ALL}),
]
API = [routes.blueprint]


def connect() -> None:
    """Hear every event that anybody has declared by now: any may start or end a clock."""
    for kind in _kinds(Event):
        subscribe(kind.type, clocks.on_event)
    register_timer(WAKE, clocks.on_timer)


def _kinds(root: type[Event]) -> Iterator[type[Event]]:
    for kind in root.__subclasses__():
        if kind is ClockEvent:
            continue
        if "type" in vars(kind):
            yield kind
        yield from _kinds(kind)


def register_commands(cli: click.Group) -> None:
    """Add `sla verify`."""
    cli.add_command(sla)


@click.group()
def sla() -> None:
    """Promises in time."""


@sla.command("verify")
@click.argument("slug", metavar="TENANT")
@with_appcontext
def sla_verify(slug: str) -> None:
    """Replay the tenant's clocks from its events; every difference to what is stored is named."""
    tenant = find_tenant(slug)
    if tenant is None:
        raise click.BadParameter(f"there is no tenant {slug!r}; see `polydesk tenants list`")
    with as_tenant(tenant):
        found = verify()
    for difference in found.differences:
        click.echo(str(difference), err=True)
    counted = f"{found.clocks} clocks with {found.intervals} intervals on {found.tickets} tickets"
    if not found.green:
        raise click.ClickException(f"{slug}: {len(found.differences)} differences in {counted}")
    click.echo(f"{slug}: {counted} replayed from {found.events} events: green")
