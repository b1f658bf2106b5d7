"""Tracking notes (跟踪记录, FM-22): written after every check (LG-06), never changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from core.sdk import db, emit, now, write_message
from plugins.logistics.cases import cases_at, cases_of, end, shipment_at
from plugins.logistics.events import NoteWritten
from plugins.logistics.models import TrackingNote
from plugins.logistics.shipments import SUBJECT

if TYPE_CHECKING:
    from uuid import UUID

    from core.sdk import Actor, Ticket
    from plugins.logistics.models import Shipment


def notes_of(shipment_id: UUID) -> list[TrackingNote]:
    """The shipment's notes, first to last."""
    query = sa.select(TrackingNote).where(TrackingNote.shipment_id == shipment_id)
    return list(db.session.scalars(query.order_by(TrackingNote.id)))


def write_note(
    shipment: Shipment, answers: dict[str, Any], *, actor: Actor, ticket_id: UUID | None = None
) -> TrackingNote:
    """Keep what was checked (`content`), done, told the customer, and when it is looked at again."""
    note = TrackingNote(
        shipment_id=shipment.id,
        ticket_id=ticket_id,
        status=shipment.status,
        content=answers["content"],
        done=answers.get("done", ""),
        told=answers.get("told", ""),
        next_check_at=answers.get("next_check_at"),
        written_by=actor.id,
        written_name=actor.name if actor.kind == "user" else "",
        written_at=now(),
    )
    db.session.add(note)
    fact = NoteWritten(
        note_id=note.id,
        shipment_id=shipment.id,
        status=shipment.status,
        next_check_at=note.next_check_at,
    )
    subject = ("ticket", ticket_id) if ticket_id else (SUBJECT, shipment.id)
    emit(fact, subject=subject, actor=actor)
    return note


# --- what the steps of an exception's ticket keep --------------------------------------------------


def contact_carrier(ticket: Ticket, answers: dict[str, Any], actor: Actor) -> None:
    """What the carrier said becomes a note."""
    shipment = shipment_at(ticket.id)
    if shipment is not None:
        write_note(shipment, answers, actor=actor, ticket_id=ticket.id)


def tell_customer(ticket: Ticket, answers: dict[str, Any], actor: Actor) -> None:
    """The customer reads the words at the ticket, and the note keeps that they were said."""
    write_message(ticket, answers["told"], actor=actor, visibility="public", purpose="notice")
    shipment = shipment_at(ticket.id)
    if shipment is not None:
        values = {"content": answers["told"], "told": answers["told"]}
        write_note(shipment, values, actor=actor, ticket_id=ticket.id)


def resolve(ticket: Ticket, answers: dict[str, Any], actor: Actor) -> None:
    """A person ends the exceptions; what was done stays as a note."""
    for case in cases_at(ticket.id):
        if case.over_at is None:
            end(case, by="user", actor=actor)
    shipment = shipment_at(ticket.id)
    if shipment is not None:
        shipment.troubled = any(case.over_at is None for case in cases_of(shipment.id))
        values = {"content": answers["done"], "done": answers["done"]}
        write_note(shipment, values, actor=actor, ticket_id=ticket.id)


def reopen(ticket: Ticket, _answers: dict[str, Any], _actor: Actor) -> None:
    """What was thought over is looked at again: the last exception counts as open."""
    last = next(iter(reversed(cases_at(ticket.id))), None)
    shipment = shipment_at(ticket.id)
    if last is not None and shipment is not None:
        last.over_at, last.over_by = None, ""
        shipment.troubled = True


EFFECTS = {
    "contact_carrier": contact_carrier,
    "tell_customer": tell_customer,
    "ask_customer": tell_customer,
    "resolve": resolve,
    "reopen": reopen,
}
