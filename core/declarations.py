"""The frozen values a plugin hands over; definitions among them round-trip through JSON, the rest stays code."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

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

    `portal` offers it to customers, at the plugin's own page `portal_url` where core's form does not do; `prefix`
    begins its numbers ("SR" -> SR-2611-00001); `request_class` is consultation, problem or service. `by_hand`: the
    desk's page for a new ticket offers it.
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
    portal_url: str = ""
    by_hand: bool = True


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
