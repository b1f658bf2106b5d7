"""Exceptions: each opens (or joins) a ticket with clocks, tells the customer, ends when the parcel moves again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from core.sdk import (
    SYSTEM,
    NewTicket,
    Ticket,
    current_tenant,
    db,
    emit,
    format_datetime,
    get_contact,
    move_ticket,
    now,
    open_ticket,
    patch_ticket,
    settings,
    speaking,
    text,
    write_message,
)
from plugins.logistics.events import ExceptionDetected, ExceptionOver
from plugins.logistics.models import ExceptionCase, Shipment
from plugins.logistics.promises import expected_at
from plugins.logistics.rules import ALL
from plugins.logistics.workflow import EXCEPTION

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from core.sdk import Actor
    from plugins.logistics.canonical import Standing
    from plugins.logistics.rules import Rule

PRIORITIES = ("normal", "urgent", "critical")
AT_WORK = ("detected", "owned", "carrier_contacted", "customer_told", "awaiting_customer")
CATEGORIES = {
    "silent": "L-TRACK", "silent_long": "L-TRACK", "failed_twice": "L-NODOOR",
    "pickup_missed": "L-PICKUP", "customs_stuck": "L-CUSTOMS", "overdue": "L-DELAY",
    "not_received": "L-FAKE", "intercept": "L-CHANGE",
}  # fmt: skip
OF_SUBS = {"damaged": "L-DAMAGE", "lost": "L-LOST", "refused": "L-RETURN", "docs": "L-CUSTOMS"}


def cases_of(shipment_id: UUID) -> list[ExceptionCase]:
    """The shipment's exceptions, latest first."""
    query = sa.select(ExceptionCase).where(ExceptionCase.shipment_id == shipment_id)
    return list(db.session.scalars(query.order_by(ExceptionCase.id.desc())))


def cases_at(ticket_id: UUID) -> list[ExceptionCase]:
    """The exceptions that a ticket is about, first to last."""
    query = sa.select(ExceptionCase).where(ExceptionCase.ticket_id == ticket_id)
    return list(db.session.scalars(query.order_by(ExceptionCase.id)))


def ticket_of(case: ExceptionCase) -> Ticket:
    """The ticket that an exception is handled at."""
    return db.session.get_one(Ticket, (current_tenant().id, case.ticket_id))


def shipment_at(ticket_id: UUID) -> Shipment | None:
    """The shipment that a ticket is about; None for a ticket of another kind."""
    case = next(iter(cases_at(ticket_id)), None)
    if case is None:
        return None
    return db.session.get(Shipment, (current_tenant().id, case.shipment_id))


def report(
    shipment: Shipment, rule: Rule, *, by: str, actor: Actor, words: str = ""
) -> ExceptionCase | None:
    """Report an exception of a locked shipment once per anchor; None when it is known already.

    The customer is told by a public notice when the tenant's plan says so; `words` are the customer's own.
    """
    anchor = rule.anchor(shipment)
    known = cases_of(shipment.id)
    if any(case.kind == rule.kind and case.anchor == anchor for case in known):
        return None
    ticket = _ticket_at_work(known) or _open(shipment, rule, words)
    joined = any(case.ticket_id == ticket.id for case in known)
    case = ExceptionCase(
        shipment_id=shipment.id,
        ticket_id=ticket.id,
        kind=rule.kind,
        anchor=anchor,
        detected_at=now(),
        detected_by=by,
    )
    db.session.add(case)
    shipment.troubled = True
    fact = ExceptionDetected(
        exception_id=case.id, shipment_id=shipment.id, kind=rule.kind, detected_by=by
    )
    emit(fact, subject=("ticket", ticket.id), actor=actor)
    if joined:
        _join(ticket, rule)
    if rule.kind in settings("logistics")["tell_customer"] and ticket.contact_id:
        _tell(ticket, shipment, f"logistics.notice.{rule.kind}")
    return case


def _ticket_at_work(known: Sequence[ExceptionCase]) -> Ticket | None:
    for case in known:
        ticket = db.session.get(Ticket, (current_tenant().id, case.ticket_id))
        if ticket and ticket.state in AT_WORK and ticket.merged_into is None:
            return ticket
    return None


def _open(shipment: Shipment, rule: Rule, words: str) -> Ticket:
    contact = get_contact(shipment.contact_id)
    tenant = current_tenant()
    with speaking(contact.locale or tenant.locale, contact.timezone or tenant.timezone):
        filled: dict[str, Any] = _values(shipment)
        subject = text(f"logistics.subject.{rule.kind}", **filled)
        description = text(f"logistics.description.{rule.kind}", **filled)
    said = f"{description}\n\n{words}" if words else description
    new = NewTicket(
        type=EXCEPTION,
        subject=subject,
        description=said,
        contact_id=contact.id,
        channel="web",
        priority=rule.priority,
        category=OF_SUBS.get(shipment.sub) or CATEGORIES.get(rule.kind, "L-TRACK"),
        tags=(shipment.number.lower(),),
    )
    return open_ticket(new, actor=SYSTEM)


def _join(ticket: Ticket, rule: Rule) -> None:
    """A graver kind at the same ticket lifts its priority; a note says what came up."""
    if PRIORITIES.index(rule.priority) > PRIORITIES.index(ticket.priority):
        patch_ticket(ticket.id, {"priority": rule.priority}, actor=SYSTEM, version=ticket.version)
    words = text(f"logistics.kind_of.{rule.kind}")
    write_message(
        ticket, text("logistics.note.joined", kind=words), actor=SYSTEM, visibility="internal",
        purpose="note",
    )  # fmt: skip


def _values(shipment: Shipment) -> dict[str, Any]:
    heard = format_datetime(shipment.heard_at, "short")
    eta = expected_at(shipment)
    return {
        "number": shipment.number,
        "route": text("logistics.route", origin=shipment.from_city, goal=shipment.to_city),
        "heard": heard,
        "place": shipment.place or "—",
        "hours": int((now() - shipment.heard_at).total_seconds() // 3600),
        "attempts": shipment.attempts,
        "sub": text(f"logistics.sub.{shipment.sub}") if shipment.sub else "",
        "promised": format_datetime(shipment.promised_at, "short"),
        "eta": format_datetime(eta, "short") if eta else "—",
    }


def _tell(ticket: Ticket, shipment: Shipment, message: str) -> None:
    """A public notice in the customer's language, by nobody in particular."""
    tenant = current_tenant()
    with speaking(ticket.language or tenant.locale, tenant.timezone):
        words = text(message, **_values(shipment))
    write_message(
        ticket, words, actor=SYSTEM, visibility="public", purpose="notice", automatic=True
    )


def follow_parcel(shipment: Shipment, _standing: Standing, _actor: Actor) -> None:
    """End the exceptions that the parcel's moving ended; the ticket is resolved with the last of them."""
    if not shipment.troubled:
        return
    waiting = [case for case in cases_of(shipment.id) if case.over_at is None]
    ended = [case for case in waiting if ALL[case.kind].over(shipment, case.anchor)]
    for case in ended:
        end(case, by="system", actor=SYSTEM)
    shipment.troubled = len(ended) < len(waiting)
    for ticket_id in {case.ticket_id for case in ended}:
        if all(case.over_at for case in waiting if case.ticket_id == ticket_id):
            _recover(ticket_id, shipment)


def end(case: ExceptionCase, *, by: str, actor: Actor) -> None:
    """Note that an exception is over, once."""
    case.over_at, case.over_by = now(), by
    fact = ExceptionOver(exception_id=case.id, shipment_id=case.shipment_id, kind=case.kind, by=by)
    emit(fact, subject=("ticket", case.ticket_id), actor=actor)


def _recover(ticket_id: UUID, shipment: Shipment) -> None:
    ticket = db.session.get(Ticket, (current_tenant().id, ticket_id))
    if ticket is None or ticket.state not in AT_WORK or ticket.merged_into is not None:
        return
    move_ticket(ticket.id, "recover", {}, actor=SYSTEM, version=ticket.version)
    word = "delivered" if shipment.status == "delivered" else "moving" if shipment.open else "ended"
    if ticket.contact_id:
        _tell(ticket, shipment, f"logistics.notice.over_{word}")
