"""The one condition language over data: views, policies, rules and form visibility speak it."""

from __future__ import annotations

import operator
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from core.errors import Invalid, Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from core.contributions import Condition
    from core.declarations import Expression

MAX_DEPTH = 20
MAX_NODES = 500
OPERATORS = ("is", "is_not", "in", "not_in", "lt", "lte", "gt", "gte", "contains", "empty")
_ORDER: dict[str, Callable[[Any, Any], Any]] = {
    "lt": operator.lt,
    "lte": operator.le,
    "gt": operator.gt,
    "gte": operator.ge,
}
_SCALARS = (str, int, float, bool, type(None))


def evaluate(
    expression: Expression,
    facts: Mapping[str, Any],
    conditions: Mapping[str, Condition] | None = None,
) -> bool:
    """Whether `expression` holds for `facts`; a fact that is missing is empty.

    Raises Invalid for an expression that `check` would refuse.
    """
    _refuse(check(expression, conditions=conditions or {}))
    return _holds(expression, facts, conditions or {})


def check(
    expression: Any,
    *,
    fields: Collection[str] | None = None,
    conditions: Mapping[str, Condition] | None = None,
) -> list[Problem]:
    """Everything wrong with `expression`; it may use `fields` and `conditions`, None allows any."""
    problems: list[Problem] = []
    todo: list[tuple[Any, str, int]] = [(expression, "", 1)]
    nodes = 0
    while todo:
        node, path, depth = todo.pop()
        nodes += 1
        if depth > MAX_DEPTH or nodes > MAX_NODES:
            return [_problem(path, "forms.condition.too_deep", limit=MAX_DEPTH)]
        if not isinstance(node, dict):
            problems.append(_problem(path, "forms.condition.shape"))
            continue
        problems += _check_node(node, path, fields, conditions)
        todo += [(child, where, depth + 1) for child, where in _children(node, path)]
    return problems


def named_fields(expression: Expression) -> frozenset[str]:
    """The fields that `expression` looks at."""
    names = {expression["field"]} if "field" in expression else set()
    for child, _ in _children(expression, ""):
        names |= named_fields(child)
    return frozenset(names)


def _children(node: dict[str, Any], path: str) -> list[tuple[Any, str]]:
    for word in ("all", "any"):
        if isinstance(node.get(word), list):
            return [
                (child, _join(path, f"{word}.{index}")) for index, child in enumerate(node[word])
            ]
    return [(node["not"], _join(path, "not"))] if "not" in node else []


def _check_node(
    node: dict[str, Any],
    path: str,
    fields: Collection[str] | None,
    conditions: Mapping[str, Condition] | None,
) -> list[Problem]:
    if "field" in node:
        return _check_field(node, path, fields)
    if "condition" in node:
        return _check_named(node, path, conditions)
    if len(node) == 1 and next(iter(node)) in {"all", "any", "not"}:
        word = next(iter(node))
        if word == "not" or isinstance(node[word], list):
            return []
        return [_problem(_join(path, word), "forms.condition.list")]
    return [_problem(path, "forms.condition.shape")]


def _check_field(node: dict[str, Any], path: str, fields: Collection[str] | None) -> list[Problem]:
    words = set(node) - {"field"}
    if len(words) != 1 or not words <= set(OPERATORS):
        return [_problem(path, "forms.condition.operator", offered=", ".join(OPERATORS))]
    name, word = node["field"], words.pop()
    if not isinstance(name, str) or (fields is not None and name not in fields):
        return [_problem(_join(path, "field"), "forms.condition.field", name=str(name))]
    if not _fits(word, node[word]):
        return [_problem(_join(path, word), "forms.condition.value")]
    return []


def _check_named(
    node: dict[str, Any], path: str, conditions: Mapping[str, Condition] | None
) -> list[Problem]:
    name, parameters = node["condition"], node.get("parameters", {})
    if set(node) - {"condition", "parameters"} or not isinstance(parameters, dict):
        return [_problem(path, "forms.condition.shape")]
    if not isinstance(name, str):
        return [_problem(_join(path, "condition"), "forms.condition.unknown", name=str(name))]
    if conditions is None:
        return []
    if name not in conditions:
        return [_problem(_join(path, "condition"), "forms.condition.unknown", name=name)]
    declared = {field.name: field for field in conditions[name].parameters}
    return [
        _problem(_join(path, f"parameters.{key}"), "forms.condition.parameter", name=key)
        for key in sorted(set(parameters) ^ set(declared))
        if key in parameters or declared[key].required
    ]


def _fits(word: str, value: Any) -> bool:
    if word in {"in", "not_in"}:
        return isinstance(value, list) and all(isinstance(item, _SCALARS) for item in value)
    if word == "empty":
        return isinstance(value, bool)
    if word in _ORDER:
        return isinstance(value, str | int | float) and not isinstance(value, bool)
    if word == "contains":
        return isinstance(value, str | int | float)
    return isinstance(value, _SCALARS)


def _holds(node: Expression, facts: Mapping[str, Any], conditions: Mapping[str, Condition]) -> bool:
    if "all" in node:
        return all(_holds(child, facts, conditions) for child in node["all"])
    if "any" in node:
        return any(_holds(child, facts, conditions) for child in node["any"])
    if "not" in node:
        return not _holds(node["not"], facts, conditions)
    if "condition" in node:
        return bool(conditions[node["condition"]].run(facts, **node.get("parameters", {})))
    word = next(key for key in node if key != "field")
    return _compare(word, plain(facts.get(node["field"])), node[word])


def _compare(word: str, fact: Any, value: Any) -> bool:  # noqa: PLR0911  one per operator
    if word == "empty":
        return (fact is None or fact in ("", [], ())) is value
    if word in {"is_not", "not_in"}:
        return not _compare(word.replace("_not", "").replace("not_", ""), fact, value)
    if word == "is":
        return bool(fact == alike(value, fact))
    if word == "in":
        return any(_compare("is", item, each) for item in _items(fact) for each in value)
    if fact is None:
        return False
    if word == "contains":
        return _contains(fact, value)
    try:
        return bool(_ORDER[word](fact, alike(value, fact)))
    except TypeError:
        return False


def _items(fact: Any) -> list[Any]:
    return list(fact) if isinstance(fact, list | tuple | set | frozenset) else [fact]


def _contains(fact: Any, value: Any) -> bool:
    if isinstance(fact, str):
        return str(value).lower() in fact.lower()
    return any(_compare("is", item, value) for item in _items(fact))


def plain(fact: Any) -> Any:
    """A fact as conditions see it: ids are text, moments are in UTC."""
    if isinstance(fact, UUID):
        return str(fact)
    if isinstance(fact, datetime) and fact.tzinfo:
        return fact.astimezone(UTC)
    return fact


def alike(value: Any, fact: Any) -> Any:
    """`value` of the expression in the type of `fact`: dates and moments are ISO text in JSON."""
    if not isinstance(value, str) or not isinstance(fact, date):
        return value
    try:
        if not isinstance(fact, datetime):
            return date.fromisoformat(value)
        moment = datetime.fromisoformat(value)
    except ValueError:
        return value
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _refuse(problems: list[Problem]) -> None:
    if problems:
        raise Invalid(*problems)


def _problem(path: str, message: str, **values: Any) -> Problem:
    return Problem(field=path, message=message, values=tuple(values.items()))


def _join(path: str, step: str) -> str:
    return f"{path}.{step}" if path else step
