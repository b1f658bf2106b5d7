"""A customer's browser, a tenant whose portal offers something, and a desk that answers."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from core.actors import SYSTEM
from core.auth import service as accounts
from core.auth import teams
from core.clock import now
from core.db import clear_session, transaction
from core.tickets import service as tickets

if TYPE_CHECKING:
    from uuid import UUID

    from flask import Flask
    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

    from core.actors import Actor
    from core.tenancy import Tenant


@dataclass
class Browser:
    """A browser without scripts at the tenant's host: it follows forms as they are drawn."""

    client: FlaskClient
    base: str
    page: str = ""
    token: str = ""
    seen: list[int] = field(default_factory=list)

    def get(self, path: str, **more: Any) -> TestResponse:
        """Open an address."""
        return self._kept(self.client.get(path, base_url=self.base, **more))

    def post(self, path: str, fields: dict[str, Any], **more: Any) -> TestResponse:
        """Send a form with the token of the page that is open."""
        data = {"csrf_token": self.token, **fields}
        sent = self.client.post(
            path, base_url=self.base, data=data, content_type="multipart/form-data", **more
        )
        return self._kept(sent)

    def follow(self, answer: TestResponse) -> TestResponse:
        """Go where a 303 leads."""
        assert answer.status_code == 303, answer.text[-3000:]
        return self.get(answer.location.removeprefix(self.base))

    def hidden(self, name: str) -> str:
        """The value of a hidden field of the open page."""
        found = re.search(rf'name="{name}" value="([^"]*)"', self.page)
        assert found, f"no hidden {name}"
        return found[1]

    def _kept(self, answer: TestResponse) -> TestResponse:
        self.seen.append(answer.status_code)
        if answer.mimetype == "text/html" and answer.status_code != 303:
            self.page = answer.text
            token = re.search(r'name="csrf_token" value="([^"]+)"', self.page)
            self.token = token[1] if token else self.token
        clear_session()
        return answer


@pytest.fixture
def open_browser(app: Flask, tenant: Tenant) -> Any:
    """Browsers of different people."""
    return lambda: Browser(app.test_client(), f"http://{tenant.slug}.localhost")


@pytest.fixture
def browser(open_browser: Any) -> Browser:
    """The customer's browser."""
    made: Browser = open_browser()
    return made


@pytest.fixture
def agent(tenant: Tenant) -> Actor:
    """Somebody at the desk, in the team that gets the tickets."""
    with transaction():
        department = teams.create_department("service", {"zh-CN": "客服部"}, actor=SYSTEM)
        team = teams.create_team("front", {"zh-CN": "前台"}, department.id, actor=SYSTEM)
        user = accounts.create_user(
            "zhou@example.com", "周敏", roles=("agent",), teams=(team.id,), actor=SYSTEM
        )
        return accounts.actor_for(user)


@dataclass(frozen=True)
class Filed:
    """A matter that a customer has handed in."""

    id: UUID
    number: str
    contact_id: UUID
    link: str


@pytest.fixture
def filed(browser: Browser, agent: Actor) -> Filed:
    """A consultation that came in by the portal."""
    return file_one(browser)


def file_one(browser: Browser, kind: str = "question", **fields: Any) -> Filed:
    """Fill the form of a type in and send it."""
    browser.get(f"/submit/{kind}")
    said = {
        "form_key": browser.hidden("form_key"),
        "description": "大厅的灯不亮了，晚上很黑。",
        "portal_name": "林晓雯",
        "portal_phone": "13800006021",
        "portal_mail": "lin@example.com",
    }
    answer = browser.post(f"/submit/{kind}", {**said, **fields})
    browser.follow(answer)
    number = re.search(r'id="number">([^<]+)<', browser.page)
    assert number, browser.page[-3000:]
    ticket = tickets.find_by_number(number[1], actor=SYSTEM)
    link = answer.location.removesuffix("/receipt").removeprefix(browser.base)
    return Filed(ticket.id, number[1], ticket.contact_id, link)


def answer_customer(ticket_id: Any, words: str, agent: Actor) -> None:
    """The desk's reply, past its eight seconds."""
    with transaction():
        said = tickets.post_message(ticket_id, words, actor=agent)
        said.hold_until = now()
