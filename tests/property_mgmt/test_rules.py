"""Rules of a work order's way: where it goes, where it does not, and how it comes back."""

from __future__ import annotations

import pytest

from core.errors import NotOffered
from plugins.property_mgmt import orders
from tests.property_mgmt.conftest import TO_DONE, TO_WORK, Home


@pytest.mark.rule("ST-W")
@pytest.mark.parametrize(
    ("moves", "seen"),
    [
        (
            (*TO_WORK, "wait_parts", "resume", "finish", "sign", "rate", "close"),
            "triaged dispatched accepted on_site working waiting_parts working done verified rated closed",
        ),
        (("triage", "quote", "approve", "offer"), "triaged quoted approved open_for_grab"),
        (("triage", "reject"), "triaged rejected"),
        ((*TO_DONE, "verify"), "triaged dispatched accepted on_site working done verified"),
    ],
)
def test_an_order_goes_its_way(home: Home, moves: tuple[str, ...], seen: str) -> None:
    """reported → triaged → {rejected | quoted → approved} → dispatched | open_for_grab → accepted → … → closed."""
    order = home.order(home.report())
    found = []
    assert order.state == "reported"
    for name in moves:
        order = home.take(order, name)
        found.append(order.state)
    assert found == seen.split()


@pytest.mark.rule("ST-W")
def test_no_step_is_skipped(home: Home) -> None:
    """G order at each place of its way / W a step of a later place / T refused, the order stays."""
    order = home.order(home.report())
    later = ("dispatch", "accept", "arrive", "start", "finish", "rate")
    for name, ahead in zip(TO_DONE, later, strict=True):
        with pytest.raises(NotOffered):
            home.take(order, ahead)
        order = home.take(order, name)
    assert order.state == "done"


@pytest.mark.rule("ST-W")
def test_closed_work_is_reopened_and_done_again(home: Home) -> None:
    """G closed order, within 7 days / W resident reopens / T `reopened`, triaged again by the desk."""
    ticket = home.report()
    order = home.go(home.order(ticket), *TO_DONE, "sign", "rate", "close")
    order = home.take(order, "reopen")
    assert order.state == "reopened"
    offered = {way.name for way in orders.offered_for(order, home.house.agent)}
    assert "triage" in offered
    assert not {"close", "dispatch"} & offered
    assert home.go(order, *TO_DONE).state == "done"
