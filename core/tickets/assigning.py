"""Who works on a ticket: assignment, its acceptance (SL-04) or refusal, and who watches."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from core.auth.models import ACTIVE, User
from core.clock import now
from core.db import db
from core.errors import Conflict, Forbidden, Invalid, NotFound, Problem
from core.events import emit
from core.tenancy import current_tenant
from core.tickets.events import (
    TicketAccepted,
    TicketAssigned,
    TicketDeclined,
    TicketUnassigned,
    TicketUnwatched,
    TicketWatched,
)
from core.tickets.models import Assignment, TicketWatcher
from core.tickets.moving import nudge
from core.tickets.visibility import lock_ticket
from core.tickets.workflow import check_version
from core.tickets.writing import touch, validate, write_note, written

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from core.actors import Actor
    from core.tickets.models import Ticket


def assign(ticket_id: UUID, user_id: UUID | None, *, actor: Actor, version: int | None) -> Ticket:
    """Give the ticket to a person, or with None back to its team's queue.

    Taking it oneself needs `ticket:write` alone.
    """
    permission = (
        "ticket:write" if user_id is not None and user_id == actor.staff_id else "ticket:assign"
    )
    ticket = lock_ticket(ticket_id, actor=actor, permission=permission)
    check_version(ticket.version, version, actor)
    validate(ticket, {"assignee_id": user_id}, actor=actor)
    if user_id is None:
        _release(ticket, actor)
    elif user_id != ticket.assignee_id:
        give(ticket, user_id, actor=actor)
    return ticket


def give(ticket: Ticket, user_id: UUID, *, actor: Actor) -> Assignment:
    """Assign on a ticket that is locked and checked."""
    user = db.session.get(User, (current_tenant().id, user_id))
    if user is None or user.state != ACTIVE:
        raise Invalid(Problem(field="assignee_id", message="tickets.error.unknown"))
    previous = ticket.assignee_id
    _end_current(ticket)
    row = Assignment(ticket_id=ticket.id, user_id=user_id, assigned_by=actor.id)
    db.session.add(row)
    ticket.assignee_id = user_id
    written(ticket)
    event = emit(
        TicketAssigned(
            assignment_id=row.id,
            assignee_id=user_id,
            previous_id=previous,
            priority=ticket.priority,
        ),
        subject=("ticket", ticket.id),
        actor=actor,
    )
    nudge(ticket, "open", caused_by=event.id)
    return row


def _release(ticket: Ticket, actor: Actor) -> None:
    previous = ticket.assignee_id
    if previous is None:
        return
    _end_current(ticket)
    ticket.assignee_id = None
    written(ticket)
    emit(TicketUnassigned(previous_id=previous), subject=("ticket", ticket.id), actor=actor)


def _end_current(ticket: Ticket) -> None:
    current = current_assignment(ticket.id)
    if current is not None:
        current.ended_at = now()


_CURRENT = sa.select(Assignment).where(
    Assignment.ticket_id == sa.bindparam("ticket_id"), Assignment.ended_at.is_(None)
)


def current_assignment(ticket_id: UUID) -> Assignment | None:
    """The assignment that holds now."""
    return db.session.scalars(_CURRENT, {"ticket_id": ticket_id}).one_or_none()


def accept(ticket_id: UUID, *, actor: Actor, version: int | None) -> Ticket:
    """Confirm that one takes the ticket; an unassigned one is taken and accepted at once."""
    ticket = lock_ticket(ticket_id, actor=actor, permission="ticket:write")
    check_version(ticket.version, version, actor)
    if not actor.is_person or actor.id is None:
        raise Forbidden("ticket:write")
    current = current_assignment(ticket.id) or give(ticket, actor.id, actor=actor)
    if current.user_id != actor.id:
        raise Conflict("the ticket is somebody else's", assignee_id=str(current.user_id))
    if current.accepted_at is not None:
        return ticket
    current.accepted_at = now()
    written(ticket)
    emit(
        TicketAccepted(assignment_id=current.id, assignee_id=current.user_id),
        subject=("ticket", ticket.id),
        actor=actor,
    )
    return ticket


def decline(ticket_id: UUID, reason: str, *, actor: Actor, version: int | None) -> Ticket:
    """Give an assignment back with a reason, which stays as an internal note."""
    ticket = lock_ticket(ticket_id, actor=actor, permission="ticket:write")
    check_version(ticket.version, version, actor)
    current = current_assignment(ticket.id)
    if current is None or current.user_id != actor.id:
        raise Conflict("the ticket is not yours")
    note = write_note(ticket, reason, actor=actor)
    current.declined_at = current.ended_at = now()
    current.declined_reason = note.id
    ticket.assignee_id = None
    written(ticket)
    emit(
        TicketDeclined(assignment_id=current.id, assignee_id=current.user_id, note_id=note.id),
        subject=("ticket", ticket.id),
        actor=actor,
    )
    return ticket


def watchers_of(ticket_id: UUID) -> list[UUID]:
    """Who follows the ticket."""
    return list(
        db.session.scalars(
            sa.select(TicketWatcher.user_id).where(TicketWatcher.ticket_id == ticket_id)
        )
    )


def watch(ticket_id: UUID, *, actor: Actor, user_id: UUID | None = None) -> Ticket:
    """Follow a ticket that one sees, or let a colleague follow it (needs `ticket:write`)."""
    ticket, who = _watching(ticket_id, actor, user_id)
    add_watchers(ticket, [who], actor=actor)
    return ticket


def unwatch(ticket_id: UUID, *, actor: Actor, user_id: UUID | None = None) -> Ticket:
    """Follow it no longer."""
    ticket, who = _watching(ticket_id, actor, user_id)
    drop_watchers(ticket, [who], actor=actor)
    return ticket


def _watching(ticket_id: UUID, actor: Actor, user_id: UUID | None) -> tuple[Ticket, UUID]:
    who = user_id or actor.staff_id
    if who is None:
        raise NotFound("nobody to watch")
    permission = "ticket:read" if actor.is_person and who == actor.id else "ticket:write"
    return lock_ticket(ticket_id, actor=actor, permission=permission), who


def add_watchers(ticket: Ticket, users: Sequence[UUID], *, actor: Actor) -> None:
    """Let users follow a ticket; those who do already are left alone."""
    for user_id in sorted(set(users) - set(watchers_of(ticket.id))):
        if db.session.get(User, (current_tenant().id, user_id)) is None:
            raise Invalid(Problem(field="watchers", message="tickets.error.unknown"))
        db.session.add(TicketWatcher(ticket_id=ticket.id, user_id=user_id))
        touch(ticket)
        emit(TicketWatched(user_id=user_id), subject=("ticket", ticket.id), actor=actor)


def drop_watchers(ticket: Ticket, users: Sequence[UUID], *, actor: Actor) -> None:
    """Let users follow a ticket no longer."""
    rows = db.session.scalars(
        sa.select(TicketWatcher).where(
            TicketWatcher.ticket_id == ticket.id, TicketWatcher.user_id.in_(users)
        )
    )
    for row in rows.all():
        db.session.delete(row)
        touch(ticket)
        emit(TicketUnwatched(user_id=row.user_id), subject=("ticket", ticket.id), actor=actor)
