"""A plugin at work: settings, jobs, handlers and demo run twice, and its rest when it is off."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from core import jobs, settings, timers, upgrade, work
from core.actors import SYSTEM
from core.auth import roles, teams
from core.auth import service as accounts
from core.clock import now, virtual
from core.contacts import service as contacts
from core.db import Base, clear_session, db, transaction
from core.errors import NotFound
from core.events import EventRow
from core.plugins import catalog, tell
from core.tenancy import current_tenant
from core.testing.paper import Exam, mine
from core.tickets import service as tickets

if TYPE_CHECKING:
    from flask import Flask

# What the house notes of its own running: no work of a handler.
NOTES = {"delivery", "ledger", "outbox", "job_run", "timer", "plugin_failure", "request_log"}


def furnish() -> None:
    """A small company: a team, one person per built-in role, two customers."""
    with transaction():
        roles.make_built_in_roles()
        place = teams.create_department("exam", {"en": "Exam"}, actor=SYSTEM)
        team = teams.create_team("exam", {"en": "Exam"}, place.id, actor=SYSTEM)
        for role in roles.BUILT_IN:
            mail = f"{role}@example.org"
            accounts.create_user(mail, role, roles=(role,), teams=(team.id,), actor=SYSTEM)
        for name in ("Lin", "Wang"):
            contacts.create_contact(name, actor=SYSTEM)


def check_settings(exam: Exam) -> None:
    """What the settings say can be saved as it is."""
    if exam.plugin not in catalog().settings:
        return
    values = settings.get(exam.plugin)
    with transaction():
        settings.save(exam.plugin, settings.schema_of(exam.plugin).dump(values), actor=SYSTEM)
    exam.must("settings go in as they came out", settings.get(exam.plugin) == values)


def check_work(exam: Exam, *, demo: bool) -> None:
    """Jobs run twice, the demo is told twice, every handler takes every event of its kind once more."""
    with transaction():
        new = tickets.NewTicket(type="question", subject="Exam", description="What does it do?")
        tickets.open_ticket(new, actor=SYSTEM)
    if demo:
        _seed(exam.plugin)
        before = _everything()
        _seed(exam.plugin)
        exam.must("the demo told twice adds nothing", _everything() == before)
    jobs.drain()
    for name, job in mine(exam, "job").items():
        if job.cron:
            exam.must(f"job {name} runs, and runs again", _runs(name) and _runs(name))
    jobs.drain()
    for name, handler in mine(exam, "handler").items():
        query = sa.select(EventRow.id).where(EventRow.type == handler.event.type)
        known, before = list(db.session.scalars(query)), _everything()
        for event_id in known:
            with transaction():
                found = sa.select(EventRow).where(EventRow.id == event_id)
                handler.run(db.session.scalars(found).one())
        fact = f"handler {name} does nothing twice ({len(known)} events)"
        exam.must(fact, _everything() == before)


def _seed(name: str) -> None:
    with virtual(now()) as clock, transaction():
        tell(name, "seed_demo", tenant=current_tenant(), clock=clock)
    jobs.drain()


def _runs(name: str) -> bool:
    with transaction():
        run = work.start_job(name, {}, actor=SYSTEM)
    work.run_due()
    return work.job_run(run).state == "done"


def _everything() -> dict[str, int]:
    """How many rows the tenant has in each table that is there."""
    there = set(sa.inspect(db.engine).get_table_names()) - NOTES
    tables = {name: t for name, t in Base.metadata.tables.items() if name in there}
    return {
        name: db.session.scalar(_count(table)) or 0
        for name, table in tables.items()
        if "tenant_id" in table.columns
    }


def check_rest(exam: Exam) -> None:
    """Off: no clockwork of a job goes on, and none can be started."""
    for name in mine(exam, "job"):
        waiting = sa.select(timers.Timer.id).where(
            timers.Timer.dedupe_key == f"cron:{name}", timers.Timer.state == "pending"
        )
        exam.must(f"off: job {name} rests", db.session.scalar(waiting) is None)
        try:
            with transaction():
                work.start_job(name, {}, actor=SYSTEM)
        except NotFound:
            exam.done.append(f"off: job {name} cannot be started")
        else:
            exam.must(f"off: job {name} cannot be started", holds=False)


def differences(plugin: str) -> list[Any]:
    """What `polydesk db revision` would write for the plugin now: nothing, when its migrations fit its models."""
    tables = upgrade.tables_of(plugin, catalog())

    def own(item: Any, name: str | None, kind: str, *_more: Any) -> bool:
        table = name if kind == "table" else item.table.name
        return table in tables

    with db.engine.connect() as connection:
        options = {"include_object": own, "compare_type": True}
        context = MigrationContext.configure(connection, opts=options)
        return list(compare_metadata(context, Base.metadata))


def check_way_down(exam: Exam, app: Flask) -> None:
    """Its migrations go down to nothing and come up again."""
    if not upgrade.tables_of(exam.plugin, catalog()):
        return
    clear_session()
    engine = upgrade.owner_engine(app.extensions["polydesk_config"])
    for way, there in ((command.downgrade, False), (command.upgrade, True)):
        with engine.begin() as connection:
            way(upgrade.alembic_config(exam.plugin, connection), "head" if there else "base")
        found = upgrade.tables_of(exam.plugin, catalog()) & set(
            sa.inspect(engine).get_table_names()
        )
        exam.must(
            "migrations come up again" if there else "migrations go down", bool(found) == there
        )
    engine.dispose()


def _count(table: sa.FromClause) -> sa.Select[Any]:
    count = sa.select(sa.func.count()).select_from(table)
    return count.where(table.c.tenant_id == current_tenant().id)
