"""A desk with two teams, agents at their browsers, and customers to speak for."""

from __future__ import annotations

import re
from contextlib import contextmanager
from html import unescape

import pytest
import sqlalchemy as sa

from core.actors import OPERATOR, Actor
from core.auth import service as accounts
from core.auth import signin, teams
from core.contacts import service as contacts
from core.contacts.points import PointIn
from core.db import db, transaction
from core.plugins import catalog
from core.tenancy import as_tenant, find_tenant
from core.tickets import service as tickets

PASSWORD = "ein langes Wort"


class Browser:
    """An agent signed in; posts forms with their tokens and reads pages as text."""

    def __init__(self, app, office, email):
        self.office = office
        self.client = app.test_client()
        self.client.environ_base["HTTP_HOST"] = f"{office.slug}.localhost"
        with office.inside(), transaction():
            signed = signin.sign_in(email, PASSWORD, ip="203.0.113.7", browser="a test")
            self.id = signed.user.id
        self.client.set_cookie("pd", signed.secret, domain=f"{office.slug}.localhost")
        with office.inside():
            self.actor: Actor = accounts.actor_for(accounts.get_user(self.id))

    def get(self, url, status=200, **headers):
        response = self.client.get(url, headers=headers)
        assert response.status_code == status, (url, response.status_code, response.text[:400])
        return unescape(response.get_data(as_text=True))

    def post(self, url, status=303, **fields):
        token = self.token()
        response = self.client.post(url, data={"csrf_token": token, **fields})
        told = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.get_data(as_text=True)))
        assert response.status_code == status, (url, response.status_code, told[:2000])
        self.location = response.headers.get("Location", "")
        return unescape(response.get_data(as_text=True))

    def token(self):
        page = self.client.get("/account").get_data(as_text=True)
        return re.search(r'name="csrf_token" value="([^"]+)"', page)[1]


class Office:
    """A tenant with a desk team, a works team and a customer; tickets are opened by the desk's agent."""

    def __init__(self, app, tenant):
        self.app, self.slug = app, tenant.slug
        with self.inside(), transaction():
            front = teams.create_department(
                "front", {"zh-CN": "客服部", "en": "Front"}, actor=OPERATOR
            )
            works = teams.create_department(
                "works", {"zh-CN": "工程部", "en": "Works"}, actor=OPERATOR
            )
            self.desk = teams.create_team(
                "desk", {"zh-CN": "一组", "en": "Desk"}, front.id, actor=OPERATOR
            ).id
            self.tools = teams.create_team(
                "tools", {"zh-CN": "维修", "en": "Tools"}, works.id, actor=OPERATOR
            ).id
            self.works = works.id
        self.hire("lan@example.org", "兰心", "agent", self.desk)
        self.hire("bo@example.org", "柏青", "agent", self.desk)
        self.hire("fei@example.org", "飞远", "agent", self.tools)
        self.hire("jing@example.org", "静思", "auditor", self.desk)
        self.customer = self.know("林晓雯", "13800006021")

    def inside(self):
        return as_tenant(find_tenant(self.slug))

    def hire(self, email, name, role, team):
        with self.inside(), transaction():
            accounts.create_user(
                email, name, password=PASSWORD, roles=(role,), teams=(team,), actor=OPERATOR
            )

    def sign_in(self, who):
        return Browser(self.app, self, f"{who}@example.org")

    def know(self, name, phone):
        with self.inside(), transaction():
            return contacts.create_contact(
                name, points=[PointIn("phone", phone)], actor=OPERATOR
            ).id

    def open(self, browser, subject="屏幕不亮", **changes):
        values = {
            "type": "problem",
            "subject": subject,
            "description": "昨天开始就不亮。",
            "contact_id": self.customer,
            "team_id": self.desk,
            "channel": "phone",
        }
        with self.inside(), transaction():
            new = tickets.NewTicket(**(values | changes))
            return tickets.open_ticket(new, actor=browser.actor).id

    def now(self, ticket_id, browser):
        with self.inside():
            return tickets.get_ticket(ticket_id, actor=browser.actor)

    def number(self, ticket_id, browser):
        return self.now(ticket_id, browser).number

    def version(self, ticket_id, browser):
        return self.now(ticket_id, browser).version


@contextmanager
def counted():
    """The statements that run meanwhile; what opens a transaction asks nothing."""
    found = []

    def note(_connection, _cursor, statement, *_rest):
        if not statement.startswith("BEGIN"):
            found.append(statement)

    sa.event.listen(sa.Engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", note)
        db.session.remove()


@pytest.fixture
def office(app, make_tenant):
    """A furnished tenant with every installed plugin on."""
    names = [name for name, plugin in catalog().plugins.items() if not plugin.always_on]
    return Office(app, make_tenant(*names))


@pytest.fixture
def agent(office):
    """Lan at the desk."""
    return office.sign_in("lan")
