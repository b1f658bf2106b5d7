"""A forwarder's desk with two carriers, orders taken by phone, and the ways to let parcels move."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from core.actors import OPERATOR, SYSTEM, Actor
from core.auth import service as accounts
from core.auth import signin
from core.clock import VirtualClock, virtual
from core.contacts.points import PointIn
from core.contacts.service import create_contact
from core.db import clear_session, db, transaction
from core.events import EventRow
from core.tenancy import Tenant
from core.tickets.models import Ticket
from core.work import JobRun
from plugins.logistics import carriers, detector, orders, shipments
from plugins.logistics.adapters import SIGNATURE, TIME, Report, signature
from plugins.logistics.models import Order, Shipment
from tests.conftest import client_at
from tests.desk.conftest import PASSWORD
from tests.tickets.conftest import House, build_house

MONDAY = datetime(2026, 11, 16, 2, 0, tzinfo=UTC)
"""Ten in the morning in Shanghai."""
KEY = "a key between us and the carrier"
FORM = {
    "sender_name": "方晓",
    "sender_phone": "13800003101",
    "sender_city": "杭州",
    "sender_address": "滨江区江南大道 100 号",
    "receiver_name": "石磊",
    "receiver_phone": "13800003202",
    "receiver_city": "成都",
    "receiver_address": "高新区天府大道 8 号 3 栋 1502",
    "goods": "茶具一套，易碎",
    "pieces": 1,
    "weight_kg": 3.5,
    "service": "standard",
    "kind": "casual",
    "payment": "prepaid",
    "freight": {"amount": 2300, "currency": "CNY"},
    "declared": {"amount": 80000, "currency": "CNY"},
}


def form(**changes: Any) -> dict[str, Any]:
    """A good order, some answers changed; None leaves one out."""
    return {key: value for key, value in (FORM | changes).items() if value is not None}


@dataclass
class Depot:
    """One tenant's logistics: two carriers, a customer, and what happens to his parcels."""

    house: House
    clock: VirtualClock
    customer: UUID
    sent: list[Report] = field(default_factory=list)

    @property
    def agent(self) -> Actor:
        return self.house.agent

    def order(self, carrier: str = "feiyi", *, submit: bool = True, **changes: Any) -> Order:
        """An order taken by the agent on the phone; submitted, it has its waybill."""
        with transaction():
            answers = orders.load_order(form(**changes))
            made = orders.take_order(
                answers, contact_id=self.customer, channel="phone", actor=self.agent
            )
            if submit:
                orders.submit_order(made, carrier, actor=self.agent)
        return made

    def step(self, order: Order, name: str, actor: Actor | None = None, **answers: Any) -> Order:
        """Take a step of the order's way at the version it has now."""
        with transaction():
            found = orders.lock_order(order.id)
            orders.move_order(
                found, name, answers, actor=actor or self.agent, version=found.version
            )
        return found

    def parcel(self, carrier: str = "feiyi", **changes: Any) -> Shipment:
        """The shipment of a paid and confirmed order."""
        order = self.order(carrier, **changes)
        self.step(order, "pay")
        self.step(order, "confirm")
        return shipments.shipment_of_order(order.id)

    def tell(
        self, shipment: Shipment, *codes: str, place: str = "", every: float = 1.0
    ) -> Shipment:
        """Let the carrier tell codes, one after the other, `every` hours."""
        for code in codes:
            self.clock.advance(timedelta(hours=every))
            report = Report(shipment.carrier_number, code, self.clock.at, place=place)
            with transaction():
                shipments.hear(
                    shipments.lock_shipment(shipment.id), [report], source="push", actor=SYSTEM
                )
        return self.now(shipment)

    def now(self, shipment: Shipment) -> Shipment:
        """The shipment as it stands."""
        db.session.expire_all()
        return shipments.get_shipment(shipment.id)

    def wait(self, **span: float) -> dict[str, Any]:
        """Let time pass, then let the detector look."""
        self.clock.advance(timedelta(**span))
        return self.detect()

    def detect(self) -> dict[str, Any]:
        run = Run(UUID(int=0), {})
        detector.detect(run)
        return run.result

    def tickets(self) -> list[Ticket]:
        """The exceptions' tickets, first to last."""
        query = sa.select(Ticket).where(Ticket.type == "logistics.exception").order_by(Ticket.id)
        return list(db.session.scalars(query))

    def facts(self, kind: str) -> list[dict[str, Any]]:
        """The payloads of the plugin's facts of a kind, first to last."""
        query = sa.select(EventRow).where(EventRow.type == f"logistics.{kind}")
        return [row.payload for row in db.session.scalars(query.order_by(EventRow.id))]


class Run(JobRun):
    """A run that nobody watches."""

    def progress(self, done: int, total: int) -> None:
        assert done <= total


@pytest.fixture
def clock() -> Any:
    with virtual(MONDAY) as made:
        yield made


@pytest.fixture
def house(tenant: Tenant, clock: VirtualClock) -> House:
    return build_house(tenant)


def furnish(house: House, clock: VirtualClock) -> Depot:
    """Two carriers and a customer for the tenant that is entered."""
    with transaction():
        for code, adapter, words in (
            ("feiyi", "push", "飞翼速运"),
            ("zhongda", "poll", "众达快递"),
        ):
            carriers.save_carrier(
                None,
                {"code": code, "adapter": adapter, "title": {"zh-CN": words}, "secret": KEY},
                version=None,
                actor=OPERATOR,
            )
        points = [PointIn("phone", "13800003101"), PointIn("mail", "fang@customer.example")]
        customer = create_contact(
            "方晓", points=points, locale="zh-CN", verified=True, actor=SYSTEM
        )
    return Depot(house, clock, customer.id)


@pytest.fixture
def depot(house: House, clock: VirtualClock) -> Depot:
    return furnish(house, clock)


def push_body(*events: dict[str, Any]) -> bytes:
    """A pushing carrier's message."""
    return json.dumps({"events": list(events)}, ensure_ascii=False).encode()


def signed(body: bytes, at: datetime, key: str = KEY) -> dict[str, str]:
    """The headers that a pushing carrier sends with it."""
    timestamp = str(int(at.timestamp()))
    return {
        TIME: timestamp,
        SIGNATURE: signature(key, timestamp, body),
        "Content-Type": "application/json",
    }


@pytest.fixture
def browser_of(app, house):
    """A browser of a new member of the desk's team; `get` and `post` answer with words."""

    def make(role: str = "agent"):
        mail = f"{role}@example.org"
        with transaction():
            accounts.create_user(
                mail, role, password=PASSWORD, roles=(role,), teams=(house.desk,), actor=OPERATOR
            )
        with transaction():
            made = signin.sign_in(mail, PASSWORD, ip="203.0.113.7", browser="a test")
        client = client_at(app, house.tenant)
        client.set_cookie("pd", made.secret, domain=f"{house.tenant.slug}.localhost")
        clear_session()
        return client

    return make
