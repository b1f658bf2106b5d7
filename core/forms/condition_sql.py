"""Conditions compiled to SQL: a queue view is one index walk and means what `evaluate` means."""

from __future__ import annotations

import operator
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa

from core.errors import Invalid
from core.forms.conditions import check

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.declarations import Expression

Criterion = sa.ColumnElement[bool]
Compiler = Callable[[str, Any], Criterion]
"""Compiles one operator and its value for a field that is not a column (tags, linked rows)."""

_ORDER: dict[str, Callable[[Any, Any], Any]] = {
    "lt": operator.lt,
    "lte": operator.le,
    "gt": operator.gt,
    "gte": operator.ge,
}


def to_sql(
    expression: Expression, columns: Mapping[str, sa.ColumnElement[Any] | Compiler]
) -> Criterion:
    """The WHERE clause of `expression`; `columns` names what may be asked.

    Named conditions have no SQL: Invalid.
    """
    problems = check(expression, fields=columns, conditions={})
    if problems:
        raise Invalid(*problems)
    return _compile(expression, columns)


def _compile(
    node: Expression, columns: Mapping[str, sa.ColumnElement[Any] | Compiler]
) -> Criterion:
    if "all" in node:
        return sa.and_(sa.true(), *(_compile(child, columns) for child in node["all"]))
    if "any" in node:
        return sa.or_(sa.false(), *(_compile(child, columns) for child in node["any"]))
    if "not" in node:
        return sa.not_(_compile(node["not"], columns))
    word = next(key for key in node if key != "field")
    column = columns[node["field"]]
    if callable(column):
        return column(word, node[word])
    return _compare(word, column, node[word])


def _compare(word: str, column: sa.ColumnElement[Any], value: Any) -> Criterion:
    """Two-valued on purpose: NULL is empty, never unknown, so that NOT means what it says."""
    if word == "empty":
        empty: Criterion = column.is_(None)
        if isinstance(column.type, sa.String):
            empty = sa.or_(empty, column == "")
        return empty if value else sa.not_(empty)
    if word in {"is_not", "not_in"}:
        return sa.not_(_compare(word.replace("_not", "").replace("not_", ""), column, value))
    if word == "is":
        return _equal(column, value)
    if word == "in":
        return sa.or_(sa.false(), *(_equal(column, item) for item in value))
    if word == "contains":
        wanted = column.icontains(str(value), autoescape=True)
        return sa.and_(column.is_not(None), wanted)
    typed, fits = _typed(value, column)
    return sa.and_(column.is_not(None), _ORDER[word](column, typed)) if fits else sa.false()


def _equal(column: sa.ColumnElement[Any], value: Any) -> Criterion:
    if value is None:
        return column.is_(None)
    typed, fits = _typed(value, column)
    return sa.and_(column.is_not(None), column == typed) if fits else sa.false()


def _typed(value: Any, column: sa.ColumnElement[Any]) -> tuple[Any, bool]:
    """`value` in the column's type, and whether it fits it at all."""
    wanted = column.type.python_type
    try:
        if wanted is UUID:
            return UUID(str(value)), True
        if wanted is datetime:
            moment = datetime.fromisoformat(value)
            return moment if moment.tzinfo else moment.replace(tzinfo=UTC), True
        if wanted is date:
            return date.fromisoformat(value), True
    except (TypeError, ValueError):
        return value, False
    if wanted in {int, float, bool}:
        return value, isinstance(value, int | float)
    return value, isinstance(value, wanted)
