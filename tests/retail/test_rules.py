"""Rules of retail's ways: a return's, a card application's, and the day that every matter has its first answer in."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from core.clock import VirtualClock
from core.db import db, transaction
from core.errors import Forbidden, Invalid, NotOffered
from core.events import EventRow
from core.tickets import service as tickets
from core.tickets.models import Ticket
from core.timers import run_until
from plugins.retail import members
from tests.retail.world import application, sell
from tests.tickets.conftest import House

INSPECTED = ("verify", "approve", "hand_in", "receive", "begin_inspection")
SEEN = "pending_approval approved desk_handed_in received inspecting"
ANSWERS: dict[str, dict[str, Any]] = {
    "verify": {"note": "小票、实物核对一致。"},
    "approve": {"note": "同意"},
    "decline": {"note": "超过期限"},
    "pass": {"disposition": "restock"},
    "fail": {"note": "有明显使用痕迹"},
    "return_to_customer": {"note": "已退回"},
    "exchange": {"receipt": "XP1"},
}
HEADS = ("approve", "decline")


@pytest.mark.rule("ST-R")
@pytest.mark.parametrize(
    ("remedy", "moves", "seen"),
    [
        ("return", (*INSPECTED, "pass", "settle"), f"{SEEN} passed refund_pending"),
        ("exchange", (*INSPECTED, "pass", "exchange", "close"), f"{SEEN} passed exchanged closed"),
        (
            "store_credit",
            (*INSPECTED, "pass", "give_credit", "close"),
            f"{SEEN} passed store_credit closed",
        ),
        ("return", (*INSPECTED, "fail", "return_to_customer"), f"{SEEN} failed returned_to_customer"),
        ("return", ("verify", "approve", "issue_label"), "pending_approval approved label_issued"),
        ("return", ("verify", "decline"), "pending_approval declined"),
        ("return", ("verify", "cancel"), "pending_approval cancelled"),
    ],
)  # fmt: skip
def test_a_return_goes_its_way(
    case_of: Any, remedy: str, moves: tuple[str, ...], seen: str
) -> None:
    """requested → pending_approval → {approved | declined} → received → inspecting → {passed | failed} → …."""
    case = case_of()
    assert case.ask(remedy=remedy).state == "requested"
    found = []
    for name in moves:
        head = case.supervisor if name in HEADS else None
        found.append(case.step(name, head, **ANSWERS.get(name, {})).state)
    assert found == seen.split()


@pytest.mark.rule("ST-R")
def test_a_return_closes_when_its_money_has_arrived(case_of: Any) -> None:
    """refund_pending → refunded → closed: G refund sent / W arrived / T closed; nothing is skipped."""
    case = case_of(sell(kind="bank"))
    case.ask()
    with pytest.raises(NotOffered):
        case.step("receive")
    case.to_refund()
    with pytest.raises(NotOffered):
        case.step("close")
    case.pay_out()
    db.session.refresh(case.rma)
    assert case.rma.state == "refunded"
    (refund,) = case.refunds()
    case.pay(refund, "arrive")
    db.session.refresh(case.rma)
    assert case.rma.state == "closed"


@pytest.mark.rule("ST-A")
@pytest.mark.parametrize(
    ("known", "moves", "seen"),
    [
        (True, ("check", "approve_application", "issue"), "checked approved issued"),
        (True, ("check", "refuse"), "checked refused"),
        (
            False,
            ("set_aside", "complete", "approve_application", "issue"),
            "pending_completion checked approved issued",
        ),
    ],
)
def test_an_application_goes_its_way_to_the_card(
    mall: House, known: bool, moves: tuple[str, ...], seen: str
) -> None:
    """draft → checked → pending_completion ⇄ → approved → issued → active."""
    answers = {
        "complete": {"id_number": "330106199001011234"},
        "refuse": {"reason": "资料不实"},
    }
    with transaction():
        given = application() if known else application(id_number=None)
        made = members.apply_for_card(given, actor=mall.agent)
    assert made.state == "draft"
    with pytest.raises(NotOffered), transaction():
        members.take_step(made.id, "issue", {}, actor=mall.agent, version=made.version)
    found = []
    for name in moves:
        with transaction():
            told = answers.get(name, {})
            made = members.take_step(made.id, name, told, actor=mall.agent, version=made.version)
        found.append(made.state)
    assert found == seen.split()
    if made.state == "issued":
        assert members.working_card(made.member_id).state == "active"


@pytest.mark.rule("ST-A")
def test_a_household_conflict_is_the_supervisors(mall: House) -> None:
    """G household conflict / W agent approves / T refused; supervisor / T approved. active → lost → replaced."""
    applied = []
    with transaction():
        for _ in range(2):
            given = application(address="锦绣路12号3栋2单元402室")
            applied.append(members.apply_for_card(given, actor=mall.agent))

    def step(which: int, name: str, actor: Any = mall.agent, **told: Any) -> str:
        made = applied[which]
        with transaction():
            applied[which] = members.take_step(
                made.id, name, told, actor=actor, version=made.version
            )
        return applied[which].state

    assert [step(0, name) for name in ("check", "approve_application", "issue")][-1] == "issued"
    step(1, "check")
    with pytest.raises(Invalid):
        step(1, "approve_application")
    with pytest.raises(Forbidden):
        step(1, "override", reason="已分户")
    assert step(1, "override", mall.supervisor, reason="已分户") == "approved"
    card = members.working_card(applied[0].member_id)
    with transaction():
        assert members.report_lost(card.id, actor=mall.agent).state == "lost"
        new = members.replace_card(card.id, actor=mall.agent)
    assert (members.get_card(card.id).state, new.state) == ("replaced", "active")


@pytest.mark.rule("SL-17")
@pytest.mark.parametrize("told", [False, True])
def test_a_day_without_an_answer_is_a_breach_unless_the_customer_was_told(
    case_of: Any, clock: VirtualClock, told: bool
) -> None:
    """G enquiry register entry / W 24 h / T breach unless extension note to customer."""
    case = case_of()
    case.ask()
    ticket: Ticket = case.ticket()
    start = clock.at
    run_until(clock, start + timedelta(hours=23), housekeeping=False)
    if told:
        with transaction():
            words = "还在核实，明天下午给您答复。"
            tickets.post_message(ticket.id, words, actor=case.agent)
    run_until(clock, start + timedelta(hours=25), housekeeping=False)
    query = sa.select(EventRow).where(
        EventRow.type == "clock.breached", EventRow.subject_id == ticket.id
    )
    found = [row.occurred_at for row in db.session.scalars(query) if "first_response" in row.data]
    assert found == ([] if told else [start + timedelta(days=1)])
