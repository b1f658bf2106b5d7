"""Every table has an owner: tenant first in its keys, unique constraints and foreign keys (platform.md §2.5)."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from core.db import Base

# What belongs to the installation, not to a tenant.
GLOBAL = {"tenant", "tenant_domain", "declared_definition"}
# What the worker sweeps by due time across tenants (model.md §3), and nobody else.
SWEPT = {"ix_timer_due", "ix_delivery_due", "ix_job_run_due"}


@pytest.fixture(scope="module")
def tables(app):
    found = {name: table for name, table in Base.metadata.tables.items() if name not in GLOBAL}
    assert len(found) > 30
    return found


def columns(things):
    return [column.name for column in things]


def test_the_key_begins_with_the_tenant(tables):
    assert [name for name, t in tables.items() if columns(t.primary_key)[:1] != ["tenant_id"]] == []


def test_every_unique_constraint_and_index_begins_with_the_tenant(tables):
    strays = [
        f"{name}: {found.name}"
        for name, table in tables.items()
        for found in [*table.indexes, *table.constraints]
        if isinstance(found, sa.Index | sa.UniqueConstraint)
        if columns(found.columns)[:1] != ["tenant_id"] and found.name not in SWEPT
    ]
    assert strays == []


def test_every_foreign_key_carries_the_tenant_and_restricts(tables):
    strays = [
        f"{name}: {columns(key.columns)}"
        for name, table in tables.items()
        for key in table.foreign_key_constraints
        if columns(key.columns)[0] != "tenant_id"
        or key.elements[0].column.name != "tenant_id"
        or key.ondelete != "RESTRICT"
    ]
    assert strays == []


def test_every_foreign_key_has_an_index_to_walk(tables):
    """A check of a deleted parent walks the child; without an index it reads the whole table."""
    strays = []
    for name, table in tables.items():
        walks = [columns(table.primary_key), *(columns(i.columns) for i in table.indexes)]
        walks += [
            columns(c.columns) for c in table.constraints if isinstance(c, sa.UniqueConstraint)
        ]
        for key in table.foreign_key_constraints:
            wanted = columns(key.columns)
            if not any(walk[: len(wanted)] == wanted for walk in walks):
                strays.append(f"{name}: {wanted}")
    assert strays == []


def test_ids_come_from_us(tables):
    counted = [
        f"{name}.{column.name}"
        for name, table in tables.items()
        for column in table.columns
        if column.identity
        or isinstance(column.default, sa.Sequence)
        or column.autoincrement is True
    ]
    assert counted == []


def test_global_tables_are_a_written_list(tables):
    loose = [name for name, table in tables.items() if "tenant_id" not in table.columns]
    assert loose == []
    assert set(Base.metadata.tables) >= GLOBAL


def test_a_plugins_tables_begin_with_its_name(app):
    """Models of a plugin live in its package; their tables carry its name."""
    strays = [
        f"{mapper.class_.__module__}: {mapper.local_table.name}"
        for mapper in Base.registry.mappers
        if mapper.class_.__module__.startswith("plugins.")
        if not mapper.local_table.name.startswith(mapper.class_.__module__.split(".")[1] + "_")
    ]
    assert strays == []
    assert len(app.extensions["polydesk_plugins"][1].plugins) >= 2
