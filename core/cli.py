"""The `polydesk` command; tenants and plugins add theirs by register_commands."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

import click
from flask import current_app
from flask.cli import with_appcontext
from sqlalchemy.exc import DatabaseError
from waitress import serve as waitress_serve

from core import jobs, ledger, upgrade
from core.db import is_postgresql
from core.definitions import undeclared
from core.errors import Invalid, PolydeskError, StartupError
from core.i18n import use
from core.plugins import catalog
from core.problems import words
from core.reports import pdf
from core.tenancy import Tenant, as_tenant, find_tenant
from core.walls import check_app_role

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from core.config import Config


def build_cli(create: Callable[[], Flask]) -> Callable[[], None]:
    """The entry point: builds the app, gathers everybody's commands and runs; expected errors become one line."""

    def run() -> None:
        logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
        try:
            app = create()
            with app.app_context():
                for implementation in app.extensions["polydesk_plugins"][
                    0
                ].hook.register_commands.get_hookimpls():
                    implementation.function(polydesk)
                polydesk.main(prog_name="polydesk", standalone_mode=True)
        except Invalid as error:
            with use("en"):
                told = "; ".join(f"{each.field}: {words(each)}" for each in error.problems)
            raise SystemExit(f"polydesk: {told}") from error
        except PolydeskError as error:
            raise SystemExit(f"polydesk: {error}") from error
        except DatabaseError as error:
            # An unmigrated or unreachable database is an operator's everyday error, not ours to trace.
            first = str(error.orig).strip().splitlines()[0]
            hint = "run `polydesk db upgrade`, and check DATABASE_URL"
            raise SystemExit(f"polydesk: the database says: {first}; {hint}") from error

    return run


@click.group()
def polydesk() -> None:
    """Polydesk, a help desk that many companies share."""


def tenant_argument(slug: str) -> Tenant:
    """The tenant of a command's argument; a clear error when there is none."""
    tenant = find_tenant(slug)
    if tenant is None:
        raise click.BadParameter(f"there is no tenant {slug!r}; see `polydesk tenants list`")
    return tenant


def _config() -> Config:
    config: Config = current_app.extensions["polydesk_config"]
    return config


@polydesk.command()
@click.option("--threads", default=8, show_default=True)
@with_appcontext
def serve(threads: int) -> None:
    """Serve at POLYDESK_BIND with relay, timers and handlers in the same process."""
    config = _config()
    if is_postgresql():
        check_app_role()
        if due := undeclared(catalog()):
            raise StartupError(
                f"run `polydesk db upgrade` first ({len(due)} definitions are new, {due[0]} among them)"
            )
    else:
        upgrade.upgrade(config)
    host, port = config.address
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001
    stop = jobs.start_threads(app)
    click.echo(f"Polydesk answers at {config.url}")
    Thread(target=_say_whether_pdf_works, daemon=True).start()
    try:
        waitress_serve(app, host=host, port=port, threads=threads, ident="polydesk", _quiet=True)
    finally:
        stop.set()
        jobs.write_heads()


def _say_whether_pdf_works() -> None:
    if not (state := pdf.probe()).ok:
        missing = ", ".join(state.missing) or state.detail
        click.echo(f"PDFs are off, print views stand in: {missing}. Mend it by: {state.install}")


@polydesk.command()
@click.option("--burst", is_flag=True, help="Work what is due, then stop.")
@with_appcontext
def worker(burst: bool) -> None:  # noqa: FBT001
    """Run relay, timers and handlers from RQ (REDIS_URL)."""
    if not _config().redis_url:
        raise StartupError(
            "REDIS_URL is not set; without Redis `polydesk serve` does the worker's work itself"
        )
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001
    jobs.run_worker(app, _config().redis_url, burst=burst)


@polydesk.group()
def db() -> None:
    """The database's shape."""


@db.command("upgrade")
@with_appcontext
def db_upgrade() -> None:
    """Run migrations of core and plugins, raise the walls, take in new definitions."""
    click.echo(f"up to date; {upgrade.upgrade(_config())} definitions taken in")


@db.command("revision")
@click.argument("owner")
@click.argument("message")
@with_appcontext
def db_revision(owner: str, message: str) -> None:
    """Write a revision of OWNER ("core" or a plugin) from its models."""
    upgrade.revise(_config(), "" if owner == "core" else owner, message)


@polydesk.group()
def audit() -> None:
    """The ledger."""


@audit.command("verify")
@click.argument("slug", metavar="TENANT")
@with_appcontext
def audit_verify(slug: str) -> None:
    """Walk the tenant's chain and its signed heads; the first bad row or head is named."""
    with as_tenant(tenant_argument(slug)):
        found = ledger.verify()
    if not found.green:
        raise click.ClickException(f"{slug}: after {found.events} good events: {found.fault}")
    click.echo(
        f"{slug}: {found.events} events sealed, {found.unsealed} waiting, {found.heads} signed heads: green"
    )


@polydesk.command()
@click.argument("target", type=click.Path(path_type=Path), required=False)
@with_appcontext
def openapi(target: Path | None) -> None:
    """Print the OpenAPI document, or write it to TARGET."""
    document = current_app.test_client().get("/api/v1/openapi.json").get_json()
    words = json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False)
    if target:
        target.write_text(words + "\n")
    else:
        click.echo(words)
