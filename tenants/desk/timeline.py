"""The ticket's record as entries that the kit draws: what was said, and a line for what happened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from core.host import accounts, app_calls, catalog, client_book, contacts, team_book, tickets
from core.sdk import TransitionEvent, now, text
from tenants.desk.names import FileCard, file_cards, metric_title

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from core.host import Message
    from core.sdk import Actor, EventRow, Workflow

RECENT = 8
SILENT_TOPICS = ("clock.", "link.", "attachment.")
SPOKEN = frozenset({"clock.warned", "clock.breached"})
SILENT = frozenset({"message.posted", "ticket.watched", "ticket.unwatched", "ticket.classified"})
APP_ACTION = "app.action_run"
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
PRIORITIES = frozenset({"normal", "urgent", "critical"})
# Purposes that a message is marked with, whoever wrote it.
TOLD = frozenset({"work_done", "result", "outcome"})


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
    """The customer's request, pinned, and what came after it; `folded` older entries wait."""

    request: Said | None
    entries: list[Said | Happened]
    folded: int


def record(
    told: list[tickets.Entry], workflow: Workflow, actor: Actor, *, everything: bool
) -> Record:
    """The timeline of a ticket as drawn, its older part folded unless everything is wanted."""
    raw = [entry for entry in told if _speaks(entry)]
    teller = _Teller(raw, workflow, actor)
    drawn = [teller.draw(entry) for entry in raw]
    request = next((entry for entry in drawn if isinstance(entry, Said)), None)
    rest = [entry for entry in drawn if entry is not request]
    folded = 0 if everything or len(rest) <= RECENT + 2 else len(rest) - RECENT
    return Record(request, rest[folded:], folded)


def _speaks(entry: tickets.Entry) -> bool:
    if entry.event is None:
        return True
    topic = entry.event.type
    if topic in SILENT or (topic.startswith(SILENT_TOPICS) and topic not in SPOKEN):
        return False
    declared = catalog().shelf("event").get(topic)
    is_echo = isinstance(declared, type) and issubclass(declared, TransitionEvent)
    return not is_echo or topic == "ticket.moved"


class _Teller:
    """Words for many entries, the names behind their ids asked for at once."""

    def __init__(self, entries: list[tickets.Entry], workflow: Workflow, actor: Actor) -> None:
        self.actor = actor
        self.states = {state.name: text(state.title) for state in workflow.states}
        self.moves = {move.name: text(move.title) for move in workflow.transitions}
        rows = [entry.event for entry in entries if entry.event]
        self.users = accounts.names_of(set(_user_ids(rows)))
        customers = {r.actor_id for r in rows if r.actor_kind == "contact" and r.actor_id}
        self.customers = contacts.names_of(customers)
        apps = {r.actor_id for r in rows if r.actor_kind == "app" and r.actor_id}
        self.apps = client_book.names_of(apps) if apps else {}
        ran = any(row.type == APP_ACTION for row in rows)
        self.actions = app_calls.action_titles() if ran else {}
        self.files = file_cards([a for entry in entries for a in entry.attachment_ids])

    def draw(self, entry: tickets.Entry) -> Said | Happened:
        if entry.message is not None:
            return self._said(entry.message, entry)
        if entry.event is None:
            raise LookupError(f"an entry is a message or an event: {entry.id}")
        return self._happened(entry.event)

    def _said(self, message: Message, entry: tickets.Entry) -> Said:
        note = message.visibility == "internal"
        kind = "note" if note else "customer" if message.author_kind == "contact" else "agent"
        role = "automatic" if message.automatic else kind
        role = message.purpose if message.purpose in TOLD else role
        held = message.hold_until is not None and message.hold_until > now()
        return Said(
            id=message.id,
            kind=kind,
            author=message.author_name or text(f"desk.actor.{message.author_kind}"),
            role=text(f"desk.timeline.{role}"),
            at=entry.at,
            body=text("desk.timeline.redacted") if message.redacted_at else message.body_text,
            html=None if message.redacted_at else message.body_html,
            files=[self.files[a] for a in entry.attachment_ids if a in self.files],
            foot=_delivery(message) if kind == "agent" else "",
            recalled=message.recalled_at is not None,
            recallable=held and not message.recalled_at and message.author_id == self.actor.id,
        )

    def _happened(self, row: EventRow) -> Happened:
        known = row.type in catalog().shelf("event")
        owner = catalog().owner("event", row.type) if known else ""
        return Happened(
            id=row.id,
            words=self._words(row),
            at=row.occurred_at,
            icon=ICONS.get(row.type, catalog().plugins[owner].icon if owner else "point"),
            plugin=owner,
        )

    def _words(self, row: EventRow) -> str:
        """`event.<type>` of its owner's catalog; a topic nobody worded is shown by its name."""
        message = f"event.{row.type}"
        words = text(message, **self._values(row))
        return row.type if words == message else words

    def _values(self, row: EventRow) -> dict[str, Any]:
        data = row.payload
        values = {key: _plain(value) for key, value in data.items()}
        values["who"] = self._who(row)
        for key in ("assignee_id", "previous_id", "user_id"):
            values[key.removesuffix("_id")] = self._user(data.get(key))
        values["state"] = self.states.get(data.get("to_state", ""), data.get("to_state", ""))
        values["move"] = self.moves.get(data.get("transition", ""), values["state"])
        if "metric" in data:
            values["metric"] = metric_title(data["metric"])
        for key in ("from_department_id", "to_department_id", "department_id"):
            values[key.removesuffix("_id")] = _department(data.get(key))
        if row.type == APP_ACTION:
            said = data["app"], data["action"]
            app, action = self.actions.get(said, said)
            values |= {"app": text(app), "action": text(action)}
        if row.type == "ticket.team_changed":
            values |= {"old": _team(data.get("old")), "new": _team(data.get("new"))}
        return values

    def _user(self, value: Any) -> str:
        return self.users.get(UUID(value), "") if value else ""

    def _who(self, row: EventRow) -> str:
        if row.actor_kind == "user" and row.actor_id:
            return self.users.get(row.actor_id, text("desk.actor.user"))
        if row.actor_kind == "contact" and row.actor_id:
            return self.customers.get(row.actor_id, text("desk.actor.contact"))
        if row.actor_kind == "app" and row.actor_id in self.apps:
            return self.apps[row.actor_id]
        return text(f"desk.actor.{row.actor_kind}")


def _user_ids(rows: list[EventRow]) -> Iterable[UUID]:
    for row in rows:
        if row.actor_kind == "user" and row.actor_id:
            yield row.actor_id
        for key in ("assignee_id", "previous_id", "user_id"):
            if row.payload.get(key):
                yield UUID(row.payload[key])


def _department(value: Any) -> str:
    return text(team_book.get_department(UUID(value)).name) if value else ""


def _team(value: Any) -> str:
    return text(team_book.get_team(UUID(value)).name) if value else text("desk.none.team")


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return ", ".join(str(item) for item in value)
    if value in PRIORITIES:
        return text(f"ui.priority.{value}")
    return "" if value is None else value


def _delivery(message: Message) -> str:
    state = message.delivery_state
    if state in {"", "none"}:
        return ""
    if state == "held" and message.hold_until and message.hold_until <= now():
        state = "queued"
    return text(f"desk.delivery.{state}")
