"""A list of tickets as a screen: rows with names and chips, grouped by due time, and its fingerprint."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from core.host import accounts, contacts, local, tickets
from core.sdk import SlaChip, current_locale, now, sla_chips
from tenants.desk.names import channel_title, last_words, organisation_names, type_title
from tenants.desk.views import Counts, Filters, counts, query_of

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from core.host import Ticket
    from core.sdk import Actor

PAGE = 50
SNIPPET = 120
CHANNELS = {
    "web": "world",
    "portal": "world",
    "phone": "phone",
    "mail": "mail",
    "chat": "brand-wechat",
    "app": "device-mobile",
    "api": "plug",
    "visit": "user",
}
GROUPS = {
    "breached": ("alert-triangle", "danger"),
    "hour": ("alarm", "warn"),
    "today": ("calendar-time", ""),
    "week": ("calendar", ""),
    "later": ("calendar", ""),
    "waiting": ("player-pause", ""),
    "none": ("circle-dashed", ""),
    "done": ("circle-check", ""),
}


@dataclass(frozen=True)
class Row:
    """One ticket of the list."""

    ticket: Ticket
    contact: str
    organisation: str
    assignee: str
    type: str
    snippet: str
    chip: SlaChip | None
    channel: str
    channel_icon: str
    unread: bool


@dataclass(frozen=True)
class Group:
    """Rows that are due about the same time."""

    name: str
    icon: str
    alert: str
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Listing:
    """A page of the queue before its names are known: enough for the fingerprint."""

    page: tickets.TicketPage
    counts: Counts
    etag: str


def listing(filters: Filters, actor: Actor, cursor: str) -> Listing:
    """The tickets of a view and the numbers beside it."""
    page = tickets.list_tickets(query_of(filters, actor), actor=actor, cursor=cursor, limit=PAGE)
    numbers = counts(actor)
    seen = [(str(t.id), t.activity, t.sla_state) for t in page.items]
    # Relative times and chips grow stale, so the fingerprint lives for a minute at most.
    minute = int(now().timestamp() // 60)
    facts = f"{seen}{page.next}{numbers.fingerprint()}{current_locale()}{minute}"
    return Listing(page, numbers, hashlib.sha256(facts.encode()).hexdigest()[:24])


def groups(found: list[Ticket], *, grouped: bool, known: dict[UUID, str]) -> list[Group]:
    """The rows of a page, under their due times when the list is sorted by them; `known` are names of staff."""
    rows = _rows(found, known)
    if not grouped:
        return [Group("", "", "", tuple(rows))] if rows else []
    moment = now()
    buckets: dict[str, list[Row]] = {}
    for row in rows:
        buckets.setdefault(_due_group(row.ticket, moment), []).append(row)
    return [Group(name, *GROUPS[name], tuple(buckets[name])) for name in GROUPS if name in buckets]


def _rows(found: list[Ticket], known: dict[UUID, str]) -> list[Row]:
    names = {
        **known,
        **contacts.names_of({t.contact_id for t in found if t.contact_id}),
        **organisation_names({t.organisation_id for t in found if t.organisation_id}),
        **accounts.names_of({t.assignee_id for t in found if t.assignee_id} - known.keys()),
    }
    words, chips = last_words([t.id for t in found]), sla_chips(found)
    return [_row(t, names, words.get(t.id, ""), chips.get(t.id)) for t in found]


def _row(ticket: Ticket, names: dict[UUID, str], words: str, chip: SlaChip | None) -> Row:
    spoke, answered = ticket.customer_spoke_at, ticket.staff_spoke_at
    return Row(
        ticket=ticket,
        contact=names.get(ticket.contact_id, "") if ticket.contact_id else "",
        organisation=names.get(ticket.organisation_id, "") if ticket.organisation_id else "",
        assignee=names.get(ticket.assignee_id, "") if ticket.assignee_id else "",
        type=type_title(ticket.type),
        snippet=" ".join(words.split())[:SNIPPET],
        chip=chip,
        channel=channel_title(ticket.channel),
        channel_icon=CHANNELS.get(ticket.channel, "message-2"),
        unread=not ticket.finished and bool(spoke and (answered is None or spoke > answered)),
    )


def _due_group(ticket: Ticket, moment: datetime) -> str:
    if ticket.finished:
        return "done"
    if ticket.due_at is None:
        return "waiting" if ticket.status == "waiting" or ticket.due_metric else "none"
    if ticket.due_at < moment:
        return "breached"
    if ticket.due_at < moment + timedelta(hours=1):
        return "hour"
    days = (local(ticket.due_at).date() - local(moment).date()).days
    if days == 0:
        return "today"
    return "week" if days < 7 - local(moment).weekday() else "later"
