"""The core as its own first plugin: what its rooms declare, and who the front door says is asking."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.apps import declared as apps_room
from core.attachments import declared as attachments_room
from core.auth import declared as auth_room
from core.auth import signin
from core.contacts import codes
from core.contacts import declared as contacts_room
from core.declarations import (
    Calendar,
    Form,
    Metric,
    Permission,
    Plugin,
    SlaPolicy,
    TicketType,
    Workflow,
)
from core.definitions import DefinitionEdited
from core.hookspecs import hookimpl
from core.mail import declared as mail_room
from core.oauth import bearer
from core.oauth import declared as oauth_room
from core.reports import declared as reports_room
from core.settings import SettingsChanged
from core.sla import declared as sla_room
from core.tickets import declared as tickets_room
from core.webhooks import declared as webhooks_room
from core.work import TIDY

if TYPE_CHECKING:
    from types import ModuleType

    import click
    from flask import Blueprint, Request

    from core.actors import Actor
    from core.contributions import (
        Condition,
        DataClass,
        Guard,
        Job,
        Report,
    )
    from core.events import Event

plugin = Plugin("core", "core.title", always_on=True)

# Each room's `declared.py`; the order is the order of the imports' floors.
ROOMS: tuple[ModuleType, ...] = (
    auth_room, oauth_room, contacts_room, sla_room, tickets_room, attachments_room, reports_room, mail_room,
    webhooks_room, apps_room,
)  # fmt: skip


def _gather(name: str) -> list[Any]:
    return [value for room in ROOMS for value in getattr(room, name, ())]


@hookimpl
def register_permissions() -> list[Permission]:
    """Rights of core's rooms."""
    return _gather("PERMISSIONS")


@hookimpl
def register_events() -> list[type[Event]]:
    """Facts of the kernel and of core's rooms."""
    return [DefinitionEdited, SettingsChanged, *_gather("EVENTS")]


@hookimpl
def register_ticket_types() -> list[TicketType]:
    """Consultation, problem and service."""
    return _gather("TICKET_TYPES")


@hookimpl
def register_workflows() -> list[Workflow]:
    """The default workflow ST-T."""
    return _gather("WORKFLOWS")


@hookimpl
def register_forms() -> list[Form]:
    """Core's own forms."""
    return _gather("FORMS")


@hookimpl
def register_calendars() -> list[Calendar]:
    """Around the clock, and office hours."""
    return _gather("CALENDARS")


@hookimpl
def register_metrics() -> list[Metric]:
    """First response, acceptance, progress and the rest of the rulebook's promises."""
    return _gather("METRICS")


@hookimpl
def register_sla_policies() -> list[SlaPolicy]:
    """The rulebook's numbers."""
    return _gather("POLICIES")


@hookimpl
def register_guards() -> list[Guard]:
    """Checks of core's transitions."""
    return _gather("GUARDS")


@hookimpl
def register_conditions() -> list[Condition]:
    """Core's named conditions."""
    return _gather("CONDITIONS")


@hookimpl
def register_jobs() -> list[Job]:
    """Core's own background work."""
    return [TIDY, *_gather("JOBS")]


@hookimpl
def register_reports() -> list[Report]:
    """Core's printables."""
    return _gather("REPORTS")


@hookimpl
def register_data_classes() -> list[DataClass]:
    """Where core keeps personal data."""
    return _gather("DATA_CLASSES")


@hookimpl
def register_api() -> list[Blueprint]:
    """The REST resources of core's rooms, straight under /api/v1."""
    return _gather("API")


@hookimpl
def authenticate(request: Request) -> Actor | None:
    """An app by its access token, a customer by his code's cookie, else a member of staff by token or cookie."""
    return (
        bearer.authenticate(request) or codes.authenticate(request) or signin.authenticate(request)
    )


@hookimpl
def register_blueprints() -> list[Blueprint]:
    """Pages that core itself brings: the print view of reports."""
    return _gather("BLUEPRINTS")


@hookimpl
def register_commands(cli: click.Group) -> None:
    """Commands of core's rooms."""
    for room in ROOMS:
        if hasattr(room, "register_commands"):
            room.register_commands(cli)


def connect() -> None:
    """Hang the rooms' subscribers and timers on the events they read."""
    for room in ROOMS:
        if hasattr(room, "connect"):
            room.connect()
