"""What this room declares to the Catalog, and its commands."""

from __future__ import annotations

import click
from flask.cli import with_appcontext

from core.actors import OPERATOR
from core.auth import traces
from core.contributions import DataClass
from core.db import transaction
from core.declarations import Permission
from core.errors import NotFound
from core.oauth.events import EVENTS
from core.oauth.families import KEPT, forget_old
from core.oauth.models import GRANT_TYPES
from core.oauth.routes import blueprint
from core.oauth.service import public_id, register_client
from core.tenancy import as_tenant, find_tenant

__all__ = ["BLUEPRINTS", "DATA_CLASSES", "EVENTS", "PERMISSIONS", "connect", "register_commands"]

PERMISSIONS = [Permission("app:write", "oauth.permission.app_write", {"admin": "all"})]
DATA_CLASSES = [
    DataClass("app_grants", "oauth.data.grants", ("oauth_grant",)),
    DataClass("app_tokens", "oauth.data.tokens", ("oauth_family", "oauth_token"), KEPT.days),
]
BLUEPRINTS = [blueprint]


def connect() -> None:
    """Forget what ended long ago, once a day."""
    traces.sweep_daily(forget_old)


def clients_create(
    slug: str,
    name: str,
    scopes: str,
    *,
    addresses: tuple[str, ...],
    grant_types: tuple[str, ...],
    public: bool,
) -> tuple[str, str]:
    """Make an app known to a tenant; gives its `client_id` and its secret, which is not kept in clear."""
    tenant = find_tenant(slug)
    if tenant is None:
        raise NotFound(f"there is no tenant {slug}")
    with as_tenant(tenant), transaction():
        client, secret = register_client(
            name,
            redirect_uris=addresses,
            scopes=scopes.split(),
            grant_types=grant_types,
            confidential=not public,
            actor=OPERATOR,
        )
        return public_id(client), secret


def register_commands(cli: click.Group) -> None:
    """Add `clients`."""
    cli.add_command(clients)


@click.group()
def clients() -> None:
    """Apps that speak OAuth."""


@clients.command("create")
@click.option("--tenant", "slug", required=True)
@click.option("--name", required=True)
@click.option("--scopes", required=True, help='Such as "ticket:read ticket:write".')
@click.option("--redirect", "addresses", multiple=True, help="Where people are sent back to.")
@click.option(
    "--grant",
    "grant_types",
    multiple=True,
    type=click.Choice(GRANT_TYPES),
    default=GRANT_TYPES[:2],
    show_default=True,
)
@click.option("--public", is_flag=True, help="An app on people's own devices: no secret.")
@with_appcontext
def _clients_create(
    slug: str,
    name: str,
    scopes: str,
    addresses: tuple[str, ...],
    grant_types: tuple[str, ...],
    *,
    public: bool,
) -> None:
    """Register an app; print its client_id and, this once, its secret."""
    made = clients_create(
        slug, name, scopes, addresses=addresses, grant_types=grant_types, public=public
    )
    click.echo("\n".join(part for part in made if part))
