"""A forgotten password: one answer for everybody, a link that works once, an address that cannot be forged."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa

from core import clock
from core.actors import OPERATOR
from core.auth import resets
from core.auth.models import PasswordReset, RequestLog
from core.auth.traces import KEPT, forget_old_traces
from core.clock import now
from core.db import db, transaction
from core.mail import service as mail
from core.mail.models import MailOut
from tests.auth.people import PASSWORD, come_in, hire, send

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from core.tenancy import Tenant

NEW = "ganz neue Worte"


def mails() -> list[MailOut]:
    db.session.rollback()
    return list(db.session.scalars(sa.select(MailOut).order_by(MailOut.id)))


def link_in(row: MailOut) -> str:
    found = re.search(r"http://([^/]+)(/password/reset/\S+)", mail.render(row).text)
    assert found
    return found.group(2)


def test_a_forgotten_password_is_replaced_once(client: FlaskClient, tenant: Tenant) -> None:
    hire("lan@jinlan.example", "agent")
    come_in(client, "lan@jinlan.example")
    known = send(client, "/password/forgot", "/account", email="LAN@jinlan.example ")
    strange = send(client, "/password/forgot", "/account", email="nobody@jinlan.example")
    assert known.status_code == strange.status_code == 200
    shown = [
        page.get_data(as_text=True).split("<main")[1].split("csrf_token")[0]
        for page in (known, strange)
    ]
    assert shown[0].replace("LAN@jinlan.example", "X") == shown[1].replace(
        "nobody@jinlan.example", "X"
    )

    (row,) = mails()
    link = link_in(row)
    assert "lan@jinlan.example" in client.get(link).get_data(as_text=True)
    poor = send(client, link, link, password="short")
    assert poor.status_code == 422
    assert send(client, link, link, password=NEW).location == "/sign-in"
    assert client.get("/account").status_code == 303, "the old sign-in is dead"
    assert come_in(client, "lan@jinlan.example", PASSWORD).status_code == 401
    assert come_in(client, "lan@jinlan.example", NEW).status_code == 303
    again = send(client, link, "/account", password="third time lucky")
    assert again.status_code == 404
    assert client.get(link).status_code == 404
    assert come_in_afresh(client, NEW) == 303


def come_in_afresh(client: FlaskClient, password: str) -> int:
    client.delete_cookie("pd", domain=client.environ_base["HTTP_HOST"])
    return come_in(client, "lan@jinlan.example", password).status_code


def test_a_link_dies_within_the_hour_and_with_a_forged_sign(client: FlaskClient) -> None:
    user = hire("lan@jinlan.example", "agent")
    with clock.virtual(now()) as time:
        with transaction():
            reset_id = resets.invite(user, actor=OPERATOR).id
            token = resets.reset_token(reset_id)
        assert client.get(f"/password/reset/{token}").status_code == 200
        for wrong in (
            token[:-1] + ("A" if token[-1] != "A" else "B"),
            "x",
            f"{reset_id.hex}.",
            "0" * 32 + "." + token[33:],
        ):
            assert client.get(f"/password/reset/{wrong}").status_code == 404
        time.advance(timedelta(minutes=61))
        assert client.get(f"/password/reset/{token}").status_code == 404


def test_a_forged_host_changes_no_link(client: FlaskClient, tenant: Tenant) -> None:
    hire("lan@jinlan.example", "agent")
    send(client, "/password/forgot", "/password/forgot", email="lan@jinlan.example")
    headers = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"}
    page = client.get("/password/forgot").get_data(as_text=True)
    form = page.split('name="csrf_token" value="')[1].split('"')[0]
    fields = {"csrf_token": form, "email": "lan@jinlan.example"}
    assert client.post("/password/forgot", data=fields, headers=headers).status_code == 200
    assert (
        client.post("/password/forgot", data=fields, base_url="http://evil.example").status_code
        == 404
    )
    rows = mails()
    assert len(rows) == 2
    for row in rows:
        words = mail.render(row).text
        assert f"http://{tenant.slug}.localhost:8080/password/reset/" in words
        assert "evil" not in words


def test_no_table_holds_the_secret_and_the_outbox_hides_it(tenant: Tenant) -> None:
    user = hire("lan@jinlan.example", "agent")
    with transaction():
        token = resets.reset_token(resets.invite(user, actor=OPERATOR).id)
    (row,) = mails()
    signature = token.partition(".")[2]
    stored = db.session.scalars(sa.select(PasswordReset)).one()
    assert signature not in str({**vars(stored), **vars(row)})
    assert token in mail.render(row).text
    hidden = mail.preview(row)
    assert token not in hidden.text + hidden.html
    assert mail.HIDDEN in hidden.text


def test_asking_too_often_is_refused_for_known_and_unknown_alike(client: FlaskClient) -> None:
    hire("lan@jinlan.example", "agent")
    for email in ("lan@jinlan.example", "nobody@jinlan.example"):
        codes = [
            send(client, "/password/forgot", "/password/forgot", email=email).status_code
            for _ in range(resets.PER_ACCOUNT + 1)
        ]
        assert codes == [200] * resets.PER_ACCOUNT + [429]
    assert len(mails()) == resets.PER_ACCOUNT


def test_unsafe_requests_leave_a_line_for_ninety_days(client: FlaskClient) -> None:
    user = hire("lan@jinlan.example", "agent")
    with clock.virtual(now()) as time:
        client.environ_base |= {"HTTP_USER_AGENT": "Firefox", "REMOTE_ADDR": "203.0.113.7"}
        come_in(client, "lan@jinlan.example")
        send(client, "/account/password", "/account", present="no", password="no")
        first, second = db.session.scalars(sa.select(RequestLog).order_by(RequestLog.id)).all()
        assert (first.method, first.route, first.status, first.ip) == (
            "POST",
            "/sign-in",
            303,
            "203.0.113.7",
        )
        assert (second.route, second.status) == ("/account/password", 422), (
            "kept though the request was rolled back"
        )
        assert (second.actor_id, second.browser) == (user.id, "Firefox")
        time.advance(KEPT - timedelta(hours=1))
        _forget()
        assert db.session.scalars(sa.select(RequestLog)).all()
        time.advance(timedelta(hours=2))
        _forget()
        assert not db.session.scalars(sa.select(RequestLog)).all()


def _forget() -> None:
    with transaction():
        forget_old_traces()
