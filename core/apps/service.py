"""Apps of a tenant: installed by a manifest, switched, set, updated, removed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from core.apps.events import (
    AppConfigured,
    AppDisabled,
    AppEnabled,
    AppInstalled,
    AppSecretsRotated,
    AppUninstalled,
    AppUpdated,
)
from core.apps.manifest import Manifest, check, read
from core.apps.models import OFF, ON, REMOVED, App
from core.clock import now
from core.db import db
from core.errors import Conflict, Invalid, NotFound, Problem
from core.events import emit
from core.forms.schemas import load
from core.i18n import text, use
from core.oauth import service as clients
from core.oauth.models import ACTIVE, CLIENT, CODE, DISABLED, REFRESH
from core.settings import mark_of
from core.tenancy import bump_config, current_tenant
from core.webhooks import service as webhooks
from core.webhooks.models import APP_OFF

if TYPE_CHECKING:
    from core.actors import Actor
    from core.events import Event

OWNER = "app:"


@dataclass(frozen=True)
class Keys:
    """What an app's makers are given, this once: how it signs in, and what our calls are signed with."""

    client_id: str
    client_secret: str
    webhook_secret: str


@dataclass(frozen=True)
class AppView:
    """An installed app with its manifest read."""

    row: App
    manifest: Manifest

    @property
    def on(self) -> bool:
        """Whether it is switched on."""
        return self.row.state == ON


def accepted(manifest_text: str) -> Manifest:
    """The manifest in a text; Invalid says the first thing wrong with each line."""
    checked = check(manifest_text)
    if checked.manifest is None:
        raise Invalid(
            *(
                Problem(field=f"line-{each.line}", message=each.message, values=each.values)
                for each in checked.findings
            )
        )
    return checked.manifest


def install(manifest: Manifest, *, actor: Actor) -> tuple[App, Keys]:
    """Install an app and switch it on; gives its row and its keys in clear, this once.

    It becomes a principal of OAuth with its scopes, and is told of its topics from now on. Conflict when an app of that
    name is installed (update it instead); Invalid when the actor may not grant what it asks for.
    """
    row = _row_named(manifest.name)
    if row is not None and row.state != REMOVED:
        raise Conflict("the app is installed", field="manifest", reason="app-installed")
    client, client_secret = clients.register_client(
        _title(manifest),
        redirect_uris=manifest.redirect_uris,
        scopes=manifest.scopes,
        grant_types=_grant_types(manifest),
        publisher=manifest.publisher,
        actor=actor,
    )
    endpoint, webhook_secret = webhooks.create_endpoint(
        _events_url(manifest), manifest.events, title=_title(manifest),
        owner=OWNER + manifest.name, actor=actor,
    )  # fmt: skip
    # App has no relationship() to order the inserts by: what it points at goes first.
    db.session.flush()
    if row is None:
        row = App(name=manifest.name, client_id=client.id, endpoint_id=endpoint.id, manifest={})
        db.session.add(row)
    row.manifest, row.state, row.settings = manifest.body, ON, {}
    row.client_id, row.endpoint_id = client.id, endpoint.id
    row.installed_at = row.switched_at = now()
    row.installed_by = actor.id
    _say(row, AppInstalled(**_facts(manifest)), actor)
    return row, Keys(clients.public_id(client), client_secret, webhook_secret)


def update(manifest: Manifest, *, actor: Actor) -> App:
    """Accept a newer manifest of an installed app: keys and settings stay, rights and topics follow. NotFound."""
    row = get_app(manifest.name).row
    clients.set_client_grant(row.client_id, manifest.scopes, actor=actor)
    webhooks.edit_endpoint(
        row.endpoint_id, url=_events_url(manifest), topics=manifest.events,
        title=_title(manifest), actor=actor,
    )  # fmt: skip
    row.manifest = manifest.body
    known = {field.name for field in manifest.settings}
    row.settings = {name: value for name, value in row.settings.items() if name in known}
    _say(row, AppUpdated(**_facts(manifest)), actor)
    return row


def enable(name: str, *, actor: Actor) -> None:
    """Switch an app on, from the next request on; it is told of facts from now on. NotFound."""
    row = get_app(name).row
    if row.state == OFF:
        row.state, row.switched_at = ON, now()
        clients.set_client_state(row.client_id, ACTIVE, actor=actor)
        webhooks.enable_endpoint(row.endpoint_id, actor=actor)
        _say(row, AppEnabled(app=name), actor)


def disable(name: str, *, actor: Actor) -> None:
    """Switch an app off at once: no panels, no actions, no events, and its tokens are dead. NotFound."""
    row = get_app(name).row
    if row.state == ON:
        row.state, row.switched_at = OFF, now()
        clients.set_client_state(row.client_id, DISABLED, actor=actor)
        webhooks.disable_endpoint(row.endpoint_id, actor=actor, reason=APP_OFF)
        _say(row, AppDisabled(app=name), actor)


def uninstall(name: str, *, actor: Actor) -> None:
    """Remove an app with its rights and its keys; what it wrote stays under its name. NotFound."""
    row = get_app(name).row
    clients.remove_client(row.client_id, actor=actor)
    webhooks.remove_endpoint(row.endpoint_id, actor=actor)
    row.state, row.settings, row.switched_at = REMOVED, {}, now()
    _say(row, AppUninstalled(app=name), actor)


def rotate(name: str, *, actor: Actor) -> Keys:
    """New keys, in clear this once: the old secret is dead, the old signature goes along for a day. NotFound."""
    row = get_app(name).row
    client = clients.get_client(row.client_id)
    keys = Keys(
        clients.public_id(client),
        clients.rotate_secret(client.id, actor=actor),
        webhooks.rotate_secret(row.endpoint_id, actor=actor),
    )
    _say(row, AppSecretsRotated(app=name), actor)
    return keys


def save_settings(
    name: str, answers: dict[str, Any], *, actor: Actor, seen: str | None = None
) -> None:
    """Keep the settings of an app; Invalid names each bad field, NotFound.

    `seen` is the mark of the settings that the form was drawn with: Conflict when there are others by now.
    """
    app = get_app(name)
    form = app.manifest.settings_form()
    if form is None:
        raise NotFound(f"{name} has no settings")
    values = jsonable(load(form, answers, audience="internal"))
    bump_config()  # waits like settings.save()
    db.session.refresh(app.row)
    before = settings_of(app)
    if seen is not None and seen != mark_of(before):
        raise Conflict("somebody else set it", reason="edited")
    changed = tuple(sorted(key for key, value in values.items() if before.get(key) != value))
    app.row.settings = values
    if changed:
        _say(app.row, AppConfigured(app=name, fields=changed), actor)


def settings_of(app: AppView) -> dict[str, Any]:
    """What the tenant set for an app, with the manifest's defaults filled in."""
    defaults = {field.name: field.default for field in app.manifest.settings}
    return defaults | app.row.settings


def jsonable(values: dict[str, Any]) -> dict[str, Any]:
    """Checked answers as JSON holds them: days and moments as ISO text."""
    told: dict[str, Any] = json.loads(json.dumps(values, default=_as_text))
    return told


def _as_text(value: Any) -> str:
    return str(value.isoformat()) if hasattr(value, "isoformat") else str(value)


# --- reading


def get_app(name: str) -> AppView:
    """The installed app of that name, on or off; NotFound."""
    row = _row_named(name)
    if row is None or row.state == REMOVED:
        raise NotFound(f"no app {name}")
    return AppView(row, read(row.manifest))


def list_apps() -> list[AppView]:
    """Every installed app, by name."""
    rows = sa.select(App).where(App.state != REMOVED).order_by(App.name)
    return [AppView(row, read(row.manifest)) for row in db.session.scalars(rows)]


def apps_on() -> list[AppView]:
    """The apps that are switched on, by name."""
    return [app for app in list_apps() if app.on]


def app_that_is_on(name: str) -> AppView:
    """The app of that name; NotFound while it is off."""
    app = get_app(name)
    if not app.on:
        raise NotFound(f"the app {name} is off")
    return app


def _row_named(name: str) -> App | None:
    return db.session.scalars(sa.select(App).where(App.name == name)).first()


def _title(manifest: Manifest) -> str:
    with use(current_tenant().locale):
        return text(manifest.title)


def _events_url(manifest: Manifest) -> str:
    return f"{manifest.base_url}/events"


def _grant_types(manifest: Manifest) -> tuple[str, ...]:
    return (CLIENT, CODE, REFRESH) if manifest.redirect_uris else (CLIENT,)


def _facts(manifest: Manifest) -> dict[str, Any]:
    return {
        "app": manifest.name,
        "version": manifest.version,
        "scopes": manifest.scopes,
        "topics": manifest.events,
    }


def _say(row: App, event: Event, actor: Actor) -> None:
    emit(event, subject=("app", row.id), actor=actor)
    bump_config()
