"""A desk to tell stories about: two departments, three teams, people of every role, and a customer."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any
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


def hired(name: str, role: str, team: str = "") -> Any:
    """A member of staff of a House, of one role, in its team of that field; hired when a story first asks."""

    def hire(house: House) -> Actor:
        teams = (getattr(house, team),) if team else ()
        with transaction():
            user = people.create_user(
                f"{name}@example.com", name, roles=(role,), teams=teams, actor=SYSTEM
            )
            return people.actor_for(user)

    return cached_property(hire)


@dataclass
class House:
    """Ids and actors of one tenant's desk."""

    tenant: Tenant
    desk: UUID
    evening: UUID
    works: UUID
    service_department: UUID
    works_department: UUID
    contact_id: UUID
    customer: Actor

    agent = hired("lin", "agent", "desk")
    colleague = hired("zhao", "agent", "desk")
    outsider = hired("wu", "agent", "works")
    supervisor = hired("sun", "supervisor", "desk")
    manager = hired("ma", "manager", "desk")
    auditor = hired("shen", "auditor")

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

    def move(self, ticket: Ticket, name: str, actor: Actor | None = None, **answers) -> Ticket:
        """Take a transition at the version it has now."""
        with transaction():
            return service.move_ticket(
                ticket.id, name, answers, actor=actor or self.agent, version=ticket.version
            )


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
    return House(
        tenant=tenant,
        desk=desk.id,
        evening=evening.id,
        works=works.id,
        service_department=front.id,
        works_department=back.id,
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
