"""An app's action at the desk: asked for in the menu, answered by the app, refused in words."""

from __future__ import annotations

import json
import re

import pytest

from core.actors import OPERATOR
from core.apps import service
from core.auth import service as accounts
from core.db import transaction
from core.tickets import service as tickets
from tests.admin.conftest import house  # noqa: F401  a fixture
from tests.apps.conftest import manifest

pytestmark = pytest.mark.usefixtures("loopback")


@pytest.fixture
def desk(house, receiver):  # noqa: F811
    """An agent at a ticket of a tenant that has the parrot: (the agent, the ticket's address)."""
    house.hire("ann@example.org", "agent", team="first")
    ann = house.sign_in("ann@example.org")
    with house.inside(), transaction():
        actor = accounts.actor_for(accounts.get_user(ann.user_id))
        new = tickets.NewTicket(
            type="problem", subject="Noise", description="At night", team_id=next(iter(actor.team_ids))
        )  # fmt: skip
        ticket = tickets.open_ticket(new, actor=actor).id
        base = receiver.url.removesuffix("/events")
        service.install(manifest(base_url=base), actor=OPERATOR)
    return ann, f"/desk/tickets/{ticket}"


ACTION = "/apps/parrot/say"


def answer(receiver, told, status=200):
    receiver.say(status, body=json.dumps(told).encode())


def test_the_menu_leads_to_the_form(desk):
    ann, ticket = desk
    assert f'href="{ticket}{ACTION}"' in ann.get(ticket)
    page = ann.get(ticket + ACTION)
    assert 'name="words"' in page
    assert "Birds" in page


def test_what_the_app_says_comes_as_a_word_at_the_ticket(desk, receiver):
    ann, ticket = desk
    answer(receiver, {"message": {"zh-CN": "说好了", "en": "Said"}})
    ann.post(ticket + ACTION, words="Hello")
    page = ann.get(ticket)
    assert "说好了" in page
    assert "通过应用「鹦鹉」执行了「说话」" in page


def test_blocks_are_drawn_on_a_page_of_their_own_and_never_as_markup(desk, receiver):
    ann, ticket = desk
    answer(receiver, {"message": "x", "blocks": [{"kind": "text", "value": "<b>bold</b>"}]})
    response = ann.client.post(ticket + ACTION, data={"csrf_token": ann.token(), "words": "Hello"})
    assert response.status_code == 200
    assert "&lt;b&gt;bold&lt;/b&gt;" in response.get_data(as_text=True)
    assert "<b>bold</b>" not in response.get_data(as_text=True)


def test_a_refused_form_comes_again_with_what_was_typed(desk, receiver):
    ann, ticket = desk
    page = ann.post(ticket + ACTION, status=422, words="", on="yesterday")
    assert "err-summary" in page
    assert receiver.seen == []


def test_a_failing_app_is_told_in_words_and_the_form_is_kept(desk, receiver):
    ann, ticket = desk
    answer(receiver, {}, 500)
    page = ann.post(ticket + ACTION, status=502, words="Hello")
    assert "没有给出有效答复" in page
    assert 'value="Hello"' in page
    answer(receiver, {"message": "ok"})
    ann.post(ticket + ACTION, words="Hello")


def test_a_form_sent_twice_has_one_id(desk, receiver):
    ann, ticket = desk
    answer(receiver, {"message": "ok"})
    key = re.search(r'name="form_key" value="([^"]+)"', ann.get(ticket + ACTION))[1]
    for given in (key, key, "forged.key"):
        ann.post(ticket + ACTION, words="Hello", form_key=given)
    first, second, third = receiver.ids
    assert first == second != third
    assert "." not in third


def test_off_it_is_gone_from_menu_and_address(desk, house):  # noqa: F811
    ann, ticket = desk
    with house.inside(), transaction():
        service.disable("parrot", actor=OPERATOR)
    assert ACTION not in ann.get(ticket)
    ann.get(ticket + ACTION, status=404)
    ann.post(ticket + ACTION, status=404, words="Hello")
