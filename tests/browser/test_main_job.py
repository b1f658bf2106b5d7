"""The main job, end to end: a complaint from a phone becomes a closed, signed ticket whose audit trail verifies."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from PIL import Image, ImageChops, ImageDraw
from pypdf import PdfReader

from core.clock import now
from tests.browser.conftest import answer, fetched, press, submit

pytestmark = pytest.mark.browser
WORDS = "地下车库排水沟三天内两次返水，我的车底盘进水。请查明原因并给出书面答复。<script>alert(1)</script>"


@pytest.fixture
def photo(tmp_path):
    """A real JPEG with a camera's EXIF."""
    picture = Image.effect_noise((1200, 900), 80).convert("RGB")
    ImageDraw.Draw(picture).rectangle((300, 200, 900, 700), fill=(200, 120, 40))
    exif = Image.Exif()
    exif[0x010F] = "SecretCamera"
    path = tmp_path / "车库.jpg"
    picture.save(path, "JPEG", exif=exif, quality=90)
    return path


def _soon(hours):
    return (now() + timedelta(hours=8 + hours)).strftime("%Y-%m-%dT%H:%M")


def _reply(page, ticket, words):
    page.goto(ticket)
    form = "form[action$='/messages']"
    page.locator(f"{form} textarea").first.fill(words)
    press(page, f"{form} button[type=submit]")
    page.wait_for_selector(f"text={words}")


def _move(page, ticket, name, answers=None, keep=None):
    """Take a transition at the desk by its declared form, or its plain button."""
    page.goto(f"{ticket}?move={name}")
    form = f"form[action*='/moves/{name}']"
    answer(page, form, answers or {})
    if keep:
        keep[0].keep(keep[1])
    submit(page, form)


def _accept(page, name, answers):
    submit(page, f"form[action*='/move/{name}']", answers)


def _sign(page):
    """Draw a signature with the finger and confirm."""
    form = "form[action*='/move/confirm_result']"
    canvas = page.locator(f"{form} canvas").first
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    page.mouse.move(box["x"] + 30, box["y"] + 40)
    page.mouse.down()
    for step in range(12):
        page.mouse.move(box["x"] + 30 + step * 15, box["y"] + 40 + (step % 3) * 20)
    page.mouse.up()
    submit(page, form, {"words": "同意处理结果。"})


def _same_picture_everywhere(page, supervisor, ticket):
    """The customer's picture, re-encoded without its EXIF, is what the agent sees and what the PDF holds."""
    page.goto(ticket)
    link = page.locator("a[href*='/desk/files/']").first.get_attribute("href")
    status, content = fetched(page, link)
    assert status == 200
    seen = Image.open(io.BytesIO(content))
    assert seen.size == (1200, 900)
    assert not seen.getexif()
    assert b"SecretCamera" not in content
    report = f"/desk/reports/complaints.register_internal.pdf?ticket_id={ticket.rpartition('/')[2]}"
    status, printed = fetched(supervisor, report)
    assert status == 200
    reader = PdfReader(io.BytesIO(printed))
    images = [image.image.convert("RGB") for sheet in reader.pages for image in sheet.images]
    assert any(_alike(image, seen.convert("RGB")) for image in images)
    assert "设备二班赵建国" in "".join(sheet.extract_text() for sheet in reader.pages)


def _alike(one, other):
    """The same picture but for what encoding a JPEG once more does to it; noise makes any other one differ wildly."""
    if one.size != other.size:
        return False
    return max(high for _, high in ImageChops.difference(one, other).getextrema()) <= 16


def _complain(phone, photo):
    page = phone.open("/")
    phone.keep("portal-home-mobile")
    page.click("a[href='/submit/complaints.complaint']")
    page.locator("main form[method=post] button[type=submit]").last.click()
    page.wait_for_selector(".err-summary")
    phone.keep("portal-submit-error-mobile")
    answer(
        page,
        "main form[method=post]",
        {
            "description": WORDS,
            "location": "B2 层 C 区",
            "wishes": "书面答复",
            "name": "林晓雯",
            "phone": "13800006021",
            "mail": "lin@customer.example",
        },
    )
    page.set_input_files("main form[method=post] input[type=file]", photo)
    phone.keep("portal-submit-mobile")
    page.locator("main form[method=post] button[type=submit]").last.click()
    page.wait_for_url("**/receipt")
    phone.keep("portal-receipt-mobile")
    number = page.locator("text=/CP-\\d{4}-\\d{5}/").first.inner_text()
    return number, page.url.removesuffix("/receipt")


def test_a_complaint_from_the_phone_to_the_signed_and_closed_ticket(house, somebody, photo):
    installation = house["installation"]
    with installation.running("polydesk", "serve"):
        phone, agent, supervisor = somebody("phone"), somebody("desk"), somebody("desk")
        number, link = _complain(phone, photo)

        desk = agent.sign_in("li@jinlan.example")
        desk.goto(f"{house['url']}/desk/?view=unassigned")
        agent.keep("desk-queue")
        desk.click(f"text={number.replace('CP-', '')}")
        desk.wait_for_url("**/desk/tickets/**")
        agent.keep("desk-ticket")
        ticket = desk.url.split("?")[0]
        assert desk.locator("text=<script>alert(1)</script>").first.is_visible()
        desk.wait_for_load_state("networkidle")
        assert desk.evaluate("history.state") is None, (
            "what loads by itself leaves the way back alone"
        )
        press(desk, "main >> text=领取")
        _reply(desk, ticket, "林女士您好，您的投诉已受理，我们今天内查明原因。")

        _move(desk, ticket, "acknowledge")
        _move(
            desk,
            ticket,
            "assess",
            {
                "grade": "serious",
                "safety": "0",
                "complexity": "medium",
                "impact": "high",
                "immediate": "0",
            },
        )
        _move(
            desk,
            ticket,
            "uphold",
            {
                "finding": "founded",
                "reason_sufficient": "1",
                "demand_reasonable": "1",
                "grounds": "公共排水设施由我司维护",
                "department": str(house["works"]),
                "promised_at": _soon(24),
            },
        )
        _move(
            desk,
            ticket,
            "conclude",
            {
                "facts": "两次返水属实，水深没过脚面",
                "facts_true": "1",
                "purpose": "彻底处理",
                "reason_sound": "1",
                "analysis": "排水沟堵塞，浮球开关失灵",
                "demand_legitimate": "1",
                "cause_group": "product",
                "cause": "潜污泵月检漏检",
                "responsible": "设备二班赵建国",
            },
        )
        _move(
            desk,
            ticket,
            "propose_plan",
            {
                "root_cause": "潜污泵月检漏检",
                "measures-0-measure": "更换浮球开关并清掏排水沟",
                "measures-0-responsible": "赵建国",
                "measures-0-due_at": _soon(30),
                "contact_points": "完工当天电话告知",
            },
            keep=(agent, "desk-plan-form"),
        )
        desk.goto(ticket)
        assert desk.locator("text=批准方案").count() == 0, (
            "the author is not offered his own plan's approval"
        )

        boss = supervisor.sign_in("chen@jinlan.example")
        boss.locator("nav a[href='/x/complaints/']").click()
        boss.wait_for_url("**/x/complaints/")
        assert number in boss.locator("#waiting").inner_text()
        supervisor.keep("desk-complaint-board")
        _move(
            boss,
            ticket,
            "approve_plan",
            {"note": "同意，举一反三检查全部潜污泵。"},
            keep=(supervisor, "desk-approval"),
        )

        customer = phone.open(link)
        assert customer.locator("text=设备二班赵建国").count() == 0, (
            "the responsible person is not the customer's to know"
        )
        phone.keep("portal-track-plan-mobile")
        _accept(customer, "accept_plan", {"words": "可以，请尽快。"})

        _move(desk, ticket, "start")
        _move(
            desk,
            ticket,
            "report_result",
            {
                "report": "浮球开关已更换，排水沟清掏 62 米，试水 30 分钟无返水。",
                "pictures": photo,
                "done_at": _soon(0),
            },
        )
        customer.goto(link)
        shown = customer.locator("#result .sec").first
        assert "浮球开关已更换" in shown.inner_text(), "the result stands first"
        picture = shown.locator("img").first
        picture.evaluate("image => image.decode()")
        assert picture.evaluate("image => image.naturalWidth") > 0
        phone.keep("portal-track-result-mobile")
        _sign(customer)
        phone.keep("portal-track-signed-mobile")

        desk.goto(ticket)
        _move(
            desk,
            ticket,
            "follow_up",
            {
                "channel": "phone",
                "reached": "1",
                "speed": "5",
                "effect": "4",
                "attitude": "5",
                "words": "满意",
            },
        )
        _move(desk, ticket, "close")
        agent.keep("desk-ticket-closed")
        assert "已关闭" in desk.inner_text("main") or "已结案" in desk.inner_text("main")
        desk.goto(f"{ticket}?all=1")
        record = desk.inner_text("#timeline")
        assert "林晓雯确认结果并签字" in record
        assert "complaints." not in record, "facts have words"
        assert (
            "系统" in desk.locator("#timeline li", has_text="再次为给您带来的不便致歉").inner_text()
        )
        _same_picture_everywhere(desk, boss, ticket)
        for person in (phone, agent, supervisor):
            person.leave()
    assert ": green" in installation.polydesk("audit", "verify", "jinlan")
    assert "green" in installation.polydesk("sla", "verify", "jinlan")
