"""What this room declares: rights, the three types of core, their forms, and the workflow ST-T they share."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from core.auth.traces import sweep_daily
from core.clock import now
from core.contacts.privacy import register_room
from core.contributions import DataClass, Guard
from core.declarations import (
    Field,
    Form,
    Option,
    Permission,
    Stage,
    State,
    TicketType,
    Transition,
    Workflow,
)
from core.definitions import register_check
from core.errors import Problem
from core.events import subscribe
from core.forms.checks import check_form
from core.forms.people import offer_people
from core.sla.reading import register_door
from core.tickets import customers, idempotency, routes
from core.tickets.actions import tickets
from core.tickets.events import EVENTS
from core.tickets.models import Ticket
from core.tickets.moving import check_edited
from core.tickets.visibility import get_ticket

if TYPE_CHECKING:
    from uuid import UUID

    from core.actors import Actor

__all__ = [
    "API",
    "DATA_CLASSES",
    "EVENTS",
    "FORMS",
    "GUARDS",
    "PERMISSIONS",
    "TICKET_TYPES",
    "WORKFLOWS",
    "connect",
]

REOPEN_WITHIN = timedelta(days=30)
API = [tickets, routes.events]

_ALL, _DEPARTMENT, _TEAM = "all", "department", "team"
_STAFF = {"admin": _ALL, "manager": _ALL, "supervisor": _DEPARTMENT, "agent": _TEAM}
PERMISSIONS = [
    Permission("ticket:read", "tickets.permission.read", {**_STAFF, "auditor": _ALL}),
    Permission("ticket:write", "tickets.permission.write", _STAFF),
    Permission("ticket:assign", "tickets.permission.assign", _STAFF),
    Permission(
        "ticket:approve", "tickets.permission.approve", {"manager": _ALL, "supervisor": _DEPARTMENT}
    ),
    Permission(
        "event:read", "tickets.permission.events", {"admin": _ALL, "manager": _ALL, "auditor": _ALL}
    ),
]
DATA_CLASSES = [
    DataClass("tickets", "tickets.data.tickets", ("ticket", "ticket_tag", "handover")),
    DataClass("messages", "tickets.data.messages", ("message", "message_attachment")),
]


def connect() -> None:
    """Follow what happens to customers, in the same transaction; tell the clocks who may see a ticket.

    What a tenant edits is checked, old keys of repeated requests are swept daily.
    """
    register_door(_may_see)
    register_room("tickets", customers.tell_tickets)
    register_check("workflow", check_edited)
    register_check("form", check_form)
    sweep_daily(idempotency.forget_old_keys)
    offer_people()
    subscribe("contact.merged", customers.follow_merge)
    subscribe("contact.erased", customers.forget_words)


def _has_category(subject: Any, answers: dict[str, Any], actor: Actor) -> list[Problem]:  # noqa: ARG001  a guard's shape
    """Diagnose and classify before acting (CL-17)."""
    if isinstance(subject, Ticket) and not subject.category:
        return [Problem(field="category", message="tickets.error.no_category")]
    return []


def _may_reopen(subject: Any, answers: dict[str, Any], actor: Actor) -> list[Problem]:  # noqa: ARG001  a guard's shape
    """A matter that rests for long is a new matter."""
    if (
        isinstance(subject, Ticket)
        and subject.closed_at
        and subject.closed_at + REOPEN_WITHIN < now()
    ):
        return [
            Problem(
                field="",
                message="tickets.error.reopen_window",
                values=(("days", REOPEN_WITHIN.days),),
            )
        ]
    return []


GUARDS = [Guard("has_category", _has_category), Guard("may_reopen", _may_reopen)]


def _options(prefix: str, *values: str) -> tuple[Option, ...]:
    return tuple(Option(value, f"{prefix}.{value}") for value in values)


FORMS = [
    Form(
        "question",
        "tickets.form.question.title",
        (
            Field(
                "topic",
                "choice",
                "tickets.form.question.topic",
                options=_options(
                    "tickets.topic", "product", "price", "policy", "process", "usage", "other"
                ),
            ),
            Field("wanted_by", "date", "tickets.form.wanted_by"),
        ),
    ),
    Form(
        "problem",
        "tickets.form.problem.title",
        (
            Field("since", "date", "tickets.form.problem.since"),
            Field("expectation", "long_text", "tickets.form.problem.expectation", personal=True),
            Field("wanted_by", "date", "tickets.form.wanted_by"),
        ),
    ),
    Form(
        "request",
        "tickets.form.request.title",
        (
            Field(
                "kind",
                "choice",
                "tickets.form.request.kind",
                required=True,
                options=_options(
                    "tickets.service", "follow_up", "renewal", "customisation", "other"
                ),
            ),
            Field("wanted_by", "date", "tickets.form.wanted_by"),
        ),
    ),
    Form(
        "resolution",
        "tickets.form.resolution.title",
        (
            Field(
                "solution",
                "long_text",
                "tickets.form.resolution.solution",
                required=True,
                personal=True,
            ),
            Field("feedback", "long_text", "tickets.form.resolution.feedback", personal=True),
        ),
        submit="tickets.form.resolution.submit",
    ),
    Form(
        "cancellation",
        "tickets.form.cancellation.title",
        (
            Field(
                "reason",
                "choice",
                "tickets.form.reason",
                required=True,
                options=_options(
                    "tickets.cancelled_for", "duplicate", "mistake", "not_ours", "other"
                ),
            ),
            Field("remark", "long_text", "tickets.form.remark", personal=True),
        ),
    ),
    Form(
        "withdrawal",
        "tickets.form.withdrawal.title",
        (Field("remark", "long_text", "tickets.form.remark", personal=True),),
    ),
    Form(
        "handover",
        "tickets.form.handover.title",
        (
            Field("department", "department", "tickets.form.handover.department", required=True),
            Field(
                "reason",
                "choice",
                "tickets.form.reason",
                required=True,
                options=_options(
                    "tickets.handed_for",
                    "expertise",
                    "responsibility",
                    "approval",
                    "workload",
                    "other",
                ),
            ),
            Field(
                "summary",
                "long_text",
                "tickets.form.handover.summary",
                required=True,
                personal=True,
            ),
            Field(
                "notice",
                "long_text",
                "tickets.form.handover.notice",
                help="tickets.form.handover.notice_help",
                personal=True,
            ),
        ),
    ),
]


def _state(name: str, status: Any, stage: str, *, pauses: bool = False) -> State:
    return State(name, f"tickets.state.{name}", status, stage, pauses)


def _way(name: str, sources: str, target: str, **more: Any) -> Transition:
    return Transition(name, f"tickets.transition.{name}", tuple(sources.split()), target, **more)


_ACTIVE = "new open in_progress waiting_customer waiting_third_party"
_EVERYBODY = ("user", "app", "system", "contact")
WORKFLOWS = [
    Workflow(
        "ticket",
        "tickets.workflow.ticket",
        "new",
        states=(
            _state("new", "new", "received"),
            _state("open", "open", "handling"),
            _state("in_progress", "open", "handling"),
            _state("waiting_customer", "waiting", "handling", pauses=True),
            _state("waiting_third_party", "waiting", "handling", pauses=True),
            _state("resolved", "resolved", "result"),
            _state("closed", "closed", "closed"),
            _state("merged", "closed", "closed"),
            _state("cancelled", "closed", "closed"),
        ),
        transitions=(
            _way("open", "new", "open"),
            _way("start", "new open", "in_progress", event="ticket.started"),
            _way("wait_customer", "open in_progress waiting_third_party", "waiting_customer"),
            _way("wait_third_party", "open in_progress waiting_customer", "waiting_third_party"),
            _way("resume", "waiting_customer waiting_third_party", "in_progress"),
            _way(
                "resolve",
                _ACTIVE,
                "resolved",
                guards=("has_category",),
                form="resolution",
                event="ticket.resolved",
            ),
            _way("close", "resolved", "closed", actor_kinds=_EVERYBODY, event="ticket.closed"),
            _way(
                "reopen",
                "resolved closed",
                "in_progress",
                actor_kinds=_EVERYBODY,
                guards=("may_reopen",),
                event="ticket.reopened",
                reopens=True,
            ),
            _way("cancel", _ACTIVE, "cancelled", form="cancellation", event="ticket.cancelled"),
            _way(
                "withdraw",
                _ACTIVE,
                "cancelled",
                actor_kinds=("contact",),
                form="withdrawal",
                event="ticket.cancelled",
            ),
            _way("merge", f"{_ACTIVE} resolved closed", "merged", actor_kinds=("operator",)),
        ),
        stages=tuple(
            Stage(name, f"tickets.stage.{name}")
            for name in ("received", "handling", "result", "closed")
        ),
    ),
]

TICKET_TYPES = [
    TicketType(
        "question",
        "tickets.type.question",
        form="question",
        workflow="ticket",
        prefix="Q",
        portal=True,
        request_class="consultation",
        icon="message-question",
        summary="tickets.type.question_summary",
    ),
    TicketType(
        "problem",
        "tickets.type.problem",
        form="problem",
        workflow="ticket",
        prefix="P",
        portal=True,
        request_class="problem",
        icon="alert-triangle",
        summary="tickets.type.problem_summary",
    ),
    TicketType(
        "request",
        "tickets.type.request",
        form="request",
        workflow="ticket",
        prefix="S",
        portal=True,
        request_class="service",
        icon="tool",
        summary="tickets.type.request_summary",
    ),
]


def _may_see(ticket_id: UUID, actor: Actor) -> None:
    get_ticket(ticket_id, actor=actor)
