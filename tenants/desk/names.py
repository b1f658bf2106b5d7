"""Words for what a page shows by id: types, metrics, states, bodies, and the last thing said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from flask import url_for

from core.host import Message, Organisation, attachments, current_tenant, db, definitions
from core.sdk import NotFound, text

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from uuid import UUID


def type_title(name: str) -> str:
    """The title of a ticket type, or its name when the plugin's package is gone."""
    return _title("ticket_type", name)


def metric_title(name: str) -> str:
    """The title of a metric."""
    return _title("metric", name)


def calendar_title(name: str) -> str:
    """The title of a calendar."""
    return _title("calendar", name)


def channel_title(name: str) -> str:
    """The title of a channel; one that nobody worded goes by its name."""
    message = f"desk.channel.{name}"
    words = text(message)
    return name if words == message else words


def _title(kind: str, name: str) -> str:
    try:
        value: Any = definitions.get(kind, name)
    except (NotFound, KeyError):
        return name
    return text(value.title)


def organisation_names(ids: Collection[UUID]) -> dict[UUID, str]:
    """The names of organisations."""
    if not ids:
        return {}
    rows = db.session.execute(
        sa.select(Organisation.id, Organisation.name).where(Organisation.id.in_(ids))
    )
    return {row.id: row.name for row in rows}


def last_words(ticket_ids: Collection[UUID]) -> dict[UUID, str]:
    """The newest message of each ticket, in one query."""
    if not ticket_ids:
        return {}
    place = sa.func.row_number().over(partition_by=Message.ticket_id, order_by=sa.desc(Message.id))
    ranked = (
        sa.select(Message.ticket_id, Message.id, place.label("place"))
        .where(Message.tenant_id == current_tenant().id, Message.ticket_id.in_(ticket_ids))
        .subquery()
    )
    rows = db.session.execute(
        sa.select(Message.ticket_id, Message.body_text)
        .join(ranked, ranked.c.id == Message.id)
        .where(ranked.c.place == 1)
    )
    return {row.ticket_id: row.body_text for row in rows}


@dataclass(frozen=True)
class FileCard:
    """A file as the kit's list draws it; `thumbnail` is an address or ""."""

    name: str
    url: str
    size: int
    thumbnail: str


def file_cards(ids: Sequence[UUID]) -> dict[UUID, FileCard]:
    """The files of messages whose ticket was already checked."""
    rows = attachments.by_ids(ids) if ids else {}
    return {
        key: FileCard(
            name=row.name,
            url=url_for("desk.file", attachment_id=key),
            size=row.size,
            thumbnail=url_for("desk.thumbnail", attachment_id=key) if row.is_picture else "",
        )
        for key, row in rows.items()
    }
