"""What every write at a ticket does: words are cleaned, messages are kept, the activity moves on."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, TypedDict, Unpack

import nh3
from sqlalchemy.orm.attributes import flag_modified

from core.clock import now
from core.db import db
from core.errors import Invalid, Problem
from core.events import emit
from core.forms.normal import clean
from core.plugins import ask
from core.tickets import uploads
from core.tickets.events import MessagePosted
from core.tickets.models import HELD, INTERNAL, NONE, PUBLIC, QUEUED, Message, MessageAttachment

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any
    from uuid import UUID

    from core.actors import Actor
    from core.tickets.models import Ticket

HOLD = timedelta(seconds=8)
SUBJECT_LENGTH, BODY_LENGTH, TAG_LENGTH = 300, 20_000, 60
WORD_LENGTH, CHANNEL_LENGTH, LANGUAGE_LENGTH = 60, 30, 16
MAX_TAGS, MAX_FILES, MAX_WATCHERS = 20, 10, 50
_TAGS = {
    *("a", "b", "blockquote", "br", "code", "div", "em", "h1", "h2", "h3", "h4", "hr", "i", "li"),
    *("ol", "p", "pre", "s", "span", "strong", "table", "tbody", "td", "th", "thead", "tr", "u"),
    "ul",
}


_WORD = re.compile(r"\w[\w.-]*")


def touch(ticket: Ticket) -> None:
    """Note that something happened at the ticket: pages and queues ask by its activity."""
    ticket.activity += 1
    ticket.updated_at = now()


def written(ticket: Ticket) -> None:
    """Note a write that others must have read before they write."""
    ticket.version += 1
    touch(ticket)


def text_of(value: str, field: str, *, longest: int) -> str:
    """Clean words that must be there; Invalid says what is wrong with them."""
    words = clean(value)
    if words is None:
        raise Invalid(Problem(field=field, message="forms.error.unprintable"))
    if not words:
        raise Invalid(Problem(field=field, message="tickets.error.empty"))
    if len(words) > longest:
        raise Invalid(
            Problem(
                field=field,
                message="tickets.error.too_long",
                values=(("limit", longest), ("length", len(words))),
            )
        )
    return words


def line_of(value: str, field: str, *, longest: int) -> str:
    """The same on one line."""
    return " ".join(text_of(value, field, longest=longest).split())


def word_of(value: str, field: str, *, longest: int) -> str:
    """A name of something (a category, a channel), or "": Invalid when it is too long or not one word."""
    if value and (len(value) > longest or not _WORD.fullmatch(value)):
        raise Invalid(
            Problem(field=field, message="tickets.error.word", values=(("limit", longest),))
        )
    return value


def tags_from(values: Sequence[str]) -> tuple[str, ...]:
    """Tags in one spelling, each once, in order; Invalid when they are too many or too long."""
    tags = tuple(
        dict.fromkeys(line_of(tag, "tags", longest=TAG_LENGTH).casefold() for tag in values)
    )
    if len(tags) > MAX_TAGS:
        raise Invalid(
            Problem(field="tags", message="tickets.error.tags", values=(("limit", MAX_TAGS),))
        )
    return tags


def sanitised(html: str | None) -> str | None:
    """Harmless HTML, or None."""
    if not html:
        return None
    return nh3.clean(
        html, tags=_TAGS, attributes={"a": {"href"}}, url_schemes={"http", "https", "mailto"}
    )


def validate(ticket: Ticket | None, changes: dict[str, Any], *, actor: Actor) -> None:
    """Ask every plugin what stands against the write; Invalid names it."""
    problems = ask("validate_ticket", ticket=ticket, changes=changes, actor=actor)
    if problems:
        raise Invalid(*problems)


class Extras(TypedDict, total=False):
    """What may come with a message besides its words."""

    html: str | None
    channel: str
    language: str
    attachment_ids: Sequence[UUID]
    form_key: str
    automatic: bool


def write_message(
    ticket: Ticket,
    body: str,
    *,
    actor: Actor,
    visibility: str,
    purpose: str,
    **more: Unpack[Extras],
) -> Message:
    """Keep a message and say so; a person's public reply is held for 8 s before it leaves."""
    message = _message(ticket, body, actor, visibility, purpose)
    message.body_html = sanitised(more.get("html"))
    message.automatic = more.get("automatic", False) or actor.kind == "system"
    channel, language = more.get("channel", ""), more.get("language", "")
    message.channel = word_of(channel, "channel", longest=CHANNEL_LENGTH) or ticket.channel
    message.language = word_of(language, "language", longest=LANGUAGE_LENGTH) or ticket.language
    db.session.add(message)
    # Who hears of it finds it in the session by its key.
    db.session.flush()
    _attach(message, more.get("attachment_ids", ()), actor, more.get("form_key", ""))
    _note_who_spoke(ticket, message)
    touch(ticket)
    emit(_posted(ticket, message), subject=("ticket", ticket.id), actor=actor)
    return message


def _message(ticket: Ticket, body: str, actor: Actor, visibility: str, purpose: str) -> Message:
    held = visibility == PUBLIC and actor.is_person and purpose in {"reply", "notice"}
    leaves = visibility == PUBLIC and actor.kind != "contact" and purpose != "description"
    return Message(
        ticket_id=ticket.id,
        body_text=text_of(body, "body", longest=BODY_LENGTH),
        visibility=visibility,
        purpose=purpose,
        author_kind=actor.kind,
        author_id=actor.id,
        author_name="" if actor.kind == "system" else actor.name,
        hold_until=now() + HOLD if held else None,
        delivery_state=HELD if held else QUEUED if leaves else NONE,
    )


def _posted(ticket: Ticket, message: Message) -> MessagePosted:
    return MessagePosted(
        message_id=message.id,
        visibility=message.visibility,
        purpose=message.purpose,
        author_kind=message.author_kind,
        channel=message.channel,
        automatic=message.automatic,
        status=ticket.status,
    )


def write_note(ticket: Ticket, body: str, *, actor: Actor, purpose: str = "note") -> Message:
    """Keep words for the desk alone."""
    return write_message(ticket, body, actor=actor, visibility=INTERNAL, purpose=purpose)


def _attach(message: Message, attachment_ids: Sequence[UUID], actor: Actor, form_key: str) -> None:
    if not attachment_ids:
        return
    if len(attachment_ids) > MAX_FILES:
        raise Invalid(
            Problem(
                field="attachments", message="tickets.error.files", values=(("limit", MAX_FILES),)
            )
        )
    uploads.claim(attachment_ids, actor, form_key, message.id)
    for position, attachment_id in enumerate(dict.fromkeys(attachment_ids)):
        db.session.add(
            MessageAttachment(message_id=message.id, attachment_id=attachment_id, position=position)
        )


def _note_who_spoke(ticket: Ticket, message: Message) -> None:
    if message.visibility != PUBLIC:
        return
    if message.author_kind == "contact" or message.purpose == "description":
        ticket.customer_spoke_at = message.posted_at
    elif not message.automatic:
        ticket.staff_spoke_at = message.posted_at


def merge_extra(ticket: Ticket, changes: dict[str, Any]) -> None:
    """Merge-patch the free answers of the ticket: None takes one away."""
    merged = {**ticket.extra, **changes}
    ticket.extra = {name: value for name, value in merged.items() if value is not None}
    flag_modified(ticket, "extra")
