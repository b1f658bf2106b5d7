"""What the kernel's stories need: facts to tell, and an attacker who may edit every table."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from core.actors import SYSTEM
from core.clock import uuid7
from core.db import clear_session, transaction
from core.events import Event, emit
from core.jobs import relay_tenant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from uuid import UUID


@dataclass(frozen=True, kw_only=True)
class Knocked(Event):
    """Somebody knocked `times` times."""

    type = "test.knocked"
    times: int = 1


@pytest.fixture
def knock() -> Callable[..., UUID]:
    """Emit a fact about a door; gives the event's id."""

    def tell(times: int = 1) -> UUID:
        with transaction():
            return emit(Knocked(times=times), subject=("door", uuid7()), actor=SYSTEM).id

    return tell


@pytest.fixture
def knocked(tenant, knock) -> list[UUID]:
    """Twelve sealed facts."""
    found = [knock(n) for n in range(1, 13)]
    relay_tenant()
    return found


@pytest.fixture
def attacker(database: Mapping[str, str]) -> Callable[[], Iterator[sa.Connection]]:
    """A connection past every wall, as someone with the database's superuser has it."""

    @contextmanager
    def enter() -> Iterator[sa.Connection]:
        clear_session()
        engine = sa.create_engine(database.get("admin", database["owner"]))
        try:
            with engine.begin() as connection:
                if engine.dialect.name == "sqlite":
                    connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
                else:
                    connection.exec_driver_sql("SET session_replication_role = replica")
                yield connection
        finally:
            engine.dispose()

    return enter
