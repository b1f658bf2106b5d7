"""A company with one member of staff at a browser, and an app that asks."""

from __future__ import annotations

import base64
import hashlib
import html
import re
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from core.actors import OPERATOR
from core.auth.models import User
from core.db import clear_session, transaction
from core.oauth import service
from core.tenancy import Tenant
from tests.auth.people import come_in, hire
from tests.conftest import client_at

BACK = "https://app.example.com/back"
VERIFIER = "v" * 64
SCOPES = ("ticket:read", "ticket:write", "contact:read")


def challenge_of(verifier: str) -> str:
    """S256, worked out by hand rather than by what the server uses."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


@dataclass
class App:
    """An app as the company knows it, and as its developer does."""

    id: object
    public: str
    secret: str

    @property
    def basic(self) -> dict[str, str]:
        given = base64.b64encode(f"{self.public}:{self.secret}".encode()).decode()
        return {"Authorization": f"Basic {given}"}


@dataclass
class Office:
    """One tenant: its browser, its person, and requests as an app sends them."""

    app: Flask
    tenant: Tenant
    browser: FlaskClient
    user: User
    issued: list[str] = field(default_factory=list)

    def register(self, name: str = "Points", **changes) -> App:
        values = {"redirect_uris": [BACK], "scopes": SCOPES, "publisher": "Acme"} | changes
        with transaction():
            client, secret = service.register_client(name, actor=OPERATOR, **values)
            made = App(client.id, service.public_id(client), secret)
        clear_session()
        return made

    def query(self, app: App, **changes) -> dict[str, str]:
        asked = {
            "response_type": "code",
            "client_id": app.public,
            "redirect_uri": BACK,
            "scope": "ticket:read contact:read",
            "state": "s-1",
            "code_challenge": challenge_of(VERIFIER),
            "code_challenge_method": "S256",
        } | changes
        return {name: value for name, value in asked.items() if value is not None}

    def ask(self, app: App, **changes) -> TestResponse:
        return self.browser.get("/oauth/authorize?" + urlencode(self.query(app, **changes)))

    def answer(self, app: App, answer: str = "allow", rights=None, **changes) -> TestResponse:
        page = self.ask(app, **changes).get_data(as_text=True)
        token = re.search(r'name="csrf_token" value="([^"]+)"', page)
        assert token, page
        offered = [html.unescape(r) for r in re.findall(r'name="right" value="([^"]+)"', page)]
        sent = {**self.query(app, **changes), "csrf_token": token[1], "answer": answer}
        sent["right"] = offered if rights is None else rights
        return self.browser.post("/oauth/authorize", data=sent)

    def code(self, app: App, **changes) -> str:
        answer = self.answer(app, **changes)
        assert answer.status_code == 303, answer.get_data(as_text=True)
        return sent_back(answer)["code"]

    def token(self, app: App, grant_type: str = "authorization_code", **form) -> TestResponse:
        headers = form.pop("headers", app.basic if app.secret else {})
        base = {"grant_type": grant_type}
        if grant_type == "authorization_code":
            base |= {"redirect_uri": BACK, "code_verifier": VERIFIER}
        if not app.secret:
            base["client_id"] = app.public
        sent = {name: value for name, value in (base | form).items() if value is not None}
        answer = self.fresh().post("/api/v1/oauth/token", data=sent, headers=headers)
        told = answer.get_json()
        self.issued += [told[n] for n in ("access_token", "refresh_token") if n in told]
        return answer

    def tokens(self, app: App, **changes) -> dict:
        answer = self.token(app, code=self.code(app, **changes))
        assert answer.status_code == 200, answer.get_data(as_text=True)
        return answer.get_json()

    def own_token(self, app: App, **form) -> str:
        answer = self.token(app, "client_credentials", **form)
        assert answer.status_code == 200, answer.get_data(as_text=True)
        return answer.get_json()["access_token"]

    def fresh(self) -> FlaskClient:
        """A client without cookies at the company's host."""
        return client_at(self.app, self.tenant)

    def get(self, path: str, token: str) -> TestResponse:
        return self.fresh().get(path, headers={"Authorization": f"Bearer {token}"})

    def works(self, token: str) -> int:
        """The status of a plain reading with the token."""
        return self.get("/api/v1/tickets", token).status_code


def sent_back(answer: TestResponse) -> dict[str, str]:
    """The parameters with which the browser is sent back to the app."""
    location = answer.headers["Location"]
    return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}


def csrf(office):
    page = office.browser.get("/account").get_data(as_text=True)
    return re.search(r'name="csrf_token" value="([^"]+)"', page)[1]


def error_of(answer: TestResponse) -> str:
    return answer.get_json()["error"]


@pytest.fixture
def office(app, client, tenant) -> Office:
    user = hire("zhou@example.com", "manager")
    assert come_in(client, "zhou@example.com").status_code == 303
    return Office(app, tenant, client, user)


@pytest.fixture
def points(office) -> App:
    """A confidential app."""
    return office.register()


@pytest.fixture
def pocket(office) -> App:
    """A public app on people's phones."""
    addresses = ["com.example.pocket:/back", "http://127.0.0.1/back", BACK]
    return office.register("Pocket", confidential=False, redirect_uris=addresses)


@pytest.fixture
def robot(office) -> App:
    """An app that acts on its own."""
    return office.register(
        "Robot", redirect_uris=(), scopes=("ticket:read", "event:read", "ticket:write"),
        grant_types=("client_credentials",),
    )  # fmt: skip
