"""Nothing crosses from one tenant to another: each way that was ever tried, with its positive control."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from core.auth.models import Department
from core.clock import now
from core.db import db, transaction
from core.errors import NoTenant, TenantLeak
from core.plugins import PluginFailure
from core.tenancy import as_tenant, current_tenant
from tests.conftest import POSTGRESQL


@pytest.fixture
def pair(make_tenant):
    """Two tenants, each with one row."""
    found = []
    for _ in range(2):
        tenant = make_tenant()
        with as_tenant(tenant), transaction():
            row = PluginFailure(plugin="p", hook="h", error=f"of {tenant.slug}")
            db.session.add(row)
        found.append((tenant, _only_id(tenant)))
    return found


def _only_id(tenant):
    with as_tenant(tenant):
        return db.session.scalars(sa.select(PluginFailure.id)).one()


def test_orm_reads_see_their_own_rows_only(pair):
    for tenant, row_id in pair:
        with as_tenant(tenant):
            assert db.session.scalars(sa.select(PluginFailure.id)).all() == [row_id]
            assert db.session.scalar(sa.select(sa.func.count()).select_from(PluginFailure)) == 1


def test_get_and_identity_map_do_not_cross(pair):
    (mine, my_id), (other, other_id) = pair
    with as_tenant(other):
        assert db.session.get(PluginFailure, (other.id, other_id)).error == f"of {other.slug}"
    with as_tenant(mine):
        assert db.session.get(PluginFailure, (mine.id, my_id)) is not None
        with pytest.raises(TenantLeak):
            db.session.get(PluginFailure, (other.id, other_id))
        with pytest.raises(TenantLeak), as_tenant(other):
            pass


BELOW_THE_ORM = {
    "text": lambda table, _: sa.text(f"SELECT * FROM {table.name}"),
    "text with the other's id": lambda table, other: sa.text(
        f"SELECT * FROM {table.name} WHERE tenant_id = :t"
    ).bindparams(sa.bindparam("t", other, sa.Uuid)),
    "core select": lambda table, other: sa.select(table),
    "core select of the other": lambda table, other: sa.select(table).where(
        table.c.tenant_id == other
    ),
    "core count": lambda table, other: sa.select(sa.func.count()).select_from(table),
    "core subquery": lambda table, other: sa.select(sa.select(table.c.id).subquery()),
    "core update": lambda table, other: sa.update(table).values(error="x"),
    "core update that takes rows over": lambda table, other: sa.update(table).values(
        tenant_id=current_tenant().id
    ),
    "core update that gives rows away": lambda table, other: (
        sa.update(table).where(table.c.tenant_id == current_tenant().id).values(tenant_id=other)
    ),
    "core delete of the other": lambda table, other: sa.delete(table).where(
        table.c.tenant_id == other
    ),
    "join on equality alone": lambda table, other: sa.select(table.c.id).join(
        table.alias("b"), table.alias("b").c.tenant_id == table.c.tenant_id
    ),
}


@pytest.mark.parametrize("name", BELOW_THE_ORM)
def test_below_the_orm_nothing_passes(pair, name):
    (mine, my_id), (other, _) = pair
    table = PluginFailure.__table__
    with as_tenant(mine):
        own = sa.select(table.c.id).where(table.c.tenant_id == mine.id)
        assert db.session.execute(own).scalars().all() == [my_id]
        with pytest.raises(TenantLeak):
            db.session.execute(BELOW_THE_ORM[name](table, other.id))


@pytest.mark.parametrize("many", [1, 3])
def test_bulk_inserts_for_another_tenant_are_stopped(pair, many):
    (mine, my_id), (other, _) = pair
    rows = [
        {
            "tenant_id": mine.id,
            "id": _fresh(my_id, n),
            "plugin": "p",
            "hook": "h",
            "error": "e",
            "at": now(),
        }
        for n in range(many)
    ]
    with as_tenant(mine):
        with transaction():
            db.session.execute(sa.insert(PluginFailure), rows)
        rows = [row | {"id": _fresh(my_id, 100 + n)} for n, row in enumerate(rows)]
        rows[-1]["tenant_id"] = other.id
        with pytest.raises(TenantLeak), transaction():
            db.session.execute(sa.insert(PluginFailure), rows)
        with pytest.raises(TenantLeak), transaction():
            db.session.execute(sa.insert(PluginFailure).values(rows))
        assert db.session.scalar(sa.select(sa.func.count()).select_from(PluginFailure)) == 1 + many


def test_a_row_of_another_tenant_cannot_be_flushed(pair):
    (mine, _), (other, _) = pair
    with as_tenant(mine), pytest.raises(TenantLeak), transaction():
        db.session.add(PluginFailure(tenant_id=other.id, plugin="p", hook="h", error="e"))


def test_without_a_tenant_there_is_an_error_not_an_empty_answer(pair):
    table = PluginFailure.__table__
    for statement in (
        sa.select(PluginFailure),
        sa.select(table),
        sa.select(sa.func.count()).select_from(table),
    ):
        with pytest.raises(NoTenant):
            db.session.execute(statement)
    row = {
        "tenant_id": pair[0][0].id,
        "id": _fresh(pair[0][1], 1),
        "plugin": "p",
        "hook": "h",
        "error": "e",
        "at": now(),
    }
    with pytest.raises(NoTenant), transaction():
        db.session.execute(sa.insert(table), [row])


def test_writing_outside_of_a_transaction_is_refused(pair):
    mine, _ = pair[0]
    with as_tenant(mine), pytest.raises(RuntimeError, match="outside of transaction"):
        db.session.add(PluginFailure(plugin="p", hook="h", error="e"))
        db.session.scalars(sa.select(PluginFailure)).all()


if POSTGRESQL:

    def test_the_second_wall_holds_when_the_first_is_gone(pair, monkeypatch):
        (mine, my_id), (other, _) = pair
        engine = db.engine
        with engine.connect() as connection:
            raw = connection.connection.cursor()
            raw.execute("SELECT count(*) FROM plugin_failure")
            assert raw.fetchone()[0] == 0
            raw.execute(f"SET LOCAL app.tenant_id = '{mine.id}'")
            raw.execute("SELECT id FROM plugin_failure")
            assert [row[0] for row in raw.fetchall()] == [my_id]
            raw.execute("UPDATE plugin_failure SET error = 'x' WHERE tenant_id = %s", [other.id])
            assert raw.rowcount == 0


def _fresh(template, n):
    return type(template)(int=template.int + 1 + n)


def test_a_statement_that_is_built_once_serves_each_tenant_its_own_rows(make_tenant):
    statement = sa.select(Department.code)
    ours, theirs = make_tenant(), make_tenant()
    for tenant in (ours, theirs):
        with as_tenant(tenant), transaction():
            db.session.add(Department(code=tenant.slug, name={"en": "Works"}))
    for tenant in (ours, theirs, ours, theirs):
        with as_tenant(tenant):
            assert db.session.scalars(statement).all() == [tenant.slug]
