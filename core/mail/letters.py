"""What each mail says, in the reader's language; secrets pass through `show`, which an outbox page lets hide them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from core.auth.resets import reset_token
from core.contacts.codes import code_of
from core.contacts.links import link_path
from core.db import db
from core.i18n import format_datetime, text
from core.mail.addresses import public_url
from core.tenancy import current_tenant
from core.tickets.models import Message, Ticket

if TYPE_CHECKING:
    from core.declarations import Text
    from core.mail.models import MailOut

Show = Callable[[str], str]


@dataclass(frozen=True, kw_only=True)
class Letter:
    """A mail's parts: the same for the plain and the HTML edition."""

    subject: str
    paragraphs: tuple[str, ...]
    facts: tuple[tuple[str, str], ...] = ()
    quote: str = ""
    code: str = ""
    button: tuple[str, str] | None = None
    closing: tuple[str, ...] = ()


def acknowledgement(mail: MailOut, show: Show) -> Letter:
    """We have it: number, next step, promised date and link (model.md §7)."""
    ticket = _ticket(mail)
    facts = [
        (text("mail.fact.number"), ticket.number or ""),
        (text("mail.fact.subject"), ticket.subject),
        (text("mail.fact.next"), text("mail.acknowledgement.next")),
    ]
    if ticket.due_at:
        facts.append((text("mail.fact.promised"), format_datetime(ticket.due_at, "sentence")))
    return Letter(
        subject=text("mail.acknowledgement.subject", number=ticket.number, subject=ticket.subject),
        paragraphs=(text("mail.acknowledgement.words"),),
        facts=tuple(facts),
        button=_link(mail, show),
        closing=(text("mail.link.keep"),),
    )


def reply(mail: MailOut, show: Show) -> Letter:
    """A public message of the desk."""
    ticket = _ticket(mail)
    message = db.session.get_one(Message, (current_tenant().id, UUID(mail.params["message_id"])))
    return Letter(
        subject=text("mail.reply.subject", number=ticket.number, subject=ticket.subject),
        paragraphs=(text("mail.reply.words", number=ticket.number),),
        quote=message.body_text,
        button=_link(mail, show),
        closing=(text("mail.reply.answer"), text("mail.link.keep")),
    )


def link_again(mail: MailOut, show: Show) -> Letter:
    """The link of a ticket, once more."""
    ticket = _ticket(mail)
    return Letter(
        subject=text("mail.link_again.subject", number=ticket.number),
        paragraphs=(text("mail.link_again.words", number=ticket.number),),
        button=_link(mail, show),
        closing=(text("mail.link.keep"), text("mail.not_you")),
    )


def login_code(mail: MailOut, show: Show) -> Letter:
    """Six digits to sign in with. They stay out of the subject, which phones show when locked."""
    return Letter(
        subject=text("mail.login_code.subject"),
        paragraphs=(text("mail.login_code.words"),),
        code=show(code_of(UUID(mail.params["code_id"]))),
        closing=(text("mail.login_code.life"), text("mail.not_you")),
    )


def password_reset(mail: MailOut, show: Show) -> Letter:
    """A link to choose a password."""
    token = reset_token(UUID(mail.params["reset_id"]))
    return Letter(
        subject=text("mail.password_reset.subject", house=_house()),
        paragraphs=(text("mail.password_reset.words", house=_house()),),
        button=(text("mail.password_reset.button"), show(public_url(f"/password/reset/{token}"))),
        closing=(text("mail.password_reset.life"), text("mail.not_you")),
    )


def clock_notice(mail: MailOut, show: Show) -> Letter:  # noqa: ARG001  every letter takes both
    """To staff: a promise is about to be broken, or was."""
    ticket = _ticket(mail)
    at, title = mail.params["at"], text(_metric_title(mail))
    return Letter(
        subject=text(f"mail.clock.{at}_subject", number=ticket.number, metric=title),
        paragraphs=(text(f"mail.clock.{at}_words", number=ticket.number, metric=title),),
        facts=((text("mail.fact.subject"), ticket.subject),),
        button=(text("mail.clock.button"), public_url(f"/desk/tickets/{ticket.id}")),
    )


def _metric_title(mail: MailOut) -> Text:
    title: Text = mail.params.get("metric_title") or mail.params["metric"]
    return title


def _ticket(mail: MailOut) -> Ticket:
    return db.session.get_one(Ticket, (current_tenant().id, mail.ticket_id))


def _link(mail: MailOut, show: Show) -> tuple[str, str] | None:
    link_id = mail.params.get("link_id")
    if not link_id:
        return None
    return text("mail.link.button"), show(public_url(link_path(UUID(link_id))))


def _house() -> str:
    return text(current_tenant().name)


LETTERS: dict[str, Callable[[MailOut, Show], Letter]] = {
    "acknowledgement": acknowledgement,
    "reply": reply,
    "link_again": link_again,
    "login_code": login_code,
    "password_reset": password_reset,
    "clock_notice": clock_notice,
}
