"""`polydesk apps ...`: check a manifest without installing it, and install one for a tenant."""

from __future__ import annotations

from pathlib import Path

import click
from flask.cli import with_appcontext

from core.host import (
    OPERATOR,
    app_book,
    app_manifests,
    as_tenant,
    relay_tenant,
    tenant_argument,
    transaction,
)
from core.sdk import speaking, text

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group("apps")
def apps_group() -> None:
    """Remote apps."""


@apps_group.command("check")
@click.argument("file", type=FILE)
@with_appcontext
def check_file(file: Path) -> None:
    """Check the manifest in FILE, as far as it can be without asking the app; says each mistake with its line."""
    found = _read(file)
    click.echo(f"{file}: {found.name} {found.version} is in order")


@apps_group.command("install")
@click.argument("slug", metavar="TENANT")
@click.argument("file", type=FILE)
@with_appcontext
def install_file(slug: str, file: Path) -> None:
    """Install the app of the manifest in FILE for TENANT and print its keys, this once."""
    found = _read(file)
    with as_tenant(tenant_argument(slug)):
        with transaction():
            _, keys = app_book.install(found, actor=OPERATOR)
        relay_tenant()
    click.echo(f"CLIENT_ID={keys.client_id}")
    click.echo(f"CLIENT_SECRET={keys.client_secret}")
    click.echo(f"WEBHOOK_SECRET={keys.webhook_secret}")


def _read(file: Path) -> app_manifests.Manifest:
    with speaking("en"):
        checked = app_manifests.check(file.read_text(encoding="utf-8"))
        if checked.manifest is None:
            for each in checked.findings:
                words = text(each.message, **dict(each.values))
                click.echo(f"{file}:{each.line}: {each.path or 'manifest'}: {words}", err=True)
            raise click.exceptions.Exit(1)
    return checked.manifest
