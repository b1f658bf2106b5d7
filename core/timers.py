"""Rows with a due time, swept every second; each is handled once, in its tenant, in one transaction with its effect."""

from __future__ import annotations

import logging
from collections.abc import Callable  # noqa: TC003  read at run time by SQLAlchemy
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import event as sqlalchemy_event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from core.clock import now, uuid7
from core.db import Base, UtcDateTime, db, in_transaction, transaction
from core.errors import StartupError
from core.tenancy import TenantScoped, as_tenant, current_tenant, tenant_by_id, tenant_or_none
from core.walls import crossing

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy.orm import Session, SessionTransaction

    from core.clock import VirtualClock

log = logging.getLogger(__name__)
PENDING, DONE, FAILED = "pending", "done", "failed"
HOUSEKEEPING = "tenant"
"""Whose timers a past that is played through can do without: sweeps and the clockwork of jobs."""


class Timer(TenantScoped, Base):
    """Something due: `kind` names who handles it, `dedupe_key` makes setting it twice once."""

    __tablename__ = "timer"
    __table_args__ = (
        sa.UniqueConstraint("tenant_id", "dedupe_key"),
        sa.Index(
            "ix_timer_due",
            "due_at",
            sqlite_where=sa.column("state") == "pending",
            postgresql_where=sa.column("state") == "pending",
        ),
        sa.Index("ix_timer_subject", "tenant_id", "subject_type", "subject_id"),
    )
    kind: Mapped[str] = mapped_column(sa.String(60))
    subject_type: Mapped[str] = mapped_column(sa.String(60))
    subject_id: Mapped[UUID]
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    state: Mapped[str] = mapped_column(sa.String(16), default=PENDING)
    dedupe_key: Mapped[str] = mapped_column(sa.String(200))


_TIMER: Any = Timer.__table__


_AHEAD = "polydesk_timers_ahead"
_FAR = datetime.max.replace(tzinfo=UTC)

# Asked for at every step of a virtual clock, so it is built once; it names the tenant itself.
_NEXT = (
    sa.select(_TIMER.c.id, _TIMER.c.due_at)
    .where(
        _TIMER.c.tenant_id == sa.bindparam("tenant_id"),
        _TIMER.c.state == PENDING,
        _TIMER.c.subject_type != sa.bindparam("resting"),
    )
    .order_by(_TIMER.c.due_at)
    .limit(1)
)

_FORGET = sa.delete(_TIMER).where(
    _TIMER.c.tenant_id == sa.bindparam("tenant_id"),
    _TIMER.c.id.in_(
        sa.select(_TIMER.c.id)
        .where(
            _TIMER.c.tenant_id == sa.bindparam("tenant_id"),
            _TIMER.c.dedupe_key == sa.bindparam("dedupe_key"),
            _TIMER.c.state == PENDING,
        )
        .with_for_update(skip_locked=True)
    ),
)

# The update is the claim: a second sweeper waits for the row and then finds nothing pending.
_CLAIM = (
    sa.update(Timer)
    .where(
        Timer.id == sa.bindparam("timer_id"),
        Timer.state == PENDING,
        Timer.due_at <= sa.bindparam("present"),
    )
    .values(state=DONE)
    .returning(Timer)
    .execution_options(synchronize_session=False, populate_existing=True)
)

_runners: dict[str, Callable[[Timer], None]] = {}


def register_timer(kind: str, run: Callable[[Timer], None]) -> None:
    """Let `run(timer)` handle due timers of `kind`; another function for the same kind stops the start."""
    if _runners.setdefault(kind, run) is not run:
        raise StartupError(f"timer kind {kind} has two handlers")


def set_timer(kind: str, subject: tuple[str, UUID], due_at: datetime, dedupe_key: str) -> None:
    """Have `kind` run at `due_at`; an existing timer of the same key moves there and is pending again."""
    ahead = db.session().info.get(_AHEAD)
    if ahead:
        for resting, known in ahead.items():
            ahead[resting] = min(known, due_at)
    # A timer never waits in the session, so nothing that does need be written for it.
    with db.session.no_autoflush:
        db.session.execute(
            _upsert(db.engine.dialect.name),
            {
                "tenant_id": current_tenant().id,
                "id": uuid7(),
                "kind": kind,
                "subject_type": subject[0],
                "subject_id": subject[1],
                "due_at": due_at,
                "state": PENDING,
                "dedupe_key": dedupe_key,
            },
        )


@lru_cache(maxsize=2)
def _upsert(dialect: str) -> Any:
    insert: Any = {"postgresql": postgresql.insert, "sqlite": sqlite.insert}[dialect]
    made = insert(_TIMER).values({column.name: sa.bindparam(column.name) for column in _TIMER.c})
    moved = {"due_at": made.excluded.due_at, "state": made.excluded.state}
    return made.on_conflict_do_update(index_elements=["tenant_id", "dedupe_key"], set_=moved)


def forget_timer(dedupe_key: str) -> None:
    """Forget the pending timer of this key, unless a sweeper has it: two that wait for each other are a deadlock."""
    with db.session.no_autoflush:
        db.session.execute(_FORGET, {"tenant_id": current_tenant().id, "dedupe_key": dedupe_key})


def cancel_timers(dedupe_keys: Sequence[str]) -> None:
    """Forget the pending timers of these keys."""
    if dedupe_keys:
        db.session.execute(
            sa.delete(Timer).where(Timer.dedupe_key.in_(dedupe_keys), Timer.state == PENDING)
        )


def due(limit: int = 200) -> list[tuple[UUID, UUID]]:
    """(tenant id, timer id) of due timers, across tenants or of the current one, oldest first."""
    waiting = sa.select(Timer.tenant_id, Timer.id).where(
        Timer.state == PENDING, Timer.due_at <= now()
    )
    oldest = waiting.order_by(Timer.due_at).limit(limit)
    if tenant_or_none():
        return [(tenant_id, timer_id) for tenant_id, timer_id in db.session.execute(oldest)]
    with crossing("sweep timers"), db.engines["worker"].connect() as connection:
        return [(tenant_id, timer_id) for tenant_id, timer_id in connection.execute(oldest)]


def fire(tenant_id: UUID, timer_id: UUID) -> bool:
    """Handle one timer in its tenant; False when someone else had it. A failing one is marked and logged."""
    entered = tenant_or_none()
    tenant = entered if entered and entered.id == tenant_id else tenant_by_id(tenant_id)
    if tenant is None:
        return False
    with as_tenant(tenant):
        try:
            with transaction():
                return _take(timer_id)
        except Exception:
            log.exception("timer %s failed", timer_id)
            with transaction():
                db.session.execute(
                    sa.update(Timer).where(Timer.id == timer_id).values(state=FAILED)
                )
            return False


def _take(timer_id: UUID) -> bool:
    with db.session.no_autoflush:  # a timer never waits in the session
        asked = {"timer_id": timer_id, "present": now()}
        timer = db.session.scalars(_CLAIM, asked).one_or_none()
    if timer is None:
        return False
    _runners[timer.kind](timer)
    return True


def run_due() -> int:
    """Handle everything that is due now, in every tenant; gives how many."""
    count = 0
    while batch := due():
        fired = sum(fire(tenant_id, timer_id) for tenant_id, timer_id in batch)
        count += fired
        if not fired:
            break
    return count


def play(clock: VirtualClock, steps: Iterable[tuple[datetime, Callable[[], None]]]) -> None:
    """Let each step happen at its own time, timers in between, and end at the present: how a plugin tells its past.

    Steps may begin before the clock's time; what others told of those days stays as it is.
    """
    present = clock.at
    for at, step in sorted(steps, key=lambda each: each[0]):
        run_until(clock, min(at, present))
        step()
    run_until(clock, present)


def run_until(clock: VirtualClock, until: datetime, *, housekeeping: bool = True) -> int:
    """Let a virtual clock jump from due time to due time of the current tenant up to `until`; gives how many fired.

    Without `housekeeping` the tenant's own timers wait for the next time: then each fires once, however late.
    """
    count, tenant_id = 0, current_tenant().id
    resting = "" if housekeeping else HOUSEKEEPING
    while row := _next(tenant_id, until, resting):
        clock.set(max(row.due_at, clock.at))
        count += fire(tenant_id, row.id)
    clock.set(until)
    return count


def _next(tenant_id: UUID, until: datetime, resting: str) -> Any:
    """The timer that is due first, by `until`; None.

    Nothing is due before what was found once, or set since: so the transaction asks again only from there on.
    """
    ahead: dict[str, datetime] = (
        db.session().info.setdefault(_AHEAD, {}) if in_transaction() else {}
    )
    if until < ahead.get(resting, until):
        return None
    with db.session.no_autoflush:
        asked = {"tenant_id": tenant_id, "resting": resting}
        row = db.session.execute(_NEXT, asked).one_or_none()
    ahead[resting] = row.due_at if row else _FAR
    return row if row and row.due_at <= until else None


@sqlalchemy_event.listens_for(db.session, "after_transaction_end")
def _forget_ahead(session: Session, transaction: SessionTransaction) -> None:
    """What is due next is known for one transaction; with a savepoint go the timers that were set behind it."""
    if transaction.nested or transaction.parent is None:
        session.info.pop(_AHEAD, None)
