"""The facts of files; none carries a name, which may be personal."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from core.events import Event


@dataclass(frozen=True, kw_only=True)
class AttachmentAdded(Event):
    """A file came to a ticket; `sha256` is of the bytes as kept."""

    type = "attachment.added"
    attachment_id: UUID
    media_type: str
    size: int
    sha256: str
    visibility: str


@dataclass(frozen=True, kw_only=True)
class AttachmentRedacted(Event):
    """A file was overwritten; its row stays as a tombstone."""

    type = "attachment.redacted"
    attachment_id: UUID


EVENTS: list[type[Event]] = [AttachmentAdded, AttachmentRedacted]
