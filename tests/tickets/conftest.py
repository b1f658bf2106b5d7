"""A desk to tell stories about: two departments, three teams, people of every role, and a customer."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient

from core.actors import SYSTEM, Actor
from core.auth import service as people
from core.auth import teams
from core.auth.tokens import create_token
from core.contacts.links import MATTER_GRANTS
from core.contacts.service import create_contact
from core.db import transaction
from core.tenancy import Tenant
from core.tickets import service
from core.tickets.models import Ticket

SCOPES = ("ticket:read", "ticket:write", "ticket:assign", "event:read")


@dataclass
class House:
    """Ids and actors of one tenant's desk."""

    tenant: Tenant
    desk: UUID
    evening: UUID
    works: UUID
    service_department: UUID
    works_department: UUID
    agent: Actor
    colleague: Actor
    outsider: Actor
    supervisor: Actor
    manager: Actor
    contact_id: UUID
    customer: Actor

    def open(self, *, actor: Actor | None = None, key: str = "", **changes) -> Ticket:
        """A ticket of the customer's, opened by the agent for the desk."""
        values = {
            "type": "problem",
            "subject": "屏幕不亮",
            "description": "昨天开始屏幕不亮。",
            "contact_id": self.contact_id,
            "team_id": self.desk,
            "channel": "phone",
        }
        new = service.NewTicket(**(values | changes))
        with transaction():
            return service.open_ticket(new, actor=actor or self.agent, key=key)

    @cached_property
    def auditor(self) -> Actor:
        """Who reads everything; hired when a story asks for him."""
        with transaction():
            user = people.create_user("shen@example.com", "shen", roles=("auditor",), actor=SYSTEM)
            return people.actor_for(user)

    def move(self, ticket: Ticket, name: str, actor: Actor | None = None, **answers) -> Ticket:
        """Take a transition at the version it has now."""
        with transaction():
            return service.move_ticket(
                ticket.id, name, answers, actor=actor or self.agent, version=ticket.version
            )


def _people(*told: tuple[str, str, str, UUID]) -> dict[str, Actor]:
    """Staff by what they are here, of (that, their name, their role, their team)."""
    made = {
        who: people.create_user(
            f"{name}@example.com", name, roles=(role,), teams=(team_id,), actor=SYSTEM
        )
        for who, name, role, team_id in told
    }
    return {who: people.actor_for(user) for who, user in made.items()}


def build_house(tenant: Tenant) -> House:
    """Furnish a tenant that is entered."""
    with transaction():
        front = teams.create_department(
            "service", {"zh-CN": "客服部", "en": "Service"}, actor=SYSTEM
        )
        back = teams.create_department("works", {"zh-CN": "技术部", "en": "Works"}, actor=SYSTEM)
        desk = teams.create_team("desk", "一线", front.id, actor=SYSTEM)
        evening = teams.create_team("evening", "晚班", front.id, actor=SYSTEM)
        works = teams.create_team("works", "维修组", back.id, actor=SYSTEM)
        contact = create_contact("陈女士", locale="zh-CN", actor=SYSTEM)
    with transaction():
        return House(
            tenant=tenant,
            desk=desk.id,
            evening=evening.id,
            works=works.id,
            service_department=front.id,
            works_department=back.id,
            **_people(
                ("agent", "lin", "agent", desk.id),
                ("colleague", "zhao", "agent", desk.id),
                ("outsider", "wu", "agent", works.id),
                ("supervisor", "sun", "supervisor", desk.id),
                ("manager", "ma", "manager", desk.id),
            ),
            contact_id=contact.id,
            customer=Actor(
                kind="contact", id=contact.id, name="陈女士", grants=MATTER_GRANTS, locale="zh-CN"
            ),
        )


@pytest.fixture
def house(tenant: Tenant) -> House:
    """A furnished tenant, entered."""
    return build_house(tenant)


class Api:
    """The REST interface as one person sees it."""

    def __init__(self, client: FlaskClient, token: str) -> None:
        self.client = client
        self.headers = {"Authorization": f"Bearer {token}"}

    def __call__(self, method: str, path: str, body=None, **headers: str):
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.open(
            f"/api/v1{path}", method=method, json=body, headers={**self.headers, **names}
        )


@pytest.fixture
def api_of(app: Flask, house: House):
    """Give an actor a token and the REST interface."""

    def make(actor: Actor, scopes: tuple[str, ...] = SCOPES) -> Api:
        with transaction():
            _, token = create_token(actor.id, "test", scopes, actor=SYSTEM)
        client = app.test_client()
        client.environ_base["HTTP_HOST"] = f"{house.tenant.slug}.localhost"
        return Api(client, token)

    return make
