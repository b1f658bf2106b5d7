"""The consent page in a real browser: asked by an app, answered with the app's address, at a desk and on a phone."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from core.actors import OPERATOR
from core.db import transaction
from core.oauth import service
from tests.browser.conftest import Person, press

pytestmark = [pytest.mark.browser, pytest.mark.story]


class _Back(BaseHTTPRequestHandler):
    """The app's own page, on the loopback interface of the person's computer."""

    def do_GET(self):
        self.server.seen.append(self.path)
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<h1>Back at the app</h1>")

    def log_message(self, *_):
        pass


@pytest.fixture
def back():
    """A program that waits for its answer on a port it took a moment ago."""
    with HTTPServer(("127.0.0.1", 0), _Back) as server:
        server.seen = []
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join(timeout=5)


@pytest.fixture
def public(house):
    """An app that the company knows, by its public identifier."""
    with house["installation"].inside("jinlan"), transaction():
        client, _secret = service.register_client(
            "点数桥", publisher="北辰软件", redirect_uris=["http://127.0.0.1/back"],
            scopes=["ticket:read", "ticket:write", "app:write"], actor=OPERATOR,
        )  # fmt: skip
        return service.public_id(client)


def question(public, back, **changes):
    asked = {
        "response_type": "code",
        "client_id": public,
        "redirect_uri": f"http://127.0.0.1:{back.server_port}/back",
        "scope": "ticket:read ticket:write app:write",
        "state": "s-7",
        "code_challenge": "c" * 43,
        "code_challenge_method": "S256",
    }
    return "/oauth/authorize?" + urlencode(asked | changes)


def test_a_person_reads_the_question_and_answers_it(chromium, house, back, public):
    with house["installation"].running("polydesk", "serve"):
        lan = Person(chromium, house, "desk")
        lan.sign_in("li@jinlan.example")
        page = lan.open(question(public, back))
        page.locator("h1", has_text="「点数桥」请求代您操作").wait_for()
        words = page.locator("main").inner_text()
        assert "北辰软件" in words
        assert "127.0.0.1" in words
        assert "接入和停用应用" in page.locator(".cons-not").inner_text(), "not hers to give"
        assert page.locator("input[name=right]").count() == 2
        lan.keep("consent-desk")
        page.locator("label.cons-right", has_text="处理工单").locator("input").click()
        page.click("button[value=allow]")
        page.locator("text=Back at the app").wait_for()
        told = parse_qs(urlsplit(page.url).query)
        assert told["state"] == ["s-7"]
        assert told["iss"] == [house["url"]]
        assert told["code"][0].startswith("pd_jinlan_ac_")
        assert lan.complaints == [], "the policy lets the answer through to the app"
        page = lan.open("/account#apps")
        assert "点数桥" in page.inner_text("main")
        page.once("dialog", lambda dialog: dialog.accept())
        press(page, ".app-row button")
        assert page.locator(".app-row").count() == 0
        lan.leave()
        phone = Person(chromium, house, "phone", locale="en", dark=True)
        phone.sign_in("li@jinlan.example")
        phone.context.add_cookies([{"name": "pd_lang", "value": "en", "url": house["url"]}])
        page = phone.open(question(public, back))
        assert page.evaluate("document.documentElement.scrollWidth") == 390
        assert page.locator("button[value=allow]").is_visible(), "the answer is in reach of a thumb"
        phone.keep("consent-phone-dark")
        page.click("button[value=deny]")
        page.locator("text=Back at the app").wait_for()
        assert parse_qs(urlsplit(page.url).query)["error"] == ["access_denied"]
        assert phone.complaints == []
        page = phone.open(question(public, back, redirect_uri="https://evil.example/"))
        page.locator("h1", has_text="This app cannot be connected").wait_for()
        assert len([path for path in back.seen if path.startswith("/back")]) == 2
        phone.leave()
