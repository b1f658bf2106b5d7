"""Background work: jobs that run by the clock or on demand, outside of transactions, with progress people can watch."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from croniter import croniter
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from core.actors import SYSTEM
from core.clock import now, uuid7
from core.contributions import Job
from core.db import Base, UtcDateTime, db, end_reading, transaction
from core.errors import NotFound, StartupError
from core.plugins import catalog, enabled, note_failure, offered
from core.tenancy import TenantScoped, as_tenant, current_tenant, tenant_by_id, tenant_or_none
from core.timers import Timer, cancel_timers, register_timer, set_timer
from core.walls import crossing

if TYPE_CHECKING:
    from core.actors import Actor
    from core.catalog import Catalog

log = logging.getLogger(__name__)
WAITING, DONE, FAILED = "waiting", "done", "failed"
LEASE = timedelta(minutes=5)
OFF_PAUSE = timedelta(minutes=1)
KEPT = timedelta(days=30)
CRON = "work.cron"


class JobRunRow(TenantScoped, Base):
    """One run of a job: waiting (under a lease while it runs), done or failed; `dedupe_key` only while it waits."""

    __tablename__ = "job_run"
    __table_args__ = (
        sa.UniqueConstraint("tenant_id", "dedupe_key"),
        sa.Index(
            "ix_job_run_due",
            "due_at",
            sqlite_where=sa.column("state") == "waiting",
            postgresql_where=sa.column("state") == "waiting",
        ),
        sa.Index("ix_job_run_recent", "tenant_id", "job", "created_at"),
    )
    job: Mapped[str] = mapped_column(sa.String(120))
    payload: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict)
    state: Mapped[str] = mapped_column(sa.String(16), default=WAITING)
    attempts: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    result: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict)
    last_error: Mapped[str] = mapped_column(sa.String(300), default="")
    dedupe_key: Mapped[str | None] = mapped_column(sa.String(200))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    created_by: Mapped[UUID | None]
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


@dataclass
class JobRun:
    """What a running job holds: its `payload`, and `result`, which is kept when it ends (also across attempts)."""

    id: UUID
    payload: dict[str, Any]
    created_by: UUID | None = None
    result: dict[str, Any] = field(default_factory=dict)

    def progress(self, done: int, total: int) -> None:
        """Let people see how far it is; also keeps the lease, so say it at least every five minutes."""
        values = {"done": done, "total": total, "lease_until": now() + LEASE, "result": self.result}
        with transaction():
            _update(self.id, **values)


@dataclass(frozen=True)
class JobView:
    """A run as people see it; `error` names what went wrong in the last attempt."""

    id: UUID
    job: str
    state: Literal["queued", "running", "done", "failed"]
    done: int
    total: int
    result: dict[str, Any]
    error: str
    created_by: UUID | None
    created_at: datetime


def start_job(name: str, payload: dict[str, Any], *, actor: Actor, dedupe: str = "") -> UUID:
    """Have the job `name` run once with `payload` (JSON) after the open transaction; gives the run's id.

    While a run with the same `dedupe` waits or runs, that one is given instead. NotFound while its plugin is off.
    """
    if name not in offered("job"):
        raise NotFound(f"no job {name}")
    row_id = uuid7()
    row = JobRunRow(
        id=row_id, job=name, payload=payload, dedupe_key=dedupe or None, created_by=actor.id
    )
    if not dedupe:
        db.session.add(row)
        return row_id
    try:
        with db.session.begin_nested():
            db.session.add(row)
    except IntegrityError:
        found = db.session.scalars(sa.select(JobRunRow.id).where(JobRunRow.dedupe_key == dedupe))
        return found.one()
    return row_id


def job_run(run_id: UUID) -> JobView:
    """How a run stands; NotFound."""
    row = db.session.get(JobRunRow, (current_tenant().id, run_id))
    if row is None:
        raise NotFound(f"no job run {run_id}")
    running = row.lease_until is not None and row.lease_until > now()
    state: Any = row.state if row.state != WAITING else ("running" if running else "queued")
    return JobView(
        row.id, row.job, state, row.done, row.total, dict(row.result), row.last_error,
        row.created_by, row.created_at,
    )  # fmt: skip


# --- running


def claim(limit: int = 20) -> list[tuple[UUID, UUID]]:
    """Lease due runs, across tenants or of the current one; gives (tenant id, run id), oldest first."""
    tenant = tenant_or_none()
    if tenant:
        with transaction():
            return _lease(db.session, limit, JobRunRow.tenant_id == tenant.id)
    with crossing("claim job runs"), db.engines["worker"].begin() as connection:
        return _lease(connection, limit, sa.true())


def _lease(connection: Any, limit: int, mine: sa.ColumnElement[bool]) -> list[tuple[UUID, UUID]]:
    unleased = sa.or_(JobRunRow.lease_until.is_(None), JobRunRow.lease_until < now())
    free = (mine, JobRunRow.state == WAITING, JobRunRow.due_at <= now(), unleased)
    oldest = sa.select(JobRunRow.tenant_id, JobRunRow.id).where(*free)
    keys = [
        tuple(key) for key in connection.execute(oldest.order_by(JobRunRow.due_at).limit(limit))
    ]
    if not keys:
        return []
    claimed = connection.execute(
        sa.update(JobRunRow)
        .where(*free, sa.tuple_(JobRunRow.tenant_id, JobRunRow.id).in_(keys))
        .values(lease_until=now() + LEASE)
        .returning(JobRunRow.tenant_id, JobRunRow.id)
        .execution_options(synchronize_session=False)
    )
    return [(tenant_id, run_id) for tenant_id, run_id in claimed]


def run_job(tenant_id: UUID, run_id: UUID) -> bool:
    """Run one leased run in its tenant; True when it ended well."""
    tenant = tenant_by_id(tenant_id)
    if tenant is None:
        return False
    with as_tenant(tenant):
        row = db.session.get(JobRunRow, (tenant_id, run_id))
        if row is None or row.state != WAITING:
            return False
        job: Job | None = catalog().shelf("job").get(row.job)
        if job is None or not enabled(catalog().owner("job", row.job)):
            with transaction():
                _update(run_id, due_at=now() + OFF_PAUSE, lease_until=None)
            return False
        run = JobRun(run_id, dict(row.payload), row.created_by, dict(row.result))
        attempts = row.attempts
        end_reading()
        try:
            job.run(run)
        except Exception as error:
            log.exception("job %s failed", job.name)
            _fail(run, job, attempts + 1, repr(error))
            return False
        _end(run, DONE)
        return True


def run_due() -> int:
    """Run everything that is due now; gives how many ended well."""
    return sum(run_job(*key) for key in claim())


def _update(run_id: UUID, **values: Any) -> None:
    db.session.execute(sa.update(JobRunRow).where(JobRunRow.id == run_id).values(**values))


def _end(run: JobRun, state: str, **more: Any) -> None:
    values = {"state": state, "finished_at": now(), "result": run.result, "lease_until": None}
    with transaction():
        _update(run.id, **values, dedupe_key=None, **more)


def _fail(run: JobRun, job: Job, attempts: int, error: str) -> None:
    end_reading()  # whatever the job left open is not ours to keep
    note_failure(catalog().owner("job", job.name), job.name, error)
    said = {"attempts": attempts, "last_error": error[:300]}
    if attempts > len(job.retry):
        _end(run, FAILED, **said)
        return
    again = now() + timedelta(seconds=job.retry[attempts - 1])
    with transaction():
        _update(run.id, due_at=again, lease_until=None, result=run.result, **said)


# --- by the clock


def schedule_jobs(plugin: str) -> None:
    """Let the clockwork of a plugin's jobs go on ("" is core's); what is already set stays."""
    found = catalog()
    for name, job in found.shelf("job").items():
        if job.cron and found.owner("job", name) == plugin and not _is_set(name):
            _set_next(job)


def unschedule_jobs(plugin: str) -> None:
    """Stop the clockwork of a plugin's jobs; runs that wait rest until it is on again."""
    found = catalog()
    cancel_timers([_key(n) for n in found.shelf("job") if found.owner("job", n) == plugin])


def _key(name: str) -> str:
    return f"cron:{name}"


_WAITING = sa.select(Timer.id).where(
    Timer.dedupe_key == sa.bindparam("dedupe_key"), Timer.state == "pending"
)


def _is_set(name: str) -> bool:
    return db.session.scalar(_WAITING, {"dedupe_key": _key(name)}) is not None


def _set_next(job: Job) -> None:
    tenant = current_tenant()
    local = now().astimezone(ZoneInfo(tenant.timezone))
    following = croniter(job.cron, local).get_next(datetime)
    set_timer(CRON, ("tenant", tenant.id), following, _key(job.name))


def _strike(timer: Timer) -> None:
    """A cron timer is due: one run, unless the last one still goes on, and the next stroke."""
    name = timer.dedupe_key.removeprefix("cron:")
    job = offered("job").get(name)
    if job is not None:
        start_job(name, {}, actor=SYSTEM, dedupe=_key(name))
        _set_next(job)


register_timer(CRON, _strike)


def tidy(_run: JobRun) -> None:
    """Drop what ended thirty days ago: runs of jobs, and timers that have struck."""
    before = now() - KEPT
    with transaction():
        db.session.execute(sa.delete(JobRunRow).where(JobRunRow.finished_at < before))
        db.session.execute(sa.delete(Timer).where(Timer.state != "pending", Timer.due_at < before))


TIDY = Job("tidy", "core.job.tidy", tidy, cron="23 3 * * *")


def check_jobs(found: Catalog) -> None:
    """Stop the start when a job's cron makes no sense."""
    for name, job in found.shelf("job").items():
        if job.cron and not croniter.is_valid(job.cron):
            raise StartupError(f"the job {name} runs at {job.cron!r}, which is no cron expression")
