"""The audit page: who did what and when, and whether the trail is whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode
from uuid import UUID

import sqlalchemy as sa
from flask import Blueprint, request

from core.host import Ticket, accounts, contact_names, db, ledger, offered
from core.sdk import EventRow, current_tenant, page, text
from tenants.admin import shell

if TYPE_CHECKING:
    from collections.abc import Sequence

blueprint = Blueprint(
    "console_audit", __name__, url_prefix="/console/audit", template_folder="templates"
)

PAGE = 50
SUBJECTS = ("ticket", "contact", "user", "team", "department", "role", "tenant")
ICONS = {
    "user": "user", "contact": "user-circle", "app": "apps", "system": "settings",
    "operator": "server", "anonymous": "world",
}  # fmt: skip
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
    query = sa.select(EventRow).order_by(EventRow.id.desc()).limit(PAGE + 1)
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
    """What an event type says in plain words; the type itself when its owner gave none."""
    message = f"console.event.{name}"
    words = text(message)
    return name if words == message else words


def _entries(rows: Sequence[EventRow]) -> list[dict[str, Any]]:
    seqs = _seqs([row.id for row in rows])
    names = _names(rows)
    numbers = _numbers(rows)
    return [
        {
            "row": row,
            "seq": seqs.get(row.id),
            "who": _who(row, names),
            "behalf": names.get(row.on_behalf_of) if row.on_behalf_of else None,
            "icon": ICONS.get(row.actor_kind, "user"),
            "words": event_words(row.type),
            "subject": _subject_words(row, names, numbers),
            "changes": changes_of(row.payload),
        }
        for row in rows
    ]


def _seqs(ids: list[UUID]) -> dict[UUID, int]:
    entry = ledger.LedgerEntry
    rows = db.session.execute(sa.select(entry.event_id, entry.seq).where(entry.event_id.in_(ids)))
    return {event_id: seq for event_id, seq in rows}


def _names(rows: Sequence[EventRow]) -> dict[UUID | None, str]:
    ids = {row.actor_id for row in rows} | {row.on_behalf_of for row in rows}
    subjects = {row.subject_id for row in rows if row.subject_type in {"user", "contact"}}
    wanted = [value for value in ids | subjects if value]
    return {**contact_names(wanted), **accounts.names_of(wanted)}


def _numbers(rows: Sequence[EventRow]) -> dict[UUID, str]:
    ids = [row.subject_id for row in rows if row.subject_type == "ticket"]
    found = db.session.execute(sa.select(Ticket.id, Ticket.number).where(Ticket.id.in_(ids)))
    return {ticket_id: number for ticket_id, number in found}


def _who(row: EventRow, names: dict[UUID | None, str]) -> str:
    kind = text(f"console.actor.{row.actor_kind}")
    return names.get(row.actor_id, kind) if row.actor_id else kind


def _subject_words(
    row: EventRow, names: dict[UUID | None, str], numbers: dict[UUID, str]
) -> dict[str, str]:
    kind, subject_id = row.subject_type, row.subject_id
    url = {
        "ticket": f"/desk/tickets/{subject_id}",
        "user": f"/console/members?m={subject_id}",
        "team": f"/console/teams?t={subject_id}",
    }.get(kind, "")
    own = text(current_tenant().name) if kind == "tenant" else ""
    name = numbers.get(subject_id) or names.get(subject_id) or own or str(subject_id)[-12:]
    known = kind in SUBJECTS
    return {
        "kind": text(f"console.subject.{kind}") if known else kind,
        "name": name,
        "url": url,
        "all": "/console/audit?" + urlencode({"of": str(subject_id)}),
    }


def changes_of(payload: dict[str, Any]) -> list[dict[str, Any]]:
    """An event's data as lines of old and new; names of changed fields show no value."""
    rest = dict(payload)
    lines: list[dict[str, Any]] = []
    for old, new in PAIRS:
        if old in rest and new in rest:
            lines.append({"label": _label(new), "old": rest.pop(old), "new": rest.pop(new)})
    changed = rest.pop("changes", None)
    if isinstance(changed, dict):
        lines += [_change(name, pair) for name, pair in changed.items()]
    lines += [{"label": name, "secret": True} for name in rest.pop("fields", ())]
    lines += [
        {"label": _label(name), "old": "", "new": _plain(value)}
        for name, value in rest.items()
        if value not in (None, "", [], {})
    ]
    return lines


def _change(name: str, pair: Any) -> dict[str, Any]:
    if isinstance(pair, list) and len(pair) == 2:  # noqa: PLR2004  old and new
        return {"label": name, "old": _plain(pair[0]), "new": _plain(pair[1])}
    return {"label": name, "old": "", "new": _plain(pair)}


def _label(name: str) -> str:
    message = f"console.data.{name}"
    words = text(message)
    return name if words == message else words


def _plain(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(str(item) for item in value)
    return str(value)

