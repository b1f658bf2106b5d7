"""Opening a ticket: one matter, one number, one description, and everybody asked who has a say."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from core import counters, definitions
from core.actors import SYSTEM
from core.auth import teams
from core.contacts.links import issue_link
from core.contacts.models import Contact, Organisation
from core.contacts.service import get_contact
from core.db import before_commit, db
from core.errors import Forbidden, Invalid, NotFound, Problem, StartupError
from core.events import emit
from core.plugins import ask, catalog, first
from core.tenancy import current_tenant
from core.tickets import assigning, idempotency, workflow
from core.tickets.events import TicketClassified, TicketOpened
from core.tickets.models import CLASSES, PRIORITIES, PUBLIC, Ticket, TicketTag
from core.tickets.moving import plain, split_answers
from core.tickets.writing import (
    CHANNEL_LENGTH,
    LANGUAGE_LENGTH,
    SUBJECT_LENGTH,
    WORD_LENGTH,
    line_of,
    tags_from,
    validate,
    word_of,
    write_message,
)

if TYPE_CHECKING:
    from core.actors import Actor
    from core.declarations import Form, TicketType, Workflow
    from core.tickets.models import Message

SURE = 0.5
_NAME = re.compile(r"\w[\w.-]{0,59}")
Intake = Callable[[Ticket, dict[str, Any], "Actor"], None]
_intakes: dict[str, Intake] = {}


@dataclass(frozen=True, kw_only=True)
class NewTicket:
    """What somebody says when a matter begins. `form` answers the type's intake form; `form_key` claims uploads."""

    type: str
    subject: str
    description: str
    contact_id: UUID | None = None
    organisation_id: UUID | None = None
    channel: str = "web"
    priority: str = "normal"
    category: str = ""
    request_class: str = ""
    phase: str = ""
    team_id: UUID | None = None
    assignee_id: UUID | None = None
    tags: tuple[str, ...] = ()
    form: dict[str, Any] = field(default_factory=dict)
    language: str = ""
    html: str | None = None
    attachment_ids: tuple[UUID, ...] = ()
    form_key: str = ""


def register_intake(ticket_type: str, call: Intake) -> None:
    """Let `call(ticket, answers, actor)` keep the answers to the declared fields of a type's intake form.

    It runs in the opening's transaction, whichever door the ticket came through, and may raise Invalid. Answers to
    fields that a tenant added are in `ticket.extra`; without an intake all answers are.
    """
    if _intakes.setdefault(ticket_type, call) is not call:
        raise StartupError(f"the type {ticket_type} has two intakes")


def open_ticket(new: NewTicket, *, actor: Actor, key: str = "") -> Ticket:
    """Open a ticket; the same `key` with the same words gives the same ticket.

    Raises Forbidden, Conflict (the key was used for other words) or Invalid naming every mistake.
    """
    ticket_id = idempotency.once(
        lambda: _open(new, actor).id,
        principal=idempotency.principal_of(actor),
        route="tickets.open",
        key=key,
        body=asdict(new),
    )
    return db.session.get_one(Ticket, (current_tenant().id, ticket_id))


def _open(new: NewTicket, actor: Actor) -> Ticket:
    kind = type_for(new.type, actor)
    new = _said_once(new, kind)
    answers = intake_answers(kind, new.form, actor)
    new = replace(new, attachment_ids=_files_of(new, kind, answers))
    validate(None, asdict(new) | {"form": answers}, actor=actor)
    ticket = _row(new, kind, actor)
    db.session.add(ticket)
    for tag in tags_from(new.tags):
        db.session.add(TicketTag(ticket_id=ticket.id, tag=tag))
    # Everything that follows points at the ticket, and SQLAlchemy orders tables by their class's name.
    db.session.flush()
    _keep_answers(ticket, kind, answers, actor)
    # Said before the opening is: no clock may take the description for an answer.
    message = write_message(
        ticket,
        new.description,
        actor=actor,
        visibility=PUBLIC,
        purpose="description",
        html=new.html,
        attachment_ids=new.attachment_ids,
        form_key=new.form_key,
    )
    _classify(ticket)
    _tell(ticket, message, actor)
    before_commit(partial(_number, ticket, kind.prefix))
    _give(ticket, new, actor)
    return ticket


def _said_once(new: NewTicket, kind: TicketType) -> NewTicket:
    """A form that asks for the `description` itself need not be given it twice, nor the ticket."""
    form: Form | None = definitions.get("form", kind.form) if kind.form else None
    if form is None or all(field.name != "description" for field in form.fields):
        return new
    said = new.form.get("description") or new.description
    return replace(new, description=str(said or ""), form={**new.form, "description": said})


def _files_of(new: NewTicket, kind: TicketType, answers: dict[str, Any]) -> tuple[UUID, ...]:
    """The files of the description: those named, and those that the form asked for."""
    form: Form | None = definitions.get("form", kind.form) if kind.form else None
    asked = [field.name for field in form.fields if field.kind == "files"] if form else []
    given = [file for name in asked for file in answers.get(name, ())]
    return tuple(dict.fromkeys((*new.attachment_ids, *given)))


def type_for(name: str, actor: Actor) -> TicketType:
    """The type, when this actor may open such tickets now; Forbidden or Invalid."""
    if actor.kind == "contact":
        if actor.can("matter:look"):
            raise Forbidden("matter:message")
    else:
        actor.must("ticket:write")
    if name not in definitions.names("ticket_type"):
        raise Invalid(Problem(field="type", message="tickets.error.type"))
    kind: TicketType = definitions.get("ticket_type", name)
    if actor.kind == "contact" and not kind.portal:
        raise Invalid(Problem(field="type", message="tickets.error.type"))
    return kind


def intake_answers(kind: TicketType, given: dict[str, Any], actor: Actor) -> dict[str, Any]:
    """The answers to the type's intake form in their types; Invalid names each bad one as `form.<field>`."""
    if not kind.form:
        return {}
    form = definitions.get("form", kind.form)
    return workflow.load_answers(form, given, actor=actor, conditions=catalog().shelf("condition"))


def _row(new: NewTicket, kind: TicketType, actor: Actor) -> Ticket:
    if new.priority not in PRIORITIES:
        raise Invalid(Problem(field="priority", message="tickets.error.choice"))
    version = definitions.current_version("workflow", kind.workflow)
    graph: Workflow = definitions.get("workflow", kind.workflow, version)
    state = workflow.state_named(graph, graph.initial)
    contact = _contact(new, actor)
    return Ticket(
        type=kind.name,
        type_version=definitions.current_version("ticket_type", kind.name),
        workflow=graph.name,
        workflow_version=version,
        form=kind.form,
        form_version=definitions.current_version("form", kind.form) if kind.form else "",
        state=state.name,
        status=state.status,
        stage=state.stage,
        subject=line_of(new.subject, "subject", longest=SUBJECT_LENGTH),
        priority=new.priority,
        priority_rank=PRIORITIES.index(new.priority),
        request_class=_class(new) or kind.request_class,
        phase=word_of(new.phase, "phase", longest=CHANNEL_LENGTH),
        category=word_of(new.category, "category", longest=WORD_LENGTH),
        channel=word_of(new.channel, "channel", longest=CHANNEL_LENGTH),
        language=word_of(new.language, "language", longest=LANGUAGE_LENGTH)
        or (contact.locale if contact else "")
        or current_tenant().locale,
        contact_id=contact.id if contact else None,
        organisation_id=_existing(Organisation, new.organisation_id, "organisation_id"),
        team_id=_team(new, actor),
        extra={},
    )


def _class(new: NewTicket) -> str:
    if new.request_class and new.request_class not in CLASSES:
        raise Invalid(Problem(field="request_class", message="tickets.error.choice"))
    return new.request_class


def _contact(new: NewTicket, actor: Actor) -> Contact | None:
    contact_id = actor.id if actor.kind == "contact" else new.contact_id
    if contact_id is None:
        return None
    try:
        return get_contact(contact_id)
    except NotFound:
        raise unknown("contact_id") from None


def _team(new: NewTicket, actor: Actor) -> UUID | None:
    """The team that was named, else the opener's own, else the tenant's first: every ticket has one."""
    open_teams = [team.id for team in teams.list_teams()]
    if new.team_id is not None:
        if new.team_id not in open_teams:
            raise unknown("team_id")
        return new.team_id
    return next((t for t in open_teams if t in actor.team_ids), next(iter(open_teams), None))


def _existing(model: type[Any], row_id: UUID | None, name: str) -> UUID | None:
    if row_id is not None and db.session.get(model, (current_tenant().id, row_id)) is None:
        raise unknown(name)
    return row_id


def unknown(name: str) -> Invalid:
    """The error for an id that names nothing here."""
    return Invalid(Problem(field=name, message="tickets.error.unknown"))


def _keep_answers(ticket: Ticket, kind: TicketType, answers: dict[str, Any], actor: Actor) -> None:
    intake = _intakes.get(kind.name)
    if intake is None:
        ticket.extra = plain(answers)
        return
    declared, ticket.extra = split_answers(kind.form, answers)
    intake(ticket, declared, actor)


def _classify(ticket: Ticket) -> None:
    for found in ask("classify_ticket", ticket=ticket):
        fits = found.field == "category" and bool(_NAME.fullmatch(found.value))
        applied = fits and not ticket.category and found.confidence >= SURE
        if applied:
            ticket.category = found.value
        emit(
            TicketClassified(
                field=found.field, value=found.value, confidence=found.confidence, applied=applied
            ),
            subject=("ticket", ticket.id),
            actor=SYSTEM,
        )


def _tell(ticket: Ticket, message: Message, actor: Actor) -> None:
    link_id = None
    if ticket.contact_id is not None:
        link_id = issue_link(ticket.id, ticket.contact_id).id
    emit(
        TicketOpened(
            ticket_type=ticket.type,
            workflow=ticket.workflow,
            workflow_version=ticket.workflow_version,
            state=ticket.state,
            status=ticket.status,
            priority=ticket.priority,
            channel=ticket.channel,
            request_class=ticket.request_class,
            category=ticket.category,
            phase=ticket.phase,
            contact_id=ticket.contact_id,
            organisation_id=ticket.organisation_id,
            team_id=ticket.team_id,
            message_id=message.id,
            link_id=link_id,
        ),
        subject=("ticket", ticket.id),
        actor=actor,
    )


def _number(ticket: Ticket, prefix: str) -> None:
    period = ticket.opened_at.astimezone(ZoneInfo(current_tenant().timezone)).strftime("%y%m")
    count = counters.take(f"ticket:{prefix}", period)
    ticket.number = f"{prefix}-{period}-{count:05}"


def _give(ticket: Ticket, new: NewTicket, actor: Actor) -> None:
    """Assign whom the opener named, else whom a plugin chooses."""
    if new.assignee_id is not None:
        if new.assignee_id != actor.id:
            actor.must("ticket:assign")
        assigning.give(ticket, new.assignee_id, actor=actor)
        return
    chosen = first("choose_assignee", ticket=ticket)
    if chosen:
        # A plugin may name whom it likes: whoever is no active user of ours gets nothing.
        with suppress(ValueError, Invalid):
            assigning.give(ticket, UUID(chosen), actor=SYSTEM)
