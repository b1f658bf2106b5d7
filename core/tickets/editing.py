"""Correcting a ticket: merge-patch of its words and marks, each change its own fact."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa

from core import definitions
from core.auth import teams
from core.clock import now
from core.contacts.models import Organisation
from core.db import db
from core.errors import Invalid, Problem, StaleVersion, VersionMissing
from core.events import emit
from core.plugins import catalog
from core.tenancy import current_tenant
from core.tickets import events
from core.tickets.assigning import add_watchers, drop_watchers, watchers_of
from core.tickets.listing import tags_of
from core.tickets.models import CLASSES, PRIORITIES, Ticket, TicketTag
from core.tickets.moving import split_answers
from core.tickets.opening import unknown
from core.tickets.visibility import lock_ticket
from core.tickets.workflow import check_version, load_answers
from core.tickets.writing import (
    CHANNEL_LENGTH,
    LANGUAGE_LENGTH,
    MAX_WATCHERS,
    SUBJECT_LENGTH,
    WORD_LENGTH,
    line_of,
    merge_extra,
    tags_from,
    validate,
    word_of,
    written,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from core.actors import Actor
    from core.events import Event

FIELDS = (
    "subject",
    "category",
    "priority",
    "phase",
    "request_class",
    "language",
    "organisation_id",
    "team_id",
    "tags",
    "watchers",
    "extra",
)


def patch_ticket(
    ticket_id: UUID, changes: dict[str, Any], *, actor: Actor, version: int | None
) -> Ticket:
    """Merge-patch: only what is named changes, None clears; what stays equal says nothing.

    Raises StaleVersion with both values of each field that now differs, VersionMissing, or Invalid.
    """
    ticket = lock_ticket(ticket_id, actor=actor, permission="ticket:write")
    _check(ticket, changes, version, actor)
    if strange := sorted(changes.keys() - set(FIELDS)):
        raise Invalid(*(Problem(field=name, message="tickets.error.field") for name in strange))
    validate(ticket, changes, actor=actor)
    said = [
        fact
        for name in FIELDS
        if name in changes
        for fact in _CHANGES[name](ticket, changes[name], actor)
    ]
    if said:
        written(ticket)
    for fact in said:
        emit(fact, subject=("ticket", ticket.id), actor=actor)
    return ticket


def _check(ticket: Ticket, changes: dict[str, Any], version: int | None, actor: Actor) -> None:
    if version is None and actor.kind != "system":
        raise VersionMissing("say which version you read")
    if version is None or version == ticket.version:
        return
    differing = {
        name: [_shown(theirs), _shown(yours)]
        for name, yours in changes.items()
        if name in FIELDS and (theirs := _present(ticket, name)) != yours
    }
    raise StaleVersion(current=ticket.version, given=version, fields=differing)


def _present(ticket: Ticket, name: str) -> Any:
    if name == "tags":
        return tags_of([ticket.id]).get(ticket.id, [])
    if name == "watchers":
        return watchers_of(ticket.id)
    return getattr(ticket, name)


def _shown(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_shown(item) for item in value]
    return str(value) if isinstance(value, UUID) else value


def _subject(ticket: Ticket, value: Any, actor: Actor) -> list[Event]:  # noqa: ARG001  all changes are called alike
    words = line_of(value or "", "subject", longest=SUBJECT_LENGTH)
    if words == ticket.subject:
        return []
    ticket.subject = words
    return [events.TicketEdited(fields=("subject",))]


def _category(ticket: Ticket, value: Any, actor: Actor) -> list[Event]:  # noqa: ARG001
    old, ticket.category = ticket.category, word_of(value or "", "category", longest=WORD_LENGTH)
    return (
        [events.TicketCategoryChanged(old=old, new=ticket.category)]
        if old != ticket.category
        else []
    )


def _priority(ticket: Ticket, value: Any, actor: Actor) -> list[Event]:  # noqa: ARG001
    old, new = ticket.priority, value or "normal"
    if new not in PRIORITIES:
        raise Invalid(Problem(field="priority", message="tickets.error.choice"))
    ticket.priority, ticket.priority_rank = new, PRIORITIES.index(new)
    return [events.TicketPriorityChanged(old=old, new=new)] if old != new else []


def _class(ticket: Ticket, value: Any, actor: Actor) -> list[Event]:  # noqa: ARG001
    if value not in CLASSES:
        raise Invalid(Problem(field="request_class", message="tickets.error.choice"))
    old, ticket.request_class = ticket.request_class, value
    return (
        [events.TicketReclassed(field="request_class", old=old, new=value)] if old != value else []
    )


def _phase(ticket: Ticket, value: Any, actor: Actor) -> list[Event]:  # noqa: ARG001
    old, ticket.phase = ticket.phase, word_of(value or "", "phase", longest=CHANNEL_LENGTH)
    return (
        [events.TicketReclassed(field="phase", old=old, new=ticket.phase)]
        if old != ticket.phase
        else []
    )


def _language(ticket: Ticket, value: Any, actor: Actor) -> list[Event]:  # noqa: ARG001
    old = ticket.language
    ticket.language = word_of(value or current_tenant().locale, "language", longest=LANGUAGE_LENGTH)
    return [events.TicketEdited(fields=("language",))] if old != ticket.language else []


def _organisation(ticket: Ticket, value: Any, actor: Actor) -> list[Event]:  # noqa: ARG001
    if value is not None and db.session.get(Organisation, (current_tenant().id, value)) is None:
        raise unknown("organisation_id")
    old, ticket.organisation_id = ticket.organisation_id, value
    return [events.TicketEdited(fields=("organisation_id",))] if old != value else []


def _team(ticket: Ticket, value: Any, actor: Actor) -> list[Event]:  # noqa: ARG001
    if value not in [team.id for team in teams.list_teams()]:
        raise unknown("team_id")
    old, ticket.team_id = ticket.team_id, value
    return [events.TicketTeamChanged(old=old, new=value)] if old != value else []


def _tags(ticket: Ticket, value: Any, actor: Actor) -> list[Event]:  # noqa: ARG001
    wanted, present = set(tags_from(value or ())), set(tags_of([ticket.id]).get(ticket.id, ()))
    added, removed = sorted(wanted - present), sorted(present - wanted)
    for tag in added:
        db.session.add(TicketTag(ticket_id=ticket.id, tag=tag))
    if removed:
        db.session.execute(
            sa.delete(TicketTag).where(TicketTag.ticket_id == ticket.id, TicketTag.tag.in_(removed))
        )
    return (
        [events.TicketTagged(added=tuple(added), removed=tuple(removed))]
        if added or removed
        else []
    )


def _watchers(ticket: Ticket, value: Any, actor: Actor) -> list[Event]:
    wanted, present = set(value or ()), set(watchers_of(ticket.id))
    if len(wanted) > MAX_WATCHERS:
        raise Invalid(
            Problem(
                field="watchers",
                message="tickets.error.watchers",
                values=(("limit", MAX_WATCHERS),),
            )
        )
    add_watchers(ticket, sorted(wanted - present), actor=actor)
    drop_watchers(ticket, sorted(present - wanted), actor=actor)
    return []


def _extra(ticket: Ticket, value: Any, actor: Actor) -> list[Event]:
    """Answers kept on the ticket itself, under the schema of its intake form; an unknown or wrong one is refused."""
    given = dict(value or {})
    allowed = _extra_names(ticket)
    if strange := sorted(given.keys() - allowed):
        raise Invalid(
            *(Problem(field=f"extra.{name}", message="tickets.error.field") for name in strange)
        )
    form = definitions.get("form", ticket.form, ticket.form_version) if ticket.form else None
    kept = {
        name: answer for name, answer in {**ticket.extra, **given}.items() if answer is not None
    }
    if form is not None and given:
        load_answers(
            type(form)(form.name, form.title, tuple(f for f in form.fields if f.name in allowed)),
            kept,
            actor=actor,
            conditions=catalog().shelf("condition"),
        )
    changed = tuple(sorted(name for name in given if ticket.extra.get(name) != given[name]))
    merge_extra(ticket, given)
    return (
        [events.TicketEdited(fields=tuple(f"extra.{name}" for name in changed))] if changed else []
    )


def _extra_names(ticket: Ticket) -> set[str]:
    if not ticket.form:
        return set()
    form = definitions.get("form", ticket.form, ticket.form_version)
    everything = dict.fromkeys((field.name for field in form.fields), "")
    if "." in ticket.type:
        return set(split_answers(ticket.form, everything)[1])
    return set(everything)


_CHANGES: dict[str, Callable[[Ticket, Any, Actor], list[Event]]] = {
    "subject": _subject,
    "category": _category,
    "priority": _priority,
    "phase": _phase,
    "request_class": _class,
    "language": _language,
    "organisation_id": _organisation,
    "team_id": _team,
    "tags": _tags,
    "watchers": _watchers,
    "extra": _extra,
}


def set_tags(ticket_id: UUID, tags: Sequence[str], *, actor: Actor, version: int | None) -> Ticket:
    """Give the ticket exactly these tags."""
    return patch_ticket(ticket_id, {"tags": list(tags)}, actor=actor, version=version)


def confirm_demand(ticket_id: UUID, *, actor: Actor, version: int | None) -> Ticket:
    """Note that the demand was restated and the customer said yes (CP-05); a second time changes nothing."""
    ticket = lock_ticket(ticket_id, actor=actor, permission="ticket:write")
    check_version(ticket.version, version, actor)
    if ticket.demand_confirmed_at is None:
        ticket.demand_confirmed_at = now()
        written(ticket)
        emit(events.DemandConfirmed(), subject=("ticket", ticket.id), actor=actor)
    return ticket
