"""Retail: members, points, sales, returns and refunds."""

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
    Job,
    Metric,
    NavItem,
    Panel,
    Permission,
    Plugin,
    PortalPage,
    Report,
    SlaPolicy,
    TicketType,
    Workflow,
    hookimpl,
    register_timer,
)
from plugins.retail import (
    api,
    events,
    example,
    jobs,
    models,
    panels,
    payouts,
    points,
    portal,
    privacy,
    promises,
    reports,
    return_events,
    rmas,
    routes,
)
from plugins.retail.forms import FORMS
from plugins.retail.guards import GUARDS
from plugins.retail.rights import PERMISSIONS
from plugins.retail.settings import RetailSettings
from plugins.retail.workflow import READ, SALE_READ, TICKET, WORKFLOWS

if TYPE_CHECKING:
    from flask import Blueprint
    from marshmallow import Schema

    from core.sdk import Actor, Contact, Tenant, Ticket, VirtualClock

plugin = Plugin(
    "retail", "retail.title", industry="retail", summary="retail.summary", icon="shopping-bag"
)
register_timer(payouts.WARNING, payouts.warn)
register_timer(payouts.DUE, payouts.due)


@hookimpl
def register_permissions() -> list[Permission]:
    """Members, receipts, returns, refunds and their approval, the report."""
    return PERMISSIONS


@hookimpl
def register_events() -> list[type[Event]]:
    """The facts of retail."""
    return [*events.EVENTS, *return_events.EVENTS]


@hookimpl
def register_forms() -> list[Form]:
    """FM-09, and one form per step."""
    return FORMS


@hookimpl
def register_guards() -> list[Guard]:
    """What must hold before a step."""
    return GUARDS


@hookimpl
def register_workflows() -> list[Workflow]:
    """The matter, ST-R, the refund, the application."""
    return WORKFLOWS


@hookimpl
def register_ticket_types() -> list[TicketType]:
    """Return and exchange."""
    return [
        TicketType(
            TICKET,
            "retail.type",
            form="",
            workflow=TICKET,
            sla=promises.POLICY.name,
            prefix="RT",
            portal=True,
            portal_url="/p/retail/return",
            request_class="service",
            icon="package",
            summary="retail.type_summary",
        )
    ]


@hookimpl
def register_metrics() -> list[Metric]:
    """STD-03 for the decision, STD-01 for the refund."""
    return promises.METRICS


@hookimpl
def register_sla_policies() -> list[SlaPolicy]:
    """The law's days for a return."""
    return [promises.POLICY]


@hookimpl
def register_settings() -> list[type[Schema]]:
    """Windows, limits, points."""
    return [RetailSettings]


@hookimpl
def register_jobs() -> list[Job]:
    """The nights."""
    return jobs.JOBS


@hookimpl
def register_handlers() -> list[Handler]:
    """The customer hears of his refund."""
    return jobs.HANDLERS


@hookimpl
def on_enable(tenant: Tenant) -> None:
    """The house's accounts, and the watches go on."""
    points.open_house()
    payouts.resume()


@hookimpl
def on_disable(tenant: Tenant) -> None:
    """No watch of a plugin that is off."""
    payouts.rest()


@hookimpl
def on_upgrade(tenant: Tenant, old_version: str) -> None:
    """Watches are set ahead of time: those of the version before are set anew."""
    points.open_house()
    payouts.resume()


@hookimpl
def register_blueprints() -> list[Blueprint]:
    """The desk's pages at /x/retail/."""
    return [routes.pages]


@hookimpl
def register_api() -> list[Blueprint]:
    """REST at /api/v1/retail/."""
    return [api.blueprint]


@hookimpl
def register_portal_pages() -> list[PortalPage]:
    """A return from home, and the customer's card."""
    return portal.PAGES


@hookimpl
def register_portal_cards() -> list[Card]:
    """Points on the portal's home."""
    return portal.CARDS


@hookimpl
def register_panels() -> list[Panel]:
    """The member and the return at tickets, contacts and matters."""
    return panels.PANELS


@hookimpl
def register_reports() -> list[Report]:
    """FM-09, FM-12, the returns report."""
    return reports.REPORTS


@hookimpl
def nav_items(actor: Actor) -> list[NavItem]:
    """The card desk and the returns."""
    found = []
    if actor.can(SALE_READ):
        found.append(NavItem("retail.home.title", "/x/retail/", icon="id", order=30))
    if actor.can(READ):
        found.append(
            NavItem("retail.returns.title", "/x/retail/returns", icon="receipt-refund", order=31)
        )
    return found


@hookimpl
def ticket_actions(ticket: Ticket, actor: Actor) -> list[Button]:
    """The case behind a return's ticket, or the search for its receipt."""
    if ticket.type != TICKET:
        return []
    rma = rmas.rma_of_ticket(ticket.id)
    if rma is None:
        url = f"/x/retail/?ticket_id={ticket.id}"
        return [Button("retail.panel.find_receipt", url, READ, icon="receipt")]
    url = f"/x/retail/returns/{rma.id}"
    return [Button("retail.panel.open_return", url, READ, icon="receipt-refund")]


@hookimpl
def seed_demo(tenant: Tenant, clock: VirtualClock) -> None:
    """The mall of the demonstration."""
    example.seed(tenant, clock)


@hookimpl
def register_data_classes() -> list[DataClass]:
    """Where retail keeps personal data."""
    return privacy.DATA_CLASSES


@hookimpl
def export_person(contact: Contact) -> dict[str, Any]:
    """The contact's membership, receipts and returns."""
    return privacy.export_person(contact)


@hookimpl
def erase_person(contact: Contact) -> None:
    """Overwrite the contact's membership."""
    privacy.erase_person(contact)


MODELS = models
