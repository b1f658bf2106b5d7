"""Plugins per tenant: who is on, asked one by one and guarded; too many failures degrade one for that tenant."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa
from flask import current_app
from sqlalchemy.orm import Mapped, mapped_column

from core import hookspecs
from core.catalog import Catalog, wrong_type
from core.clock import monotonic, now
from core.db import Base, UtcDateTime, aside, db
from core.errors import NotFound, PluginUnavailable, PolydeskError
from core.tenancy import (
    TenantKeyed,
    TenantScoped,
    as_tenant,
    bump_config,
    current_tenant,
    find_tenant,
    tenant_or_none,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import pluggy

    from core.tenancy import Tenant

log = logging.getLogger(__name__)
DEGRADE_AFTER, DEGRADE_WITHIN = 10, timedelta(minutes=5)
SLOW_SECONDS = 1.0


class TenantPlugin(TenantKeyed, Base):
    """A plugin's switch for one tenant; the row stays when it is turned off, with `enabled_at` empty."""

    __tablename__ = "tenant_plugin"
    plugin: Mapped[str] = mapped_column(sa.String(60), primary_key=True)
    version: Mapped[str] = mapped_column(sa.String(32))
    enabled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    enabled_by: Mapped[UUID | None]
    degraded_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class PluginFailure(TenantScoped, Base):
    """One failure of a plugin in one hook: what the console shows and what degrades it."""

    __tablename__ = "plugin_failure"
    __table_args__ = (sa.Index("ix_plugin_failure_recent", "tenant_id", "plugin", "at"),)
    plugin: Mapped[str] = mapped_column(sa.String(60))
    hook: Mapped[str] = mapped_column(sa.String(60))
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    error: Mapped[str] = mapped_column(sa.String(300))


def manager() -> pluggy.PluginManager:
    """The application's plugin manager."""
    found: pluggy.PluginManager = current_app.extensions["polydesk_plugins"][0]
    return found


def catalog() -> Catalog:
    """What was declared in this application."""
    found: Catalog = current_app.extensions["polydesk_plugins"][1]
    return found


@dataclass(frozen=True)
class Switches:
    """Which plugins are on, degraded or known (a row exists) for a tenant; `offers` is what they declare, by kind."""

    on: frozenset[str]
    degraded: frozenset[str]
    known: frozenset[str]
    offers: dict[str, Mapping[str, Any]] = field(default_factory=dict)


def switches() -> Switches:
    """The current tenant's switches, cached until its config_version moves."""
    tenant = current_tenant()
    cache: dict[UUID, tuple[int, Switches]] = current_app.extensions["polydesk_switches"]
    cached = cache.get(tenant.id)
    if cached and cached[0] == tenant.config_version:
        return cached[1]
    rows = db.session.scalars(sa.select(TenantPlugin)).all()
    always = {name for name, plugin in catalog().plugins.items() if plugin.always_on}
    found = Switches(
        on=frozenset(
            always | {row.plugin for row in rows if row.enabled_at} & catalog().plugins.keys()
        ),
        degraded=frozenset(row.plugin for row in rows if row.degraded_at),
        known=frozenset(always | {row.plugin for row in rows}),
    )
    cache[tenant.id] = (tenant.config_version, found)
    return found


def enabled(plugin: str) -> bool:
    """Whether the plugin is on for the current tenant ("" is core and always on)."""
    return not plugin or plugin in switches().on


@contextmanager
def entered(slug: str, plugin: str) -> Iterator[Tenant]:
    """Work as the tenant of that slug, for a plugin's commands; NotFound for none, or while `plugin` is off."""
    tenant = find_tenant(slug)
    if tenant is None:
        raise NotFound(f"no tenant {slug}")
    with as_tenant(tenant):
        if not enabled(plugin):
            raise NotFound(f"{plugin} is off for {slug}")
        yield tenant


def offered(kind: str) -> Mapping[str, Any]:
    """Everything declared of a kind by core and the plugins that are on for the current tenant."""
    offers = switches().offers
    if kind not in offers:
        found = catalog()
        shelf = found.shelf(kind).items()
        offers[kind] = MappingProxyType(
            {name: value for name, value in shelf if enabled(found.owner(kind, name))}
        )
    return offers[kind]


def _implementations(hook: str) -> Iterator[tuple[str, Callable[..., Any], tuple[str, ...]]]:
    tenant = tenant_or_none()
    order = list(catalog().plugins)
    found = {i.plugin_name: i for i in getattr(manager().hook, hook).get_hookimpls()}
    for name in sorted(found, key=order.index):
        if tenant is None:
            if not catalog().plugins[name].always_on:
                continue
        else:
            state = switches()
            if name not in (state.known if hook in hookspecs.ASKED_WHEN_OFF else state.on):
                continue
            if hook in hookspecs.PAUSED_WHEN_DEGRADED and name in state.degraded:
                continue
        yield name, found[name].function, found[name].argnames


def ask(hook: str, **arguments: Any) -> list[Any]:
    """The united answers of all plugins that are on; failures are counted, and closed hooks raise PluginUnavailable."""
    answers: list[Any] = []
    for result in ask_each(hook, **arguments).values():
        answers.extend(result if isinstance(result, list) else [result])
    return answers


def ask_each(hook: str, **arguments: Any) -> dict[str, Any]:
    """The same by plugin; who failed or had nothing to say is not among them."""
    answers: dict[str, Any] = {}
    for name, call, wanted in _implementations(hook):
        done, result = _guarded(hook, name, call, {key: arguments[key] for key in wanted})
        if done and result is not None:
            answers[name] = result
    return answers


def first(hook: str, **arguments: Any) -> Any:
    """The first answer that is not None."""
    for name, call, wanted in _implementations(hook):
        done, result = _guarded(hook, name, call, {key: arguments[key] for key in wanted})
        if done and result is not None:
            return result
    return None


def tell(plugin: str, hook: str, **arguments: Any) -> None:
    """Call `hook` of one plugin, whether it is on or not (on_enable, on_disable, on_upgrade, seed_demo)."""
    for implementation in getattr(manager().hook, hook).get_hookimpls():
        if implementation.plugin_name == plugin:
            _guarded(
                hook,
                plugin,
                implementation.function,
                {key: arguments[key] for key in implementation.argnames},
            )


def _guarded(
    hook: str, plugin: str, call: Callable[..., Any], arguments: dict[str, Any]
) -> tuple[bool, Any]:
    begun = monotonic()
    try:
        result = call(**arguments)
        problem = wrong_type(hook, result)
    except PolydeskError as error:
        # always_on plugins speak for the house: their expected errors are answers, not failures.
        if catalog().plugins[plugin].always_on:
            raise
        problem = repr(error)
    except Exception as error:
        log.exception("plugin %s failed in %s", plugin, hook)
        problem = repr(error)
    if monotonic() - begun > SLOW_SECONDS:
        log.warning("plugin %s took over %s s in %s", plugin, SLOW_SECONDS, hook)
    if not problem:
        return True, result
    note_failure(plugin, hook, problem)
    if hook in hookspecs.FAIL_CLOSED:
        raise PluginUnavailable(plugin, hook)
    return False, None


def note_failure(plugin: str, hook: str, error: str) -> None:
    """Count a failure in the database, after the running transaction; too many degrade the plugin for this tenant."""
    if tenant_or_none() is not None:
        aside(lambda: _count_failure(plugin, hook, error))


def _count_failure(plugin: str, hook: str, error: str) -> None:
    db.session.add(PluginFailure(plugin=plugin, hook=hook, error=error[:300]))
    recent = db.session.scalar(
        sa.select(sa.func.count())
        .select_from(PluginFailure)
        .where(PluginFailure.plugin == plugin, PluginFailure.at > now() - DEGRADE_WITHIN)
    )
    row = db.session.get(TenantPlugin, (current_tenant().id, plugin))
    if row and not row.degraded_at and (recent or 0) >= DEGRADE_AFTER:
        row.degraded_at = now()
        bump_config()
