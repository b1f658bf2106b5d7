"""The doors of the rooms: what tests/<room>/world.py says of its routes, found by its place (README.md beside this)."""

from __future__ import annotations

import importlib
from functools import cache
from importlib.metadata import entry_points

from core.catalog import discover
from tests.habits import core_room, source


@cache
def doors():
    """Core's own door first, then those of the rooms that are there; a plugin left out has none."""
    here = {module.plugin.name for module in discover()}
    away = {point.name for point in entry_points(group="polydesk.plugins")} - here
    away |= {path.name for path in (source.ROOT / "plugins").iterdir()} - here
    found = [
        importlib.import_module(f"tests.{path.parent.name}.world")
        for path in sorted((source.ROOT / "tests").glob("*/world.py"))
        if path.parent.name not in away | {"habits"}
    ]
    return (core_room, *found)


def said(table, endpoint, otherwise=None):
    """What the doors' table of that name says of an endpoint."""
    for door in doors():
        if endpoint in (given := getattr(door, table, {})):
            return given[endpoint] if isinstance(given, dict) else True
    return otherwise


def gathered(table):
    """Everything in the doors' tables of that name."""
    return set().union(*(getattr(door, table, ()) for door in doors()))


def values(world):
    """Real values of the routes' parameters, the rooms' own among them."""
    return {name: value for door in doors() for name, value in _values(door, world).items()}


def _values(door, world):
    return door.values(world) if hasattr(door, "values") else {}
