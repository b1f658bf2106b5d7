"""A matter as its customer sees it: where it stands, what happened, what was said."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from core.host import attachments, definitions, tickets
from core.sdk import NotFound, text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from core.host import Entry, Message, Ticket
    from core.sdk import Actor, Stage, Transition, Workflow

OVER = {"resolved", "closed"}
FROM_EVERYWHERE = 4


@dataclass(frozen=True)
class Step:
    """One line of the progress list; `state` is done, now or next."""

    title: str
    state: str
    at: datetime | None = None
    note: str = ""


@dataclass(frozen=True)
class Said:
    """A public message with its files."""

    id: UUID
    author: str
    mine: bool
    at: datetime
    body: str
    html: str | None
    files: tuple[dict[str, Any], ...]
    outcome: bool = False

    @property
    def pictures(self) -> list[dict[str, Any]]:
        """The files that can be shown."""
        return [file for file in self.files if file["thumbnail"]]

    @property
    def papers(self) -> list[dict[str, Any]]:
        """The other files."""
        return [file for file in self.files if not file["thumbnail"]]


def type_title(ticket: Ticket) -> str:
    """What kind of matter it is."""
    try:
        return text(definitions.get("ticket_type", ticket.type, ticket.type_version).title)
    except NotFound:
        return ""


def state_title(ticket: Ticket) -> str:
    """Where the matter stands, in words; a new one only waits to be taken up."""
    if ticket.status == "new":
        return text("portal.track.new")
    return text(tickets.state_of(ticket).title)


def way_title(way: Transition) -> str:
    """What the customer chooses; the portal has words of its own for core's ways."""
    own = f"portal.move.{way.name}"
    return text(way.title) if text(own) == own else text(own)


def asked_for(ticket: Ticket, offered: Sequence[Transition]) -> list[Transition]:
    """What the matter waits for its customer to say: ways that lead out of here, not exits from everywhere."""
    if ticket.status not in {"waiting", "resolved"}:
        return []
    return [way for way in offered if len(way.sources) < FROM_EVERYWHERE]


def stages(ticket: Ticket) -> list[dict[str, Any]]:
    """The stages of the matter's workflow: done, now, asked (now, and it is the customer's turn) or next."""
    turn = "asked" if ticket.status == "waiting" else "done"
    return [
        {"title": text(stage.title), "state": turn if state == "now" else state}
        for stage, state in _placed(tickets.workflow_of(ticket), ticket)
    ]


def line(ticket: Ticket, actor: Actor) -> dict[str, Any]:
    """A matter in a list."""
    placed = stages(ticket)
    offered = tickets.offered_transitions(ticket, actor=actor)
    return {
        "id": ticket.id,
        "url": f"/my/{ticket.id}",
        "subject": ticket.subject,
        "number": ticket.number,
        "type": type_title(ticket),
        "opened_at": ticket.opened_at,
        "state": state_title(ticket),
        "waits": ticket.status == "waiting" and bool(asked_for(ticket, offered)),
        "stages": placed,
    }


def steps(ticket: Ticket, entries: Sequence[Entry]) -> list[Step]:
    """The stages it went through with their times, where it stands, and the stages still to come."""
    graph = tickets.workflow_of(ticket)
    done = [Step(text("portal.track.handed_in"), "done", ticket.opened_at, type_title(ticket))]
    done += [Step(title, "done", at) for title, at in _visits(graph, entries)]
    if len(done) == 1:
        done.append(Step(state_title(ticket), "now"))
    else:
        done[-1] = replace(
            done[-1], title=state_title(ticket), state="done" if ticket.status in OVER else "now"
        )
    coming = [stage for stage, where in _placed(graph, ticket) if where == "next"]
    return done + [Step(text(stage.title), "next") for stage in coming]


def _visits(graph: Workflow, entries: Sequence[Entry]) -> list[tuple[str, datetime]]:
    """Each stage (or state without one) that was entered, by the last time it was."""
    states = {state.name: state for state in graph.states}
    titles = {stage.name: stage.title for stage in graph.stages}
    found: dict[str, tuple[str, datetime]] = {}
    for event in (entry.event for entry in entries if entry.event is not None):
        state = states.get(event.payload.get("to_state", ""))
        if event.type != "ticket.moved" or state is None:
            continue
        key = state.stage or state.name
        found.pop(key, None)
        found[key] = (text(titles.get(state.stage, state.title)), event.occurred_at)
    return list(found.values())


def _placed(graph: Workflow, ticket: Ticket) -> list[tuple[Stage, str]]:
    names = [stage.name for stage in graph.stages]
    here = names.index(ticket.stage) if ticket.stage in names else len(names)
    over = ticket.status == "closed"
    return [
        (stage, "done" if over or place < here else "now" if place == here else "next")
        for place, stage in enumerate(graph.stages)
    ]


def conversation(entries: Sequence[Entry], actor: Actor, base: str) -> list[Said]:
    """What was said in public, oldest first."""
    said = [(entry.message, entry.attachment_ids) for entry in entries if entry.message is not None]
    rows = attachments.by_ids([file for _, ids in said for file in ids])
    return [
        _said(message, [rows[file] for file in ids if file in rows], actor, base)
        for message, ids in said
    ]


def shown_first(said: Sequence[Said], entries: Sequence[Entry]) -> Said | None:
    """The outcome while it stands; before there is one, or once work went on, the last thing the house said."""
    moves = (entry for entry in entries if entry.event and entry.event.type == "ticket.moved")
    went_on = [move.at for move in moves if move.event and move.event.payload["status"] == "open"]
    stands = [m for m in said if m.outcome and (not went_on or m.at >= went_on[-1])]
    answers = stands or [message for message in said if not message.mine]
    return answers[-1] if answers else None


def _said(message: Message, rows: Sequence[Any], actor: Actor, base: str) -> Said:
    files = tuple(_file(row, base) for row in rows if not row.redacted_at)
    mine = message.author_kind == "contact"
    gone = message.redacted_at is not None
    return Said(
        id=message.id,
        author=message.author_name or text("portal.track.house"),
        mine=mine and message.author_id == actor.id,
        at=message.posted_at,
        body=text("portal.track.redacted") if gone else message.body_text,
        html=None if gone else message.body_html,
        files=files,
        outcome=message.purpose == "outcome",
    )


def _file(row: Any, base: str) -> dict[str, Any]:
    """A file for the kit's list; pictures open large, everything else is a download."""
    picture = row.is_picture
    return {
        "name": row.name,
        "size": row.size,
        "url": f"{base}/{'picture' if picture else 'file'}/{row.id}",
        "thumbnail": f"{base}/thumbnail/{row.id}" if picture else "",
        "width": row.width,
        "height": row.height,
    }
