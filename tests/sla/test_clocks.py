"""Clocks on real tickets: started, paused, retargeted, reopened, met, in the ticket's transaction."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy import event

from core import timers
from core.auth.tokens import create_token
from core.clock import uuid7
from core.db import db, transaction
from core.timers import Timer
from tests.sla.desk import Desk, at

RESOLUTION = {"solution": "Repaired.", "feedback": "Fine."}


def wakes(desk: Desk) -> list[Timer]:
    return list(db.session.scalars(sa.select(Timer).where(Timer.subject_id == desk.ticket_id)))


@contextmanager
def counted():
    """How many statements run in the block."""
    count = [0]

    def note(*args) -> None:
        count[0] += 1

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield count
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


def bearer(desk: Desk, who: str) -> dict[str, str]:
    with transaction():
        _, plain = create_token(
            desk.people[who].id, "test", ["ticket:read", "sla:read"], actor=desk.people[who]
        )
    return {"Authorization": f"Bearer {plain}"}


def test_a_new_ticket_has_its_due_times_at_once(desk: Desk) -> None:
    desk.open()
    clocks = {view.metric: (view.due_at, view.state) for view in desk.clocks()}
    assert clocks == {
        "first_response": (at("16 10:30"), "running"),
        "resolution": (at("19 11:30"), "running"),
    }
    assert (desk.ticket.due_at, desk.ticket.due_metric) == (at("16 10:30"), "first_response")
    assert desk.ticket.sla_state == "running"


def test_a_first_response_is_a_persons_public_word(desk: Desk) -> None:
    desk.open()
    desk.jump("16 10:05").say("A note.", visibility="internal")
    desk.jump("16 10:10").say("We got it.", automatic=True)
    assert desk.one("first_response").state == "running"
    desk.jump("16 10:20").say()
    answered = desk.one("first_response")
    assert (answered.outcome, answered.elapsed, answered.finished_at) == (
        "met",
        1200,
        at("16 10:20"),
    )
    assert desk.ticket.due_metric == "resolution"


def test_done_at_the_due_time_is_met_though_timers_run_before(desk: Desk) -> None:
    desk.open()
    desk.until("16 10:30").say()
    assert desk.one("first_response").outcome == "met"
    assert not desk.said("clock.breached")


def test_a_breach_happened_at_its_due_time_however_late_it_is_noticed(desk: Desk) -> None:
    desk.open()
    desk.jump("16 11:00").say()
    late = desk.one("first_response")
    assert (late.outcome, late.breached_at) == ("breached", at("16 10:30"))
    (breach,) = desk.said("clock.breached")
    assert (breach.occurred_at, breach.recorded_at) == (at("16 10:30"), at("16 11:00"))
    assert desk.said("clock.ended_late")
    assert not desk.said("clock.met")


def test_warning_breach_and_ladder_come_by_themselves(desk: Desk) -> None:
    """Warned with a quarter left, breached at the due time, the manager told two business hours on."""
    desk.open()
    desk.until("16 10:45")
    assert desk.one("first_response").outcome == "breached"
    assert desk.ticket.sla_state == "breached"
    desk.until("16 16:00")
    steps = [(row.payload["at"], row.payload["notify"], row.occurred_at)
             for row in desk.said("clock.escalated") if row.payload["metric"] == "first_response"]  # fmt: skip
    assert steps == [
        ("warning", "assignee", at("16 10:22:30")),
        ("breach", "assignee", at("16 10:30")),
        ("breach", "supervisor", at("16 10:30")),
        ("breach", "manager", at("16 14:00")),
    ]
    assert [row.occurred_at for row in desk.said("clock.warned")] == [at("16 10:22:30")]


def test_the_queue_shows_the_warning(desk: Desk) -> None:
    desk.open()
    desk.until("16 10:22")
    assert desk.ticket.sla_state == "running"
    desk.until("16 10:23")
    assert desk.ticket.sla_state == "warning"


def test_resolution_rests_while_the_customer_is_waited_for(desk: Desk) -> None:
    desk.open()
    desk.jump("16 10:10").say()
    desk.jump("16 11:00").do("move_ticket", "wait_customer", {})
    assert (desk.ticket.sla_state, desk.ticket.due_at) == ("paused", None)
    desk.until("18 11:00").do("move_ticket", "resume", {})
    resolution = desk.one("resolution")
    assert (resolution.elapsed, resolution.state) == (3600, "running")
    assert resolution.due_at == at("23 11:30")
    told = [(interval.kind, interval.seconds) for interval in resolution.intervals]
    assert told == [("running", 3600), ("paused", 0), ("running", 0)]
    assert [row.type for row in desk.said("clock.paused", "clock.resumed")] == [
        "clock.paused",
        "clock.resumed",
    ]


def test_response_and_acceptance_never_rest(desk: Desk) -> None:
    desk.open()
    desk.jump("16 10:05").do("assign", desk.people["owner"].id)
    desk.jump("16 10:10").do("move_ticket", "wait_third_party", {})
    states = {view.metric: view.state for view in desk.clocks()}
    assert states == {
        "first_response": "running",
        "acceptance": "running",
        "resolution": "paused",
    }


def test_a_change_of_priority_keeps_the_elapsed(desk: Desk) -> None:
    desk.open()
    desk.jump("16 11:00").do("patch_ticket", {"priority": "critical"})
    resolution = desk.one("resolution")
    assert (resolution.target, resolution.elapsed) == (14_400, 3600)
    assert resolution.due_at == at("16 15:30")
    assert resolution.started_at == at("16 10:00")
    (told,) = desk.said("clock.retargeted")
    assert told.payload["target"] == 14_400
    assert told.caused_by == desk.said("ticket.priority_changed")[0].id


def test_a_reopened_ticket_runs_on_with_its_elapsed(desk: Desk) -> None:
    desk.open(category="lift")
    desk.jump("16 10:10").say()
    desk.jump("16 12:00").do("move_ticket", "resolve", RESOLUTION)
    assert desk.one("resolution").outcome == "met"
    assert (desk.ticket.sla_state, desk.ticket.due_at) == ("met", None)
    desk.until("18 09:00").do("move_ticket", "reopen", {})
    resolution = desk.one("resolution")
    assert (resolution.state, resolution.elapsed, resolution.round) == ("running", 7200, 1)
    assert resolution.due_at == at("20 17:30")
    assert desk.one("first_response").outcome == "met", "what was kept by a message stays kept"
    desk.jump("18 10:00").do("move_ticket", "resolve", RESOLUTION)
    assert desk.one("resolution").elapsed == 10_800


def test_a_recalled_answer_was_none(desk: Desk) -> None:
    desk.open()
    message = desk.jump("16 10:10").say()
    desk.jump("16 10:10:05").do("recall_message", message.id)
    clock = desk.one("first_response")
    assert (clock.state, clock.elapsed, clock.due_at) == ("running", 600, at("16 10:30:05"))
    assert desk.said("clock.reopened")


def test_a_recalled_answer_beside_another_changes_nothing(desk: Desk) -> None:
    desk.open()
    first = desk.jump("16 10:10").say()
    desk.jump("16 10:10:03").say("Better words.")
    desk.jump("16 10:10:05").do("recall_message", first.id)
    assert desk.one("first_response").outcome == "met"


def test_a_new_owner_gets_his_own_half_hour(desk: Desk) -> None:
    desk.open()
    desk.do("assign", desk.people["owner"].id)
    desk.jump("16 10:20").do("assign", desk.people["supervisor"].id)
    assert [(view.round, view.outcome) for view in desk.clocks("acceptance")] == [
        (1, "cancelled"),
        (2, "open"),
    ]
    assert desk.one("acceptance").due_at == at("16 10:50")


def test_a_cancelled_ticket_owes_nothing(desk: Desk) -> None:
    desk.open()
    desk.do("move_ticket", "cancel", {"reason": "mistake"})
    assert {view.outcome for view in desk.clocks()} == {"cancelled"}
    assert desk.ticket.due_at is None


def test_a_merged_ticket_owes_nothing(desk: Desk) -> None:
    other = desk.open(subject="First")
    desk.open(subject="Second")
    desk.do("merge", other)
    assert {view.outcome for view in desk.clocks()} == {"cancelled"}


def test_every_clock_says_what_it_is_counted_by(desk: Desk) -> None:
    desk.open()
    started = {row.payload["metric"]: row for row in desk.said("clock.started")}
    data = started["first_response"].payload
    assert data | {"clock_id": ""} == {
        "clock_id": "", "metric": "first_response", "metric_version": "1", "round": 1,
        "policy": "standard", "policy_version": "1", "calendar": "office", "calendar_version": "1",
        "timezone": "Asia/Shanghai", "target": 1800, "reason": "condition",
        "due_at": "2026-11-16T02:30:00.000000Z",
    }  # fmt: skip
    (opened,) = desk.said("ticket.opened")
    assert {row.caused_by for row in started.values()} == {opened.id}
    assert {row.occurred_at for row in started.values()} == {opened.occurred_at}


def test_a_ticket_that_nobody_changes_wakes_once_per_thing_that_passes(desk: Desk) -> None:
    desk.open()
    pending = [timer.due_at for timer in wakes(desk) if timer.state == "pending"]
    assert pending == [at("16 10:22:30") + timedelta(microseconds=1)]
    desk.say()
    pending = [timer.due_at for timer in wakes(desk) if timer.state == "pending"]
    assert len(pending) == 1, "the old one was dropped"


def test_events_cost_a_constant_number_of_statements(desk: Desk) -> None:
    """Sixty rounds of progress later an event asks no more questions than at first."""
    desk.open()
    desk.do("accept")
    with counted() as first:
        desk.jump("16 11:00").say("Going on.")
    for minute in range(1, 60):
        desk.jump(f"16 11:{minute:02}").say("Going on.", visibility="internal")
    with counted() as last:
        desk.jump("16 13:31").say("Going on.")
    assert len(desk.clocks("progress")) == 62
    print(f"first {first[0]}, after 60 rounds {last[0]} statements")  # noqa: T201  the figure
    assert last[0] <= first[0]


def test_a_late_sweep_says_everything_once(desk: Desk) -> None:
    desk.open()
    desk.jump("16 17:00")
    timers.run_due()
    timers.run_due()
    kinds = Counter(
        row.type for row in desk.said("clock.warned", "clock.breached", "clock.escalated")
    )
    assert kinds == {"clock.warned": 1, "clock.breached": 1, "clock.escalated": 4}


def test_clocks_over_http(desk: Desk, client) -> None:
    desk.open()
    token = bearer(desk, "agent")
    answer = client.get(f"/api/v1/tickets/{desk.ticket_id}/clocks", headers=token)
    assert answer.status_code == 200
    found = answer.get_json()
    assert [item["metric"] for item in found["items"]] == ["first_response", "resolution"]
    assert found["items"][0]["due_at"] == "2026-11-16T02:30:00Z"
    assert (found["policy"]["policy"], found["policy"]["chosen_by"]) == ("standard", "condition")
    assert client.get(f"/api/v1/tickets/{uuid7()}/clocks", headers=token).status_code == 404
    host = f"http://{desk.tenant.slug}.localhost"
    stranger = client.get(f"/api/v1/tickets/{desk.ticket_id}/clocks", base_url=host)
    assert stranger.status_code == 401
    listed = client.get("/api/v1/sla/policies", headers=token).get_json()
    assert listed["items"][-1]["name"] == "standard"
    calendars = client.get("/api/v1/sla/calendars", headers=token).get_json()
    assert {item["name"] for item in calendars["items"]} >= {"always", "office"}
