"""Named lists of options that a field draws from instead of its own (`source="categories"`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.errors import StartupError

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.declarations import Field, Option

_sources: dict[str, Callable[[], tuple[Option, ...]]] = {}
_IMPLIED = {"user": "users", "department": "departments"}


def register_source(name: str, options: Callable[[], tuple[Option, ...]]) -> None:
    """Offer `name` to forms; `options` is asked at each use, for the current tenant."""
    if _sources.get(name, options) is not options:
        raise StartupError(f"two lists of options are called {name!r}")
    _sources[name] = options


def source_names() -> frozenset[str]:
    """Every registered list."""
    return frozenset(_sources)


def options_of(field: Field) -> tuple[Option, ...] | None:
    """What a field offers; None for a person or a unit while nobody has registered their list."""
    name = field.source or _IMPLIED.get(field.kind, "")
    if not name:
        return field.options
    if name not in _sources:
        return None
    return _sources[name]()
