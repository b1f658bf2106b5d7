"""What a tenant's tables hold, so that a refusal can be seen to change nothing."""

from __future__ import annotations

from contextlib import contextmanager

import sqlalchemy as sa

from core.db import Base, clear_session, db
from core.tenancy import current_tenant

# What a refusal leaves behind on purpose: who asked, how often, and which plugin failed.
TRACES = {"request_log", "throttle", "plugin_failure"}
STAMPS = {"last_used_at"}


def rows_of(world):
    """Every row of the tenant by table, as text."""
    with world.app.app_context(), world.inside():
        clear_session()
        found = {}
        for table in Base.metadata.sorted_tables:
            if "tenant_id" not in table.columns or table.name in TRACES:
                continue
            columns = [column for column in table.columns if column.name not in STAMPS]
            mine = sa.select(*columns).where(table.c.tenant_id == current_tenant().id)
            found[table.name] = sorted(str(tuple(row)) for row in db.session.execute(mine))
        clear_session()
    assert len(found) > 40
    return found


@contextmanager
def unchanged(world):
    """What runs meanwhile adds, changes and takes away no row."""
    before = rows_of(world)
    yield
    after = rows_of(world)
    moved = {
        name: (len(before[name]), len(after[name]), sorted({*after[name]} ^ {*before[name]})[:2])
        for name in before
        if before[name] != after[name]
    }
    assert not moved, moved
