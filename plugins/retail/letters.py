"""What the customer is told at each step, in his language; and what the desk is."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from core.sdk import (
    SYSTEM,
    current_tenant,
    format_date,
    format_datetime,
    money_text,
    speaking,
    text,
    write_message,
)

if TYPE_CHECKING:
    from core.sdk import Actor, Ticket
    from plugins.retail.return_models import Refund, Rma


def received(ticket: Ticket, rma: Rma) -> None:
    """The request is here, and what happens next."""
    if ticket.contact_id is None:
        return
    with _his_language(ticket):
        words = text("retail.letter.received", remedy=text(f"retail.remedy.{rma.remedy}"))
    _tell(ticket, words)


def approved(ticket: Ticket, rma: Rma) -> None:
    """How the goods come back, and until when."""
    with _his_language(ticket):
        way = "send" if rma.channel == "online" else "bring"
        words = text(
            f"retail.letter.approved_{way}",
            remedy=text(f"retail.remedy.{rma.remedy}"),
            until=format_date(rma.expires_at),
        )
    _tell(ticket, words)


def declined(ticket: Ticket, rma: Rma, actor: Actor) -> None:
    """The reasons; whoever refused stands by it."""
    with _his_language(ticket):
        words = text("retail.letter.declined", note=rma.decision_note)
    write_message(ticket, words, actor=actor, visibility="public", purpose="outcome")


def credited(ticket: Ticket, rma: Rma) -> None:
    """The number of the store credit."""
    with _his_language(ticket):
        words = text(
            "retail.letter.credited",
            number=rma.outcome_reference,
            amount=money_text(rma.amount, rma.currency),
        )
    _tell(ticket, words)


def ended(ticket: Ticket, rma: Rma) -> None:
    """It is over without a remedy: cancelled, expired, or the goods went back."""
    with _his_language(ticket):
        words = text(f"retail.letter.{rma.state}")
    _tell(ticket, words)


def sent(ticket: Ticket, refund: Refund) -> None:
    """The money is on its way, and when it must be there."""
    with _his_language(ticket):
        values = {
            "amount": money_text(-refund.amount, refund.currency),
            "method": text(f"retail.tender.{refund.method}"),
        }
        if refund.due_at is None:
            words = text("retail.letter.sent_at_once", **values)
        else:
            words = text("retail.letter.sent", until=_last_day(refund), **values)
    _tell(ticket, words)


def overdue(ticket: Ticket, refund: Refund) -> None:
    """Sorry: it should be there, and somebody runs after it."""
    with _his_language(ticket):
        amount = money_text(-refund.amount, refund.currency)
        words = text("retail.letter.overdue", amount=amount, until=_last_day(refund))
    _tell(ticket, words)
    _note_of_system(ticket, "retail.note.overdue", refund)


def warn_of_arrival(ticket: Ticket, refund: Refund) -> None:
    """The desk hears before the customer has to ask."""
    _note_of_system(ticket, "retail.note.arrival_warning", refund)


def note(ticket: Ticket, words: str, actor: Actor) -> None:
    """What somebody explained, for the desk."""
    write_message(ticket, words, actor=actor, visibility="internal", purpose="note")


def _note_of_system(ticket: Ticket, message: str, refund: Refund) -> None:
    tenant = current_tenant()
    with speaking(tenant.locale, tenant.timezone):
        amount = money_text(-refund.amount, refund.currency)
        words = text(message, amount=amount, until=format_datetime(refund.due_at))
    write_message(
        ticket, words, actor=SYSTEM, visibility="internal", purpose="note", automatic=True
    )


def _last_day(refund: Refund) -> str:
    return format_date(refund.due_at - timedelta(seconds=1) if refund.due_at else None)


def _his_language(ticket: Ticket) -> Any:
    tenant = current_tenant()
    return speaking(ticket.language or tenant.locale, tenant.timezone)


def _tell(ticket: Ticket, words: str) -> None:
    """Nobody wrote it, so it bears nobody's name."""
    write_message(
        ticket, words, actor=SYSTEM, visibility="public", purpose="notice", automatic=True
    )
