"""The rulebook's rules from intake to plan, one test each."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from core import settings
from core.actors import SYSTEM
from core.attachments.service import attachments_of_ticket
from core.db import db, transaction
from core.errors import Forbidden, Invalid, NotOffered
from core.events import EventRow
from core.tickets import service as tickets
from plugins.complaints import plans, service
from tests.complaints.conftest import (
    MONDAY,
    TO_ACCEPT,
    TO_APPROVE,
    TO_INVESTIGATE,
    TO_JUDGE,
    TO_PLAN,
    Case,
    event,
    intake,
    new_complaint,
    picture,
    refused,
    said,
    wrong,
)
from tests.tickets.conftest import House


@pytest.mark.rule("CP-01")
def test_a_complaint_has_number_and_link_at_once(case: Case) -> None:
    """G portal complaint / W posted / T number and ack issued in the same response."""
    assert case.ticket.number == "CP-2611-00001"
    opened = db.session.scalars(sa.select(EventRow).where(EventRow.type == "ticket.opened")).one()
    assert opened.payload["link_id"]


@pytest.mark.rule("CP-02")
@pytest.mark.parametrize("missing", ["name", "phone", "description"])
def test_the_intake_record_is_whole(house: House, missing: str) -> None:
    """G any of the four missing / W submit / T field error."""
    form = intake(**{missing: None})
    with pytest.raises(Invalid) as caught, transaction():
        tickets.open_ticket(new_complaint(form=form, description=""), actor=house.customer)
    assert [problem.field for problem in caught.value.problems] == [f"form.{missing}"]
    with transaction():
        whole = tickets.open_ticket(new_complaint(form=intake()), actor=house.customer)
    assert service.complaint_of(whole.id).complainant == "林晓雯"


@pytest.mark.rule("CP-02")
def test_the_time_of_a_complaint_is_now_unless_told(house: House) -> None:
    """T time defaults to now in tenant zone."""
    with transaction():
        silent = tickets.open_ticket(new_complaint(), actor=house.customer)
        told = tickets.open_ticket(
            new_complaint(form=intake(happened_at="2026-11-14T08:42:00+08:00")),
            actor=house.agent,
        )
    assert service.complaint_of(silent.id).happened_at == MONDAY
    assert service.complaint_of(told.id).happened_at.isoformat() == "2026-11-14T00:42:00+00:00"
    assert service.complaint_of(told.id).received_by == house.agent.id


@pytest.mark.rule("CP-02")
def test_full_width_digits_are_a_telephone_number(house: House) -> None:
    """G contact typed in full width / W submit / T it is a telephone number."""
    with transaction():
        ticket = tickets.open_ticket(
            new_complaint(form=intake(phone="１３８００１３８０００")), actor=house.customer
        )
    assert service.complaint_of(ticket.id).phone == "+8613800138000"


@pytest.mark.rule("CP-07")
@pytest.mark.parametrize("missing", ["reason_sufficient", "demand_reasonable", "grounds"])
def test_a_judgement_needs_both_answers_and_is_in_the_audit(case: Case, missing: str) -> None:
    """G status accepted / W judge / T both answers and judge recorded in audit."""
    case.go(*TO_JUDGE)
    assert wrong(case, "uphold", **{missing: None}) == {missing}
    case.go("uphold")
    assert event(case, "complaint.judged")["reason_sufficient"] is True
    judgement = service.judgement_of(case.ticket.id)
    assert (judgement.judged_by, judgement.finding) == (case.house.agent.id, "founded")


@pytest.mark.rule("CP-08")
@pytest.mark.parametrize("missing", ["grounds", "appeal_path"])
def test_not_upheld_needs_reasons_and_the_way_to_appeal(case: Case, missing: str) -> None:
    """G decision not founded / W reply / T letter has reasons + appeal path; status not_upheld."""
    case.go(*TO_JUDGE)
    assert wrong(case, "reject", **{missing: None}) == {missing}
    assert case.go("reject").state == "not_upheld"
    letter = said(case)[-1]
    assert "现场核实，沟渠畅通。" in letter
    assert "可向客服经理申诉" in letter


@pytest.mark.rule("CP-09")
@pytest.mark.parametrize("missing", ["department", "promised_at"])
def test_founded_fixes_the_department_and_promises_a_time(case: Case, missing: str) -> None:
    """G founded / W saved / T department set and promised date sent to customer."""
    case.go(*TO_JUDGE)
    assert wrong(case, "uphold", **{missing: None}) == {missing}
    case.go("uphold")
    told = said(case)[-1]
    assert "技术部" in told
    assert "2026-11-18 10:0" in told


@pytest.mark.rule("CL-09")
def test_without_a_decision_nothing_moves_on(case: Case) -> None:
    """G assessment step / W decision missing / T cannot move on."""
    case.go(*TO_JUDGE)
    assert wrong(case, "uphold", finding=None) == {"finding"}
    assert wrong(case, "uphold", finding="maybe") == {"finding"}
    with pytest.raises(NotOffered):
        case.go("conclude")
    assert case.go("uphold").state == "investigating"


@pytest.mark.rule("ST-C")
def test_partly_founded_is_founded_with_its_parts_named(case: Case) -> None:
    """Partly founded is founded with its parts named (model §6)."""
    case.go(*TO_JUDGE)
    assert wrong(case, "uphold", finding="partly") == {"founded_parts"}
    answers = case.answers("uphold", finding="partly", founded_parts="返水属实，赔偿不合理")
    assert case.move("uphold", **answers).state == "investigating"
    assert service.judgement_of(case.ticket.id).founded_parts == "返水属实，赔偿不合理"


@pytest.mark.rule("ST-C")
@pytest.mark.parametrize("missing", ["grade", "safety", "complexity", "impact", "immediate"])
def test_five_assessment_fields_to_assess(case: Case, missing: str) -> None:
    """Guards: five assessment fields to assess; safety=yes forces grade 1."""
    case.go("acknowledge")
    assert wrong(case, "assess", **{missing: None}) == {missing}
    case.move("assess", **case.answers("assess", safety=True, grade="minor"))
    assert service.complaint_of(case.ticket.id).grade == "critical"


@pytest.mark.rule("CP-11")
@pytest.mark.parametrize(
    "missing",
    ["facts", "facts_true", "purpose", "reason_sound", "analysis", "demand_legitimate"],
)
def test_the_investigation_answers_its_five_questions(case: Case, missing: str) -> None:
    """G investigation form / W completed / T five answers present, evidence attachable."""
    case.go(*TO_INVESTIGATE)
    assert wrong(case, "conclude", **{missing: None}) == {missing}
    assert case.go("conclude").state == "planning"


@pytest.mark.rule("CP-11")
def test_evidence_can_be_attached_and_stays_internal(case: Case) -> None:
    """T evidence attachable."""
    case.go(*TO_INVESTIGATE)
    scan = case.upload(picture(), "现场.jpg")
    case.move("conclude", **case.answers("conclude", evidence=[scan]))
    ours = attachments_of_ticket(case.ticket.id, actor=case.house.colleague)
    assert [str(row.id) for row in ours] == [scan]
    assert attachments_of_ticket(case.ticket.id, actor=case.customer) == []


@pytest.mark.rule("CP-02")
def test_files_of_the_form_come_with_the_description(house: House, case: Case) -> None:
    """G the four of the intake and files / W submit / T the record holds them together."""
    shot = case.upload(picture(), "车库.jpg", house.customer)
    with transaction():
        ticket = tickets.open_ticket(new_complaint(form=intake(files=[shot])), actor=house.customer)
    seen = attachments_of_ticket(ticket.id, actor=house.customer)
    assert [str(row.id) for row in seen] == [shot]


@pytest.mark.rule("CP-12")
def test_cause_and_person_are_found_and_the_person_is_hidden(case: Case) -> None:
    """G investigation / W closed / T cause code + person or "none" stored, hidden from customer."""
    case.go(*TO_INVESTIGATE)
    missing = {"cause_group": None, "responsible": None}
    assert wrong(case, "conclude", **missing) == {"cause_group", "responsible"}
    case.go("conclude", "propose_plan", "approve_plan")
    found = service.investigation_of(case.ticket.id)
    assert (found.cause_group, found.responsible) == ("product", "钱大明")
    assert not any("钱大明" in words for words in said(case))
    rows = db.session.scalars(sa.select(EventRow.data)).all()
    assert not any("钱大明" in row or "林晓雯" in row for row in rows), "nor in any event"


@pytest.mark.rule("CP-14")
def test_only_a_supervisor_approves_and_never_the_author(case: Case) -> None:
    """G two options / W non-supervisor approves / T 403; supervisor approval stored with note."""
    case.go(*TO_PLAN)
    case.move("propose_plan", case.house.supervisor, **case.answers("propose_plan"))
    with pytest.raises(Forbidden):
        case.move("approve_plan", case.house.agent, note="同意")
    assert refused(case, "approve_plan") == "own_plan"
    case.move("approve_plan", case.house.manager, note="同意按方案执行")
    plan = plans.plan_of(case.ticket.id)
    assert (plan.state, plan.decision_note) == ("approved", "同意按方案执行")
    assert (plan.author_id, plan.decided_by) == (case.house.supervisor.id, case.house.manager.id)


@pytest.mark.rule("CP-14")
def test_no_setting_lets_the_author_approve_his_own_plan(case: Case) -> None:
    """ "Never the author's" is absolute: a stored switch of old days changes nothing."""
    with transaction():
        settings.save("complaints", {"appeal_days": 15}, actor=SYSTEM)
        row = db.session.get_one(settings.Setting, (case.house.tenant.id, "complaints"))
        row.values = {**row.values, "require_supervisor": False}
    with pytest.raises(Invalid):
        settings.save("complaints", {"require_supervisor": False}, actor=SYSTEM)
    case.go(*TO_PLAN)
    case.move("propose_plan", case.house.supervisor, **case.answers("propose_plan"))
    assert refused(case, "approve_plan") == "own_plan"
    assert case.move("approve_plan", case.house.manager, note="同意").state == "plan_approved"


@pytest.mark.rule("CP-15")
@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"root_cause": None}, "root_cause"),
        ({"measures": None}, "measures"),
        ({"measures": [{"responsible": "孙立", "due_at": "2026-11-20T08:00:00Z"}]}, "measures.0.measure"),
        ({"measures": [{"measure": "清掏", "due_at": "2026-11-20T08:00:00Z"}]}, "measures.0.responsible"),
        ({"measures": [{"measure": "清掏", "responsible": "孙立"}]}, "measures.0.due_at"),
        ({"contact_points": None}, "contact_points"),
    ],
)  # fmt: skip
def test_a_plan_has_five_parts(case: Case, changes: dict[str, Any], field: str) -> None:
    """G plan lacking one of five / W submit / T field error."""
    case.go(*TO_PLAN)
    assert wrong(case, "propose_plan", **changes) == {field}
    case.go("propose_plan")
    plan = plans.plan_of(case.ticket.id)
    assert [measure.measure for measure in plans.measures_of(plan.id)] == [
        "更换浮球开关",
        "清掏排水沟",
    ]


@pytest.mark.rule("CP-17")
def test_the_customer_is_told_the_plan_and_decides(case: Case) -> None:
    """G plan proposed / W portal "accept" / T status accepted; "decline" reopens planning."""
    case.go(*TO_APPROVE)
    with pytest.raises(NotOffered):
        case.go("accept_plan")
    case.go("approve_plan")
    assert "更换浮球开关" in said(case)[-1]
    with pytest.raises(NotOffered):
        case.go("start")
    assert case.go("accept_plan").state == "accepted"
    assert event(case, "plan.accepted")["way"] == "portal"
    assert plans.plan_of(case.ticket.id).answered_kind == "contact"


@pytest.mark.rule("CP-17")
def test_staff_record_an_answer_by_phone_and_say_so(case: Case) -> None:
    """G plan proposed / W the customer accepts by phone / T status accepted, the way of it on record."""
    case.go(*TO_ACCEPT)
    with pytest.raises(Invalid) as caught:
        case.move("decline_plan", words="太慢了")
    assert [problem.field for problem in caught.value.problems] == ["form.given_by"]
    assert case.move("decline_plan", words="太慢了", given_by="phone").state == "planning"
    assert plans.plan_of(case.ticket.id).answered_by_way_of == "phone"


@pytest.mark.rule("CP-17")
def test_a_refusal_needs_its_reason(case: Case) -> None:
    """G plan proposed / W "decline" without a word / T field error; with it planning is reopened."""
    case.go(*TO_ACCEPT)
    assert wrong(case, "decline_plan", words=None) == {"words"}
    assert case.go("decline_plan").state == "planning"
    assert "太慢了" in said(case)[-1]
