"""Timers are set, moved and forgotten by their keys, without writing what else waits in the session."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from core import timers
from core.clock import uuid7, virtual
from core.db import db, transaction
from core.plugins import PluginFailure
from core.timers import DONE, HOUSEKEEPING, PENDING, Timer

MONDAY = datetime(2026, 11, 16, 9, tzinfo=UTC)
KIND = "test.strike"


@pytest.fixture
def struck(monkeypatch):
    seen: list[str] = []
    monkeypatch.setitem(timers._runners, KIND, lambda timer: seen.append(timer.dedupe_key))
    return seen


@pytest.fixture
def clock(tenant):
    with virtual(MONDAY) as ticking:
        yield ticking


def rows() -> list[tuple[str, datetime, str]]:
    found = sa.select(Timer.dedupe_key, Timer.due_at, Timer.state).where(Timer.kind == KIND)
    return [tuple(row) for row in db.session.execute(found.order_by(Timer.dedupe_key))]


def put(key: str, hours: int, about: str = "ticket") -> None:
    timers.set_timer(KIND, (about, uuid7()), MONDAY + timedelta(hours=hours), key)


def test_a_timer_of_the_same_key_moves_and_is_pending_again(clock, struck) -> None:
    with transaction():
        put("a", 1)
        put("a", 2)
    assert rows() == [("a", MONDAY + timedelta(hours=2), PENDING)]
    timers.run_until(clock, MONDAY + timedelta(hours=3))
    assert rows() == [("a", MONDAY + timedelta(hours=2), DONE)]
    with transaction():
        put("a", 4)
    timers.run_until(clock, MONDAY + timedelta(hours=5))
    assert struck == ["a", "a"]


def test_what_a_rolled_back_transaction_set_is_not_there(clock, struck) -> None:
    with transaction():
        put("kept", 1)
    with pytest.raises(ZeroDivisionError), transaction():
        put("kept", 9)
        put("lost", 1)
        timers.forget_timer("kept")
        _ = 1 / 0
    assert rows() == [("kept", MONDAY + timedelta(hours=1), PENDING)]


def test_only_a_pending_timer_of_the_key_is_forgotten(clock, struck) -> None:
    with transaction():
        put("a", 1)
        put("b", 1)
        timers.forget_timer("a")
    assert [key for key, *_ in rows()] == ["b"]
    timers.run_until(clock, MONDAY + timedelta(hours=2))
    with transaction():
        timers.forget_timer("b")
    assert [(key, state) for key, _, state in rows()] == [("b", DONE)]


def test_a_timer_writes_nothing_else(clock) -> None:
    with transaction():
        row = PluginFailure(plugin="p", hook="h", error="waits")
        db.session.add(row)
        put("a", 1)
        timers.forget_timer("a")
        timers.run_until(clock, MONDAY)
        assert row in db.session.new
    assert row not in db.session.new


def test_housekeeping_rests_while_a_past_is_played_and_then_strikes_once(clock, struck) -> None:
    with transaction():
        put("sweep", 1, HOUSEKEEPING)
        put("work", 2)
    timers.run_until(clock, MONDAY + timedelta(hours=3), housekeeping=False)
    assert struck == ["work"]
    timers.run_until(clock, MONDAY + timedelta(hours=4))
    assert struck == ["work", "sweep"]
