"""The frozen values a plugin hands over; definitions among them round-trip through JSON, the rest stays code."""

from __future__ import annotations

import dataclasses
import types
import typing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin, get_type_hints

if TYPE_CHECKING:
    from collections.abc import Callable

Text = str | dict[str, str]
"""A message id of the owner's catalog, or a tenant's own words per locale: {"zh-CN": ..., "en": ...}."""

Expression = dict[str, Any]
"""A condition as data, read by core.forms.conditions.

{"field", "is"|"in"|...}, {"all"|"any": []}, {"not": {}}, {"condition", "parameters"}.
"""


@dataclass(frozen=True)
class Plugin:
    """A plugin's passport: `requires_core` is a version specifier, `requires` names other plugins."""

    name: str
    title: Text
    version: str = "1.0"
    requires_core: str = ">=1.0,<2"
    requires: tuple[str, ...] = ()
    always_on: bool = False
    industry: str | None = None
    summary: Text = ""
    icon: str = "puzzle"
    publisher: str = "Polydesk"
    hookspecs: Any = None


@dataclass(frozen=True)
class Permission:
    """A right and an OAuth scope in one; `roles` maps a built-in role to "own", "team", "department" or "all"."""

    name: str
    title: Text
    roles: dict[str, str] = field(default_factory=dict)


# --- definitions: versioned, edited by tenants, stored as JSON


@dataclass(frozen=True)
class Option:
    """One choice of a field."""

    value: str
    title: Text


FieldKind = Literal[
    "text",
    "long_text",
    "number",
    "money",
    "date",
    "datetime",
    "boolean",
    "choice",
    "choices",
    "phone",
    "email",
    "files",
    "signature",
    "rows",
    "user",
    "department",
    "secret",
]


@dataclass(frozen=True)
class Field:
    """One question of a form.

    `kind` picks schema and widget; `required` wants an answer whenever the field is visible (`visible_when` over the
    other answers); `audience` "internal" hides it from customers' pages and from the customer's copy; `source` names a
    registered list of options instead of `options` (such as "categories"); `fields` are the columns of `rows`;
    `unit` is shown behind numbers; `minimum`/`maximum` bound numbers, lengths of text and counts of files,
    choices and rows.
    """

    name: str
    kind: FieldKind
    title: Text
    help: Text = ""
    required: bool = False
    options: tuple[Option, ...] = ()
    source: str = ""
    minimum: float | None = None
    maximum: float | None = None
    pattern: str = ""
    error: Text = ""
    visible_when: Expression | None = None
    audience: Literal["all", "internal"] = "all"
    personal: bool = False
    unit: Text = ""
    group: Text = ""
    default: str | int | bool | None = None
    fields: tuple[Field, ...] = ()


@dataclass(frozen=True)
class Form:
    """A schema and its layout as data; field order is page order, `print_template` names its paper edition."""

    name: str
    title: Text
    fields: tuple[Field, ...]
    layout: Literal["one-column", "two-column"] = "one-column"
    print_template: str = ""
    submit: Text = ""


Status = Literal["new", "open", "waiting", "resolved", "closed"]


@dataclass(frozen=True)
class Stage:
    """A named group of states on the stage bar."""

    name: str
    title: Text


@dataclass(frozen=True)
class State:
    """Where a subject stands. `status` is what core and reports know; `pauses` lets pausable clocks rest here."""

    name: str
    title: Text
    status: Status
    stage: str = ""
    pauses: bool = False


@dataclass(frozen=True)
class Transition:
    """A way from `sources` to `target`.

    Needs `permission` (staff and apps) and an actor of `actor_kinds` ("user", "contact", "app", "system"); "contact"
    Needs `permission` (staff, apps) and an actor of `actor_kinds` ("user", "contact", "app", "system"); "contact"
    no fields beyond core's TransitionEvent) besides the always emitted `ticket.moved`.
    """

    name: str
    title: Text
    sources: tuple[str, ...]
    target: str
    permission: str = "ticket:write"
    actor_kinds: tuple[str, ...] = ("user", "app", "system")
    guards: tuple[str, ...] = ()
    form: str = ""
    event: str = ""
    reopens: bool = False


@dataclass(frozen=True)
class Workflow:
    """States and the transitions between them; `initial` is where a new subject stands."""

    name: str
    title: Text
    initial: str
    states: tuple[State, ...]
    transitions: tuple[Transition, ...]
    stages: tuple[Stage, ...] = ()


@dataclass(frozen=True)
class TicketType:
    """What a ticket can be; names its intake form, workflow and (or "") its SLA policy.

    `portal` offers it to customers; `prefix` begins its numbers ("CP" -> CP-2611-00001); `request_class` is
    consultation, problem or service.
    """

    name: str
    title: Text
    form: str
    workflow: str
    sla: str = ""
    prefix: str = "T"
    portal: bool = False
    request_class: Literal["consultation", "problem", "service"] = "problem"
    icon: str = "inbox"
    summary: Text = ""


@dataclass(frozen=True)
class CalendarDay:
    """One date unlike its weekday: no windows is a holiday (假日), windows on a day off a make-up day (调休)."""

    date: str
    title: Text = ""
    windows: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Calendar:
    """Business time: `hours` holds seven tuples (Monday first) of ("HH:MM", "HH:MM") windows; "24:00" may end one.

    `timezone` is an IANA name, "" means the tenant's. `days` overrule `hours`.
    """

    name: str
    title: Text
    hours: tuple[tuple[tuple[str, str], ...], ...]
    days: tuple[CalendarDay, ...] = ()
    timezone: str = ""


@dataclass(frozen=True)
class Trigger:
    """An event type, perhaps only when its data fit `when` (fields of the event's data, plus `actor_kind`)."""

    event: str
    when: Expression | None = None


@dataclass(frozen=True)
class Metric:
    """A promise that can be measured: which events start, fulfil and cancel its clock.

    `pauses`: the clock rests in states that pause. `repeats`: fulfilling starts the next round at once.
    """

    name: str
    title: Text
    starts_on: tuple[Trigger, ...]
    fulfilled_by: tuple[Trigger, ...]
    cancelled_by: tuple[Trigger, ...] = ()
    pauses: bool = False
    repeats: bool = False


@dataclass(frozen=True)
class Target:
    """A duration promised for a metric: `seconds` of `calendar` ("" = the policy's); `when` narrows it."""

    metric: str
    seconds: int
    calendar: str = ""
    when: Expression | None = None


@dataclass(frozen=True)
class Escalation:
    """Whom to tell `at` "warning" or "breach", or `after_seconds` past it: `notify` is "assignee", "team" or a role."""

    at: Literal["warning", "breach"]
    notify: str
    after_seconds: int = 0


@dataclass(frozen=True)
class SlaPolicy:
    """An ordered rule: the first policy whose `when` fits the ticket gives its clocks; `reason` says why in words.

    Warning comes at `warn_percent` of the target left or `warn_seconds`, whichever is smaller (ux.md §4).
    """

    name: str
    title: Text
    calendar: str
    targets: tuple[Target, ...]
    when: Expression | None = None
    escalations: tuple[Escalation, ...] = ()
    reason: Text = ""
    order: int = 100
    warn_percent: int = 25
    warn_seconds: int = 3600


Definition = TicketType | Workflow | Form | SlaPolicy | Calendar | Metric
KINDS: dict[str, type] = {
    "ticket_type": TicketType,
    "workflow": Workflow,
    "form": Form,
    "policy": SlaPolicy,
    "calendar": Calendar,
    "metric": Metric,
}


def to_body(definition: Any) -> dict[str, Any]:
    """A definition as plain JSON values, defaults left out so that bodies stay equal when a default field is added."""

    def plain(value: Any) -> Any:
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            return {
                f.name: plain(getattr(value, f.name))
                for f in dataclasses.fields(value)
                if getattr(value, f.name) != f.default
            }
        if isinstance(value, tuple | list):
            return [plain(item) for item in value]
        return value

    body: dict[str, Any] = plain(definition)
    return body


def from_body(kind: type, body: Any) -> Any:
    """The definition that `to_body` turned into `body`; TypeError or ValueError for a shape that does not fit."""
    origin = get_origin(kind)
    if origin is typing.Union or origin is types.UnionType:
        return _from_union(get_args(kind), body)
    if origin is tuple:
        return _from_list(get_args(kind), body)
    if origin is Literal:
        if body not in get_args(kind):
            raise ValueError(f"{body!r} is none of {get_args(kind)}")
        return body
    if dataclasses.is_dataclass(kind):
        return _from_object(kind, body)
    plain = origin or kind
    if not isinstance(body, plain) and not (plain is float and isinstance(body, int)):
        raise TypeError(f"expected {plain.__name__}, not {body!r}")
    return body


def _from_object(kind: type, body: Any) -> Any:
    if not isinstance(body, dict):
        raise TypeError(f"expected an object for {kind.__name__}, not {body!r}")
    hints = get_type_hints(kind)
    if unknown := body.keys() - hints.keys():
        raise ValueError(f"{kind.__name__} has no {sorted(unknown)}")
    return kind(**{name: from_body(hints[name], value) for name, value in body.items()})


def _from_list(parts: tuple[Any, ...], body: Any) -> tuple[Any, ...]:
    if not isinstance(body, list | tuple):
        raise TypeError(f"expected a list, not {body!r}")
    if len(parts) == 2 and parts[1] is Ellipsis:  # noqa: PLR2004  tuple[X, ...]
        return tuple(from_body(parts[0], item) for item in body)
    if len(parts) != len(body):
        raise ValueError(f"expected {len(parts)} items, not {body!r}")
    return tuple(from_body(part, item) for part, item in zip(parts, body, strict=True))


def _from_union(choices: tuple[Any, ...], body: Any) -> Any:
    for choice in choices:
        if choice is type(None):
            if body is None:
                return None
            continue
        try:
            return from_body(choice, body)
        except (TypeError, ValueError):
            continue
    raise TypeError(f"{body!r} fits none of {choices}")


# --- code: kept in the Catalog, never stored


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
