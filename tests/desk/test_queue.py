"""The queue: what each view lists, how it is found, and what the live refresh costs."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from core import clock
from core.db import transaction
from core.jobs import drain
from core.tickets import service as tickets
from tests.desk.conftest import counted


def subjects(page):
    return re.findall(r'<td class="c-sub">.*?<a [^>]*>([^<]*)</a>', page)


def assign(office, browser, ticket_id, user_id):
    with office.inside(), transaction():
        version = tickets.get_ticket(ticket_id, actor=browser.actor).version
        tickets.assign(ticket_id, user_id, actor=browser.actor, version=version)


def test_each_view_lists_its_own(office, agent):
    mine, free = office.open(agent, "我的"), office.open(agent, "没人管")
    assign(office, agent, mine, agent.id)
    assert subjects(agent.get("/desk/?view=mine")) == ["我的"]
    assert subjects(agent.get("/desk/?view=unassigned")) == ["没人管"]
    assert sorted(subjects(agent.get("/desk/?view=all"))) == ["我的", "没人管"]
    assert subjects(agent.get(f"/desk/?team={office.tools}")) == []
    assert free != mine


def test_the_numbers_beside_the_views_are_the_lists_lengths(office, agent):
    assign(office, agent, office.open(agent), agent.id)
    office.open(agent)
    page = agent.get("/desk/?view=all")
    entries = re.findall(r'<a class="nav-i" href="/desk/\?view=(\w+)".*?</a>', page)
    counts = dict(re.findall(r'view=(\w+)"(?:(?!</a>).)*?class="n num[^"]*">(\d+)<', page))
    assert {"mine", "unassigned", "due", "breached", "waiting", "all"} <= set(entries)
    assert {name: counts.get(name) for name in ("mine", "unassigned", "waiting", "all")} == {
        "mine": "1",
        "unassigned": "1",
        "waiting": None,
        "all": "2",
    }


def test_a_late_ticket_stands_under_overdue_and_in_its_view(office, agent):
    with clock.virtual(clock.now() - timedelta(days=9)):
        office.open(agent, "九天前的事")
    with office.inside():
        drain()
    page = agent.get("/desk/?view=breached")
    assert subjects(page) == ["九天前的事"]
    assert 'id="g-breached"' in page
    assert "sla-breach" in page


def test_a_number_leads_straight_to_its_ticket(office, agent):
    ticket = office.open(agent)
    number = office.number(ticket, agent).replace("-", " ").lower()
    response = agent.client.get("/desk/", query_string={"q": number})
    assert response.status_code == 303
    assert str(ticket) in response.headers["Location"]


def test_words_are_looked_for_in_subjects_and_customers(office, agent):
    office.open(agent, "电梯停了")
    office.open(agent, "灯坏了", contact_id=office.know("何静", "13900001111"))
    assert subjects(agent.get("/desk/?q=电梯")) == ["电梯停了"]
    assert subjects(agent.get("/desk/?q=何静")) == ["灯坏了"]
    assert subjects(agent.get("/desk/?q=没有这个")) == []


def test_chips_narrow_the_list_and_can_be_dropped(office, agent):
    office.open(agent, "急", priority="critical")
    office.open(agent, "不急")
    page = agent.get("/desk/?view=all&priority=critical")
    assert subjects(page) == ["急"]
    assert 'class="fchip"><span>优先级</span><b>特急</b><a href="/desk/?view=all"' in page


@pytest.mark.parametrize("query", ["view=nonsense", "team=nonsense", "sort=x&status=y&priority=z"])
def test_an_address_with_nonsense_still_shows_a_list(agent, query):
    assert 'id="queue"' in agent.get(f"/desk/?{query}")


def test_the_refresh_is_free_while_nothing_happens(office, agent):
    ticket = office.open(agent)
    with clock.virtual(clock.now()):
        tag = agent.client.get("/desk/?view=all", headers={"HX-Request": "true"}).headers["ETag"]
        agent.get("/desk/?view=all", 304, **{"HX-Request": "true", "If-None-Match": tag})
        with office.inside(), transaction():
            tickets.post_message(ticket, "在路上了", actor=agent.actor)
        page = agent.get("/desk/?view=all", **{"HX-Request": "true", "If-None-Match": tag})
    assert "在路上了" in page
    assert "<html" not in page
    assert 'id="side-nav" hx-swap-oob="innerMorph"' in page


def test_a_colleague_of_another_team_sees_nothing_of_it(office, agent):
    office.open(agent, "只给一组")
    assert subjects(agent.get("/desk/?view=all")) == ["只给一组"]
    assert subjects(office.sign_in("fei").get("/desk/?view=all")) == []


def test_a_page_of_fifty_asks_at_most_twelve_questions(office, agent):
    for number in range(51):
        last = office.open(agent, f"第 {number} 张")
    assign(office, agent, last, agent.id)
    agent.get("/desk/?view=all")
    with counted() as statements:
        page = agent.get("/desk/?view=all")
    assert len(subjects(page)) == 50
    assert len(statements) <= 12, "\n".join(statements)
    following = re.search(r'href="([^"]*cursor=[^"]*)" rel="next"', page)[1]
    assert len(subjects(agent.get(following))) == 1


CHIP = re.compile(r'<span class="sla ([^"]+)".*?<time([^>]*)>([^<]+)</time>', re.DOTALL)


def test_a_chip_counts_in_the_calendar_of_its_promise_on_every_screen(office, agent):
    with clock.virtual(clock.now() - timedelta(days=30)):
        ticket = office.open(agent, "屏幕不亮", channel="web")
    (row,) = CHIP.findall(agent.get("/desk/?view=all"))
    first, *rail = CHIP.findall(agent.get(f"/desk/tickets/{ticket}"))
    assert row == first
    look, attributes, words = first
    assert look == "sla-breach"
    assert "data-tick" not in attributes, "no browser counts on through the night"
    assert words in {each for _, _, each in rail}
    with office.inside():
        due_at = office.now(ticket, agent).due_at
    days = (clock.now() - due_at).days
    assert days >= 15, "whatever the holidays"
    assert f"{days} 天" not in words, "nights and the week's end are not counted"


def test_many_are_changed_at_once_but_not_what_someone_else_changed(office, agent):
    first, second = office.open(agent, "甲"), office.open(agent, "乙")
    chosen = [f"{t}:{office.version(t, agent)}" for t in (first, second)]
    assign(office, agent, second, agent.id)
    agent.post("/desk/bulk?view=all", deed="priority", priority="urgent", chosen=chosen)
    assert agent.location.endswith("/desk/?view=all")
    assert office.now(first, agent).priority == "urgent"
    assert office.now(second, agent).priority == "normal"


def test_who_only_reads_has_no_way_to_change(office, agent):
    ticket = office.open(agent)
    auditor = office.sign_in("jing")
    assert "/desk/tickets/new" not in auditor.get("/desk/?view=all").split("mbar")[0]
    chosen = f"{ticket}:{office.version(ticket, agent)}"
    auditor.post("/desk/bulk", 403, deed="priority", priority="urgent", chosen=chosen)
    agent.post("/desk/bulk", deed="priority", priority="urgent", chosen=chosen)
