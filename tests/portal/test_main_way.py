"""A customer without scripts hands a matter in, follows it, answers and is answered."""

from __future__ import annotations

import io
import re

from PIL import Image

from core.actors import SYSTEM
from core.db import transaction
from core.tickets import service as tickets
from tests.portal.conftest import Browser, Filed, answer_customer, file_one


def picture(colour: str = "teal") -> io.BytesIO:
    target = io.BytesIO()
    Image.new("RGB", (640, 360), colour).save(target, "JPEG")
    target.seek(0)
    return target


def test_home_offers_what_is_on(browser: Browser) -> None:
    home = browser.get("/").text
    for kind in ("complaints.complaint", "question", "problem", "request"):
        assert f'href="/submit/{kind}"' in home
    assert 'href="/lookup"' in home
    assert "portal." not in re.sub(r"<[^>]+>", " ", home)


def test_receipt_shows_number_and_secret_link(browser: Browser, filed: Filed) -> None:
    receipt = browser.get(f"{filed.link}/receipt").text
    assert filed.number in receipt
    assert f"http://{browser.base.removeprefix('http://')}"[:12] in receipt
    assert filed.link in receipt
    page = browser.get(filed.link).text
    assert "大厅的灯不亮了" in page
    assert 'aria-current="step"' in page


def test_files_come_before_the_ticket_and_stay(browser: Browser, agent) -> None:
    """A refused form keeps its picture: nothing has to be chosen again."""
    browser.get("/submit/question")
    said = {"form_key": browser.hidden("form_key"), "portal_name": "林晓雯"}
    refused = browser.post("/submit/question", {**said, "files": (picture(), "灯.jpg")})
    assert refused.status_code == 422
    assert "灯.jpg" in refused.text
    kept = re.search(r'name="files" value="([0-9a-f-]{36})"', refused.text)
    assert kept
    whole = {**said, "description": "灯不亮", "portal_phone": "13800006021", "files": kept[1]}
    browser.follow(browser.post("/submit/question", whole))
    link = re.search(r"/track/[\w.-]+", browser.page)
    assert link
    page = browser.get(link[0]).text
    small = re.search(rf"{link[0]}/thumbnail/{kept[1]}", page)
    assert small
    assert browser.get(small[0]).mimetype == "image/jpeg"
    whole_picture = browser.get(f"{link[0]}/picture/{kept[1]}")
    assert whole_picture.headers["Content-Security-Policy"].startswith("sandbox")


def test_the_same_form_twice_is_one_ticket(browser: Browser, agent) -> None:
    browser.get("/submit/question")
    said = {
        "form_key": browser.hidden("form_key"),
        "description": "灯不亮",
        "portal_name": "林晓雯",
        "portal_mail": "lin@example.com",
    }
    places = {browser.post("/submit/question", said).location for _ in range(3)}
    assert len(places) == 1
    changed = browser.post("/submit/question", {**said, "description": "灯亮了"})
    assert changed.status_code == 409
    assert "已经提交过" in changed.text
    assert tickets.count_tickets(tickets.TicketQuery(type=("question",)), actor=SYSTEM) == 1


def test_talking(browser: Browser, filed: Filed, agent) -> None:
    answer_customer(filed.id, "<b>电工</b>今天下午到", agent)
    page = browser.get(filed.link).text
    assert "&lt;b&gt;电工&lt;/b&gt;今天下午到" in page
    empty = browser.post(f"{filed.link}/message", {"form_key": browser.hidden("form_key")})
    assert empty.status_code == 422
    sent = browser.post(
        f"{filed.link}/message",
        {
            "form_key": browser.hidden("form_key"),
            "body": "谢谢，<script>alert(1)</script>",
            "files": (picture("red"), "现场.jpg"),
        },
    )
    browser.follow(sent)
    assert "谢谢，&lt;script&gt;alert(1)&lt;/script&gt;" in browser.page
    assert "现场.jpg" in browser.page
    assert "<script>alert" not in browser.page


def test_what_the_workflow_offers_a_customer(browser: Browser, filed: Filed, agent) -> None:
    """Closing and reopening are core's own ways; the portal draws what any workflow offers."""
    with transaction():
        ticket = tickets.move_ticket(filed.id, "open", {}, actor=agent, version=1)
        ticket = tickets.patch_ticket(
            filed.id, {"category": "light"}, actor=agent, version=ticket.version
        )
        solved = {"solution": "已更换"}
        tickets.move_ticket(filed.id, "resolve", solved, actor=agent, version=ticket.version)
    page = browser.get(filed.link).text
    assert "还有问题，继续处理" in page
    browser.get(f"{filed.link}?do=reopen")
    version = browser.hidden("version")
    stale = browser.post(f"{filed.link}/move/reopen", {"version": str(int(version) - 1)})
    assert stale.status_code == 409
    assert "刚刚有更新" in stale.text
    browser.follow(browser.post(f"{filed.link}/move/reopen", {"version": version}))
    assert "处理中" in browser.page
    again = browser.post(f"{filed.link}/move/reopen", {"version": str(int(version) + 1)})
    assert again.status_code == 409
    assert tickets.get_ticket(filed.id, actor=SYSTEM).status == "open"


def test_both_languages(browser: Browser, filed: Filed) -> None:
    browser.follow(browser.get(f"/language/en?next={filed.link}"))
    assert 'lang="en"' in browser.page
    assert "Progress" in browser.page
    for path in ("/", "/submit", "/submit/question", "/lookup", "/my", filed.link):
        page = browser.get(path).text
        words = re.sub(r"<[^>]+>", " ", re.sub(r"(?s)<head>.*?</head>", "", page))
        assert not re.findall(r"\b(?:portal|forms|tickets|complaints)\.[a-z_.]+", words), path


def test_a_customer_of_two_matters_has_one_name(browser: Browser, agent) -> None:
    first = file_one(browser)
    second = file_one(browser, "problem")
    assert first.contact_id == second.contact_id
    assert first.link != second.link
