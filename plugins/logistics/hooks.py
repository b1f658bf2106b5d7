"""Logistics: orders with their waybills, shipments followed by every carrier, exceptions that open a ticket."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.sdk import (
    Button,
    Card,
    DataClass,
    Event,
    Form,
    Guard,
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
    register_effect,
)
from plugins.logistics import (
    api,
    cases,
    desk_orders,
    desk_pages,
    example,
    notes,
    orders,
    panels,
    portal,
    privacy,
    promises,
    reports,
    shipments,
    views,
    workflow,
)
from plugins.logistics.events import EVENTS
from plugins.logistics.forms import FORMS
from plugins.logistics.jobs import JOBS
from plugins.logistics.settings import LogisticsSettings

if TYPE_CHECKING:
    from flask import Blueprint
    from marshmallow import Schema

    from core.sdk import Actor, Contact, Tenant, Ticket, VirtualClock

plugin = Plugin(
    "logistics",
    "logistics.title",
    requires=("complaints",),
    industry="logistics",
    summary="logistics.summary",
    icon="truck-delivery",
)

for transition, effect in notes.EFFECTS.items():
    register_effect(workflow.EXCEPTION, transition, effect)
shipments.follow(cases.follow_parcel)
shipments.follow(orders.follow_parcel)

_DESK = {"agent": "all", "supervisor": "all", "manager": "all", "admin": "all"}
_READ = {**_DESK, "auditor": "all"}


@hookimpl
def register_permissions() -> list[Permission]:
    """Orders, shipments and carriers, each read or written; waiving a prepayment is a supervisor's."""
    heads = {"supervisor": "all", "manager": "all", "admin": "all"}
    rights = {
        workflow.READ_ORDERS: _READ,
        workflow.WRITE_ORDERS: _DESK,
        workflow.APPROVE_ORDERS: heads,
        workflow.READ_SHIPMENTS: _READ,
        workflow.WRITE_SHIPMENTS: _DESK,
        workflow.READ_CARRIERS: _READ,
        workflow.WRITE_CARRIERS: {"manager": "all", "admin": "all"},
    }
    return [
        Permission(
            name, f"logistics.permission.{name.removeprefix('logistics.').replace(':', '_')}", roles
        )
        for name, roles in rights.items()
    ]


@hookimpl
def register_blueprints() -> list[Blueprint]:
    """Control tower, shipments and carriers; the order desk."""
    return [desk_pages.pages, desk_orders.pages]


@hookimpl
def register_api() -> list[Blueprint]:
    """Orders, shipments, tracking, carriers, maps, exceptions."""
    return [api.blueprint]


@hookimpl
def register_portal_pages() -> list[PortalPage]:
    """Tracking, "not received", the online order, my parcels."""
    return portal.PAGES


@hookimpl
def register_portal_cards() -> list[Card]:
    """The way to tracking."""
    return portal.CARDS


@hookimpl
def register_events() -> list[type[Event]]:
    """The facts of orders, shipments and exceptions."""
    return EVENTS


@hookimpl
def register_forms() -> list[Form]:
    """The order with its waybill, its steps, notes, exceptions."""
    return FORMS


@hookimpl
def register_guards() -> list[Guard]:
    """What must hold before an order's step."""
    return orders.GUARDS


@hookimpl
def register_workflows() -> list[Workflow]:
    """ST-O, and the way of an exception."""
    return [workflow.ORDER_WAY, workflow.CASE_WAY]


@hookimpl
def register_ticket_types() -> list[TicketType]:
    """The exception."""
    return [
        TicketType(
            workflow.EXCEPTION,
            "logistics.type",
            form="",
            workflow=workflow.EXCEPTION,
            sla=promises.POLICY.name,
            prefix="LX",
            icon="alert-triangle",
            summary="logistics.type_summary",
            by_hand=False,
        )
    ]


@hookimpl
def register_metrics() -> list[Metric]:
    """How soon the carrier is asked."""
    return promises.METRICS


@hookimpl
def register_sla_policies() -> list[SlaPolicy]:
    """What is promised on an exception."""
    return promises.POLICIES


@hookimpl
def register_settings() -> list[type[Schema]]:
    """Silence, rules, notices, promises."""
    return [LogisticsSettings]


@hookimpl
def register_jobs() -> list[Job]:
    """Asking carriers, looking for exceptions."""
    return JOBS


@hookimpl
def register_reports() -> list[Report]:
    """FM-21 twice, FM-22, on-time."""
    return reports.REPORTS


@hookimpl
def register_panels() -> list[Panel]:
    """The parcel at its ticket, at its customer, and on the customer's own page."""
    title, icon = "logistics.panel.title", "truck-delivery"
    return [
        Panel(
            "logistics.parcel", "ticket", title, panels.at_ticket,
            permission=workflow.READ_SHIPMENTS, order=20, icon=icon,
        ),
        Panel(
            "logistics.parcels", "contact", "logistics.panel.parcels", panels.at_contact,
            permission=workflow.READ_SHIPMENTS, order=40, icon=icon,
        ),
        Panel(
            "logistics.matter", "matter", title, panels.at_matter, permission="matter:read",
            order=20, icon=icon,
        ),
    ]  # fmt: skip


@hookimpl
def nav_items(actor: Actor) -> list[NavItem]:
    """Control tower and order desk in the desk's sidebar."""
    shown = []
    if actor.can(workflow.READ_SHIPMENTS):
        shown.append(NavItem("logistics.tower.title", views.TOWER, icon="truck-delivery", order=60))
    if actor.can(workflow.READ_ORDERS):
        shown.append(NavItem("logistics.orders.title", desk_orders.BASE, icon="package", order=61))
    return shown


@hookimpl
def ticket_actions(ticket: Ticket, actor: Actor) -> list[Button]:
    """From a ticket to its parcel, or to an order for its customer."""
    return panels.buttons(ticket, actor)


@hookimpl
def seed_demo(tenant: Tenant, clock: VirtualClock) -> None:
    """The demonstration's carriers, orders, shipments and exceptions."""
    example.seed(tenant, clock)


@hookimpl
def register_data_classes() -> list[DataClass]:
    """Where logistics keeps personal data."""
    return privacy.DATA_CLASSES


@hookimpl
def export_person(contact: Contact) -> dict[str, Any]:
    """The contact's orders, parcels and notes."""
    return privacy.export_person(contact)


@hookimpl
def erase_person(contact: Contact) -> None:
    """Overwrite them."""
    privacy.erase_person(contact)
