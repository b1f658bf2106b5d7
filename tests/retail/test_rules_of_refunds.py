"""Rules of days and of ways back: when the seven days begin, and how many refunds went the way the money came."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.clock import VirtualClock
from core.db import transaction
from core.reports import service as reports
from plugins.retail import rmas
from tests.retail.world import sell, wish

SIGNED = datetime(2026, 11, 16, 15, 59, tzinfo=UTC)
"""One minute before midnight in Shanghai."""


def asked_at(sale: Any, at: datetime, clock: VirtualClock) -> Any:
    """What a return is offered at a moment."""
    clock.advance(at - clock.at)
    return rmas.check(sale, wish(sale)).offer("return")


@pytest.mark.rule("STD-02")
def test_day_one_is_the_day_after_the_parcel_was_signed_for(mall: Any, clock: VirtualClock) -> None:
    """G signed for on 16 November at 23:59 / W asked on the 17th, the 23rd, the 24th / T day 1, day 7, too late."""
    sale = sell(channel="online", received_at=SIGNED)
    midnight = SIGNED + timedelta(minutes=1)
    found = {}
    for day in (0, 6, 7):
        offer = asked_at(sale, midnight + timedelta(days=day), clock)
        found[offer.values["day"]] = offer.allowed
        assert offer.rule == "STD-01"
    assert found == {1: True, 7: True, 8: False}


@pytest.mark.rule("KP-18")
def test_the_report_says_how_many_refunds_went_the_way_the_money_came(case_of: Any) -> None:
    """G two bank refunds, one paid in cash by a manager's exception / W report / T bank 100 %, cash 0 %."""
    for excepted in (False, True):
        case = case_of(sell(kind="bank"))
        case.ask()
        case.to_refund()
        (refund,) = case.refunds()
        if excepted:
            case.pay(refund, "grant_exception", case.manager, method="cash", reason="银行卡已注销")
    with transaction():
        filled = reports.fill("retail.returns", {}, actor=case.manager)
    rows = {row["method"]: row for row in filled.data["r"]["by_tender"]}
    assert {method: row["original"] for method, row in rows.items()} == {"银行卡": 100, "现金": 0}
    assert {row["count"] for row in rows.values()} == {1}
