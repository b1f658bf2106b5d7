"""What a transaction holds of a ticket's clocks: read once, and never longer true than the transaction."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from flask import Flask
from sqlalchemy import event

from core.clock import virtual
from core.db import clear_session, db, transaction
from core.events import emit
from core.sla import held
from core.sla.models import TicketPolicy
from core.sla.moment import INSTANT
from core.tickets import service
from core.tickets.events import TicketEdited
from tests.sla.desk import Desk, at
from tests.tickets.test_at_once import at_once


@contextmanager
def reads(table: str) -> Iterator[list[str]]:
    """Selects of the table while the block runs."""
    seen: list[str] = []

    def note(connection, cursor, statement, *more) -> None:
        if statement.startswith("SELECT") and f"FROM {table} " in statement.replace("\n", " "):
            seen.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


def something_happens(desk: Desk) -> None:
    emit(
        TicketEdited(fields=("subject",)),
        subject=("ticket", desk.ticket_id),
        actor=desk.people["agent"],
    )


def test_a_transaction_reads_the_clocks_once(desk: Desk) -> None:
    desk.open()
    with reads("ticket_policy") as policies, reads("clock") as clocks, transaction():
        for _ in range(5):
            something_happens(desk)
    assert (len(policies), len(clocks)) == (1, 1)


def test_the_next_transaction_reads_anew(desk: Desk) -> None:
    desk.open()
    for _ in range(2):
        with reads("ticket_policy") as policies, transaction():
            something_happens(desk)
        assert len(policies) == 1


def test_nothing_is_held_behind_a_commit_or_a_rollback(desk: Desk) -> None:
    desk.open()
    with transaction():
        something_happens(desk)
        assert held._shelf()
    assert not held._shelf()
    with pytest.raises(ZeroDivisionError), transaction():
        something_happens(desk)
        assert held._shelf()
        _ = 1 / 0
    assert not held._shelf()


def test_a_rolled_back_answer_leaves_its_clock_running(desk: Desk) -> None:
    desk.open()
    with pytest.raises(ZeroDivisionError), transaction():
        service.post_message(desk.ticket_id, "Soon.", actor=desk.people["agent"])
        _ = 1 / 0
    assert desk.one("first_response").state == "running"
    desk.say("Here it is.")
    assert desk.one("first_response").outcome == "met"
    assert len(desk.said("clock.met")) == 1


def test_a_savepoint_takes_back_what_it_held(desk: Desk) -> None:
    """The clock that ended behind the savepoint runs again, and the next answer ends it."""
    desk.open()
    agent = desk.people["agent"]
    with transaction():
        something_happens(desk)
        savepoint = db.session.begin_nested()
        service.post_message(desk.ticket_id, "Soon.", actor=agent)
        db.session.flush()
        savepoint.rollback()
        assert not held._shelf()
        something_happens(desk)
        assert desk.one("first_response").state == "running"
        service.post_message(desk.ticket_id, "Here it is.", actor=agent)
    assert desk.one("first_response").outcome == "met"
    assert len(desk.said("clock.met")) == 1


def test_what_a_kept_savepoint_did_is_seen(desk: Desk) -> None:
    desk.open()
    agent = desk.people["agent"]
    with transaction():
        something_happens(desk)
        with db.session.begin_nested():
            service.post_message(desk.ticket_id, "Here it is.", actor=agent)
        service.post_message(desk.ticket_id, "And more.", actor=agent)
    assert len(desk.said("clock.met")) == 1


def test_rows_that_the_session_let_go_are_read_anew(desk: Desk) -> None:
    desk.open()
    with transaction():
        something_happens(desk)
        db.session.flush()
        db.session.expunge_all()
        service.post_message(desk.ticket_id, "Here it is.", actor=desk.people["agent"])
    assert desk.row("first_response").state == "done"


def test_a_failed_moment_is_not_kept(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.open()
    with transaction():
        something_happens(desk)
        with monkeypatch.context() as broken:
            broken.setattr("core.sla.moment.Moment.settle", lambda self: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                something_happens(desk)
        assert not held._shelf()


def test_each_sees_what_the_other_committed(app: Flask, desk: Desk) -> None:
    """Four sessions take turns by the ticket's lock: all but the first find the answer of the first."""
    desk.open()

    def answer(_number: int) -> None:
        with virtual(at("16 10:05")), transaction():
            service.post_message(desk.ticket_id, "I was first.", actor=desk.people["agent"])

    at_once(app, desk.tenant, 4, answer)
    clear_session()
    assert len(desk.said("message.posted")) == 5  # and the description
    assert [row.payload["metric"] for row in desk.said("clock.met")] == ["first_response"]
    resolution = desk.row("resolution")
    policy = db.session.get_one(TicketPolicy, (desk.tenant.id, desk.ticket_id))
    assert desk.ticket.due_metric == "resolution"
    assert policy.wake_at == resolution.warn_at + INSTANT
