"""How a work order is shown to people: its progress as a resident follows it, its money, its record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.sdk import Money, text
from plugins.property_mgmt import orders

if TYPE_CHECKING:
    from plugins.property_mgmt.work_models import WorkOrder

MILESTONES = ("reported", "accepted", "on_site", "done", "verified")
_RANK = {
    "reported": 0, "triaged": 1, "quoted": 1, "approved": 1, "dispatched": 1, "open_for_grab": 1, "reopened": 1,
    "accepted": 2, "on_site": 3, "working": 3, "waiting_parts": 3, "done": 4, "verified": 5, "rated": 5,
    "closed": 5, "rejected": 0, "cancelled": 0,
}  # fmt: skip
SHARE = {
    "reported": 0.05, "triaged": 0.15, "quoted": 0.2, "approved": 0.25, "dispatched": 0.3, "open_for_grab": 0.3,
    "reopened": 0.1, "accepted": 0.4, "on_site": 0.5, "working": 0.65, "waiting_parts": 0.65, "done": 0.85,
    "verified": 0.95, "rated": 1.0, "closed": 1.0, "rejected": 1.0, "cancelled": 1.0,
}  # fmt: skip


def progress(order: WorkOrder) -> list[dict[str, Any]]:
    """Five milestones with their times: done, now or next."""
    times = (
        order.created_at,
        order.accepted_at,
        order.arrived_at,
        order.done_at,
        order.verified_at,
    )
    reached = _RANK[order.state]
    return [
        {
            "title": text(f"property_mgmt.milestone.{name}"),
            "state": "done" if place < max(reached, 1) else "now" if place == reached else "next",
            "at": times[place] if place <= reached else None,
        }
        for place, name in enumerate(MILESTONES)
    ]


def quote(order: WorkOrder) -> Money | None:
    """What it was said to cost."""
    if order.quote_amount is None or not order.currency:
        return None
    return Money(order.quote_amount, order.currency)


def cost(order: WorkOrder) -> Money | None:
    """What it did cost."""
    if order.cost_amount is None or not order.currency:
        return None
    return Money(order.cost_amount, order.currency)


def record(order: WorkOrder) -> list[dict[str, Any]]:
    """Every move of a work order, first to last, with who and what was said."""
    states = {state.name: text(state.title) for state in orders.workflow_of(order).states}
    return [
        {
            "move": text(f"property_mgmt.move.{step.move}"),
            "state": states.get(step.to_state, step.to_state),
            "who": step.actor_name or text(f"property_mgmt.actor.{step.actor_kind}"),
            "said": step.said,
            "at": step.at,
        }
        for step in orders.steps_of(order)
    ]
