"""One fact, said once: emit() writes an immutable event and its outbox row into the caller's transaction."""

from __future__ import annotations

import dataclasses
import json
from collections import defaultdict
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, ClassVar, get_type_hints
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import event as sqlalchemy_event
from sqlalchemy.orm import Mapped, mapped_column

from core.clock import now
from core.db import Base, UtcDateTime, db
from core.errors import StartupError
from core.tenancy import TenantKeyed, TenantScoped, tenant_foreign_key

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.actors import Actor

request_id: ContextVar[str] = ContextVar("request_id", default="")

JSON_TYPES = {
    str: {"type": "string"},
    int: {"type": "integer"},
    bool: {"type": "boolean"},
    float: {"type": "number"},
    UUID: {"type": "string", "format": "uuid"},
    datetime: {"type": "string", "format": "date-time"},
}


@dataclass(frozen=True, kw_only=True)
class Event:
    """Root of all facts: a subclass is a frozen dataclass whose docstring is the manual.

    Fields hold ids, names of fields and non-personal values only (model.md §4). `type` is the topic (no field may be
    called so), `revision` grows when a field is added.
    """

    type: ClassVar[str]
    revision: ClassVar[int] = 1

    @classmethod
    def schema(cls) -> dict[str, Any]:
        """JSON schema of the event's data."""
        hints = get_type_hints(cls)
        fields = dataclasses.fields(cls)
        return {
            "type": "object",
            "additionalProperties": False,
            "properties": {f.name: _json_type(hints[f.name]) for f in fields},
            "required": [f.name for f in fields if f.default is dataclasses.MISSING],
        }

    @classmethod
    def upcast(cls, data: dict[str, Any], version: int) -> dict[str, Any]:  # noqa: ARG003
        """Data of an older `version` in today's shape."""
        return data


@dataclass(frozen=True, kw_only=True)
class TransitionEvent(Event):
    """Base of what a workflow's transition emits: where from, where to, by which transition, and the new status."""

    from_state: str
    to_state: str
    transition: str
    status: str


class EventRow(TenantScoped, Base):
    """A fact as stored: inserted in the caller's transaction, never updated. `data` is canonical JSON text."""

    __tablename__ = "event"
    __table_args__ = (
        sa.Index("ix_event_subject", "tenant_id", "subject_type", "subject_id", "id"),
        sa.Index("ix_event_type", "tenant_id", "type", "id"),
        {"info": {"moves": ("outbox",)}},
    )
    type: Mapped[str] = mapped_column(sa.String(120))
    version: Mapped[int]
    occurred_at: Mapped[datetime] = mapped_column(UtcDateTime)
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    subject_type: Mapped[str] = mapped_column(sa.String(60))
    subject_id: Mapped[UUID]
    actor_kind: Mapped[str] = mapped_column(sa.String(16))
    actor_id: Mapped[UUID | None]
    on_behalf_of: Mapped[UUID | None]
    request_id: Mapped[str] = mapped_column(sa.String(64), default="")
    caused_by: Mapped[UUID | None]
    data: Mapped[str] = mapped_column(sa.Text)

    @cached_property
    def payload(self) -> dict[str, Any]:
        """`data` as a dict, as it was written."""
        return dict(json.loads(self.data))


class Outbox(TenantKeyed, Base):
    """Facts that the relay has not sealed yet; written with the event, deleted with the sealing."""

    __tablename__ = "outbox"
    __table_args__ = (tenant_foreign_key("event", "event_id"),)
    event_id: Mapped[UUID] = mapped_column(primary_key=True)


Subscriber = "Callable[[EventRow], None]"
_subscribers: dict[str, list[Callable[[EventRow], None]]] = defaultdict(list)


def subscribe(event_type: str, call: Callable[[EventRow], None]) -> None:
    """Let core's own `call(row)` run inside every transaction that emits `event_type`; saying it twice is once."""
    if call not in _subscribers[event_type]:
        _subscribers[event_type].append(call)


def emit(
    event: Event,
    *,
    subject: tuple[str, UUID],
    actor: Actor,
    caused_by: UUID | None = None,
    occurred_at: datetime | None = None,
) -> EventRow:
    """Write the fact with its outbox row, then run core's subscribers.

    `subject` is ("ticket", id) whenever there is a ticket. `occurred_at` differs from now only for facts found later
    (a breach happened at its due time). Gives the row; its `payload` is the data.
    """
    kind: Any = type(event)
    row = EventRow(
        type=event.type,
        version=event.revision,
        occurred_at=occurred_at or now(),
        recorded_at=now(),
        subject_type=subject[0],
        subject_id=subject[1],
        actor_kind=actor.kind,
        actor_id=actor.id,
        on_behalf_of=actor.on_behalf_of,
        request_id=request_id.get(),
        caused_by=caused_by,
        data=canonical_json({name: getattr(event, name) for name in _names(kind)}),
    )
    db.session.add(row)
    for call in tuple(_subscribers[event.type]):
        call(row)
    return row


_TO_OUTBOX: Any = sa.insert(Outbox.__table__)  # type: ignore[arg-type]


@sqlalchemy_event.listens_for(db.session, "after_flush")
def _leave_for_relay(session: Any, context: Any) -> None:  # noqa: ARG001
    """Put each event that was just written into the outbox, with the same flush."""
    keys = [
        {"tenant_id": row.tenant_id, "event_id": row.id}
        for row in session.new
        if isinstance(row, EventRow)
    ]
    if keys:
        session.connection().execute(_TO_OUTBOX, keys)


def canonical_json(value: Any) -> str:
    """One text per value on every database: sorted keys, no spaces, UUIDs and UTC times as text."""
    return _ENCODER.encode(value)


def timestamp_text(value: datetime) -> str:
    """A UTC time as fixed microsecond text: what hashes and the feed carry."""
    return value.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _plain(value: Any) -> Any:
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, datetime):
        return timestamp_text(value)
    raise TypeError(f"{type(value).__name__} does not belong in an event")


_ENCODER = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_plain
)


@lru_cache(maxsize=1024)
def _names(kind: type[Event]) -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(kind))


def _json_type(hint: Any) -> dict[str, Any]:
    if hint in JSON_TYPES:
        return dict(JSON_TYPES[hint])
    parts: tuple[Any, ...] = getattr(hint, "__args__", ())
    if getattr(hint, "__origin__", None) in {tuple, list}:
        return {"type": "array", "items": _json_type(parts[0])}
    if getattr(hint, "__origin__", None) is dict:
        return {"type": "object"}
    if type(None) in parts:
        inner = _json_type(next(part for part in parts if part is not type(None)))
        return {"anyOf": [inner, {"type": "null"}]}
    raise StartupError(f"an event's field cannot be a {hint}")


@sqlalchemy_event.listens_for(EventRow, "before_update")
def _never(mapper: Any, connection: Any, row: EventRow) -> None:  # noqa: ARG001
    raise RuntimeError(f"events are never changed: {row.id}")
