"""`polydesk tenants ...`, `polydesk plugins ...`, `polydesk apps ...` and `polydesk demo`."""

from __future__ import annotations

import click
import sqlalchemy as sa
from flask.cli import with_appcontext

from core.host import (
    OPERATOR,
    TenantPlugin,
    TenantRecord,
    all_tenants,
    as_tenant,
    catalog,
    db,
    relay_tenant,
    tenant_argument,
    transaction,
)
from tenants import service
from tenants.admin.app_commands import apps_group
from tenants.demo.seed import demo


def register(cli: click.Group) -> None:
    """Hang the groups on the command line."""
    cli.add_command(tenants_group)
    cli.add_command(plugins_group)
    cli.add_command(apps_group)
    cli.add_command(demo)


@click.group("tenants")
def tenants_group() -> None:
    """Companies on this installation."""


@tenants_group.command("create")
@click.argument("slug")
@click.argument("name")
@click.option("--locale", default="zh-CN", show_default=True, type=click.Choice(["zh-CN", "en"]))
@click.option("--timezone", default="Asia/Shanghai", show_default=True)
@with_appcontext
def create(slug: str, name: str, locale: str, timezone: str) -> None:
    """Create a tenant; it answers at <slug>.<host of POLYDESK_URL>."""
    with transaction():
        service.create_tenant(slug, {locale: name}, locale=locale, timezone=timezone)
    click.echo(f"created {slug}")


@tenants_group.command("list")
@with_appcontext
def listing() -> None:
    """List the tenants."""
    for row in db.session.scalars(sa.select(TenantRecord).order_by(TenantRecord.slug)):
        click.echo(
            f"{row.slug}\t{row.state}\t{row.locale}\t{row.timezone}\t{next(iter(row.name.values()), '')}"
        )


@click.group("plugins")
def plugins_group() -> None:
    """Plugins, and for whom they are on."""


@plugins_group.command("list")
@with_appcontext
def plugins_list() -> None:
    """List installed plugins with the tenants that have them on."""
    on: dict[str, list[str]] = {}
    for tenant in all_tenants("list who has which plugin"):
        for row in db.session.scalars(
            sa.select(TenantPlugin).where(TenantPlugin.enabled_at.is_not(None))
        ):
            on.setdefault(row.plugin, []).append(tenant.slug)
    for name, plugin in catalog().plugins.items():
        if not plugin.always_on:
            click.echo(f"{name}\t{plugin.version}\t{', '.join(on.get(name, [])) or '-'}")


@plugins_group.command("enable")
@click.argument("slug", metavar="TENANT")
@click.argument("name", metavar="PLUGIN")
@with_appcontext
def enable(slug: str, name: str) -> None:
    """Switch PLUGIN on for TENANT, from its next request on."""
    with as_tenant(tenant_argument(slug)):
        with transaction():
            service.enable_plugin(name, actor=OPERATOR)
        relay_tenant()
    click.echo(f"{name} is on for {slug}")


@plugins_group.command("disable")
@click.argument("slug", metavar="TENANT")
@click.argument("name", metavar="PLUGIN")
@with_appcontext
def disable(slug: str, name: str) -> None:
    """Switch PLUGIN off for TENANT, from its next request on; its data stays."""
    with as_tenant(tenant_argument(slug)):
        with transaction():
            service.disable_plugin(name, actor=OPERATOR)
        relay_tenant()
    click.echo(f"{name} is off for {slug}")
