"""What this room declares to the Catalog, and its commands."""

from __future__ import annotations

import click
from flask.cli import with_appcontext

from core.actors import OPERATOR
from core.auth import traces
from core.auth.events import EVENTS
from core.auth.resets import invite
from core.auth.service import create_user, find_user
from core.auth.tokens import create_token
from core.contributions import DataClass
from core.db import transaction
from core.declarations import Permission
from core.errors import NotFound
from core.tenancy import Tenant, as_tenant, find_tenant

__all__ = ["DATA_CLASSES", "EVENTS", "PERMISSIONS", "connect", "register_commands"]

_ALL = "all"
PERMISSIONS = [
    Permission(
        "user:read",
        "auth.permission.user_read",
        {"admin": _ALL, "manager": _ALL, "supervisor": _ALL, "agent": _ALL, "auditor": _ALL},
    ),
    Permission("user:write", "auth.permission.user_write", {"admin": _ALL}),
    Permission("role:write", "auth.permission.role_write", {"admin": _ALL}),
    Permission("team:write", "auth.permission.team_write", {"admin": _ALL, "manager": _ALL}),
    Permission("token:write", "auth.permission.token_write", {"admin": _ALL}),
]
DATA_CLASSES = [
    DataClass("staff", "auth.data.staff", ("user_account",)),
    DataClass("sign_ins", "auth.data.sign_ins", ("browser_session", "api_token"), 90),
    DataClass("request_log", "auth.data.request_log", ("request_log",), 90),
]
connect = traces.connect


def users_create(slug: str, email: str, name: str, password: str, roles: tuple[str, ...]) -> str:
    """Add a user of a tenant, mailing a link to choose a password when none is given."""
    with as_tenant(_tenant(slug)), transaction():
        user = create_user(email, name, password=password or None, roles=roles, actor=OPERATOR)
        if not password:
            invite(user, actor=OPERATOR)
        return f"{user.email}: {', '.join(roles)}"


def tokens_create(slug: str, email: str, scopes: str, name: str) -> str:
    """Make a token of a user; gives the token, which is not kept in clear."""
    with as_tenant(_tenant(slug)), transaction():
        user = find_user(email)
        if user is None:
            raise NotFound(f"{slug} has no user {email}")
        return create_token(user.id, name, scopes.split(), actor=OPERATOR)[1]


def _tenant(slug: str) -> Tenant:
    tenant = find_tenant(slug)
    if tenant is None:
        raise NotFound(f"there is no tenant {slug}")
    return tenant


def register_commands(cli: click.Group) -> None:
    """Add `users` and `tokens`."""
    cli.add_command(users)
    cli.add_command(tokens)


@click.group()
def users() -> None:
    """Staff of a tenant."""


@users.command("create")
@click.option("--tenant", "slug", required=True)
@click.option("--email", required=True)
@click.option("--name", required=True)
@click.option("--role", "roles", multiple=True, default=("agent",), show_default=True)
@click.option("--password", default="", envvar="POLYDESK_PASSWORD", help="Empty: a link is mailed.")
@with_appcontext
def _users_create(slug: str, email: str, name: str, roles: tuple[str, ...], password: str) -> None:
    """Add a member of staff."""
    click.echo(users_create(slug, email, name, password, roles))


@click.group()
def tokens() -> None:
    """Bearer tokens of the API."""


@tokens.command("create")
@click.option("--tenant", "slug", required=True)
@click.option("--user", "email", required=True, help="Mail address of the user it acts as.")
@click.option("--scopes", required=True, help='Such as "ticket:read ticket:write".')
@click.option("--name", default="command line", show_default=True)
@with_appcontext
def _tokens_create(slug: str, email: str, scopes: str, name: str) -> None:
    """Make a token and print it, this once."""
    click.echo(tokens_create(slug, email, scopes, name))
