"""Coming in by browser: who may, what the cookie is worth, and what ends it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from core import clock
from core.auth import passwords, service, signin
from core.auth.models import BrowserSession, Throttle, User
from core.clock import now
from core.db import db, transaction
from core.errors import NotSignedIn
from core.events import EventRow
from tests.auth.people import PASSWORD, come_in, csrf_of, hire, send

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Flask
    from flask.testing import FlaskClient

    from core.tenancy import Tenant

HOUR = timedelta(hours=1)


@pytest.fixture
def time() -> Iterator[clock.VirtualClock]:
    with clock.virtual(now()) as made:
        yield made


def secret_of(client: FlaskClient) -> str:
    cookie = client.get_cookie("pd", domain=client.environ_base["HTTP_HOST"])
    return cookie.value if cookie else ""


def events(kind: str) -> list[EventRow]:
    db.session.rollback()
    return list(
        db.session.scalars(sa.select(EventRow).where(EventRow.type == kind).order_by(EventRow.id))
    )


def test_a_member_comes_in_and_leaves(client: FlaskClient) -> None:
    hire("lan@jinlan.example", "agent")
    assert client.get("/account").location == "/sign-in?next=%2Faccount"
    answer = come_in(client, " LAN@jinlan.example ", next="/account")
    assert (answer.status_code, answer.location) == (303, "/account")
    cookie = next(
        value for value in answer.headers.getlist("Set-Cookie") if value.startswith("pd=")
    )
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Domain" not in cookie
    page = client.get("/account")
    assert page.status_code == 200
    assert "lan@jinlan.example" in page.get_data(as_text=True)

    secret = secret_of(client)
    assert send(client, "/sign-out", "/account").status_code == 303
    assert client.get("/account").status_code == 303
    client.set_cookie("pd", secret, domain=client.environ_base["HTTP_HOST"])
    assert client.get("/account").status_code == 303, "the sign-in is dead, not only forgotten"
    assert [row.type for row in events("user.signed_in") + events("user.signed_out")] == [
        "user.signed_in", "user.signed_out",
    ]  # fmt: skip


def test_on_https_the_cookie_is_bound_to_the_host(client: FlaskClient) -> None:
    hire("lan@jinlan.example", "agent")
    host = f"https://{client.environ_base['HTTP_HOST']}"
    page = client.get("/sign-in", base_url=host).get_data(as_text=True)
    token = page.split('name="csrf_token" value="')[1].split('"')[0]
    answer = client.post(
        "/sign-in", base_url=host, headers={"Referer": f"{host}/sign-in"},
        data={"csrf_token": token, "email": "lan@jinlan.example", "password": PASSWORD},
    )  # fmt: skip
    cookie = next(v for v in answer.headers.getlist("Set-Cookie") if v.startswith("__Host-pd="))
    assert "Secure" in cookie
    assert "Path=/" in cookie


def test_a_stranger_gets_one_answer_by_one_path(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    hire("lan@jinlan.example", "agent")
    hire("gone@jinlan.example", "agent")
    with transaction():
        service.suspend_user(
            service.find_user("gone@jinlan.example").id, actor=service.actor_for(_admin())
        )
    checked: list[bool] = []
    fits = passwords.fits
    monkeypatch.setattr(passwords, "fits", lambda *a: checked.append(True) or fits(*a))
    pages = {}
    for email, password in (
        ("lan@jinlan.example", "wrong password"),
        ("nobody@jinlan.example", PASSWORD),
        ("gone@jinlan.example", PASSWORD),
    ):
        answer = come_in(client, email, password)
        assert answer.status_code == 401
        words = answer.get_data(as_text=True).replace(email, "")
        pages[email] = words.split('<div class="err-summary"')[1].split("</div>")[0]
    assert len(set(pages.values())) == 1
    assert len(checked) == 3, "one hash is computed for each, so each takes the same time"
    reasons = [row.payload["reason"] for row in events("user.sign_in_failed")]
    assert reasons == ["password", "unknown", "suspended"], (
        "each failure left a trace though nothing was written"
    )
    assert come_in(client, "lan@jinlan.example").status_code == 303


def _admin() -> User:
    return hire("admin@jinlan.example", "admin")


def test_too_many_tries_must_wait_and_others_need_not(
    client: FlaskClient, time: clock.VirtualClock
) -> None:
    hire("lan@jinlan.example", "agent")
    hire("li@jinlan.example", "agent")
    for _ in range(signin.PER_ACCOUNT_AND_RANGE):
        assert come_in(client, "lan@jinlan.example", "wrong password").status_code == 401
    shut = come_in(client, "lan@jinlan.example")
    assert shut.status_code == 429, "even with the right password"
    assert "15" in shut.get_data(as_text=True)
    assert come_in(client, "li@jinlan.example").status_code == 303
    with pytest.raises(NotSignedIn), transaction():
        signin.sign_in("lan@jinlan.example", "wrong password", ip="203.0.113.9", browser="")
    client.delete_cookie("pd", domain=client.environ_base["HTTP_HOST"])
    time.advance(timedelta(minutes=16))
    assert come_in(client, "lan@jinlan.example").status_code == 303
    keys = db.session.scalars(sa.select(Throttle.key)).all()
    assert keys
    assert not [key for key in keys if "lan@" in key]


def test_a_fixed_session_is_worth_nothing(client: FlaskClient) -> None:
    hire("lan@jinlan.example", "agent")
    client.set_cookie("pd", "planted", domain=client.environ_base["HTTP_HOST"])
    planted_form = csrf_of(client)
    come_in(client, "lan@jinlan.example")
    first = secret_of(client)
    assert first != "planted"
    assert csrf_of(client, "/account") != planted_form

    come_again = client.post(
        "/sign-in",
        data={
            "csrf_token": csrf_of(client, "/account"),
            "email": "lan@jinlan.example",
            "password": PASSWORD,
        },
    )
    assert come_again.status_code == 303
    second = secret_of(client)
    assert second != first
    client.set_cookie("pd", first, domain=client.environ_base["HTTP_HOST"])
    assert client.get("/account").status_code == 303, (
        "signing in again ends the browser's old sign-in"
    )
    client.set_cookie("pd", second, domain=client.environ_base["HTTP_HOST"])
    assert client.get("/account").status_code == 200


def test_tables_hold_hashes_only(client: FlaskClient) -> None:
    hire("lan@jinlan.example", "agent")
    come_in(client, "lan@jinlan.example")
    row = db.session.scalars(sa.select(BrowserSession)).one()
    assert secret_of(client) not in {row.secret_hash, str(row.id)}
    assert row.secret_hash == signin.hash_secret(secret_of(client))
    user = service.find_user("lan@jinlan.example")
    assert user.password_hash.startswith("$argon2id$")


def test_a_new_password_ends_the_other_sign_ins(
    app: Flask, client: FlaskClient, tenant: Tenant
) -> None:
    hire("lan@jinlan.example", "agent")
    other = app.test_client()
    other.environ_base["HTTP_HOST"] = client.environ_base["HTTP_HOST"]
    come_in(client, "lan@jinlan.example")
    come_in(other, "lan@jinlan.example")
    assert other.get("/account").status_code == 200
    wrong = send(
        client,
        "/account/password",
        "/account",
        present="not it at all",
        password="another long one",
    )
    assert wrong.status_code == 422
    assert other.get("/account").status_code == 200
    right = send(
        client, "/account/password", "/account", present=PASSWORD, password="another long one"
    )
    assert right.status_code == 303
    assert client.get("/account").status_code == 200
    assert other.get("/account").status_code == 303
    assert come_in(other, "lan@jinlan.example", PASSWORD).status_code == 401
    assert come_in(other, "lan@jinlan.example", "another long one").status_code == 303


def test_a_sign_in_ends_by_rest_and_by_age(client: FlaskClient, time: clock.VirtualClock) -> None:
    hire("lan@jinlan.example", "agent")
    come_in(client, "lan@jinlan.example")
    time.advance(signin.IDLE - HOUR)
    assert client.get("/account").status_code == 200
    time.advance(signin.IDLE - HOUR)
    assert client.get("/account").status_code == 200, "each use counts"
    time.advance(signin.IDLE + HOUR)
    assert client.get("/account").status_code == 303, "twelve hours at rest"

    come_in(client, "lan@jinlan.example")
    steps = int(signin.ABSOLUTE / (signin.IDLE / 2))
    for _ in range(steps - 1):
        time.advance(signin.IDLE / 2)
        assert client.get("/account").status_code == 200
    time.advance(signin.IDLE / 2)
    assert client.get("/account").status_code == 303, "seven days are the end, used or not"


def test_last_use_is_written_at_most_hourly(client: FlaskClient, time: clock.VirtualClock) -> None:
    hire("lan@jinlan.example", "agent")
    come_in(client, "lan@jinlan.example")
    begun = now()
    time.advance(timedelta(minutes=59))
    client.get("/account")
    assert _last_used() == begun
    time.advance(timedelta(minutes=2))
    client.get("/account")
    assert _last_used() == begun + timedelta(minutes=61)


def _last_used() -> object:
    db.session.rollback()
    return db.session.scalars(sa.select(BrowserSession.last_used_at)).one()


def test_one_sees_and_ends_ones_own_sign_ins_only(app: Flask, client: FlaskClient) -> None:
    hire("lan@jinlan.example", "agent")
    hire("li@jinlan.example", "agent")
    other = app.test_client()
    other.environ_base["HTTP_HOST"] = client.environ_base["HTTP_HOST"]
    come_in(client, "lan@jinlan.example")
    come_in(other, "li@jinlan.example")
    li = service.find_user("li@jinlan.example")
    theirs = signin.list_sessions(li.id)[0].id
    assert send(client, f"/account/sign-ins/{theirs}/end", "/account").status_code == 404
    assert other.get("/account").status_code == 200
    assert send(other, f"/account/sign-ins/{theirs}/end", "/account").status_code == 303
    assert other.get("/account").status_code == 303


@pytest.mark.parametrize(
    "bad",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "\\/evil.example",
        "/\t/evil.example",
        " //evil.example",
        "javascript:alert(1)",
        "///evil.example",
        "/\n/evil.example",
        "http:evil.example",
        "evil.example",
        "",
        "\\\\evil",
        "https:/evil.example",
        "/%0d%0a/\\evil",
        "data:text/html,x",
        "////",
        "/ /evil.example",
        "@evil.example",
        "?next=//x",
    ],
)
def test_next_never_leads_out(client: FlaskClient, bad: str) -> None:
    hire("lan@jinlan.example", "agent")
    assert come_in(client, "lan@jinlan.example", next=bad).location == "/desk"


def test_next_keeps_a_path_of_ours(client: FlaskClient) -> None:
    hire("lan@jinlan.example", "agent")
    assert (
        come_in(client, "lan@jinlan.example", next="/desk?view=mine&x=1").location
        == "/desk?view=mine&x=1"
    )


def test_forms_need_their_token_and_their_own_site(client: FlaskClient) -> None:
    hire("lan@jinlan.example", "agent")
    fields = {"email": "lan@jinlan.example", "password": PASSWORD}
    assert client.post("/sign-in", data=fields).status_code == 403
    token = csrf_of(client)
    for headers in (
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
    ):
        assert (
            client.post(
                "/sign-in", data={**fields, "csrf_token": token}, headers=headers
            ).status_code
            == 403
        )
    same = {"Sec-Fetch-Site": "same-origin"}
    assert (
        client.post("/sign-in", data={**fields, "csrf_token": token}, headers=same).status_code
        == 303
    )


@pytest.mark.parametrize(("language", "words"), [("zh-CN", "登录"), ("en", "Sign in")])
def test_both_languages(client: FlaskClient, language: str, words: str) -> None:
    assert send(client, "/language", locale=language, next="/sign-in").location == "/sign-in"
    for url in ("/sign-in", "/password/forgot"):
        page = client.get(url).get_data(as_text=True)
        assert f'lang="{language}"' in page
        assert "signin." not in page.split("<main")[1]
    assert words in client.get("/sign-in").get_data(as_text=True)


def test_after_the_sign_in_one_is_where_one_wanted_to_be(client: FlaskClient) -> None:
    hire("lan@jinlan.example", "agent")
    sent_to = client.get("/account?a=1&b=2").location
    page = client.get(sent_to).get_data(as_text=True)
    assert 'name="next" value="/account?a=1&amp;b=2"' in page
