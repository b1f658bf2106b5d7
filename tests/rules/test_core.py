"""Rules of the core: each told once, by what a customer or a colleague would see of it."""

from __future__ import annotations

import re
from contextvars import Context
from dataclasses import replace

import pytest
import sqlalchemy as sa
from flask import current_app

from core import definitions
from core.actors import OPERATOR, SYSTEM
from core.bodies import to_body
from core.contacts import merging
from core.contacts import service as contacts
from core.contacts.points import PointIn
from core.db import db, transaction
from core.errors import Forbidden, Invalid, NotFound
from core.mail import service as mail
from core.mail.models import MailOut
from core.plugins import catalog
from core.tenancy import as_tenant, tenant_by_id
from core.tickets import service as tickets
from core.tickets import workflow
from core.tickets.service import NewTicket


def slip(house, **changes):
    """Answers to the slip FM-26."""
    good = {"department": str(house.works_department), "reason": "expertise", "summary": "漏水"}
    return {name: value for name, value in {**good, **changes}.items() if value is not None}


def letter(kind):
    """The only mail of its kind, as its reader gets it."""
    return mail.render(db.session.scalars(sa.select(MailOut).where(MailOut.template == kind)).one())


@pytest.mark.rule("ST-T")
def test_a_ticket_goes_its_way_and_pauses_where_it_waits(house):
    """new → open → in progress ⇄ waiting (SLA paused) → resolved → closed; reopened within its days."""
    found = definitions.get("workflow", "ticket")
    waits = {state.name for state in found.states if state.pauses}
    assert waits == {"waiting_customer", "waiting_third_party"}
    ticket = house.open(category=next(iter(catalog().shelf("category")), "other"))
    seen = [ticket.state]
    for step in ("open", "start", "wait_customer", "resume"):
        ticket = house.move(ticket, step)
        seen.append(ticket.state)
    assert seen == ["new", "open", "in_progress", "waiting_customer", "in_progress"]
    offered = {t.name for t in tickets.offered_transitions(ticket, actor=house.agent)}
    assert {"resolve", "wait_third_party", "cancel"} <= offered
    assert not {"open", "close", "reopen"} & offered
    assert workflow.state_named(found, "merged").status == "closed"


@pytest.mark.rule("CH-13")
def test_a_visitor_reads_and_is_written_to_in_his_language(tenant, browser):
    """G tenant locales zh,en / W portal opened with en / T UI, forms and mail templates in en."""
    chinese = browser.get("/submit/question").text
    assert 'lang="zh-CN"' in chinese
    browser.get("/language/en")
    english = browser.get("/submit/question").text
    assert 'lang="en"' in english
    form = english.partition("<main")[2].partition("</main>")[0]
    assert re.search("[一-鿿]", chinese.partition("<main")[2].partition("</main>")[0])
    assert not re.search("[一-鿿]", form)
    with transaction():
        points = [PointIn("mail", "ann@example.com")]
        ann = contacts.create_contact("Ann", points=points, locale="en", actor=SYSTEM)
        new = NewTicket(type="question", subject="Gate", description="?", contact_id=ann.id)
        tickets.open_ticket(new, actor=SYSTEM)
    assert letter("acknowledgement").subject.startswith("We have your request")


@pytest.mark.rule("CP-41")
def test_the_acknowledgement_says_what_comes_next_and_when(tenant):
    """G ack sent / W read / T contains next step and promised date."""
    with transaction():
        points = [PointIn("mail", "wang@example.com")]
        wang = contacts.create_contact("王芳", points=points, actor=SYSTEM)
        new = NewTicket(type="problem", subject="灯", description="不亮", contact_id=wang.id)
        tickets.open_ticket(new, actor=SYSTEM)
    said = letter("acknowledgement").text
    assert "下一步" in said
    assert re.search(r"\d{1,2} ?月 ?\d{1,2} ?日|\d{4}-\d{2}-\d{2}|\d{2}:\d{2}", said), said


@pytest.mark.rule("CL-06")
def test_a_known_customer_is_met_with_his_history(tenant, house):
    """G phone matches a stored contact / W intake / T type=existing and history panel opens."""
    with transaction():
        points = [PointIn("phone", "+8613800006021")]
        wang = contacts.create_contact("王芳", points=points, actor=SYSTEM)
    assert [c.id for c in contacts.find_matches(points)] == [wang.id]
    assert contacts.get_contact(wang.id).kind == "new"
    first = house.open(contact_id=wang.id)
    second = house.open(contact_id=wang.id, subject="又不亮")
    assert contacts.get_contact(wang.id).kind == "existing"
    query = tickets.TicketQuery(contact_id=wang.id)
    past = tickets.list_tickets(query, actor=house.agent).items
    assert {ticket.id for ticket in past} == {first.id, second.id}


@pytest.mark.rule("CP-21")
def test_a_solved_matter_keeps_what_the_customer_said_of_it(house):
    """G owner done / W agent confirms / T feedback text stored, the matter marked solved."""
    ticket = house.move(house.open(category="other"), "start")
    with transaction():
        tickets.report_work(ticket.id, "换好了", actor=house.agent, purpose="result")
    ticket = tickets.get_ticket(ticket.id, actor=house.agent)
    solved = house.move(ticket, "resolve", solution="更换开关", feedback="很满意")
    assert (solved.status, solved.resolved_at is not None) == ("resolved", True)
    kept = [message.body_text for message in tickets.messages(solved, actor=house.agent)]
    assert any("很满意" in words for words in kept) or "很满意" in str(solved.extra)


@pytest.mark.rule("FM-27")
def test_a_merged_customer_file_keeps_both_histories(house):
    """G contact / W merged / T both histories kept."""
    with transaction():
        old = contacts.create_contact("王芳", actor=SYSTEM).id
        new = contacts.create_contact("王小芳", actor=SYSTEM).id
    first, second = house.open(contact_id=old), house.open(contact_id=new)
    with transaction():
        merging.merge_contacts(old, new, actor=OPERATOR)
    assert contacts.get_contact(old).id == new
    query = tickets.TicketQuery(contact_id=new)
    found = tickets.list_tickets(query, actor=house.agent).items
    assert {ticket.id for ticket in found} == {first.id, second.id}


@pytest.mark.rule("RL-01")
def test_the_front_desk_takes_in_and_approves_nothing(house):
    """G role / W login / T intake screens, no refund approval."""
    assert house.agent.can("ticket:write")
    assert house.agent.can("contact:write")
    deciding = [
        name for name in catalog().shelf("permission") if name.endswith((":approve", ":decide"))
    ]
    assert [name for name in deciding if house.agent.can(name)] == []


@pytest.mark.rule("RL-23")
def test_a_handover_without_its_data_is_refused_and_keeps_secrets(house):
    """G handover data missing / W send / T refused."""
    ticket = house.open()

    def send(**changes):
        with transaction():
            given = slip(house, **changes)
            return tickets.hand_over(ticket.id, given, actor=house.agent, version=ticket.version)

    for missing in ("department", "reason", "summary"):
        with pytest.raises(Invalid) as refused:
            send(**{missing: None})
        assert [problem.field for problem in refused.value.problems] == [f"form.{missing}"]
    assert send().department_id == house.works_department


@pytest.mark.rule("RL-24")
def test_the_supervision_group_reads_everything_and_touches_nothing(house):
    """G auditor role / W sees breach list / T read-only all."""
    ticket = house.open()
    assert tickets.get_ticket(ticket.id, actor=house.auditor).id == ticket.id
    assert house.auditor.can("event:read")
    with pytest.raises(Forbidden), transaction():
        patch = {"priority": "urgent"}
        tickets.patch_ticket(ticket.id, patch, actor=house.auditor, version=ticket.version)
    with pytest.raises(NotFound):
        tickets.get_ticket(ticket.id, actor=house.outsider)


@pytest.mark.rule("QM-01")
def test_a_new_version_of_the_process_leaves_open_matters_on_theirs(tenant, house):
    """G process version 2 / W published / T old kept, tickets keep their version."""
    before = house.open().form_version
    old = definitions.get("form", "problem")
    renamed = replace(old, title={"zh-CN": "新表", "en": "New form"})
    with transaction():
        version = definitions.edit("form", "problem", to_body(renamed), actor=OPERATOR)
    after = anew(tenant, lambda: house.open().form_version)
    assert before != after == version
    titles = [definitions.get("form", "problem", version).title for version in (before, after)]
    assert titles == [old.title, renamed.title]


def anew(tenant, call):
    """What `call` gives at the tenant's next request, which enters it as it is by then."""

    def later():
        with app.app_context(), as_tenant(tenant_by_id(tenant.id)):
            return call()

    app = current_app._get_current_object()
    return Context().run(later)
