"""Rules of the logistics desk: what is offered, where an order goes, and what becomes of a late change."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest
import sqlalchemy as sa

from core.db import db, transaction
from core.errors import Conflict, Invalid, NotOffered, StaleVersion
from core.tickets.models import Message, Ticket
from plugins.logistics import cases, orders, shipments

CHANGES = {"receiver_address": "武侯区人民南路 1 号", "receiver_phone": "+8613800004321"}


@pytest.fixture
def dispatched(depot):
    """An order whose parcel a salesman is to fetch."""
    order = depot.order(payment="receiver")
    depot.step(order, "confirm")
    return depot.step(order, "dispatch", **salesman(depot))


def salesman(depot):
    """Who fetches a parcel, and until when."""
    soon = depot.clock.at + timedelta(hours=1)
    return {"salesman": str(depot.house.colleague.id), "pickup_by": soon.isoformat()}


def offered(depot, order):
    """The steps that the agent may take, and those that only the parcel takes."""
    return {step.name for step in orders.steps_for(order, depot.agent)}


@pytest.mark.rule("CL-12")
def test_order_enquiry_cargo_trace_and_complaint_are_offered(depot, client):
    """G logistics tenant / W intake form / T these four types offered."""
    home = client.get("/").text
    doors = {
        "order": "/p/logistics/order",
        "enquiry": "/submit/question",
        "cargo trace": "/p/logistics/track",
        "complaint": "/submit/complaints.complaint",
    }
    for kind, door in doors.items():
        assert f'href="{door}"' in home, kind
        form = client.get(door)
        assert form.status_code == 200, kind
        assert "<form" in form.text, kind
    assert client.get("/submit/logistics.exception").status_code == 404, "found, not asked for"


@pytest.mark.rule("ST-O")
def test_an_order_goes_its_way_and_no_other(depot):
    """draft → submitted → confirmed → dispatched_to_salesman → picked_up → in_network → completed; failed_pickup."""
    order = depot.order(submit=False, payment="receiver")
    seen = [order.state]
    with pytest.raises(NotOffered):
        depot.step(order, "confirm")
    with transaction():
        orders.submit_order(orders.lock_order(order.id), "feiyi", actor=depot.agent)
    seen.append(orders.get_order(order.id).state)
    for name, answers in (
        ("confirm", {}),
        ("dispatch", salesman(depot)),
        ("fail_pickup", {"reason": "无人在家"}),
        ("dispatch", salesman(depot)),
    ):
        assert name in offered(depot, orders.get_order(order.id))
        seen.append(depot.step(order, name, **answers).state)
    with pytest.raises(NotOffered):
        depot.step(order, "pick_up")  # only the parcel says so
    for code in ("PickedUp", "InTransit", "Delivered"):
        depot.tell(shipments.shipment_of_order(order.id), code)
        seen.append(orders.get_order(order.id).state)
    assert seen == [
        "draft", "submitted", "confirmed", "dispatched_to_salesman", "failed_pickup",
        "dispatched_to_salesman", "picked_up", "in_network", "completed",
    ]  # fmt: skip
    assert offered(depot, orders.get_order(order.id)) == set()


@pytest.mark.rule("ST-O")
def test_an_order_is_cancelled_until_its_parcel_is_fetched(depot, dispatched):
    """G dispatched order / W cancelled / T `cancelled`, nothing follows; W picked up / T no longer offered."""
    assert "cancel" in offered(depot, dispatched)
    assert depot.step(dispatched, "cancel", reason="客户不寄了").state == "cancelled"
    assert offered(depot, dispatched) == set()
    fetched = depot.parcel(payment="receiver")
    depot.tell(fetched, "PickedUp")
    assert "cancel" not in offered(depot, orders.get_order(fetched.order_id))


@pytest.mark.rule("LG-08")
def test_an_address_changes_at_once_before_dispatch(depot):
    """G address change before dispatch / W request / T approved."""
    order = depot.order(payment="receiver")
    with transaction():
        orders.amend_order(order, CHANGES, actor=depot.agent, version=order.version)
    changed = orders.get_order(order.id)
    assert changed.receiver_address == CHANGES["receiver_address"]
    assert shipments.shipment_of_order(order.id).receiver_tail == "4321"
    assert depot.tickets() == [], "nobody has to intercept what is still here"
    with pytest.raises(Conflict), transaction():
        orders.request_interception(
            orders.lock_order(order.id), CHANGES, actor=depot.agent, version=changed.version
        )


@pytest.mark.rule("LG-08")
def test_an_address_change_after_dispatch_asks_to_intercept(depot, dispatched, browser_of):
    """G address change / W request after dispatch / T intercept request."""
    order_id, goods, version = dispatched.id, dispatched.goods, str(dispatched.version)
    before, where = dispatched.receiver_address, f"/x/logistics/orders/{dispatched.id}"
    browser = browser_of()
    page = unescape(browser.get(f"{where}?step=amend").text)
    assert "申请拦截改址" in page
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)[1]
    typed = {
        "csrf_token": token, "version": version, "receiver_name": "石磊",
        "receiver_phone": "13800004321", "receiver_city": "成都", "goods": goods,
        "receiver_address": CHANGES["receiver_address"],
    }  # fmt: skip
    posted = browser.post(f"{where}/amend", data=typed)
    assert posted.status_code == 303
    (ticket,) = depot.tickets()
    assert (ticket.category, ticket.priority, ticket.state) == ("L-CHANGE", "urgent", "detected")
    assert "已建工单申请拦截" in unescape(browser.get(where).text)
    waybill = shipments.shipment_of_order(order_id).id
    assert ticket.number in browser.get(f"/x/logistics/shipments/{waybill}").text
    order = orders.get_order(order_id)
    assert order.receiver_address == before, "the carrier has not said yes yet"
    query = sa.select(Message).where(Message.ticket_id == ticket.id)
    said = [(message.visibility, message.body_text) for message in db.session.scalars(query)]
    wanted = [way for way, words in said if CHANGES["receiver_address"] in words]
    assert wanted == ["internal"]
    assert any(way == "public" and "申请拦截改址" in words for way, words in said), "he is told"
    assert browser.post(f"{where}/amend", data=typed).status_code == 409, "sent twice is asked once"
    assert len(depot.tickets()) == 1


@pytest.mark.rule("LG-08")
def test_a_second_interception_joins_the_ticket_and_ends_with_the_parcel(depot, dispatched):
    """G dispatched, asked once / W asked again / T the same ticket; T over when the parcel is delivered."""
    tickets = []
    for address in ("人民南路 1 号", "人民南路 2 号"):
        depot.clock.advance(timedelta(minutes=5))
        with transaction():
            order = orders.lock_order(dispatched.id)
            made = orders.request_interception(
                order, {"receiver_address": address}, actor=depot.agent, version=order.version
            )
            tickets.append(made.id)
    assert len(set(tickets)) == 1
    order = orders.get_order(dispatched.id)
    for changes, version, error in (
        ({"goods": order.goods}, order.version, Invalid),
        ({"goods": "书"}, 1, StaleVersion),
    ):
        with pytest.raises(error), transaction():
            orders.request_interception(order, changes, actor=depot.agent, version=version)
    shipment = shipments.shipment_of_order(order.id)
    depot.tell(shipment, "PickedUp", "InTransit")
    assert [case.over_at is None for case in cases.cases_of(shipment.id)] == [True, True]
    depot.tell(shipment, "Delivered")
    assert [case.over_at is None for case in cases.cases_of(shipment.id)] == [False, False]
    assert db.session.scalars(sa.select(Ticket.status).where(Ticket.id == tickets[0])).one() in {
        "resolved",
        "closed",
    }


@pytest.mark.rule("STD-15")
@pytest.mark.parametrize(("city", "days"), [("杭州", 3), ("成都", 7)])
def test_a_complete_delay_is_three_days_in_a_city_and_seven_elsewhere(depot, city, days):
    """Complete delay (彻底延误): 3 calendar days same city, 7 days other domestic, after the promise."""
    parcel = depot.tell(depot.parcel(receiver_city=city), "PickedUp")
    late = parcel.promised_at + timedelta(days=days)

    def found_at(at):
        while depot.clock.at < at - timedelta(hours=12):
            depot.tell(parcel, "InTransit", every=12)  # it speaks: silence is another exception
        depot.clock.advance(at - depot.clock.at)
        depot.detect()
        return {case.kind for case in cases.cases_of(parcel.id)}

    assert found_at(late - timedelta(minutes=1)) == set()
    assert found_at(late) == {"overdue"}
