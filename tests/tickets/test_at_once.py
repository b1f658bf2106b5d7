"""Many at once: one effect per key, numbers without a gap, and versions that cannot race."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import pytest
import sqlalchemy as sa
from flask import Flask

from core.actors import SYSTEM
from core.contacts.models import Contact
from core.contacts.service import create_contact
from core.db import clear_session, db, transaction
from core.errors import Conflict, StaleVersion
from core.events import EventRow
from core.tenancy import as_tenant
from core.tickets import service
from core.tickets.models import Idempotency, Message, Ticket


def at_once(app: Flask, tenant, count: int, work):
    """Run `work(n)` in `count` threads that start together, each as a request of the tenant."""
    barrier = Barrier(count)

    def run(number: int):
        with app.app_context(), as_tenant(tenant):
            barrier.wait(timeout=30)
            try:
                return work(number)
            except (Conflict, StaleVersion) as error:
                return type(error)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


def count_of(model) -> int:
    return db.session.scalar(sa.select(sa.func.count()).select_from(model)) or 0


def test_twenty_equal_posts_make_one_ticket(app, house):
    ids = at_once(app, house.tenant, 20, lambda _number: house.open(key="form-1").id)
    clear_session()
    assert len(set(ids)) == 1
    assert count_of(Ticket) == 1
    assert count_of(Message) == 1
    opened = (
        sa.select(sa.func.count()).select_from(EventRow).where(EventRow.type == "ticket.opened")
    )
    assert db.session.scalar(opened) == 1
    row = db.session.scalars(sa.select(Idempotency)).one()
    assert (row.resource_id, row.status) == (ids[0], 201)


def test_the_same_key_for_other_words_is_a_conflict(app, house):
    first = house.open(key="k")
    with pytest.raises(Conflict):
        house.open(key="k", subject="另一件事")
    assert house.open(key="k").id == first.id
    assert house.open(key="k", actor=house.colleague).id != first.id, (
        "keys belong to their principal"
    )
    assert house.open(key="").id != first.id
    assert count_of(Ticket) == 3


def test_a_refused_request_may_be_repeated_with_its_key(house):
    with pytest.raises(Exception, match="subject"):
        house.open(key="again", subject="   ")
    assert house.open(key="again").number is not None


def test_twenty_equal_messages_are_one(app, house):
    ticket_id = house.open().id

    def post(_number):
        with transaction():
            return service.post_message(ticket_id, "您好", actor=house.agent, key="m").id

    assert len(set(at_once(app, house.tenant, 20, post))) == 1
    clear_session()
    assert count_of(Message) == 2


def test_twenty_equal_submissions_make_one_customer_and_one_ticket(app, house):
    """A page that first makes the customer claims its hidden key around both."""
    before = count_of(Contact)

    def submit(_number):
        def make():
            contact = create_contact("新客户", actor=SYSTEM)
            customer = replace(house.customer, id=contact.id)
            return house.open(actor=customer, contact_id=None, channel="web").id

        with transaction():
            return service.once(
                make, principal="portal", route="portal.submit", key="hidden", body={"subject": "x"}
            )

    assert len(set(at_once(app, house.tenant, 20, submit))) == 1
    clear_session()
    assert count_of(Ticket) == 1
    assert count_of(Contact) == before + 1


def test_numbers_have_no_gap_under_eight_threads(app, house):
    def work(number: int):
        made = []
        for turn in range(5):
            if turn == number % 5:
                with pytest.raises(RuntimeError), transaction():
                    house.open()
                    raise RuntimeError("this one fails late and must not cost a number")
            made.append(house.open().number)
        return made

    numbers = sorted(n for made in at_once(app, house.tenant, 8, work) for n in made)
    assert [int(number[-5:]) for number in numbers] == list(range(1, 41))


def test_of_many_writers_of_one_version_one_wins(app, house):
    ticket = house.open()
    ticket_id, version = ticket.id, ticket.version

    def write(number: int):
        with transaction():
            changed = service.patch_ticket(
                ticket_id, {"category": f"c{number}"}, actor=house.agent, version=version
            )
            return changed.category

    results = at_once(app, house.tenant, 8, write)
    assert Counter(r for r in results if r is StaleVersion)[StaleVersion] == 7
    winner = next(r for r in results if r is not StaleVersion)
    clear_session()
    kept = service.get_ticket(ticket_id, actor=house.agent)
    assert (kept.category, kept.version) == (winner, version + 1)


def test_messages_never_conflict_and_each_counts(app, house):
    ticket = house.open()
    ticket_id, version, activity = ticket.id, ticket.version, ticket.activity

    def post(number: int):
        with transaction():
            return service.post_message(
                ticket_id, f"第 {number} 条", actor=house.agent, visibility="internal"
            ).id

    assert len(set(at_once(app, house.tenant, 8, post))) == 8
    clear_session()
    kept = service.get_ticket(ticket_id, actor=house.agent)
    assert (kept.version, kept.activity) == (version, activity + 8)
