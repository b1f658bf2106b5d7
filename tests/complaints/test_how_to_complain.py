"""What the plugin shows beside its own pages: "how to complain" at the portal, papers at the ticket."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from core import definitions, settings
from core.actors import OPERATOR, SYSTEM, Actor
from core.bodies import to_body
from core.db import transaction
from core.plugins import ask
from tenants import service as life
from tests.complaints.conftest import Case
from tests.conftest import client_at
from tests.tickets.conftest import House

PAGE = "/p/complaints/how"


@pytest.mark.rule("CH-02")
def test_anybody_reads_channels_steps_and_time_limits(house: House, app: Flask) -> None:
    """G tenant with channels set / W anonymous visitor opens portal "How to complain".

    T every active channel, steps and time limits are listed.
    """
    rows = [{"name": "信函", "address": "投诉受理组收"}, {"name": "现场", "address": "一楼前台"}]
    with transaction():
        settings.save("complaints", {"telephone": "400-0000-315", "channels": rows}, actor=SYSTEM)
    visitor = client_at(app, house.tenant)
    page = visitor.get(PAGE)
    assert page.status_code == 200
    wanted = ["400-0000-315", "投诉受理组收", "一楼前台", "/submit/complaints.complaint"]
    wanted += ["受理", "调查", "30 分", "10 分", "15 天", "7 天"]
    assert [words for words in wanted if words not in page.text] == []


@pytest.mark.rule("CH-02")
def test_the_limits_are_those_of_the_tenants_policies_today(house: House, app: Flask) -> None:
    """G policy edited / W visitor opens the page / T the new time limit is told."""
    visitor = client_at(app, house.tenant)
    assert "47 分" not in visitor.get(PAGE).text
    body = to_body(definitions.get("policy", "complaints.standard"))
    for target in body["targets"]:
        if target["metric"] == "first_response" and not target.get("when"):
            target["seconds"] = 47 * 60
    with transaction():
        definitions.edit("policy", "complaints.standard", body, actor=SYSTEM)
    assert "47 分" in visitor.get(PAGE).text


def test_the_portals_own_telephone_stands_in(house: House, app: Flask) -> None:
    with transaction():
        settings.save("tenants", {"telephone": "555-0100"}, actor=SYSTEM)
    assert "555-0100" in client_at(app, house.tenant).get(PAGE).text


def test_the_page_wears_the_portal_and_speaks_english(house: House, app: Flask) -> None:
    visitor = client_at(app, house.tenant)
    visitor.set_cookie("pd_lang", "en", domain=f"{house.tenant.slug}.localhost")
    page = visitor.get(PAGE).text
    assert "<h1>How to complain</h1>" in page
    assert 'href="/lookup"' in page
    assert "Brocade" in page


def test_home_has_a_tile_and_a_card_while_the_plugin_is_on(house: House, app: Flask) -> None:
    visitor = client_at(app, house.tenant)
    home = visitor.get("/").text
    assert f'href="{PAGE}"' in home
    assert "/cards/complaints.how" in home
    assert PAGE in visitor.get("/cards/complaints.how", headers={"HX-Request": "true"}).text
    with transaction():
        life.disable_plugin("complaints", actor=OPERATOR)
    assert visitor.get(PAGE).status_code == 404
    assert PAGE not in visitor.get("/").text


def buttons(case: Case, actor: Actor) -> list[str]:
    found = ask("ticket_actions", ticket=case.ticket, actor=actor)
    return [str(each.title) for each in found if actor.can(each.permission)]


def test_the_register_is_offered_to_those_who_may_have_it(case: Case) -> None:
    customers, internal = "complaints.action.register", "complaints.action.register_internal"
    assert buttons(case, case.house.agent) == [customers]
    assert buttons(case, case.house.supervisor) == [customers, internal]
    assert ask("ticket_actions", ticket=case.house.open(), actor=case.house.supervisor) == []


def test_the_buttons_lead_somewhere(case: Case, desk_of: Any) -> None:
    desk = desk_of("fang", "supervisor")
    found = ask("ticket_actions", ticket=case.ticket, actor=case.house.supervisor)
    page = desk(f"/desk/tickets/{case.ticket.id}")
    for button in found:
        assert button.url in page
        assert "顾客投诉登记表" in desk(button.url)
