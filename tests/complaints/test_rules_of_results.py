"""The rulebook's rules from the signature to the closing, one test each, and the clocks."""

from __future__ import annotations

from dataclasses import fields
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from core import i18n
from core.attachments.service import by_ids
from core.db import db, transaction
from core.errors import Conflict, Forbidden, Invalid, NotFound, NotOffered
from core.events import EventRow
from core.sla.reading import clocks_of
from core.tickets import service as tickets
from core.timers import run_until
from plugins.complaints import results, service
from plugins.complaints.events import EVENTS
from tests.complaints.conftest import (
    MONDAY,
    TO_CLOSE,
    TO_FOLLOW,
    TO_JUDGE,
    TO_PLAN,
    TO_RESULT,
    TO_SIGN,
    WORDS,
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
    """T signature record with hash: a changed byte shows."""
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
    """T signature record with its signer: another one's upload is none."""
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


def test_what_the_procedure_says_by_itself_bears_nobodys_name(case: Case) -> None:
    """Promise, plan and thanks are the system's words; the result is its reporter's."""
    case.go(*TO_FOLLOW)
    told = [m for m in tickets.messages(case.ticket, actor=case.customer) if m.purpose == "notice"]
    assert [(m.author_kind, m.author_name, m.automatic) for m in told] == [("system", "", True)] * 3
    result = next(
        m for m in tickets.messages(case.ticket, actor=case.customer) if m.purpose == "outcome"
    )
    assert (result.author_id, result.automatic) == (case.house.agent.id, False)


def test_the_customer_reads_the_result_at_once(case: Case) -> None:
    """No hold: the transition stands, and its message cannot be taken back."""
    case.go(*TO_RESULT)
    case.clock.advance(timedelta(minutes=-1))
    case.go("report_result")
    case.clock.advance(timedelta(minutes=-1))
    assert "试水 30 分钟无返水" in said(case)[-1]
    reported = tickets.messages(case.ticket, actor=case.house.agent)[-1]
    with pytest.raises(Conflict), transaction():
        tickets.recall_message(case.ticket.id, reported.id, actor=case.house.agent)


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
    """T follow-up exists, and one that reached the customer has its ratings."""
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
    run_until(case.clock, MONDAY + timedelta(minutes=minutes - len(TO_PLAN)), housekeeping=False)
    case.go(*TO_PLAN)
    run_until(case.clock, MONDAY + timedelta(minutes=minutes), housekeeping=False)
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
    run_until(case.clock, confirmed + timedelta(hours=hours), housekeeping=False)
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


def test_every_word_of_the_procedure_exists_in_both_languages(app: Flask) -> None:
    """The catalogs hold the same ids, and the same blanks in each."""
    english, chinese = (_words(name) for name in ("en", "zh-CN"))
    assert english.keys() == chinese.keys()
    assert len(english) > 200
    for key, words in english.items():
        assert _blanks(words) == _blanks(chinese[key]), key


@pytest.mark.parametrize("locale", ["zh-CN", "en"])
def test_every_fact_has_words_at_the_desk_and_in_the_audit_page(app: Flask, locale: str) -> None:
    found = i18n.catalog(locale)._catalog
    for fact in EVENTS:
        told, listed = (found.get(f"{room}{fact.type}") for room in ("event.", "console.event."))
        assert told, fact.type
        assert listed, fact.type
        values = {"who": "X"} | {field.name: "1" for field in fields(fact)}
        assert "X" in told % values, fact.type
        assert "%" not in listed, fact.type
        assert all(f"console.data.{field.name}" in found for field in fields(fact)), fact.type
    assert app.name


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
