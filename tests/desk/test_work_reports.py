"""Whoever owns the work tells the desk, by the page's small form and over REST; two clocks follow it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from core.actors import SYSTEM
from core.auth.tokens import create_token
from core.clock import virtual
from core.db import transaction
from core.sla.reading import clocks_of
from core.tickets import service as tickets
from core.timers import run_until

TEN = datetime(2026, 11, 16, 2, 0, tzinfo=UTC)
"""Ten in the morning in Shanghai, a Monday."""
HOURS_2, HOUR = timedelta(hours=2), timedelta(hours=1)


@pytest.fixture
def clock():
    with virtual(TEN) as made:
        yield made


def at(ticket, path=""):
    return f"/desk/tickets/{ticket}{path}"


def clock_of(office, ticket, metric):
    with office.inside():
        found = [view for view in clocks_of(ticket) if view.metric == metric]
    return found[-1] if found else None


def run(office, clock, moment):
    with office.inside():
        run_until(clock, moment)


def tell(agent, ticket, kind, body="水泵换好了", status=303):
    page = agent.get(at(ticket) + "?do=report-work")
    key = re.search(r'name="form_key" value="([^"]+)"', page)[1]
    url = at(ticket, "/work-reports")
    return agent.post(url, status, kind=kind, body=body, form_key=key)


@pytest.fixture
def api(office, agent):
    """The REST interface as Lan's script has it."""
    with office.inside(), transaction():
        _, token = create_token(agent.id, "t", ("ticket:read", "ticket:write"), actor=SYSTEM)

    def send(ticket, body):
        return agent.client.post(
            f"/api/v1/tickets/{ticket}/work-reports",
            json=body, headers={"Authorization": f"Bearer {token}"},
        )  # fmt: skip

    return send


@pytest.mark.rule("SL-07")
@pytest.mark.parametrize(("minutes", "outcome"), [(119, "met"), (121, "breached")])
def test_the_desk_hears_the_result_within_two_hours_of_the_work(
    clock, office, agent, minutes, outcome
):
    """G work done 10:00 / W notice 12:05 / T breach: said on the page."""
    ticket = office.open(agent)
    tell(agent, ticket, "work_done")
    running = clock_of(office, ticket, "result_notice")
    assert (running.outcome, running.due_at) == ("open", TEN + HOURS_2)
    run(office, clock, running.due_at + timedelta(minutes=minutes - 120))
    tell(agent, ticket, "result", "更换了浮球开关")
    assert clock_of(office, ticket, "result_notice").outcome == outcome


@pytest.mark.rule("SL-08")
@pytest.mark.parametrize("end", [(59, "met"), (61, "breached")])
def test_the_customer_is_contacted_within_an_hour_of_the_notice(clock, office, agent, api, end):
    """G notice 12:00 / W contact 12:59 / T met: noticed over REST, contacted on the page."""
    (minutes, outcome), ticket = end, office.open(agent)
    assert clock_of(office, ticket, "customer_contact") is None
    assert api(ticket, {"kind": "result", "body": "好了"}).status_code == 201
    running = clock_of(office, ticket, "customer_contact")
    assert (running.outcome, running.due_at) == ("open", TEN + HOUR)
    run(office, clock, TEN + timedelta(minutes=minutes))
    agent.post(at(ticket, "/messages"), mode="reply", body="已修好，请您确认", form_key="")
    assert clock_of(office, ticket, "customer_contact").outcome == outcome


def test_a_report_is_for_the_desk_alone_and_marked_as_what_it_is(office, agent, api):
    ticket = office.open(agent)
    assert "通知客服：已处理" in agent.get(at(ticket))
    answer = api(ticket, {"kind": "work_done", "body": "换好了浮球开关"})
    said = answer.get_json()
    assert (said["visibility"], said["purpose"]) == ("internal", "work_done")
    page = agent.get(at(ticket))
    assert re.search(r"msg-note.*?已处理完毕.*?换好了浮球开关", page, re.DOTALL)
    with office.inside():
        found = tickets.get_ticket(ticket, actor=SYSTEM)
        public = [m for m in tickets.messages(found, actor=SYSTEM) if m.visibility == "public"]
    assert len(public) == 1, "the request alone"


def test_wrong_reports_come_back_with_a_reason(office, agent, api):
    ticket = office.open(agent)
    page = tell(agent, ticket, "work_done", "  ", status=422)
    assert 'class="err-summary"' in page
    assert "/work-reports" in page, "the small form is still open"
    assert 'class="err-summary"' in tell(agent, ticket, "lunch", "x", status=422)
    assert api(ticket, {"kind": "lunch", "body": "x"}).status_code == 422
    assert api(ticket, {"kind": "result"}).status_code == 422
    office.sign_in("jing").post(at(ticket, "/work-reports"), 403, kind="result", body="x")
    office.sign_in("fei").post(at(ticket, "/work-reports"), 404, kind="result", body="x")
    assert clock_of(office, ticket, "customer_contact") is None
    tell(agent, ticket, "result")
    assert clock_of(office, ticket, "customer_contact").outcome == "open"


def test_the_same_form_sent_twice_is_one_report(office, agent):
    ticket = office.open(agent)
    page = agent.get(at(ticket) + "?do=report-work")
    key = re.search(r'name="form_key" value="([^"]+)"', page)[1]
    for _ in range(2):
        url = at(ticket, "/work-reports")
        agent.post(url, kind="work_done", body="只说一遍", form_key=key)
    assert agent.get(at(ticket)).count('<p class="pre">只说一遍</p>') == 1
