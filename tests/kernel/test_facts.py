"""Facts reach their readers: subscribers at once, handlers after the commit, timers when due; each effect once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from threading import Thread

import jsonschema
import pytest
import sqlalchemy as sa

from core import counters, timers
from core.actors import SYSTEM
from core.clock import now, uuid7, virtual
from core.db import after_commit, aside, db, transaction
from core.events import EventRow, emit, subscribe
from core.jobs import Delivery, drain, run_delivery
from core.tenancy import as_tenant
from core.timers import Timer
from tests.dummy import hooks as dummy
from tests.hooks.conftest import dummy_app, nodding  # noqa: F401  fixtures

START = datetime(2026, 3, 2, 9, tzinfo=UTC)


def test_a_subscriber_runs_in_the_transaction_and_falls_with_it(tenant, knock):
    told = []
    subscribe("test.knocked", told.append)
    subscribe("test.knocked", told.append)
    with pytest.raises(ZeroDivisionError), transaction():
        knock(7)
        1 / 0  # noqa: B018
    assert [row.payload for row in told] == [{"times": 7}]
    assert (
        db.session.scalars(sa.select(EventRow).where(EventRow.type == "test.knocked")).all() == []
    )


def test_an_event_says_its_shape_and_keeps_to_it(tenant):
    schema = dummy.Nodded.schema()
    with transaction():
        row = emit(dummy.Nodded(times=2), subject=("head", uuid7()), actor=SYSTEM)
    jsonschema.validate(row.payload, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"times": "two"}, schema)


def _nod():
    with transaction():
        return emit(dummy.Nodded(), subject=("head", uuid7()), actor=SYSTEM).id


def test_a_handler_runs_once_after_the_commit(nodding):  # noqa: F811
    dummy.mood.seen.clear()
    _nod()
    assert dummy.mood.seen == []
    drain()
    drain()
    assert dummy.mood.seen == ["handler"]
    assert db.session.scalars(sa.select(Delivery.state)).all() == ["done"]


def test_a_failing_handler_is_tried_again_and_then_parked(nodding):  # noqa: F811
    dummy.mood.hook, dummy.mood.does = "handler", "raise"
    with virtual(now()) as clock:
        _nod()
        drain()
        clock.advance(timedelta(minutes=1))
        drain()
    row = db.session.scalars(sa.select(Delivery)).one()
    assert (row.state, row.attempts) == ("parked", 2)
    assert "bad mood" in row.last_error


def test_a_delivery_run_by_two_workers_has_one_effect(nodding, dummy_app):  # noqa: F811
    _nod()
    from core.jobs import relay_tenant  # noqa: PLC0415

    relay_tenant()
    key = db.session.execute(sa.select(Delivery.tenant_id, Delivery.id)).one()
    dummy.mood.seen.clear()

    def work():
        with dummy_app.app_context():
            run_delivery(*key)

    threads = [Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert dummy.mood.seen == ["handler"]


# --- timers -----------------------------------------------------------------------------------------------------------

fired: list[tuple[str, datetime]] = []


def _note(timer: Timer) -> None:
    fired.append((timer.dedupe_key, now()))


def _stumble(timer: Timer) -> None:
    with transaction():
        counters.take("stumble", "", 1)
    raise ZeroDivisionError


timers.register_timer("test.note", _note)
timers.register_timer("test.stumble", _stumble)


def test_timers_fire_at_their_due_times_under_the_virtual_clock(tenant):
    fired.clear()
    door = ("door", uuid7())
    with virtual(START) as clock:
        with transaction():
            for minutes in (30, 10, 20):
                timers.set_timer(
                    "test.note", door, START + timedelta(minutes=minutes), f"{door[1]}/{minutes}"
                )
            timers.set_timer("test.note", door, START + timedelta(hours=9), f"{door[1]}/late")
        with transaction():
            timers.set_timer("test.note", door, START + timedelta(minutes=15), f"{door[1]}/20")
            timers.cancel_timers([f"{door[1]}/30"])
        assert timers.run_until(clock, START + timedelta(hours=1)) == 2
        assert now() == START + timedelta(hours=1)
    assert [(key.split("/")[1], at - START) for key, at in fired] == [
        ("10", timedelta(minutes=10)),
        ("20", timedelta(minutes=15)),
    ]


def test_a_failing_timer_leaves_no_half_effect_and_is_marked(tenant):
    with transaction():
        timers.set_timer(
            "test.stumble", ("door", uuid7()), now() - timedelta(seconds=1), f"s-{uuid7()}"
        )
    timers.run_due()
    row = db.session.scalars(sa.select(Timer).where(Timer.kind == "test.stumble")).one()
    assert row.state == "failed"
    assert (
        db.session.scalar(
            sa.select(sa.func.count())
            .select_from(counters.Counter)
            .where(counters.Counter.series == "stumble")
        )
        == 0
    )


def test_one_timer_two_sweepers_one_effect(app, tenant):
    fired.clear()
    with transaction():
        timers.set_timer(
            "test.note", ("door", uuid7()), now() - timedelta(seconds=1), f"once-{uuid7()}"
        )
    row_id = db.session.scalars(sa.select(Timer.id).where(Timer.kind == "test.note")).one()

    def sweep():
        with app.app_context():
            timers.fire(tenant.id, row_id)

    threads = [Thread(target=sweep) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(fired) == 1


# --- transactions -----------------------------------------------------------------------------------------------------


def test_asides_are_written_either_way_and_after_commit_only_when_it_held(tenant):
    happened = []

    def business(*, fail):
        with transaction():
            counters.take("business", "", 1)
            aside(lambda: counters.take("trace", "", 1))
            after_commit(lambda: happened.append("told"))
            if fail:
                raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        business(fail=True)
    assert _counts() == {"trace": 1}
    assert happened == []
    business(fail=False)
    assert _counts() == {"trace": 2, "business": 1}
    assert happened == ["told"]


def _counts():
    rows = db.session.execute(sa.select(counters.Counter.series, counters.Counter.last))
    return {series: last for series, last in rows if series in {"trace", "business"}}


def test_numbers_are_gap_free_under_eight_threads(app, tenant):
    taken = []

    def work():
        with app.app_context(), as_tenant(tenant):
            for _ in range(10):
                with transaction():
                    taken.append(counters.take("number", "2611"))

    threads = [Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == list(range(1, 81))


def test_ids_grow_even_while_the_clock_stands_still():
    with virtual(START):
        made = [uuid7() for _ in range(5000)]
    assert made == sorted(made)
    assert len(set(made)) == 5000
    assert {value.version for value in made} == {7}
