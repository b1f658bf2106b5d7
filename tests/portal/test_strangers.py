"""Who has no link sees nothing: look-up is masked, links die, files and papers stay with their matter."""

from __future__ import annotations

import io
import re
from typing import Any
from uuid import UUID

import pytest

from core.actors import SYSTEM
from core.clock import now, virtual
from core.contacts import codes, links
from core.contacts.links import LIFE
from core.db import transaction
from core.tickets import service as tickets
from tests.portal.conftest import Browser, Filed, answer_customer, file_one
from tests.portal.test_main_way import picture


def dead_ends(link: str) -> list[str]:
    return [link, f"{link}/receipt", f"{link}/print/complaints.register"]


def test_a_wrong_link_is_not_found(browser: Browser, filed: Filed) -> None:
    assert browser.get(filed.link).status_code == 200
    head, _, signature = filed.link.partition(".")
    for wrong in (
        f"{head}.{signature[::-1]}",
        head,
        f"{head}.",
        "/track/.",
        "/track/a.b",
        f"{filed.link}x",
    ):
        for path in dead_ends(wrong):
            assert browser.get(path).status_code == 404, path


def test_a_revoked_link_is_not_found(browser: Browser, filed: Filed) -> None:
    browser.get(filed.link)
    key = browser.hidden("form_key")
    with transaction():
        links.revoke_links(filed.id, actor=SYSTEM)
    for path in dead_ends(filed.link):
        assert browser.get(path).status_code == 404
    late = browser.post(f"{filed.link}/message", {"form_key": key, "body": "还在吗"})
    assert late.status_code == 404


def test_an_expired_link_is_not_found(browser: Browser, filed: Filed) -> None:
    assert browser.get(filed.link).status_code == 200
    with virtual(now() + LIFE):
        assert browser.get(filed.link).status_code == 404


def test_files_stay_with_their_matter(browser: Browser, open_browser: Any, agent) -> None:
    """Another customer's link does not open this one's file; its own does."""
    mine = file_one(browser, files=(picture(), "灯.jpg"))
    file = re.search(r"/thumbnail/([0-9a-f-]{36})", browser.get(mine.link).text)
    assert file
    other = file_one(open_browser(), portal_phone="13900007777", portal_mail="w@example.com")
    for way in ("file", "picture", "thumbnail"):
        assert browser.get(f"{mine.link}/{way}/{file[1]}").status_code == 200
        assert browser.get(f"{other.link}/{way}/{file[1]}").status_code == 404
        assert browser.get(f"/my/{mine.id}/{way}/{file[1]}").status_code == 404


def test_somebody_elses_upload_cannot_be_claimed(
    browser: Browser, open_browser: Any, agent
) -> None:
    browser.get("/submit/question")
    said = {"form_key": browser.hidden("form_key"), "portal_name": "林晓雯"}
    refused = browser.post("/submit/question", {**said, "files": (picture(), "灯.jpg")})
    upload = re.search(r'name="files" value="([0-9a-f-]{36})"', refused.text)
    assert upload
    thief: Browser = open_browser()
    thief.get("/submit/question")
    theirs = {
        "form_key": thief.hidden("form_key"),
        "description": "x",
        "portal_name": "T",
        "portal_phone": "13900007777",
    }
    assert thief.post("/submit/question", {**theirs, "files": upload[1]}).status_code == 404
    assert thief.post("/submit/question", theirs).status_code == 303


def test_notes_of_the_desk_stay_inside(browser: Browser, filed: Filed, agent) -> None:
    with transaction():
        tickets.post_message(filed.id, "客户情绪激动", actor=agent, visibility="internal")
    answer_customer(filed.id, "我们已安排电工", agent)
    page = browser.get(filed.link).text
    assert "我们已安排电工" in page
    assert "客户情绪激动" not in page


@pytest.mark.parametrize("tail", ["6022", "", "0000", "' OR 1=1"])
def test_look_up_refuses(browser: Browser, filed: Filed, tail: str) -> None:
    browser.get("/lookup")
    refused = browser.post("/lookup", {"number": filed.number, "tail": tail})
    assert refused.status_code == 422
    assert "林" not in refused.text


def test_look_up_is_masked(browser: Browser, filed: Filed) -> None:
    browser.get("/lookup")
    typed = filed.number.lower().replace("-", " ")
    found = browser.post("/lookup", {"number": typed, "tail": "６０２１"})
    assert found.status_code == 200
    assert filed.number in found.text
    assert "138****6021" in found.text
    for secret in ("大厅的灯", "林晓雯", "13800006021", "lin@example.com", filed.link):
        assert secret not in found.text
    sent = browser.post("/lookup/send", {"number": filed.number, "tail": "6021"})
    assert "l***@example.com" in sent.text
    wrong = browser.post("/lookup/send", {"number": filed.number, "tail": "6022"})
    assert wrong.status_code == 422


def test_look_up_is_throttled(browser: Browser, filed: Filed) -> None:
    browser.get("/lookup")
    answers = [
        browser.post("/lookup", {"number": filed.number, "tail": f"{tail:04}"})
        for tail in range(12)
    ]
    assert {answer.status_code for answer in answers[:9]} == {422}
    assert answers[-1].status_code == 429
    assert "分钟后再试" in answers[-1].text


def test_a_mailed_code_opens_my_matters(browser: Browser, filed: Filed, monkeypatch) -> None:
    assert browser.get(f"/my/{filed.id}").status_code == 404
    browser.get("/my")
    answer = browser.post("/my/code", {"mail": "LIN@example.com"})
    browser.follow(answer)
    asked = answer.location.partition("r=")[2]
    wrong = browser.post("/my/sign-in", {"r": asked, "code": "000000"})
    assert wrong.status_code in {422, 303}
    code = codes.code_of(UUID(asked))
    browser.follow(browser.post("/my/sign-in", {"r": asked, "code": code}))
    assert filed.number in browser.page
    assert browser.get(f"/my/{filed.id}").status_code == 200
    assert "大厅的灯不亮了" in browser.page
    assert "林晓雯，您好" in browser.get("/").text
    browser.get("/my")
    browser.follow(browser.post("/my/sign-out", {}))
    assert browser.get(f"/my/{filed.id}").status_code == 404


def test_an_unknown_address_gets_the_same_answer(browser: Browser, filed: Filed) -> None:
    browser.get("/my")
    answers = [
        browser.post("/my/code", {"mail": mail}) for mail in ("lin@example.com", "no@example.com")
    ]
    pages = [
        re.sub(r"[0-9a-f-]{36}|value=\"[^\"]+\"|token\": \"[^\"]+", "", browser.follow(a).text)
        for a in answers
    ]
    assert pages[0].count("验证码") == pages[1].count("验证码")
    assert [answer.status_code for answer in answers] == [303, 303]


@pytest.mark.parametrize(
    "target",
    ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)", "/a\nb"],
)
def test_language_goes_nowhere_else(browser: Browser, target: str) -> None:
    answer = browser.client.get(
        "/language/en", base_url=browser.base, query_string={"next": target}
    )
    assert answer.location == "/"
    good = browser.client.get(
        "/language/en", base_url=browser.base, query_string={"next": "/lookup"}
    )
    assert good.location == "/lookup"
    assert browser.get("/language/xx").status_code == 404


def test_hostile_answers_change_nothing(browser: Browser, agent) -> None:
    browser.get("/submit/question")
    good = {
        "form_key": browser.hidden("form_key"),
        "description": "x",
        "portal_name": "林",
        "portal_phone": "13800006021",
    }
    html = (b"<html><script>alert(1)</script></html>", "bild.jpg")
    cases: list[dict[str, Any]] = [
        {"description": "好" * 10_001},
        {"portal_phone": "not a phone"},
        {"portal_mail": "a@b@c"},
        {"portal_name": ""},
        {"portal_phone": "", "portal_mail": ""},
        {"form_key": "forged.key"},
        {"topic": "none-of-these"},
        {"files": "0192f0a1-7c1e-7000-8000-000000000000"},
        {"files": (io.BytesIO(html[0]), html[1])},
    ]
    for case in cases:
        refused = browser.post("/submit/question", {**good, **case})
        assert refused.status_code in {404, 422}, case
    assert browser.post("/submit/nothing", good).status_code == 404
    assert (
        browser.client.post("/submit/question", base_url=browser.base, data=good).status_code == 403
    )
    assert tickets.count_tickets(tickets.TicketQuery(), actor=SYSTEM) == 0
    assert browser.post("/submit/question", {**good, "description": "😀" * 4000}).status_code == 303
