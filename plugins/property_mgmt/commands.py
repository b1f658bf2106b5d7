"""`polydesk property_mgmt ...`: what an operator does from a shell."""

from __future__ import annotations

from pathlib import Path

import click
from flask.cli import with_appcontext

from core.sdk import Invalid, NotFound, entered, text, transaction
from plugins.property_mgmt import imports

SHOWN = 20


@click.group("property_mgmt")
def group() -> None:
    """Estates, homes and residents."""


@group.command("import-units")
@click.argument("slug", metavar="TENANT")
@click.argument(
    "path", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@with_appcontext
def import_units(slug: str, path: Path) -> None:
    """Take homes and residents in from a CSV FILE; a line that stands there already changes nothing."""
    try:
        with entered(slug, "property_mgmt"), transaction():
            kept = imports.read_now(path.name, path.read_bytes())
            refused = [(e[0], text(e[2], **e[3])) for e in kept.refused]
            counted = f"{kept.made} made, {kept.changed} changed, {kept.same} as they were"
    except NotFound:
        raise click.BadParameter(f"there is no tenant {slug!r} with property_mgmt on") from None
    except Invalid as error:
        words = "; ".join(text(p.message, **dict(p.values)) for p in error.problems)
        raise click.ClickException(words) from None
    click.echo(f"{slug}: {counted}, {len(refused)} refused")
    for line, words in refused[:SHOWN]:
        click.echo(f"  line {line}: {words}", err=True)


def register(cli: click.Group) -> None:
    """Add the group."""
    cli.add_command(group)
