"""The demonstration: fictional carriers, sixty days of orders and parcels, exceptions found, handled and over."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from core.sdk import SYSTEM, Contact, db, play, points_of, staff
from plugins.logistics import carriers, orders, shipments
from plugins.logistics.parcels import FATES, Parcel, tell
from plugins.logistics.workflow import WRITE_ORDERS
from plugins.logistics.yard import Yard, answers_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from core.sdk import Tenant, VirtualClock

DATA = Path(__file__).parent / "data"
DAYS = 60
Step = tuple["datetime", "Callable[[], None]"]


def seed(tenant: Tenant, clock: VirtualClock) -> None:
    """Fill a company that has a file, once."""
    path = DATA / f"{tenant.slug}.json"
    if not path.exists() or carriers.list_carriers():
        return
    yard = _open(json.loads(path.read_text(encoding="utf-8")))
    play(clock, list(_past(yard, clock.at)))


def _open(told: dict[str, Any]) -> Yard:
    chance = Random(f"logistics-{len(told['carriers'])}")  # noqa: S311  a story's dice, no secret
    people = [actor for actor in staff(WRITE_ORDERS) if actor.team_ids]
    contacts = db.session.scalars(sa.select(Contact).order_by(Contact.id)).all()
    points = points_of([contact.id for contact in contacts])
    senders = [
        (contact, next(point.value for point in points[contact.id] if point.kind == "phone"))
        for contact in contacts
        if any(point.kind == "phone" for point in points[contact.id])
    ]
    yard = Yard(told, chance, people, senders)
    for row in told["carriers"]:
        made = carriers.save_carrier(None, row, version=None, actor=SYSTEM)
        yard.accounts[made.code] = made
    db.session.flush()  # the meanings are read from the table
    yard.meanings = {
        code: shipments.meanings_of(account.id) for code, account in yard.accounts.items()
    }
    return yard


def _past(yard: Yard, present: datetime) -> Iterator[Step]:
    """Every order and what became of it, each at its own time."""
    fates = [fate for fate, count in FATES for _ in range(count)]
    yard.chance.shuffle(fates)
    for index, fate in enumerate(fates):
        parcel = Parcel(yard, index, fate, _begin(yard, fate, present))
        yield from tell(parcel, present)
    for index in range(3):
        at = present - timedelta(hours=2 + index)
        yield at, _draft(yard, index)


def _begin(yard: Yard, fate: str, present: datetime) -> datetime:
    """When the order came: what is under way came lately, the rest within sixty days, in office hours."""
    recent = {
        "pending": 3, "info_received": 8, "pickup_missed": 20, "picked_up": 14, "in_transit": 30, "at_depot": 44,
        "out_for_delivery": 48, "available_for_pickup": 50, "attempt_failed": 52, "cancelled": 60,
        "silent_now": 80, "customs_now": 130, "returning": 62, "expired": 700,
    }  # fmt: skip
    if fate in recent:
        return present - timedelta(hours=recent[fate] + yard.chance.random() * 4)
    oldest, newest = DAYS * 24 - 30, 9 * 24
    hours = newest + yard.chance.random() * (oldest - newest)
    day = (present - timedelta(hours=hours)).replace(hour=1, minute=0, second=0, microsecond=0)
    return day + timedelta(minutes=yard.chance.randrange(8 * 60))


def _draft(yard: Yard, index: int) -> Callable[[], None]:
    def keep() -> None:
        contact, phone = yard.senders[index]
        answers = answers_for(yard, contact.display_name, phone)
        orders.take_order(answers, contact_id=contact.id, channel="phone", actor=yard.agents[0])

    return keep
