"""What counts as an exception (异常): each rule names its parcels by an index walk, and says when it is over."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from core.sdk import now, settings
from plugins.logistics.canonical import (
    AT_DEPOT,
    CUSTOMS,
    EXCEPTION,
    EXPIRED,
    FAILED,
    IN_TRANSIT,
    OUT,
    PENDING,
    PICKED_UP,
    RETURNING,
)
from plugins.logistics.models import Shipment

if TYPE_CHECKING:
    from collections.abc import Callable

MOVING = (PICKED_UP, IN_TRANSIT, AT_DEPOT, OUT, FAILED, RETURNING)
BAD = (EXCEPTION, EXPIRED)
WAITING = (PENDING, "info_received")
TWICE = 2


@dataclass(frozen=True)
class Rule:
    """One kind of exception: which parcels (by a condition at the present), from when it counts, when it is over.

    `anchor` makes it once per exception: the same parcel with the same anchor is never reported twice.
    """

    kind: str
    priority: str
    finds: Callable[[dict[str, Any]], sa.ColumnElement[bool]]
    anchor: Callable[[Shipment], str]
    over: Callable[[Shipment, str], bool]


def _ago(hours: float) -> datetime:
    return now() - timedelta(hours=hours)


def _silent_for(name: str) -> Callable[[dict[str, Any]], sa.ColumnElement[bool]]:
    return lambda told: sa.and_(Shipment.status.in_(MOVING), Shipment.heard_at <= _ago(told[name]))


def _text(at: datetime | None) -> str:
    return at.isoformat(timespec="seconds") if at else ""


def _heard(shipment: Shipment) -> str:
    return _text(shipment.heard_at)


def _spoke_again(shipment: Shipment, anchor: str) -> bool:
    return not shipment.open or _heard(shipment) > anchor


def _far_too_late(told: dict[str, Any]) -> sa.ColumnElement[bool]:
    """Complete delay (彻底延误, GB/T 27917, STD-15): days after the promise, fewer within a city."""
    near = sa.and_(
        Shipment.from_city == Shipment.to_city,
        Shipment.promised_at <= _ago(24 * told["overdue_city_days"]),
    )
    far = Shipment.promised_at <= _ago(24 * told["overdue_far_days"])
    # What the carrier reported, or the customer disputed, has an exception of its own.
    return sa.and_(Shipment.status.not_in(BAD), sa.or_(near, far))


RULES = (
    Rule("silent", "normal", _silent_for("silence_hours"), _heard, _spoke_again),
    Rule("silent_long", "urgent", _silent_for("silence_urgent_hours"), _heard, _spoke_again),
    Rule(
        "failed_twice",
        "normal",
        lambda _told: sa.and_(Shipment.status == FAILED, Shipment.attempts >= TWICE),
        lambda shipment: str(shipment.attempts // TWICE * TWICE),
        lambda shipment, _anchor: shipment.status != FAILED,
    ),
    # SL-33: the salesman fetches the parcel within the time that was agreed.
    Rule(
        "pickup_missed",
        "urgent",
        lambda _told: sa.and_(Shipment.status.in_(WAITING), Shipment.pickup_by < now()),
        lambda shipment: _text(shipment.pickup_by),
        lambda shipment, anchor: (
            shipment.status not in WAITING or _text(shipment.pickup_by) != anchor
        ),
    ),
    Rule(
        "customs_stuck",
        "normal",
        lambda told: sa.and_(
            Shipment.status == CUSTOMS, Shipment.since <= _ago(told["customs_hours"])
        ),
        lambda shipment: _text(shipment.since),
        lambda shipment, _anchor: shipment.status != CUSTOMS,
    ),
    Rule(
        "overdue",
        "urgent",
        _far_too_late,
        lambda shipment: _text(shipment.promised_at),
        lambda shipment, _anchor: not shipment.open,
    ),
    Rule(
        "reported",
        "urgent",
        lambda _told: sa.and_(Shipment.status.in_(BAD), Shipment.sub != "dispute"),
        lambda shipment: _text(shipment.since),
        lambda shipment, _anchor: shipment.status not in BAD,
    ),
)
# No rule finds it: the customer says so.
NOT_RECEIVED = Rule(
    "not_received",
    "urgent",
    lambda _told: Shipment.id.is_(None),
    lambda shipment: _text(shipment.since),
    lambda shipment, _anchor: shipment.status == "delivered",
)
# Nor this one: the desk asks for it, each time anew (LG-08).
INTERCEPT = Rule(
    "intercept",
    "urgent",
    lambda _told: Shipment.id.is_(None),
    lambda _shipment: _text(now()),
    lambda shipment, _anchor: not shipment.open,
)
ALL = {rule.kind: rule for rule in (*RULES, NOT_RECEIVED, INTERCEPT)}


def active_rules() -> list[Rule]:
    """The rules that the tenant has switched on."""
    wanted = settings("logistics")["kinds"]
    return [rule for rule in RULES if rule.kind in wanted]
