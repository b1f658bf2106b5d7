"""The public tracking page: number and phone tail, nothing learnt from a wrong guess, "not received" opens a ticket."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from core.db import db
from core.tenancy import as_tenant
from plugins.logistics import cases, shipments
from tests.conftest import client_at
from tests.logistics.conftest import furnish
from tests.tickets.conftest import build_house

TRACK, MISSING = "/p/logistics/track", "/p/logistics/not-received"


class Visitor:
    """Somebody without an account, who may come from anywhere."""

    def __init__(self, client, address="203.0.113.5"):
        self.client, self.address = client, address
        page = client.get(TRACK).text
        self.token = re.search(r'name="csrf_token" value="([^"]+)"', page)[1]

    def ask(self, number, tail, path=TRACK, **more):
        data = {"csrf_token": self.token, "number": number, "tail": tail, **more}
        return self.client.post(path, data=data, environ_base={"REMOTE_ADDR": self.address})


@pytest.fixture
def visitor(client, depot):
    return Visitor(client)


def known(depot, *codes, **more):
    """Number and id of a parcel on its way."""
    shipment = depot.tell(depot.parcel(**more), *(codes or ("PickedUp", "InTransit")), place="武汉")
    return shipment.number, shipment.id


@pytest.mark.rule("CH-09")
def test_tracking_shows_the_way_only_to_a_right_number(depot, visitor):
    """G wrong number / W lookup / T 404-style message, no data; G right number / T timeline shown without login"""
    number, _ = known(depot)
    wrong = visitor.ask("YD000000000000", "3202")
    assert wrong.status_code == 422
    assert "没有找到" in wrong.text
    assert "武汉" not in wrong.text
    right = visitor.ask(number, "3202")
    assert right.status_code == 200
    for words in ("运输中", "武汉", "杭州", "成都", "飞翼速运", "预计"):
        assert words in right.text
    assert (
        visitor.ask(number.lower()[:6] + " " + number[6:], "１３８０００03101").status_code == 200
    )


def test_who_knows_number_and_tail_learns_no_name_no_address_and_not_the_carriers_words(
    depot, visitor
):
    number, shipment_id = known(depot)
    shown = visitor.ask(number, "3202").text
    assert number in shown, "positive control"
    order = shipments.get_shipment(shipment_id)
    for secret in (
        "方晓",
        "石磊",
        "天府大道",
        "茶具",
        "13800003202",
        "138****",
        str(order.order_id),
    ):
        assert secret not in shown


def test_a_wrong_tail_and_an_unknown_number_cannot_be_told_apart(depot, visitor):
    """The same answer, byte for byte but for what was typed, and the same work in the database."""
    number, _ = known(depot)
    unknown = number[:-1] + str((int(number[-1]) + 1) % 10)
    asked = []

    def count(_connection, _cursor, statement, *_rest):
        if statement.lstrip().upper().startswith("SELECT"):
            asked.append(re.sub(r"\s+", " ", statement))

    answers, work = [], []
    sa.event.listen(db.engine, "before_cursor_execute", count)
    try:
        for typed, tail in ((number, "0000"), (unknown, "3202"), (number, "9999"), ("???", "1")):
            asked.clear()
            answer = visitor.ask(typed, tail)
            plain = answer.text.replace(typed, "N").replace(f'value="{tail}"', "T")
            plain = plain.replace(
                re.search(r'X-CSRFToken": "([^"]+)', plain)[1], ""
            )  # tells the second
            answers.append((answer.status_code, plain))
            work.append([s for s in asked if "logistics_" in s])
    finally:
        sa.event.remove(db.engine, "before_cursor_execute", count)
    assert len({status for status, _ in answers}) == 1
    assert len({words for _, words in answers[:3]}) == 1
    assert work[0] == work[1] == work[2] == work[3]
    assert len(work[0]) == 1


def test_guessing_tails_is_stopped_by_number_and_by_network(depot, client):
    number, _ = known(depot)
    for guess in range(10):
        elsewhere = Visitor(client, f"198.51.{guess}.7")
        assert elsewhere.ask(number, f"{guess:04}").status_code == 422
    last = Visitor(client, "198.51.99.7").ask(number, "3202")
    assert last.status_code == 429, "even the right tail waits now"
    assert "武汉" not in last.text
    spread = Visitor(client, "192.0.2.9")
    codes = [spread.ask(f"YD{n:012}", "1234").status_code for n in range(31)]
    assert codes == [422] * 30 + [429]
    depot.clock.advance(timedelta(hours=2))
    assert Visitor(client).ask(number, "3202").status_code == 200


def test_blank_answers_are_asked_for_by_name(depot, visitor):
    answer = visitor.ask("", "")
    assert answer.status_code == 422
    assert "请填写运单号" in answer.text
    assert "请填写手机号后四位" in answer.text


def test_another_tenants_number_is_unknown_here(app: Flask, make_tenant, clock):
    one, two = (make_tenant("complaints", "logistics") for _ in range(2))
    numbers = []
    for each in (one, two):
        with as_tenant(each):
            numbers.append(known(furnish(build_house(each), clock))[0])
    for here, own, foreign in ((one, *numbers), (two, *reversed(numbers))):
        visitor = Visitor(client_at(app, here))
        assert visitor.ask(foreign, "3202").status_code == 422
        assert visitor.ask(own, "3202").status_code == 200, "positive control"


def test_not_received_opens_a_ticket_once_and_disputes_the_delivery(depot, visitor):
    number, shipment_id = known(depot, "PickedUp", "OutForDelivery", "Delivered")
    assert "我没有收到" in visitor.ask(number, "3202").text
    assert visitor.ask(number, "0000", MISSING).status_code == 422
    answer = visitor.ask(number, "3202", MISSING, words="门口监控里没有人来")
    assert answer.status_code == 303
    (ticket,) = depot.tickets()
    assert ticket.number in visitor.client.get(answer.headers["Location"]).text
    assert (ticket.priority, ticket.category) == ("urgent", "L-FAKE")
    shipment = shipments.get_shipment(shipment_id)
    assert (shipment.status, shipment.sub, shipment.open) == ("exception", "dispute", True)
    assert [case.detected_by for case in cases.cases_of(shipment_id)] == ["customer"]
    assert depot.detect()["found"] == 0, "the dispute is no carrier's report"
    again = visitor.ask(number, "3202", MISSING)
    assert again.status_code in {303, 422}
    assert len(depot.tickets()) == 1
    depot.tell(shipments.get_shipment(shipment_id), "Delivered")
    db.session.expire_all()
    assert depot.tickets()[0].status == "resolved"


def test_a_parcel_in_time_cannot_be_reported_and_a_late_one_can(depot, visitor):
    number, shipment_id = known(depot)
    early = visitor.ask(number, "3202", MISSING)
    assert early.status_code == 422
    assert "承诺时间内" in early.text
    depot.clock.advance(timedelta(hours=80))
    assert "已超过承诺时间" in visitor.ask(number, "3202").text
    assert visitor.ask(number, "3202", MISSING).status_code == 303
    assert [case.kind for case in cases.cases_of(shipment_id)] == ["not_received"]


def test_nobody_reads_a_parcel_by_its_address(depot, client):
    _, shipment_id = known(depot)
    assert client.get(f"/p/logistics/mine/{shipment_id}").status_code in {302, 303}
    assert client.get(f"{TRACK}?done=forged.token").status_code == 404
    assert client.get("/p/logistics/order?done=forged.token").status_code == 404
