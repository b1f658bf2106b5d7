"""The audit page: who did what and when, and whether the trail is whole."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode
from uuid import UUID

import sqlalchemy as sa
from flask import Blueprint, g, request

from core.host import (
    Ticket,
    accounts,
    client_book,
    contacts,
    db,
    facts_known_to,
    ledger,
    offered,
    role_book,
    team_book,
)
from core.sdk import EventRow, current_tenant, page, text
from tenants.admin import shell

if TYPE_CHECKING:
    from collections.abc import Sequence

BLANK = re.compile(r"%\(\w+\)s")
blueprint = Blueprint(
    "console_audit", __name__, url_prefix="/console/audit", template_folder="templates"
)

PAGE = 50
SUBJECTS = ("ticket", "contact", "user", "team", "department", "role", "tenant", "client")
ICONS = {
    "user": "user", "contact": "user-circle", "app": "apps", "system": "settings",
    "operator": "server", "anonymous": "world",
}  # fmt: skip
# What events mention by a name of its own, which has a title.
TITLED = (
    "ticket_type", "workflow", "form", "policy", "calendar", "metric", "report", "permission",
)  # fmt: skip
# Pairs of an event's data that read as "before" and "after" of one thing.
PAIRS = (("before", "after"), ("old", "new"), ("from_state", "to_state"))


@blueprint.get("")
@page("event:read")
def listing() -> str:
    """Facts, newest first; filtered by who, about what and of which kind."""
    return _draw()


@blueprint.post("/verify")
@page("event:read")
def verify() -> str:
    """Walk the whole chain and its signed heads now, and say what was found."""
    return _draw(ledger.verify())


def _draw(found: ledger.Verification | None = None) -> str:
    rows = _rows()
    shown = rows[:PAGE]
    return shell.draw(
        "audit.html", "audit", entries=_entries(shown), found=found, asked=request.args,
        people=accounts.list_users(), subjects=SUBJECTS, types=_types(),
        filtered=any(request.args.get(name) for name in ("actor", "subject", "type", "of")),
        first=_address() if request.args.get("before") else "",
        following=_address(before=str(shown[-1].id)) if len(rows) > PAGE else "",
    )  # fmt: skip


def _address(**more: str) -> str:
    kept = {k: v for k, v in request.args.items() if k != "before" and v}
    query = urlencode(kept | more)
    return "/console/audit" + (f"?{query}" if query else "")


def _rows() -> list[EventRow]:
    query = sa.select(EventRow).where(facts_known_to(g.actor)).order_by(EventRow.id.desc())
    query = query.limit(PAGE + 1)
    for criterion in _criteria():
        query = query.where(criterion)
    return list(db.session.scalars(query))


def _criteria() -> list[sa.ColumnElement[bool]]:
    asked = request.args
    criteria: list[sa.ColumnElement[bool]] = []
    if actor := asked.get("actor"):
        is_kind = actor in ICONS
        criteria.append(
            EventRow.actor_kind == actor if is_kind else EventRow.actor_id == _id(actor)
        )
    if subject := asked.get("subject"):
        criteria.append(EventRow.subject_type == subject)
    if of := asked.get("of", "").strip():
        criteria.append(EventRow.subject_id == _subject(of))
    if kind := asked.get("type"):
        criteria.append(EventRow.type == kind)
    if before := asked.get("before"):
        criteria.append(EventRow.id < _id(before))
    return criteria


def _id(value: str) -> UUID:
    """The id that somebody typed; one that fits no row when it is none."""
    try:
        return UUID(value)
    except ValueError:
        return UUID(int=0)


def _subject(of: str) -> UUID:
    """A subject by its id, or a ticket by its number."""
    number = of.upper().replace(" ", "")
    found = db.session.scalar(sa.select(Ticket.id).where(Ticket.number == number))
    return found or _id(of)


def _types() -> list[tuple[str, str]]:
    return sorted((name, event_words(name)) for name in offered("event"))


def event_words(name: str) -> str:
    """What an event type says in plain words, ours or its owner's; else the type itself."""
    for message in (f"console.event.{name}", f"event.{name}"):
        words = text(message)
        if words != message:
            # Who did it stands beside; the timeline fills the other blanks by what happened, here nothing has.
            return BLANK.sub("…", words.removeprefix("%(who)s").lstrip())
    return name


def _entries(rows: Sequence[EventRow]) -> list[dict[str, Any]]:
    seqs = _seqs([row.id for row in rows])
    names = _names(rows)
    return [
        {
            "row": row,
            "seq": seqs.get(row.id),
            "who": _who(row, names),
            "behalf": names.get(str(row.on_behalf_of)),
            "icon": ICONS.get(row.actor_kind, "user"),
            "words": event_words(row.type),
            "subject": _subject_words(row, names),
            "changes": changes_of(
                {k: v for k, v in row.payload.items() if v != str(row.subject_id)}, names
            ),
        }
        for row in rows
    ]


def _seqs(ids: list[UUID]) -> dict[UUID, int]:
    entry = ledger.LedgerEntry
    rows = db.session.execute(sa.select(entry.event_id, entry.seq).where(entry.event_id.in_(ids)))
    return {row.event_id: row.seq for row in rows}


def _names(rows: Sequence[EventRow]) -> dict[str, str]:
    """Names of everything that the events mention, by id as text."""
    mentioned = {row.actor_id for row in rows} | {row.on_behalf_of for row in rows}
    mentioned |= {row.subject_id for row in rows}
    mentioned |= {
        found for row in rows for value in row.payload.values() if (found := _uuid(value))
    }
    wanted = [value for value in mentioned if value]
    numbers = sa.select(Ticket.id, Ticket.number).where(Ticket.id.in_(wanted))
    named = [
        *contacts.names_of(wanted).items(),
        *accounts.names_of(wanted).items(),
        *client_book.names_of(wanted).items(),
        *((row.id, text(row.name)) for row in team_book.list_teams()),
        *((row.id, text(row.name)) for row in team_book.list_departments()),
        *((row.id, text(row.title)) for row in role_book.list_roles()),
        *((row.id, row.number) for row in db.session.execute(numbers)),
        *((value.name, text(value.title)) for kind in TITLED for value in offered(kind).values()),
    ]
    return {str(key): name for key, name in named if name}


def _uuid(value: Any) -> UUID | None:
    try:
        return UUID(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _who(row: EventRow, names: dict[str, str]) -> str:
    return names.get(str(row.actor_id)) or text(f"console.actor.{row.actor_kind}")


def _kind_words(kind: str) -> str:
    """What a subject is called: by the console, or by the plugin whose thing it is (`<plugin>.subject.<noun>`)."""
    if kind in SUBJECTS:
        return text(f"console.subject.{kind}")
    plugin, _, noun = kind.partition(".")
    words = text(f"{plugin}.subject.{noun}")
    return kind if words.endswith(f".subject.{noun}") else words


def _subject_words(row: EventRow, names: dict[str, str]) -> dict[str, str]:
    kind, subject_id = row.subject_type, str(row.subject_id)
    url = {
        "ticket": f"/desk/tickets/{subject_id}",
        "contact": f"/desk/contacts/{subject_id}",
        "user": f"/console/members?m={subject_id}",
        "team": f"/console/teams?t={subject_id}",
    }.get(kind, "")
    own = text(current_tenant().name) if kind == "tenant" else ""
    return {
        "kind": _kind_words(kind),
        "name": own or names.get(subject_id) or subject_id[-12:],
        "url": url,
        "all": "/console/audit?" + urlencode({"of": subject_id}),
    }


def changes_of(payload: dict[str, Any], names: dict[str, str]) -> list[dict[str, Any]]:
    """An event's data as lines of old and new; names of changed fields show no value."""
    rest = dict(payload)
    lines: list[dict[str, Any]] = []
    for old, new in PAIRS:
        if old in rest and new in rest:
            pair = [rest.pop(old), rest.pop(new)]
            lines.append(_line(_label(new), pair, names))
    changed = rest.pop("changes", None)
    if isinstance(changed, dict):
        lines += [_line(name, value, names) for name, value in changed.items()]
    lines += [{"label": name, "secret": True} for name in rest.pop("fields", ())]
    lines += [
        _line(_label(name), ["", value], names)
        for name, value in rest.items()
        if value not in (None, "", [], {})
    ]
    return lines


def _line(label: str, pair: Any, names: dict[str, str]) -> dict[str, Any]:
    old, new = pair if isinstance(pair, list) and len(pair) == 2 else ("", pair)  # noqa: PLR2004  old and new
    return {"label": label, "old": _plain(old, names), "new": _plain(new, names)}


def _label(name: str) -> str:
    message = f"console.data.{name}"
    words = text(message)
    return name if words == message else words


def _plain(value: Any, names: dict[str, str]) -> str:
    if isinstance(value, list):
        return ", ".join(_plain(item, names) for item in value)
    return names.get(value, value) if isinstance(value, str) else str(value)
