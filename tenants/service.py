"""The life of a tenant: created, suspended, its plugins switched."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from flask import current_app

from core.host import (
    RESERVED_SLUGS,
    Conflict,
    Event,
    Invalid,
    NotFound,
    Problem,
    Tenant,
    TenantDomain,
    TenantPlugin,
    TenantRecord,
    bump_config,
    catalog,
    current_tenant,
    db,
    emit,
    find_tenant,
    now,
    schedule_jobs,
    tell,
    unschedule_jobs,
)

if TYPE_CHECKING:
    from core.host import Actor

SLUG = re.compile(r"[a-z][a-z0-9-]{1,61}[a-z0-9]")


@dataclass(frozen=True, kw_only=True)
class PluginEnabled(Event):
    """A plugin was switched on for the tenant, at this version of it."""

    type = "plugin.enabled"
    plugin: str
    version: str


@dataclass(frozen=True, kw_only=True)
class PluginDisabled(Event):
    """A plugin was switched off for the tenant; its data stays."""

    type = "plugin.disabled"
    plugin: str


@dataclass(frozen=True, kw_only=True)
class TenantStateChanged(Event):
    """The tenant's state changed: active, suspended (read-only), closing or gone."""

    type = "tenant.state_changed"
    before: str
    after: str


def create_tenant(
    slug: str, name: dict[str, str], *, locale: str = "zh-CN", timezone: str = "Asia/Shanghai"
) -> Tenant:
    """Create a tenant with its host name `<slug>.<apex>`; raises Invalid or Conflict. Runs inside a transaction()."""
    if not SLUG.fullmatch(slug) or slug in RESERVED_SLUGS:
        raise Invalid(Problem(field="slug", message="tenants.problem.slug"))
    try:
        ZoneInfo(timezone)
    except (KeyError, ValueError) as error:
        raise Invalid(Problem(field="timezone", message="tenants.problem.timezone")) from error
    if find_tenant(slug):
        raise Conflict("slug is taken", slug=slug)
    row = TenantRecord(
        slug=slug,
        name=name,
        locale=locale,
        timezone=timezone,
        brand={},
        state="active",
        config_version=1,
    )
    db.session.add(row)
    db.session.flush()  # the domain's foreign key wants the row to be there
    apex = current_app.extensions["polydesk_config"].apex
    db.session.add(TenantDomain(domain=f"{slug}.{apex}", tenant_id=row.id))
    return row.value()


def set_state(state: str, *, actor: Actor) -> None:
    """Suspend (read-only) or wake the current tenant."""
    row = db.session.get_one(TenantRecord, current_tenant().id)
    before, row.state = row.state, state
    bump_config()
    emit(TenantStateChanged(before=before, after=state), subject=("tenant", row.id), actor=actor)


def enable_plugin(name: str, *, actor: Actor) -> None:
    """Switch a plugin on, with what it requires, from the next request on; NotFound for one that is not installed."""
    plugin = catalog().plugins.get(name)
    if plugin is None or plugin.always_on:
        raise NotFound(f"no plugin {name} is installed")
    row = db.session.get(TenantPlugin, (current_tenant().id, name))
    if row is not None and row.enabled_at is not None:
        return
    for required in plugin.requires:
        enable_plugin(required, actor=actor)
    if row is None:
        row = TenantPlugin(plugin=name)
        db.session.add(row)
    row.version, row.enabled_at, row.enabled_by, row.degraded_at = (
        plugin.version,
        now(),
        actor.id,
        None,
    )
    tell(name, "on_enable", tenant=current_tenant())
    schedule_jobs(name)
    emit(
        PluginEnabled(plugin=name, version=plugin.version),
        subject=("tenant", current_tenant().id),
        actor=actor,
    )
    bump_config()


def disable_plugin(name: str, *, actor: Actor) -> None:
    """Switch a plugin off, after those that require it; its data stays."""
    row = db.session.get(TenantPlugin, (current_tenant().id, name))
    if row is None or row.enabled_at is None:
        return
    for other in catalog().plugins.values():
        if name in other.requires:
            disable_plugin(other.name, actor=actor)
    row.enabled_at = None
    unschedule_jobs(name)
    tell(name, "on_disable", tenant=current_tenant())
    emit(PluginDisabled(plugin=name), subject=("tenant", current_tenant().id), actor=actor)
    bump_config()
