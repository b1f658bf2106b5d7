"""Outgoing mail: a row with its event, drawn at sending in the reader's language, harmless on the outbox page."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from core import clock
from core.actors import SYSTEM
from core.auth import service as accounts
from core.auth import teams
from core.clock import now
from core.contacts import links, merging, service
from core.contacts.points import PointIn
from core.db import db, transaction
from core.errors import StartupError
from core.events import EventRow, emit
from core.i18n import LOCALES, catalog
from core.mail import service as mail
from core.mail.addresses import public_url
from core.mail.letters import LETTERS
from core.mail.models import CANCELLED, QUEUED, MailOut
from core.sla.events import ClockEscalated
from core.tenancy import TenantDomain
from core.tickets.models import Message, Ticket
from core.tickets.service import NewTicket, open_ticket, post_message, recall_message
from tests.auth.people import hire
from tests.contacts.desk import MAIL, PHONE, known, matter

if TYPE_CHECKING:
    from uuid import UUID

    from flask import Flask

    from core.actors import Actor
    from core.tenancy import Tenant


def outbox(template: str) -> list[MailOut]:
    db.session.rollback()
    rows = sa.select(MailOut).where(MailOut.template == template).order_by(MailOut.id)
    return list(db.session.scalars(rows))


def agent() -> Actor:
    with transaction():
        department = teams.create_department("desk", {"en": "Desk"}, actor=SYSTEM)
        teams.create_team("calls", {"en": "Calls"}, department.id, actor=SYSTEM)
    user = hire("lan@jinlan.example", "agent")
    with transaction():
        teams.add_member(teams.team_by_code("calls").id, user.id, actor=SYSTEM)
    return accounts.actor_for(user)


def at_the_desk(contact_id: UUID, who: Actor) -> UUID:
    new = NewTicket(
        type="problem", subject="屏幕不亮", description="昨天开始屏幕不亮。", contact_id=contact_id,
        channel="phone", team_id=next(iter(who.team_ids)),
    )  # fmt: skip
    with transaction():
        return open_ticket(new, actor=who).id


def test_an_acknowledgement_says_number_next_step_promise_and_link(tenant: Tenant) -> None:
    ticket = matter(known())
    (row,) = outbox("acknowledgement")
    event = db.session.scalars(sa.select(EventRow).where(EventRow.type == "ticket.opened")).one()
    assert (row.event_id, row.ticket_id, row.state) == (event.id, ticket.id, QUEUED)
    drawn = mail.render(row)
    assert drawn.to == "fang.wang@example.com"
    assert drawn.subject == f"已受理 {ticket.number}：屏幕不亮"
    link = re.search(r"http://\S+/track/(\S+)", drawn.text)
    assert link
    assert links.actor_by_link(link.group(1)).ticket_id == ticket.id
    assert "下一步" in drawn.text
    assert link.group(0) in drawn.html
    assert "None" not in drawn.text + drawn.html


def test_the_promised_date_is_told_in_the_customers_zone(tenant: Tenant) -> None:
    with transaction():
        wanted = PointIn("mail", "tom@example.com")
        contact = service.create_contact(
            "Tom", points=[wanted], locale="en", timezone="Europe/London", actor=SYSTEM
        )
    ticket = matter(contact.id)
    with transaction():
        row = db.session.get_one(Ticket, (tenant.id, ticket.id))
        row.due_at = now().replace(2026, 7, 1, 12, 30)
    drawn = mail.render(outbox("acknowledgement")[0])
    assert drawn.subject == f"We have your request {ticket.number}: 屏幕不亮"
    assert "We answer by: 1 Jul, 1:30 pm" in drawn.text, "12:30 UTC is 13:30 in a London summer"
    with transaction():
        db.session.get_one(Ticket, (tenant.id, ticket.id)).due_at = None
    assert "We answer by" not in mail.render(outbox("acknowledgement")[0]).text


def test_whoever_has_no_address_gets_no_mail(tenant: Tenant) -> None:
    matter(known("李雷", PointIn("phone", PHONE)))
    assert outbox("acknowledgement") == []


def test_a_public_reply_leaves_after_its_hold_and_a_note_never(tenant: Tenant) -> None:
    who = agent()
    ticket_id = at_the_desk(known(), who)
    with transaction():
        post_message(ticket_id, "内部：他很生气", actor=who, visibility="internal")
        message = post_message(ticket_id, "您好，明天上门 <b>维修</b>。", actor=who)
    (row,) = outbox("reply")
    assert row.send_after == db.session.get_one(Message, (tenant.id, message.id)).hold_until
    drawn = mail.render(row)
    assert "您好，明天上门 <b>维修</b>。" in drawn.text
    assert "&lt;b&gt;维修&lt;/b&gt;" in drawn.html, "what people write is text"
    assert "生气" not in drawn.text + drawn.html
    assert "明天上门" not in str(row.params), "the words are made at sending"


def test_a_customers_own_words_are_not_mailed_to_him(tenant: Tenant) -> None:
    contact_id = known()
    ticket = matter(contact_id)
    customer = links.actor_by_link(links.link_token(links.live_link(ticket.id).id))
    with transaction():
        post_message(ticket.id, "还是不亮", actor=customer)
    assert outbox("reply") == []
    assert len(outbox("acknowledgement")) == 1


def test_a_recalled_reply_does_not_leave(tenant: Tenant) -> None:
    who = agent()
    ticket_id = at_the_desk(known(), who)
    with transaction():
        kept = post_message(ticket_id, "您好", actor=who).id
        gone = post_message(ticket_id, "发错了", actor=who).id
    with transaction():
        recall_message(ticket_id, gone, actor=who)
    states = {row.params["message_id"]: row.state for row in outbox("reply")}
    assert states == {str(kept): QUEUED, str(gone): CANCELLED}


def test_staff_are_told_of_a_clock(tenant: Tenant) -> None:
    who = agent()
    ticket_id = at_the_desk(known(), who)
    hire("boss@jinlan.example", "supervisor")
    hire("other@jinlan.example", "agent")
    with transaction():
        for notify, at in (("team", "warning"), ("supervisor", "breach"), ("assignee", "breach")):
            event = ClockEscalated(
                clock_id=ticket_id,
                metric="first_response",
                step=1,
                at=at,
                notify=notify,
                due_at=now(),
            )
            emit(event, subject=("ticket", ticket_id), actor=SYSTEM)
    sent = [(mail.render(row).to, row.params["at"]) for row in outbox("clock_notice")]
    assert sent == [
        ("lan@jinlan.example", "warning"), ("boss@jinlan.example", "breach"), ("lan@jinlan.example", "breach"),
    ]  # fmt: skip
    drawn = mail.render(outbox("clock_notice")[0])
    assert f"http://{tenant.slug}.localhost:8080/desk/tickets/{ticket_id}" in drawn.text
    assert "即将超时" in drawn.subject


def test_the_outbox_page_shows_no_key(
    app: Flask, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket = matter(known())
    (row,) = mail.list_mail(actor=SYSTEM)
    token = links.link_token(links.live_link(ticket.id).id)
    shown = mail.preview(row)
    assert token not in shown.text + shown.html
    assert shown.to == "f***@example.com"
    assert ticket.number in shown.subject
    monkeypatch.setitem(app.config, "MAIL_SECRETS_IN_OUTBOX", True)
    assert token in mail.preview(row).text, "an installation for trying out, without SMTP"


def test_the_outbox_is_read_page_by_page(tenant: Tenant) -> None:
    contact_id = known()
    for _ in range(5):
        matter(contact_id)
    first = mail.list_mail(actor=SYSTEM, limit=2)
    rest = mail.list_mail(actor=SYSTEM, before=first[-1].id, limit=50)
    ids = [row.id for row in first + rest]
    assert len(ids) == 5
    assert ids == sorted(ids, reverse=True)


def test_an_erased_customer_gets_no_mail(tenant: Tenant) -> None:
    contact_id = known()
    matter(contact_id)
    with transaction():
        merging.erase_contact(contact_id, actor=SYSTEM)
    assert mail.render(outbox("acknowledgement")[0]).to == ""


def test_headers_cannot_be_smuggled_in(tenant: Tenant) -> None:
    contact_id = known()
    new = NewTicket(
        type="problem",
        subject="亮\u2028不亮 Bcc: x@y.z",
        description="昨天开始不亮了。",
        contact_id=contact_id,
    )
    with transaction():
        open_ticket(new, actor=SYSTEM)
    subject = mail.render(outbox("acknowledgement")[0]).subject
    assert len(subject.splitlines()) == 1


def test_addresses_are_the_tenants_own(
    app: Flask, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert public_url("/track/x") == f"http://{tenant.slug}.localhost:8080/track/x"
    with transaction():
        db.session.add(TenantDomain(domain=f"help.{tenant.slug}.example", tenant_id=tenant.id))
    monkeypatch.setitem(app.config, "POLYDESK_URL", "https://desk.example")
    with app.test_request_context("/", base_url="http://evil.example"):
        assert public_url("/track/x") == f"https://help.{tenant.slug}.example/track/x"


def test_an_unknown_mail_is_a_mistake(tenant: Tenant) -> None:
    user_id = hire("lan@jinlan.example").id
    with pytest.raises(StartupError), transaction():
        mail.queue_mail("greeting", user_id=user_id)
    with transaction():
        assert mail.queue_mail("password_reset", user_id=user_id)


@pytest.mark.parametrize("room", ["auth.", "contacts.", "mail.", "signin."])
def test_both_languages_have_every_word(app: Flask, room: str) -> None:
    words = {
        locale: {
            key: value
            for key, value in catalog(locale)._catalog.items()
            if str(key).startswith(room)
        }
        for locale in LOCALES
    }
    assert words["en"]
    assert words["en"].keys() == words["zh-CN"].keys()
    for key in words["en"]:
        blanks = [set(re.findall(r"%\((\w+)\)", words[locale][key])) for locale in LOCALES]
        assert blanks[0] == blanks[1], key
    if room == "mail.":
        assert {f"mail.template.{name}" for name in LETTERS} <= words["en"].keys()


def test_mail_waits_for_its_time(tenant: Tenant) -> None:
    with clock.virtual(now()) as time, transaction():
        user = accounts.create_user("x@jinlan.example", "x", actor=SYSTEM)
        late = mail.queue_mail(
            "password_reset", user_id=user.id, params={}, send_after=time.at + timedelta(hours=1)
        )
        assert late.send_after - late.created_at == timedelta(hours=1)
        assert MAIL not in str(vars(late))
