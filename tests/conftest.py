"""One database per worker process, built by the real migrations; one fresh tenant per test: no cleaning."""

from __future__ import annotations

import gc
import itertools
import os
import re
import sqlite3
import tempfile
from contextvars import Context
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from jinja2 import FileSystemBytecodeCache

import tenants.hooks
from core import upgrade
from core.actors import OPERATOR
from core.app import create_app
from core.catalog import discover
from core.config import Config
from core.db import clear_session, db, transaction
from core.events import Outbox
from core.jobs import Delivery
from core.plugins import catalog
from core.tenancy import Tenant, as_tenant, tenant_by_id
from core.timers import Timer
from core.work import JobRunRow
from tenants import service
from tests.services import fresh_postgresql, fresh_sqlite

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from flask import Flask

POSTGRESQL = os.environ.get("POLYDESK_TEST_DATABASE", "sqlite") == "postgresql"
LONG = os.environ.get("POLYDESK_LONG") == "1"
AWAY = {point.name for point in entry_points(group="polydesk.plugins")} & set(
    os.environ.get("POLYDESK_WITHOUT", "").split(",")
)
"""Plugins that are installed, but left out of this run."""
LONGEST_ID = 80
CHEAP = {"time_cost": 1, "memory_cost": 8, "parallelism": 1}
TEMPLATES = Path(__file__).parents[1] / ".pytest_cache" / "templates"
LONG_FIRST = (
    "tests/browser/",
    "tests/demo/",
    "tests/running/",
    "tests/hostile/",
    "tests/habits/",
    "tests/reports/",
)
"""Where the tests of ten seconds and more are: they begin early, so that none is left for the end alone."""
DRAWN = (
    "tests/admin/",
    "tests/desk/",
    "tests/docs/",
    "tests/habits/test_pages.py",
    "tests/plugins/",
    "tests/portal/",
    "tests/reports/",
    "tests/ui/",
)
"""Pages and papers, run with SQLite alone: what the database does below them is shown by the rooms' tests, on both."""
ABOVE = (
    "tests/complaints/test_fair_and_patient.py",
    "tests/complaints/test_how_to_complain.py",
    "tests/complaints/test_rules_of_results.py",
    "tests/complaints/test_triage.py",
    "tests/habits/test_strangers.py",
    "tests/hooks/test_requests.py",
    "tests/hostile/test_api.py",
    "tests/hostile/test_pages.py",
    "tests/logistics/",
    "tests/oauth/test_attacks.py",
    "tests/property_mgmt/",
    "tests/retail/",
    "tests/sla/test_machine.py",
    "tests/sla/test_verify.py",
)
"""What is decided above the database, and takes long: with PostgreSQL by `make check-long`.

Of strangers SQLite is the harder judge: it has no row security that would cover up for us.
"""
BELOW = (
    "tests/hostile/test_api.py::test_a_strange_value",
    "tests/retail/test_ledger.py",
    "tests/sla/test_verify.py::test_honest",
)
"""What is not, in those folders and files."""
STRICTER = (
    "tests/hostile/test_api.py::test_a_strange_value",
    "tests/running/",
)
"""What takes long and PostgreSQL judges harder, or is there to serve: with SQLite by `make check-long`."""
_numbers = itertools.count(1)


class Browser(FlaskClient):
    """A browser that stays at the host named by `environ_base["HTTP_HOST"]`.

    A request may name another `base_url`. Each runs in a context of its own, as in a server: the
    test's `g`, tenant and session are not its.
    """

    def open(self, *args: Any, **kwargs: Any) -> Any:
        host = self.environ_base.get("HTTP_HOST")
        if host and args and isinstance(args[0], str):
            kwargs.setdefault("base_url", f"http://{host}")
        clear_session()
        return Context().run(super().open, *args, **kwargs)


@sa.event.listens_for(sa.Engine, "connect")
def _trust_the_power(connection: Any, _record: object) -> None:
    """Nobody cuts the power of a test: SQLite need not wait for the disk."""
    if isinstance(connection, sqlite3.Connection):
        connection.execute("PRAGMA synchronous=OFF")


def make_config(data: Path, urls: Mapping[str, str], **changes: Any) -> Config:
    """A test installation; passwords are hashed cheaply."""
    values: dict[str, Any] = {
        "data": data,
        "database_url": urls["app"],
        "owner_url": urls["owner"],
        "worker_url": urls["worker"],
        "extra": {"TESTING": True, "ARGON2": CHEAP},
    }
    return Config(**values | changes)


def make_app(config: Config, *more: Any) -> Flask:
    """The whole application, with every installed plugin and `more` of them."""
    made = create_app(config, [tenants.hooks, *discover(), *more])
    made.test_client_class = Browser
    # every app and every worker would compile the same hundred templates
    TEMPLATES.mkdir(parents=True, exist_ok=True)
    made.jinja_env.bytecode_cache = FileSystemBytecodeCache(str(TEMPLATES))
    return made


def migrate(urls: Mapping[str, str]) -> None:
    """Build an empty database by the real `db upgrade`."""
    config = make_config(Path(tempfile.mkdtemp()), urls)
    app = make_app(config)
    with app.app_context():
        upgrade.upgrade(config)
        clear_session()
        for engine in db.engines.values():
            engine.dispose()


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """A plugin's own folder, and a file that speaks of it, is of no use when it is left out (POLYDESK_WITHOUT)."""
    if collection_path.name in AWAY and collection_path.parent.name == "tests":
        return True  # before its conftest.py imports what is not there
    if (
        collection_path.suffix != ".py"
        or not AWAY
        or {"habits", "dummy"} & set(collection_path.parts)
    ):
        return None
    about = re.compile(rf"\b({'|'.join(AWAY)})\b[./]")
    return True if about.search(collection_path.read_text(encoding="utf-8")) else None


def pytest_make_parametrize_id(val: object) -> str | None:
    """A file or a flood of letters is called by its size: every worker must find the same names."""
    if isinstance(val, bytes) or (isinstance(val, str) and len(val) > LONGEST_ID):
        return f"{len(val)} {type(val).__name__}"
    return None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what this run need not ask; `make check-long` asks it, and whoever names a path or a mark."""
    items.sort(key=lambda item: not item.nodeid.startswith(LONG_FIRST))
    named = config.args_source is not pytest.Config.ArgsSource.TESTPATHS or config.option.markexpr
    out = [item for item in items if _left_out(item, short=not named and not LONG)]
    config.hook.pytest_deselected(items=out)
    gone = set(out)
    items[:] = [item for item in items if item not in gone]


def _left_out(item: pytest.Item, *, short: bool) -> bool:
    if item.get_closest_marker("long") and not LONG:
        return True
    if short and item.get_closest_marker("story"):
        return True
    if not POSTGRESQL:
        return short and item.nodeid.startswith(STRICTER)
    return (
        not {"database", "installation"} & set(getattr(item, "fixturenames", ()))
        or bool(item.get_closest_marker("browser") or item.get_closest_marker("drawing"))
        or item.nodeid.startswith(DRAWN)
        or (short and item.nodeid.startswith(ABOVE) and not item.nodeid.startswith(BELOW))
    )


def pytest_collection_finish() -> None:
    """What was imported and collected stays to the end: looking through it for garbage is of no use."""
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


@pytest.fixture(scope="session")
def database(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Mapping[str, str]:
    """URLs of this worker's own database."""
    if POSTGRESQL:
        return fresh_postgresql(f"polydesk_{worker_id}_{os.getpid()}", migrate)
    shared = tmp_path_factory.getbasetemp()
    return fresh_sqlite(
        shared if worker_id == "master" else shared.parent, f"polydesk_{worker_id}", migrate
    )


@pytest.fixture(scope="session")
def app(database: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """The application under test."""
    yield (made := make_app(make_config(tmp_path_factory.mktemp("data"), database)))
    with made.app_context():
        for engine in db.engines.values():
            engine.dispose()


@pytest.fixture
def context(app: Flask) -> Iterator[None]:
    """An application context, for tests that speak to services."""
    with app.app_context():
        yield


@pytest.fixture
def make_tenant(context: None) -> Callable[..., Tenant]:
    """Create further tenants; `plugins` are switched on."""

    def make(*plugins: str, locale: str = "zh-CN", timezone: str = "Asia/Shanghai") -> Tenant:
        slug = f"t{os.getpid()}-{next(_numbers)}"
        with transaction():
            tenant = service.create_tenant(
                slug, {"zh-CN": "锦绣", "en": "Brocade"}, locale=locale, timezone=timezone
            )
        with as_tenant(tenant), transaction():
            for plugin in plugins:
                service.enable_plugin(plugin, actor=OPERATOR)
        return tenant_by_id(tenant.id) or tenant

    return make


@pytest.fixture
def tenant(make_tenant: Callable[..., Tenant]) -> Iterator[Tenant]:
    """A fresh tenant, entered for the whole test, with every installed plugin on."""
    made = make_tenant(
        *(name for name, plugin in catalog().plugins.items() if not plugin.always_on)
    )
    with as_tenant(made):
        yield made


@pytest.fixture
def alone(context: None, database: Mapping[str, str]) -> None:
    """What other tests left due is gone, for one that sweeps over all tenants; used before its own tenant is made."""
    clear_session()
    engine = sa.create_engine(database.get("admin", database["owner"]))
    with engine.begin() as connection:
        for model in (Outbox, Delivery, Timer, JobRunRow):
            connection.execute(sa.delete(model.__table__))
    engine.dispose()


@pytest.fixture
def client(app: Flask, tenant: Tenant) -> FlaskClient:
    """A browser at the tenant's own host."""
    return client_at(app, tenant)


def client_at(app: Flask, tenant: Tenant) -> FlaskClient:
    """A browser whose every request goes to the tenant's own host."""
    made = app.test_client()
    made.environ_base["HTTP_HOST"] = f"{tenant.slug}.localhost"
    return made
