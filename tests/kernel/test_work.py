"""Background jobs: by the clock and on demand, at least once, watched while they run, at rest while a plugin is off."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from core import work
from core.actors import OPERATOR, SYSTEM
from core.clock import virtual
from core.contributions import Job
from core.db import db, transaction
from core.errors import NotFound, StartupError
from core.jobs import drain
from core.plugins import catalog
from core.tenancy import as_tenant, tenant_by_id
from core.timers import run_until
from tenants import service


@pytest.fixture
def declared(app, monkeypatch):
    """Declare a job of the complaints plugin for one test."""

    def declare(name, run, **more):
        with app.app_context():
            found = catalog()
        job = Job(f"complaints.{name}", "x", run, **more)
        monkeypatch.setitem(found.shelves["job"], job.name, job)
        monkeypatch.setitem(found.owners, ("job", job.name), "complaints")
        return job.name

    return declare


def fresh(tenant):
    return as_tenant(tenant_by_id(tenant.id))


def test_a_job_tells_how_far_it_is_and_keeps_its_result(tenant, declared):
    seen = []

    def count(run):
        for done in range(3):
            run.progress(done + 1, 3)
            seen.append((work.job_run(run.id).state, work.job_run(run.id).done))
        run.result["lines"] = run.payload["lines"] * 2

    name = declared("count", count)
    with transaction():
        run_id = work.start_job(name, {"lines": 21}, actor=SYSTEM)
    assert work.job_run(run_id).state == "queued"
    drain()
    assert seen == [("running", 1), ("running", 2), ("running", 3)]
    ended = work.job_run(run_id)
    assert (ended.state, ended.total, ended.result) == ("done", 3, {"lines": 42})


def test_a_failing_job_is_tried_again_and_then_given_up(tenant, declared):
    tries = []

    def fail(run):
        tries.append(run.result.get("kept"))
        run.result["kept"] = len(tries)
        raise RuntimeError("no carrier")

    with virtual(datetime(2026, 11, 20, 8, tzinfo=UTC)) as clock:
        name = declared("fail", fail, retry=(60, 600))
        with transaction():
            run_id = work.start_job(name, {}, actor=SYSTEM)
        for _ in range(5):
            drain()
            clock.set(clock.at + timedelta(minutes=11))
        view = work.job_run(run_id)
    assert tries == [None, 1, 2]
    assert view.state == "failed"
    assert "no carrier" in view.error


def test_the_same_work_waits_once(tenant, declared):
    name = declared("once", lambda run: None)
    with transaction():
        first = work.start_job(name, {}, actor=SYSTEM, dedupe="import:1")
        assert work.start_job(name, {}, actor=SYSTEM, dedupe="import:1") == first
    drain()
    with transaction():
        assert work.start_job(name, {}, actor=SYSTEM, dedupe="import:1") != first


def test_cron_strikes_in_the_tenants_zone_and_rests_with_the_plugin(make_tenant, declared):
    struck = []
    name = declared("nightly", lambda run: struck.append(run.id), cron="30 2 * * *")
    with virtual(datetime(2026, 11, 20, 8, tzinfo=UTC)) as clock:
        tenant = make_tenant("complaints", timezone="Asia/Shanghai")
        with fresh(tenant):
            for day in (21, 22):
                run_until(clock, datetime(2026, 11, day - 1, 18, 29, tzinfo=UTC))
                before = len(struck)
                run_until(clock, datetime(2026, 11, day - 1, 18, 31, tzinfo=UTC))
                drain()
                assert len(struck) == before + 1
            with transaction():
                service.disable_plugin("complaints", actor=OPERATOR)
        with fresh(tenant):
            run_until(clock, datetime(2026, 11, 25, tzinfo=UTC))
            drain()
            assert len(struck) == 2
            with pytest.raises(NotFound), transaction():
                work.start_job(name, {}, actor=SYSTEM)
            with transaction():
                service.enable_plugin("complaints", actor=OPERATOR)
        with fresh(tenant):
            run_until(clock, datetime(2026, 11, 25, 18, 31, tzinfo=UTC))
            drain()
    assert len(struck) == 3


def test_what_waits_while_the_plugin_is_off_runs_afterwards(make_tenant, declared):
    ran = []
    name = declared("late", lambda run: ran.append(run.id))
    tenant = make_tenant("complaints")
    with virtual(datetime(2026, 11, 20, 8, tzinfo=UTC)) as clock:
        with fresh(tenant), transaction():
            work.start_job(name, {}, actor=SYSTEM)
            service.disable_plugin("complaints", actor=OPERATOR)
        with fresh(tenant):
            work.run_due()
            assert not ran
            with transaction():
                service.enable_plugin("complaints", actor=OPERATOR)
        clock.set(clock.at + timedelta(minutes=2))
        with fresh(tenant):
            work.run_due()
    assert len(ran) == 1


def test_a_dead_workers_run_is_taken_up_again(tenant, declared):
    ran = []
    name = declared("orphan", lambda run: ran.append(run.id))
    with virtual(datetime(2026, 11, 20, 8, tzinfo=UTC)) as clock:
        with transaction():
            work.start_job(name, {}, actor=SYSTEM)
        assert len(work.claim()) == 1  # and its worker dies
        assert work.run_due() == 0
        clock.set(clock.at + work.LEASE + timedelta(seconds=1))
        assert work.run_due() == 1
    assert len(ran) == 1


def test_what_ended_a_month_ago_is_forgotten_and_nothing_else(tenant, declared):
    name = declared("old", lambda run: None)
    with virtual(datetime(2026, 9, 1, 8, tzinfo=UTC)) as clock:
        with transaction():
            old = work.start_job(name, {}, actor=SYSTEM)
        drain()
        clock.set(clock.at + timedelta(days=20))
        with transaction():
            young = work.start_job(name, {}, actor=SYSTEM)
        drain()
        clock.set(clock.at + timedelta(days=11))
        with transaction():
            work.start_job("tidy", {}, actor=SYSTEM)
        drain()
        assert work.job_run(young).state == "done"
        with pytest.raises(NotFound):
            work.job_run(old)


def test_a_run_of_another_tenant_is_not_there(make_tenant, declared):
    name = declared("mine", lambda run: None)
    mine, other = make_tenant("complaints"), make_tenant("complaints")
    with as_tenant(mine), transaction():
        run_id = work.start_job(name, {}, actor=SYSTEM)
    with as_tenant(mine):
        assert work.job_run(run_id).job == name
    with as_tenant(other), pytest.raises(NotFound):
        work.job_run(run_id)


def test_the_worker_claims_across_tenants_and_runs_each_in_its_own(make_tenant, declared, context):
    homes = {}
    name = declared("where", lambda run: homes.setdefault(run.id, rows()))

    def rows():
        return db.session.scalar(sa.select(sa.func.count(work.JobRunRow.id)))

    for count in (1, 2):
        with as_tenant(make_tenant("complaints")), transaction():
            for _ in range(count):
                work.start_job(name, {}, actor=SYSTEM)
    while any(job_ids := work.claim()):
        for key in job_ids:
            work.run_job(*key)
    assert sorted(homes.values()) == [1, 2, 2]


def test_a_senseless_cron_stops_the_start(app):
    with app.app_context():
        found = catalog()
    broken = type(found)(shelves={"job": {"x": Job("x", "x", print, cron="every now and then")}})
    with pytest.raises(StartupError, match="every now and then"):
        work.check_jobs(broken)
