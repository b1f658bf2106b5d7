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
class Job:
    """Work by the clock or on demand: `run(job_run)` is called outside of a transaction, at least once, in the tenant.

    `cron` (five fields, in the tenant's zone) runs it once per tenant that has the plugin on; "" only `start_job`.
    `retry` are the waits in seconds between attempts; after the last the run has failed.
    """

    name: str
    title: Text
    run: Callable[..., None]
    cron: str = ""
    retry: tuple[int, ...] = (60, 600)


@dataclass(frozen=True)
class Panel:
    """A box at a "ticket", a "contact" or, on the portal, the customer's own "matter" (§9 of the model).

    `view(subject, actor)` gives a list of Blocks within 3 s; at a matter the actor is the customer, and an empty list
    draws no box.
    """

    name: str
    place: Literal["ticket", "contact", "matter"]
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
    "status" (label, value is a status dot), "actions" (items of (label, url), drawn as buttons), "table" (value is
    the header, items are rows).
    """

    kind: Literal["rows", "text", "progress", "link", "status", "actions", "table"]
    label: Text = ""
    value: Any = None
    items: tuple[tuple[Any, ...], ...] = ()
    url: str = ""


@dataclass(frozen=True)
class PortalPage:
    """A page of a plugin on the portal at /p/<plugin>/<path>; `tile` puts it on the portal's home with an icon.

    `path` may hold converters; `view(actor, **path)` answers, in one transaction when it writes. `permission` is
    PUBLIC, CUSTOMER (signed in by a mailed code) or a right; `redraw(error, **path)` draws a refused form again.
    """

    path: str
    title: Text
    view: Callable[..., Any]
    permission: str
    tile: str = ""
    methods: tuple[str, ...] = ("GET",)
    redraw: Callable[..., Any] | None = None


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
