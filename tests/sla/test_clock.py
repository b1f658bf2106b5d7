"""A promise on its way, told in wall times."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from core.sla import clock
from core.sla.calendar import ALWAYS
from tests.sla.golden import OFFICE, SHANGHAI, moment

HALF_HOUR = clock.Promise(calendar=OFFICE, timezone=SHANGHAI, target=1800)
DAY = clock.Promise(calendar=OFFICE, timezone=SHANGHAI, target=27_000)


def at(text: str):
    return moment(f"2026-11-{text}", SHANGHAI)


def test_due_and_warning_times() -> None:
    started = clock.start(HALF_HOUR, at("16 11:45"))
    assert started.due_at == at("16 13:45")
    assert started.warn_at == at("16 13:37:30")
    long = clock.start(DAY, at("16 10:00"))
    assert long.due_at == at("17 10:00")
    assert long.warn_at == at("16 18:00")


@pytest.mark.parametrize(
    ("target", "percent", "seconds", "warn_after"),
    [
        (1800, 25, 3600, 1350),
        (28_800, 25, 3600, 25_200),
        (14_400, 25, 3600, 10_800),
        (1800, 0, 3600, 1800),
        (30, 25, 3600, 23),
    ],
)
def test_the_warning_is_a_quarter_or_an_hour_before(
    target: int, percent: int, seconds: int, warn_after: int
) -> None:
    promise = replace(HALF_HOUR, target=target, warn_percent=percent, warn_seconds=seconds)
    assert promise.warn_after == warn_after


def test_done_at_the_due_time_is_met_and_a_moment_later_is_not() -> None:
    started = clock.start(HALF_HOUR, at("16 10:00"))
    assert clock.fulfil(started, at("16 10:30")).clock.outcome == "met"
    late = clock.fulfil(started, at("16 10:30") + timedelta(microseconds=1)).clock
    assert (late.outcome, late.breached_at) == ("breached", at("16 10:30"))


def test_fractions_of_a_second_never_add_up() -> None:
    running = clock.start(HALF_HOUR, at("16 10:00") + timedelta(milliseconds=900))
    for minute in range(1, 20):
        running = clock.pause(running, at(f"16 10:{minute:02}") + timedelta(milliseconds=700)).clock
        running = clock.resume(
            running, at(f"16 10:{minute:02}") + timedelta(milliseconds=950)
        ).clock
    assert running.due_at == at("16 10:30")


def test_a_pause_moves_the_due_time_and_is_an_interval() -> None:
    started = clock.start(HALF_HOUR, at("16 10:00"))
    paused, ran = clock.pause(started, at("16 10:20"))
    assert (paused.due_at, paused.elapsed) == (None, 1200)
    resumed, rested = clock.resume(paused, at("17 09:00"))
    assert resumed.due_at == at("17 09:10")
    done, last = clock.fulfil(resumed, at("17 09:10"))
    assert done.outcome == "met"
    assert [*ran, *rested, *last] == [
        ("running", at("16 10:00"), at("16 10:20"), 1200),
        ("paused", at("16 10:20"), at("17 09:00"), 0),
        ("running", at("17 09:00"), at("17 09:10"), 600),
    ]


def test_a_change_of_priority_keeps_the_elapsed() -> None:
    started = clock.start(DAY, at("16 10:00"))
    urgent = clock.retarget(started, replace(DAY, target=5400), at("16 11:00")).clock
    assert (urgent.elapsed, urgent.due_at) == (3600, at("16 11:30"))
    critical = clock.retarget(urgent, HALF_HOUR, at("16 11:15")).clock
    assert critical.due_at == at("16 11:15"), "a promise cannot have been due before it was made"
    assert clock.settle(critical, at("16 11:16")).breached_at == at("16 11:15")


def test_an_overdue_clock_with_time_left_under_a_new_target_is_so_no_longer() -> None:
    overdue = clock.settle(clock.start(HALF_HOUR, at("16 10:00")), at("16 11:00"))
    relaxed = clock.retarget(overdue, DAY, at("16 11:00")).clock
    assert (relaxed.outcome, relaxed.due_at) == ("open", at("17 10:00"))
    assert clock.retarget(
        overdue, replace(DAY, target=2400), at("16 11:00")
    ).clock.breached_at == at("16 10:30")


def test_a_reopened_clock_runs_on_with_its_elapsed() -> None:
    solved = clock.fulfil(clock.start(DAY, at("16 10:00")), at("16 12:00")).clock
    assert solved.elapsed == 7200
    reopened = clock.reopen(solved, at("18 09:00")).clock
    assert (reopened.elapsed, reopened.due_at) == (7200, at("18 16:00"))
    broken = clock.fulfil(clock.start(HALF_HOUR, at("16 10:00")), at("16 11:00")).clock
    again = clock.reopen(broken, at("18 09:00")).clock
    assert (again.outcome, again.due_at) == ("breached", at("16 10:30"))


def test_a_repeating_promise_begins_anew() -> None:
    daily = clock.Promise(calendar=ALWAYS, timezone=SHANGHAI, target=86_400)
    first = clock.start(daily, at("16 10:00"))
    overdue = clock.settle(first, at("17 10:01"))
    assert overdue.breached_at == at("17 10:00")
    second = clock.restart(clock.fulfil(overdue, at("17 11:00")).clock, at("17 11:00")).clock
    assert (second.outcome, second.elapsed, second.due_at) == ("open", 0, at("18 11:00"))


def test_overdue_stays_overdue_through_a_pause() -> None:
    started = clock.start(HALF_HOUR, at("16 10:00"))
    paused = clock.pause(started, at("16 10:45")).clock
    assert (paused.breached_at, paused.due_at) == (at("16 10:30"), at("16 10:30"))
    assert clock.resume(paused, at("17 10:00")).clock.due_at == at("16 10:30")


def test_a_pause_at_the_due_time_is_not_a_breach() -> None:
    paused = clock.pause(clock.start(HALF_HOUR, at("16 10:00")), at("16 10:30")).clock
    assert paused.outcome == "open"
    assert clock.resume(paused, at("17 10:00")).clock.due_at == at("17 10:00")


def test_a_cancelled_clock_is_neither_met_nor_broken() -> None:
    gone = clock.cancel(
        clock.settle(clock.start(HALF_HOUR, at("16 10:00")), at("16 11:00")), at("16 11:30")
    ).clock
    assert gone.outcome == "cancelled"
    assert clock.fulfil(gone, at("16 12:00")).clock is gone
    assert clock.pause(gone, at("16 12:00")).clock is gone


def test_elapsed_is_read_without_changing_the_clock() -> None:
    started = clock.start(HALF_HOUR, at("16 11:50"))
    assert clock.elapsed_at(started, at("16 13:00")) == 600
    assert clock.elapsed_at(clock.pause(started, at("16 11:55")).clock, at("16 17:00")) == 300
