"""A remote app on loopback that answers as it is told, and a manifest that names it."""

from __future__ import annotations

import copy
import json

import pytest

from core.actors import OPERATOR
from core.apps import service
from core.apps.manifest import check
from core.auth import roles, teams
from core.auth import service as accounts
from core.clock import uuid7
from core.contacts import service as contacts
from core.contacts.points import PointIn
from core.db import clear_session, transaction
from core.tickets import service as tickets
from tests.webhooks.conftest import loopback, receiver  # noqa: F401  fixtures

BODY = {
    "manifest": 1,
    "name": "parrot",
    "version": "1.0.0",
    "title": {"zh-CN": "鹦鹉", "en": "Parrot"},
    "summary": {"zh-CN": "学舌。", "en": "Repeats what it hears."},
    "publisher": "Birds",
    "base_url": "http://127.0.0.1:1",
    "scopes": ["ticket:read", "ticket:write", "event:read"],
    "events": ["ticket.opened"],
    "panels": [{"name": "echo", "title": {"zh-CN": "回声", "en": "Echo"}}],
    "actions": [
        {
            "name": "say",
            "title": {"zh-CN": "说话", "en": "Say"},
            "fields": [
                {
                    "name": "words",
                    "kind": "text",
                    "title": {"zh-CN": "内容", "en": "Words"},
                    "required": True,
                },
                {"name": "on", "kind": "date", "title": {"zh-CN": "日期", "en": "Day"}},
            ],
        }
    ],
    "settings": [
        {
            "name": "volume",
            "kind": "number",
            "title": {"zh-CN": "音量", "en": "Volume"},
            "default": 3,
            "maximum": 10,
        }
    ],
}


def body(**changes):
    """The parrot's manifest with changes."""
    return copy.deepcopy(BODY) | changes


def manifest(**changes):
    """The same, accepted."""
    checked = check(json.dumps(body(**changes)))
    assert checked.findings == ()
    return checked.manifest


@pytest.fixture
def parrot(tenant, receiver, loopback):  # noqa: F811
    """The parrot, installed and on; its keys."""
    base = receiver.url.removesuffix("/events")
    with transaction():
        _, keys = service.install(manifest(base_url=base), actor=OPERATOR)
    clear_session()
    return keys


@pytest.fixture
def agent(tenant):
    """Somebody at the desk who may work on every ticket."""
    with transaction():
        roles.make_built_in_roles()
        department = teams.create_department("cs", {"en": "Desk"}, actor=OPERATOR)
        team = teams.create_team("desk", {"en": "Desk"}, department.id, actor=OPERATOR)
        user = accounts.create_user(
            f"{uuid7()}@example.org", "Ann", roles=("manager",), teams=(team.id,), actor=OPERATOR
        )
        return accounts.actor_for(user)


@pytest.fixture
def ticket(agent):
    """A ticket of a customer who has an id elsewhere; its id."""
    with transaction():
        contact = contacts.create_contact(
            "Lin", points=[PointIn("mail", "lin@example.org")], external=("shop", "C-17"),
            actor=OPERATOR,
        )  # fmt: skip
        new = tickets.NewTicket(
            type="problem", subject="Noise", description="At night", contact_id=contact.id,
            team_id=next(iter(agent.team_ids)),
        )  # fmt: skip
        return tickets.open_ticket(new, actor=agent).id
