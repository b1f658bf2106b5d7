"""Tickets when their customer becomes another contact, or is erased."""

from __future__ import annotations

import sqlalchemy as sa

from core.actors import SYSTEM
from core.contacts.merging import erase_contact, merge_contacts
from core.contacts.service import create_contact
from core.db import clear_session, db, transaction
from core.jobs import drain
from core.ledger import verify
from core.tickets import service
from core.tickets.models import Handover, Message, Ticket


def test_tickets_follow_a_merged_contact(house):
    with transaction():
        twin = create_contact("陈女士（重复）", actor=SYSTEM)
    ticket = house.open(contact_id=twin.id)
    ticket_id = ticket.id
    with transaction():
        merge_contacts(twin.id, house.contact_id, actor=SYSTEM)
    clear_session()
    seen = service.list_tickets(actor=house.customer).items
    assert [found.id for found in seen] == [ticket_id]


def test_erasing_overwrites_the_words_and_keeps_the_facts(house):
    kept = house.open(contact_id=None, description="别人的事")
    ticket = house.open(subject="陈女士的屏幕", form={"expectation": "陈女士要求更换"})
    slip = {
        "department": str(house.works_department),
        "reason": "expertise",
        "summary": "陈女士着急",
    }
    with transaction():
        service.hand_over(ticket.id, slip, actor=house.agent, version=ticket.version)
        service.post_message(ticket.id, "我是陈女士", actor=house.customer)
    ids = (ticket.id, kept.id)
    with transaction():
        erase_contact(house.contact_id, actor=SYSTEM)
    drain()
    clear_session()
    ticket, kept = (db.session.get(Ticket, (house.tenant.id, each)) for each in ids)
    rows = [
        ticket.subject,
        str(ticket.extra),
        *(m.body_text + m.author_name for m in service.messages(ticket, actor=house.agent)),
        *db.session.scalars(sa.select(Handover.summary)),
    ]
    assert rows
    assert not [row for row in rows if "陈女士" in row]
    assert all(m.redacted_at for m in service.messages(ticket, actor=house.agent))
    assert db.session.scalars(
        sa.select(Message.body_text).where(Message.ticket_id == kept.id)
    ).all() == ["别人的事"]
    assert verify().green, "the facts stand as they were"
