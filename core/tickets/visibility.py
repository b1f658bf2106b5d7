"""Who sees which ticket: a permission's reach as one SQL condition, and the one door to a ticket."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from core.actors import Reach
from core.auth.models import Team
from core.contacts.lookup import canonical_number
from core.db import db
from core.errors import Forbidden, NotFound, PluginUnavailable
from core.events import EventRow
from core.plugins import ask, catalog, switches
from core.tenancy import current_tenant
from core.tickets.models import Ticket, TicketWatcher

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy import ColumnElement, Select

    from core.actors import Actor

READ = "ticket:read"
CONTACT_READS = ("matter:read", "matter:look")


def condition(actor: Actor, permission: str = READ) -> ColumnElement[bool]:
    """The tickets that `permission` reaches, over `Ticket`: for every list, count, search and feed.

    Raises Forbidden without the permission, PluginUnavailable when a plugin cannot say what it hides.
    """
    if actor.kind == "system":
        return sa.true()
    within = (
        _own_matters(actor, permission) if actor.kind == "contact" else _within(actor, permission)
    )
    return sa.and_(
        within, *_of_living_plugins(actor, permission), *ask("visible_tickets", actor=actor)
    )


def condition_or_nothing(actor: Actor, permission: str = READ) -> ColumnElement[bool]:
    """The same for counts and boxes: nothing at all while a plugin cannot say what it hides (model.md §9)."""
    try:
        return condition(actor, permission)
    except PluginUnavailable:
        # not sa.false(): the compiler would drop the tenant beside it, and the guard refuses such a statement
        return Ticket.id.is_(None)


def in_sight_of(actor: Actor, ticket_id: Any) -> ColumnElement[bool]:
    """That plugins do not hide the ticket of this id, or of this column, from the actor (CP-35).

    For facts, mails and alarms, which come to people by other ways than their reach over tickets; nothing is in sight
    while a plugin cannot say what it hides.
    """
    try:
        narrowed = ask("visible_tickets", actor=actor)
    except PluginUnavailable:
        narrowed = [Ticket.id.is_(None)]
    here = Ticket.tenant_id == current_tenant().id
    found = sa.select(Ticket.id).where(here, Ticket.id == ticket_id, *narrowed)
    # For an EXISTS beside an OR, PostgreSQL would gather every ticket first; this asks for those on the page.
    return found.scalar_subquery().is_not(None)


def facts_known_to(actor: Actor) -> ColumnElement[bool]:
    """What whoever reads the trail may know of, over `EventRow`: all but events of tickets that are hidden from him."""
    return (EventRow.subject_type != "ticket") | in_sight_of(actor, EventRow.subject_id)


def _own_matters(actor: Actor, permission: str) -> ColumnElement[bool]:
    wanted = CONTACT_READS if permission == READ else (permission,)
    if not permission.startswith("matter:") and permission != READ:
        raise Forbidden(permission)
    if not any(actor.can(name) for name in wanted):
        raise Forbidden(permission)
    if actor.ticket_id is not None:
        return Ticket.id == actor.ticket_id
    return Ticket.contact_id == actor.id


def _within(actor: Actor, permission: str) -> ColumnElement[bool]:
    reach = actor.reach(permission)
    if reach is None:
        raise Forbidden(permission)
    if reach is Reach.ALL:
        return sa.true()
    # Nobody's id would match what is assigned to nobody.
    own = Ticket.id.is_(None) if actor.staff_id is None else Ticket.assignee_id == actor.staff_id
    ways: list[ColumnElement[bool]] = [own]
    teams = actor.department_team_ids if reach is Reach.DEPARTMENT else actor.team_ids
    if reach is not Reach.OWN and teams:
        ways += [Ticket.team_id.in_(teams), _handed_to(teams)]
    if permission == READ:
        ways.append(_watched(actor))
    return sa.or_(*ways)


def _handed_to(teams: frozenset[UUID]) -> ColumnElement[bool]:
    """Work that was handed over to the departments of these teams."""
    departments = sa.select(Team.department_id).where(
        Team.tenant_id == current_tenant().id, Team.id.in_(teams)
    )
    return Ticket.department_id.in_(departments)


def _watched(actor: Actor) -> ColumnElement[bool]:
    mine = sa.select(TicketWatcher.ticket_id).where(
        TicketWatcher.tenant_id == current_tenant().id, TicketWatcher.user_id == actor.staff_id
    )
    return Ticket.id.in_(mine)


def _of_living_plugins(actor: Actor, permission: str) -> list[ColumnElement[bool]]:
    """Tickets of a plugin whose package is gone are for reach all alone (model.md §9)."""
    if actor.reach(permission) is Reach.ALL:
        return []
    gone = switches().known - catalog().plugins.keys()
    return [
        sa.not_(Ticket.type.startswith(f"{plugin}.", autoescape=True)) for plugin in sorted(gone)
    ]


# Each write and each page begins with one of these, so they are built once.
_BY_ID = sa.select(Ticket).where(Ticket.id == sa.bindparam("ticket_id"))
_LOCKED = _BY_ID.with_for_update(of=Ticket).execution_options(populate_existing=True)


def get_ticket(ticket_id: UUID, *, actor: Actor, permission: str = READ) -> Ticket:
    """The one door: NotFound when the actor may not know of it, Forbidden when he may not do this with it."""
    return _one(_BY_ID, actor, permission, ticket_id=ticket_id)


def find_by_number(number: str, *, actor: Actor) -> Ticket:
    """The ticket of that number, whatever its case, dashes and width; NotFound like `get_ticket`."""
    return _one(sa.select(Ticket).where(Ticket.number == canonical_number(number)), actor, READ)


def lock_ticket(ticket_id: UUID, *, actor: Actor, permission: str) -> Ticket:
    """`get_ticket` for a write: read afresh and locked until the transaction ends, so that versions cannot race."""
    return _one(_LOCKED, actor, permission, ticket_id=ticket_id)


def reaches(ticket: Ticket, actor: Actor, permission: str) -> bool:
    """Whether `permission` goes as far as this ticket, that the actor sees already."""
    if not actor.can(permission):
        return False
    if actor.kind == "contact" or actor.reach(permission) is Reach.ALL:
        return True
    if _is_at_hand(ticket, actor, permission):
        return True
    found = sa.select(Ticket.id).where(Ticket.id == ticket.id, _within(actor, permission))
    return db.session.scalar(found) is not None


def _is_at_hand(ticket: Ticket, actor: Actor, permission: str) -> bool:
    """Whether the row alone shows what `_within` asks for: their own ticket, or one of their teams'."""
    reach = actor.reach(permission)
    if actor.staff_id is not None and ticket.assignee_id == actor.staff_id:
        return True
    teams = actor.department_team_ids if reach is Reach.DEPARTMENT else actor.team_ids
    return reach is not Reach.OWN and ticket.team_id in teams


def ticket_of_number(number: str) -> tuple[UUID, UUID] | None:
    """(ticket, contact) of a canonical number: for the portal's look-up, which proves the contact by other means."""
    row = db.session.execute(
        sa.select(Ticket.id, Ticket.contact_id).where(
            Ticket.number == number, Ticket.contact_id.is_not(None)
        )
    ).one_or_none()
    return (row[0], row[1]) if row and row[1] else None


def _one(wanted: Select[Any], actor: Actor, permission: str, **names: Any) -> Ticket:
    ticket = _seen(wanted, actor, permission, names)
    if ticket is not None:
        return ticket
    if permission != READ and actor.can(READ) and _seen(wanted, actor, READ, names) is not None:
        raise Forbidden(permission)
    raise NotFound("no such ticket")


def _seen(
    wanted: Select[Any], actor: Actor, permission: str, names: dict[str, Any]
) -> Ticket | None:
    try:
        visible = condition(actor, permission)
    except PluginUnavailable as error:
        raise NotFound("nothing is visible", notice=error.data["plugin"]) from error
    narrowed = wanted if isinstance(visible, sa.True_) else wanted.where(visible)
    found: Ticket | None = db.session.scalars(narrowed, names).one_or_none()
    return found
