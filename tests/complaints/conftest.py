"""A desk with a complaint on it, and the ways to take it further."""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from PIL import Image

from core.actors import OPERATOR, Actor
from core.attachments import service as attachments
from core.auth import service as accounts
from core.auth import signin
from core.clock import VirtualClock, virtual
from core.contacts.links import MATTER_GRANTS
from core.db import clear_session, db, transaction
from core.errors import Invalid
from core.events import EventRow
from core.tenancy import Tenant, as_tenant
from core.tickets import service as tickets
from core.tickets.models import Ticket
from tests.conftest import client_at
from tests.desk.conftest import PASSWORD
from tests.tickets.conftest import House, build_house

MONDAY = datetime(2026, 11, 16, 2, 0, tzinfo=UTC)
"""Ten in the morning in Shanghai."""
WORDS = "负二层排水沟两次返水，水深没过脚面。"


def picture(colour: str = "red", form: str = "JPEG") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (80, 60), colour).save(out, form)
    return out.getvalue()


@dataclass
class Case:
    """One complaint, followed by its newest version."""

    house: House
    clock: VirtualClock
    ticket: Ticket
    customer: Actor

    def move(self, name: str, actor: Actor | None = None, **answers: Any) -> Ticket:
        with transaction():
            self.ticket = tickets.move_ticket(
                self.ticket.id,
                name,
                answers,
                actor=actor or self.house.agent,
                version=self.ticket.version,
            )
        self.clock.advance(timedelta(minutes=1))
        return self.ticket

    def upload(self, content: bytes, name: str, actor: Actor | None = None) -> str:
        with transaction():
            row = attachments.store_upload(content, name, actor=actor or self.house.agent)
            return str(row.id)

    def answers(self, name: str, **changes: Any) -> dict[str, Any]:
        """Good answers to the form of a transition, some of them changed; None leaves one out."""
        good: dict[str, dict[str, Any]] = {
            "assess": {
                "grade": "general",
                "safety": False,
                "complexity": "low",
                "impact": "medium",
                "immediate": False,
            },
            "uphold": {
                "finding": "founded",
                "reason_sufficient": True,
                "demand_reasonable": True,
                "grounds": "合同第 12 条约定",
                "department": str(self.house.works_department),
                "promised_at": (self.clock.at + timedelta(days=2)).isoformat(),
            },
            "reject": {
                "reason_sufficient": False,
                "demand_reasonable": False,
                "grounds": "现场核实，沟渠畅通。",
                "appeal_path": "可向客服经理申诉",
                "cause_group": "customer",
            },
            "conclude": {
                "facts": "排水沟被堵塞",
                "facts_true": True,
                "purpose": "希望彻底处理",
                "reason_sound": True,
                "analysis": "月检漏检",
                "demand_legitimate": True,
                "cause_group": "product",
                "cause": "浮球开关失灵",
                "responsible": "钱大明",
            },
            "propose_plan": {
                "root_cause": "浮球开关失灵，月检漏检",
                "measures": [
                    {
                        "measure": "更换浮球开关",
                        "department": str(self.house.works_department),
                        "responsible": "孙立",
                        "due_at": (self.clock.at + timedelta(days=1)).isoformat(),
                    },
                    {
                        "measure": "清掏排水沟",
                        "responsible": "孙立",
                        "due_at": (self.clock.at + timedelta(days=2)).isoformat(),
                    },
                ],
                "contact_points": "每日 17:00 电话告知进度",
            },
            "approve_plan": {"note": "同意按方案执行"},
            "return_plan": {"note": "补充预防措施"},
            "return_to_investigation": {"note": "原因不清"},
            "accept_plan": {},
            "decline_plan": {"words": "太慢了"},
            "report_result": {"report": "试水 30 分钟无返水"},
            "confirm_result": {"signature": {"typed_name": "林晓雯"}, "words": "同意"},
            "dispute_result": {"words": "今早又返水"},
            "follow_up": {
                "channel": "phone",
                "reached": True,
                "speed": "5",
                "effect": "4",
                "attitude": "5",
            },
            "appeal": {"words": "沟渠并不畅通"},
            "grant_appeal": {"grounds": "复核属实"},
            "dismiss_appeal": {"grounds": "复核无误"},
        }
        found = good.get(name, {}) | changes
        return {key: value for key, value in found.items() if value is not None}

    def go(self, *names: str) -> Ticket:
        """Take these steps by those whose part it is."""
        for name in names:
            self.move(name, self.who(name), **self.answers(name))
        return self.ticket

    def who(self, name: str) -> Actor:
        if name in {"approve_plan", "return_plan", "return_to_investigation"}:
            return self.house.supervisor
        if name in {"grant_appeal", "dismiss_appeal"}:
            return self.house.manager
        if name in {
            "accept_plan",
            "decline_plan",
            "confirm_result",
            "dispute_result",
            "appeal",
        }:
            return self.customer
        return self.house.agent


TO_JUDGE = ("acknowledge", "assess")
TO_INVESTIGATE = (*TO_JUDGE, "uphold")
TO_PLAN = (*TO_INVESTIGATE, "conclude")
TO_APPROVE = (*TO_PLAN, "propose_plan")
TO_ACCEPT = (*TO_APPROVE, "approve_plan")
TO_RESULT = (*TO_ACCEPT, "accept_plan", "start")
TO_SIGN = (*TO_RESULT, "report_result")
TO_FOLLOW = (*TO_SIGN, "confirm_result")
TO_CLOSE = (*TO_FOLLOW, "follow_up")


def intake(**changes: Any) -> dict[str, Any]:
    """Good answers to the intake form."""
    good = {"name": "林晓雯", "phone": "13800138000", "description": WORDS}
    return {key: value for key, value in (good | changes).items() if value is not None}


def new_complaint(**changes: Any) -> tickets.NewTicket:
    values = {
        "type": "complaints.complaint",
        "subject": "排水沟返水",
        "description": WORDS,
        "form": intake(),
    }
    return tickets.NewTicket(**(values | changes))


@pytest.fixture
def tenant(make_tenant: Any) -> Any:
    """A tenant with complaints and no industry: whatever packs others bring is tried in their own rooms."""
    made = make_tenant("complaints")
    with as_tenant(made):
        yield made


@pytest.fixture
def clock() -> Any:
    with virtual(MONDAY) as made:
        yield made


@pytest.fixture
def house(tenant: Tenant, clock: VirtualClock) -> House:
    return build_house(tenant)


@pytest.fixture
def case(house: House, clock: VirtualClock) -> Case:
    """A complaint that its customer has just sent from the portal."""
    with transaction():
        ticket = tickets.open_ticket(
            new_complaint(team_id=house.desk, channel="web"), actor=house.customer
        )
    by_link = Actor(
        kind="contact",
        id=house.contact_id,
        name="林晓雯",
        grants=MATTER_GRANTS,
        ticket_id=ticket.id,
    )
    return Case(house, clock, ticket, by_link)


def wrong(case: Case, name: str, **changes: Any) -> set[str]:
    """The fields that a transition complains about; the same with good answers is tried afterwards."""
    with pytest.raises(Invalid) as caught:
        case.move(name, case.who(name), **case.answers(name, **changes))
    return {problem.field.removeprefix("form.") for problem in caught.value.problems}


def refused(case: Case, name: str) -> str:
    """The guard's word against a transition."""
    with pytest.raises(Invalid) as caught:
        case.go(name)
    return str(caught.value.problems[0].message).removeprefix("complaints.error.")


def said(case: Case) -> list[str]:
    return [message.body_text for message in tickets.messages(case.ticket, actor=case.customer)]


def event(case: Case, kind: str) -> dict[str, Any]:
    query = sa.select(EventRow).where(
        EventRow.subject_id == case.ticket.id, EventRow.type == f"complaints.{kind}"
    )
    return db.session.scalars(query).one().payload


@pytest.fixture
def desk_of(app: Flask, house: House) -> Any:
    """A desk page as a new member of the desk's team sees it."""

    def make(name: str, role: str) -> Any:
        mail = f"{name}@example.org"
        with transaction():
            accounts.create_user(
                mail, name, password=PASSWORD, roles=(role,), teams=(house.desk,), actor=OPERATOR
            )
        with transaction():
            signed = signin.sign_in(mail, PASSWORD, ip="203.0.113.7", browser="a test")
        client = client_at(app, house.tenant)
        client.set_cookie("pd", signed.secret, domain=f"{house.tenant.slug}.localhost")

        def get(path: str = "/x/complaints/", status: int = 200) -> str:
            answer = client.get(path)
            assert answer.status_code == status, answer.text[:500]
            clear_session()
            return unescape(answer.text)

        return get

    return make
