"""Lists: filters and conditions, pages that neither skip nor repeat, and few queries whatever the size."""

from __future__ import annotations

import itertools
from datetime import timedelta

import pytest
import sqlalchemy as sa

from core import clock
from core.db import db, transaction
from core.errors import Invalid
from core.tickets import service
from core.tickets.listing import SORTS, TicketQuery
from core.tickets.models import PRIORITIES, Ticket


def fill(house, count: int) -> list[Ticket]:
    """Tickets of every priority, with and without a due time."""
    tickets = []
    for number, priority in zip(range(count), itertools.cycle(PRIORITIES), strict=False):
        ticket = house.open(priority=priority, subject=f"第 {number} 件", tags=(f"t{number % 3}",))
        with transaction():
            ticket.due_at = clock.now() + timedelta(minutes=number % 4) if number % 4 else None
        tickets.append(ticket)
    return tickets


@pytest.mark.parametrize("sort", sorted(SORTS))
def test_pages_neither_skip_nor_repeat(house, sort):
    made = {ticket.id for ticket in fill(house, 13)}
    query = TicketQuery(sort=sort)
    whole = [t.id for t in service.list_tickets(query, actor=house.agent, limit=100).items]
    seen, cursor, pages = [], "", 0
    while cursor is not None:
        page = service.list_tickets(query, actor=house.agent, cursor=cursor, limit=4)
        seen += [ticket.id for ticket in page.items]
        cursor, pages = page.next, pages + 1
    assert pages == 4
    assert seen == whole
    assert set(seen) == made
    assert len(seen) == 13


def test_the_sorts_mean_what_they_say(house):
    fill(house, 9)
    ranks = [
        (t.priority_rank, t.due_at is None, t.due_at or t.opened_at)
        for t in service.list_tickets(actor=house.agent).items
    ]
    assert ranks == sorted(ranks)
    newest = service.list_tickets(TicketQuery(sort="newest"), actor=house.agent).items
    assert [t.opened_at for t in newest] == sorted((t.opened_at for t in newest), reverse=True)


def test_a_cursor_of_another_query_or_a_forged_one_is_refused(house):
    fill(house, 3)
    page = service.list_tickets(actor=house.agent, limit=2)
    assert page.next is not None
    assert len(service.list_tickets(actor=house.agent, limit=2, cursor=page.next).items) == 1
    forged = ("x" + page.next[1:], page.next[:-1], "nonsense", "a.b")
    for cursor in forged:
        with pytest.raises(Invalid):
            service.list_tickets(actor=house.agent, cursor=cursor)
    with pytest.raises(Invalid):
        service.list_tickets(TicketQuery(status=("new",)), actor=house.agent, cursor=page.next)
    with pytest.raises(Invalid):
        service.list_tickets(TicketQuery(sort="strange"), actor=house.agent)


def test_filters_and_conditions_say_the_same(house):
    fill(house, 6)
    with transaction():
        service.accept(house.open().id, actor=house.agent, version=1)
    pairs = [
        (TicketQuery(priority=("critical",)), {"field": "priority", "is": "critical"}),
        (TicketQuery(tag=("T1",)), {"field": "tag", "is": "t1"}),
        (TicketQuery(tag=("t1", "t2")), {"field": "tag", "in": ["t1", "t2"]}),
        (TicketQuery(unassigned=True), {"field": "assignee_id", "empty": True}),
        (
            TicketQuery(assignee_id=(house.agent.id,)),
            {"field": "assignee_id", "is": str(house.agent.id)},
        ),
        (TicketQuery(status=("new",)), {"not": {"field": "status", "is": "open"}}),
        (TicketQuery(contact_id=house.contact_id), {"all": []}),
    ]
    for plain, condition in pairs:
        by_filter = service.list_tickets(plain, actor=house.agent).items
        by_condition = service.list_tickets(
            TicketQuery(condition=condition), actor=house.agent
        ).items
        assert [t.id for t in by_filter] == [t.id for t in by_condition]
        assert by_filter
        assert service.count_tickets(plain, actor=house.agent) == len(by_filter)
    untagged = TicketQuery(condition={"field": "tag", "empty": True})
    assert len(service.list_tickets(untagged, actor=house.agent).items) == 1
    past = {"field": "opened_at", "lt": (clock.now() - timedelta(days=1)).isoformat()}
    future = {"field": "opened_at", "lt": (clock.now() + timedelta(days=1)).isoformat()}
    assert service.count_tickets(TicketQuery(condition=past), actor=house.agent) == 0
    assert service.count_tickets(TicketQuery(condition=future), actor=house.agent) == 7
    for nonsense in (
        {"field": "password_hash", "is": "x"},
        {"field": "tag", "gt": 1},
        {"strange": 1},
    ):
        with pytest.raises(Invalid):
            service.list_tickets(TicketQuery(condition=nonsense), actor=house.agent)
    assert service.count_tickets(actor=house.agent, most=3) == 3


def test_the_number_of_queries_does_not_grow_with_the_list(house):
    def queries(limit: int) -> int:
        db.session.expire_all()
        seen: list[str] = []

        def note(_connection, _cursor, statement, *_more):
            seen.append(statement)

        sa.event.listen(db.engine, "before_cursor_execute", note)
        try:
            page = service.list_tickets(actor=house.agent, limit=limit)
            service.tags_of([ticket.id for ticket in page.items])
            assert [ticket.subject for ticket in page.items]
        finally:
            sa.event.remove(db.engine, "before_cursor_execute", note)
        assert len(page.items) == limit
        return len(seen)

    fill(house, 50)
    queries(1)
    few, many = queries(5), queries(50)
    assert many == few <= 12
