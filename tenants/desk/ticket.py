"""The ticket page as values: stages, record, promises, properties, customer, and what may be done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from flask import url_for

from core.host import (
    accounts,
    app_calls,
    ask,
    attachments,
    contacts,
    definitions,
    offered,
    panels,
    team_book,
    tickets,
)
from core.sdk import NotFound, format_datetime, sla_chips, text
from tenants.desk import promises
from tenants.desk.names import channel_title, organisation_names, type_title
from tenants.desk.queue import CHANNELS
from tenants.desk.timeline import record
from tenants.desk.views import PRIORITIES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from core.host import Contact, Handover, Ticket
    from core.sdk import Actor, Form, State, Transition, Workflow

MODES = ("reply", "note")
CUSTOMERS = "matter:"


@dataclass(frozen=True)
class StageMark:
    """A stage on the bar; state is done, now or next."""

    title: str
    state: str
    note: str


def load(ticket_id: UUID, actor: Actor) -> Ticket:
    """The one door; a merged ticket is followed nowhere, it is shown as it is."""
    return tickets.get_ticket(ticket_id, actor=actor)


def page_values(ticket: Ticket, actor: Actor, *, everything: bool, mode: str) -> dict[str, Any]:
    """Everything that desk/ticket.html draws, but for the sidebar."""
    workflow = tickets.workflow_of(ticket)
    state = tickets.state_of(ticket)
    moves = tickets.offered_transitions(ticket, actor=actor)
    first, others = primary(moves, state, workflow)
    told = tickets.timeline(ticket, actor=actor)
    story = record(told, workflow, actor, everything=everything)
    return {
        "ticket": ticket,
        "state": state,
        "chip": sla_chips([ticket]).get(ticket.id),
        "type": type_title(ticket.type),
        "channel": channel_title(ticket.channel),
        "channel_icon": CHANNELS.get(ticket.channel, "message-2"),
        "stages": stages(workflow, state, reached(told, workflow)),
        "workflow_title": text(workflow.title),
        "record": story,
        "answers": answers(ticket),
        "primary": first,
        "moves": others,
        "promises": promises.of(ticket),
        "mode": mode if mode in MODES else "reply",
        "may_write": actor.can("ticket:write"),
        "may_assign": actor.can("ticket:assign"),
        "form_key": attachments.new_form_key(),
        "boxes": panels.panels("ticket", actor),
        "buttons": [
            button
            for button in (
                *ask("ticket_actions", ticket=ticket, actor=actor),
                *app_calls.buttons(ticket),
            )
            if actor.can(button.permission)
        ],
        "reports": reports(ticket, actor),
        **_people(ticket, actor),
        **_duty(ticket, actor),
    }


def reached(told: list[tickets.Entry], workflow: Workflow) -> dict[str, datetime]:
    """When the ticket last came into each stage."""
    stage_of = {state.name: state.stage for state in workflow.states}
    found: dict[str, datetime] = {}
    for entry in told:
        if entry.event is None or entry.event.type not in {"ticket.opened", "ticket.moved"}:
            continue
        data = entry.event.payload
        stage = stage_of.get(data.get("to_state") or data.get("state", ""), "")
        found[stage] = entry.at
    return found


def stages(workflow: Workflow, state: State, times: Mapping[str, datetime]) -> list[StageMark]:
    """The stage bar: what lies behind, where the ticket stands, what comes."""
    names = [stage.name for stage in workflow.stages]
    here = names.index(state.stage) if state.stage in names else -1
    finished = state.status == "closed"
    return [
        StageMark(
            title=text(stage.title),
            state="done"
            if i < here or (finished and i <= here)
            else "now"
            if i == here
            else "next",
            note=text(state.title)
            if i == here
            else _time(times.get(stage.name))
            if i < here
            else "",
        )
        for i, stage in enumerate(workflow.stages)
    ]


def _time(at: datetime | None) -> str:
    return format_datetime(at, "near") if at else ""


def primary(
    moves: list[Transition], state: State, workflow: Workflow
) -> tuple[Transition | None, list[Transition]]:
    """The transition that leads forward, and the others; a bar has one primary button."""
    order = {stage.name: i for i, stage in enumerate(workflow.stages)}
    target = {s.name: s for s in workflow.states}

    def ahead(move: Transition) -> bool:
        goal = target.get(move.target)
        if goal is None or move.reopens or goal.status == "waiting":
            return False
        return order.get(goal.stage, -1) >= order.get(state.stage, -1) and goal.name != state.name

    chosen = next((move for move in moves if ahead(move)), None)
    return chosen, [move for move in moves if move is not chosen]


def move_of(ticket: Ticket, name: str, actor: Actor) -> Transition:
    """The offered transition of that name."""
    for move in tickets.offered_transitions(ticket, actor=actor):
        if move.name == name:
            return move
    raise NotFound(f"no transition {name}")


def form_named(name: str) -> Form | None:
    """A declared form, as the tenant has it now; None for "" ."""
    found: Form | None = definitions.get("form", name) if name else None
    return found


def intake_form(ticket: Ticket) -> Form | None:
    """The form that the ticket was opened with; None when its plugin's package is gone."""
    try:
        found: Form | None = (
            definitions.get("form", ticket.form, ticket.form_version) if ticket.form else None
        )
    except NotFound:
        return None
    return found


def answers(ticket: Ticket) -> list[tuple[str, str]]:
    """What was answered at the opening and is kept on the ticket itself, in words."""
    if not ticket.extra:
        return []
    form = intake_form(ticket)
    titles = {field.name: text(field.title) for field in form.fields} if form else {}
    return [
        (titles.get(key, key), _plain(value))
        for key, value in ticket.extra.items()
        if _plain(value)
    ]


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return text("forms.yes" if value else "forms.no")
    if isinstance(value, list):
        return ", ".join(str(item) for item in value if not isinstance(item, dict))
    if isinstance(value, dict):
        return str(value.get("typed_name", ""))
    return "" if value is None else str(value)


def reports(ticket: Ticket, actor: Actor) -> list[dict[str, str]]:
    """Printables about this ticket that the actor may draw, the staff's own edition first."""
    plugin = ticket.type.rpartition(".")[0]
    found = [
        report
        for report in offered("report").values()
        if report.name.rpartition(".")[0] in {plugin, ""}
        and (not report.params or any(field.name == "ticket_id" for field in report.params))
        and (actor.can(report.permission) or report.permission.startswith(CUSTOMERS))
    ]
    found.sort(key=lambda report: (report.permission.startswith(CUSTOMERS), report.name))
    return [
        {
            "title": text(report.title),
            "url": url_for("reports.document", name=report.name, ticket_id=ticket.id),
        }
        for report in found
    ]


def _people(ticket: Ticket, actor: Actor) -> dict[str, Any]:
    contact = contacts.get_contact(ticket.contact_id) if ticket.contact_id else None
    watchers = tickets.watchers_of(ticket.id)
    ids = {*watchers, *([ticket.assignee_id] if ticket.assignee_id else [])}
    names = accounts.names_of(ids)
    return {
        "contact": contact,
        "customer": contacts.masked_view(contact) if contact else None,
        "matters": _matters(contact, actor),
        "may_reveal": actor.can("contact:reveal"),
        "organisation": organisation_names({ticket.organisation_id}).get(ticket.organisation_id, "")
        if ticket.organisation_id
        else "",
        "assignee": names.get(ticket.assignee_id, "") if ticket.assignee_id else "",
        "watchers": [names.get(who, "") for who in watchers],
        "watching": actor.id in watchers,
        "tags": tickets.tags_of([ticket.id]).get(ticket.id, []),
        "category": text(ticket.category),
        "categories": categories(ticket, actor),
        "priorities": PRIORITIES,
        "staff": [
            (user.id, user.display_name) for user in accounts.list_users() if user.state == "active"
        ],
        "teams": [(team.id, text(team.name)) for team in team_book.list_teams()],
        "team": _team(ticket),
    }


def categories(ticket: Ticket, actor: Actor) -> list[tuple[str, str]]:
    """What a ticket may be about: its intake form's choices, else the words used so far."""
    form = intake_form(ticket)
    field = next((f for f in form.fields if f.name == "category"), None) if form else None
    if field and field.options:
        return [(option.value, text(option.title)) for option in field.options]
    used = tickets.count_by("category", tickets.TicketQuery(type=(ticket.type,)), actor=actor)
    return [(name, text(name)) for name in sorted(used) if name]


def _matters(contact: Contact | None, actor: Actor) -> int:
    """How many open matters the customer has, this one included."""
    if contact is None:
        return 0
    query = tickets.TicketQuery(contact_id=contact.id, status=("new", "open", "waiting"))
    return tickets.count_tickets(query, actor=actor, most=100)


def _team(ticket: Ticket) -> str:
    return text(team_book.get_team(ticket.team_id).name) if ticket.team_id else ""


def _duty(ticket: Ticket, actor: Actor) -> dict[str, Any]:
    """Whether somebody must accept, take back or answer a handover."""
    assignment = tickets.current_assignment(ticket.id)
    slip = tickets.open_handover(ticket.id)
    mine = assignment is not None and assignment.user_id == actor.id
    return {
        "to_accept": bool(
            mine and assignment and not assignment.accepted_at and not ticket.finished
        ),
        "accepted": bool(assignment and assignment.accepted_at),
        "slip": _slip(slip) if slip else None,
        "departments": [(d.id, text(d.name)) for d in team_book.list_departments()],
    }


def _slip(slip: Handover) -> Mapping[str, Any]:
    return {
        "department": text(team_book.get_department(slip.to_department_id).name),
        "reason": slip.reason,
        "summary": slip.summary,
        "handed_at": slip.handed_at,
        "accepted_at": slip.accepted_at,
        "returned_at": slip.returned_at,
    }


def neighbours(ticket: Ticket, found: list[Ticket]) -> tuple[UUID | None, UUID | None, int]:
    """The tickets before and after this one in a list, and its place from 1 (0 when it is not there)."""
    ids = [each.id for each in found]
    if ticket.id not in ids:
        return None, None, 0
    at = ids.index(ticket.id)
    return (ids[at - 1] if at else None), (ids[at + 1] if at + 1 < len(ids) else None), at + 1


def staff_name(user_id: str) -> str:
    """The name behind an id that a form sent; "" for none."""
    return accounts.names_of({UUID(user_id)}).get(UUID(user_id), "") if user_id else ""


def team_title(team_id: str) -> str:
    """The title behind an id that a form sent; "" for none."""
    return text(team_book.get_team(UUID(team_id)).name) if team_id else ""
