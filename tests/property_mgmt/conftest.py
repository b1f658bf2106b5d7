"""An estate with homes, residents and contractors; a repair to follow from the report to the signature."""

from __future__ import annotations

import io
from contextvars import Context
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from PIL import Image

from core.actors import SYSTEM, Actor
from core.attachments import service as attachments
from core.auth import service as accounts
from core.clock import VirtualClock, virtual
from core.contacts.links import MATTER_GRANTS, live_link
from core.contacts.points import PointIn
from core.contacts.service import create_contact
from core.db import db, transaction
from core.events import EventRow
from core.tenancy import Tenant
from core.tickets import service as tickets
from core.tickets.models import Ticket
from plugins.property_mgmt import contractors, estates, orders, residents
from plugins.property_mgmt.models import Contractor
from plugins.property_mgmt.work_models import WorkOrder
from tests.tickets.conftest import House, build_house

MONDAY = datetime(2026, 11, 16, 2, 0, tzinfo=UTC)
"""Ten in the morning in Shanghai."""


def picture(colour: str = "red", form: str = "JPEG") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (80, 60), colour).save(out, form)
    return out.getvalue()


@dataclass(frozen=True)
class Known:
    """A row's plain values: requests of a client leave no row behind."""

    id: UUID
    code: str = ""
    building_id: UUID | None = None


@dataclass
class Home:
    """A company that looks after one estate, and what a test does with it."""

    house: House
    clock: VirtualClock
    unit: Known
    other: Known
    firm: Known
    second: Known
    resident_id: UUID
    offers: dict[UUID, Any] = field(default_factory=dict)

    @property
    def resident(self) -> Actor:
        """The resident, signed in."""
        return Actor(
            kind="contact", id=self.resident_id, name="林晓雯", grants=MATTER_GRANTS, locale="zh-CN"
        )

    def report(self, **changes: Any) -> Ticket:
        """A repair that the resident reports from the portal."""
        form = {
            "unit": self.unit.code,
            "trade": "water",
            "description": "厨房水槽下面一直滴水。",
            "name": "林晓雯",
            "phone": "13800006021",
        }
        form |= changes.pop("form", {})
        values: dict[str, Any] = {
            "type": "property_mgmt.repair",
            "subject": "厨房漏水",
            "description": form["description"],
            "team_id": self.house.desk,
            "channel": "web",
            "form": form,
        }
        actor = changes.pop("actor", self.resident)
        with transaction():
            return tickets.open_ticket(tickets.NewTicket(**(values | changes)), actor=actor)

    def order(self, ticket: Ticket) -> WorkOrder:
        """The newest work order of a ticket."""
        return orders.orders_at([ticket.id])[-1]

    def by_link(self, ticket: Ticket) -> Actor:
        """Whoever holds the ticket's secret link."""
        link = live_link(ticket.id)
        assert link
        return Actor(
            kind="contact",
            id=link.contact_id,
            name="林晓雯",
            grants=MATTER_GRANTS,
            ticket_id=ticket.id,
        )

    def upload(self, actor: Actor, name: str = "a.jpg", content: bytes = b"") -> str:
        with transaction():
            row = attachments.store_upload(content or picture(), name, actor=actor)
            return str(row.id)

    def contractor(self, firm: Known | None = None) -> Actor:
        return contractors.speaks_as(estates.row_of(Contractor, (firm or self.firm).id))

    def answers(self, name: str) -> dict[str, Any]:
        """Good answers to the form of a move."""
        good: dict[str, dict[str, Any]] = {
            "triage": {"trade": "water", "priority": "urgent", "task": "更换水槽下水管"},
            "reject": {"said": "不在物业维修范围"},
            "quote": {"amount": {"amount": 86_000, "currency": "CNY"}, "payer": "company"},
            "return_quote": {"said": "请重新报价"},
            "approve": {},
            "dispatch": {"contractor": str(self.firm.id)},
            "recall": {"said": "改派"},
            "decline": {"said": "今天排满了"},
            "wait_parts": {"said": "缺一个三角阀", "until": "2026-11-18"},
            "finish": {"result": "更换下水管，试水无渗漏"},
            "sign": {"signature": {"typed_name": "林晓雯"}, "words": "修好了"},
            "verify": {"given_by": "phone", "said": "业主电话确认"},
            "rate": {"speed": "5", "effect": "4", "attitude": "5"},
            "reopen": {"said": "又漏了"},
            "cancel": {"said": "业主自己修好了"},
        }
        return good.get(name, {})

    def who(self, name: str, order: WorkOrder) -> tuple[Actor, Any]:
        """Whose part a move is."""
        if name in {"sign", "rate", "reopen"}:
            ticket = db.session.get_one(Ticket, (order.tenant_id, order.ticket_id))
            return self.by_link(ticket), orders.RESIDENT
        if name in orders.CONTRACTOR:
            return self.contractor(), orders.CONTRACTOR
        if name in {"auto_verify", "auto_close"}:
            return SYSTEM, None
        if name in {"approve", "return_quote"}:
            return self.house.supervisor, None
        return self.house.agent, None

    def take(
        self, order: WorkOrder, name: str, actor: Actor | None = None, **more: Any
    ) -> WorkOrder:
        """Take a move with good answers, some of them changed."""
        usual, part = self.who(name, order)
        given = self.answers(name) | more
        if name == "finish" and "photos" not in given:
            given["photos"] = [self.upload(actor or usual)]
        with transaction():
            order = orders.take(
                order.id, name, {k: v for k, v in given.items() if v is not None},
                actor=actor or usual, version=order.version, part=None if actor else part,
            )  # fmt: skip
        self.clock.advance(timedelta(minutes=5))
        return order

    def go(self, order: WorkOrder, *names: str) -> WorkOrder:
        for name in names:
            order = self.take(order, name)
        return order


TO_DISPATCH = ("triage", "dispatch")
TO_WORK = (*TO_DISPATCH, "accept", "arrive", "start")
TO_DONE = (*TO_WORK, "finish")


def event(ticket: Ticket, kind: str) -> dict[str, Any]:
    query = sa.select(EventRow).where(
        EventRow.subject_id == ticket.id, EventRow.type == f"property_mgmt.{kind}"
    )
    return db.session.scalars(query).one().payload


@pytest.fixture
def clock() -> Any:
    with virtual(MONDAY) as made:
        yield made


@pytest.fixture
def house(tenant: Tenant, clock: VirtualClock) -> House:
    return build_house(tenant)


@pytest.fixture
def admin(house: House) -> Actor:
    with transaction():
        user = accounts.create_user(
            "admin@example.com", "周岚", roles=("admin",), teams=(house.desk,), actor=SYSTEM
        )
        return accounts.actor_for(user)


@pytest.fixture
def home(house: House, admin: Actor, clock: VirtualClock) -> Home:
    with transaction():
        estate = estates.add_estate(
            {"code": "JL", "name": "锦澜花园", "service_grade": 1}, actor=admin
        )
        building = estates.add_building(
            {"estate_id": estate.id, "code": "3", "name": "3栋"}, actor=admin
        )
        unit = estates.add_unit(
            {"building_id": building.id, "number": "1-1802", "area_cm2": 1_186_000}, actor=admin
        )
        other = estates.add_unit({"building_id": building.id, "number": "1-1803"}, actor=admin)
        contact = create_contact(
            "林晓雯", points=[PointIn("phone", "+8613800006021")], verified=True, actor=SYSTEM
        )
        db.session.flush()
        residents.move_in(
            {"unit_id": unit.id, "contact_id": contact.id, "role": "owner"}, actor=admin
        )
        firm = contractors.add_contractor("清源管道", "+8613800009001", ["water"], actor=admin)
        second = contractors.add_contractor(
            "明光电气", "+8613800009002", ["power", "water"], actor=admin
        )
        homes = (Known(row.id, row.code, building.id) for row in (unit, other))
        firms = (Known(row.id) for row in (firm, second))
        return Home(house, clock, *homes, *firms, contact.id)


@pytest.fixture
def stranger(make_tenant: Any, app: Any) -> Tenant:
    """Another company with the plugin, made outside of the one that the test is in."""

    def make() -> Tenant:
        with app.app_context():
            made: Tenant = make_tenant("complaints", "property_mgmt")
            return made

    return Context().run(make)
