"""Rows with a due time, swept every second; each is handled once, in its tenant, in one transaction with its effect."""

from __future__ import annotations

import logging
from collections.abc import Callable  # noqa: TC003  read at run time by SQLAlchemy
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.clock import now
from core.db import Base, UtcDateTime, db, transaction
from core.errors import StartupError
from core.tenancy import TenantScoped, as_tenant, current_tenant, tenant_by_id, tenant_or_none
from core.walls import crossing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.clock import VirtualClock

log = logging.getLogger(__name__)
PENDING, DONE, FAILED = "pending", "done", "failed"


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


_runners: dict[str, Callable[[Timer], None]] = {}


def register_timer(kind: str, run: Callable[[Timer], None]) -> None:
    """Let `run(timer)` handle due timers of `kind`; another function for the same kind stops the start."""
    if _runners.setdefault(kind, run) is not run:
        raise StartupError(f"timer kind {kind} has two handlers")


def set_timer(kind: str, subject: tuple[str, UUID], due_at: datetime, dedupe_key: str) -> None:
    """Have `kind` run at `due_at`; an existing timer of the same key moves there and is pending again."""
    row = db.session.scalars(sa.select(Timer).where(Timer.dedupe_key == dedupe_key)).one_or_none()
    if row is None:
        row = Timer(
            kind=kind,
            subject_type=subject[0],
            subject_id=subject[1],
            due_at=due_at,
            dedupe_key=dedupe_key,
        )
        db.session.add(row)
        return
    row.due_at, row.state = due_at, PENDING


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
    tenant = tenant_by_id(tenant_id)
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
    # The update is the claim: a second sweeper waits for the row and then finds nothing pending.
    taken: Any = db.session.execute(
        sa.update(Timer)
        .where(Timer.id == timer_id, Timer.state == PENDING, Timer.due_at <= now())
        .values(state=DONE)
    )
    if taken.rowcount != 1:
        return False
    timer = db.session.scalars(sa.select(Timer).where(Timer.id == timer_id)).one()
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


def run_until(clock: VirtualClock, until: datetime) -> int:
    """Let a virtual clock jump from due time to due time of the current tenant up to `until`; gives how many fired."""
    count, tenant_id = 0, current_tenant().id
    while True:
        row = db.session.execute(
            sa.select(Timer.id, Timer.due_at)
            .where(Timer.state == PENDING, Timer.due_at <= until)
            .order_by(Timer.due_at)
            .limit(1)
        ).one_or_none()
        if row is None:
            clock.set(until)
            return count
        clock.set(max(row.due_at, clock.at))
        count += fire(tenant_id, row.id)
