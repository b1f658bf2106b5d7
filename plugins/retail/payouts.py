"""A refund on its way: approval, UnionPay's slip, the till's posting, the arrival within 7 working days (SL-19)."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from core.sdk import (
    SYSTEM,
    cancel_timers,
    current_tenant,
    db,
    definition,
    emit,
    move,
    now,
    set_timer,
    settings,
)
from plugins.retail import letters, numbers, steps, tasks
from plugins.retail.locks import lock
from plugins.retail.refunds import get_refund
from plugins.retail.return_events import (
    RefundApproved,
    RefundArrived,
    RefundExceptionGranted,
    RefundFailed,
    RefundOverdue,
    RefundSent,
    RefundSlipRecorded,
)
from plugins.retail.return_models import Refund, Rma
from plugins.retail.rmas import get_rma
from plugins.retail.workflow import REFUND

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from core.sdk import Actor, Event, Timer

WARNING, DUE = "retail.arrival_warning", "retail.arrival"
WARNED_BEFORE = 2
"""Working days between the warning and the due day."""
AT_ONCE = ("cash", "stored", "points")


def take_step(
    refund_id: UUID,
    name: str,
    answers: Mapping[str, Any],
    *,
    actor: Actor,
    version: int | None,
) -> Refund:
    """Move a refund; raises NotOffered (no approval, no execution), Forbidden, Invalid or StaleVersion."""
    refund = get_refund(refund_id)
    if actor.kind != "system":
        get_rma(refund.rma_id, actor=actor)
    lock(refund)
    flow = definition("workflow", REFUND, refund.workflow_version)
    moved = move(refund, name, answers, actor=actor, workflow=flow, version=version)
    fact = _EFFECTS[name](refund, moved.answers, actor)
    if fact is not None:
        emit(fact, subject=("ticket", _rma(refund).ticket_id), actor=actor)
    if refund.state == "sent" and refund.method in AT_ONCE:
        return take_step(refund.id, "arrive", {}, actor=SYSTEM, version=None)
    steps.refund_moved(refund)
    return refund


def _rma(refund: Refund) -> Rma:
    return db.session.get_one(Rma, (current_tenant().id, refund.rma_id))


def _about(refund: Refund) -> dict[str, Any]:
    return {"rma_id": refund.rma_id, "refund_id": refund.id}


def _money(refund: Refund) -> dict[str, Any]:
    return {
        **_about(refund), "method": refund.method, "amount": refund.amount,
        "currency": refund.currency,
    }  # fmt: skip


def _approve(refund: Refund, _answers: dict[str, Any], actor: Actor) -> Event:
    refund.approved_by = actor.id if actor.kind == "user" else None
    refund.approved_name, refund.approved_at = actor.name, now()
    return RefundApproved(**_money(refund))


def _grant(refund: Refund, answers: dict[str, Any], actor: Actor) -> Event:
    """RT-10: another way than the money came, by a manager and with a reason."""
    _approve(refund, answers, actor)
    refund.method, refund.exception_reason = answers["method"], answers["reason"]
    return RefundExceptionGranted(**_about(refund), original=refund.original, method=refund.method)


def _record_slip(refund: Refund, answers: dict[str, Any], _actor: Actor) -> Event:
    refund.slip_reference, refund.slip_date = answers["slip_reference"], answers["slip_date"]
    refund.slip_card = answers["card"]
    return RefundSlipRecorded(**_about(refund))


def _post(refund: Refund, answers: dict[str, Any], actor: Actor) -> Event:
    """FM-12: the till has posted the negative amount; the voucher gets its number."""
    refund.voucher = numbers.take("voucher")
    refund.till_reference = answers["till_reference"]
    refund.cashier, refund.sent_at = actor.name, now()
    if refund.method not in AT_ONCE:
        refund.due_at = working_days_after(now(), settings("retail")["arrival_days"])
        _watch(refund, refund.due_at)
    return RefundSent(**_money(refund), due_at=refund.due_at)


def _arrive(refund: Refund, _answers: dict[str, Any], _actor: Actor) -> Event:
    refund.arrived_at = now()
    cancel_timers([_key(WARNING, refund.id), _key(DUE, refund.id)])
    tasks.close_task("arrival_follow_up", refund, result="")
    days = (refund.arrived_at - (refund.sent_at or refund.arrived_at)).days
    return RefundArrived(**_about(refund), days=days)


def _fail(refund: Refund, answers: dict[str, Any], _actor: Actor) -> Event:
    refund.failed_reason = answers["reason"]
    cancel_timers([_key(WARNING, refund.id), _key(DUE, refund.id)])
    return RefundFailed(**_about(refund))


def _try_again(refund: Refund, _answers: dict[str, Any], _actor: Actor) -> None:
    refund.slip_reference, refund.slip_card, refund.slip_date = "", "", None
    refund.voucher, refund.sent_at, refund.due_at = None, None, None


_EFFECTS = {
    "approve_refund": _approve,
    "grant_exception": _grant,
    "record_slip": _record_slip,
    "post": _post,
    "arrive": _arrive,
    "fail_refund": _fail,
    "try_again": _try_again,
}


# --- the arrival watch, SL-19 ---------------------------------------------------------------------


def working_days_after(start: datetime, days: int) -> datetime:
    """The end of the `days`-th working day after the day of `start`, by the tenant's office calendar."""
    calendar = definition("calendar", "office")
    listed = {entry.date: entry.windows for entry in calendar.days}
    zone = ZoneInfo(current_tenant().timezone)
    day, counted = start.astimezone(zone).date(), 0
    while counted < days:
        day += timedelta(days=1)
        counted += bool(listed.get(day.isoformat(), calendar.hours[day.weekday()]))
    return datetime.combine(day + timedelta(days=1), time(), zone)


def _watch(refund: Refund, due_at: datetime) -> None:
    days = max(1, settings("retail")["arrival_days"] - WARNED_BEFORE)
    warn_at = working_days_after(now(), days)
    subject = ("retail.refund", refund.id)
    set_timer(WARNING, subject, min(warn_at, due_at), _key(WARNING, refund.id))
    set_timer(DUE, subject, due_at, _key(DUE, refund.id))


def _key(kind: str, refund_id: UUID) -> str:
    return f"{kind}:{refund_id}"


def warn(timer: Timer) -> None:
    """Tell the desk that a refund should arrive within two working days."""
    refund = db.session.get(Refund, (current_tenant().id, timer.subject_id))
    if refund is not None and refund.state == "sent":
        letters.warn_of_arrival(steps.ticket_of(_rma(refund)), refund)


def due(timer: Timer) -> None:
    """Seven working days have passed: a task for the desk, and a word to the customer."""
    refund = db.session.get(Refund, (current_tenant().id, timer.subject_id))
    if refund is not None:
        follow_up(refund)


def follow_up(refund: Refund) -> bool:
    """Open the follow-up of a refund that did not arrive in time, once; says whether it was opened now."""
    late = refund.due_at is not None and refund.due_at <= now()
    if refund.state != "sent" or not late:
        return False
    rma = _rma(refund)
    task = tasks.open_task(
        "arrival_follow_up", rma, due_at=now() + timedelta(days=1), refund=refund
    )
    if task is None:
        return False
    fact = RefundOverdue(**_about(refund), task_id=task.id)
    emit(fact, subject=("ticket", rma.ticket_id), actor=SYSTEM)
    letters.overdue(steps.ticket_of(rma), refund)
    return True


def overdue(*, limit: int = 200) -> list[Refund]:
    """Refunds that were due and are not here."""
    query = sa.select(Refund).where(Refund.state == "sent", Refund.due_at <= now())
    return list(db.session.scalars(query.order_by(Refund.due_at, Refund.id).limit(limit)))


def resume() -> None:
    """Set the watch of every refund on its way anew, as this version has it."""
    query = sa.select(Refund).where(Refund.state == "sent", Refund.due_at.is_not(None))
    for refund in db.session.scalars(query).all():
        if refund.due_at is not None:
            set_timer(DUE, ("retail.refund", refund.id), refund.due_at, _key(DUE, refund.id))


def rest() -> None:
    """Cancel the watches: nobody is told of a plugin that is off."""
    ids = db.session.scalars(sa.select(Refund.id).where(Refund.state == "sent")).all()
    cancel_timers([_key(kind, refund_id) for refund_id in ids for kind in (WARNING, DUE)])
