"""A bank-card return from the phone to the paper: policy, approval by another, UnionPay, voucher, points, arrival."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
from pathlib import Path
from uuid import UUID

import pytest
from PIL import Image
from pypdf import PdfReader

from core.actors import OPERATOR, SYSTEM
from core.clock import now
from core.db import transaction
from plugins.retail import members, statements
from tenants import service
from tests.browser.conftest import SCREENS, answer, fetched, submit
from tests.retail.world import application, join, sell, stock, tender

pytestmark = [pytest.mark.browser, pytest.mark.story]
PHONE = "13800006021"


@pytest.fixture
def mall(house):
    """The house with retail on: goods, a member, and a receipt by bank card of ten days ago."""
    inside = house["installation"].inside
    with inside("jinlan"), transaction():
        service.enable_plugin("retail", actor=OPERATOR)
    with inside("jinlan"):
        stock()
        member = join(name="林晓雯", phone=PHONE, address="锦绣路8号1幢2单元301室")
        join(name="周建国", phone="13800007788", address="和平街3号2幢1单元502室")
        paid = (tender("bank", 89_900, account="6021"),)
        sale = sell(("YRF-M", 1), member=member, tenders=paid, days_ago=10, number="XP20261112001")
        sell(("XH-50", 1), member=member, days_ago=3, number="XP20261119002")
        with transaction():
            made = members.apply_for_card(
                application(name="林建军", address="锦绣路 8号1幢2单元301"), actor=SYSTEM
            )
            members.take_step(made.id, "check", {}, actor=SYSTEM, version=made.version)
        found = {"sale": sale.number, "member": str(member.id), "application": str(made.id)}
    return {**house, **found}


def points_of(mall):
    with mall["installation"].inside("jinlan"):
        return statements.balance_of(members.get_member(UUID(mall["member"])).id).active


def step(page, case, name, answers=None):
    """Take a step on the page of the return."""
    page.goto(case)
    form = f"form[action$='/{name}']"
    page.locator(form).first.evaluate(
        "f => { const d = f.closest('details'); if (d) d.open = true }"
    )
    submit(page, form, answers)


def test_a_bank_card_return_from_the_phone_to_the_voucher(mall, somebody, tmp_path):
    photo = tmp_path / "领口.jpg"
    Image.effect_noise((900, 700), 60).convert("RGB").save(photo, "JPEG")
    with mall["installation"].running("polydesk", "serve"):
        assert points_of(mall) == 899 + 399
        phone, agent, head = somebody("phone"), somebody("desk"), somebody("desk")

        page = phone.open("/p/retail/return")
        phone.keep("retail-return-phone-1")
        answer(page, "form.pform", {"number": mall["sale"], "phone": "13900000000"})
        page.locator("form.pform button[type=submit]").click()
        page.wait_for_selector(".err-summary")
        assert "没有找到这张小票" in page.locator(".err-summary").inner_text()
        submit(page, "form.pform", {"number": mall["sale"], "phone": PHONE})
        # The tab bar at the bottom of a phone may lie over a choice: it is taken as a keyboard would.
        page.locator("#condition-opened").evaluate("choice => choice.click()")
        phone.keep("retail-return-phone-2")
        submit(page, "form.pform")
        words = page.locator("#why-return").inner_text()
        assert "15 天内办理隔日退货，今天是第 10 天" in words
        answer(
            page,
            "form.pform",
            {
                "words": "尺寸不合适，只试穿过一次。",
                "photos": str(photo),
                "name": "林晓雯",
                "mail": "lin@example.com",
            },
        )
        page.locator("#remedy-return").scroll_into_view_if_needed()
        phone.keep("retail-return-phone-3")
        submit(page, "form.pform")
        number = page.locator("#number").inner_text()
        assert number.startswith("RT-")
        phone.keep("retail-return-phone-4")
        track = page.url.removesuffix("/receipt")

        desk = agent.sign_in("li@jinlan.example")
        desk.goto(f"{mall['url']}/x/retail/?q={PHONE}")
        agent.keep("retail-card-desk")
        desk.goto(f"{mall['url']}/x/retail/returns?q={number}")
        desk.click(f"text={number}")
        desk.wait_for_url("**/x/retail/returns/*")
        case = desk.url.split("?")[0]
        assert "SL-18" in desk.locator("#verdict").inner_text()
        step(
            desk,
            case,
            "verify",
            {"note": "小票、签购单、银行卡一致，吊牌在，已向顾客说明 15 天规定。"},
        )
        assert desk.locator("form[action$='/approve']").count() == 0, "the author cannot approve"
        agent.keep("retail-return-desk")

        chief = head.sign_in("chen@jinlan.example")
        chief.goto(f"{mall['url']}/x/retail/returns?mine=1")
        assert chief.locator(f"text={number}").count() == 1
        step(chief, case, "approve", {"note": "同意退货，原路退回银行卡。"})
        step(desk, case, "hand_in")
        step(desk, case, "receive")
        step(desk, case, "begin_inspection")
        step(desk, case, "pass", {"disposition": "restock"})
        step(desk, case, "settle")
        desk.goto(case)
        assert desk.locator("form[action$='/post']").count() == 0, "UnionPay comes before the till"
        step(
            desk, case, "record_slip",
            {
                "slip_reference": "260001123456", "slip_date": now().date().isoformat(),
                "card": "6021", "merchant_signed": "1",
            },
        )  # fmt: skip
        desk.goto(case)
        desk.locator("#refunds").scroll_into_view_if_needed()
        agent.keep("retail-refund-wizard")
        step(desk, case, "post", {"till_reference": "T2611220087"})
        assert "退款途中" in desk.locator("#refunds").inner_text()
        assert points_of(mall) == 399, "what the coat had earned is taken back"

        paper = desk.locator("#refunds a[href*='retail.voucher']").first.get_attribute("href")
        status, content = fetched(desk, paper)
        assert status == 200
        look_at_voucher(content, tmp_path)

        step(desk, case, "arrive")
        desk.goto(case)
        assert "已办结" in desk.locator("main, .panel-main").first.inner_text()
        agent.keep("retail-return-closed")
        desk.click("text=打开工单")
        desk.wait_for_url("**/desk/tickets/**")
        desk.wait_for_selector("#panel-retail-return-b .kv")
        agent.keep("retail-ticket-panels")

        mine = phone.open(track)
        mine.wait_for_selector(".box .kv")
        phone.keep("retail-track-phone")
        assert "已办结" in mine.locator("main").inner_text()
        look_around(mall, agent, head, somebody)


def look_at_voucher(content, folder):
    """FM-12 on 80 mm paper: its words, its size, its picture."""
    reader = PdfReader(io.BytesIO(content))
    assert len(reader.pages) == 1
    width = float(reader.pages[0].mediabox.width) / 72 * 25.4
    assert round(width) == 80
    words = reader.pages[0].extract_text()
    for wanted in ("退货凭单", "899", "260001123456", "李敏", "陈立", "XP20261112001"):
        assert wanted in words, wanted
    if shutil.which("pdftoppm"):
        source = folder / "voucher.pdf"
        source.write_bytes(content)
        subprocess.run(["pdftoppm", "-r", "150", "-png", source, folder / "voucher"], check=True)
        picture = next(folder.glob("voucher*.png"))
        with Image.open(picture) as drawn:
            assert drawn.height > drawn.width
            assert len(drawn.convert("L").getcolors()) > 20, "something is printed"
        if os.environ.get("KEEP_SCREENS"):
            shutil.copy(picture, Path(SCREENS) / "retail-voucher.png")


def look_around(mall, agent, head, somebody):
    """The other screens, for the eye: card desk, members, application with its conflict, dark and small."""
    desk = agent.page
    for path, name in (
        (f"/x/retail/members/{mall['member']}", "retail-member"),
        (f"/x/retail/applications/{mall['application']}", "retail-household"),
        ("/x/retail/applications/new", "retail-application-form"),
        ("/x/retail/tasks", "retail-tasks"),
        ("/x/retail/returns", "retail-returns"),
    ):
        assert desk.goto(mall["url"] + path).status == 200
        agent.keep(name)
    assert head.page.goto(mall["url"] + "/desk/reports/retail.returns").status == 200
    head.keep("retail-report")
    dark = somebody("desk", dark=True)
    page = dark.sign_in("chen@jinlan.example")
    page.goto(mall["url"] + "/x/retail/returns")
    page.click("table a")
    page.wait_for_url("**/x/retail/returns/*")
    dark.keep("retail-return-dark")
    small = somebody("phone")
    page = small.sign_in("li@jinlan.example")
    page.goto(desk.url)
    page.click("table a")
    page.wait_for_url("**/x/retail/returns/*")
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= 390, f"the page is {wide} wide on a phone"
    small.keep("retail-return-desk-phone")
    agent.leave()
    head.leave()
