"""An SLA policy as a form, and the form's answers as a policy again."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from core.host import definitions, offered, role_book
from core.sdk import Escalation, Field, Form, Option, SlaPolicy, Target, current_locale, text

Expression = dict[str, Any]

UNITS = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86_400}
PRIORITIES = ("critical", "urgent", "normal")
CHANNELS = ("web", "phone", "mail", "chat", "counter", "api")
CLASSES = ("consultation", "problem", "service")
NEW = SlaPolicy("", "", calendar="office", targets=())
# The conditions that the page can edit; any other is shown and kept as it is.
FACTS = {
    "type": "types",
    "priority": "priorities",
    "channel": "channels",
    "request_class": "classes",
}


def policy_form(policy: SlaPolicy) -> Form:
    """The questions about a policy."""
    editable = conditions_of(policy.when) is not None
    asked = _when_questions() if editable else ()
    return Form("console.policy", "", (*_head(), *asked, *_promises(), _ladder()))


def _head() -> tuple[Field, ...]:
    return (
        Field("title", "text", "console.sla.name", required=True, maximum=120),
        Field(
            "reason", "long_text", "console.sla.reason", help="console.sla.reason_help", maximum=500
        ),
        Field(
            "order",
            "number",
            "console.sla.order",
            help="console.sla.order_help",
            required=True,
            minimum=0,
            maximum=9999,
        ),
        Field("calendar", "choice", "console.sla.calendar", required=True, options=_calendars()),
    )


def _when_questions() -> tuple[Field, ...]:
    group = "console.sla.when"
    types = tuple(Option(t.name, t.title) for t in offered("ticket_type").values())
    return (
        Field("types", "choices", "console.sla.types", group=group, options=types),
        Field(
            "priorities",
            "choices",
            "console.sla.priorities",
            group=group,
            options=_options("priority", PRIORITIES),
        ),
        Field(
            "channels",
            "choices",
            "console.sla.channels",
            group=group,
            options=_options("channel", CHANNELS),
        ),
        Field(
            "classes",
            "choices",
            "console.sla.classes",
            group=group,
            options=_options("class", CLASSES),
        ),
    )


def _target_columns() -> tuple[Field, ...]:
    units = _options("unit", tuple(UNITS))
    priorities, channels = _options("priority", PRIORITIES), _options("channel", CHANNELS)
    return (
        Field("metric", "choice", "console.sla.metric", required=True, options=metrics()),
        Field("amount", "number", "console.sla.amount", required=True, minimum=1, maximum=9999),
        Field("unit", "choice", "console.sla.unit", required=True, options=units),
        Field("priority", "choice", "console.sla.only_priority", options=priorities),
        Field("channel", "choice", "console.sla.only_channel", options=channels),
        Field("calendar", "choice", "console.sla.other_calendar", options=_calendars()),
    )


def _promises() -> tuple[Field, ...]:
    told: dict[str, Any] = {"group": "console.sla.promises", "required": True}
    bounds: dict[str, Any] = {"kind": "number", "minimum": 0}
    return (
        Field(
            "targets", "rows", "console.sla.targets", help="console.sla.targets_help",
            fields=_target_columns(), **told,
        ),
        Field("warn_percent", title="console.sla.warn_percent", maximum=100, unit="%", **told, **bounds),
        Field(
            "warn_minutes", title="console.sla.warn_minutes", help="console.sla.warn_help",
            maximum=9999, unit="console.unit.minutes", **told, **bounds,
        ),
    )  # fmt: skip


def _ladder() -> Field:
    columns = (
        Field(
            "at",
            "choice",
            "console.sla.at",
            required=True,
            options=_options("at", ("warning", "breach")),
        ),
        Field("after_minutes", "number", "console.sla.after", minimum=0, maximum=9999),
        Field("notify", "choice", "console.sla.notify", required=True, options=_told()),
    )
    return Field(
        "escalations", "rows", "console.sla.escalations", group="console.sla.ladder", fields=columns
    )


def _options(kind: str, values: tuple[str, ...]) -> tuple[Option, ...]:
    return tuple(Option(value, f"console.{kind}.{value}") for value in values)


def _told() -> tuple[Option, ...]:
    roles = (Option(role.name, role.title) for role in role_book.list_roles())
    return (*_options("told", ("assignee", "team")), *roles)


def _calendars() -> tuple[Option, ...]:
    found = definitions.all_current("calendar").values()
    return tuple(Option(calendar.name, calendar.title) for calendar in found)


def metrics() -> tuple[Option, ...]:
    """The metrics that a target may promise."""
    return tuple(Option(metric.name, metric.title) for metric in offered("metric").values())


def conditions_of(when: Expression | None) -> dict[str, list[str]] | None:
    """The ticked boxes that say the same as a condition; None when boxes cannot say it."""
    if when is None:
        return {}
    parts = when["all"] if set(when) == {"all"} else [when]
    found: dict[str, list[str]] = {}
    for part in parts:
        name = FACTS.get(str(part.get("field")))
        value = part.get("in", [part["is"]] if "is" in part else None)
        if name is None or not isinstance(value, list) or len(part) != 2 or name in found:  # noqa: PLR2004  field and operator
            return None
        found[name] = [str(item) for item in value]
    return found


def answers_of(policy: SlaPolicy) -> dict[str, Any]:
    """What the form shows for a policy."""
    return {
        "title": text(policy.title),
        "reason": text(policy.reason),
        "order": policy.order,
        "calendar": policy.calendar,
        "warn_percent": policy.warn_percent,
        "warn_minutes": policy.warn_seconds // 60,
        "targets": [_target_row(target) for target in policy.targets],
        "escalations": [
            {"at": e.at, "after_minutes": e.after_seconds // 60 or None, "notify": e.notify}
            for e in policy.escalations
        ],
        **(conditions_of(policy.when) or {}),
    }


def _target_row(target: Target) -> dict[str, Any]:
    amount, unit = in_units(target.seconds)
    told = conditions_of(target.when) or {}
    return {
        "metric": target.metric,
        "amount": amount,
        "unit": unit,
        "priority": next(iter(told.get("priorities", [])), ""),
        "channel": next(iter(told.get("channels", [])), ""),
        "calendar": target.calendar,
    }


def in_units(seconds: int) -> tuple[int, str]:
    """A duration in the largest unit that says it exactly; a day only from two on."""
    for unit in ("days", "hours", "minutes"):
        if seconds % UNITS[unit] == 0 and seconds >= UNITS[unit] * (2 if unit == "days" else 1):
            return seconds // UNITS[unit], unit
    return seconds, "seconds"


def policy_of(name: str, answers: dict[str, Any], old: SlaPolicy) -> SlaPolicy:
    """The policy that the answers describe; words that were not touched keep their message id."""
    when = _when(answers)
    kept = conditions_of(old.when) in (None, conditions_of(when))
    return replace(
        old,
        name=name,
        title=_words(old.title, answers["title"]),
        reason=_words(old.reason, answers.get("reason") or ""),
        order=int(answers["order"]),
        calendar=answers["calendar"],
        warn_percent=int(answers["warn_percent"]),
        warn_seconds=int(answers["warn_minutes"]) * 60,
        targets=tuple(_target(row, old) for row in answers["targets"]),
        escalations=tuple(
            Escalation(row["at"], row["notify"], int(row.get("after_minutes") or 0) * 60)
            for row in answers.get("escalations") or ()
        ),
        when=old.when if kept else when,
    )


def _words(old: Any, given: str) -> Any:
    """A tenant's words in the reader's language, beside those of other languages."""
    if given == text(old):
        return old
    others = old if isinstance(old, dict) else {}
    return {**others, current_locale(): given} if given else ""


def _target(row: dict[str, Any], old: SlaPolicy) -> Target:
    seconds = int(row["amount"]) * UNITS[row["unit"]]
    made = Target(row["metric"], seconds, row.get("calendar") or "", _narrowed(row))
    for target in old.targets:
        # A row that was not touched keeps its target, whatever boxes can say of its condition.
        if _target_row(target) == _target_row(made):
            return target
    return made


def _narrowed(row: dict[str, Any]) -> Expression | None:
    given = {name: row[name] for name in ("channel", "priority") if row.get(name)}
    return _all([{"field": name, "is": value} for name, value in given.items()])


def _when(answers: dict[str, Any]) -> Expression | None:
    given = {field: answers.get(name) for field, name in FACTS.items()}
    return _all([{"field": field, "in": list(v)} for field, v in given.items() if v])


def _all(parts: list[dict[str, Any]]) -> Expression | None:
    if not parts:
        return None
    return parts[0] if len(parts) == 1 else {"all": parts}
