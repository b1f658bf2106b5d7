"""Migrations: an empty database comes up, every owner goes down and up again, and nothing is left over."""

from __future__ import annotations

import re

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from core import upgrade
from core.catalog import discover
from core.db import Base, clear_session, db
from core.plugins import catalog
from core.upgrade import alembic_config, owner_engine, owners, tables_of
from tests.conftest import POSTGRESQL, make_app, make_config
from tests.habits import source
from tests.services import empty_postgresql

VERSIONS = "alembic_version"


@pytest.fixture
def empty(tmp_path, worker_id):
    """The application over a database in which nothing is yet."""
    if POSTGRESQL:
        urls = empty_postgresql(f"empty_{worker_id}")
    else:
        urls = dict.fromkeys(("owner", "app", "worker"), f"sqlite:///{tmp_path / 'empty.db'}")
    config = make_config(tmp_path, urls)
    made = make_app(config)
    with made.app_context():
        yield config
        clear_session()
        for engine in db.engines.values():
            engine.dispose()


def tables(engine):
    return {name for name in sa.inspect(engine).get_table_names() if not name.startswith(VERSIONS)}


def test_an_empty_database_comes_up_and_fits_the_models(empty):
    upgrade.upgrade(empty)
    engine = owner_engine(empty)
    assert tables(engine) == set(Base.metadata.tables)
    with engine.connect() as connection:
        options = {"include_object": _no_version_tables, "compare_type": True}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, Base.metadata) == []
    assert upgrade.upgrade(empty) == 0, "a second run has nothing to do"
    engine.dispose()


def _no_version_tables(_item, name, kind, _reflected, _compare_to):
    return kind != "table" or not str(name).startswith(VERSIONS)


def test_every_owner_goes_down_and_up_again(empty):
    upgrade.upgrade(empty)
    # ends the session's reading transaction, whose locks no table could be dropped behind
    clear_session()
    engine = owner_engine(empty)
    found = owners(catalog())
    assert found[0] == ""
    for owner in reversed(found):
        before, own = tables(engine), tables_of(owner, catalog())
        with engine.begin() as connection:
            command.downgrade(alembic_config(owner, connection), "base")
        assert before - tables(engine) == own & before, "it touches its own tables alone"
    assert tables(engine) == set()
    for owner in found:
        with engine.begin() as connection:
            command.upgrade(alembic_config(owner, connection), "head")
    assert tables(engine) == set(Base.metadata.tables)
    engine.dispose()


def test_a_revision_names_its_owners_tables_only(app):
    folders = {"": source.ROOT / "migrations/versions"}
    folders |= {
        m.plugin.name: source.ROOT / "plugins" / m.plugin.name / "migrations" for m in discover()
    }
    plugins = [name for name in folders if name]
    looked_at = 0
    for owner, folder in folders.items():
        for path in folder.glob("[0-9]*.py"):
            looked_at += 1
            made = re.findall(r"(?:create|drop)_table\(\s*[\"']([a-z_]+)", path.read_text())
            foreign = [t for t in made if owner and not t.startswith(f"{owner}_")]
            foreign += [t for t in made if not owner and t.split("_")[0] in plugins]
            assert foreign == [], path.name
    assert looked_at >= 2
    assert app.name
