"""Across tenants nothing is seen, and what a tenant switched off stays readable."""

from __future__ import annotations

import pytest

from core.db import db, transaction
from core.errors import NotFound, NotOffered, PluginUnavailable
from core.plugins import catalog
from core.tenancy import as_tenant, find_tenant
from core.tickets import service, visibility
from core.tickets.listing import TicketQuery
from core.tickets.models import Ticket
from core.tickets.moving import CORE_CLOSE
from tenants import service as tenants_service
from tests.tickets.conftest import build_house


def test_another_tenants_ticket_is_not_there(make_tenant):
    ours, theirs = make_tenant(), make_tenant()
    with as_tenant(ours):
        house = build_house(ours)
        ticket = house.open()
        ticket_id, number, manager = ticket.id, ticket.number, house.manager
        assert service.get_ticket(ticket_id, actor=manager).id == ticket_id
        cursor_home = service.list_tickets(actor=manager)
        assert [found.id for found in cursor_home.items] == [ticket_id]
    with as_tenant(theirs):
        other = build_house(theirs)
        for actor in (other.manager, manager):
            with pytest.raises(NotFound):
                service.get_ticket(ticket_id, actor=actor)
            with pytest.raises(NotFound):
                service.find_by_number(number, actor=actor)
            assert service.list_tickets(TicketQuery(sort="newest"), actor=actor).items == []
        twin = other.open()
        assert twin.number == number, "numbers count per tenant"
        assert twin.id != ticket_id


def _switchable() -> str:
    return next(name for name, passport in catalog().plugins.items() if not passport.always_on)


def test_a_ticket_of_a_plugin_that_is_off_can_be_finished_by_core(make_tenant):
    plugin = _switchable()
    tenant = make_tenant(plugin)
    with as_tenant(find_tenant(tenant.slug)):
        house = build_house(tenant)
        ticket = house.open()
        with transaction():
            ticket.type = f"{plugin}.matter"
        with pytest.raises(NotOffered), transaction():
            service.close_plainly(ticket.id, actor=house.manager, version=ticket.version)
        assert len(service.offered_transitions(ticket, actor=house.agent)) > 1
        ticket_id = ticket.id
        with transaction():
            tenants_service.disable_plugin(plugin, actor=house.manager)
    with as_tenant(find_tenant(tenant.slug)):
        ticket = service.get_ticket(ticket_id, actor=house.agent)
        offered = service.offered_transitions(ticket, actor=house.agent)
        assert [way.name for way in offered] == [CORE_CLOSE]
        assert service.offered_transitions(ticket, actor=house.customer) == []
        with transaction():
            service.post_message(ticket.id, "您好", actor=house.agent)
            service.accept(ticket.id, actor=house.agent, version=ticket.version)
        assert ticket.state == "new", "the system takes no transition of a plugin that is off"
        with pytest.raises(NotFound):
            house.move(ticket, "start")
        house.move(ticket, CORE_CLOSE)
        assert (ticket.status, ticket.closed_at is None) == ("closed", False)
        assert "ticket.closed" in {
            entry.event.type for entry in service.timeline(ticket, actor=house.agent) if entry.event
        }


def test_tickets_of_a_package_that_is_gone_are_for_reach_all(make_tenant, monkeypatch):
    plugin = _switchable()
    tenant = make_tenant(plugin)
    with as_tenant(find_tenant(tenant.slug)):
        house = build_house(tenant)
        ticket = house.open()
        with transaction():
            ticket.type = f"{plugin}.matter"
        assert service.get_ticket(ticket.id, actor=house.agent).id == ticket.id
        monkeypatch.delitem(catalog().plugins, plugin)
        monkeypatch.setattr(visibility, "ask", lambda *_args, **_more: [])
        assert service.get_ticket(ticket.id, actor=house.manager).id == ticket.id
        with pytest.raises(NotFound):
            service.get_ticket(ticket.id, actor=house.agent)


def test_when_a_plugin_cannot_say_what_it_hides_nothing_is_shown(make_tenant, monkeypatch):
    tenant = make_tenant()
    with as_tenant(tenant):
        house = build_house(tenant)
        ticket = house.open()
        assert len(service.list_tickets(actor=house.manager).items) == 1

        def failing(hook: str, **_arguments):
            raise PluginUnavailable("sleepy", hook)

        monkeypatch.setattr(visibility, "ask", failing)
        page = service.list_tickets(actor=house.manager)
        assert (page.items, page.notice) == ([], "sleepy")
        assert service.count_tickets(actor=house.manager) == 0
        with pytest.raises(NotFound) as refused:
            service.get_ticket(ticket.id, actor=house.manager)
        assert refused.value.data["notice"] == "sleepy"


def test_a_plugin_can_only_narrow(make_tenant, monkeypatch):
    tenant = make_tenant()
    with as_tenant(tenant):
        house = build_house(tenant)
        house.open(priority="critical")
        hidden = house.open()
        rule = [Ticket.priority == "critical"]
        monkeypatch.setattr(visibility, "ask", lambda *_args, **_more: rule)
        shown = service.list_tickets(actor=house.manager).items
        assert [ticket.priority for ticket in shown] == ["critical"]
        with pytest.raises(NotFound):
            service.get_ticket(hidden.id, actor=house.customer)
        assert db.session.get(Ticket, (tenant.id, hidden.id)) is not None
