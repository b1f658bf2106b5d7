"""Who does what: talking, assigning, handing over; each rule of the rulebook by its number."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from core import clock, i18n
from core.actors import SYSTEM
from core.contacts.points import PointIn
from core.contacts.service import create_contact
from core.contributions import Suggestion
from core.db import db, transaction
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.events import EventRow
from core.mail.models import MailOut
from core.tickets import opening, service
from core.tickets.models import Assignment, Ticket

START = datetime(2026, 11, 16, 2, 0, tzinfo=UTC)


def facts(ticket: Ticket, kind: str) -> list[dict]:
    query = sa.select(EventRow).where(EventRow.subject_id == ticket.id, EventRow.type == kind)
    return [row.payload for row in db.session.scalars(query.order_by(EventRow.id))]


def bodies(ticket: Ticket, actor) -> list[str]:
    return [m.body_text for m in service.messages(ticket, actor=actor)]


@pytest.mark.rule("CH-17")
def test_an_internal_note_is_never_seen_by_the_customer(house):
    """CH-17: given an internal note, when the customer opens the ticket, then note absent from portal and API."""
    with clock.virtual(START) as time:
        ticket = house.open()
        with transaction():
            service.post_message(
                ticket.id, "内部：客户很着急", actor=house.agent, visibility="internal"
            )
            service.post_message(ticket.id, "我们马上处理", actor=house.agent)
            assert (
                house.move(ticket, "cancel", reason="other", remark="内部备注").status == "closed"
            )
        time.advance(timedelta(minutes=1))
        seen = bodies(ticket, house.customer)
        lines = service.timeline(ticket, actor=house.customer)
        desk = service.timeline(ticket, actor=house.agent)
    assert seen == ["昨天开始屏幕不亮。", "我们马上处理"]
    assert [e.message.body_text for e in lines if e.message] == seen
    assert {e.event.type for e in lines if e.event} == {"ticket.opened", "ticket.moved"}
    assert "内部：客户很着急" in [e.message.body_text for e in desk if e.message]
    assert all("内部" not in str(e.event.data) for e in desk if e.event)


def test_a_reply_can_be_recalled_for_eight_seconds(house):
    with clock.virtual(START) as time:
        ticket = house.open()
        with transaction():
            first = service.post_message(ticket.id, "发错了", actor=house.agent)
            second = service.post_message(ticket.id, "您好", actor=house.agent)
        assert first.hold_until == START + timedelta(seconds=8)
        assert bodies(ticket, house.customer) == ["昨天开始屏幕不亮。"], (
            "held replies have not left"
        )
        time.advance(timedelta(seconds=7))
        with pytest.raises(Forbidden), transaction():
            service.recall_message(ticket.id, first.id, actor=house.colleague)
        with transaction():
            service.recall_message(ticket.id, first.id, actor=house.agent)
            service.recall_message(ticket.id, first.id, actor=house.agent)
        time.advance(timedelta(seconds=1))
        with pytest.raises(Conflict), transaction():
            service.recall_message(ticket.id, second.id, actor=house.agent)
        with pytest.raises(NotFound), transaction():
            service.recall_message(ticket.id, house.contact_id, actor=house.agent)
        assert bodies(ticket, house.customer) == ["昨天开始屏幕不亮。", "您好"]
    assert facts(ticket, "message.recalled") == [
        {"message_id": str(first.id), "visibility": "public"}
    ]
    assert first.delivery_state == "recalled"


def test_a_note_can_say_that_the_work_is_done(house):
    ticket = house.open()
    with transaction():
        for purpose in ("work_done", "result"):
            service.post_message(
                ticket.id, "完成", actor=house.agent, visibility="internal", purpose=purpose
            )
    assert [m["purpose"] for m in facts(ticket, "message.posted")] == [
        "description",
        "work_done",
        "result",
    ]
    for visibility in ("public", "internal"):
        with pytest.raises(Invalid), transaction():
            service.post_message(
                ticket.id, "x", actor=house.agent, visibility=visibility, purpose="description"
            )


def test_who_spoke_and_what_it_means_for_a_first_response(house):
    ticket = house.open(actor=house.customer)
    with transaction():
        service.post_message(ticket.id, "自动回复", actor=house.agent, automatic=True)
    assert ticket.status == "new"
    assert ticket.staff_spoke_at is None
    with transaction():
        service.post_message(ticket.id, "您好，我是小林。", actor=house.agent)
    assert ticket.status == "open", "the desk's first word takes the ticket in"
    assert ticket.staff_spoke_at is not None
    assert [(m["author_kind"], m["automatic"]) for m in facts(ticket, "message.posted")] == [
        ("contact", False),
        ("user", True),
        ("user", False),
    ]


def test_a_customers_answer_reopens_what_was_thought_solved(house):
    ticket = house.move(house.open(category="screen"), "resolve", solution="重启")
    with transaction():
        service.post_message(ticket.id, "还是不亮", actor=house.customer)
    assert ticket.state == "in_progress"
    assert ticket.resolved_at is None
    moved = facts(ticket, "ticket.moved")[-1]
    assert moved["reopened"] is True
    assert len(facts(ticket, "ticket.reopened")) == 1


def test_after_thirty_days_a_matter_is_a_new_one(house):
    with clock.virtual(START) as time:
        ticket = house.move(house.open(category="screen"), "resolve", solution="重启")
        house.move(ticket, "close")
        time.advance(timedelta(days=30))
        house.move(ticket, "reopen", actor=house.customer)
        house.move(ticket, "resolve", solution="更换")
        house.move(ticket, "close")
        time.advance(timedelta(days=30, seconds=1))
        with pytest.raises(Invalid) as refused:
            house.move(ticket, "reopen", actor=house.customer)
    assert refused.value.problems[0].message == "tickets.error.reopen_window"


@pytest.mark.rule("CL-01")
def test_the_class_is_always_one_of_three(house):
    """CL-01: given a new ticket, when saved without class, then refused or triaged; class always one of three."""
    classes = {
        kind: house.open(
            type=kind, form={"kind": "renewal"} if kind == "request" else {}
        ).request_class
        for kind in ("question", "problem", "request")
    }
    assert classes == {"question": "consultation", "problem": "problem", "request": "service"}
    ticket = house.open()
    with pytest.raises(Invalid), transaction():
        service.patch_ticket(
            ticket.id, {"request_class": None}, actor=house.agent, version=ticket.version
        )


@pytest.mark.rule("CH-01")
def test_the_channel_stands_on_every_ticket(house):
    """CH-01: given each channel value, when a ticket is made through it, then ticket.channel holds it."""
    channels = ("phone", "chat", "email", "wechat", "sms", "social", "web", "mailbox", "walk_in")
    assert [house.open(channel=channel).channel for channel in channels] == list(channels)
    counted = service.count_by("channel", actor=house.agent)
    assert counted == dict.fromkeys(channels, 1)


@pytest.mark.rule("CL-04")
def test_urgent_work_comes_first(house):
    """CL-04: given tickets, when the list is opened, then critical, urgent, normal order."""
    for priority in ("normal", "critical", "urgent", "normal", "critical"):
        house.open(priority=priority)
    listed = [ticket.priority for ticket in service.list_tickets(actor=house.agent).items]
    assert listed == ["critical", "critical", "urgent", "normal", "normal"]


@pytest.mark.rule("CL-17")
def test_a_ticket_without_a_category_cannot_be_resolved(house):
    """CL-17: given a ticket with no category, when an agent tries to resolve, then blocked."""
    ticket = house.open()
    with pytest.raises(Invalid) as refused:
        house.move(ticket, "resolve", solution="重启")
    assert refused.value.problems[0].field == "category"
    with transaction():
        service.patch_ticket(
            ticket.id, {"category": "screen"}, actor=house.agent, version=ticket.version
        )
    assert house.move(ticket, "resolve", solution="重启").status == "resolved"


@pytest.mark.rule("CP-05")
def test_the_demand_is_confirmed_once(house):
    """CP-05: given a ticket not confirmed, when the demand is restated, then `demand_confirmed_at` stands."""
    ticket = house.open()
    assert ticket.demand_confirmed_at is None
    with transaction():
        service.confirm_demand(ticket.id, actor=house.agent, version=ticket.version)
    at = ticket.demand_confirmed_at
    with transaction():
        service.confirm_demand(ticket.id, actor=house.agent, version=ticket.version)
    assert ticket.demand_confirmed_at == at
    assert len(facts(ticket, "ticket.demand_confirmed")) == 1


@pytest.mark.rule("CP-18")
def test_the_person_responsible_confirms_receipt(house):
    """CP-18: given an assignment, when the owner accepts, then the acceptance stands on the record."""
    ticket = house.open()
    with transaction():
        service.assign(ticket.id, house.colleague.id, actor=house.agent, version=ticket.version)
    with pytest.raises(Conflict), transaction():
        service.accept(ticket.id, actor=house.agent, version=ticket.version)
    with transaction():
        service.accept(ticket.id, actor=house.colleague, version=ticket.version)
        service.accept(ticket.id, actor=house.colleague, version=ticket.version)
    row = service.current_assignment(ticket.id)
    assert (row.user_id, row.assigned_by) == (house.colleague.id, house.agent.id)
    assert row.accepted_at is not None
    assert len(facts(ticket, "ticket.accepted")) == 1


def test_an_assignment_can_be_declined_with_a_reason(house):
    ticket = house.open()
    with transaction():
        service.assign(ticket.id, house.colleague.id, actor=house.agent, version=ticket.version)
    with pytest.raises(Invalid), transaction():
        service.decline(ticket.id, "  ", actor=house.colleague, version=ticket.version)
    db.session.refresh(ticket)
    with pytest.raises(Conflict), transaction():
        service.decline(ticket.id, "不归我", actor=house.agent, version=ticket.version)
    with transaction():
        service.decline(ticket.id, "我明天休假", actor=house.colleague, version=ticket.version)
    assert ticket.assignee_id is None
    row = db.session.scalars(sa.select(Assignment)).one()
    notes = {m.id: m.body_text for m in service.messages(ticket, actor=house.agent)}
    assert notes[row.declined_reason] == "我明天休假"
    assert facts(ticket, "ticket.declined")[0]["note_id"] == str(row.declined_reason)


def test_assigning_others_needs_the_right_and_a_colleague(house):
    ticket = house.open()
    with pytest.raises(Invalid), transaction():
        service.assign(ticket.id, house.contact_id, actor=house.agent, version=ticket.version)
    with transaction():
        service.assign(ticket.id, house.colleague.id, actor=house.agent, version=ticket.version)
        service.assign(ticket.id, None, actor=house.agent, version=ticket.version)
    assert ticket.assignee_id is None
    assert len(facts(ticket, "ticket.unassigned")) == 1
    assert house.open(assignee_id=house.colleague.id).assignee_id == house.colleague.id


SLIP = {"reason": "expertise", "summary": "屏幕主板故障，需要维修。"}


@pytest.mark.rule("FM-26")
@pytest.mark.parametrize("missing", ["summary", "reason", "department"])
def test_a_slip_with_a_gap_is_refused(house, missing):
    """FM-26: given no summary, when transferred, then refused."""
    ticket = house.open()
    slip = {**SLIP, "department": str(house.works_department)}
    del slip[missing]
    with pytest.raises(Invalid) as refused, transaction():
        service.hand_over(ticket.id, slip, actor=house.agent, version=ticket.version)
    assert [p.field for p in refused.value.problems] == [f"form.{missing}"]
    db.session.refresh(ticket)
    assert ticket.department_id is None
    assert service.handovers(ticket.id) == []


@pytest.mark.rule("CP-30")
def test_a_transfer_tells_the_customer_and_keeps_the_owner_watching(house):
    """CP-30: given a transfer, when saved, then customer notice sent, old owner kept as watcher."""
    ticket = house.open()
    with transaction():
        service.accept(ticket.id, actor=house.colleague, version=ticket.version)
        slip = {**SLIP, "department": str(house.works_department)}
        service.hand_over(ticket.id, slip, actor=house.agent, version=ticket.version)
    row = service.open_handover(ticket.id)
    assert (row.to_department_id, row.summary, row.accepted_at) == (
        house.works_department,
        SLIP["summary"],
        None,
    )
    assert row.customer_informed_at is not None
    with clock.virtual(clock.now() + timedelta(minutes=1)):
        assert "技术部" in bodies(ticket, house.customer)[-1]
    assert set(service.watchers_of(ticket.id)) == {house.agent.id, house.colleague.id}
    assert (ticket.department_id, ticket.team_id) == (house.works_department, house.desk)
    with pytest.raises(Conflict), transaction():
        service.hand_over(ticket.id, slip, actor=house.agent, version=ticket.version)


@pytest.mark.rule("CP-31")
def test_the_department_answers_and_the_work_comes_back(house):
    """CP-31: given an accepted transfer, when the result is given, then the desk knows, the customer is told."""
    ticket = house.open()
    with transaction():
        slip = {**SLIP, "department": str(house.works_department)}
        service.hand_over(ticket.id, slip, actor=house.agent, version=ticket.version)
        service.accept_handover(ticket.id, actor=house.outsider, version=ticket.version)
        service.take_back(
            ticket.id, "更换主板", message="已修好。", actor=house.outsider, version=ticket.version
        )
    row = service.handovers(ticket.id)[0]
    assert (row.result, row.accepted_by, row.returned_at is None) == (
        "更换主板",
        house.outsider.id,
        False,
    )
    assert ticket.department_id is None
    note = facts(ticket, "ticket.taken_back")[0]["note_id"]
    assert note in {str(m.id) for m in service.messages(ticket, actor=house.agent)}
    assert bodies(ticket, house.agent)[-1] == "已修好。"
    with pytest.raises(Conflict), transaction():
        service.take_back(ticket.id, "", actor=house.agent, version=ticket.version)


@pytest.mark.rule("RL-21")
def test_work_changes_department_by_slip_alone(house):
    """RL-21: given departments, when transferred, then only through FM-26."""
    ticket = house.open()
    with pytest.raises(Invalid), transaction():
        service.patch_ticket(
            ticket.id,
            {"department_id": house.works_department},
            actor=house.manager,
            version=ticket.version,
        )
    with transaction():
        slip = {**SLIP, "department": str(house.works_department)}
        service.hand_over(ticket.id, slip, actor=house.agent, version=ticket.version)
    assert ticket.department_id == house.works_department


def test_the_customer_is_told_in_his_language(house):
    ticket = house.open(language="en")
    slip = {**SLIP, "department": str(house.service_department)}
    with i18n.use(locale="zh-CN"), transaction():
        service.hand_over(ticket.id, slip, actor=house.agent, version=ticket.version)
    assert "Service" in bodies(ticket, house.agent)[-1]


def test_the_acknowledgement_carries_the_link_and_a_reply_is_mailed_after_its_hold(house):
    silent = house.open()
    assert facts(silent, "ticket.opened")[0]["link_id"] is not None
    with transaction():
        reachable = create_contact(
            "王先生", points=[PointIn("mail", "wang@example.com")], actor=SYSTEM
        )
    ticket = house.open(contact_id=reachable.id)
    with transaction():
        reply = service.post_message(ticket.id, "您好", actor=house.agent)
        wrong = service.post_message(ticket.id, "发错了", actor=house.agent)
        service.post_message(ticket.id, "内部", actor=house.agent, visibility="internal")
        service.recall_message(ticket.id, wrong.id, actor=house.agent)
    letters = db.session.scalars(sa.select(MailOut).order_by(MailOut.id)).all()
    assert {letter.ticket_id for letter in letters} == {ticket.id}, "no address, no mail"
    assert [letter.template for letter in letters] == ["acknowledgement", "reply", "reply"]
    assert [letter.state for letter in letters] == ["queued", "queued", "cancelled"]
    assert letters[0].params["link_id"] == facts(ticket, "ticket.opened")[0]["link_id"]
    assert letters[1].send_after == reply.hold_until
    assert letters[1].params["message_id"] == str(reply.id)


def test_a_plugin_may_classify_and_choose_but_not_break(house, monkeypatch):
    answers = {
        "classify_ticket": [
            Suggestion("category", "screen", 0.9, "a rule"),
            Suggestion("category", "x" * 100, 0.9, "too long"),
            Suggestion("priority", "urgent", 0.9, "only proposed"),
        ]
    }
    chosen = ["nonsense", str(house.contact_id), str(house.colleague.id)]
    monkeypatch.setattr(opening, "ask", lambda hook, **_more: answers.get(hook, []))
    monkeypatch.setattr(opening, "first", lambda _hook, **_more: chosen.pop(0))
    first, second, third = (house.open() for _ in range(3))
    assert [t.assignee_id for t in (first, second, third)] == [None, None, house.colleague.id]
    assert (third.category, third.priority) == ("screen", "normal")
    assert [f["applied"] for f in facts(third, "ticket.classified")] == [True, False, False]
    assert house.open(category="own", assignee_id=house.agent.id).category == "own"
