"""The relay and the workers: seal what was said, hand it to handlers, fire timers, in threads or from RQ."""

from __future__ import annotations

import logging
import secrets
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa
from redis import Redis
from rq import Queue, SimpleWorker
from sqlalchemy.orm import Mapped, mapped_column

from core import ledger, timers, work
from core.clock import now
from core.db import Base, UtcDateTime, after_commit, clear_session, db, transaction
from core.events import EventRow, Outbox
from core.plugins import catalog, enabled, note_failure, switches
from core.tenancy import (
    TenantScoped,
    all_tenants,
    as_tenant,
    current_tenant,
    tenant_by_id,
    tenant_foreign_key,
    tenant_or_none,
)
from core.walls import crossing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from flask import Flask

    from core.contributions import Handler

log = logging.getLogger(__name__)
PENDING, DONE, PARKED = "pending", "done", "parked"
LEASE = timedelta(minutes=5)
CARRIED_AT_ONCE = 4
wake = threading.Event()


class Delivery(TenantScoped, Base):
    """One event on its way to one handler; done ones are dropped after 30 days, parked ones wait for a person."""

    __tablename__ = "delivery"
    __table_args__ = (
        tenant_foreign_key("event", "event_id"),
        sa.UniqueConstraint("tenant_id", "event_id", "handler"),
        sa.Index(
            "ix_delivery_due",
            "due_at",
            sqlite_where=sa.column("state") == "pending",
            postgresql_where=sa.column("state") == "pending",
        ),
        sa.Index("ix_delivery_handler", "tenant_id", "handler", "state"),
    )
    event_id: Mapped[UUID]
    handler: Mapped[str] = mapped_column(sa.String(120))
    state: Mapped[str] = mapped_column(sa.String(16), default=PENDING)
    attempts: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_error: Mapped[str] = mapped_column(sa.String(300), default="")


@dataclass(frozen=True)
class Carrier:
    """Takes facts out of the house: its deliveries' handlers are `<prefix>:<key>`.

    `plan(events)` says in the relay's transaction which fact goes to which handler; `carry(delivery_id)` makes one
    attempt in the tenant, outside of any transaction, and says whether it went well.
    """

    plan: Callable[[Sequence[EventRow]], Iterable[tuple[UUID, str]]]
    carry: Callable[[UUID], bool]


_carriers: dict[str, Carrier] = {}


def register_carrier(prefix: str, carrier: Carrier) -> None:
    """Let a room of core carry deliveries itself, above the floor of the relay."""
    _carriers[prefix] = carrier


def relay_tenant() -> int:
    """Seal the current tenant's waiting events and write their deliveries, one transaction a batch; gives how many."""
    count = 0
    while True:
        with transaction():
            rows = ledger.seal()
            for row in rows:
                _plan(row)
            _plan_carried(rows)
        if not rows:
            return count
        count += len(rows)
        if not ledger.has_heads():
            ledger.write_head()


def _plan(row: EventRow) -> None:
    found = catalog()
    for name, handler in found.shelf("handler").items():
        if handler.event.type == row.type and enabled(found.owner("handler", name)):
            db.session.add(Delivery(event_id=row.id, handler=name))


def _plan_carried(rows: Sequence[EventRow]) -> None:
    if not rows:
        return
    for carrier in _carriers.values():
        for event_id, handler in carrier.plan(rows):
            db.session.add(Delivery(event_id=event_id, handler=handler))


def relay() -> int:
    """Seal for every tenant that has something waiting; inside a tenant, for that one."""
    if tenant_or_none():
        return relay_tenant()
    with crossing("find waiting events"), db.engines["worker"].connect() as connection:
        waiting = list(connection.scalars(sa.select(Outbox.tenant_id).distinct()))
    return sum(_in_tenant(tenant_id, relay_tenant) for tenant_id in waiting)


def _in_tenant(tenant_id: UUID, call: Callable[[], int]) -> int:
    tenant = tenant_by_id(tenant_id)
    if tenant is None:
        return 0
    with as_tenant(tenant):
        return call()


def claim(limit: int = 100, *, carried: bool | None = None) -> list[tuple[UUID, UUID]]:
    """Lease due deliveries, across tenants or of the current one; gives (tenant id, delivery id), oldest first.

    `carried` asks only for those that leave the house, or only for those that stay.
    """
    tenant = tenant_or_none()
    leaves = Delivery.handler.contains(":")
    which = sa.true() if carried is None else leaves if carried else ~leaves
    if tenant:
        with transaction():
            return _lease(db.session, limit, sa.and_(Delivery.tenant_id == tenant.id, which))
    with crossing("claim deliveries"), db.engines["worker"].begin() as connection:
        return _lease(connection, limit, which)


def _lease(connection: Any, limit: int, mine: sa.ColumnElement[bool]) -> list[tuple[UUID, UUID]]:
    unleased = sa.or_(Delivery.lease_until.is_(None), Delivery.lease_until < now())
    free = (mine, Delivery.state == PENDING, Delivery.due_at <= now(), unleased)
    oldest = (
        sa.select(Delivery.tenant_id, Delivery.id)
        .where(*free)
        .order_by(Delivery.due_at)
        .limit(limit)
    )
    keys = [tuple(key) for key in connection.execute(oldest)]
    if not keys:
        return []
    claimed = connection.execute(
        sa.update(Delivery)
        .where(*free, sa.tuple_(Delivery.tenant_id, Delivery.id).in_(keys))
        .values(lease_until=now() + LEASE)
        .returning(Delivery.tenant_id, Delivery.id)
        .execution_options(synchronize_session=False)
    )
    return [(tenant_id, delivery_id) for tenant_id, delivery_id in claimed]


def run_delivery(tenant_id: UUID, delivery_id: UUID) -> bool:
    """Run one delivery: the handler's effect and "done" commit together, so effects in the database happen once."""
    tenant = tenant_by_id(tenant_id)
    if tenant is None:
        return False
    with as_tenant(tenant):
        row = db.session.get(Delivery, (tenant_id, delivery_id))
        if row is not None and (carrier := _carriers.get(row.handler.partition(":")[0])):
            return _carry(carrier, delivery_id)
        handler: Handler | None = catalog().shelf("handler").get(row.handler) if row else None
        if row is None or handler is None:
            return False
        owner, name = catalog().owner("handler", row.handler), row.handler
        if not enabled(owner) or owner in switches().degraded:
            _postpone(delivery_id)
            return False
        try:
            with transaction():
                return _take(delivery_id, handler)
        except Exception as error:
            log.exception("handler %s failed", name)
            _fail(delivery_id, handler, repr(error))
            note_failure(owner, name, repr(error))
            return False


def _carry(carrier: Carrier, delivery_id: UUID) -> bool:
    """What goes wrong here is ours, not the stranger's: the lease ends and it is tried again."""
    try:
        return carrier.carry(delivery_id)
    except Exception:
        log.exception("delivery %s could not be carried", delivery_id)
        clear_session()
        _postpone(delivery_id)
        return False


# Said once a delivery, so it is built once.
_TAKEN: Any = (
    sa.update(Delivery)
    .where(Delivery.id == sa.bindparam("delivery_id"), Delivery.state == PENDING)
    .values(state=DONE)
    .returning(Delivery.event_id)
    .execution_options(synchronize_session=False)
)


def _take(delivery_id: UUID, handler: Handler) -> bool:
    event_id = db.session.scalar(_TAKEN, {"delivery_id": delivery_id})
    if event_id is None:
        return False
    handler.run(db.session.get_one(EventRow, (current_tenant().id, event_id)))
    return True


def _fail(delivery_id: UUID, handler: Handler, error: str) -> None:
    with transaction():
        row = db.session.scalars(sa.select(Delivery).where(Delivery.id == delivery_id)).one()
        row.attempts += 1
        row.last_error = error[:300]
        row.lease_until = None
        if row.attempts > len(handler.retry):
            row.state = PARKED
        else:
            row.due_at = now() + timedelta(seconds=handler.retry[row.attempts - 1] * _jitter())


def _jitter() -> float:
    return 1 + secrets.randbelow(200) / 1000


def _postpone(delivery_id: UUID) -> None:
    with transaction():
        row = db.session.scalars(sa.select(Delivery).where(Delivery.id == delivery_id)).one()
        row.due_at, row.lease_until = now() + timedelta(minutes=1), None


def drain() -> int:
    """Relay, deliver and fire until nothing is due: what tests, the demo and commands call instead of waiting."""
    count = 0
    while done := _everything_due():
        count += done
    return count


def _everything_due() -> int:
    sealed = relay()
    delivered = sum(run_delivery(*key) for key in claim())
    return sealed + delivered + timers.run_due() + work.run_due()


def wake_relay() -> None:
    """Wake the embedded relay once the open transaction has been committed."""
    after_commit(wake.set)


def write_heads() -> int:
    """Sign the chain's head of every tenant that moved; gives how many."""
    return sum(ledger.write_head() for _ in all_tenants("sign the heads of the ledgers"))


def start_threads(app: Flask, *, deliver: Callable[[], int] | None = None) -> threading.Event:
    """Run relay, timers and heads in threads of this process; set the given event to stop them."""
    stop = threading.Event()
    loops = [(_relay_step(deliver), 0.5), (timers.run_due, 1.0), (write_heads, 60.0)]
    if deliver is None:
        # A stranger's slow answer holds up other strangers for a while, but never a handler of ours.
        loops.append((lambda: carry_due(app), 1.0))
        # A thread of their own: a job may wait for a carrier, the relay may not.
        loops.append((work.run_due, 1.0))
    for step, pause in loops:
        threading.Thread(target=_loop, args=(app, step, pause, stop), daemon=True).start()
    return stop


def _relay_step(deliver: Callable[[], int] | None) -> Callable[[], int]:
    def own() -> int:
        return sum(run_delivery(*key) for key in claim(carried=False))

    return lambda: relay() + (deliver or own)()


def carry_due(app: Flask) -> int:
    """Make the due attempts that leave the house, a few at once; gives how many went well."""
    keys = claim(limit=2 * CARRIED_AT_ONCE, carried=True)
    if not keys:
        return 0

    def attempt(key: tuple[UUID, UUID]) -> bool:
        with app.app_context():
            try:
                return run_delivery(*key)
            finally:
                clear_session()

    with ThreadPoolExecutor(max_workers=CARRIED_AT_ONCE) as pool:
        return sum(pool.map(attempt, keys))


def _loop(app: Flask, step: Callable[[], int], pause: float, stop: threading.Event) -> None:
    while not stop.is_set():
        try:
            with app.app_context():
                step()
                clear_session()
        except Exception:
            log.exception("background step failed; it runs again")
        if pause < 1:
            wake.wait(pause)
            wake.clear()
        else:
            stop.wait(pause)


def enqueue_due(queue: Queue) -> int:
    """Hand due deliveries and job runs to RQ: a message carries nothing but the row's key.

    What leaves the house goes to a queue of its own, which a worker asks last.
    """
    keys = [(queue, key) for key in claim(carried=False)]
    keys += [(out_of(queue), key) for key in claim(carried=True)]
    for chosen, (tenant_id, delivery_id) in keys:
        chosen.enqueue(
            "wsgi.run_delivery", str(tenant_id), str(delivery_id), result_ttl=0, failure_ttl=3600
        )
    runs = work.claim()
    for tenant_id, run_id in runs:
        queue.enqueue(
            "wsgi.run_job", str(tenant_id), str(run_id), result_ttl=0, failure_ttl=3600,
            job_timeout=int(work.LEASE.total_seconds() * 12),
        )  # fmt: skip
    return len(keys) + len(runs)


def out_of(queue: Queue) -> Queue:
    """The queue of deliveries to strangers beside `queue`."""
    return Queue(f"{queue.name}-out", connection=queue.connection, serializer="json")


def run_worker(app: Flask, redis_url: str, *, burst: bool = False) -> None:
    """Be a worker process: relay and timers in threads, deliveries from RQ with JSON payloads."""
    connection = Redis.from_url(redis_url)
    queue = Queue("polydesk", connection=connection, serializer="json")
    if burst:
        with app.app_context():
            relay()
            enqueue_due(queue)
    stop = None if burst else start_threads(app, deliver=lambda: enqueue_due(queue))
    try:
        SimpleWorker([queue, out_of(queue)], connection=connection, serializer="json").work(
            burst=burst
        )
    finally:
        if stop:
            stop.set()
