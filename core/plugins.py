"""Plugins: found by entry point, declared into the Catalog, switched per tenant, asked one by one and guarded."""

from __future__ import annotations

import logging
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from importlib.metadata import entry_points, version
from types import UnionType
from typing import TYPE_CHECKING, Any, get_args, get_origin
from uuid import UUID

import pluggy
import sqlalchemy as sa
from flask import Blueprint, current_app
from marshmallow import Schema
from packaging.specifiers import SpecifierSet
from sqlalchemy.orm import Mapped, mapped_column

from core import hookspecs
from core.clock import monotonic, now
from core.db import Base, UtcDateTime, aside, db
from core.declarations import KINDS, Plugin
from core.errors import PluginUnavailable, PolydeskError, StartupError
from core.tenancy import TenantKeyed, TenantScoped, bump_config, current_tenant, tenant_or_none

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

log = logging.getLogger(__name__)
DEGRADE_AFTER, DEGRADE_WITHIN = 10, timedelta(minutes=5)
SLOW_SECONDS = 1.0

# hook -> the Catalog's shelf; a value's key on its shelf is its `name` (an event's is its `type`).
SHELVES = {
    "register_permissions": "permission", "register_ticket_types": "ticket_type", "register_workflows": "workflow",
    "register_forms": "form", "register_calendars": "calendar", "register_metrics": "metric",
    "register_sla_policies": "policy", "register_events": "event", "register_handlers": "handler",
    "register_reports": "report", "register_guards": "guard", "register_conditions": "condition",
    "register_portal_pages": "portal_page", "register_panels": "panel", "register_portal_cards": "card", "register_data_classes": "data_class",
}


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


@dataclass
class Catalog:
    """What was declared, by shelf and name, each with its owner: ("" is core) and the loaded plugins in order."""

    plugins: dict[str, Plugin] = field(default_factory=dict)
    modules: dict[str, ModuleType] = field(default_factory=dict)
    shelves: dict[str, dict[str, Any]] = field(default_factory=lambda: defaultdict(dict))
    owners: dict[tuple[str, str], str] = field(default_factory=dict)
    settings: dict[str, type[Schema]] = field(default_factory=dict)
    blueprints: list[tuple[str, str, Blueprint]] = field(default_factory=list)

    def shelf(self, kind: str) -> dict[str, Any]:
        """Everything declared of a kind ("permission", "ticket_type", "form", "event", "panel", ...) by name."""
        return self.shelves[kind]

    def owner(self, kind: str, name: str) -> str:
        """The plugin that declared it, "" for core; KeyError when nobody did."""
        return self.owners[kind, name]

    def put(self, kind: str, name: str, value: Any, owner: str) -> None:
        """Keep a declared value; a name twice, or one without its owner's prefix, stops the start."""
        if name in self.shelves[kind]:
            raise StartupError(f"{owner or 'core'} declares the {kind} {name!r}, which {self.owners[kind, name] or 'core'} has")
        foreign = name.split(".")[0] != owner if owner and kind != "permission" else False
        if kind == "permission" and owner:
            foreign = not name.startswith(f"{owner}.")
        if foreign:
            raise StartupError(f"{owner} declares the {kind} {name!r}: its names begin with '{owner}.'")
        self.shelves[kind][name] = value
        self.owners[kind, name] = owner


def discover() -> list[ModuleType]:
    """Modules of installed plugins (entry-point group `polydesk.plugins`), by name."""
    return [point.load() for point in sorted(entry_points(group="polydesk.plugins"), key=lambda p: p.name)]


def load(modules: list[ModuleType]) -> tuple[pluggy.PluginManager, Catalog]:
    """Register the modules and gather what they declare; the start stops and names whoever does not fit."""
    manager = pluggy.PluginManager("polydesk")
    manager.add_hookspecs(hookspecs)
    catalog = Catalog()
    for module in modules:
        if extra := module.plugin.hookspecs:
            manager.add_hookspecs(extra)
    for module in _in_order(modules):
        _check_passport(module.plugin, catalog)
        manager.register(module, name=module.plugin.name)
        catalog.plugins[module.plugin.name] = module.plugin
        catalog.modules[module.plugin.name] = module
    try:
        manager.check_pending()
    except pluggy.PluginValidationError as error:
        raise StartupError(f"unknown hook: {error}") from error
    _refuse_wrappers(manager)
    for name in catalog.plugins:
        _declare(manager, catalog, name)
    return manager, catalog


def _in_order(modules: list[ModuleType]) -> list[ModuleType]:
    """Core first, then by `requires`, then by name."""
    waiting = sorted(modules, key=lambda m: (not m.plugin.always_on, m.plugin.name))
    done: list[ModuleType] = []
    while waiting:
        names = {m.plugin.name for m in done}
        ready = next((m for m in waiting if set(m.plugin.requires) <= names), None)
        if ready is None:
            stuck = waiting[0].plugin
            raise StartupError(f"plugin {stuck.name} requires {sorted(set(stuck.requires) - names)}, which is not there")
        done.append(ready)
        waiting.remove(ready)
    return done


def _check_passport(plugin: Plugin, catalog: Catalog) -> None:
    if plugin.name in catalog.plugins:
        raise StartupError(f"two plugins are called {plugin.name}")
    if version("polydesk") not in SpecifierSet(plugin.requires_core):
        raise StartupError(f"plugin {plugin.name} wants core {plugin.requires_core}, this is {version('polydesk')}")


def _refuse_wrappers(manager: pluggy.PluginManager) -> None:
    for caller in vars(manager.hook).values():
        for implementation in caller.get_hookimpls():
            if implementation.hookwrapper or implementation.wrapper or implementation.tryfirst:
                raise StartupError(f"{implementation.plugin_name} may not wrap or jump the queue in {caller.name}")


def _declare(manager: pluggy.PluginManager, catalog: Catalog, name: str) -> None:
    owner = "" if name == "core" else name
    for hook, kind in SHELVES.items():
        for value in _declared(manager, hook, name):
            catalog.put(kind, _name_of(kind, value, name), value, owner)
    for hook in ("register_api", "register_blueprints"):
        catalog.blueprints += [(hook, name, blueprint) for blueprint in _declared(manager, hook, name)]
    for schema in _declared(manager, "register_settings", name):
        if name in catalog.settings:
            raise StartupError(f"{name} declares settings twice")
        catalog.settings[name] = schema


def _name_of(kind: str, value: Any, plugin: str) -> str:
    if kind == "event":
        return str(value.type)
    return f"{plugin}.{value.path}" if kind == "portal_page" else str(value.name)


def _declared(manager: pluggy.PluginManager, hook: str, plugin: str) -> list[Any]:
    for implementation in getattr(manager.hook, hook).get_hookimpls():
        if implementation.plugin_name == plugin:
            result = implementation.function()
            if problem := _wrong_type(hook, result):
                raise StartupError(f"{plugin}.{hook} {problem}")
            return list(result)
    return []


def _return_type(hook: str) -> Any:
    annotation = getattr(hookspecs, hook).__annotations__["return"]
    return eval(annotation, vars(hookspecs))  # noqa: S307  our own source


def _wrong_type(hook: str, result: Any) -> str:
    """Words for a result that is not what the hookspec promises; "" when it fits."""
    if not hasattr(hookspecs, hook):
        return ""  # a hook that a plugin opened
    wanted = _return_type(hook)
    if wanted is None:
        return "" if result is None else f"gave {type(result).__name__}, not None"
    if get_origin(wanted) is list:
        item = get_args(wanted)[0]
        if not isinstance(result, list):
            return f"gave {type(result).__name__}, not a list"
        bad = next((value for value in result if not _fits(value, item)), None)
        return f"gave {type(bad).__name__} in its list" if bad is not None else ""
    return "" if _fits(result, wanted) else f"gave {type(result).__name__}"


def _fits(value: Any, wanted: Any) -> bool:
    if wanted is Any:
        return True
    if isinstance(wanted, UnionType):
        return any(_fits(value, part) for part in get_args(wanted))
    if get_origin(wanted) is type:
        return isinstance(value, type) and issubclass(value, get_args(wanted)[0])
    return isinstance(value, get_origin(wanted) or wanted)


# --- per tenant ---------------------------------------------------------------------------------------------------------


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
    """Which plugins are on, degraded or known (a row exists) for a tenant."""

    on: frozenset[str]
    degraded: frozenset[str]
    known: frozenset[str]


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
        on=frozenset(always | {row.plugin for row in rows if row.enabled_at} & catalog().plugins.keys()),
        degraded=frozenset(row.plugin for row in rows if row.degraded_at),
        known=frozenset(always | {row.plugin for row in rows}),
    )
    cache[tenant.id] = (tenant.config_version, found)
    return found


def enabled(plugin: str) -> bool:
    """Whether the plugin is on for the current tenant ("" is core and always on)."""
    return not plugin or plugin in switches().on


def offered(kind: str) -> dict[str, Any]:
    """Everything declared of a kind by core and the plugins that are on for the current tenant."""
    found = catalog()
    return {name: value for name, value in found.shelf(kind).items() if enabled(found.owner(kind, name))}


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
    for name, call, wanted in _implementations(hook):
        done, result = _guarded(hook, name, call, {key: arguments[key] for key in wanted})
        if done and result is not None:
            answers.extend(result if isinstance(result, list) else [result])
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
            _guarded(hook, plugin, implementation.function, {key: arguments[key] for key in implementation.argnames})


def _guarded(hook: str, plugin: str, call: Callable[..., Any], arguments: dict[str, Any]) -> tuple[bool, Any]:
    begun = monotonic()
    try:
        result = call(**arguments)
        problem = _wrong_type(hook, result)
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


assert set(KINDS) <= set(SHELVES.values())  # noqa: S101  a definition kind without a hook would be unreachable
