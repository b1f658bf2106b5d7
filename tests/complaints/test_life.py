"""A complaint's whole life through the services, and the sideways it may take."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from core.db import db
from core.events import EventRow
from core.jobs import drain
from core.ledger import verify
from core.tickets import service as tickets
from plugins.complaints import plans, results, service
from plugins.complaints.workflow import WORKFLOW
from tests.complaints.conftest import TO_ACCEPT, TO_CLOSE, TO_JUDGE, TO_SIGN, Case, picture


def facts(case: Case) -> list[str]:
    rows = db.session.scalars(
        sa.select(EventRow).where(EventRow.subject_id == case.ticket.id).order_by(EventRow.id)
    )
    return [row.type for row in rows if row.type.startswith("complaints.")]


def test_from_the_portal_to_the_signed_and_closed_ticket(case: Case) -> None:
    """The main job: accepted, judged, investigated, planned, approved, done, signed, followed up."""
    shot = case.upload(picture(), "排水沟.jpg")
    drawn = case.upload(picture("black", "PNG"), "signature.png", case.customer)
    case.go(*TO_ACCEPT, "accept_plan", "start")
    case.move("report_result", **case.answers("report_result", pictures=[shot]))
    signature = {"attachment_id": drawn, "strokes": "[[1,2,3]]"}
    case.move("confirm_result", case.customer, signature=signature, words="同意")
    ticket = case.go("follow_up", "close")
    assert (ticket.state, ticket.status, ticket.stage) == ("closed", "closed", "follow_up")
    assert facts(case) == [
        "complaints.complaint.acknowledged",
        "complaints.complaint.assessed",
        "complaints.complaint.judged",
        "complaints.complaint.investigated",
        "complaints.plan.proposed",
        "complaints.plan.approved",
        "complaints.plan.accepted",
        "complaints.result.reported",
        "complaints.result.confirmed",
        "complaints.follow_up.made",
    ]
    assert all(measure.done_at for measure in plans.measures_of(plans.plan_of(ticket.id).id))
    drain()
    assert verify().green


def test_the_stages_stand_in_the_order_of_the_procedure(case: Case) -> None:
    """受理, 判断, 调查, 方案, 实施与签字, 回访."""
    names = ["intake", "judgement", "investigation", "plan", "implementation", "follow_up"]
    assert [stage.name for stage in WORKFLOW.stages] == names
    seen = [case.ticket.stage]
    for name in (*TO_CLOSE, "close"):
        case.go(name)
        seen.append(case.ticket.stage)
    assert list(dict.fromkeys(seen)) == names


def test_everything_the_customer_reads_names_nobody_responsible(case: Case) -> None:
    case.go(*TO_SIGN)
    said = [message.body_text for message in tickets.messages(case.ticket, actor=case.customer)]
    assert any("更换浮球开关" in words for words in said), "positive control: he reads the plan"
    assert not any(name in words for words in said for name in ("孙立", "钱大明"))


def test_a_complaint_that_is_not_upheld_ends_well_too(case: Case) -> None:
    case.go(*TO_JUDGE, "reject", "follow_up")
    case.clock.advance(timedelta(days=16))
    assert case.go("close").state == "closed"


def test_an_appeal_granted_is_investigated_and_planned(case: Case) -> None:
    case.go(*TO_JUDGE, "reject")
    case.clock.advance(timedelta(days=3))
    ticket = case.go("appeal")
    assert (ticket.state, ticket.status) == ("appealed", "open")
    assert case.go("grant_appeal").state == "investigating"
    assert [row.finding for row in service.judgements_of(ticket.id)] == ["not_founded", "founded"]
    assert case.go("conclude", "propose_plan").state == "plan_proposed"


def test_an_appeal_dismissed_is_final_and_can_be_followed_up_and_closed(case: Case) -> None:
    case.go(*TO_JUDGE, "reject", "appeal")
    assert case.go("dismiss_appeal").state == "final_decision"
    assert case.go("follow_up", "close").state == "closed"


def test_the_customer_refuses_the_plan_and_then_takes_the_next(case: Case) -> None:
    case.go(*TO_ACCEPT)
    assert case.go("decline_plan").state == "planning"
    case.go("propose_plan", "approve_plan", "accept_plan")
    found = [(plan.version, plan.state) for plan in plans.plans_of(case.ticket.id)]
    assert found == [(1, "declined"), (2, "accepted")]


def test_the_supervisor_sends_back_to_planning_or_to_investigation(case: Case) -> None:
    case.go(*TO_ACCEPT[:-1])
    assert case.go("return_plan").state == "planning"
    assert case.go("propose_plan", "return_to_investigation").state == "investigating"
    assert case.go("conclude", "propose_plan", "approve_plan").state == "plan_approved"
    assert [plan.state for plan in plans.plans_of(case.ticket.id)] == [
        "returned",
        "returned",
        "approved",
    ]


def test_the_customer_refuses_the_result_and_implementing_goes_on(case: Case) -> None:
    case.go(*TO_SIGN)
    ticket = case.go("dispute_result")
    assert (ticket.state, ticket.status) == ("implementing", "open")
    case.go("report_result", "confirm_result")
    found = [(result.round, result.outcome) for result in results.results_of(ticket.id)]
    assert found == [(1, "disputed"), (2, "confirmed")]


def test_a_silent_customer_does_not_keep_the_ticket_open_for_ever(case: Case) -> None:
    case.go(*TO_SIGN)
    case.clock.advance(timedelta(days=6, hours=23))
    with pytest.raises(Exception, match="not_silent"):
        case.go("close_no_reply")
    case.clock.advance(timedelta(hours=1))
    assert case.go("close_no_reply").state == "closed_no_reply"
