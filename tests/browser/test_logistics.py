"""A phone order to a silent parcel's ticket and its delivery, in a real Chromium, with a carrier that really calls."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import time
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from PIL import Image
from pypdf import PdfReader

from core.actors import OPERATOR
from core.auth import service as people
from core.auth import teams
from core.clock import now
from core.contacts.points import PointIn
from core.contacts.service import create_contact
from core.db import db, transaction
from core.tenancy import as_tenant, find_tenant
from plugins.logistics import carriers, detector
from plugins.logistics.adapters import SIGNATURE, TIME, signature
from plugins.logistics.models import Shipment
from tenants import service
from tests.browser.conftest import PASSWORD, SCREENS, Person, answer, fetched, press, submit
from tests.logistics.conftest import Run

pytestmark = [pytest.mark.browser, pytest.mark.story]
KEY = "a key between us and the carrier"


class Yard:
    """The forwarder's installation, and what happens outside of it."""

    def __init__(self, installation):
        self.installation = installation
        self.url = f"http://xunda.localhost:{installation.port}"
        with installation.inside():
            self._found()

    def _found(self):
        with transaction():
            tenant = service.create_tenant("xunda", {"zh-CN": "迅达联运", "en": "Xunda Express"})
        with as_tenant(tenant), transaction():
            for plugin in ("complaints", "logistics"):
                service.enable_plugin(plugin, actor=OPERATOR)
        with as_tenant(find_tenant("xunda")), transaction():
            front = teams.create_department(
                "desk", {"zh-CN": "客服中心", "en": "Desk"}, actor=OPERATOR
            )
            team = teams.create_team(
                "desk-1", {"zh-CN": "客服一组", "en": "One"}, front.id, actor=OPERATOR
            )
            for mail, name, role in (
                ("li@xunda.example", "梁倩", "agent"),
                ("deng@xunda.example", "邓勇", "agent"),
                ("gao@xunda.example", "高航", "admin"),
            ):
                people.create_user(
                    mail, name, password=PASSWORD, roles=(role,), teams=(team.id,), actor=OPERATOR
                )
            values = {
                "code": "feiyi",
                "adapter": "push",
                "title": {"zh-CN": "飞翼速运", "en": "Feiyi"},
                "secret": KEY,
            }
            carriers.save_carrier(None, values, version=None, actor=OPERATOR)
            points = [PointIn("phone", "13800003101"), PointIn("mail", "fang@customer.example")]
            create_contact("方晓", points=points, verified=True, actor=OPERATOR)

    def carrier_tells(self, number, *codes):
        """The carrier calls our door, as carriers do."""
        for code, place in codes:
            event = {"number": number, "code": code, "time": now().isoformat(), "place": place}
            body = json.dumps({"events": [event]}).encode()
            at = str(int(time.time()))
            headers = {
                TIME: at,
                SIGNATURE: signature(KEY, at, body),
                "Content-Type": "application/json",
            }
            status, said = self.installation.request(
                "POST", "/api/v1/logistics/carriers/feiyi/events", body,
                host=f"xunda.localhost:{self.installation.port}", headers=headers,
            )  # fmt: skip
            assert status == 200, said

    def a_day_passes(self, number):
        """What was told of the parcel lies a day further back; then the detector looks."""
        with self.installation.inside("xunda"):
            back = timedelta(hours=26)
            with transaction():
                row = db.session.scalars(sa.select(Shipment).where(Shipment.number == number)).one()
                row.heard_at, row.created_at, row.since = (
                    row.heard_at - back, row.created_at - back, row.since - back,
                )  # fmt: skip
            run = Run(row.id, {})
            detector.detect(run)
            assert run.result["found"] == 1


@pytest.fixture
def yard(installation):
    return Yard(installation)


def printed(page, path, name, size):
    """A PDF got through the browser, drawn as a picture to be looked at; gives its words."""
    status, content = fetched(page, path)
    assert status == 200, path
    reader = PdfReader(io.BytesIO(content))
    box = reader.pages[0].mediabox
    assert (round(box.width / 72 * 25.4), round(box.height / 72 * 25.4)) == size
    assert len(reader.pages) == 1
    made = subprocess.run(
        ["pdftoppm", "-png", "-r", "110", "-singlefile", "-"],
        input=content, capture_output=True, check=True,
    ).stdout  # fmt: skip
    picture = Image.open(io.BytesIO(made)).convert("L")
    ink = sum(1 for shade in picture.resize((100, 140)).tobytes() if shade < 200)
    assert ink > 300, "the sheet is not empty"
    if os.environ.get("KEEP_SCREENS"):
        (Path(SCREENS) / f"{name}.png").write_bytes(made)
    return (
        "".join(sheet.extract_text() for sheet in reader.pages).replace("\n", "").replace(" ", "")
    )


def take_order(agent):
    """A call comes in: who it is, what goes where; gives the order's page."""
    page = agent.open("/x/logistics/orders/new?who=13800003101")
    page.locator("a:has-text('选这位')").first.click()
    form = "form[action='/x/logistics/orders/new'][method=post]"
    answer(
        page,
        form,
        {
            "sender_city": "杭州", "sender_address": "滨江区江南大道 100 号", "receiver_name": "石磊",
            "receiver_phone": "13800003202", "receiver_city": "成都",
            "receiver_address": "高新区天府大道中段 8 号 3 栋 1502 室", "goods": "茶具一套，易碎",
            "weight_kg": "3.5", "freight-amount": "23", "declared-amount": "800", "insured-amount": "800",
        },
    )  # fmt: skip
    agent.page.evaluate("window.scrollTo(0, 0)")
    agent.keep("logistics-order-form")
    page.locator(f"{form} button[value=submit]").click()
    page.wait_for_url(re.compile(r"/orders/[0-9a-f-]{36}$"))
    return page


def track(phone, number):
    page = phone.open(f"/p/logistics/track?number={number}")
    page.fill("[name=tail]", "3202")
    page.locator("form[action='/p/logistics/track'] button[type=submit]").click()
    page.wait_for_selector("#way")
    phone.fits("track")
    return page


def test_a_phone_order_to_a_silent_parcels_ticket_and_its_delivery(yard, chromium):
    made = []

    def somebody(kind, **options):
        made.append(Person(chromium, {"url": yard.url}, kind, **options))
        return made[-1]

    with yard.installation.running("polydesk", "serve"):
        agent, phone = somebody("desk"), somebody("phone")
        agent.sign_in("li@xunda.example")
        desk = take_order(agent)
        order = desk.url
        press(desk, "main button:has-text('登记已付款')")
        press(desk, "main button:has-text('确认订单')")
        agent.keep("logistics-order")
        number = desk.locator("text=/YD\\d{12}/").first.inner_text()
        order_id = order.rpartition("/")[2]
        words = printed(
            desk,
            f"/desk/reports/logistics.waybill.pdf?order_id={order_id}",
            "logistics-waybill-a4",
            (210, 297),
        )
        assert number in words
        assert "石磊" in words
        words = printed(
            desk,
            f"/desk/reports/logistics.label.pdf?order_id={order_id}",
            "logistics-label",
            (100, 150),
        )
        assert "138****3202" in words
        assert "石磊" not in words
        agent.look(f"/desk/reports/logistics.label?order_id={order_id}", "logistics-label-page")

        yard.carrier_tells(number, ("PickedUp", "杭州滨江营业部"), ("InTransit", "武汉分拨中心"))
        customer = track(phone, number)
        assert "武汉分拨中心" in customer.inner_text("main")
        assert "石磊" not in customer.inner_text("main")
        phone.keep("logistics-track-mobile")

        yard.a_day_passes(number)
        agent.look("/x/logistics/", "logistics-tower")
        desk.locator("#exceptions a[href*='/desk/tickets/']").first.click()
        desk.wait_for_url("**/desk/tickets/**")
        ticket = desk.url.split("?")[0]
        record = desk.inner_text("main")
        assert number in record
        assert "我们正在主动联系承运商查找" in record, "the customer was told"
        assert desk.locator(".sla").count() > 0, "its clocks run"
        agent.keep("logistics-ticket")
        for name, answers in (
            ("open", {}),
            (
                "contact_carrier",
                {"content": "武汉分拨答复：漏扫，今晚补发", "done": "请对方优先配载"},
            ),
        ):
            desk.goto(f"{ticket}?move={name}")
            submit(desk, f"form[action*='/moves/{name}']", answers)
        assert "客服已在跟进" in track(phone, number).inner_text("main")
        phone.keep("logistics-track-traced-mobile")

        yard.carrier_tells(
            number,
            ("Arrived", "成都分拨中心"),
            ("OutForDelivery", "成都高新营业部"),
            ("Delivered", "成都高新营业部"),
        )
        shown = track(phone, number).inner_text("main")
        assert "已签收" in shown
        assert "没有收到" in shown
        phone.keep("logistics-track-delivered-mobile")
        desk.goto(ticket)
        assert "已解决" in desk.inner_text("main")
        assert "您的运单" in desk.inner_text("#timeline")
        agent.keep("logistics-ticket-resolved")
        assert "logistics." not in desk.inner_text("#timeline"), "facts have words"

        desk.goto(f"{yard.url}/x/logistics/shipments?q={number}")
        desk.locator(f"a:has-text('{number}')").first.click()
        desk.wait_for_url("**/logistics/shipments/*")
        shipment = desk.url
        agent.keep("logistics-shipment")
        words = printed(
            desk, f"/desk/reports/logistics.tracking_notes.pdf?shipment_id={shipment.rpartition('/')[2]}",
            "logistics-tracking-notes-a4", (210, 297),
        )  # fmt: skip
        assert "漏扫，今晚补发" in words
        desk.goto(order)
        assert "已完成" in desk.inner_text("main")
        every_look(somebody, order, shipment)
        for person in made:
            person.leave()
    assert [words for person in made for words in person.complaints] == []


def every_look(somebody, order, shipment):
    """The plugin's pages at the desk and on a phone, light and dark, and the portal's."""
    pages = {
        "tower": "/x/logistics/", "shipments": "/x/logistics/shipments", "orders": "/x/logistics/orders",
        "order-new": "/x/logistics/orders/new", "carriers": "/x/logistics/carriers",
        "on-time": "/x/logistics/on-time", "order": order, "shipment": shipment,
    }  # fmt: skip
    for kind, dark in (("desk", True), ("phone", False)):
        admin = somebody(kind, dark=dark)
        admin.sign_in("gao@xunda.example")
        for name, path in pages.items():
            admin.look(path, f"logistics-{name}-{kind}{'-dark' if dark else ''}")
        carrier = admin.open("/x/logistics/carriers").locator("a[href*='/carriers/0']").first
        admin.look(
            carrier.get_attribute("href"),
            f"logistics-carrier-{kind}{'-dark' if dark else ''}",
        )
    visitor = somebody("desk")
    visitor.look("/p/logistics/track", "logistics-portal-track")
    visitor.look("/p/logistics/order", "logistics-portal-order")
