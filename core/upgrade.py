"""`polydesk db upgrade`: migrations of core and of every plugin, each with its own version table, then the walls."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa
from alembic import command
from alembic.config import Config as AlembicConfig
from sqlalchemy import event
from sqlalchemy.engine import make_url

from core import definitions
from core.db import Base, db, transaction
from core.plugins import TenantPlugin, catalog, tell
from core.tenancy import all_tenants
from core.walls import raise_walls
from core.work import schedule_jobs

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection, Engine

    from core.catalog import Catalog
    from core.config import Config
    from core.tenancy import Tenant

HOME = Path(__file__).resolve().parent.parent


def owners(found: Catalog) -> list[str]:
    """Everybody with migrations of their own, in order of `requires`; "" is core."""
    return ["", *(name for name in found.plugins if _folder(found, name).is_dir())]


def _folder(found: Catalog, owner: str) -> Path:
    if not owner:
        return HOME / "migrations" / "versions"
    return Path(found.modules[owner].__file__ or "").parent / "migrations"


def tables_of(owner: str, found: Catalog) -> set[str]:
    """Names of the tables an owner may touch: a plugin's begin with its name, core's with nobody's."""
    names = set(Base.metadata.tables)
    if owner:
        return {name for name in names if name.startswith(f"{owner}_")}
    return {
        name for name in names if not any(name.startswith(f"{plugin}_") for plugin in found.plugins)
    }


def alembic_config(owner: str, connection: Connection) -> AlembicConfig:
    """Alembic's settings for one owner on one open connection."""
    found = catalog()
    config = AlembicConfig()
    config.set_main_option("script_location", str(HOME / "migrations"))
    config.set_main_option("version_locations", str(_folder(found, owner)))
    config.set_main_option("path_separator", "os")
    config.attributes.update(
        connection=connection,
        version_table=f"alembic_version_{owner}" if owner else "alembic_version",
        tables=tables_of(owner, found),
    )
    return config


def owner_engine(config: Config) -> Engine:
    """An engine of the role that owns the tables; no guard stands in front of it."""
    engine = sa.create_engine(config.owner_url)
    if engine.dialect.name == "sqlite":
        event.listen(
            engine, "connect", lambda connection, _: connection.execute("PRAGMA busy_timeout=10000")
        )
    return engine


def upgrade(config: Config) -> int:
    """Migrate all owners to their heads, raise the walls, append new declared definitions, call on_upgrade; idempotent.

    Gives the number of definitions appended.
    """
    engine = owner_engine(config)
    with engine.begin() as connection:
        for owner in owners(catalog()):
            command.upgrade(alembic_config(owner, connection), "head")
    if engine.dialect.name == "postgresql":
        with engine.begin() as connection:
            raise_walls(connection, _role(config.database_url), _role(config.worker_url))
    engine.dispose()
    with transaction():
        appended = definitions.sync_declared(catalog())
    _upgrade_tenants()
    return appended


def _role(url: str) -> str:
    name = make_url(url).username
    if not name:
        raise ValueError("the database URL names no role")
    return name


def _upgrade_tenants() -> None:
    for tenant in all_tenants("bring tenants' data to the installed versions"):
        with transaction():
            schedule_jobs("")
            for row in db.session.scalars(sa.select(TenantPlugin)).all():
                _upgrade_plugin(tenant, row)


def _upgrade_plugin(tenant: Tenant, row: TenantPlugin) -> None:
    plugin = catalog().plugins.get(row.plugin)
    if plugin and row.version != plugin.version:
        tell(plugin.name, "on_upgrade", tenant=tenant, old_version=row.version)
        row.version = plugin.version
    if plugin and row.enabled_at:
        schedule_jobs(plugin.name)


def revise(config: Config, owner: str, message: str) -> None:
    """Write the next numbered revision of one owner from the difference between models and database."""
    folder = _folder(catalog(), owner)
    number = 1 + len(list(folder.glob("[0-9]*.py")))
    engine = owner_engine(config)
    with engine.connect() as connection:
        command.revision(
            alembic_config(owner, connection),
            message=message,
            autogenerate=True,
            version_path=str(folder),
            rev_id=f"{number:04}",
        )
