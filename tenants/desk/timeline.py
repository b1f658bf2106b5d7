"""The ticket's record as entries that the kit draws: what was said, and one line for each thing that happened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from core.host import (
    Entry,
    catalog,
    contact_names,
    department_titles,
    file_cards,
    state_title,
    team_titles,
    timeline,
    user_names,
)
from core.sdk import TransitionEvent, now, text

if TYPE_CHECKING:
    from datetime import datetime

    from core.host import EventRow, FileCard, Message, Ticket
    from core.sdk import Actor

RECENT = 8
SILENT = frozenset({
    "message.posted", "ticket.watched", "ticket.unwatched", "ticket.classified", "clock.started",
    "clock.paused", "clock.resumed", "clock.fulfilled", "clock.cancelled", "clock.finished",
    "clock.retargeted", "clock.restarted", "clock.met", "clock.stopped", "link.issued",
    "attachment.claimed", "attachment.stored",
})  # fmt: skip
ICONS = {
    "ticket.opened": "inbox",
    "ticket.moved": "arrow-right",
    "ticket.assigned": "user-plus",
    "ticket.unassigned": "user-x",
    "ticket.accepted": "user-check",
    "ticket.declined": "user-minus",
    "ticket.handed_over": "arrow-forward-up",
    "ticket.handover_accepted": "user-check",
    "ticket.taken_back": "arrow-back-up",
    "ticket.merged": "git-merge",
    "ticket.absorbed": "git-merge",
    "ticket.tagged": "tag",
    "ticket.priority_changed": "flag",
    "clock.warned": "alarm",
    "clock.breached": "alert-triangle",
    "message.recalled": "arrow-back-up",
}


@dataclass(frozen=True)
class Said:
    """A message as the timeline draws it; kind is customer, agent or note."""

    id: UUID
    kind: str
    author: str
    role: str
    at: datetime
    body: str
    html: str | None
    files: list[FileCard]
    foot: str
    recalled: bool
    recallable: bool
    is_message: bool = True


@dataclass(frozen=True)
class Happened:
    """A fact as one line; `plugin` is its owner when it is not core's."""

    id: UUID
    words: str
    at: datetime
    icon: str
    plugin: str = ""
    chip: str = ""
    is_message: bool = False


@dataclass(frozen=True)
class Record:
    """The customer's request, pinned, and everything after it; `folded` older entries wait to be unfolded."""

    request: Said | None
    entries: list[Said | Happened]
    folded: int


def record(ticket: Ticket, actor: Actor, *, everything: bool) -> Record:
    """The timeline of a ticket, its older part folded unless everything is wanted."""
    raw = [entry for entry in timeline(ticket, actor=actor) if _speaks(entry)]
    names = _Names(raw)
    drawn = [names.draw(entry, actor) for entry in raw]
    request = next((e for e in drawn if isinstance(e, Said)), None)
    rest = [entry for entry in drawn if entry is not request]
    folded = 0 if everything or len(rest) <= RECENT + 2 else len(rest) - RECENT
    return Record(request, rest[folded:], folded)


def _speaks(entry: Entry) -> bool:
    if entry.event is None:
        return True
    if entry.event.type in SILENT:
        return False
    declared = catalog().shelf("event").get(entry.event.type)
    is_echo = isinstance(declared, type) and issubclass(declared, TransitionEvent)
    return not is_echo or entry.event.type == "ticket.moved"


class _Names:
    """The names behind the ids of many entries, asked for at once."""

    def __init__(self, entries: list[Entry]) -> None:
        rows = [entry.event for entry in entries if entry.event]
        users = {row.actor_id for row in rows if row.actor_kind == "user" and row.actor_id}
        people = {row.actor_id for row in rows if row.actor_kind == "contact" and row.actor_id}
        users |= {
            UUID(row.payload[key])
            for row in rows
            for key in ("assignee_id", "previous_id", "user_id")
            if row.payload.get(key)
        }
        self.users = user_names(users)
        self.people = contact_names(people)
        self.files = file_cards([a for entry in entries for a in entry.attachment_ids])

    def draw(self, entry: Entry, actor: Actor) -> Said | Happened:
        if entry.message:
            return self._said(entry.message, entry, actor)
        if entry.event is None:
            raise LookupError(f"an entry is a message or an event: {entry.id}")
        return self._happened(entry.event)

    def _said(self, message: Message, entry: Entry, actor: Actor) -> Said:
        note = message.visibility == "internal"
        kind = "note" if note else "customer" if message.author_kind == "contact" else "agent"
        held = bool(message.hold_until and message.hold_until > now() and not message.recalled_at)
        return Said(
            id=message.id,
            kind=kind,
            author=message.author_name or text(f"desk.actor.{message.author_kind}"),
            role=text("desk.timeline.automatic") if message.automatic else text(f"desk.timeline.{kind}"),
            at=entry.at,
            body=text("desk.timeline.redacted") if message.redacted_at else message.body_text,
            html=None if message.redacted_at else message.body_html,
            files=[self.files[a] for a in entry.attachment_ids if a in self.files],
            foot=_delivery(message) if kind == "agent" else "",
            recalled=message.recalled_at is not None,
            recallable=held and message.author_id == actor.id,
        )

    def _happened(self, row: EventRow) -> Happened:
        owner = catalog().owner("event", row.type) if row.type in catalog().shelf("event") else ""
        return Happened(
            id=row.id,
            words=self._words(row),
            at=row.occurred_at,
            icon=ICONS.get(row.type, "puzzle" if owner else "point"),
            plugin=owner,
        )

    def _words(self, row: EventRow) -> str:
        """`event.<type>` of its owner's catalog; a topic nobody worded is shown by its name."""
        message = f"event.{row.type}"
        words = text(message, **self._values(row))
        return row.type if words == message else words

    def _values(self, row: EventRow) -> dict[str, Any]:
        data = row.payload
        return {
            **{key: _plain(key, value) for key, value in data.items()},
            "who": self._who(row),
            "assignee": self._user(data.get("assignee_id")),
            "previous": self._user(data.get("previous_id")),
            "state": state_title(data),
            "metric": text(f"core.metric.{data['metric']}") if "metric" in data else "",
            **team_titles(data),
            **department_titles(data),
        }

    def _user(self, value: Any) -> str:
        return self.users.get(UUID(value), "") if value else ""

    def _who(self, row: EventRow) -> str:
        if row.actor_kind == "user" and row.actor_id:
            return self.users.get(row.actor_id, "")
        if row.actor_kind == "contact" and row.actor_id:
            return self.people.get(row.actor_id, text("desk.actor.contact"))
        return text(f"desk.actor.{row.actor_kind}")


def _plain(key: str, value: Any) -> Any:
    if isinstance(value, list):
        return ", ".join(str(item) for item in value)
    if key in {"old", "new"} and value in {"normal", "urgent", "critical"}:
        return text(f"ui.priority.{value}")
    return "" if value is None else value


def _delivery(message: Message) -> str:
    if message.delivery_state in {"", "none"}:
        return ""
    return text(f"desk.delivery.{message.delivery_state}")
