"""What a plugin contributes as code: kept in the Catalog, never stored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.declarations import Field, Text


@dataclass(frozen=True)
class Guard:
    """A named check of a transition: `run(subject, answers, actor)` gives the Problems that stand against it."""

    name: str
    run: Callable[..., list[Any]]


@dataclass(frozen=True)
class Condition:
    """A named test of the condition language: `run(facts, **parameters)` says whether it holds."""

    name: str
    parameters: tuple[Field, ...]
    run: Callable[..., bool]


@dataclass(frozen=True)
class Handler:
    """Runs after the commit, by a worker, at least once per event: `run(event)` must be idempotent by `event.id`.

    `retry` are the waits in seconds between attempts; after the last the delivery is parked.
    """

    name: str
    event: type
    run: Callable[..., None]
    retry: tuple[int, ...] = (5, 60, 300, 1800, 7200)


@dataclass(frozen=True)
class Panel:
    """A box at a ticket or a contact: `view(subject, actor)` gives a list of Blocks within 3 s (model.md §9)."""

    name: str
    place: Literal["ticket", "contact"]
    title: Text
    view: Callable[..., list[Any]]
    permission: str
    order: int = 100
    icon: str = "puzzle"


@dataclass(frozen=True)
class Card:
    """A box on the portal's home: `view(actor)` gives a list of Blocks within 3 s."""

    name: str
    title: Text
    view: Callable[..., list[Any]]
    order: int = 100
    icon: str = "puzzle"


@dataclass(frozen=True)
class Block:
    """What a panel or card shows; the host draws it, so nobody brings markup.

    `kind`: "rows" (items of (label, value)), "text" (value), "progress" (label, value 0..1), "link" (label, url),
    "status" (label, value is a status dot).
    """

    kind: Literal["rows", "text", "progress", "link", "status"]
    label: Text = ""
    value: Any = None
    items: tuple[tuple[Text, Any], ...] = ()
    url: str = ""


@dataclass(frozen=True)
class PortalPage:
    """A page of a plugin on the portal at /p/<plugin>/<path>; `tile` puts it on the portal's home with an icon."""

    path: str
    title: Text
    view: Callable[..., Any]
    permission: str
    tile: str = ""


@dataclass(frozen=True)
class Report:
    """A printable: `query(**params)` gives the data, `template` (Jinja) draws it as page and PDF."""

    name: str
    title: Text
    query: Callable[..., dict[str, Any]]
    template: str
    permission: str
    params: tuple[Field, ...] = ()


@dataclass(frozen=True)
class NavItem:
    """An entry of the desk's sidebar."""

    title: Text
    url: str
    icon: str = "puzzle"
    order: int = 100


@dataclass(frozen=True)
class Button:
    """An action offered at a ticket."""

    title: Text
    url: str
    permission: str
    method: Literal["get", "post"] = "get"
    icon: str = ""


@dataclass(frozen=True)
class Suggestion:
    """What a classifier proposes for a field of a ticket; `confidence` 0..1, `because` names the rule that matched."""

    field: str
    value: str
    confidence: float
    because: Text


@dataclass(frozen=True)
class DataClass:
    """One line of the privacy map: `tables` hold it, for `retention_days` after closing (None = until erased)."""

    name: str
    title: Text
    tables: tuple[str, ...]
    retention_days: int | None = None
