"""The silent customer: three reminders within the days he has to answer a result, then the desk may close."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from core.sdk import Ticket, cancel_timers, current_tenant, db, now, set_timer, settings
from plugins.complaints import letters, results
from plugins.complaints.workflow import NAME

if TYPE_CHECKING:
    from uuid import UUID

    from core.sdk import Actor, Timer
    from plugins.complaints.models import Result

KIND = "complaints.reminder"
WAITING = "awaiting_confirmation"
REMINDERS = 3


def report(ticket: Ticket, answers: dict[str, Any], actor: Actor) -> None:
    """Keep the result, and begin to wait for the customer's answer."""
    results.report(ticket, answers, actor)
    _wait(ticket.id, now() + _pace())


def due(timer: Timer) -> None:
    """Remind the customer and set the next one; after the last, tell the desk that it may close."""
    ticket = db.session.get(Ticket, (current_tenant().id, timer.subject_id))
    result = _unanswered(ticket) if ticket else None
    if ticket is None or result is None:
        return
    number = max(1, round((timer.due_at - result.reported_at) / _pace()))
    if number > REMINDERS:
        letters.offer_closing(ticket, days=settings("complaints")["silence_days"])
        return
    letters.remind(ticket, until=result.reported_at + _pace() * (REMINDERS + 1))
    _wait(ticket.id, result.reported_at + _pace() * (number + 1))


def resume() -> None:
    """Set the next reminder of every complaint that waits for its customer, as this version has them."""
    for ticket in db.session.scalars(_waiting(Ticket)).all():
        result = _unanswered(ticket)
        if result is None:
            continue
        number = 1 + max(0, (now() - result.reported_at) // _pace())
        if number <= REMINDERS + 1:
            _wait(ticket.id, result.reported_at + _pace() * number)


def rest() -> None:
    """Cancel every reminder that is set."""
    cancel_timers([_key(ticket_id) for ticket_id in db.session.scalars(_waiting(Ticket.id))])


def _pace() -> timedelta:
    return timedelta(days=settings("complaints")["silence_days"]) / (REMINDERS + 1)


def _wait(ticket_id: UUID, until: datetime) -> None:
    set_timer(KIND, ("ticket", ticket_id), until, _key(ticket_id))


def _key(ticket_id: UUID) -> str:
    return f"{KIND}:{ticket_id}"


def _unanswered(ticket: Ticket) -> Result | None:
    if ticket.state != WAITING or ticket.merged_into is not None:
        return None
    return results.result_of(ticket.id)


def _waiting(wanted: Any) -> sa.Select[Any]:
    return sa.select(wanted).where(Ticket.type == NAME, Ticket.state == WAITING)
