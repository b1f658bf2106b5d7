"""Rows that wait to be written: they are written before a query that could see them, and for no other."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from sqlalchemy import event
from sqlalchemy.sql import visitors
from sqlalchemy.sql.elements import ColumnClause, TextClause
from sqlalchemy.sql.selectable import TableClause

from core.db import db, in_transaction

if TYPE_CHECKING:
    from sqlalchemy import Executable
    from sqlalchemy.orm import ORMExecuteState, Session

MOVES = "moves"
"""Key of a table's `info`: names of the tables that are written with it, by a trigger or at the flush."""

Tables = frozenset[str] | None
"""Names of tables; None is all of them."""

_tables: WeakKeyDictionary[Any, Tables] = WeakKeyDictionary()


@event.listens_for(db.session, "do_orm_execute")
def _spare_the_flush(state: ORMExecuteState) -> None:
    if state.is_select and not state.is_column_load and state.session.autoflush:
        waiting = tables_waiting(state.session)
        if waiting is not None and not _could_see(state, waiting):
            state.update_execution_options(autoflush=False)


def _could_see(state: ORMExecuteState, waiting: frozenset[str]) -> bool:
    if not waiting:
        return False
    if state.statement not in _tables:
        _tables[state.statement] = tables_read(state.statement)
    read = _tables[state.statement]
    return read is None or not waiting.isdisjoint(read)


def tables_read(statement: Executable) -> Tables:
    """The tables that a query reads, wherever they stand in it; all of them when it holds text of its own."""
    names: set[str] = set()
    for part in visitors.iterate(statement):  # type: ignore[arg-type]
        if isinstance(part, TableClause):
            names.add(part.name)
        elif isinstance(part, TextClause) or (isinstance(part, ColumnClause) and part.is_literal):
            return None
    return frozenset(names) or None


def tables_waiting(session: Session) -> Tables:
    """The tables that the next flush writes; all of them when it must come before any query.

    Deletions are written first, for rows that take their place; and outside of a transaction nothing is
    spared, so that a stray write is refused by the next query.
    """
    if session.deleted or not in_transaction():
        return None
    kinds: set[Any] = {type(row) for row in session.new}
    kinds.update(type(row) for row in session.dirty)
    return frozenset().union(*map(_written_with, kinds))


@lru_cache(maxsize=512)
def _written_with(kind: Any) -> frozenset[str]:
    tables = kind.__mapper__.tables
    return frozenset(
        {each.name for each in tables}.union(*(each.info.get(MOVES, ()) for each in tables))
    )
