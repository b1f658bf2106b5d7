"""`sla verify`: green on honest clocks, and it names what was shifted."""

from __future__ import annotations

from datetime import timedelta

import click
import pytest
import sqlalchemy as sa

from core import timers
from core.db import db, transaction
from core.events import EventRow
from core.sla.declared import register_commands
from core.sla.models import ClockInterval, ClockRow
from core.sla.verify import verify
from core.timers import Timer
from tests.sla.desk import Desk, at

SECOND = timedelta(seconds=1)


def commands() -> click.Group:
    """The command line with this room's commands."""
    group = click.Group()
    register_commands(group)
    return group


@pytest.fixture
def busy(desk: Desk) -> Desk:
    """A ticket with a long life: paused, moved to another priority, resolved, reopened, overdue."""
    desk.open(category="lift")
    desk.until("16 10:05").do("accept")
    message = desk.until("16 10:07").say()
    desk.until("16 10:07:04").do("recall_message", message.id)
    desk.until("16 10:45").say()
    desk.until("16 11:00").do("move_ticket", "wait_customer", {})
    desk.until("16 16:00").do("move_ticket", "resume", {})
    desk.until("17 09:30").do("patch_ticket", {"priority": "urgent"})
    desk.until("17 15:00").do("move_ticket", "resolve", {"solution": "Done.", "feedback": "Fine."})
    desk.until("18 10:00").do("move_ticket", "reopen", {})
    desk.do("assign", desk.people["owner"].id)
    desk.until("19 11:00").do("patch_ticket", {"priority": "critical"})
    desk.until("20 09:00").say("Still on it.", visibility="internal")
    desk.open(subject="Another")
    desk.until("23 09:00")
    return desk


def test_honest_clocks_are_green(busy: Desk) -> None:
    found = verify()
    assert found.green, [str(difference) for difference in found.differences]
    assert (found.tickets, found.clocks) == (2, 10)
    assert found.intervals >= 8
    print(f"{found.clocks} clocks, {found.intervals} intervals, {found.events} events")  # noqa: T201


def test_an_interval_shifted_by_a_second_is_named(busy: Desk) -> None:
    with transaction():
        row = db.session.scalars(
            sa.select(ClockInterval).where(ClockInterval.kind == "paused").limit(1)
        ).one()
        row.ended_at += SECOND
    (difference,) = verify().differences
    assert difference.clock_id == row.clock_id
    assert (difference.where[:9], difference.field) == ("interval ", "ended_at")
    assert difference.stored - difference.computed == SECOND


@pytest.mark.parametrize(
    "column", ["started_at", "since", "due_at", "warned_at", "breached_at", "finished_at"]
)
def test_a_moment_of_a_clock_shifted_by_a_second_is_named(busy: Desk, column: str) -> None:
    with transaction():
        kept = getattr(ClockRow, column).is_not(None)
        row = db.session.scalars(sa.select(ClockRow).where(kept, ClockRow.state == "done")).first()
        setattr(row, column, getattr(row, column) + SECOND)
    assert [(d.clock_id, d.where, d.field) for d in verify().differences] == [
        (row.id, "clock", column)
    ]


@pytest.mark.parametrize(
    ("column", "value"),
    [("elapsed", 1), ("target", 60), ("state", "cancelled"), ("calendar", "always"), ("round", 9)],
)
def test_another_field_of_a_clock_is_named(busy: Desk, column: str, value: object) -> None:
    with transaction():
        another = getattr(ClockRow, column) != value
        row = db.session.scalars(
            sa.select(ClockRow).where(ClockRow.state == "done", another)
        ).first()
        setattr(row, column, value)
    assert [(d.clock_id, d.where, d.field) for d in verify().differences] == [
        (row.id, "clock", column)
    ]


@pytest.mark.parametrize(
    "event_type", ["ticket.moved", "ticket.opened", "message.posted", "clock.breached"]
)
def test_an_event_shifted_by_a_second_is_named(busy: Desk, attacker, event_type: str) -> None:
    moving = sa.select(EventRow.caused_by).where(
        EventRow.tenant_id == busy.tenant.id, EventRow.type.startswith("clock.")
    )
    matters = (EventRow.type == "clock.breached") | EventRow.id.in_(moving)
    row = db.session.scalars(
        sa.select(EventRow).where(EventRow.type == event_type, matters).limit(1)
    ).one()
    shifted = sa.update(EventRow.__table__).where(EventRow.__table__.c.id == row.id)
    shifted = shifted.values(occurred_at=row.occurred_at + SECOND)
    assert verify().green
    with attacker() as sql:
        sql.execute(shifted)
    assert verify().differences


def test_a_clock_that_is_gone_or_made_up_is_named(busy: Desk) -> None:
    with transaction():
        kept = db.session.scalars(
            sa.select(ClockRow).where(ClockRow.metric == "resolution")
        ).first()
        gone = db.session.scalars(sa.select(ClockRow).where(ClockRow.metric == "progress")).first()
        names = [column.name for column in ClockRow.__table__.columns if column.name != "id"]
        copy = {name: getattr(kept, name) for name in names} | {"round": 7}
        db.session.add(ClockRow(**copy))
        db.session.execute(sa.delete(ClockInterval).where(ClockInterval.clock_id == gone.id))
        db.session.execute(sa.delete(ClockRow).where(ClockRow.id == gone.id))
    rows = [(d.metric, d.stored) for d in verify().differences if d.field == "row"]
    assert sorted(rows) == [("progress", "missing"), ("resolution", "present")]


def test_a_timer_that_waits_is_no_fault_and_a_lost_one_is(desk: Desk) -> None:
    desk.open()
    desk.jump("16 12:00")
    assert verify().green, "the sweeper has not come yet"
    with transaction():
        db.session.execute(sa.delete(Timer).where(Timer.subject_id == desk.ticket_id))
    assert {d.field for d in verify().differences} == {"warned_at", "breached_at", "occurred_at"}


def test_after_the_sweep_it_is_green_again(desk: Desk) -> None:
    desk.open()
    desk.jump("20 12:00")
    timers.run_due()
    assert desk.one("resolution").breached_at == at("19 11:30")
    assert verify().green


def test_the_command_counts_and_names(app, busy: Desk) -> None:
    run = app.test_cli_runner().invoke
    cli = commands()
    good = run(cli, ["sla", "verify", busy.tenant.slug])
    assert (good.exit_code, good.output.strip().endswith("green")) == (0, True), good.output
    with transaction():
        row = db.session.scalars(sa.select(ClockInterval).limit(1)).one()
        row.seconds += 1
    bad = run(cli, ["sla", "verify", busy.tenant.slug])
    assert bad.exit_code == 1
    assert f"{row.clock_id}" in bad.output
    assert "seconds: stored" in bad.output
    assert run(cli, ["sla", "verify", "nobody"]).exit_code == 2
