"""The policy engine: what a purchase allows on a day, by which rule, and why in both languages."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from plugins.retail import rmas
from plugins.retail.policy import Facts, Goods, Guarantee, Rules, evaluate
from tests.retail.world import sell, wish

MAY = date(2026, 5, 1)
RULES = Rules(
    guarantees=(Guarantee(category="appliance"), Guarantee(category="shoes", guarantee_days=90))
)


def ask(day=0, *, category="clothing", excluded="", **more):
    goods = (Goods(name="X", category=category, excluded=excluded),)
    values = {"sold_on": MAY, "channel": "store", "reason": "no_reason", "goods": goods}
    return evaluate(Facts(asked_on=MAY + timedelta(days=day), **(values | more)), RULES)


@pytest.mark.rule("SL-18")
def test_a_bank_card_purchase_comes_back_within_fifteen_days():
    """G bought 1 May / W return 16 May / T accepted; W 17 May / T refused with the rule named."""
    last = ask(15, tenders=("bank",)).offer("return")
    assert (last.allowed, last.rule, last.until) == (True, "SL-18", date(2026, 5, 16))
    late = ask(16, tenders=("bank",)).offer("return")
    assert (late.allowed, late.rule) == (False, "SL-18")
    assert not ask(8, tenders=("cash",)).offer("return").allowed, "cash has the store's own 7 days"


@pytest.mark.rule("STD-01")
@pytest.mark.parametrize(("day", "allowed"), [(7, True), (8, False)])
def test_bought_online_it_comes_back_within_seven_days_of_delivery(day, allowed):
    """Distance sale: returned within 7 days of receipt without reason; not fresh or custom-made goods."""
    delivered = MAY + timedelta(days=3)
    facts = {"channel": "online", "received_on": delivered}
    assert ask(3 + day, **facts).offer("return").allowed is allowed
    assert ask(30, channel="online", received_on=None).offer("return").allowed, "not delivered yet"
    fresh = ask(3, excluded="fresh", **facts).offer("return")
    assert (fresh.allowed, fresh.words) == (False, "excluded")


@pytest.mark.rule("STD-03")
def test_opening_the_pack_to_look_is_no_reason_to_refuse():
    """Refusing because the pack was opened for inspection = deliberate refusal."""
    assert ask(2, condition="opened").offer("return").allowed
    assert not ask(2, condition="used").offer("return").allowed


@pytest.mark.rule("STD-05")
@pytest.mark.parametrize(
    ("day", "allowed"),
    [
        (7, {"return", "exchange", "repair"}),
        (8, {"exchange", "repair"}),
        (15, {"exchange", "repair"}),
        (16, {"repair"}),
        (365, {"repair"}),
        (366, set()),
    ],
)
def test_the_three_guarantees(day, allowed):
    """<=7 d fault: return, exchange or repair; <=15 d: exchange or repair; in the guarantee: repair."""
    verdict = ask(day, category="appliance", reason="faulty", condition="used")
    assert set(verdict.allowed) == allowed
    for offer in verdict.offers[:3]:
        assert offer.rule == "STD-05"
    assert ask(7, category="appliance", reason="faulty").offer("return").freight == "store"


@pytest.mark.parametrize(
    ("more", "remedy", "words"),
    [
        ({"failed_repairs": 2}, "return", "two_repairs"),
        ({"failed_repairs": 2}, "exchange", "two_repairs"),
        ({"repair_days": 31}, "exchange", "slow_repair"),
        ({"parts_days": 91}, "exchange", "no_parts"),
    ],
)
def test_what_lasting_faults_give_within_the_guarantee(more, remedy, words):
    offer = ask(200, category="appliance", reason="faulty", **more).offer(remedy)
    assert (offer.allowed, offer.words) == (True, words)
    assert not ask(200, category="appliance", reason="faulty").offer(remedy).allowed


@pytest.mark.rule("STD-04")
def test_where_the_three_guarantees_are_silent_the_consumer_law_speaks():
    """Faulty goods, no other rule: return within 7 days; later exchange or repair; the trader pays transport."""
    early, late = ask(7, reason="faulty"), ask(8, reason="faulty")
    assert set(early.allowed) >= {"return", "exchange", "repair"}
    assert not late.offer("return").allowed
    assert late.offer("exchange").allowed
    assert {o.freight for o in late.offers if o.remedy in {"exchange", "repair"}} == {"store"}


def test_goods_together_are_as_free_as_the_least_free_of_them():
    both = (
        Goods(name="A", category="clothing"),
        Goods(name="B", category="food", excluded="fresh"),
    )
    facts = Facts(sold_on=MAY, asked_on=MAY, channel="store", reason="no_reason", goods=both)
    assert evaluate(facts, RULES).offer("return").values["goods"] == "B"


@pytest.mark.rule("CP-36")
def test_a_product_complaint_gets_its_remedies_listed_by_rule(mall):
    """G product complaint with sale date / W policy check / T allowed remedies listed by rule."""
    sale = sell(("XYJ-8", 1), days_ago=10)
    verdict = rmas.check(sale, wish(sale, reason="faulty", condition="used"))
    assert [(o.remedy, o.rule) for o in verdict.offers if o.allowed] == [
        ("exchange", "STD-05"),
        ("repair", "STD-05"),
    ]


def test_the_reason_is_printed_in_both_languages(mall):
    sale = sell(kind="bank", days_ago=16)
    told = rmas.why_both(rmas.check(sale, wish(sale)).offer("return"))
    assert "15 天内退货" in told["zh-CN"]
    assert "2026-11-15" in told["zh-CN"]
    assert "within 15 days" in told["en"]
    assert "today is day 16" in told["en"]
