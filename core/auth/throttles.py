"""Saying wait: how often something may be tried per account, per address range or per number."""

from __future__ import annotations

import ipaddress
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from core.auth.models import Throttle
from core.clock import now
from core.db import aside, db
from core.errors import TooMany
from core.keys import sign
from core.tenancy import current_tenant

if TYPE_CHECKING:
    from datetime import datetime

_INSERTS: dict[str, Any] = {"postgresql": postgresql.insert, "sqlite": sqlite.insert}
V4_RANGE, V6_RANGE = 24, 48


def check(key: str, limit: int, seconds: int) -> None:
    """Raise TooMany when `key` was counted `limit` times within the window of `seconds`."""
    row = db.session.get(Throttle, (current_tenant().id, key))
    if row is None or row.count < limit:
        return
    ends = row.window_started_at + timedelta(seconds=seconds)
    if ends > now():
        raise TooMany(retry_after=max(1, int((ends - now()).total_seconds())))


def count(key: str, seconds: int) -> None:
    """Count one try, aside: it counts even when the transaction is rolled back."""
    at = now()
    aside(lambda: _count(key, at, at - timedelta(seconds=seconds)))


def spend(key: str, limit: int, seconds: int) -> None:
    """Check, then count."""
    check(key, limit, seconds)
    count(key, seconds)


def forget(key: str) -> None:
    """Start over, after a success."""
    aside(lambda: _forget(key))


def private(kind: str, value: str) -> str:
    """A throttle's key for something personal, not readable from the table."""
    return f"{kind}:{sign('throttles', kind, value)}"


def address_range(kind: str, ip: str) -> str:
    """A throttle's key for the network an address belongs to (/24, /48)."""
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        return f"{kind}:unknown"
    width = V4_RANGE if address.version == 4 else V6_RANGE  # noqa: PLR2004
    return f"{kind}:{ipaddress.ip_network((address, width), strict=False)}"


def _count(key: str, at: datetime, window_begins: datetime) -> None:
    fresh = Throttle.window_started_at <= window_begins
    step = (
        sa.update(Throttle)
        .where(Throttle.key == key)
        .values(
            count=sa.case((fresh, 1), else_=Throttle.count + 1),
            window_started_at=sa.case((fresh, at), else_=Throttle.window_started_at),
        )
        .execution_options(synchronize_session=False)
    )
    counted: Any = db.session.execute(step)
    if counted.rowcount == 0:
        # The first try of all: two first-comers meet here, one inserts, both count.
        insert = _INSERTS[db.engine.dialect.name](Throttle)
        row = {"tenant_id": current_tenant().id, "key": key, "window_started_at": at, "count": 0}
        db.session.execute(insert.values(**row).on_conflict_do_nothing())
        db.session.execute(step)


def _forget(key: str) -> None:
    db.session.execute(sa.delete(Throttle).where(Throttle.key == key))
