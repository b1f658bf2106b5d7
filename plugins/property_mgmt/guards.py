"""Named checks of a work order's moves; each gives the problems that stand against it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from core.sdk import Guard, Money, Problem, current_tenant, db, now, settings
from plugins.property_mgmt.contractors import contractors
from plugins.property_mgmt.models import Contractor
from plugins.property_mgmt.photos import photos_of
from plugins.property_mgmt.workflow import APPROVE_ABOVE

if TYPE_CHECKING:
    from core.sdk import Actor
    from plugins.property_mgmt.work_models import WorkOrder


def within_limit(order: WorkOrder, _answers: dict[str, Any], actor: Actor) -> list[Problem]:
    """Who may approve, approves up to the tenant's limit; above it only who may approve above."""
    if actor.can(APPROVE_ABOVE) or order.quote_amount is None:
        return []
    limit = settings("property_mgmt")["approval_limit"]
    if order.quote_amount <= Money.parse(str(limit), order.currency).amount:
        return []
    return [_problem("above_limit", limit=limit, currency=order.currency)]


def takes_work(_order: WorkOrder, answers: dict[str, Any], _actor: Actor) -> list[Problem]:
    """Work goes to contractors that take some."""
    chosen = UUID(str(answers["contractor"]))
    contractor = db.session.get(Contractor, (current_tenant().id, chosen))
    if contractor is not None and contractor.active:
        return []
    return [Problem(field="form.contractor", message="property_mgmt.error.contractor")]


def somebody_to_offer(order: WorkOrder, _answers: dict[str, Any], _actor: Actor) -> list[Problem]:
    """Work is held out to somebody who knows the trade."""
    return [] if contractors(trade=order.trade) else [_problem("nobody")]


def photo_taken(order: WorkOrder, answers: dict[str, Any], _actor: Actor) -> list[Problem]:
    """Done work is shown by a photo taken after it (ST-W)."""
    if answers.get("photos") or any(photo.phase == "after" for photo in photos_of(order)):
        return []
    return [Problem(field="form.photos", message="property_mgmt.error.photo")]


def silent_long_enough(order: WorkOrder, _answers: dict[str, Any], _actor: Actor) -> list[Problem]:
    """The resident had his hours to look at the work."""
    hours = settings("property_mgmt")["verify_hours"]
    if order.done_at is not None and order.done_at + timedelta(hours=hours) <= now():
        return []
    return [_problem("not_silent", hours=hours)]


def may_reopen(order: WorkOrder, _answers: dict[str, Any], _actor: Actor) -> list[Problem]:
    """What was verified is reopened within the days of the tenant's promise; later it is a new matter."""
    days = settings("property_mgmt")["reopen_days"]
    if order.verified_at is None or order.verified_at + timedelta(days=days) >= now():
        return []
    return [_problem("reopen_late", days=days)]


def _problem(word: str, **values: Any) -> Problem:
    return Problem(field="", message=f"property_mgmt.error.{word}", values=tuple(values.items()))


GUARDS = [
    Guard(f"property_mgmt.{run.__name__}", run)
    for run in (
        within_limit,
        takes_work,
        somebody_to_offer,
        photo_taken,
        silent_long_enough,
        may_reopen,
    )
]
