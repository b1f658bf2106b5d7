"""Twenty equal posts at once, by page and API: one ticket, one customer, and everybody is led to it."""

from __future__ import annotations

import io
import re
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
import sqlalchemy as sa

from core.actors import SYSTEM
from core.auth.tokens import create_token
from core.contacts.models import Contact
from core.db import clear_session, db, transaction
from core.plugins import catalog
from core.tickets.models import Message, Ticket
from tests.complaints.conftest import picture
from tests.conftest import client_at
from tests.desk.conftest import Office
from tests.portal.conftest import Browser as Customer

TWENTY = 20


@pytest.fixture
def office(app, make_tenant):
    """A desk with every installed plugin on."""
    names = [name for name, plugin in catalog().plugins.items() if not plugin.always_on]
    return Office(app, make_tenant(*names))


@pytest.fixture
def agent(office):
    return office.sign_in("lan")


def at_once(send):
    """Twenty threads that start together; gives the answers."""
    barrier = Barrier(TWENTY)

    def run(number):
        barrier.wait(timeout=30)
        return send(number)

    with ThreadPoolExecutor(TWENTY) as pool:
        return list(pool.map(run, range(TWENTY)))


def twins(app, office, client):
    """Twenty tabs of one browser: the same cookies, each with a connection of its own."""
    with office.inside():
        made = [client_at(app, _named(office)) for _ in range(TWENTY)]
    for tab in made:
        tab._cookies = client._cookies
    return made


def _named(office):
    return type("Named", (), {"slug": office.slug})()


def counts(office, *models):
    with office.inside():
        found = [db.session.scalar(sa.select(sa.func.count()).select_from(m)) for m in models]
        clear_session()
    return found


def send_by(app, tabs, path, fields):
    def send(number):
        with app.app_context():
            answer = tabs[number].post(path, data=fields(), content_type="multipart/form-data")
            clear_session()
            return answer.status_code, answer.headers.get("Location", "")

    return send


@pytest.mark.parametrize("with_picture", [False, True])
def test_on_the_portal(app, office, with_picture):
    host = f"http://{office.slug}.localhost"
    customer = Customer(app.test_client(), host)
    customer.get("/submit/problem")
    said = {
        "csrf_token": customer.token, "form_key": customer.hidden("form_key"), "description": "灯不亮",
        "portal_name": "林", "portal_phone": "13800007777",
    }  # fmt: skip
    before = counts(office, Ticket, Contact, Message)

    def fields():
        return said | ({"files": (io.BytesIO(picture()), "a.jpg")} if with_picture else {})

    answers = at_once(send_by(app, twins(app, office, customer.client), "/submit/problem", fields))
    assert {status for status, _ in answers} == {303}
    assert len({where for _, where in answers}) == 1
    after = counts(office, Ticket, Contact, Message)
    assert [a - b for a, b in zip(after, before, strict=True)] == [1, 1, 1]
    page = customer.get(answers[0][1].removeprefix(host)).text
    assert re.search(r'id="number">P-\d{4}-00001<', page)


@pytest.mark.parametrize("with_picture", [False, True])
def test_at_the_desk(app, office, agent, with_picture):
    page = agent.get(f"/desk/tickets/new?contact={office.customer}&type=problem")
    said = {
        "csrf_token": agent.token(), "form_key": re.search(r'name="form_key" value="([^"]+)"', page)[1],
        "type": "problem", "contact": str(office.customer), "subject": "灯", "description": "灯不亮",
        "channel": "phone", "priority": "normal", "team_id": str(office.desk), "since": "2026-11-20",
    }  # fmt: skip

    def fields():
        return said | ({"attachments": (io.BytesIO(picture()), "a.jpg")} if with_picture else {})

    tabs = twins(app, office, agent.client)
    answers = at_once(send_by(app, tabs, "/desk/tickets/new", fields))
    assert {status for status, _ in answers} == {303}
    assert len({where for _, where in answers}) == 1
    assert counts(office, Ticket, Message) == [1, 1]
    assert "灯不亮" in agent.get(answers[0][1])
    other = agent.post("/desk/tickets/new", 409, **(said | {"description": "ganz anders"}))
    assert "ganz anders" in other
    assert counts(office, Ticket, Message) == [1, 1]


@pytest.mark.parametrize("with_picture", [False, True])
def test_a_reply_at_the_desk(app, office, agent, with_picture):
    ticket_id = office.open(agent)
    page = agent.get(f"/desk/tickets/{ticket_id}")
    key = re.search(r'name="form_key" value="([^"]+)"', page)[1]
    said = {"csrf_token": agent.token(), "form_key": key, "body": "您好", "mode": "reply"}

    def fields():
        return said | ({"files": (io.BytesIO(picture()), "a.jpg")} if with_picture else {})

    tabs = twins(app, office, agent.client)
    answers = at_once(send_by(app, tabs, f"/desk/tickets/{ticket_id}/messages", fields))
    assert {status for status, _ in answers} == {303}
    assert counts(office, Ticket, Message) == [1, 2]


def test_by_the_api(app, office, agent):
    with office.inside(), transaction():
        token = create_token(agent.id, "t", ("ticket:read", "ticket:write"), actor=SYSTEM)[1]
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "once"}
    body = {
        "type": "problem",
        "subject": "灯",
        "description": "灯不亮",
        "contact_id": str(office.customer),
    }

    def send(_number):
        with app.app_context():
            answer = client_at(app, _named(office)).post(
                "/api/v1/tickets", json=body, headers=headers
            )
            clear_session()
            return answer.status_code, answer.get_json()["id"]

    answers = at_once(send)
    assert {status for status, _ in answers} == {201}
    assert len({ticket_id for _, ticket_id in answers}) == 1
    assert counts(office, Ticket, Message) == [1, 1]
