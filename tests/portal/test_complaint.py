"""The customer's part of a complaint: accept the plan, confirm and sign the result, take the register home."""

from __future__ import annotations

import io
import re

from PIL import Image, ImageDraw
from pypdf import PdfReader

from core.actors import SYSTEM
from core.clock import VirtualClock
from core.reports import pdf
from core.tickets import service as tickets
from tests.complaints.conftest import MONDAY, Case, picture, virtual
from tests.portal.conftest import Browser, Filed, answer_customer, file_one
from tests.tickets.conftest import build_house


def drawn() -> io.BytesIO:
    image = Image.new("RGBA", (660, 220), (0, 0, 0, 0))
    ImageDraw.Draw(image).line((40, 60, 600, 180), fill=(26, 34, 51, 255), width=7)
    target = io.BytesIO()
    image.save(target, "PNG")
    target.seek(0)
    return target


def begin(browser: Browser, tenant, clock: VirtualClock) -> tuple[Case, Filed]:
    house = build_house(tenant)
    words = {"description": "排水沟返水两次", "name": "林晓雯", "phone": "13800006021"}
    filed = file_one(browser, "complaints.complaint", mail="lin@example.com", **words)
    ticket = tickets.get_ticket(filed.id, actor=SYSTEM)
    return Case(house, clock, ticket, house.customer), filed


def staff(case: Case, filed: Filed, *names: str) -> None:
    """The desk's steps; what the customer did meanwhile counts."""
    for name in names:
        case.ticket = tickets.get_ticket(filed.id, actor=SYSTEM)
        case.move(name, case.who(name), **case.answers(name))


def step(browser: Browser, link: str, name: str, **answers) -> None:
    browser.get(f"{link}?do={name}")
    sent = browser.post(f"{link}/move/{name}", {"version": browser.hidden("version"), **answers})
    browser.follow(sent)


def test_from_plan_to_signature(browser: Browser, tenant) -> None:
    """CP-17, CP-22: G plan proposed / W portal "accept" / T accepted; W signed / T on the register."""
    with virtual(MONDAY) as clock:
        case, filed = begin(browser, tenant, clock)
        link = filed.link
        steps = ("acknowledge", "assess", "uphold", "conclude", "propose_plan", "approve_plan")
        staff(case, filed, *steps)
        assert "更换浮球开关" in browser.get(link).text
        step(browser, link, "accept_plan")
        staff(case, filed, "start", "report_result")
        browser.get(f"{link}?do=confirm_result")
        assert "data-sign" in browser.page
        unsigned = browser.post(
            f"{link}/move/confirm_result", {"version": browser.hidden("version"), "words": "同意"}
        )
        assert unsigned.status_code == 422
        assert "签名" in unsigned.text
        assert "同意" in unsigned.text
        step(browser, link, "confirm_result", words="同意", signature=(drawn(), "signature.png"))
        assert tickets.get_ticket(filed.id, actor=SYSTEM).state == "confirmed"
        place = re.search(rf"{re.escape(link)}/print/[\w.]+", browser.page)
        assert place
        paper = browser.get(place[0])
    assert paper.mimetype == "application/pdf"
    page = PdfReader(io.BytesIO(paper.data)).pages[0]
    text = "".join(page.extract_text().split())
    assert filed.number in text
    assert "同意" in text
    assert len(page.images) == 1
    for person in ("钱大明", "孙立"):
        assert person not in text
    assert browser.get(f"{link}/print/complaints.register_internal").status_code == 404


def test_refusing_and_typing(browser: Browser, tenant) -> None:
    with virtual(MONDAY) as clock:
        case, filed = begin(browser, tenant, clock)
        link = filed.link
        plan = ("propose_plan", "approve_plan")
        staff(case, filed, "acknowledge", "assess", "uphold", "conclude", *plan)
        step(browser, link, "decline_plan", words="太慢了")
        staff(case, filed, *plan)
        step(browser, link, "accept_plan")
        staff(case, filed, "start", "report_result")
        step(browser, link, "dispute_result", words="今早又返水")
        staff(case, filed, "report_result")
        step(browser, link, "confirm_result", **{"signature-typed": "林晓雯"})
        assert tickets.get_ticket(filed.id, actor=SYSTEM).state == "confirmed"


def first_of(page: str) -> str:
    """What stands under 处理结果, above the form."""
    return page.partition('id="result"')[2].partition("</section>")[0].partition("<form")[0]


def test_the_result_with_its_pictures_stands_first(browser: Browser, tenant) -> None:
    """UX 24: result first; the promise and the thanks are further down, and after a dispute the desk has the word."""
    with virtual(MONDAY) as clock:
        case, filed = begin(browser, tenant, clock)
        link = filed.link
        staff(case, filed, "acknowledge", "assess", "uphold")
        assert "前答复您" in first_of(browser.get(link).text)
        staff(case, filed, "conclude", "propose_plan", "approve_plan")
        step(browser, link, "accept_plan")
        staff(case, filed, "start")
        case.ticket = tickets.get_ticket(filed.id, actor=SYSTEM)
        shot = case.upload(picture(), "完成.jpg")
        case.move("report_result", **case.answers("report_result", pictures=[shot]))
        page = browser.get(link).text
        assert "试水 30 分钟无返水" in first_of(page)
        thumbnail = re.search(rf'src="({re.escape(link)}/thumbnail/{shot})"', first_of(page))
        assert browser.get(thumbnail[1]).mimetype.startswith("image/")
        messages = page.partition('id="messages"')[2]
        assert "前答复您" in messages
        assert "system" not in page
        step(browser, link, "dispute_result", words="今早又返水")
        answer_customer(filed.id, "师傅今天再去一趟。", case.house.agent)
        again = first_of(browser.get(link).text)
        assert "师傅今天再去一趟。" in again
        assert "试水 30 分钟无返水" not in again
        staff(case, filed, "report_result")
        step(browser, link, "confirm_result", **{"signature-typed": "林晓雯"})
        signed = browser.get(link).text
        assert "试水 30 分钟无返水" in first_of(signed)
        assert "再次为给您带来的不便致歉" in signed.partition('id="messages"')[2]


def test_without_libraries_the_paper_is_a_page(browser: Browser, tenant, monkeypatch) -> None:
    with virtual(MONDAY) as clock:
        _, filed = begin(browser, tenant, clock)
    lacking = pdf.Probe(ok=False, missing=("libpango",), install="apt-get install -y libpango")
    monkeypatch.setattr(pdf, "probe", lambda: lacking)
    paper = browser.get(f"{filed.link}/print/complaints.register")
    assert paper.mimetype == "text/html", paper.data[:200]
    assert "顾客投诉登记表" in paper.text
    assert "暂不能生成 PDF" in paper.text
    assert browser.get("/reports/report.css").mimetype == "text/css"
    assert browser.get("/reports/fonts.css").status_code == 404
