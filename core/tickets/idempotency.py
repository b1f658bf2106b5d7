"""The same request twice has one effect: its key is written first, so equal requests wait for each other."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from core.clock import now
from core.db import db
from core.errors import Conflict, Invalid, Problem
from core.events import canonical_json
from core.tenancy import current_tenant
from core.tickets.models import Idempotency

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from core.actors import Actor

_INSERTS: dict[str, Any] = {"postgresql": postgresql.insert, "sqlite": sqlite.insert}
KEY_LENGTH = 100
KEPT = timedelta(hours=24)


def principal_of(actor: Actor) -> str:
    """Whose keys these are: two principals may use the same key for different things."""
    return f"{actor.kind}:{actor.id or ''}"


def once(make: Callable[[], UUID], *, principal: str, route: str, key: str, body: Any) -> UUID:
    """What `make()` gave for this key the first time; it runs once, in the open transaction.

    An empty key always makes. The same key with another body raises Conflict.
    """
    if not key:
        return make()
    if len(key) > KEY_LENGTH:
        raise Invalid(
            Problem(
                field="key",
                message="tickets.error.too_long",
                values=(("limit", KEY_LENGTH), ("length", len(key))),
            )
        )
    print_of = hashlib.sha256(canonical_json(body).encode()).hexdigest()
    if not _claim(principal, route, key, print_of):
        return _earlier(principal, route, key, print_of)
    made = make()
    row = db.session.get_one(Idempotency, (current_tenant().id, principal, route, key))
    row.resource_id, row.status = made, 201
    return made


def _claim(principal: str, route: str, key: str, print_of: str) -> bool:
    # A second, equal request waits here until the first has ended: it finds the row, or makes it.
    statement = (
        _INSERTS[db.engine.dialect.name](Idempotency)
        .values(
            tenant_id=current_tenant().id,
            principal=principal,
            route=route,
            key=key,
            fingerprint=print_of,
            status=0,
            created_at=now(),
        )
        .on_conflict_do_nothing()
        .returning(Idempotency.key)
    )
    return db.session.execute(statement).one_or_none() is not None


def _earlier(principal: str, route: str, key: str, print_of: str) -> UUID:
    row = db.session.scalars(
        sa.select(Idempotency)
        .where(
            Idempotency.principal == principal, Idempotency.route == route, Idempotency.key == key
        )
        .execution_options(populate_existing=True)
    ).one()
    if row.fingerprint != print_of or row.resource_id is None:
        raise Conflict("this key was used for another request", key=key)
    return row.resource_id


def forget_old_keys() -> None:
    """Drop keys older than a day: whoever repeats a request does so sooner."""
    db.session.execute(sa.delete(Idempotency).where(Idempotency.created_at < now() - KEPT))
