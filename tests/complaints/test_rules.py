"""The rulebook's rules of the complaint procedure, one test each."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from core import i18n, settings
from core.actors import SYSTEM
from core.attachments.service import by_ids
from core.db import db, transaction
from core.errors import Forbidden, Invalid, NotFound, NotOffered
from core.events import EventRow
from core.sla.reading import clocks_of
from core.tickets import service as tickets
from core.timers import run_until
from plugins.complaints import plans, results, service
from tests.complaints.conftest import (
    MONDAY,
    TO_ACCEPT,
    TO_APPROVE,
    TO_CLOSE,
    TO_FOLLOW,
    TO_INVESTIGATE,
    TO_JUDGE,
    TO_PLAN,
    TO_RESULT,
    TO_SIGN,
    WORDS,
    Case,
    intake,
    new_complaint,
    picture,
)
from tests.tickets.conftest import House


def wrong(case: Case, name: str, **changes: Any) -> set[str]:
    """The fields that a transition complains about; the same with good answers is tried afterwards."""
    with pytest.raises(Invalid) as caught:
        case.move(name, case.who(name), **case.answers(name, **changes))
    return {problem.field.removeprefix("form.") for problem in caught.value.problems}


def refused(case: Case, name: str) -> str:
    """The guard's word against a transition."""
    with pytest.raises(Invalid) as caught:
        case.go(name)
    return str(caught.value.problems[0].message).removeprefix("complaints.error.")


def said(case: Case) -> list[str]:
    return [message.body_text for message in tickets.messages(case.ticket, actor=case.customer)]


def event(case: Case, kind: str) -> dict[str, Any]:
    query = sa.select(EventRow).where(
        EventRow.subject_id == case.ticket.id, EventRow.type == f"complaints.{kind}"
    )
    return db.session.scalars(query).one().payload


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
def test_a_tenant_with_one_supervisor_may_do_without_the_second(case: Case) -> None:
    """The setting lifts the author's bar, never the permission."""
    with transaction():
        settings.save("complaints", {"require_supervisor": False}, actor=SYSTEM)
    case.go(*TO_PLAN)
    case.move("propose_plan", case.house.supervisor, **case.answers("propose_plan"))
    with pytest.raises(Forbidden):
        case.move("approve_plan", case.house.agent, note="同意")
    assert case.go("approve_plan").state == "plan_approved"


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
    case.go(*TO_ACCEPT)
    with pytest.raises(Invalid) as caught:
        case.move("decline_plan", words="太慢了")
    assert [problem.field for problem in caught.value.problems] == ["form.given_by"]
    assert case.move("decline_plan", words="太慢了", given_by="phone").state == "planning"
    assert plans.plan_of(case.ticket.id).answered_by_way_of == "phone"


@pytest.mark.rule("CP-17")
def test_a_refusal_needs_its_reason(case: Case) -> None:
    case.go(*TO_ACCEPT)
    assert wrong(case, "decline_plan", words=None) == {"words"}
    assert case.go("decline_plan").state == "planning"
    assert "太慢了" in said(case)[-1]


@pytest.mark.rule("CP-22")
def test_a_typed_name_signs(case: Case) -> None:
    """G solution letter / W e-signature / T signature record with time, signer, hash."""
    case.go(*TO_SIGN)
    assert wrong(case, "confirm_result", signature=None) == {"signature"}
    at = case.clock.at
    case.go("confirm_result")
    signature = results.signature_of(case.ticket.id)
    assert (signature.kind, signature.signer_name, signature.channel) == (
        "typed",
        "林晓雯",
        "portal",
    )
    assert signature.signed_at == at
    assert signature.sha256 == results.seal(signature)
    assert event(case, "result.confirmed")["sha256"] == signature.sha256


@pytest.mark.rule("CP-22")
def test_a_drawn_signature_is_sealed_and_any_change_of_it_shows(case: Case) -> None:
    case.go(*TO_SIGN)
    drawn = case.upload(picture("black", "PNG"), "s.png", case.customer)
    given = {"attachment_id": drawn, "strokes": "[[1,2,3]]"}
    case.move("confirm_result", case.customer, signature=given)
    signature = results.signature_of(case.ticket.id)
    from_row = results.seal(signature, _sha_of(signature.attachment_id))
    assert signature.kind == "drawn"
    assert signature.sha256 == from_row
    with db.session.no_autoflush:
        for name, value in {
            "strokes": "[]",
            "signer_name": "别人",
            "signed_at": MONDAY,
            "signer_id": None,
        }.items():
            kept = getattr(signature, name)
            setattr(signature, name, value)
            assert results.seal(signature, _sha_of(signature.attachment_id)) != from_row, name
            setattr(signature, name, kept)
    assert results.seal(signature, "0" * 64) != from_row, "another picture"
    db.session.expire_all()


def _sha_of(attachment_id: Any) -> str:
    return by_ids([attachment_id])[attachment_id].sha256


@pytest.mark.rule("CP-22")
def test_nobody_signs_with_another_ones_picture(case: Case) -> None:
    case.go(*TO_SIGN)
    foreign = case.upload(picture("black", "PNG"), "s.png", case.house.agent)
    with pytest.raises(NotFound):
        case.move("confirm_result", case.customer, signature={"attachment_id": foreign})
    assert results.signature_of(case.ticket.id) is None
    own = case.upload(picture("black", "PNG"), "s.png", case.customer)
    case.move("confirm_result", case.customer, signature={"attachment_id": own})
    assert results.signature_of(case.ticket.id).kind == "drawn"


@pytest.mark.rule("CP-22")
def test_staff_keep_a_scan_of_the_signature_and_say_how_it_came(case: Case) -> None:
    """T e-signature or uploaded scan."""
    case.go(*TO_SIGN)
    scan = case.upload(picture(), "scan.jpg")
    case.move("confirm_result", signature={"attachment_id": scan}, given_by="on_site")
    signature = results.signature_of(case.ticket.id)
    assert (signature.signer_kind, signature.channel) == ("user", "on_site")
    assert signature.signer_name == "林晓雯"


@pytest.mark.rule("CP-25")
def test_the_customer_is_thanked_in_three_sentences(case: Case) -> None:
    """G close letter / W rendered / T three elements present."""
    case.go(*TO_FOLLOW)
    thanks = said(case)[-1]
    assert [part in thanks for part in ("致歉", "感谢您的信任", "改进")] == [True] * 3


@pytest.mark.rule("CP-27")
def test_nothing_closes_without_the_follow_up(case: Case) -> None:
    """G complaint resolved / W closed / T follow-up exists; closing without it refused."""
    case.go(*TO_FOLLOW)
    with pytest.raises(NotOffered):
        case.go("close")
    case.go("follow_up")
    with transaction():
        db.session.execute(sa.delete(results.FollowUp))
    assert refused(case, "close") == "follow_up"
    with transaction():
        answers = case.answers("follow_up") | {"speed": "3"}
        results.follow_up(case.ticket, answers, case.house.agent)
    assert case.go("close").state == "closed"


@pytest.mark.rule("CP-27")
def test_a_follow_up_that_reached_the_customer_has_ratings(case: Case) -> None:
    case.go(*TO_FOLLOW)
    assert wrong(case, "follow_up", speed=None, attitude="6") == {"speed", "attitude"}
    case.move("follow_up", channel="phone", reached=False)
    made = results.follow_up_of(case.ticket.id)
    assert (made.reached, made.speed) == (False, None)


@pytest.mark.rule("CL-07")
def test_nothing_closes_without_a_cause(case: Case) -> None:
    """G complaint to be closed / W cause empty / T close refused."""
    case.go(*TO_CLOSE)
    with transaction():
        service.investigation_of(case.ticket.id).cause_group = ""
    assert refused(case, "close") == "cause"
    with transaction():
        service.investigation_of(case.ticket.id).cause_group = "seller"
    assert case.go("close").state == "closed"


@pytest.mark.rule("ST-C")
def test_not_upheld_stays_open_for_the_appeal_window(case: Case) -> None:
    """Closing only after appeal window (standards 7.9)."""
    case.go(*TO_JUDGE, "reject")
    assert refused(case, "close_not_upheld") == "appeal_open"
    case.clock.advance(timedelta(days=15))
    assert case.go("close_not_upheld").state == "closed"


@pytest.mark.rule("ST-C")
def test_an_appeal_comes_once_in_its_window_and_another_decides(case: Case) -> None:
    """appealed (customer, once, inside window; reviewer must differ)."""
    case.go(*TO_JUDGE)
    case.move("reject", case.house.manager, **case.answers("reject"))
    case.clock.advance(timedelta(days=16))
    assert refused(case, "appeal") == "appeal_late"
    case.clock.advance(timedelta(days=-2))
    case.go("appeal")
    assert refused(case, "dismiss_appeal") == "own_judgement"
    with pytest.raises(Forbidden):
        case.move("dismiss_appeal", case.house.agent, grounds="无误")
    case.move("dismiss_appeal", case.house.supervisor, grounds="复核无误")
    case.go("close_final")
    assert refused(case, "appeal") == "appealed"


@pytest.mark.rule("SL-03")
@pytest.mark.parametrize(("minutes", "state"), [(59, "met"), (61, "breached")])
def test_the_plan_is_due_in_an_hour(case: Case, minutes: int, state: str) -> None:
    """G complaint 10:00 / W 11:01 no plan / T breach at 11:00."""
    run_until(case.clock, MONDAY + timedelta(minutes=minutes - len(TO_PLAN)))
    case.go(*TO_PLAN)
    run_until(case.clock, MONDAY + timedelta(minutes=minutes))
    breaches = db.session.scalars(
        sa.select(EventRow).where(EventRow.type == "clock.breached")
    ).all()
    found = [row.occurred_at for row in breaches if "complaints.plan" in row.data]
    assert found == ([MONDAY + timedelta(hours=1)] if state == "breached" else [])
    case.go("propose_plan")
    clock = next(c for c in clocks_of(case.ticket.id) if c.metric == "complaints.plan")
    assert clock.outcome == state


@pytest.mark.rule("SL-09")
@pytest.mark.parametrize(("hours", "breached"), [(23, False), (25, True)])
def test_the_follow_up_is_due_in_a_day_around_the_clock(
    case: Case, hours: int, breached: bool
) -> None:
    """G resolved Mon 09:00 / W Tue 09:01 none / T breach."""
    case.go(*TO_SIGN)
    confirmed = case.clock.at
    case.go("confirm_result")
    run_until(case.clock, confirmed + timedelta(hours=hours))
    rows = db.session.scalars(sa.select(EventRow).where(EventRow.type == "clock.breached")).all()
    found = [row.occurred_at for row in rows if "complaints.follow_up" in row.data]
    assert found == ([confirmed + timedelta(days=1)] if breached else [])
    case.go("follow_up")
    clock = next(c for c in clocks_of(case.ticket.id) if c.metric == "complaints.follow_up")
    assert clock.outcome == ("breached" if breached else "met")


@pytest.mark.rule("CL-01")
def test_a_complaint_is_of_the_problem_class(case: Case) -> None:
    """T class always one of three."""
    assert case.ticket.request_class == "problem"


def test_every_word_of_the_procedure_exists_in_both_languages() -> None:
    """The catalogs hold the same ids, and the same blanks in each."""
    english, chinese = (_words(name) for name in ("en", "zh-CN"))
    assert english.keys() == chinese.keys()
    assert len(english) > 200
    for key, words in english.items():
        assert _blanks(words) == _blanks(chinese[key]), key


def _words(locale: str) -> dict[str, str]:
    found = i18n.catalog(locale)._catalog
    return {k: v for k, v in found.items() if isinstance(k, str) and k.startswith("complaints.")}


def _blanks(words: str) -> set[str]:
    return {part.split(")")[0] for part in words.split("%(")[1:]}


def test_wrong_words_change_nothing(case: Case) -> None:
    """Bad input gets a clear error and changes nothing."""
    before = (case.ticket.state, case.ticket.version, len(said(case)))
    for answers in ({"grade": "general", "x": 1}, {"grade": ["general"]}, {"grade": "<script>"}):
        with pytest.raises(Invalid):
            case.move("acknowledge", **answers)
    assert (case.ticket.state, case.ticket.version, len(said(case))) == before
    assert case.go("acknowledge").version == before[1] + 1


def test_script_and_emoji_stay_words(house: House) -> None:
    attack = "<script>alert(1)</script> 👩‍👩‍👧 " + "字" * 9000
    with transaction():
        ticket = tickets.open_ticket(
            new_complaint(form=intake(description=attack), description=""), actor=house.customer
        )
    assert service.complaint_of(ticket.id).content == attack
    assert WORDS not in attack


def test_results_can_be_told_with_pictures(case: Case) -> None:
    shot = case.upload(picture(), "完成.jpg")
    case.go(*TO_RESULT)
    case.move("report_result", **case.answers("report_result", pictures=[shot]))
    message = tickets.messages(case.ticket, actor=case.customer)[-1]
    assert [str(i) for i in tickets.attachments_of([message.id])[message.id]] == [shot]
