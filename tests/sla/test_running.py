"""Clocks in the running house: real time, real threads."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import current_app

from core import jobs, timers
from core.bodies import to_body
from core.clock import now, real_now, virtual
from core.db import clear_session, transaction
from core.declarations import Escalation, Target
from core.sla import defaults, policies
from core.sla.verify import verify
from core.tenancy import Tenant, as_tenant
from core.tickets import service
from tests.sla.desk import Desk, at, staffed

QUICK = replace(
    defaults.DEFAULT_POLICY,
    targets=(Target("first_response", 3, calendar="always"),),
    escalations=(Escalation("breach", "supervisor"),),
)


@pytest.mark.usefixtures("alone")
def test_a_warning_and_a_breach_due_in_3_s_arrive_by_themselves(app, tenant: Tenant) -> None:
    with virtual(real_now()) as clock:
        desk = staffed(tenant, clock)
    with transaction():
        policies.edit_policy("standard", to_body(QUICK), actor=desk.people["agent"])
    desk.next_request().open()
    begun, seen = time.monotonic(), {}
    stop = jobs.start_threads(app)
    try:
        while len(seen) < 3 and time.monotonic() - begun < 10:
            time.sleep(0.1)
            clear_session()
            for row in desk.said("clock.warned", "clock.breached", "clock.escalated"):
                seen.setdefault(row.type, time.monotonic() - begun)
    finally:
        stop.set()
    print({name: f"{seconds:.1f} s" for name, seconds in seen.items()})  # noqa: T201  the figure
    assert set(seen) == {"clock.warned", "clock.breached", "clock.escalated"}
    (breach,) = desk.said("clock.breached")
    assert breach.occurred_at - desk.ticket.opened_at.replace(microsecond=0) == timedelta(seconds=3)


def test_answers_that_race_each_other_and_the_sweeper_keep_one_promise_once(desk: Desk) -> None:
    app = current_app._get_current_object()
    tickets = [desk.open(subject=f"Number {number}") for number in range(4)]
    desk.jump("16 10:30")
    errors: list[BaseException] = []

    def work(call) -> None:
        try:
            with app.app_context(), as_tenant(desk.tenant):
                call()
        except BaseException as error:  # noqa: BLE001  shown below
            errors.append(error)

    def answer() -> None:
        for ticket_id in tickets:
            with transaction():
                service.post_message(ticket_id, "We are on it.", actor=desk.people["agent"])

    def sweep() -> None:
        for _ in range(8):
            timers.run_due()

    clear_session()
    threads = [
        threading.Thread(target=work, args=(call,)) for call in (answer, sweep, answer, sweep)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert now() == at("16 10:30")
    for ticket_id in tickets:
        desk.ticket_id = ticket_id
        assert desk.one("first_response").outcome == "met"
        kinds = [row.type for row in desk.said("clock.met", "clock.breached", "clock.warned")]
        assert sorted(kinds) == ["clock.met", "clock.warned"]
    assert verify().green
