"""Who sees which ticket: the table of reaches, each line with somebody who does see it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.actors import SYSTEM, Actor, Reach
from core.contacts.links import LOOK_GRANTS, MATTER_GRANTS
from core.contacts.service import create_contact
from core.db import transaction
from core.errors import Forbidden, Invalid, NotFound
from core.tickets import service


def _with(actor: Actor, reach: Reach) -> Actor:
    grants = dict.fromkeys(("ticket:read", "ticket:write", "ticket:assign"), reach)
    return replace(actor, grants=grants)


@pytest.mark.parametrize("assigned", [False, True])
@pytest.mark.parametrize(
    ("reach", "seen"),
    [
        (Reach.OWN, set()),
        (Reach.TEAM, {"desk"}),
        (Reach.DEPARTMENT, {"desk", "evening"}),
        (Reach.ALL, {"desk", "evening", "works"}),
    ],
)
def test_the_table_of_reaches(house, reach, seen, assigned):
    tickets = {
        "desk": house.open(team_id=house.desk),
        "evening": house.open(team_id=house.evening),
        "works": house.open(team_id=house.works, actor=house.manager),
    }
    actor = _with(house.agent, reach)
    if assigned:
        with transaction():
            ticket = tickets["works"]
            service.assign(ticket.id, actor.id, actor=house.manager, version=ticket.version)
        seen = seen | {"works"}
    page = service.list_tickets(actor=actor)
    names = {ticket.id: name for name, ticket in tickets.items()}
    assert {names[ticket.id] for ticket in page.items} == seen
    assert service.count_tickets(actor=actor) == len(seen)
    assert sum(service.count_by("status", actor=actor).values()) == len(seen)
    for name, ticket in tickets.items():
        change = {"priority": "urgent"}
        if name in seen:
            assert service.get_ticket(ticket.id, actor=actor).id == ticket.id
            with transaction():
                service.patch_ticket(ticket.id, change, actor=actor, version=ticket.version)
        else:
            with pytest.raises(NotFound):
                service.get_ticket(ticket.id, actor=actor)
            with pytest.raises(NotFound):
                service.find_by_number(ticket.number, actor=actor)
            with pytest.raises(NotFound), transaction():
                service.patch_ticket(ticket.id, change, actor=actor, version=ticket.version)


def test_whoever_has_no_id_owns_nothing(house):
    ticket = house.open(team_id=house.desk)
    nobody = Actor(kind="app", grants={"ticket:read": Reach.OWN})
    assert service.list_tickets(actor=nobody).items == []
    with pytest.raises(NotFound):
        service.get_ticket(ticket.id, actor=nobody)
    someone = replace(nobody, grants={"ticket:read": Reach.ALL})
    assert service.get_ticket(ticket.id, actor=someone).id == ticket.id


def test_seeing_is_not_writing(house):
    ticket = house.open(team_id=house.works, actor=house.manager)
    onlooker = replace(house.agent, grants={"ticket:read": Reach.ALL, "ticket:write": Reach.TEAM})
    assert service.get_ticket(ticket.id, actor=onlooker).id == ticket.id
    for write in (
        lambda: service.patch_ticket(ticket.id, {"priority": "urgent"}, actor=onlooker, version=1),
        lambda: service.post_message(ticket.id, "x", actor=onlooker),
        lambda: service.assign(ticket.id, onlooker.id, actor=onlooker, version=1),
        lambda: service.merge(ticket.id, house.contact_id, actor=onlooker, version=1),
    ):
        with pytest.raises((Forbidden, NotFound)), transaction():
            write()
    assert service.offered_transitions(ticket, actor=onlooker) == []
    assert service.offered_transitions(ticket, actor=house.manager) != []
    with pytest.raises(Forbidden):
        service.get_ticket(ticket.id, actor=replace(onlooker, grants={}))


def test_work_handed_over_and_watched_tickets_are_seen(house):
    ticket, other = house.open(), house.open()
    assert service.list_tickets(actor=house.outsider).items == []
    slip = {"department": str(house.works_department), "reason": "expertise", "summary": "需要维修"}
    with transaction():
        service.hand_over(ticket.id, slip, actor=house.agent, version=ticket.version)
    assert [t.id for t in service.list_tickets(actor=house.outsider).items] == [ticket.id]
    with transaction():
        service.watch(other.id, actor=house.manager, user_id=house.outsider.id)
    assert {t.id for t in service.list_tickets(actor=house.outsider).items} == {ticket.id, other.id}
    with pytest.raises(Forbidden), transaction():
        service.post_message(other.id, "watching is not working", actor=house.outsider)
    with transaction():
        service.post_message(ticket.id, "我们来处理。", actor=house.outsider)


def test_a_customer_sees_his_own_matters(house):
    with transaction():
        stranger = create_contact("别人", actor=SYSTEM)
    mine, also = house.open(), house.open()
    theirs = house.open(contact_id=stranger.id)
    assert {t.id for t in service.list_tickets(actor=house.customer).items} == {mine.id, also.id}
    with pytest.raises(NotFound):
        service.get_ticket(theirs.id, actor=house.customer)
    by_link = replace(house.customer, ticket_id=mine.id)
    assert [t.id for t in service.list_tickets(actor=by_link).items] == [mine.id]
    with pytest.raises(NotFound):
        service.get_ticket(also.id, actor=by_link)
    with transaction():
        service.post_message(mine.id, "你好", actor=by_link)
    for write in (
        lambda: service.patch_ticket(
            mine.id, {"priority": "critical"}, actor=by_link, version=mine.version
        ),
        lambda: service.assign(mine.id, None, actor=by_link, version=mine.version),
        lambda: service.post_message(mine.id, "x", actor=by_link, visibility="internal"),
    ):
        with pytest.raises(Forbidden), transaction():
            write()


def test_a_masked_look_up_only_looks(house):
    ticket = house.open()
    looker = Actor(kind="contact", id=house.contact_id, grants=LOOK_GRANTS, ticket_id=ticket.id)
    assert service.get_ticket(ticket.id, actor=looker).id == ticket.id
    assert service.offered_transitions(ticket, actor=looker) == []
    assert service.offered_transitions(ticket, actor=replace(looker, grants=MATTER_GRANTS)) != []
    for attempt in (
        lambda: service.timeline(ticket, actor=looker),
        lambda: service.post_message(ticket.id, "x", actor=looker),
        lambda: house.open(actor=looker),
    ):
        with pytest.raises(Forbidden), transaction():
            attempt()


def test_customers_open_only_what_the_portal_offers(house):
    opened = house.open(actor=house.customer, contact_id=None, team_id=None, channel="web")
    assert opened.contact_id == house.contact_id
    assert opened.team_id is not None, "every ticket has a team"
    with pytest.raises(Forbidden):
        house.open(actor=house.auditor)
    with pytest.raises(Invalid):
        house.open(actor=house.customer, type="strange")
