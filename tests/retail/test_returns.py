"""Returns from the wish to the money: approval by somebody else, original tender, vouchers, arrival."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from core.actors import SYSTEM
from core.db import db, transaction
from core.errors import Forbidden, Invalid, NotFound, NotOffered, StaleVersion
from core.events import EventRow
from core.reports import service as papers
from core.settings import save
from core.tickets import service as tickets
from core.timers import run_until
from plugins.retail import jobs, payouts, reports, rmas, sales, statements, steps, tasks
from plugins.retail.return_models import Task
from tests.retail.world import customer_contact, join, sell, slip, tender, wish

RUN = type("Run", (), {})


def problem(caught):
    return str(caught.value.problems[0].message).removeprefix("retail.error.")


def facts(case, kind):
    query = sa.select(EventRow).where(
        EventRow.subject_id == case.rma.ticket_id, EventRow.type == f"retail.{kind}"
    )
    return [row.payload for row in db.session.scalars(query)]


@pytest.mark.rule("RT-15")
def test_nothing_is_executed_without_the_supervisors_approval(case_of):
    """G no approval / W execute / T 409; goods pickup task."""
    case = case_of()
    case.ask()
    case.to_approval()
    for name in ("receive", "settle", "hand_in"):
        with pytest.raises(NotOffered):
            case.step(name)
    with pytest.raises(Forbidden):
        case.approve(case.agent)
    case.approve()
    case.step("hand_in")
    case.step("receive")
    task = db.session.scalars(sa.select(Task)).one()
    assert (task.kind, task.done_at) == ("goods_pickup", None)
    with transaction():
        tasks.finish(task.id, "已取走", actor=case.supervisor)
    assert task.done_name == case.supervisor.name


def test_nobody_approves_his_own_case(case_of):
    case = case_of()
    case.ask(actor=case.supervisor)
    case.step("verify", case.agent, note="核对无误")
    with pytest.raises(Invalid) as caught:
        case.approve(case.supervisor)
    assert problem(caught) == "own_case"
    assert case.approve(case.manager).state == "approved"


def test_who_verified_does_not_approve_either(case_of):
    case = case_of()
    case.ask()
    case.step("verify", case.supervisor, note="核对无误")
    with pytest.raises(Invalid):
        case.approve(case.supervisor)
    assert case.approve(case.manager).approved_name == case.manager.name


@pytest.mark.rule("RT-10")
def test_money_goes_back_the_way_it_came_unless_a_manager_says_otherwise(case_of):
    """G paid card A / W refund to cash / T refused without manager exception."""
    case = case_of()
    case.ask()
    case.to_refund()
    (refund,) = case.refunds()
    assert (refund.original, refund.method) == ("bank", "bank")
    with pytest.raises(Forbidden):
        case.pay(refund, "grant_exception", case.supervisor, method="cash", reason="银行卡已注销")
    paid = case.pay(refund, "grant_exception", case.manager, method="cash", reason="银行卡已注销")
    assert (paid.method, paid.exception_reason) == ("cash", "银行卡已注销")
    assert facts(case, "refund.exception_granted")[0]["original"] == "bank"


@pytest.mark.rule("RT-13")
def test_unionpay_refunds_before_the_till(case_of):
    """G POS before UnionPay / W post / T refused."""
    case = case_of()
    case.ask()
    case.to_refund()
    (refund,) = case.refunds()
    with pytest.raises(Invalid) as caught:
        case.pay(refund, "post", till_reference="T1")
    assert problem(caught) == "unionpay_first"
    case.pay(refund, "record_slip", **slip())
    assert case.pay(refund, "post", till_reference="T1").state == "sent"


@pytest.mark.rule("FM-13")
def test_the_merchants_copy_is_signed(case_of):
    """G merchant copy unsigned / W close refund / T blocked."""
    case = case_of()
    case.ask()
    case.to_refund()
    (refund,) = case.refunds()
    with pytest.raises(Invalid) as caught:
        case.pay(refund, "record_slip", **slip(merchant_signed=False))
    assert problem(caught) == "unsigned"
    assert case.pay(refund, "record_slip", **slip()).slip_reference


@pytest.mark.rule("RT-12")
def test_a_stored_value_refund_wants_the_same_card(case_of):
    """G other card / W refund / T refused."""
    case = case_of(sell(kind="stored"))
    case.ask()
    case.to_refund()
    (refund,) = case.refunds()
    with pytest.raises(Invalid) as caught:
        case.pay(refund, "post", till_reference="T1", card="CZ9999")
    assert problem(caught) == "other_card"
    assert case.pay(refund, "post", till_reference="T1", card="CZ1001").state == "arrived"


@pytest.mark.rule("RT-14")
def test_refund_amounts_are_negative(case_of):
    """Refund amounts are entered negative (FM-12)."""
    case = case_of()
    case.ask()
    case.to_refund()
    (refund,) = case.refunds()
    assert refund.amount == -39_900
    with pytest.raises(Exception, match=r"CHECK|ck_retail_refund"), transaction():
        refund.amount = 39_900


@pytest.mark.rule("FM-12")
def test_the_voucher_prints_what_the_till_posted(case_of):
    """G amount +100 / W post / T stored -100 and printed."""
    case = case_of(sell(("MJ-01", 1)))
    case.ask()
    case.to_refund()
    (refund,) = case.refunds()
    with pytest.raises(NotFound):
        reports.voucher(str(refund.id))
    case.pay(refund, "post", till_reference="T0007")
    filled = papers.fill("retail.voucher", {"refund_id": str(refund.id)}, actor=case.agent)
    form = filled.data["r"]
    assert form["amount"] == "-¥100"
    assert form["lines"][0]["barcode"].startswith("69")
    assert form["number"].startswith("TH26")
    assert (form["verified_by"], form["approved_by"]) == ("lin", "sun")
    drawn = papers.pdf(filled)
    assert drawn.content.startswith(b"%PDF")
    assert (drawn.pages, drawn.missing) == (1, ())


@pytest.mark.rule("RT-11")
def test_cash_is_posted_vouched_and_there(case_of):
    """Cash refund: POS return, barcode, negative amount, cash voucher printed."""
    case = case_of(sell())
    case.ask()
    case.to_refund()
    case.pay_out()
    (refund,) = case.refunds()
    assert (refund.state, refund.due_at, bool(refund.voucher)) == ("arrived", None, True)
    assert case.rma.state == "closed"
    assert case.ticket().status == "closed"


@pytest.mark.rule("SL-19")
def test_a_bank_refund_is_watched_for_seven_working_days(case_of, clock):
    """G refund executed / W 7 working days without arrival mark / T follow-up task."""
    case = case_of()
    case.ask(contact_id=customer_contact())
    case.to_refund()
    case.pay_out()
    (refund,) = case.refunds()
    assert refund.due_at == payouts.working_days_after(clock.at, 7)
    assert refund.due_at.astimezone().date() > clock.at.date() + timedelta(days=8), (
        "a weekend lies between"
    )
    run_until(clock, refund.due_at - timedelta(minutes=1), housekeeping=False)
    assert [t.kind for t in tasks.tasks_of(case.rma.id)] == ["goods_pickup"]
    run_until(clock, refund.due_at + timedelta(minutes=1), housekeeping=False)
    assert "arrival_follow_up" in {t.kind for t in tasks.tasks_of(case.rma.id)}
    said = [m.body_text for m in tickets.messages(case.ticket(), actor=SYSTEM)]
    assert any("向银行追查" in words for words in said)
    with transaction():
        payouts.take_step(refund.id, "arrive", {}, actor=case.agent, version=refund.version)
    assert refund.state == "arrived"
    assert case.rma.state == "closed"


def test_an_arrival_in_time_needs_no_follow_up_and_the_job_opens_none_twice(case_of, clock):
    case = case_of()
    case.ask()
    case.to_refund()
    case.pay_out()
    (refund,) = case.refunds()
    clock.advance(timedelta(days=20))
    run = RUN()
    run.result = {}
    jobs.watch_arrivals(run)
    assert run.result == {"opened": 1}
    jobs.watch_arrivals(run)
    assert run.result == {"opened": 0}
    case.pay(refund, "arrive")
    jobs.watch_arrivals(run)
    assert run.result == {"opened": 0}


def test_a_split_receipt_goes_back_pro_rata_and_never_more_than_was_paid(case_of):
    paid = (tender("cash", 10_000), tender("bank", 49_900), tender("stored", 30_000))
    case = case_of(sell(("YRF-M", 1), tenders=paid))
    case.ask()
    case.to_refund()
    assert sorted(-r.amount for r in case.refunds()) == [10_000, 30_000, 49_900]
    assert sum(r.amount for r in case.refunds()) == -89_900
    with pytest.raises(Invalid) as caught:
        case.ask()
    assert problem(caught) == "quantity", "nothing is left to come back"


def test_parts_of_a_receipt_add_up_to_it_exactly(case_of):
    sale = sell(("SN-12", 3), tenders=(tender("cash", 10_000), tender("bank", 4_970)))
    total = 0
    for _ in range(3):
        case = case_of(sale)
        case.ask(count=1, reason="faulty")
        case.to_refund()
        total += sum(r.amount for r in case.refunds())
    assert total == -14_970
    assert sum(sales.left_of(sale.id).values()) == 0


def test_points_that_the_goods_earned_go_back_with_them(case_of):
    member = join()
    case = case_of(sell(("XH-50", 2), member=member, kind="bank"))
    assert statements.balance_of(member.id).active == 798
    case.ask(count=1)
    case.to_refund()
    case.pay_out()
    assert statements.balance_of(member.id).active == 399
    assert case.rma.points_back == 399
    assert facts(case, "points.clawed_back") == [
        {
            "member_id": str(member.id),
            "posting_id": facts(case, "points.clawed_back")[0]["posting_id"],
            "points": 399,
            "owed": 0,
        }
    ]


def test_points_that_paid_for_the_goods_come_back(case_of):
    member = join()
    sell(("MJ-01", 20), member=member)
    paid = (tender("cash", 29_900), tender("points", 10_000, points=1000))
    case = case_of(sell(("XH-50", 1), member=member, tenders=paid))
    assert statements.balance_of(member.id).active == 2000 - 1000 + 299
    case.ask()
    case.to_refund()
    case.pay_out()
    assert statements.balance_of(member.id).active == 2000
    assert statements.faults() == []


def test_an_exchange_and_a_repair_and_a_credit_end_without_money(case_of):
    for remedy, name, answers, state in (
        ("exchange", "exchange", {"receipt": "XP1"}, "exchanged"),
        ("repair", "send_to_repair", {"order": "WX1"}, "repair"),
        ("store_credit", "give_credit", {}, "store_credit"),
    ):
        case = case_of(sell(("XYJ-8", 1)))
        case.ask(remedy=remedy, reason="faulty")
        case.to_approval()
        case.approve()
        for each in ("hand_in", "receive", "begin_inspection"):
            case.step(each)
        case.step("pass", disposition="vendor_return")
        with pytest.raises(Invalid):
            case.step("settle")
        assert case.step(name, **answers).state == state
        assert case.refunds() == []
        assert case.step("close").state == "closed"


def test_goods_that_do_not_pass_go_back_to_the_customer(case_of):
    case = case_of()
    case.ask()
    case.to_approval()
    case.approve()
    for name in ("hand_in", "receive", "begin_inspection"):
        case.step(name)
    assert case.step("fail", note="内胆有明显使用痕迹").amount == 0
    assert case.step("return_to_customer", note="已退回").state == "returned_to_customer"
    assert case.ticket().status == "closed"


def test_a_part_is_accepted(case_of):
    case = case_of(sell(("XH-50", 2)))
    case.ask()
    case.to_approval()
    case.approve()
    for name in ("hand_in", "receive", "begin_inspection"):
        case.step(name)
    case.step(
        "pass_partly",
        accepted=[{"sku": "XH-50", "count": 1}],
        disposition="restock",
        note="一台有划痕",
    )
    case.step("settle")
    assert [r.amount for r in case.refunds()] == [-39_900]


def test_what_no_rule_allows_needs_a_manager(case_of, house_customer):
    sale = sell(days_ago=16)
    with pytest.raises(Invalid) as caught, transaction():
        rmas.request(sale.id, wish(sale), actor=house_customer, contact_id=None)
    assert problem(caught) == "not_allowed"
    case = case_of(sale)
    case.ask()
    case.to_approval()
    with pytest.raises(Invalid) as caught:
        case.approve()
    assert problem(caught) == "not_eligible"
    assert case.approve(case.manager).state == "approved"


def test_small_cases_pass_by_themselves_but_their_refunds_do_not(case_of):
    with transaction():
        save("retail", {"auto_approve_limit": 50_000}, actor=SYSTEM)
    case = case_of()
    assert case.ask().state == "auto_approved"
    for name in ("hand_in", "receive", "begin_inspection"):
        case.step(name)
    case.step("pass", disposition="restock")
    case.step("settle")
    (refund,) = case.refunds()
    with pytest.raises(NotOffered):
        case.pay(refund, "post", till_reference="T1")
    with pytest.raises(Forbidden):
        case.pay(refund, "approve_refund")
    assert case.pay(refund, "approve_refund", case.supervisor).state == "approved"


def test_goods_that_never_come_end_the_case(case_of, clock):
    case = case_of()
    case.ask()
    case.to_approval()
    case.approve()
    clock.advance(timedelta(days=15))
    run = RUN()
    run.result = {}
    jobs.expire_returns(run)
    assert run.result == {"expired": 1}
    assert case.rma.state == "expired"
    assert sum(sales.left_of(case.sale.id).values()) == 1, "it can be asked for again"


def test_two_at_the_same_case_one_reads_again(case_of):
    case = case_of()
    case.ask()
    with pytest.raises(StaleVersion), transaction():
        steps.take(case.rma, "verify", {"note": "x"}, actor=case.agent, version=7)


@pytest.mark.rule("CL-13")
def test_a_ticket_of_the_type_gets_its_case(mall, case_of):
    """G after-sales ticket / W subtype=return / T RMA form opens."""
    opened = mall.open(type="retail.return")
    sale = sell()
    with transaction():
        rma = rmas.request(
            sale.id, wish(sale), actor=mall.agent, contact_id=None, ticket_id=opened.id
        )
    assert rma.ticket_id == opened.id
    assert rmas.rma_of_ticket(opened.id).id == rma.id


@pytest.mark.rule("RL-02")
def test_an_after_sales_agent_opens_returns(mall, case_of):
    """G role / W opens RMA / T allowed."""
    case = case_of()
    assert case.ask(actor=mall.agent).requested_by == mall.agent.id
    with pytest.raises(Forbidden):
        rmas.get_rma(case.rma.id, actor=mall.customer)


@pytest.fixture
def house_customer(mall):
    return mall.customer
