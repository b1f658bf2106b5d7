"""Pages by keyset: the next one begins behind the last row of this one, however many rows there are."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa

from core import keys
from core.db import db
from core.errors import Invalid, Problem
from core.tenancy import current_tenant

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement

Columns = Sequence[tuple[Any, bool]]
"""What orders the rows, each with whether it descends; the last one makes the order total."""

MOST = 100


@dataclass(frozen=True)
class Page:
    """One page of rows; `next` is the cursor of the following one, None at the end."""

    items: list[Any]
    next: str | None = None


def page_of(
    rows: sa.Select[Any], *columns: Any, cursor: str = "", limit: int = 50, newest: bool = True
) -> Page:
    """One page of `rows` (a select of one model) in the order of `columns`, all descending or all ascending.

    The last column must be unique (the id). Invalid for a cursor that was not given out for this select.
    """
    return page_in_order(
        rows, [(column, newest) for column in columns], cursor=cursor, limit=limit, scope=str(rows)
    )


def page_in_order(
    rows: sa.Select[Any], columns: Columns, *, cursor: str, limit: int, scope: str
) -> Page:
    """The same with a direction per column; a cursor fits only the `scope` that it was given out for."""
    size = max(1, min(limit, MOST))
    if cursor:
        rows = rows.where(_behind(columns, _open(cursor, scope, columns)))
    order = [column.desc() if descends else _ascending(column) for column, descends in columns]
    found = list(db.session.scalars(rows.order_by(*order).limit(size + 1)))
    following = _seal(found[size - 1], scope, columns) if len(found) > size else None
    return Page(found[:size], following)


def _ascending(column: Any) -> Any:
    return column.asc().nulls_last() if column.nullable else column.asc()


def _behind(columns: Columns, values: Sequence[Any]) -> ColumnElement[bool]:
    """Rows that come after the one with `values`."""
    ways = []
    for index, (column, descends) in enumerate(columns):
        same = [
            other.is_(None) if value is None else other == value
            for (other, _), value in zip(columns[:index], values[:index], strict=True)
        ]
        ways.append(sa.and_(sa.true(), *same, _beyond(column, values[index], descends=descends)))
    return sa.or_(*ways)


def _beyond(column: Any, value: Any, *, descends: bool) -> ColumnElement[bool]:
    if value is None:
        return sa.false()
    if descends:
        return sa.and_(column < value)
    if not column.nullable:
        return sa.and_(column > value)
    return sa.or_(column > value, column.is_(None))


def _seal(row: Any, scope: str, columns: Columns) -> str:
    values = [getattr(row, column.key) for column, _ in columns]
    body = json.dumps([_plain(value) for value in values])
    text = base64.urlsafe_b64encode(body.encode()).decode().rstrip("=")
    return f"{text}.{keys.sign('cursor', *_signed(text, scope))}"


def _open(cursor: str, scope: str, columns: Columns) -> list[Any]:
    text, _, signature = cursor.partition(".")
    if not keys.signature_fits(signature, "cursor", *_signed(text, scope)):
        raise Invalid(Problem(field="cursor", message="problem.cursor"))
    values = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    return [_typed(value, column) for value, (column, _) in zip(values, columns, strict=True)]


def _signed(text: str, scope: str) -> tuple[str, str, str]:
    return text, str(current_tenant().id), hashlib.sha256(scope.encode()).hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value


def _typed(value: Any, column: Any) -> Any:
    if value is None:
        return None
    kinds: dict[type, Callable[[Any], Any]] = {UUID: UUID, datetime: datetime.fromisoformat}
    return kinds.get(column.type.python_type, lambda same: same)(value)
