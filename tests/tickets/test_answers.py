"""Whose table an answer goes to: a plugin's by its own code, a tenant's added question into `extra`."""

from __future__ import annotations

import pytest

from core import definitions
from core.bodies import to_body
from core.db import clear_session, db, transaction
from core.errors import Invalid, Problem
from core.tenancy import as_tenant, find_tenant
from core.tickets import moving, opening, service
from core.tickets.models import Ticket
from tests.tickets.conftest import build_house


def test_a_plugins_own_code_keeps_a_transitions_answers(house, monkeypatch):
    kept: list[tuple] = []

    def effect(ticket, answers, actor):
        kept.append((ticket.state, answers, actor.id))
        if answers["solution"] == "bad":
            raise Invalid(Problem(field="form.solution", message="forms.error.own"))

    monkeypatch.setitem(moving._effects, ("ticket", "resolve"), effect)
    ticket = house.open(category="screen")
    with pytest.raises(Invalid):
        house.move(ticket, "resolve", solution="bad")
    db.session.refresh(ticket)
    assert ticket.state == "new", "a refused effect undoes the move"
    notes = len(service.messages(ticket, actor=house.agent))
    house.move(ticket, "resolve", solution="重启")
    assert kept[-1] == ("resolved", {"solution": "重启"}, house.agent.id)
    assert len(service.messages(ticket, actor=house.agent)) == notes, "no note beside the effect"


def test_a_customers_answers_are_his_message(house):
    ticket = house.open()
    house.move(ticket, "withdraw", actor=house.customer, remark="不用了")
    said = service.messages(ticket, actor=house.customer)[-1]
    assert (said.author_kind, said.visibility) == ("contact", "public")
    assert "不用了" in said.body_text


def test_a_question_that_a_tenant_added_is_answered_into_extra(make_tenant, monkeypatch):
    kept: list[dict] = []
    monkeypatch.setitem(
        opening._intakes, "problem", lambda _ticket, answers, _actor: kept.append(answers)
    )
    tenant = make_tenant()
    with as_tenant(find_tenant(tenant.slug)):
        house = build_house(tenant)
        old = house.open(form={"expectation": "更换"})
        old_id, old_version = old.id, old.form_version
        body = to_body(definitions.get("form", "problem"))
        added = {"name": "shelf", "kind": "text", "title": {"zh-CN": "货架"}, "required": True}
        body["fields"] = [*body["fields"], added]
        with transaction():
            definitions.edit("form", "problem", body, actor=house.manager)
    with as_tenant(find_tenant(tenant.slug)):
        with pytest.raises(Invalid) as refused:
            house.open()
        assert [p.field for p in refused.value.problems] == ["form.shelf"]
        ticket = house.open(form={"expectation": "退款", "shelf": "A3"})
        assert ticket.extra == {"shelf": "A3"}
        assert kept == [{"expectation": "更换"}, {"expectation": "退款"}]
        assert ticket.form_version != old_version
        clear_session()
        kept_old = db.session.get(Ticket, (tenant.id, old_id))
        assert kept_old.form_version == old_version, "an open ticket stays on its version"
