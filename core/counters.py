"""Gap-free numbers per tenant: one row per series and period, taken last in a transaction."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, db
from core.tenancy import TenantKeyed, current_tenant

_INSERTS = {"postgresql": postgresql.insert, "sqlite": sqlite.insert}


class Counter(TenantKeyed, Base):
    """How far a series has counted in a period."""

    __tablename__ = "counter"
    series: Mapped[str] = mapped_column(sa.String(60), primary_key=True)
    period: Mapped[str] = mapped_column(sa.String(16), primary_key=True)
    last: Mapped[int] = mapped_column(sa.BigInteger)


def take(series: str, period: str, amount: int = 1) -> int:
    """Count `series` on by `amount` and give its new value; the row stays locked until the transaction ends."""
    step = (
        sa.update(Counter)
        .where(
            Counter.tenant_id == current_tenant().id,
            Counter.series == series,
            Counter.period == period,
        )
        .values(last=Counter.last + amount)
        .returning(Counter.last)
        .execution_options(synchronize_session=False)
    )
    last = db.session.scalar(step)
    if last is None:
        # The first number of a period: two first-comers meet here, one inserts, the other counts on.
        _insert_if_absent(series, period)
        last = db.session.scalar(step)
    if last is None:
        raise RuntimeError(f"counter {series}/{period} cannot be made")
    return last


def _insert_if_absent(series: str, period: str) -> None:
    dialect = db.engine.dialect.name
    insert: Any = _INSERTS[dialect]
    db.session.execute(
        insert(Counter)
        .values(tenant_id=current_tenant().id, series=series, period=period, last=0)
        .on_conflict_do_nothing()
    )
