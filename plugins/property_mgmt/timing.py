"""What happens to a work order by itself: signed work counts after silence, rated work is closed."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from core.sdk import cancel_timers, db, set_timer, settings
from plugins.property_mgmt.work_models import WorkOrder

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

KIND = "property_mgmt.work_order"
AFTER_RATING = timedelta(hours=24)
TIMED = ("done", "verified", "rated")


def next_by_itself(order: WorkOrder) -> tuple[str, datetime] | None:
    """The move that comes by itself where the order stands, and when; None when nothing does."""
    if order.state not in TIMED:
        return None
    told = settings("property_mgmt")
    if order.state == "done" and order.done_at:
        return "auto_verify", order.done_at + timedelta(hours=told["verify_hours"])
    if order.state == "verified" and order.verified_at:
        return "auto_close", order.verified_at + timedelta(days=told["reopen_days"])
    if order.state == "rated":
        return "auto_close", order.state_at + AFTER_RATING
    return None


def reset(order: WorkOrder) -> None:
    """Set the timer that belongs to where the order stands now, and no other."""
    coming = next_by_itself(order)
    if coming is None:
        cancel_timers([_key(order.id)])
        return
    set_timer(KIND, (KIND, order.id), coming[1], _key(order.id))


def resume() -> None:
    """Set every timer that belongs to where orders stand, as this version has them."""
    for order in db.session.scalars(_waiting()).all():
        reset(order)


def rest() -> None:
    """Nothing happens by itself while the plugin rests."""
    cancel_timers([_key(order.id) for order in db.session.scalars(_waiting()).all()])


def _waiting() -> sa.Select[Any]:
    return sa.select(WorkOrder).where(WorkOrder.state.in_(TIMED))


def _key(work_order_id: UUID) -> str:
    return f"{KIND}:{work_order_id}"
