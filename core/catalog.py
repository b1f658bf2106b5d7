"""What plugins declare: found by entry point, put in order, checked, and kept in the Catalog with its owner."""

from __future__ import annotations

import os
from collections import defaultdict
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.metadata import entry_points, version
from types import UnionType
from typing import TYPE_CHECKING, Any, get_args, get_origin

import pluggy
from packaging.specifiers import SpecifierSet

from core import hookspecs
from core.bodies import KINDS
from core.errors import StartupError

if TYPE_CHECKING:
    from types import ModuleType

    from flask import Blueprint
    from marshmallow import Schema

    from core.declarations import Plugin

# hook -> the Catalog's shelf; a value's key on its shelf is its `name` (an event's is its `type`).
SHELVES = {
    "register_permissions": "permission",
    "register_ticket_types": "ticket_type",
    "register_workflows": "workflow",
    "register_forms": "form",
    "register_calendars": "calendar",
    "register_metrics": "metric",
    "register_sla_policies": "policy",
    "register_events": "event",
    "register_handlers": "handler",
    "register_jobs": "job",
    "register_reports": "report",
    "register_guards": "guard",
    "register_conditions": "condition",
    "register_portal_pages": "portal_page",
    "register_panels": "panel",
    "register_portal_cards": "card",
    "register_data_classes": "data_class",
}


OPENED = "register_"
"""A plugin's own specs begin so; the answers lie on the shelf named by the rest: `register_things` on "things"."""


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
            raise StartupError(
                f"{owner or 'core'} declares the {kind} {name!r}, which {self.owners[kind, name] or 'core'} has"
            )
        if owner and not name.startswith(f"{owner}."):
            raise StartupError(
                f"{owner} declares the {kind} {name!r}: its names begin with '{owner}.'"
            )
        self.shelves[kind][name] = value
        self.owners[kind, name] = owner


def discover() -> list[ModuleType]:
    """Modules of installed plugins (entry-point group `polydesk.plugins`), by name.

    Those named in POLYDESK_WITHOUT (by commas) are left out: how an operator starts without one that is broken.
    """
    without = set(os.environ.get("POLYDESK_WITHOUT", "").split(","))
    found = sorted(entry_points(group="polydesk.plugins"), key=lambda point: point.name)
    return [point.load() for point in found if point.name not in without]


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
    for plugin in catalog.plugins.values():
        _gather_opened(manager, catalog, plugin)
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
            raise StartupError(
                f"plugin {stuck.name} requires {sorted(set(stuck.requires) - names)}, which is not there"
            )
        done.append(ready)
        waiting.remove(ready)
    return done


def _check_passport(plugin: Plugin, catalog: Catalog) -> None:
    if plugin.name in catalog.plugins:
        raise StartupError(f"two plugins are called {plugin.name}")
    if version("polydesk") not in SpecifierSet(plugin.requires_core):
        raise StartupError(
            f"plugin {plugin.name} wants core {plugin.requires_core}, this is {version('polydesk')}"
        )


def _refuse_wrappers(manager: pluggy.PluginManager) -> None:
    for caller in vars(manager.hook).values():
        for implementation in caller.get_hookimpls():
            if implementation.hookwrapper or implementation.wrapper or implementation.tryfirst:
                raise StartupError(
                    f"{implementation.plugin_name} may not wrap or jump the queue in {caller.name}"
                )


def _declare(manager: pluggy.PluginManager, catalog: Catalog, name: str) -> None:
    owner = "" if catalog.plugins[name].always_on else name
    for hook, kind in SHELVES.items():
        for value in _declared(manager, hook, name):
            catalog.put(kind, _name_of(kind, value, name), value, owner)
    for hook in ("register_api", "register_blueprints"):
        catalog.blueprints += [
            (hook, name, blueprint) for blueprint in _declared(manager, hook, name)
        ]
    for schema in _declared(manager, "register_settings", name):
        if name in catalog.settings:
            raise StartupError(f"{name} declares settings twice")
        catalog.settings[name] = schema


def _gather_opened(manager: pluggy.PluginManager, catalog: Catalog, opener: Plugin) -> None:
    """What others answer to the hooks that a plugin opens; each value has a `name` of its owner's."""
    specs = vars(opener.hookspecs) if opener.hookspecs else {}
    for hook in [name for name in specs if name.startswith(OPENED)]:
        for name in catalog.plugins:
            for value in _declared(manager, hook, name, opener.hookspecs):
                catalog.put(hook.removeprefix(OPENED), value.name, value, name)


def _name_of(kind: str, value: Any, plugin: str) -> str:
    if kind == "event":
        return str(value.type)
    return f"{plugin}.{value.path}" if kind == "portal_page" else str(value.name)


def _declared(
    manager: pluggy.PluginManager, hook: str, plugin: str, specs: ModuleType = hookspecs
) -> list[Any]:
    for implementation in getattr(manager.hook, hook).get_hookimpls():
        if implementation.plugin_name == plugin:
            result = implementation.function()
            if problem := wrong_type(hook, result, specs):
                raise StartupError(f"{plugin}.{hook} {problem}")
            return list(result)
    return []


@lru_cache(maxsize=256)
def _return_type(hook: str, specs: ModuleType) -> Any:
    annotation = getattr(specs, hook).__annotations__["return"]
    return eval(annotation, vars(specs))  # noqa: S307  source that the operator installed


def wrong_type(hook: str, result: Any, specs: ModuleType = hookspecs) -> str:
    """Words for a result that is not what the spec (core's, or that of the plugin that opens it) promises."""
    wanted = _return_type(hook, specs)
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


assert set(KINDS) <= set(SHELVES.values())  # noqa: S101  a definition kind without a hook would be unreachable
