"""Property management: estates down to homes and residents, repairs, work orders, and its standard for complaints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.sdk import (
    Button,
    Calendar,
    Card,
    Condition,
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
    Suggestion,
    TicketType,
    Workflow,
    hookimpl,
    register_intake,
    register_source,
    register_timer,
)
from plugins.property_mgmt import (
    api,
    commands,
    contractors,
    desk_homes,
    desk_work,
    estates,
    example,
    imports,
    job_page,
    orders,
    panels,
    portal,
    privacy,
    promises,
    repairs,
    reports,
    residents,
    routes,
    sign_page,
    standards,
    timing,
)
from plugins.property_mgmt import workflow as ways
from plugins.property_mgmt.events import EVENTS
from plugins.property_mgmt.forms import FORMS
from plugins.property_mgmt.guards import GUARDS
from plugins.property_mgmt.schemas import PropertySettings
from plugins.property_mgmt.work_events import EVENTS as WORK_EVENTS

if TYPE_CHECKING:
    import click
    from flask import Blueprint
    from marshmallow import Schema

    from core.sdk import Actor, Contact, Tenant, Ticket, VirtualClock
    from plugins.complaints.sdk import ComplaintStandard

plugin = Plugin(
    "property_mgmt",
    "property_mgmt.title",
    requires=("complaints",),
    industry="property",
    summary="property_mgmt.summary",
    icon="building-estate",
)

register_intake(ways.REPAIR, repairs.take_in)
register_timer(timing.KIND, orders.due)
register_source("property_mgmt.contractors", contractors.options)

_ALL = "all"
_DESK = {"admin": _ALL, "manager": _ALL, "supervisor": _ALL, "agent": _ALL}
_HEADS = {"admin": _ALL, "manager": _ALL, "supervisor": _ALL}


@hookimpl
def register_permissions() -> list[Permission]:
    """Homes, work orders and contractors, each to read and to write; and approving what work may cost."""
    return [
        Permission(estates.READ, "property_mgmt.permission.unit_read", {**_DESK, "auditor": _ALL}),
        Permission(estates.WRITE, "property_mgmt.permission.unit_write", _HEADS),
        Permission(ways.READ, "property_mgmt.permission.order_read", {**_DESK, "auditor": _ALL}),
        Permission(ways.WRITE, "property_mgmt.permission.order_write", _DESK),
        Permission(ways.APPROVE, "property_mgmt.permission.order_approve", _HEADS),
        Permission(
            ways.APPROVE_ABOVE,
            "property_mgmt.permission.order_approve_above",
            {"admin": _ALL, "manager": _ALL},
        ),
        Permission(contractors.WRITE, "property_mgmt.permission.contractor_write", _HEADS),
    ]


@hookimpl
def register_blueprints() -> list[Blueprint]:
    """The desk's pages at /x/property_mgmt/."""
    return [routes.pages]


@hookimpl
def register_api() -> list[Blueprint]:
    """Estates, buildings, units, residents and work orders under /api/v1/property_mgmt/."""
    return api.BLUEPRINTS


@hookimpl
def register_events() -> list[type[Event]]:
    """The facts of homes and of work orders."""
    return [*EVENTS, *WORK_EVENTS]


@hookimpl
def register_forms() -> list[Form]:
    """The repair report, and one form per step of a work order."""
    return FORMS


@hookimpl
def register_guards() -> list[Guard]:
    """What must hold before a step."""
    return GUARDS


@hookimpl
def register_workflows() -> list[Workflow]:
    """ST-W, and the repair ticket that follows it."""
    return ways.WORKFLOWS


@hookimpl
def register_ticket_types() -> list[TicketType]:
    """The repair."""
    return [
        TicketType(
            ways.REPAIR,
            "property_mgmt.type.repair",
            form=ways.REPAIR,
            workflow=ways.REPAIR,
            prefix="RP",
            portal=True,
            portal_url=portal.ADDRESS,
            request_class="problem",
            icon="tool",
            summary="property_mgmt.type.repair_summary",
        )
    ]


@hookimpl
def register_calendars() -> list[Calendar]:
    """The service lines of STD-18."""
    return promises.CALENDARS


@hookimpl
def register_conditions() -> list[Condition]:
    """Whether the customer is somebody vulnerable in one of our homes."""
    return promises.CONDITIONS


@hookimpl
def register_metrics() -> list[Metric]:
    """On site, and accepted by a contractor."""
    return promises.METRICS


@hookimpl
def register_sla_policies() -> list[SlaPolicy]:
    """PM-08 by grade, STD-18 by service grade."""
    return promises.POLICIES


@hookimpl
def choose_sla(ticket: Ticket) -> str | None:
    """The promise that goes with the estate's service grade (STD-18)."""
    return promises.policy_of(ticket)


@hookimpl
def register_complaint_standards() -> list[ComplaintStandard]:
    """PM-08: the CN standard for complaints about homes."""
    return [standards.STANDARD]


@hookimpl
def classify_ticket(ticket: Ticket) -> list[Suggestion]:
    """Category by the trade, urgency by the tenant's words of danger."""
    return repairs.suggestions(ticket)


@hookimpl
def register_handlers() -> list[Handler]:
    """A new ticket of somebody with one home is about it (PM-01)."""
    return residents.HANDLERS


@hookimpl
def register_jobs() -> list[Job]:
    """Reading a file of homes."""
    return [Job(imports.JOB, "property_mgmt.job_title.import", imports.run)]


@hookimpl
def register_settings() -> list[type[Schema]]:
    """The standard, hours and days, the approval limit, words of danger."""
    return [PropertySettings]


@hookimpl
def register_panels() -> list[Panel]:
    """The home at its ticket, the work at the customer's matter, homes at a contact."""
    return panels.PANELS


@hookimpl
def register_portal_pages() -> list[PortalPage]:
    """The repair report, the contractor's job, the resident's signature."""
    return [*portal.PAGES, *job_page.PAGES, *sign_page.PAGES]


@hookimpl
def register_portal_cards() -> list[Card]:
    """The way to the repair report, in one line."""
    return portal.CARDS


@hookimpl
def nav_items(actor: Actor) -> list[NavItem]:
    """Work orders and homes in the desk's sidebar."""
    found = []
    if actor.can(ways.READ):
        found.append(NavItem("property_mgmt.nav.orders", desk_work.ADDRESS, icon="tool", order=20))
    if actor.can(estates.READ):
        found.append(
            NavItem("property_mgmt.nav.units", desk_homes.ADDRESS, icon="building-estate", order=21)
        )
    return found


@hookimpl
def ticket_actions(ticket: Ticket, actor: Actor) -> list[Button]:
    """Say which home, make a work order, print."""
    return panels.buttons(ticket, actor)


@hookimpl
def register_reports() -> list[Report]:
    """The work order, FM-06 in its property edition, FM-07."""
    return reports.REPORTS


@hookimpl
def register_data_classes() -> list[DataClass]:
    """Where personal data is."""
    return privacy.DATA_CLASSES


@hookimpl
def export_person(contact: Contact) -> dict[str, Any]:
    """The contact's homes, reports and work."""
    return privacy.export_person(contact)


@hookimpl
def erase_person(contact: Contact) -> None:
    """Overwrite them."""
    privacy.erase_person(contact)


@hookimpl
def on_enable(tenant: Tenant) -> None:
    """What happens by itself goes on."""
    timing.resume()


@hookimpl
def on_disable(tenant: Tenant) -> None:
    """Nothing is verified by silence while the plugin rests."""
    timing.rest()


@hookimpl
def on_upgrade(tenant: Tenant, old_version: str) -> None:
    """Timers are set anew, as this version has them."""
    timing.resume()


@hookimpl
def register_commands(cli: click.Group) -> None:
    """`polydesk property_mgmt import-units`."""
    commands.register(cli)


@hookimpl
def seed_demo(tenant: Tenant, clock: VirtualClock) -> None:
    """Estates, residents, contractors and work orders in every state."""
    example.seed(tenant, clock)
