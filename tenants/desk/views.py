"""The desk's views: what each entry of the sidebar lists, and how many tickets stand there."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from core.host import Ticket, contacts, db, tickets, visible_tickets_to

if TYPE_CHECKING:
    from uuid import UUID

    from core.sdk import Actor

OPEN = ("new", "open", "waiting")
STATUSES = (*OPEN, "resolved", "closed")
PRIORITIES = ("critical", "urgent", "normal")
WARNED, BREACHED = "warning", "breached"
MATCHES = 20


@dataclass(frozen=True)
class View:
    """A named list; `alert` colours its count when it is not zero."""

    name: str
    icon: str
    alert: str = ""


VIEWS = (
    View("mine", "list-check"),
    View("unassigned", "user-plus"),
    View("due", "alarm", "warn"),
    View("breached", "alert-triangle", "danger"),
    View("waiting", "player-pause"),
    View("all", "apps"),
)


@dataclass(frozen=True)
class Filters:
    """What the chips above a list say; empty means everything the view has."""

    view: str = "mine"
    team_id: UUID | None = None
    status: tuple[str, ...] = ()
    type: tuple[str, ...] = ()
    priority: tuple[str, ...] = ()
    words: str = ""
    sort: str = "due"

    def arguments(self, **changes: Any) -> dict[str, Any]:
        """These filters as query arguments of a link, with some replaced; empty ones are left out."""
        arguments: dict[str, Any] = {
            "view": "" if self.team_id else self.view,
            "team": self.team_id or "",
            "status": self.status,
            "type": self.type,
            "priority": self.priority,
            "q": self.words,
            "sort": "" if self.sort == "due" else self.sort,
        }
        return {name: value for name, value in (arguments | changes).items() if value}


def query_of(filters: Filters, actor: Actor) -> tickets.TicketQuery:
    """The question that a view with its filters asks of the tickets."""
    query = tickets.TicketQuery(
        status=filters.status or OPEN,
        type=filters.type,
        priority=filters.priority,
        sort=filters.sort,
    )
    if filters.words:
        return _matching(replace(query, status=filters.status or STATUSES), filters.words)
    if filters.team_id:
        return replace(query, team_id=(filters.team_id,))
    return replace(query, **_narrowed(filters.view, actor))


def _narrowed(view: str, actor: Actor) -> dict[str, Any]:
    """What a view asks besides being open."""
    asked: dict[str, dict[str, Any]] = {
        "mine": {"assignee_id": (actor.id,)},
        "unassigned": {"unassigned": True},
        "due": {"sla_state": (WARNED,)},
        "breached": {"sla_state": (BREACHED,)},
        "waiting": {"status": ("waiting",)},
    }
    return asked.get(view, {})


def _matching(query: tickets.TicketQuery, words: str) -> tickets.TicketQuery:
    """Tickets whose subject holds the words or whose customer is called so."""
    people = [str(person.id) for person in contacts.search_contacts(words, limit=MATCHES)]
    subject = {"field": "subject", "contains": words}
    if not people:
        return replace(query, condition=subject)
    return replace(query, condition={"any": [subject, {"field": "contact_id", "in": people}]})


@dataclass(frozen=True)
class Counts:
    """How many open tickets each view and each team has, for this actor."""

    views: dict[str, int] = field(default_factory=dict)
    teams: dict[UUID, int] = field(default_factory=dict)

    def fingerprint(self) -> str:
        """Changes when any number does."""
        return f"{sorted(self.views.items())}{sorted(self.teams.items(), key=str)}"


def counts(actor: Actor) -> Counts:
    """All numbers of the sidebar in one query over the open tickets that the actor sees."""
    mine = sa.case(
        (Ticket.assignee_id == actor.id, "mine"),
        (Ticket.assignee_id.is_(None), "unassigned"),
        else_="other",
    )
    waits = sa.case((Ticket.status == "waiting", 1), else_=0)
    rows = db.session.execute(
        sa.select(Ticket.team_id, mine, waits, Ticket.sla_state, sa.func.count())
        .where(Ticket.status.in_(OPEN), visible_tickets_to(actor))
        .group_by(Ticket.team_id, mine, waits, Ticket.sla_state)
    ).all()
    views = dict.fromkeys((view.name for view in VIEWS), 0)
    teams: dict[UUID, int] = {}
    for team_id, whose, waiting, sla_state, number in rows:
        views["all"] += number
        for name, counts_here in (
            ("mine", whose == "mine"),
            ("unassigned", whose == "unassigned"),
            ("waiting", bool(waiting)),
            ("due", sla_state == WARNED),
            ("breached", sla_state == BREACHED),
        ):
            views[name] += number if counts_here else 0
        if team_id:
            teams[team_id] = teams.get(team_id, 0) + number
    return Counts(views, teams)
