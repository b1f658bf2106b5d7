"""Orders: taken on the phone, online and over the API; paid, confirmed, fetched, followed to their end."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest
import sqlalchemy as sa

from core.db import db, transaction
from core.errors import Conflict, Forbidden, Invalid, NotOffered, StaleVersion
from plugins.logistics import numbers, orders, shipments
from plugins.logistics.models import Order, Shipment
from tests.logistics.conftest import form


def wrong(call) -> set[str]:
    with pytest.raises(Invalid) as caught:
        call()
    return {problem.field for problem in caught.value.problems}


def test_a_phone_order_has_its_waybill_at_once(depot):
    order = depot.order()
    shipment = shipments.shipment_of_order(order.id)
    assert order.state == "submitted"
    assert numbers.is_ours(order.number)
    assert numbers.is_ours(shipment.number)
    assert shipment.status == "pending"
    assert shipment.promised_at - depot.clock.at == timedelta(hours=72)
    assert (shipment.receiver_tail, shipment.sender_tail) == ("3202", "3101")
    assert [fact["payment"] for fact in depot.facts("order.taken")] == ["prepaid"]
    assert [fact["carrier"] for fact in depot.facts("shipment.created")] == ["feiyi"]


@pytest.mark.rule("FM-21")
def test_a_waybill_without_the_receivers_phone_is_refused(depot):
    """G no consignee phone / W submit / T refused."""
    assert wrong(lambda: depot.order(receiver_phone=None)) == {"receiver_phone"}
    assert depot.order().number, "positive control"


def test_amounts_and_payment_have_to_make_sense(depot):
    assert wrong(lambda: depot.order(payment="account")) == {"payment"}
    much = {"amount": 90000, "currency": "CNY"}
    assert wrong(lambda: depot.order(insured=much)) == {"insured"}
    assert wrong(lambda: depot.order(insured={"amount": 1, "currency": "USD"})) == {"insured"}
    order = depot.order(kind="contract", contract="HT-2026-17", payment="account")
    assert order.contract == "HT-2026-17"


@pytest.mark.rule("RL-18")
def test_an_unpaid_order_goes_nowhere_unless_waived(depot):
    """G order unpaid / W pass to logistics / T blocked unless prepaid waived."""
    order = depot.order()
    with pytest.raises(Invalid) as caught:
        depot.step(order, "confirm")
    assert caught.value.problems[0].message == "logistics.error.unpaid"
    with pytest.raises(Forbidden):
        depot.step(order, "waive", reason="老客户")
    depot.step(order, "waive", depot.house.supervisor, reason="老客户")
    assert depot.step(order, "confirm").state == "confirmed"
    assert depot.facts("order.confirmed")[0]["waived"] is True
    paid = depot.order()
    depot.step(paid, "pay")
    assert depot.step(paid, "confirm").state == "confirmed"
    assert depot.step(depot.order(payment="receiver"), "confirm").state == "confirmed"


@pytest.mark.rule("LG-09")
def test_the_order_follows_its_parcel_to_the_end(depot):
    """order state machine"""
    order = depot.order()
    depot.step(order, "pay")
    depot.step(order, "confirm")
    depot.step(
        order, "dispatch", salesman=str(depot.house.colleague.id),
        pickup_by=(depot.clock.at + timedelta(hours=2)).isoformat(),
    )  # fmt: skip
    shipment = shipments.shipment_of_order(order.id)
    assert shipment.pickup_by == order.pickup_by
    seen = []
    for code in ("PickedUp", "InTransit", "Arrived", "OutForDelivery", "Delivered"):
        depot.tell(shipment, code)
        seen.append(orders.get_order(order.id).state)
    assert seen == ["picked_up", "in_network", "in_network", "in_network", "completed"]
    with pytest.raises(NotOffered):
        depot.step(order, "cancel", reason="too late")


def test_a_failed_pickup_is_tried_again_and_a_cancelled_order_ends_its_waybill(depot):
    order = depot.order(payment="receiver")
    depot.step(order, "confirm")
    soon = (depot.clock.at + timedelta(hours=1)).isoformat()
    who = str(depot.house.colleague.id)
    depot.step(order, "dispatch", salesman=who, pickup_by=soon)
    assert depot.step(order, "fail_pickup", reason="无人在家").state == "failed_pickup"
    assert depot.step(order, "dispatch", salesman=who, pickup_by=soon).state.startswith(
        "dispatched"
    )
    depot.step(order, "cancel", reason="客户不寄了")
    shipment = shipments.shipment_of_order(order.id)
    assert (shipment.status, shipment.open) == ("cancelled", False)


def test_an_order_changes_before_its_dispatch_and_not_behind_it(depot):
    order = depot.order(payment="receiver")
    change = {"receiver_address": "武侯区人民南路 1 号", "receiver_phone": "+8613800004321"}
    with transaction():
        orders.amend_order(order, change, actor=depot.agent, version=order.version)
    assert shipments.shipment_of_order(order.id).receiver_tail == "4321"
    assert depot.facts("order.amended")[0]["fields"] == ["receiver_address", "receiver_phone"]
    with pytest.raises(StaleVersion):
        orders.amend_order(order, change, actor=depot.agent, version=1)
    depot.step(order, "confirm")
    soon = (depot.clock.at + timedelta(hours=1)).isoformat()
    depot.step(order, "dispatch", salesman=str(depot.house.colleague.id), pickup_by=soon)
    with pytest.raises(Conflict):
        orders.amend_order(order, {"goods": "书"}, actor=depot.agent, version=order.version)


# --- at the desk ----------------------------------------------------------------------------------


def fields_of(page: str) -> dict[str, str]:
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)[1]
    key = re.search(r'name="form_key" value="([^"]+)"', page)
    return {"csrf_token": token, **({"form_key": key[1]} if key else {})}


def typed(**changes) -> dict[str, str]:
    answers = form(**changes)
    amounts = {f"{n}-amount": f"{answers.pop(n)['amount'] / 100}" for n in ("freight", "declared")}
    currencies = {"freight-currency": "CNY", "declared-currency": "CNY"}
    return {name: str(value) for name, value in answers.items()} | amounts | currencies


@pytest.mark.rule("LG-01")
def test_the_desk_takes_a_casual_order_from_a_call(depot, browser_of):
    """G call / W order taken / T casual order with the caller's contact."""
    browser = browser_of()
    page = browser.get("/x/logistics/orders/new?who=13800003101").text
    assert "方晓" in page, "the caller is known"
    chosen = browser.get(f"/x/logistics/orders/new?contact_id={depot.customer}").text
    sent = typed() | fields_of(chosen) | {"contact_id": str(depot.customer), "then": "submit"}
    answer = browser.post("/x/logistics/orders/new", data=sent)
    assert answer.status_code == 303, answer.text[:2000]
    again = browser.post("/x/logistics/orders/new", data=sent)
    assert again.headers["Location"] == answer.headers["Location"], "sent twice is taken once"
    order = db.session.scalars(sa.select(Order)).one()
    assert (order.kind, order.channel, order.contact_id) == ("casual", "phone", depot.customer)
    shown = unescape(browser.get(answer.headers["Location"]).text)
    assert order.number in shown
    assert "138****3202" in shown
    assert "13800003202" not in shown


def test_a_refused_order_comes_again_with_what_was_typed(depot, browser_of):
    browser = browser_of()
    page = browser.get("/x/logistics/orders/new").text
    sent = typed(receiver_phone="12", goods="一箱书") | fields_of(page)
    answer = browser.post("/x/logistics/orders/new", data=sent)
    assert answer.status_code == 422
    assert "一箱书" in answer.text
    assert db.session.scalars(sa.select(Order)).all() == []


def test_a_draft_waits_for_its_carrier_and_steps_are_taken_at_the_page(depot, browser_of):
    browser = browser_of()
    page = browser.get("/x/logistics/orders/new").text
    sent = typed() | fields_of(page) | {"then": "draft"}
    where = browser.post("/x/logistics/orders/new", data=sent).headers["Location"]
    token = fields_of(page)
    browser.post(f"{where}/steps/submit", data={**token, "version": "1", "carrier": "zhongda"})
    shipment = db.session.scalars(sa.select(Shipment)).one()
    assert shipment.due_poll_at is not None, "its carrier is asked"
    refused = browser.post(f"{where}/steps/confirm", data={**token, "version": "2"})
    assert refused.status_code == 422
    assert "未付款" in unescape(refused.text)
    assert browser.post(f"{where}/steps/pay", data={**token, "version": "2"}).status_code == 303
    stale = browser.post(f"{where}/steps/confirm", data={**token, "version": "2"})
    assert stale.status_code == 409
    assert browser.post(f"{where}/steps/confirm", data={**token, "version": "3"}).status_code == 303
    form_page = unescape(browser.get(f"{where}?step=dispatch").text)
    assert "营业员" in form_page
    changed = {**token, "version": "4", **{k: v for k, v in typed(goods="两箱书").items() if k in (
        "receiver_name", "receiver_phone", "receiver_city", "receiver_address", "goods")}}  # fmt: skip
    assert browser.post(f"{where}/amend", data=changed).status_code == 303
    assert "两箱书" in browser.get(where).text


def test_orders_are_found_filtered_and_exported(depot, browser_of):
    depot.order()
    depot.order(receiver_name="=cmd()", kind="contract", contract="HT1", payment="account")
    browser = browser_of()
    assert browser.get("/x/logistics/orders?q=石磊").text.count("/x/logistics/orders/0") == 1
    assert browser.get("/x/logistics/orders?kind=contract").text.count("/x/logistics/orders/0") == 1
    assert "没有符合条件" in browser.get("/x/logistics/orders?q=nobody").text
    table = browser.get("/x/logistics/orders.csv").get_data().decode("utf-8-sig")
    assert len(table.splitlines()) == 3
    assert "138****3202" in table
    assert ",=cmd" not in table, "no spreadsheet runs a name"


# --- online ---------------------------------------------------------------------------------------


@pytest.mark.rule("CH-07")
def test_the_portal_takes_an_order_with_its_waybill(depot, client):
    """G portal user / W submits waybill form / T order `submitted` with waybill draft and confirmation."""
    page = client.get("/p/logistics/order").text
    assert "cash_on_delivery" not in page, "what the desk fills in is not asked"
    public = {k: v for k, v in typed().items() if not k.startswith("freight") and k != "kind"}
    answer = client.post("/p/logistics/order", data=public | fields_of(page))
    assert answer.status_code == 303, answer.text[:1500]
    order = db.session.scalars(sa.select(Order)).one()
    shipment = shipments.shipment_of_order(order.id)
    assert (order.state, order.channel, order.kind) == ("submitted", "web", "casual")
    shown = client.get(answer.headers["Location"]).text
    assert order.number in shown
    assert shipment.number in shown
    assert order.contact_id != depot.customer, "nobody speaks for a verified customer"


@pytest.mark.rule("LG-02")
def test_the_online_platform_takes_what_the_phone_takes(depot, client):
    """The same by online platform."""
    page = client.get("/").text
    assert "/p/logistics/order" in page
    assert "/p/logistics/track" in page
    refused = client.post(
        "/p/logistics/order", data=fields_of(client.get("/p/logistics/order").text)
    )
    assert refused.status_code == 422
    assert "err-summary" in refused.text
