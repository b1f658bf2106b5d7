"""Complaints: the procedure every industry shares, from intake to the signed and followed-up result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.sdk import (
    Button,
    Card,
    DataClass,
    Event,
    Form,
    Guard,
    Handler,
    Metric,
    NavItem,
    Panel,
    Permission,
    Plugin,
    PortalPage,
    Problem,
    Report,
    SlaPolicy,
    Suggestion,
    TicketType,
    Workflow,
    choose_again_on,
    hookimpl,
    register_effect,
    register_intake,
    register_prefill,
    register_timer,
)
from plugins.complaints import (
    actions,
    board,
    example,
    hookspecs,
    panels,
    plans,
    portal,
    privacy,
    promises,
    reminders,
    repeats,
    reports,
    results,
    routes,
    service,
    triage,
    visibility,
)
from plugins.complaints.events import EVENTS, ComplaintAssessed
from plugins.complaints.forms import FORMS
from plugins.complaints.guards import GUARDS
from plugins.complaints.schemas import ComplaintSettings
from plugins.complaints.workflow import APPROVE, DECIDE_APPEAL, INTERNAL, NAME, WORKFLOW

if TYPE_CHECKING:
    from flask import Blueprint
    from marshmallow import Schema
    from sqlalchemy import ColumnElement

    from core.sdk import Actor, Contact, Tenant, Ticket, VirtualClock

plugin = Plugin(
    "complaints",
    "complaints.title",
    summary="complaints.summary",
    icon="speakerphone",
    hookspecs=hookspecs,
)

register_intake(NAME, service.take_in)
for transition, effect in {
    "acknowledge": service.acknowledge,
    "assess": service.assess,
    "uphold": service.uphold,
    "reject": service.reject,
    "conclude": service.conclude,
    "propose_plan": plans.propose,
    "approve_plan": plans.approve,
    "return_plan": plans.send_back,
    "return_to_investigation": plans.send_back,
    "accept_plan": plans.accept,
    "decline_plan": plans.decline,
    "report_result": reminders.report,
    "confirm_result": results.confirm,
    "dispute_result": results.dispute,
    "follow_up": results.follow_up,
    "appeal": service.appeal,
    "grant_appeal": service.grant_appeal,
    "dismiss_appeal": service.dismiss_appeal,
}.items():
    register_effect(NAME, transition, effect)
register_prefill(NAME, "assess", triage.first_answers)
register_timer(reminders.KIND, reminders.due)
choose_again_on(ComplaintAssessed.type)


@hookimpl
def register_permissions() -> list[Permission]:
    """Approving plans, deciding appeals, and reading the copy that names responsible persons."""
    return [
        Permission(
            APPROVE,
            "complaints.permission.approve",
            {"supervisor": "department", "manager": "all", "admin": "all"},
        ),
        Permission(
            DECIDE_APPEAL,
            "complaints.permission.decide_appeal",
            {"supervisor": "department", "manager": "all", "admin": "all"},
        ),
        Permission(
            INTERNAL,
            "complaints.permission.register_internal",
            {"supervisor": "department", "manager": "all", "admin": "all", "auditor": "all"},
        ),
    ]


@hookimpl
def register_blueprints() -> list[Blueprint]:
    """The board at /x/complaints/."""
    return [routes.pages]


@hookimpl
def register_api() -> list[Blueprint]:
    """Cases at /api/v1/complaints/cases."""
    return [routes.api]


@hookimpl
def register_events() -> list[type[Event]]:
    """The facts of a complaint."""
    return EVENTS


@hookimpl
def register_forms() -> list[Form]:
    """One form per step."""
    return FORMS


@hookimpl
def register_guards() -> list[Guard]:
    """What must hold before a step."""
    return [*GUARDS, *visibility.GUARDS]


@hookimpl
def register_workflows() -> list[Workflow]:
    """ST-C."""
    return [WORKFLOW]


@hookimpl
def register_ticket_types() -> list[TicketType]:
    """The complaint."""
    return [
        TicketType(
            NAME,
            "complaints.type",
            form="complaints.intake",
            workflow=NAME,
            sla=promises.POLICY.name,
            prefix="CP",
            portal=True,
            icon="speakerphone",
            summary="complaints.type_summary",
        )
    ]


@hookimpl
def register_metrics() -> list[Metric]:
    """SL-03 for the plan, SL-09 for the follow-up."""
    return promises.METRICS


@hookimpl
def register_sla_policies() -> list[SlaPolicy]:
    """The rulebook's numbers for complaints."""
    return promises.POLICIES


@hookimpl
def register_settings() -> list[type[Schema]]:
    """Appeal window, follow-up, silence, channels, triage."""
    return [ComplaintSettings]


@hookimpl
def register_panels() -> list[Panel]:
    """The complaint at its ticket."""
    return [
        Panel(
            "complaints.summary",
            "ticket",
            "complaints.panel.title",
            panels.summary,
            permission="ticket:read",
            order=10,
            icon="speakerphone",
        )
    ]


@hookimpl
def nav_items(actor: Actor) -> list[NavItem]:
    """The board in the desk's sidebar."""
    if not actor.can("ticket:read"):
        return []
    return [NavItem("complaints.board.title", board.ADDRESS, icon="speakerphone")]


@hookimpl
def ticket_actions(ticket: Ticket, actor: Actor) -> list[Button]:
    """The register at its ticket."""
    return actions.buttons(ticket)


@hookimpl
def register_portal_pages() -> list[PortalPage]:
    """How to complain (CH-02)."""
    return portal.PAGES


@hookimpl
def register_portal_cards() -> list[Card]:
    """The way to that page."""
    return portal.CARDS


@hookimpl
def classify_ticket(ticket: Ticket) -> list[Suggestion]:
    """Grade and priority by the tenant's keywords (CL-05)."""
    return triage.suggestions(ticket)


@hookimpl
def choose_sla(ticket: Ticket) -> str | None:
    """The pack for danger (PM-08)."""
    return triage.policy_of(ticket)


@hookimpl
def choose_assignee(ticket: Ticket) -> str | None:
    """Who has the customer's open complaint already."""
    return repeats.agent_of(ticket)


@hookimpl
def validate_ticket(ticket: Ticket | None, changes: dict[str, Any], actor: Actor) -> list[Problem]:
    """No priority below what the grade asks."""
    return triage.problems_with(ticket, changes)


@hookimpl
def visible_tickets(actor: Actor) -> list[ColumnElement[bool]]:
    """Nobody sees a complaint about himself (CP-35)."""
    return visibility.visible_to(actor)


@hookimpl
def register_handlers() -> list[Handler]:
    """Repeats are marked after the complaint was opened (KP-12)."""
    return repeats.HANDLERS


@hookimpl
def on_enable(tenant: Tenant) -> None:
    """Reminders go on."""
    reminders.resume()


@hookimpl
def on_disable(tenant: Tenant) -> None:
    """Nobody is reminded of a procedure that rests."""
    reminders.rest()


@hookimpl
def on_upgrade(tenant: Tenant, old_version: str) -> None:
    """Timers are set ahead of time: those of the version before are set anew as this one has them."""
    reminders.resume()


@hookimpl
def seed_demo(tenant: Tenant, clock: VirtualClock) -> None:
    """The demonstration's complaint telephone and channels."""
    example.seed(tenant)


@hookimpl
def register_reports() -> list[Report]:
    """FM-06 in two editions."""
    return reports.REPORTS


@hookimpl
def register_data_classes() -> list[DataClass]:
    """Where a complaint keeps personal data."""
    return privacy.DATA_CLASSES


@hookimpl
def export_person(contact: Contact) -> dict[str, Any]:
    """The contact's complaints."""
    return privacy.export_person(contact)


@hookimpl
def erase_person(contact: Contact) -> None:
    """Overwrite the contact's complaints."""
    privacy.erase_person(contact)
