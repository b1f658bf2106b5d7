"""Lists of tickets: filters or a condition, one index walk, pages by a signed cursor, capped counts."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from core.contacts.lookup import canonical_number
from core.db import db
from core.errors import Invalid, PluginUnavailable, Problem
from core.events import canonical_json
from core.forms.condition_sql import to_sql
from core.paging import page_in_order
from core.tenancy import current_tenant
from core.tickets.models import Ticket, TicketTag, TicketWatcher
from core.tickets.visibility import condition as visible_to

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from sqlalchemy import ColumnElement

    from core.actors import Actor
    from core.declarations import Expression
    from core.paging import Columns

SORTS: dict[str, Columns] = {
    "priority": ((Ticket.priority_rank, False), (Ticket.due_at, False), (Ticket.id, False)),
    "due": ((Ticket.due_at, False), (Ticket.id, False)),
    "newest": ((Ticket.id, True),),
    "updated": ((Ticket.updated_at, True), (Ticket.id, True)),
}
_PLAIN = (
    "status",
    "state",
    "type",
    "priority",
    "category",
    "channel",
    "request_class",
    "sla_state",
    "team_id",
    "assignee_id",
)
COUNTED = (*_PLAIN, "stage")


@dataclass(frozen=True, kw_only=True)
class TicketQuery:
    """Which tickets, in which order. Each tuple is "one of"; all that is given must hold.

    `condition` is the condition language over the ticket's columns and `tag`; `sort` is priority (most pressing first,
    then the nearest due time), due, newest or updated.
    """

    status: tuple[str, ...] = ()
    state: tuple[str, ...] = ()
    type: tuple[str, ...] = ()
    priority: tuple[str, ...] = ()
    category: tuple[str, ...] = ()
    channel: tuple[str, ...] = ()
    request_class: tuple[str, ...] = ()
    sla_state: tuple[str, ...] = ()
    tag: tuple[str, ...] = ()
    team_id: tuple[UUID, ...] = ()
    assignee_id: tuple[UUID, ...] = ()
    unassigned: bool = False
    watched_by: UUID | None = None
    department_id: UUID | None = None
    contact_id: UUID | None = None
    organisation_id: UUID | None = None
    number: str = ""
    condition: Expression | None = None
    sort: str = "priority"


@dataclass(frozen=True, kw_only=True)
class TicketPage:
    """One page; `next` is the cursor of the following one, `notice` names a plugin that could not say what it hides."""

    items: list[Ticket]
    next: str | None = None
    notice: str = ""


ALL = TicketQuery()


def list_tickets(
    query: TicketQuery = ALL, *, actor: Actor, cursor: str = "", limit: int = 50
) -> TicketPage:
    """The tickets that the actor may see; Invalid for a cursor that was not given out for this query."""
    columns = SORTS.get(query.sort)
    if columns is None:
        raise Invalid(Problem(field="sort", message="tickets.error.choice"))
    try:
        where = [visible_to(actor), *criteria(query)]
    except PluginUnavailable as error:
        return TicketPage(items=[], notice=error.data["plugin"])
    found = page_in_order(
        sa.select(Ticket).where(*where),
        columns,
        cursor=cursor,
        limit=limit,
        scope=canonical_json(asdict(query)),
    )
    return TicketPage(items=found.items, next=found.next)


def count_tickets(query: TicketQuery = ALL, *, actor: Actor, most: int = 1000) -> int:
    """How many the actor may see, counted up to `most`: an exact count of a large tenant is slow (platform §3.4)."""
    try:
        where = [visible_to(actor), *criteria(query)]
    except PluginUnavailable:
        return 0
    found = (
        sa.select(Ticket.id)
        .where(Ticket.tenant_id == current_tenant().id, *where)
        .limit(most)
        .subquery()
    )
    return db.session.scalar(sa.select(sa.func.count()).select_from(found)) or 0


def count_by(field: str, query: TicketQuery = ALL, *, actor: Actor) -> dict[str, int]:
    """Counts per value of one column of COUNTED; ids are text, a missing one is ""."""
    if field not in COUNTED:
        raise Invalid(Problem(field="field", message="tickets.error.choice"))
    column = getattr(Ticket, field)
    try:
        where = [visible_to(actor), *criteria(query)]
    except PluginUnavailable:
        return {}
    rows = db.session.execute(
        sa.select(column, sa.func.count(Ticket.id)).where(*where).group_by(column)
    )
    return {"" if value is None else str(value): count for value, count in rows}


def tags_of(ticket_ids: Iterable[UUID]) -> dict[UUID, list[str]]:
    """The tags of tickets, in alphabetical order."""
    found: dict[UUID, list[str]] = {}
    rows = db.session.execute(
        sa.select(TicketTag.ticket_id, TicketTag.tag)
        .where(TicketTag.ticket_id.in_(list(ticket_ids)))
        .order_by(TicketTag.tag)
    )
    for ticket_id, tag in rows:
        found.setdefault(ticket_id, []).append(tag)
    return found


def criteria(query: TicketQuery) -> list[ColumnElement[bool]]:
    """The query as SQL over `Ticket`; Invalid for a condition that does not make sense."""
    found: list[ColumnElement[bool]] = [
        getattr(Ticket, name).in_(values) for name in _PLAIN if (values := getattr(query, name))
    ]
    found += [
        getattr(Ticket, name) == value
        for name in ("department_id", "contact_id", "organisation_id")
        if (value := getattr(query, name)) is not None
    ]
    if query.unassigned:
        found.append(Ticket.assignee_id.is_(None))
    if query.number:
        found.append(Ticket.number == canonical_number(query.number))
    if query.watched_by is not None:
        watched = sa.select(TicketWatcher.ticket_id).where(
            TicketWatcher.tenant_id == current_tenant().id,
            TicketWatcher.user_id == query.watched_by,
        )
        found.append(Ticket.id.in_(watched))
    if query.tag:
        found.append(_tagged(TicketTag.tag.in_([tag.casefold() for tag in query.tag])))
    if query.condition is not None:
        found.append(to_sql(query.condition, askable()))
    return found


def askable() -> dict[str, Any]:
    """What the condition language may ask about tickets: columns, and `tag`."""
    names = (
        *COUNTED,
        "subject",
        "number",
        "phase",
        "language",
        "priority_rank",
        "contact_id",
        "organisation_id",
        "department_id",
        "due_at",
        "due_metric",
        "opened_at",
        "updated_at",
        "resolved_at",
        "closed_at",
        "customer_spoke_at",
        "staff_spoke_at",
    )
    return {**{name: Ticket.__table__.c[name] for name in names}, "tag": _compile_tag}


def _tagged(which: ColumnElement[bool]) -> ColumnElement[bool]:
    return Ticket.id.in_(
        sa.select(TicketTag.ticket_id).where(TicketTag.tenant_id == current_tenant().id, which)
    )


def _compile_tag(word: str, value: Any) -> ColumnElement[bool]:
    if word == "empty":
        any_tag = _tagged(sa.true())
        return sa.not_(any_tag) if value else any_tag
    if word in {"is_not", "not_in"}:
        return sa.not_(_compile_tag("is" if word == "is_not" else "in", value))
    if word in {"is", "contains"}:
        return _tagged(TicketTag.tag == str(value).casefold())
    if word == "in":
        return _tagged(TicketTag.tag.in_([str(item).casefold() for item in value]))
    raise Invalid(Problem(field="condition", message="forms.condition.value"))
