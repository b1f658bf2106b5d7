"""The demonstration: its plan covers every state, its words are finished, and what it makes verifies."""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest
import sqlalchemy as sa
from flask import Flask

from core import definitions, ledger
from core.auth import service as accounts
from core.auth import signin
from core.clock import now
from core.contacts.models import Contact
from core.db import clear_session, db, transaction
from core.events import EventRow
from core.jobs import relay_tenant
from core.plugins import catalog
from core.sla.models import ClockRow
from core.sla.verify import verify as verify_clocks
from core.tenancy import Tenant, as_tenant, find_tenant
from core.tickets.models import Message, Ticket
from core.timers import FAILED, Timer
from tenants.demo import people
from tenants.demo.plan import DAYS, make_plan, timeline
from tenants.demo.seed import seed
from tenants.demo.stories import BLANK, DATA, SLUGS, company
from tenants.portal.settings import portal_settings

PRESENT = datetime(2026, 3, 18, 7, 30, tzinfo=UTC)
COMPLAINT, ORDINARY = "complaints.complaint", "ticket"
FEW = 12

# one worker seeds for all of them
pytestmark = [pytest.mark.story, pytest.mark.xdist_group("demo")]


BLIND: Counter[str] = Counter()
"""Queries that read a table while rows of it waited to be written: they would have missed them."""


@cache
def read_by(statement: str) -> frozenset[str]:
    """The tables that a query's text names."""
    return frozenset(re.findall(r"\b(?:FROM|JOIN) \"?(\w+)", statement))


def look(connection: object, cursor: object, statement: str, *_: object) -> None:
    """Note a query that misses what waits."""
    if statement.startswith("SELECT"):
        session = db.session()
        waiting = {row.__tablename__ for row in (*session.new, *session.dirty)}
        BLIND.update({statement: 1} if waiting & read_by(statement) else {})


@pytest.fixture(scope="module")
def seeded(app: Flask) -> dict[str, int]:
    """Every company with a few tickets; made once for this module."""
    with app.app_context():
        sa.event.listen(db.engine, "before_cursor_execute", look)
        made = seed(tickets=FEW)
        sa.event.remove(db.engine, "before_cursor_execute", look)
        clear_session()
        return made


@pytest.fixture(params=SLUGS)
def inside(request: pytest.FixtureRequest, seeded: dict[str, int], context: None) -> Tenant:
    """One of the companies, entered."""
    found = find_tenant(request.param)
    assert found is not None
    with as_tenant(found):
        yield found


# --- the data and the plan ------------------------------------------------------------------------


@pytest.mark.parametrize("slug", SLUGS)
def test_forty_complaints_and_forty_other_stories_no_two_alike(slug: str) -> None:
    told = company(slug)
    for stories in (told.complaints, told.tickets):
        assert len(stories) >= 40
        for key in ("subject", "body", "reply", "result"):
            assert len({story[key] for story in stories}) == len(stories), key


@pytest.mark.parametrize("slug", SLUGS)
def test_customers_can_be_told_apart_and_reached_by_nobody(slug: str) -> None:
    customers = company(slug).customers
    assert 60 <= len(customers) <= 180
    assert len({each["phone"] for each in customers}) == len(customers)
    assert len({each["mail"] for each in customers}) == len(customers)
    assert all(each["mail"].endswith(".example") for each in customers)
    assert all(each["phone"].startswith(("1380000", "07700 900")) for each in customers)


@pytest.mark.parametrize("slug", SLUGS)
def test_the_plan_ends_in_every_state_and_takes_every_way(slug: str, tenant: Tenant) -> None:
    plan = make_plan(company(slug), PRESENT)
    assert len(plan) == company(slug).about["tickets"]
    for workflow, complaint in ((COMPLAINT, True), (ORDINARY, False)):
        graph = definitions.get("workflow", workflow)
        ends = {matter.route.ends for matter in plan if matter.complaint is complaint}
        assert ends == {state.name for state in graph.states}
    verbs = {step.verb for matter in plan if matter.complaint for step in matter.steps}
    assert verbs >= {way.name for way in definitions.get("workflow", COMPLAINT).transitions}


@pytest.mark.parametrize("slug", SLUGS)
def test_the_plan_lies_within_ninety_days_and_in_order(slug: str) -> None:
    plan = make_plan(company(slug), PRESENT)
    steps = timeline(plan)
    assert PRESENT - timedelta(days=DAYS) <= steps[0].at < PRESENT - timedelta(days=60)
    assert steps[-1].at <= PRESENT
    for matter in plan:
        times = [step.at for step in matter.steps]
        assert times == sorted(set(times)), matter.route
        if matter.parent is not None:
            assert plan[matter.parent].opened_at < matter.opened_at


@pytest.mark.parametrize("slug", SLUGS)
def test_the_same_day_gives_the_same_plan(slug: str) -> None:
    assert make_plan(company(slug), PRESENT) == make_plan(company(slug), PRESENT)


@pytest.mark.parametrize("slug", SLUGS)
def test_told_stories_have_no_blank_left_but_the_agents_name(slug: str) -> None:
    plan = make_plan(company(slug), PRESENT)
    words = json.dumps([matter.story for matter in plan], ensure_ascii=False)
    assert set(BLANK.findall(words)) == {"agent"}
    assert len({matter.story["body"] for matter in plan}) >= len(plan) - 2


def test_phrases_are_the_same_in_both_languages() -> None:
    chinese, english = (
        json.loads((DATA / f"phrases.{locale}.json").read_text()) for locale in ("zh-CN", "en")
    )
    assert chinese.keys() == english.keys()
    for name, offered in chinese.items():
        blanks = {blank for text in offered for blank in BLANK.findall(text)}
        assert blanks == {b for text in english[name] for b in BLANK.findall(text)}, name


# --- what it makes --------------------------------------------------------------------------------


def test_each_company_is_made_once(seeded: dict[str, int], context: None) -> None:
    assert set(seeded) == set(SLUGS)
    before = [_rows(slug) for slug in SLUGS]
    assert seed(tickets=FEW) == {}
    assert [_rows(slug) for slug in SLUGS] == before


@pytest.mark.usefixtures("seeded")
def test_no_query_of_the_whole_past_missed_what_was_waiting() -> None:
    assert BLIND == {}
    assert read_by.cache_info().misses > 100


def test_each_company_has_a_hundred_and_twenty_tickets_and_most_a_hundred_and_fifty(
    inside: Tenant, seeded: dict[str, int]
) -> None:
    everything = db.session.scalar(sa.select(sa.func.count()).select_from(Ticket))
    wanted = 120 if inside.slug == "northgate" else 150
    assert seeded[inside.slug] == everything, "every ticket is told of, an industry's own as well"
    industry = everything - FEW
    assert industry == 0 or company(inside.slug).about["tickets"] + industry >= wanted


def _rows(slug: str) -> list[int]:
    found = find_tenant(slug)
    assert found is not None
    with as_tenant(found):
        return [
            db.session.scalar(sa.select(sa.func.count()).select_from(model)) or 0
            for model in (EventRow, Ticket, Message, Contact, ClockRow)
        ]


def told_by_the_house() -> list[Ticket]:
    """The tickets of the plan, by time; an industry's plugin tells its own past afterwards."""
    rows = db.session.scalars(sa.select(Ticket).order_by(Ticket.opened_at)).all()
    trades = {name for name, plugin in catalog().plugins.items() if plugin.industry}
    return [row for row in rows if row.type.partition(".")[0] not in trades]


def test_tickets_end_where_the_plan_says(inside: Tenant) -> None:
    plan = make_plan(company(inside.slug), PRESENT, tickets=FEW)
    planned = Counter((matter.complaint, matter.route.ends) for matter in plan)
    found = Counter((ticket.workflow == COMPLAINT, ticket.state) for ticket in told_by_the_house())
    assert found == planned


def test_audit_and_clocks_are_green(inside: Tenant) -> None:
    audit, clocks = ledger.verify(), verify_clocks()
    assert audit.green, audit.fault
    assert audit.events > 100
    assert audit.unsealed == 0
    assert audit.heads >= 1
    assert not clocks.differences
    assert not db.session.scalars(sa.select(Timer).where(Timer.state == FAILED)).all()


def test_nothing_lies_in_the_future_and_no_blank_was_left(inside: Tenant) -> None:
    rows = db.session.scalars(sa.select(EventRow)).all()
    assert max(row.recorded_at for row in rows) <= now()
    said = db.session.scalars(sa.select(Message.body_text)).all()
    subjects = db.session.scalars(sa.select(Ticket.subject)).all()
    assert len(said) > 20
    assert not [words for words in (*said, *subjects) if BLANK.search(words)]


@pytest.mark.usefixtures("seeded", "context")
def test_an_english_company_writes_english() -> None:
    with as_tenant(find_tenant("northgate") or pytest.fail("no northgate")):
        subjects = db.session.scalars(sa.select(Ticket.subject)).all()
        said = db.session.scalars(sa.select(Message.body_text)).all()
    assert not [words for words in (*subjects, *said) if re.search(r"[\u4e00-\u9fff]", words)]


def test_everybody_signs_in_with_the_printed_password(inside: Tenant) -> None:
    mails = [each.mail for each in people.sign_ins() if each.slug == inside.slug]
    roles = Counter(each.role for each in people.sign_ins() if each.slug == inside.slug)
    assert roles == {"admin": 1, "manager": 1, "supervisor": 2, "agent": 7, "auditor": 1}
    assert {user.email for user in accounts.list_users()} == set(mails)
    with transaction():
        signed = signin.sign_in(mails[2], people.PASSWORD, ip="127.0.0.1", browser="test")
    assert signed.user.email == mails[2]
    relay_tenant()  # what the sign-in said is sealed, as the seeding's own words are


def test_seed_demo_dresses_the_portal(inside: Tenant) -> None:
    told = company(inside.slug).about["portal"]
    assert portal_settings()["telephone"] == told["telephone"]
    assert portal_settings()["hours"].keys() == {"zh-CN", "en"}


def test_numbers_follow_the_order_of_time(inside: Tenant) -> None:
    everything = db.session.scalars(sa.select(Ticket)).all()
    assert all(ticket.number for ticket in everything)
    tickets = told_by_the_house()
    for prefix in {ticket.number[:2] for ticket in tickets}:
        numbers = [ticket.number for ticket in tickets if ticket.number.startswith(prefix)]
        assert numbers == sorted(numbers)
