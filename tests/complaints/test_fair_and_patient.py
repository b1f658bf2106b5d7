"""Nobody decides in his own matter, and the silent customer is reminded before the desk may close."""

from __future__ import annotations

from datetime import timedelta
from itertools import product
from typing import Any

import pytest
import sqlalchemy as sa

from core import settings, timers, upgrade
from core.actors import OPERATOR, SYSTEM, Actor
from core.auth import service as accounts
from core.auth.tokens import create_token
from core.clock import now, virtual
from core.contacts.service import get_contact
from core.db import db, transaction
from core.errors import Invalid, NotFound
from core.events import emit
from core.jobs import drain
from core.mail.models import MailOut
from core.plugins import TenantPlugin, catalog, tell
from core.sla.events import ClockEscalated
from core.tenancy import Tenant, current_tenant
from core.tickets import service as tickets
from core.tickets.models import Message
from core.timers import Timer
from plugins.complaints import privacy, reminders, service
from tenants import service as life
from tests.complaints.conftest import (
    MONDAY,
    TO_SIGN,
    Case,
    new_complaint,
    refused,
    said,
)
from tests.complaints.test_surface import next_request
from tests.conftest import client_at
from tests.tickets.conftest import Api

DAY = timedelta(days=1)


def assess_about(case: Case, about: Actor) -> None:
    case.go("acknowledge")
    case.move("assess", **case.answers("assess", about=str(about.id)))


def two_in_alarm(case: Case, about: Actor) -> tickets.Ticket:
    """The case is about somebody of the house, the given one is not; supervisors and managers are told of both."""
    house = case.house
    assert house.supervisor, "is hired"
    with transaction():
        other = tickets.open_ticket(new_complaint(team_id=house.desk), actor=house.customer)
    assess_about(case, about)
    with transaction():
        for ticket, notify in product((case.ticket, other), ("supervisor", "manager")):
            broken = ClockEscalated(
                clock_id=ticket.id, metric="first_response", step=1, at="breach", notify=notify,
                due_at=now(),
            )  # fmt: skip
            emit(broken, subject=("ticket", ticket.id), actor=SYSTEM)
    drain()
    return other


# --- CP-35 ----------------------------------------------------------------------------------------


@pytest.mark.rule("CP-35")
def test_who_is_complained_of_neither_sees_nor_decides(case: Case) -> None:
    """G decision by the person complained about / W save / T conflict-of-interest error."""
    house = case.house
    case.go("acknowledge")
    with pytest.raises(Invalid) as caught:
        case.move("assess", **case.answers("assess", about=str(house.agent.id)))
    problem = caught.value.problems[0]
    assert (problem.field, problem.message) == ("form.about", "complaints.error.own_matter")
    case.move("assess", **case.answers("assess", about=str(house.colleague.id)))
    with pytest.raises(NotFound):
        case.move("uphold", house.colleague, **case.answers("uphold"))
    assert case.move("uphold", **case.answers("uphold")).state == "investigating"


@pytest.mark.rule("CP-35")
@pytest.mark.parametrize(
    "name", ["assess", "uphold", "reject", "conclude", "approve_plan", "return_plan",
             "return_to_investigation", "grant_appeal", "dismiss_appeal"],
)  # fmt: skip
def test_every_decision_asks_whether_it_is_ones_own_matter(case: Case, name: str) -> None:
    """G decision by the person complained about / W save / T conflict-of-interest error, whatever he may see."""
    assess_about(case, case.house.supervisor)
    way = next(each for each in tickets.workflow_of(case.ticket).transitions if each.name == name)
    assert "complaints.impartial" in way.guards
    guard = catalog().shelf("guard")["complaints.impartial"]
    (problem,) = guard.run(case.ticket, {}, case.house.supervisor)
    assert problem.message == "complaints.error.own_matter"
    assert guard.run(case.ticket, {}, case.house.manager) == []


@pytest.mark.rule("CP-35")
def test_a_complaint_is_hidden_from_whom_it_is_about_behind_every_door(
    case: Case, app: Any
) -> None:
    """G a complaint about the manager / W he reads, lists, counts or asks by an app / T it is not there."""
    house = case.house
    with transaction():
        other = tickets.open_ticket(new_complaint(team_id=house.desk), actor=house.customer)
    assess_about(case, house.manager)
    for actor, seen in (
        (house.manager, {other.id}),
        (house.supervisor, {other.id, case.ticket.id}),
    ):
        assert {t.id for t in tickets.list_tickets(actor=actor).items} == seen
        assert tickets.count_tickets(tickets.TicketQuery(), actor=actor) == len(seen)
    with pytest.raises(NotFound):
        tickets.get_ticket(case.ticket.id, actor=house.manager)
    assert tickets.get_ticket(case.ticket.id, actor=case.customer).id == case.ticket.id
    with transaction():
        _, token = create_token(house.manager.id, "t", ("ticket:read",), actor=SYSTEM)
    api, hidden, shown = Api(client_at(app, house.tenant), token), case.ticket.id, other.id
    assert api("GET", f"/tickets/{hidden}").status_code == 404
    assert api("GET", f"/tickets/{shown}").status_code == 200


@pytest.mark.rule("CP-35")
def test_no_record_of_it_is_shown_to_whom_it_is_about(case: Case, app: Any, desk_of: Any) -> None:
    """G a complaint about a manager / W he reads the audit trail, its feed or the outbox / T it is not there."""
    read = desk_of("boss", "manager")
    boss = next(user for user in accounts.list_users() if user.email == "boss@example.org")
    other = two_in_alarm(case, accounts.actor_for(boss))
    tokens = []
    for user_id in (boss.id, case.house.manager.id):
        with transaction():
            tokens.append(create_token(user_id, "t", ("event:read",), actor=SYSTEM)[1])
    about, theirs = str(case.ticket.id), str(other.id)
    for token, seen in zip(tokens, ({theirs}, {theirs, about}), strict=True):
        api = Api(client_at(app, case.house.tenant), token)
        items = api("GET", "/events?limit=100").json["items"]
        of_tickets = {item["subject_id"] for item in items if item["subject_type"] == "ticket"}
        assert of_tickets == seen
        assert "user.created" in {item["type"] for item in items}
    mails = {row.ticket_id: row.id for row in db.session.scalars(sa.select(MailOut))}
    for page in ("/console/audit?subject=ticket", "/console/outbox"):
        shown = read(page)
        assert other.number in shown, page
        assert case.ticket.number not in shown, page
    assert "emp" in read(f"/console/audit?of={case.ticket.number}")
    assert "banner-warn" not in read(f"/console/sla?number={other.number}")
    assert "banner-warn" in read(f"/console/sla?number={case.ticket.number}")
    read(f"/console/outbox?m={mails[other.id]}")
    read(f"/console/outbox?m={mails[case.ticket.id]}", status=404)


@pytest.mark.rule("CP-35")
def test_no_alarm_of_its_clocks_goes_to_whom_it_is_about(case: Case) -> None:
    """G a complaint about the manager / W its promise is broken and managers are told / T he is not."""
    supervisor, manager = case.house.supervisor.id, case.house.manager.id
    other = two_in_alarm(case, case.house.manager)
    told = sa.select(MailOut.ticket_id, MailOut.user_id).where(MailOut.template == "clock_notice")
    assert {tuple(row) for row in db.session.execute(told)} == {
        (other.id, supervisor), (other.id, manager), (case.ticket.id, supervisor),
    }  # fmt: skip


def test_it_stays_hidden_while_the_plugin_is_off(case: Case) -> None:
    assess_about(case, case.house.manager)
    with transaction():
        life.disable_plugin("complaints", actor=OPERATOR)
    next_request()
    with pytest.raises(NotFound):
        tickets.get_ticket(case.ticket.id, actor=case.house.manager)
    assert tickets.get_ticket(case.ticket.id, actor=case.house.supervisor)


def test_who_is_complained_of_gives_the_complaint_back(case: Case) -> None:
    house = case.house
    with transaction():
        case.ticket = tickets.accept(
            case.ticket.id, actor=house.colleague, version=case.ticket.version
        )
    assess_about(case, house.colleague)
    assert case.ticket.assignee_id is None
    assert case.go("uphold").state == "investigating"


def test_only_staff_of_the_tenant_can_be_complained_of(case: Case) -> None:
    case.go("acknowledge")
    with pytest.raises(Invalid) as caught:
        case.move("assess", **case.answers("assess", about=str(case.house.contact_id)))
    assert caught.value.problems[0].field == "form.about"


def test_a_person_is_erased_and_the_hiding_stays(case: Case) -> None:
    assess_about(case, case.house.manager)
    contact = get_contact(case.house.contact_id)
    assert privacy.export_person(contact)["complaints_complaint"]
    with transaction():
        privacy.erase_person(contact)
    complaint = service.complaint_of(case.ticket.id)
    assert complaint.content == privacy.ERASED
    assert complaint.about_user_id == case.house.manager.id


# --- the silent customer --------------------------------------------------------------------------


def reminded(case: Case) -> int:
    return sum("请您确认是否解决" in words for words in said(case))


def wait(case: Case, days: float) -> None:
    with transaction():
        timers.run_until(case.clock, case.clock.at + DAY * days, housekeeping=False)


def pending() -> list[Timer]:
    query = sa.select(Timer).where(Timer.kind == reminders.KIND, Timer.state == "pending")
    return list(db.session.scalars(query))


def notes(case: Case) -> list[str]:
    query = sa.select(Message).where(
        Message.ticket_id == case.ticket.id, Message.visibility == "internal"
    )
    return [message.body_text for message in db.session.scalars(query)]


def test_three_reminders_in_seven_days_then_the_desk_may_close(case: Case) -> None:
    """Standards §2.1: three reminders over seven days, then close_no_reply is offered."""
    case.go(*TO_SIGN)
    counted = []
    for _ in range(3):
        assert refused(case, "close_no_reply") == "not_silent"
        wait(case, 1.75)
        counted.append(reminded(case))
    assert counted == [1, 2, 3]
    assert not any("未答复" in note for note in notes(case))
    wait(case, 1.75)
    assert reminded(case) == 3
    assert any("7 天内未答复" in note for note in notes(case))
    assert pending() == []
    case.ticket = tickets.get_ticket(case.ticket.id, actor=case.house.agent)
    assert case.go("close_no_reply").state == "closed_no_reply"


def test_reminders_bear_nobodys_name_and_go_out(case: Case) -> None:
    case.go(*TO_SIGN)
    wait(case, 2)
    query = sa.select(Message).where(Message.ticket_id == case.ticket.id, Message.automatic)
    found = [m for m in db.session.scalars(query) if "请您确认是否解决" in m.body_text]
    (message,) = found
    assert (message.author_kind, message.author_name) == ("system", "")
    assert (message.visibility, message.delivery_state) == ("public", "queued")
    assert "2026-11-23" in message.body_text


@pytest.mark.parametrize("answer", ["confirm_result", "dispute_result"])
def test_who_answers_is_not_reminded(case: Case, answer: str) -> None:
    case.go(*TO_SIGN)
    wait(case, 2)
    case.go(answer)
    wait(case, 8)
    assert reminded(case) == 1


def test_a_second_result_begins_to_wait_anew(case: Case) -> None:
    case.go(*TO_SIGN, "dispute_result")
    wait(case, 1)
    case.go("report_result")
    (timer,) = pending()
    assert timer.due_at - case.clock.at > DAY * 1.7


def test_off_cancels_the_reminders_and_on_sets_them_again(case: Case) -> None:
    """Plugin off: nobody is reminded; on again: the reminders that are left."""
    case.go(*TO_SIGN)
    assert len(pending()) == 1
    with transaction():
        life.disable_plugin("complaints", actor=OPERATOR)
    next_request()
    assert pending() == []
    wait(case, 4)
    assert reminded(case) == 0
    with transaction():
        life.enable_plugin("complaints", actor=OPERATOR)
    next_request()
    wait(case, 4)
    assert reminded(case) == 1
    assert any("未答复" in note for note in notes(case))


def test_long_silence_is_not_told_twice(case: Case) -> None:
    case.go(*TO_SIGN)
    wait(case, 8)
    with transaction():
        life.disable_plugin("complaints", actor=OPERATOR)
        life.enable_plugin("complaints", actor=OPERATOR)
    assert pending() == []


def test_an_update_sets_the_reminders_as_the_new_version_has_them(case: Case) -> None:
    """A tenant whose complaints waited before there were reminders has them after `db upgrade`."""
    case.go(*TO_SIGN)
    with transaction():
        reminders.rest()
        row = db.session.get(TenantPlugin, (current_tenant().id, "complaints"))
        row.version = "0.9"
    assert pending() == []
    with transaction():
        upgrade._upgrade_plugin(current_tenant(), row)
    (timer,) = pending()
    assert timer.subject_id == case.ticket.id
    assert row.version == catalog().plugins["complaints"].version


# --- the demonstration ----------------------------------------------------------------------------


def test_the_demonstration_says_how_to_reach_its_complaint_desk(tenant: Tenant) -> None:
    assert settings.get("complaints")["telephone"] == ""
    with virtual(MONDAY) as clock, transaction():
        tell("complaints", "seed_demo", tenant=tenant, clock=clock)
    told = settings.get("complaints")
    assert told["telephone"]
    assert len(told["channels"]) == 2
