"""Talking at a ticket: public replies that can be recalled for 8 s, internal notes, and the history as one line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Unpack

import sqlalchemy as sa

from core.clock import now
from core.db import db
from core.errors import Conflict, Forbidden, Invalid, NotFound, Problem
from core.events import EventRow, emit
from core.tenancy import current_tenant
from core.tickets import idempotency
from core.tickets.events import PUBLIC_EVENTS, MessageRecalled
from core.tickets.models import INTERNAL, PUBLIC, RECALLED, Message, MessageAttachment, Ticket
from core.tickets.moving import nudge
from core.tickets.visibility import lock_ticket
from core.tickets.writing import Extras, touch, validate, write_message

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from uuid import UUID

    from core.actors import Actor

WORK_REPORTS = ("work_done", "result")
PURPOSES = {PUBLIC: ("reply",), INTERNAL: ("note", *WORK_REPORTS)}
_HIDDEN_EVENTS = ("message.posted", "message.recalled", "ticket.classified")


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One line of a ticket's history: a message with its files, or an event."""

    kind: str
    at: datetime
    id: UUID
    message: Message | None = None
    event: EventRow | None = None
    attachment_ids: tuple[UUID, ...] = ()


def post_message(
    ticket_id: UUID,
    body: str,
    *,
    actor: Actor,
    visibility: str = PUBLIC,
    purpose: str = "",
    key: str = "",
    **more: Unpack[Extras],
) -> Message:
    """Say something at a ticket: a public reply, or with visibility "internal" a note that no customer ever sees.

    Customers' words are always public. Messages never conflict, so there is no version. A note's `purpose` may be
    "work_done" (the work is finished) or "result" (the owner tells the desk what came of it, SL-07).
    """
    ticket = _where_to_speak(ticket_id, actor, visibility)
    meant = _purpose(visibility, purpose)

    kept: list[Message] = []  # held, so that the session still knows it when it is asked below

    def make() -> UUID:
        validate(ticket, {"message": {"body": body, "visibility": visibility}}, actor=actor)
        message = write_message(
            ticket, body, actor=actor, visibility=visibility, purpose=meant, **more
        )
        kept.append(message)
        _answer_back(ticket, message)
        return message.id

    said = [
        ticket_id,
        body,
        more.get("html"),
        visibility,
        meant,
        list(more.get("attachment_ids", ())),
    ]
    whose = idempotency.principal_of(actor)
    message_id = idempotency.once(make, principal=whose, route="messages.post", key=key, body=said)
    return db.session.get_one(Message, (current_tenant().id, message_id))


def _where_to_speak(ticket_id: UUID, actor: Actor, visibility: str) -> Ticket:
    permission = "matter:message" if actor.kind == "contact" else "ticket:write"
    ticket = lock_ticket(ticket_id, actor=actor, permission=permission)
    if actor.kind == "contact" and visibility != PUBLIC:
        raise Forbidden(permission)
    return ticket


def _purpose(visibility: str, purpose: str) -> str:
    if visibility not in PURPOSES:
        raise Invalid(Problem(field="visibility", message="tickets.error.choice"))
    if purpose and purpose not in PURPOSES[visibility]:
        raise Invalid(Problem(field="purpose", message="tickets.error.choice"))
    return purpose or PURPOSES[visibility][0]


def _answer_back(ticket: Ticket, message: Message) -> None:
    """A customer's word wakes what waited for him or was thought solved; the desk's first word opens what is new."""
    if message.visibility != PUBLIC or message.automatic:
        return
    if message.author_kind == "contact":
        name = {"waiting": "resume", "resolved": "reopen"}.get(ticket.status)
    else:
        name = "open" if ticket.status == "new" else None
    if name:
        nudge(ticket, name)


def recall_message(ticket_id: UUID, message_id: UUID, *, actor: Actor) -> Message:
    """Take a held reply back before it leaves; Conflict once it has left, Forbidden for another's."""
    ticket = lock_ticket(ticket_id, actor=actor, permission="ticket:write")
    message = db.session.scalars(
        sa.select(Message)
        .where(Message.id == message_id, Message.ticket_id == ticket.id)
        .with_for_update()
    ).one_or_none()
    if message is None:
        raise NotFound("no such message")
    if message.author_id != actor.id or actor.id is None:
        raise Forbidden("ticket:write")
    if message.recalled_at is not None:
        return message
    if message.hold_until is None or message.hold_until <= now():
        raise Conflict("the message has left")
    message.recalled_at, message.delivery_state = now(), RECALLED
    touch(ticket)
    emit(
        MessageRecalled(message_id=message.id, visibility=message.visibility),
        subject=("ticket", ticket.id),
        actor=actor,
    )
    return message


def messages(ticket: Ticket, *, actor: Actor) -> list[Message]:
    """What was said, oldest first; customers see what is public and has left."""
    query = sa.select(Message).where(Message.ticket_id == ticket.id).order_by(Message.id)
    if actor.kind == "contact":
        actor.must("matter:read")
        query = query.where(
            Message.visibility == PUBLIC,
            Message.recalled_at.is_(None),
            sa.or_(Message.hold_until.is_(None), Message.hold_until <= now()),
        )
    return list(db.session.scalars(query))


def timeline(ticket: Ticket, *, actor: Actor) -> list[Entry]:
    """The ticket's history from messages and events, sealed or not, oldest first; customers see public things only."""
    said = messages(ticket, actor=actor)
    files = attachments_of([message.id for message in said])
    query = sa.select(EventRow).where(
        EventRow.subject_type == "ticket",
        EventRow.subject_id == ticket.id,
        EventRow.type.not_in(_HIDDEN_EVENTS),
    )
    if actor.kind == "contact":
        query = query.where(EventRow.type.in_(sorted(PUBLIC_EVENTS)))
    happened = db.session.scalars(query.order_by(EventRow.id))
    entries = [
        Entry(
            kind="message",
            at=m.posted_at,
            id=m.id,
            message=m,
            attachment_ids=tuple(files.get(m.id, ())),
        )
        for m in said
    ]
    entries += [Entry(kind="event", at=row.occurred_at, id=row.id, event=row) for row in happened]
    return sorted(entries, key=lambda entry: (entry.at, entry.id))


def attachments_of(message_ids: Iterable[UUID]) -> dict[UUID, list[UUID]]:
    """The files of messages, in the order they were given."""
    found: dict[UUID, list[UUID]] = {}
    rows = db.session.scalars(
        sa.select(MessageAttachment)
        .where(MessageAttachment.message_id.in_(list(message_ids)))
        .order_by(MessageAttachment.position)
    )
    for row in rows:
        found.setdefault(row.message_id, []).append(row.attachment_id)
    return found


def report_work(
    ticket_id: UUID, body: str, *, actor: Actor, purpose: str, key: str = ""
) -> Message:
    """A note of whoever owns the work: "work_done" starts SL-07, "result" keeps it and starts SL-08."""
    if purpose not in WORK_REPORTS:
        raise Invalid(Problem(field="kind", message="tickets.error.choice"))
    return post_message(ticket_id, body, actor=actor, visibility=INTERNAL, purpose=purpose, key=key)
