"""The database handle, column types, and the only place that commits."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import event
from sqlalchemy.orm import DeclarativeBase, unitofwork

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flask import Flask
    from sqlalchemy.engine import Connection, Dialect, Engine
    from sqlalchemy.orm import Mapper, Session

log = logging.getLogger(__name__)

db = SQLAlchemy(disable_autonaming=True, session_options={"autoflush": True})


class Base(DeclarativeBase):
    """Root of all models; every constraint has a name, so that migrations can speak of it."""

    metadata = sa.MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        },
    )


class UtcDateTime(sa.TypeDecorator[datetime]):
    """An aware datetime, stored in UTC with microseconds on every database; a naive one is refused."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    @property
    def python_type(self) -> type[datetime]:
        """What conditions and cursors compare it with; a TypeDecorator would say `object`."""
        return datetime

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """To UTC; SQLite keeps no zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"naive datetime {value!r}")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Aware, in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


@dataclass
class _Transaction:
    before_commit: list[Callable[[], None]] = field(default_factory=list)
    after_commit: list[Callable[[], None]] = field(default_factory=list)
    asides: list[Callable[[], None]] = field(default_factory=list)


_current: ContextVar[_Transaction | None] = ContextVar("transaction", default=None)


def in_transaction() -> bool:
    """Whether a `transaction()` is open: writes are refused outside of one."""
    return _current.get() is not None


@contextmanager
def transaction() -> Iterator[None]:
    """Commit everything in the block or nothing; a nested one joins the outer.

    Order at the end: flush, `before_commit` calls, commit, `aside` calls, `after_commit` calls.
    """
    if _current.get() is not None:
        yield
        return
    # A reading transaction may be open on an older snapshot; the write starts on a fresh one.
    db.session.rollback()
    state = _Transaction()
    token = _current.set(state)
    try:
        try:
            yield
            _finish(state)
        except BaseException:
            db.session.rollback()
            raise
        finally:
            _current.reset(token)
    finally:
        _run_asides(state)
    for call in state.after_commit:
        call()


def _finish(state: _Transaction) -> None:
    # Flushed first: counters are taken after the last statement of the business, to hold their lock shortest.
    db.session.flush()
    for call in state.before_commit:
        call()
    db.session.commit()


def _run_asides(state: _Transaction) -> None:
    for call in state.asides:
        try:
            with transaction():
                call()
        except Exception:
            log.exception("aside %r failed", call)


def before_commit(call: Callable[[], None]) -> None:
    """Run `call` after the last flush, still in the transaction: for counters (model.md §6)."""
    _open().before_commit.append(call)


def after_commit(call: Callable[[], None]) -> None:
    """Run `call` once the open transaction has been committed; never when it is rolled back."""
    _open().after_commit.append(call)


def aside(call: Callable[[], None]) -> None:
    """Run `call` in its own transaction after the open one has ended, either way; at once when none is open."""
    state = _current.get()
    if state is not None:
        state.asides.append(call)
        return
    with transaction():
        call()


def _open() -> _Transaction:
    state = _current.get()
    if state is None:
        raise RuntimeError("no transaction is open")
    return state


def end_reading() -> None:
    """End a reading transaction and keep the loaded rows: they are read anew when they are looked at."""
    db.session.rollback()


@contextmanager
def keep_rows() -> Iterator[None]:
    """Hold what the session reads until the block ends: whoever tells a long story meets the same rows again.

    For one transaction that tells a past, not for requests: what is held is not read anew.
    """
    session, kept = db.session(), []

    def keep(_session: Session, row: Any) -> None:
        kept.append(row)

    event.listen(session, "loaded_as_persistent", keep)
    try:
        yield
    finally:
        event.remove(session, "loaded_as_persistent", keep)
        kept.clear()


def clear_session() -> None:
    """Forget every loaded row and end a reading transaction: one session serves one tenant."""
    db.session.remove()


# SQLAlchemy 2.1 put an underscore before the names of 2.0; tests/kernel/test_flush_order.py keeps what they do.
_actions: Any = unitofwork
_Save = getattr(_actions, "_SaveUpdateAll", None) or _actions.SaveUpdateAll
_Delete = getattr(_actions, "_DeleteAll", None) or _actions.DeleteAll


@lru_cache(maxsize=512)
def _referred(mapper: Mapper[Any]) -> frozenset[Mapper[Any]]:
    """Models that a model's foreign keys lead to, at any distance."""
    by_table: dict[Any, Mapper[Any]] = {each.local_table: each for each in mapper.registry.mappers}
    found: set[Mapper[Any]] = set()
    waiting = [mapper]
    while waiting:
        table: Any = waiting.pop().local_table
        ahead = {by_table[key.referred_table] for key in table.foreign_key_constraints} - found
        found |= ahead
        waiting += ahead
    return frozenset(found - {mapper})


def _mapper(row: Any) -> Mapper[Any]:
    found: Mapper[Any] = type(row).__mapper__
    return found


@event.listens_for(db.session, "before_flush")
def _referred_first(session: Session, context: Any, instances: Any) -> None:  # noqa: ARG001
    """Write rows after those they point to and delete them before: a flush may gather what many hands added.

    SQLAlchemy learns that from relationships, which the house does without, and else goes by the models' names.
    """
    kept = {_mapper(row) for row in (*session.new, *session.dirty)}
    for mapper in kept if len(kept) > 1 else ():
        for other in _referred(mapper) & kept:
            context.dependencies.add((_Save(context, other), _Save(context, mapper)))
    gone = {_mapper(row) for row in session.deleted}
    for mapper in gone if len(gone) > 1 else ():
        for other in _referred(mapper) & gone:
            context.dependencies.add((_Delete(context, mapper), _Delete(context, other)))


def init_database(app: Flask, guard: Callable[..., None]) -> None:
    """Connect the handle to `app`; `guard` sees every statement of its engines before it runs."""
    db.init_app(app)
    with app.app_context():
        for engine in db.engines.values():
            event.listen(engine, "before_cursor_execute", guard)
            if engine.dialect.name == "sqlite":
                _tame_sqlite(engine)


def _tame_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def connect(connection: Any, record: Any) -> None:  # noqa: ARG001
        connection.isolation_level = None  # we begin ourselves: IMMEDIATE for writers
        for pragma in ("journal_mode=WAL", "busy_timeout=10000", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if in_transaction() else "BEGIN")


def is_postgresql() -> bool:
    """Whether the second wall exists here."""
    return db.engine.dialect.name == "postgresql"
