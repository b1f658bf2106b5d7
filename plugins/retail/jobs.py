"""What happens by itself: points activate and expire at night, refunds are watched, returns that never come expire."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import sqlalchemy as sa

from core.sdk import SYSTEM, Handler, Invalid, Job, Ticket, current_tenant, db, now, transaction
from plugins.retail import letters, payouts, points, steps
from plugins.retail.return_events import RefundSent
from plugins.retail.return_models import Refund, Rma

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.sdk import EventRow, JobRun

BATCH = 200
EXPIRING = ("approved", "auto_approved", "label_issued")


def nightly_points(job: JobRun) -> None:
    """Make pending points active and take expired ones away."""
    job.result["activated"] = _in_batches(lambda: points.activate_due(actor=SYSTEM, limit=BATCH))
    job.result["expired"] = _in_batches(lambda: points.expire_due(actor=SYSTEM, limit=BATCH))


def watch_arrivals(job: JobRun) -> None:
    """Open a follow-up for each refund that should have arrived (SL-19); timers do it, too, at the very moment."""
    opened = 0
    with transaction():
        for refund in payouts.overdue():
            opened += payouts.follow_up(refund)
    job.result["opened"] = opened


def expire_returns(job: JobRun) -> None:
    """End approved returns whose goods did not come in time."""
    expired = 0
    with transaction():
        query = sa.select(Rma).where(Rma.state.in_(EXPIRING), Rma.expires_at <= now())
        for rma in db.session.scalars(query.order_by(Rma.expires_at, Rma.id).limit(BATCH)).all():
            try:
                steps.take(rma, "expire", {}, actor=SYSTEM, version=None)
            except Invalid:
                continue
            expired += 1
    job.result["expired"] = expired


def _in_batches(run: Callable[[], int]) -> int:
    total = 0
    while True:
        with transaction():
            count = run()
        total += count
        if count < BATCH:
            return total


def tell_refund(event: EventRow) -> None:
    """Tell the customer that his money is on its way, once the till's posting is committed."""
    refund = db.session.get(Refund, (current_tenant().id, _id(event, "refund_id")))
    ticket = db.session.get(Ticket, (current_tenant().id, event.subject_id))
    if refund is not None and ticket is not None and ticket.contact_id is not None:
        letters.sent(ticket, refund)


def _id(event: EventRow, name: str) -> UUID:
    return UUID(event.payload[name])


JOBS = [
    Job("retail.points", "retail.job.points", nightly_points, cron="30 3 * * *"),
    Job("retail.arrivals", "retail.job.arrivals", watch_arrivals, cron="0 9 * * *"),
    Job("retail.expiry", "retail.job.expiry", expire_returns, cron="15 3 * * *"),
]
HANDLERS = [Handler("retail.tell_refund", RefundSent, tell_refund)]
