"""The rulebook's time limits, one rule a test; each docstring quotes given / when / then."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import pytest

from core.events import Event
from tests.sla.desk import Desk, at


@dataclass(frozen=True, kw_only=True)
class CallArrived(Event):
    """A call rings."""

    type = "call.arrived"


@dataclass(frozen=True, kw_only=True)
class CallAnswered(Event):
    """Somebody took the call."""

    type = "call.answered"


@dataclass(frozen=True, kw_only=True)
class ChatArrived(Event):
    """A customer waits in the chat."""

    type = "chat.arrived"


def note(desk: Desk, purpose: str) -> None:
    """What the owner of the work tells the desk."""
    desk.do("report_work", "The motor is in.", by="owner", purpose=purpose)


@pytest.mark.rule("SL-01")
def test_phone_answered_within_10_s(desk: Desk) -> None:
    """G call rings 11 s / W answered / T metric breached."""
    desk.open(channel="phone")
    assert not desk.clocks("first_response"), "no channel data, no clock"
    desk.emit(CallArrived())
    desk.jump("16 10:00:11").emit(CallAnswered(), by=desk.people["agent"])
    late = desk.one("first_response")
    assert (late.target, late.outcome) == (10, "breached")
    assert late.breached_at == at("16 10:00:10")
    desk.open(channel="phone")
    desk.emit(CallArrived())
    desk.jump("16 10:00:21").emit(CallAnswered(), by=desk.people["agent"])
    assert desk.one("first_response").outcome == "met"


@pytest.mark.rule("SL-02")
def test_online_text_replied_within_30_s(desk: Desk) -> None:
    """G chat 31 s silent / W timer / T breach, supervisor alert."""
    desk.jump("15 23:00").open(channel="chat")
    desk.emit(ChatArrived())
    desk.until("15 23:00:30")
    assert desk.one("first_response").outcome == "open"
    desk.until("15 23:00:31")
    assert desk.one("first_response").outcome == "breached", "round the clock, Sunday night too"
    told = [(row.payload["at"], row.payload["notify"]) for row in desk.said("clock.escalated")]
    assert ("breach", "supervisor") in told


@pytest.mark.rule("SL-04")
def test_owner_confirms_within_30_min(desk: Desk) -> None:
    """G assigned 10:00 / W accepted 10:29 / T met."""
    desk.open()
    desk.do("assign", desk.people["owner"].id)
    desk.until("16 10:29").do("accept", by="owner")
    clock = desk.one("acceptance")
    assert (clock.outcome, clock.elapsed, clock.calendar) == ("met", 29 * 60, "office")
    desk.open()
    desk.do("assign", desk.people["owner"].id)
    desk.until("16 11:00").do("accept", by="owner")
    assert desk.one("acceptance").outcome == "breached"


@pytest.mark.rule("SL-05")
def test_progress_is_told_every_24_h(desk: Desk) -> None:
    """G last update 24 h ago / W timer / T breach; new update restarts clock."""
    desk.open()
    desk.do("assign", desk.people["owner"].id)
    desk.do("accept", by="owner")
    desk.until("16 15:00").say("Ordered a part.", visibility="internal", by="owner")
    first, second = desk.clocks("progress")
    assert (first.outcome, second.due_at) == ("met", at("17 15:00"))
    desk.until("17 15:01")
    assert desk.one("progress").breached_at == at("17 15:00")
    desk.until("17 16:00").say("It came.", by="owner")
    assert [view.outcome for view in desk.clocks("progress")] == ["met", "breached", "open"]
    assert desk.one("progress").due_at == at("18 16:00")


@pytest.mark.rule("SL-07")
def test_owner_tells_the_agent_within_2_h_of_solving(desk: Desk) -> None:
    """G work done 10:00 / W notice 12:05 / T breach."""
    desk.open()
    note(desk, "work_done")
    desk.until("16 13:35")
    note(desk, "result")
    late = desk.one("result_notice")
    assert (late.target, late.outcome) == (7200, "breached")
    assert late.breached_at == at("16 12:00")
    note(desk, "work_done")
    desk.until("16 15:35")
    note(desk, "result")
    assert desk.one("result_notice").outcome == "met"


@pytest.mark.rule("SL-08")
def test_agent_contacts_the_customer_within_1_h_of_the_notice(desk: Desk) -> None:
    """G notice 12:00 / W contact 12:59 / T met."""
    desk.jump("16 09:00").open()
    note(desk, "work_done")
    desk.until("16 10:00")
    note(desk, "result")
    desk.until("16 10:59").say("It runs again.")
    clock = desk.one("customer_contact")
    assert (clock.outcome, clock.elapsed) == ("met", 59 * 60)


@pytest.mark.rule("SL-08")
def test_a_result_that_comes_back_by_slip_is_a_notice_too(desk: Desk) -> None:
    """G notice 12:00 / W contact 12:59 / T met: here the department's result is the notice."""
    desk.open()
    slip = {"department": str(desk.places["repair"]), "reason": "expertise", "summary": "Motor."}
    desk.do("hand_over", slip)
    desk.do("accept_handover")
    desk.until("16 10:30").do("take_back", "Motor replaced.")
    assert desk.one("customer_contact").due_at == at("16 11:30")
    desk.until("16 11:31").say("It runs again.")
    assert desk.one("customer_contact").outcome == "breached"


@pytest.mark.rule("SL-32")
def test_departments_answer_a_transfer_within_30_min(desk: Desk) -> None:
    """G transfer / W 30 min silent / T breach on department."""
    desk.open()
    slip = {"department": str(desk.places["repair"]), "reason": "expertise", "summary": "Motor."}
    desk.do("hand_over", slip)
    desk.until("16 10:31")
    assert desk.one("handover").breached_at == at("16 10:30")
    (breach,) = [row for row in desk.said("clock.breached") if row.payload["metric"] == "handover"]
    assert breach.occurred_at == at("16 10:30")
    desk.open(subject="Another")
    desk.do("hand_over", slip)
    desk.until("16 10:40").do("accept_handover")
    assert desk.one("handover").outcome == "met"
    assert desk.one("handover").elapsed == timedelta(minutes=9).seconds
