"""Handing work to a department by slip FM-26, and merging two tickets about one matter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from core import definitions, i18n
from core.auth.models import Department
from core.clock import now
from core.db import db
from core.declarations import Transition
from core.errors import Conflict, Invalid, Problem
from core.events import emit
from core.plugins import catalog
from core.tenancy import current_tenant
from core.tickets import events
from core.tickets import workflow as engine
from core.tickets.assigning import add_watchers, watchers_of
from core.tickets.models import PUBLIC, Handover
from core.tickets.moving import closing_state, is_on, settle, state_of, tell, workflow_of
from core.tickets.visibility import lock_ticket
from core.tickets.workflow import check_version
from core.tickets.writing import BODY_LENGTH, text_of, validate, write_message, write_note, written

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from core.actors import Actor
    from core.tickets.models import Ticket

SLIP = "handover"


def hand_over(
    ticket_id: UUID, slip: Mapping[str, Any], *, actor: Actor, version: int | None
) -> Ticket:
    """Hand the work to a department by the slip's answers (form "handover"); the customer is told.

    The team keeps the ticket, whoever owned it keeps watching it (CP-30). Invalid names what the slip lacks.
    """
    ticket = lock_ticket(ticket_id, actor=actor, permission="ticket:write")
    check_version(ticket.version, version, actor)
    answers = engine.load_answers(
        definitions.get("form", SLIP), slip, actor=actor, conditions=catalog().shelf("condition")
    )
    department = db.session.get(Department, (current_tenant().id, answers["department"]))
    if department is None or department.archived_at is not None:
        raise Invalid(Problem(field="form.department", message="tickets.error.unknown"))
    if department.id == ticket.department_id:
        raise Conflict("the department has it already")
    validate(ticket, {"handover": answers}, actor=actor)
    _end_open(ticket)
    message = _tell_customer(ticket, department, answers.get("notice", ""), actor)
    row = _write_slip(ticket, department, answers, message.id, actor)
    _keep_owner_watching(ticket, actor)
    written(ticket)
    emit(
        events.TicketHandedOver(
            handover_id=row.id,
            from_department_id=row.from_department_id,
            to_department_id=department.id,
            message_id=message.id,
        ),
        subject=("ticket", ticket.id),
        actor=actor,
    )
    return ticket


def _write_slip(
    ticket: Ticket, department: Department, answers: dict[str, Any], notice_id: UUID, actor: Actor
) -> Handover:
    row = Handover(
        ticket_id=ticket.id,
        from_department_id=ticket.department_id,
        to_department_id=department.id,
        reason=answers["reason"],
        summary=answers["summary"],
        notice_id=notice_id,
        handed_by=actor.id,
    )
    db.session.add(row)
    ticket.department_id = department.id
    return row


def _tell_customer(ticket: Ticket, department: Department, notice: str, actor: Actor) -> Any:
    with i18n.use(locale=ticket.language):
        words = notice or i18n.text(
            "tickets.handover.notice", department=i18n.text(department.name)
        )
    return write_message(ticket, words, actor=actor, visibility=PUBLIC, purpose="notice")


def _keep_owner_watching(ticket: Ticket, actor: Actor) -> None:
    owners = {ticket.assignee_id, actor.id if actor.is_person else None} - {None}
    add_watchers(ticket, [owner for owner in owners if owner is not None], actor=actor)


def _end_open(ticket: Ticket) -> None:
    current = open_handover(ticket.id)
    if current is not None:
        current.returned_at = now()


def open_handover(ticket_id: UUID) -> Handover | None:
    """The slip that is out now."""
    return db.session.scalars(
        sa.select(Handover).where(Handover.ticket_id == ticket_id, Handover.returned_at.is_(None))
    ).one_or_none()


def handovers(ticket_id: UUID) -> list[Handover]:
    """Every slip of the ticket, oldest first."""
    return list(
        db.session.scalars(
            sa.select(Handover).where(Handover.ticket_id == ticket_id).order_by(Handover.id)
        )
    )


def accept_handover(ticket_id: UUID, *, actor: Actor, version: int | None) -> Ticket:
    """Confirm for the department that it works on it (SL-32); a second time changes nothing."""
    ticket, row = _with_slip(ticket_id, actor, version)
    if row.accepted_at is None:
        row.accepted_at, row.accepted_by = now(), actor.id
        written(ticket)
        emit(
            events.HandoverAccepted(handover_id=row.id, department_id=row.to_department_id),
            subject=("ticket", ticket.id),
            actor=actor,
        )
    return ticket


def take_back(
    ticket_id: UUID, result: str, *, message: str = "", actor: Actor, version: int | None
) -> Ticket:
    """Bring the work back to the desk: a result stays on the slip and as a note for the desk (CP-31).

    `message` tells the customer about it.
    """
    ticket, row = _with_slip(ticket_id, actor, version)
    words = text_of(result, "result", longest=BODY_LENGTH) if result.strip() else ""
    note = write_note(ticket, words, actor=actor) if words else None
    if message.strip():
        write_message(ticket, message, actor=actor, visibility=PUBLIC, purpose="reply")
    row.result, row.returned_at = words, now()
    ticket.department_id = row.from_department_id
    written(ticket)
    emit(
        events.TicketTakenBack(
            handover_id=row.id,
            department_id=row.to_department_id,
            note_id=note.id if note else None,
        ),
        subject=("ticket", ticket.id),
        actor=actor,
    )
    return ticket


def _with_slip(ticket_id: UUID, actor: Actor, version: int | None) -> tuple[Ticket, Handover]:
    ticket = lock_ticket(ticket_id, actor=actor, permission="ticket:write")
    check_version(ticket.version, version, actor)
    row = open_handover(ticket.id)
    if row is None:
        raise Conflict("nothing is handed over")
    return ticket, row


def merge(ticket_id: UUID, into_id: UUID, *, actor: Actor, version: int | None) -> Ticket:
    """Close a ticket as part of another; its words stay readable, its watchers follow on. Gives the closed one."""
    if ticket_id == into_id:
        raise Invalid(Problem(field="into", message="tickets.error.merge_self"))
    # Locked in the order of their ids: two merges the other way round must not wait for each other.
    both = {
        each: lock_ticket(each, actor=actor, permission="ticket:write")
        for each in sorted((ticket_id, into_id))
    }
    ticket, into = both[ticket_id], both[into_id]
    check_version(ticket.version, version, actor)
    if into.merged_into is not None or ticket.merged_into is not None:
        raise Conflict("a merged ticket is at its end")
    source, target = state_of(ticket), _merged_state(ticket)
    ticket.merged_into = into.id
    settle(ticket, target)
    written(ticket)
    written(into)
    add_watchers(into, watchers_of(ticket.id), actor=actor)
    emit(events.TicketMerged(into_id=into.id), subject=("ticket", ticket.id), actor=actor)
    tell(
        ticket, Transition("merge", "", (source.name,), target.name), (source, target), actor=actor
    )
    emit(events.TicketAbsorbed(from_id=ticket.id), subject=("ticket", into.id), actor=actor)
    return ticket


def _merged_state(ticket: Ticket) -> Any:
    """The workflow's own end for merged tickets, else its first closed state."""
    if is_on(ticket):
        for state in workflow_of(ticket).states:
            if state.name == "merged":
                return state
    return closing_state(ticket)
