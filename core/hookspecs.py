"""Every place where a plugin joins in: types, when it is called, and what happens when it fails."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pluggy
from flask import Blueprint
from marshmallow import Schema
from sqlalchemy import ColumnElement

from core.actors import Actor
from core.contributions import (
    Button,
    Card,
    Condition,
    DataClass,
    Guard,
    Handler,
    Job,
    NavItem,
    Panel,
    PortalPage,
    Report,
    Suggestion,
)
from core.declarations import (
    Calendar,
    Form,
    Metric,
    Permission,
    SlaPolicy,
    TicketType,
    Workflow,
)
from core.errors import Problem
from core.events import Event
from core.tenancy import Tenant

if TYPE_CHECKING:
    import click
    from flask import Request

    from core.clock import VirtualClock

hookspec = pluggy.HookspecMarker("polydesk")
hookimpl = pluggy.HookimplMarker("polydesk")

# --- declare: called once at start; the Catalog keeps the values with their owner


@hookspec
def register_blueprints() -> list[Blueprint]:
    """HTML pages, mounted under /x/<plugin>/ and gated per tenant; every view has a contract (`page`)."""


@hookspec
def register_api() -> list[Blueprint]:
    """REST resources, mounted under /api/v1/<plugin>/; every view has a contract (`endpoint`)."""


@hookspec
def register_portal_pages() -> list[PortalPage]:
    """Customers' pages, mounted under /p/<plugin>/<path>; one with a tile shows on the portal's home.

    `portal_page(template, ...)` draws one in the portal's own frame.
    """


@hookspec
def register_permissions() -> list[Permission]:
    """Rights of the plugin's own, each an OAuth scope too; `roles` says which built-in roles get it."""


@hookspec
def register_ticket_types() -> list[TicketType]:
    """What a ticket can be; names form, workflow and SLA policy."""


@hookspec
def register_workflows() -> list[Workflow]:
    """State machines; the graph is checked at start: sources, targets, forms, guards and events must exist."""


@hookspec
def register_forms() -> list[Form]:
    """Schemas with layout as data; one validation for page, portal, API and import."""


@hookspec
def register_calendars() -> list[Calendar]:
    """Business time that policies may name."""


@hookspec
def register_metrics() -> list[Metric]:
    """Promises that can be measured on a ticket by its events."""


@hookspec
def register_sla_policies() -> list[SlaPolicy]:
    """Ordered rules that give a ticket its clocks."""


@hookspec
def register_events() -> list[type[Event]]:
    """Facts this plugin emits; each is a webhook topic with a JSON schema."""


@hookspec
def register_handlers() -> list[Handler]:
    """What runs after the commit, by a worker, at least once per event."""


@hookspec
def register_jobs() -> list[Job]:
    """Work by the clock (cron, once per tenant that has the plugin on) or on demand (`start_job`), with progress."""


@hookspec
def register_reports() -> list[Report]:
    """Printables: page and PDF from one query and one template."""


@hookspec
def register_settings() -> list[type[Schema]]:
    """At most one schema of per-tenant settings; the console draws its form."""


@hookspec
def register_guards() -> list[Guard]:
    """Named checks that transitions ask for."""


@hookspec
def register_conditions() -> list[Condition]:
    """Named tests for the condition language of views, policies and form visibility."""


@hookspec
def register_panels() -> list[Panel]:
    """Boxes at a ticket or contact, each drawn by its own request within 3 s."""


@hookspec
def register_portal_cards() -> list[Card]:
    """Boxes on the portal's home, each drawn by its own request within 3 s."""


@hookspec
def register_data_classes() -> list[DataClass]:
    """The privacy map: which tables hold personal data, and how long."""


@hookspec
def register_commands(cli: click.Group) -> None:
    """Add commands to `polydesk`; called when the command line starts."""


# --- moment: called through TenantHooks, so only plugins that are on for the tenant answer


@hookspec(firstresult=True)
def resolve_tenant(request: Request) -> Tenant | None:
    """Whose request is this? Front door, before any tenant is set; `always_on` plugins only. Closed: 404."""


@hookspec(firstresult=True)
def authenticate(request: Request) -> Actor | None:
    """Who is asking? Front door, inside the tenant; None passes on to the next. Closed: the request is refused."""


@hookspec
def visible_tickets(actor: Actor) -> list[ColumnElement[bool]]:
    """SQL conditions AND-ed to every ticket query made for a person or app: a plugin can only narrow.

    Facts, mails and alarms about what is hidden are hidden as well. Asked of plugins that are off, too. Closed: nothing
    is visible.
    """


@hookspec
def validate_ticket(ticket: Any, changes: dict[str, Any], actor: Actor) -> list[Problem]:
    """What stands against writing `changes` to `ticket` (None for a new one). Closed: the write is refused, 503."""


@hookspec
def classify_ticket(ticket: Any) -> list[Suggestion]:
    """Proposals for category, priority and the like when a ticket opens. Open: no proposals."""


@hookspec(firstresult=True)
def choose_sla(ticket: Any) -> str | None:
    """Name of the SLA policy to use, on open and on a change of type or priority. Open: core's ordered policies."""


@hookspec(firstresult=True)
def choose_assignee(ticket: Any) -> str | None:
    """Id (as text) of the user to assign when a ticket opens. Open: nobody."""


@hookspec
def nav_items(actor: Actor) -> list[NavItem]:
    """Entries for the desk's sidebar, at most two per plugin. Open: none."""


@hookspec
def ticket_actions(ticket: Any, actor: Actor) -> list[Button]:
    """Buttons on the ticket page. Open: none."""


@hookspec
def on_enable(tenant: Tenant) -> None:
    """Prepare a tenant, idempotent, in the enabling transaction. Closed: the plugin stays off."""


@hookspec
def on_disable(tenant: Tenant) -> None:
    """Put things to rest; data stays. Open: the plugin is off all the same."""


@hookspec
def on_upgrade(tenant: Tenant, old_version: str) -> None:
    """Bring a tenant's data to this version, in `polydesk db upgrade`, one tenant per transaction. Closed."""


@hookspec
def seed_demo(tenant: Tenant, clock: VirtualClock) -> None:
    """Fill a demo tenant through services. Closed: seeding stops."""


@hookspec
def export_person(contact: Any) -> dict[str, Any]:
    """Everything kept about the contact. Asked of plugins that are off, too. Closed: no incomplete export."""


@hookspec
def erase_person(contact: Any) -> None:
    """Overwrite what is kept about the contact. Asked of plugins that are off, too. Closed: nothing is half-erased."""


FAIL_CLOSED = frozenset(
    {
        "resolve_tenant",
        "authenticate",
        "visible_tickets",
        "validate_ticket",
        "on_enable",
        "on_upgrade",
        "seed_demo",
        "export_person",
        "erase_person",
    }
)
ASKED_WHEN_OFF = frozenset({"visible_tickets", "export_person", "erase_person"})
PAUSED_WHEN_DEGRADED = frozenset(
    {"nav_items", "ticket_actions", "classify_ticket", "choose_assignee"}
)
