"""Mail: queued as a row, drawn at sending, shown on the outbox page without its secrets."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from flask import current_app
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from core import i18n
from core.auth.models import User
from core.clock import now
from core.contacts.lookup import mail_point
from core.contacts.models import Contact, ContactPoint
from core.contacts.points import masked
from core.contacts.privacy import told
from core.contacts.service import ids_of
from core.db import db
from core.errors import NotFound, StartupError
from core.mail.letters import LETTERS, Letter
from core.mail.models import CANCELLED, QUEUED, MailOut
from core.tenancy import current_tenant
from core.tickets.visibility import in_sight_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import Select

    from core.actors import Actor

HIDDEN = "••••••"

_pages = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True)
class Rendered:
    """A mail in words."""

    to: str
    subject: str
    text: str
    html: str


def queue_mail(
    template: str,
    *,
    contact_id: UUID | None = None,
    contact_point_id: UUID | None = None,
    user_id: UUID | None = None,
    ticket_id: UUID | None = None,
    params: dict[str, Any] | None = None,
    event_id: UUID | None = None,
    send_after: datetime | None = None,
) -> MailOut | None:
    """Have a mail go out to a user, or to a contact's stored address; None when the contact has none."""
    if template not in LETTERS:
        raise StartupError(f"no mail is called {template}")
    if user_id is None and contact_point_id is None:
        point = mail_point(contact_id) if contact_id else None
        if point is None:
            return None
        contact_point_id = point.id
    row = MailOut(
        template=template,
        contact_id=contact_id,
        contact_point_id=contact_point_id,
        user_id=user_id,
        ticket_id=ticket_id,
        event_id=event_id,
        params=params or {},
        created_at=now(),
        send_after=send_after or now(),
        state=QUEUED,
    )
    db.session.add(row)
    return row


def cancel_mail(template: str, ticket_id: UUID, name: str, value: str) -> None:
    """Take back mails of a ticket that have not left, those whose parameter `name` is `value`."""
    rows = sa.select(MailOut).where(
        MailOut.ticket_id == ticket_id, MailOut.template == template, MailOut.state == QUEUED
    )
    for row in db.session.scalars(rows):
        if row.params.get(name) == value:
            row.state = CANCELLED


def mails_of(contact: Contact) -> list[dict[str, Any]]:
    """What went to a customer and when; the words are those of the ticket."""
    rows = sa.select(MailOut).where(MailOut.contact_id.in_(ids_of(contact.id))).order_by(MailOut.id)
    return told(db.session.scalars(rows), "id template ticket_id params created_at state sent_at")


def forget_mails(contact_id: UUID) -> None:
    """Nothing more goes to an erased customer, and no server's complaint keeps the address."""
    his = sa.update(MailOut).where(MailOut.contact_id.in_(ids_of(contact_id)))
    still = sa.case((MailOut.state == QUEUED, CANCELLED), else_=MailOut.state)
    db.session.execute(his.values(last_error="", state=still))


def get_mail(mail_id: UUID, *, actor: Actor) -> MailOut:
    """The mail; NotFound, also when it is about a ticket that is hidden from the actor (CP-35)."""
    row = db.session.scalars(_of(actor).where(MailOut.id == mail_id)).one_or_none()
    if row is None:
        raise NotFound(f"no mail {mail_id}")
    return row


def list_mail(*, actor: Actor, before: UUID | None = None, limit: int = 50) -> list[MailOut]:
    """What of the outbox the actor may know of, newest first; `before` is the last id of the page before."""
    rows = _of(actor).order_by(MailOut.id.desc()).limit(limit)
    if before is not None:
        rows = rows.where(MailOut.id < before)
    return list(db.session.scalars(rows))


def _of(actor: Actor) -> Select[MailOut]:
    known = MailOut.ticket_id.is_(None) | in_sight_of(actor, MailOut.ticket_id)
    return sa.select(MailOut).where(known)


def render(mail: MailOut) -> Rendered:
    """The mail as it goes out, its secrets made anew."""
    return _draw(mail, lambda secret: secret, lambda point: point.value)


def preview(mail: MailOut) -> Rendered:
    """The mail as staff may read it: no link, no code, the address masked.

    An installation for trying out, without SMTP, may set MAIL_SECRETS_IN_OUTBOX.
    """
    if current_app.config.get("MAIL_SECRETS_IN_OUTBOX"):
        return render(mail)
    return _draw(mail, lambda _: HIDDEN, lambda point: masked(point.kind, point.value))


def _draw(
    mail: MailOut, show: Callable[[str], str], address: Callable[[ContactPoint], str]
) -> Rendered:
    tenant = current_tenant()
    user, contact = _reader(mail)
    reader = user or contact
    locale = (reader.locale if reader else "") or tenant.locale
    with i18n.use(locale, (reader.timezone if reader else "") or tenant.timezone):
        letter: Letter = LETTERS[mail.template](mail, show)
        values = {"letter": letter, "house": i18n.text(tenant.name), "lang": i18n.current_locale()}
        return Rendered(
            to=_address(mail, user, address),
            subject=" ".join(letter.subject.split()),
            text=_pages.get_template("letter.txt").render(values).strip() + "\n",
            html=_pages.get_template("letter.html").render(values),
        )


def _reader(mail: MailOut) -> tuple[User | None, Contact | None]:
    tenant_id = current_tenant().id
    user = db.session.get(User, (tenant_id, mail.user_id)) if mail.user_id else None
    contact = db.session.get(Contact, (tenant_id, mail.contact_id)) if mail.contact_id else None
    return user, contact


def _address(mail: MailOut, user: User | None, shown: Callable[[ContactPoint], str]) -> str:
    if user is not None:
        return user.email
    point = db.session.get(ContactPoint, (current_tenant().id, mail.contact_point_id))
    return shown(point) if point is not None and point.value else ""
