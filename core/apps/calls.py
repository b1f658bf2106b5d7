"""Asking an app: its panels and its actions, by signed requests through the egress client, drawn from JSON blocks."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from core.apps.answer_schema import WrongAnswer, read_answer
from core.apps.events import AppActionRun
from core.apps.service import OWNER, app_that_is_on, apps_on, jsonable, list_apps, settings_of
from core.clock import now, uuid7
from core.contacts.models import Contact
from core.contributions import Button, Panel
from core.db import clear_session, db, transaction
from core.egress import EgressFailed, EgressRefused, fetch
from core.errors import NotFound, PolydeskError
from core.events import canonical_json, emit, timestamp_text
from core.forms.schemas import load
from core.i18n import current_locale
from core.jobs import wake_relay
from core.plugins import note_failure
from core.tenancy import current_tenant
from core.tickets.service import get_ticket
from core.webhooks.service import get_endpoint, secrets_of
from core.webhooks.signing import signed_headers

if TYPE_CHECKING:
    from uuid import UUID

    from core.actors import Actor
    from core.apps.manifest import AppPanel
    from core.apps.service import AppView
    from core.contributions import Block
    from core.declarations import Text
    from core.tickets.models import Ticket

# Less than the 3 s of the box, so that what is said of a failure is ours to say.
PANEL_SECONDS, ACTION_SECONDS = 2.8, 10.0
WELL = 200
READ, WRITE = "ticket:read", "ticket:write"


class AppFailed(PolydeskError):
    """An app did not answer an action, or not as the manual says; nothing was recorded."""

    code = "app-failed"
    status = 502


@dataclass(frozen=True)
class Outcome:
    """What an action came to: the app's message and what it shows besides."""

    message: Text
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class _Call:
    """One request, complete before the database is let go."""

    url: str
    message_id: str
    body: bytes
    secrets: tuple[str, ...]


def panels_on() -> list[tuple[str, Panel]]:
    """Boxes of the apps that are on, each with its owner; core/panels.py draws them like any other."""
    return [
        (OWNER + app.manifest.name, _panel(app, panel))
        for app in apps_on()
        for panel in app.manifest.panels
    ]


def _panel(app: AppView, panel: AppPanel) -> Panel:
    return Panel(
        f"app-{app.manifest.name}.{panel.name}", "ticket", panel.title,
        partial(_panel_blocks, app.manifest.name, panel.name), READ, panel.order, panel.icon,
    )  # fmt: skip


def _panel_blocks(name: str, panel: str, ticket: Ticket, actor: Actor) -> list[Block]:  # noqa: ARG001
    app = app_that_is_on(name)
    call = _prepare(app, "panel", panel, ticket, message_id=str(uuid7()))
    return list(_ask(call, PANEL_SECONDS)[1])


def buttons(ticket: Ticket) -> list[Button]:
    """Actions of the apps that are on, as entries of the ticket's menu."""
    return [
        Button(
            action.title, f"/desk/tickets/{ticket.id}/apps/{app.manifest.name}/{action.name}", WRITE,
            icon=action.icon,
        )
        for app in apps_on()
        for action in app.manifest.actions
    ]  # fmt: skip


def action_titles() -> dict[tuple[str, str], tuple[Text, Text]]:
    """Titles of the installed apps' actions, for what was done: (app, action) -> (app's title, action's title)."""
    return {
        (app.manifest.name, action.name): (app.manifest.title, action.title)
        for app in list_apps()
        for action in app.manifest.actions
    }


def run_action(
    name: str, action: str, ticket_id: UUID, answers: dict[str, Any], *, actor: Actor, key: str
) -> Outcome:
    """Ask the app to act on a ticket and record that it did; outside of any transaction.

    `key` is the form's: the app sees it as webhook-id, so that a form sent twice is known to it. NotFound while the app
    is off, Forbidden, Invalid with the fields; AppFailed when it does not answer properly, and nothing is recorded.
    """
    actor.must(WRITE)
    app = app_that_is_on(name)
    found = app.manifest.action(action)
    if found is None:
        raise NotFound(f"no action {action}")
    ticket = get_ticket(ticket_id, actor=actor, permission=WRITE)
    values = jsonable(load(found.form(name), answers, audience="internal"))
    call = _prepare(app, "action", action, ticket, message_id=key, answers=values)
    clear_session()
    try:
        message, blocks = _ask(call, ACTION_SECONDS)
    except (EgressRefused, EgressFailed, WrongAnswer) as error:
        note_failure(OWNER + name, action, str(error))
        raise AppFailed(str(error)) from error
    with transaction():
        wake_relay()
        fact = AppActionRun(app=name, action=action)
        emit(fact, subject=("ticket", ticket_id), actor=actor)
    return Outcome(message, blocks)


def _prepare(
    app: AppView, kind: str, name: str, ticket: Ticket, *, message_id: str, **more: Any
) -> _Call:
    contact = db.session.get(Contact, (current_tenant().id, ticket.contact_id or ticket.id))
    data = {
        "name": name,
        "tenant": current_tenant().slug,
        "locale": current_locale(),
        "settings": settings_of(app),
        "ticket": {
            "id": ticket.id,
            "number": ticket.number,
            "type": ticket.type,
            "status": ticket.status,
            "contact": contact
            and {
                "id": contact.id,
                "external_source": contact.external_source,
                "external_id": contact.external_id,
            },
        },
        **more,
    }
    told = {"type": kind, "timestamp": timestamp_text(now()), "data": data}
    endpoint = get_endpoint(app.row.endpoint_id)
    return _Call(
        f"{app.manifest.base_url}/{kind}s/{name}", message_id, canonical_json(told).encode(),
        tuple(secrets_of(endpoint)),
    )  # fmt: skip


def _ask(call: _Call, seconds: float) -> tuple[Text, tuple[Block, ...]]:
    headers = signed_headers(call.secrets, call.message_id, now(), call.body)
    answer = fetch("POST", call.url, headers=headers, body=call.body, timeout=seconds)
    if answer.status != WELL:
        raise WrongAnswer(f"HTTP {answer.status}")
    return read_answer(answer.body)
