"""The SQL half of both walls: a guard on the text of every statement, and row-level security on PostgreSQL."""

from __future__ import annotations

import re
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import event

from core.db import Base, db
from core.errors import NoTenant, StartupError, TenantLeak
from core.tenancy import tenant_or_none

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    from sqlalchemy.engine import Connection

CROSSING_TABLES = frozenset({"outbox", "delivery", "timer", "job_run"})
APPEND_ONLY = frozenset({"event", "ledger"})
_crossing: ContextVar[bool] = ContextVar("crossing", default=False)

_PLACEHOLDER = r"(\?|%\(\w+\)s|:\w+)"
_REFERENCE = re.compile(
    r'(?:\b(?:FROM|JOIN|UPDATE|USING|INTO)\s+|,\s*)"?(\w+)"?(?!\s*\.)(?!\w)(?:\s+AS\s+"?(\w+)"?)?',
    re.IGNORECASE,
)
_PREDICATE = re.compile(
    rf'(?:"?(\w+)"?\.)?\btenant_id\b\s*(?:=|IN)\s*\(?\s*(?:CAST\()?(?:{_PLACEHOLDER}|"?(\w+)"?\.tenant_id)',
    re.IGNORECASE,
)
_SET = re.compile(
    r"(?<=\bSET\b).*?(?=\bWHERE\b|\bFROM\b|\bRETURNING\b|$)", re.IGNORECASE | re.DOTALL
)
_INSERT = re.compile(r'^\s*INSERT\s+INTO\s+"?(\w+)"?\s*\(([^)]*)\)', re.IGNORECASE)


@contextmanager
def crossing(reason: str) -> Iterator[None]:
    """Let the worker read CROSSING_TABLES across tenants; nothing else, and with no tenant set."""
    if not reason or tenant_or_none() is not None:
        raise TenantLeak("crossing() wants a reason and no tenant")
    token = _crossing.set(True)
    try:
        yield
    finally:
        _crossing.reset(token)


@lru_cache(maxsize=1)
def tenant_tables() -> frozenset[str]:
    """Names of all tables that carry a tenant."""
    return frozenset(
        name for name, table in Base.metadata.tables.items() if "tenant_id" in table.c
    ) - {"tenant_domain"}


@dataclass(frozen=True)
class _Verdict:
    """What the text of one statement demands: tables, and where its tenant parameters are (names or positions)."""

    tables: frozenset[str]
    problem: str = ""
    keys: tuple[str | int, ...] = ()


def _strip_literals(sql: str) -> str:
    return re.sub(r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'", "''", sql, flags=re.DOTALL)


@lru_cache(maxsize=4096)
def _judge(sql: str) -> _Verdict:
    text = _strip_literals(sql)
    labels = {
        (alias or name): name for name, alias in _REFERENCE.findall(text) if name in tenant_tables()
    }
    tables = frozenset(labels.values())
    if not tables:
        return _Verdict(tables)
    if match := _INSERT.match(text):
        return _judge_insert(text, match, tables)
    text, moves = _without_set(text)
    if moves:
        return _Verdict(tables, "a row may not change its tenant")
    keys: list[str | int] = []
    bound: set[str] = set()
    joined: list[tuple[str, str]] = []
    for found in _PREDICATE.finditer(text):
        owner, placeholder, other = found.group(1) or "", found.group(2), found.group(3)
        if placeholder:
            bound.add(owner)
            keys.append(_key(text, placeholder, found.start(2)))
        else:
            joined.append((owner, other))
    for _ in joined:  # equality with a bound table binds, transitively
        bound |= {a for a, b in joined if b in bound} | {b for a, b in joined if a in bound}
    open_labels = set(labels) - bound
    if "" in bound and len(labels) == 1:
        open_labels = set()
    problem = f"{sorted(open_labels)} without tenant_id = ..." if open_labels or not keys else ""
    return _Verdict(tables, problem, tuple(keys))


def _without_set(text: str) -> tuple[str, bool]:
    """An UPDATE without what it sets (its placeholders kept in place), and whether it sets the tenant."""
    found = _SET.search(text)
    if not found:
        return text, False
    kept = re.sub(r"[^?]", " ", found.group())
    return text[: found.start()] + kept + text[found.end() :], "tenant_id" in found.group()


def _judge_insert(text: str, match: re.Match[str], tables: frozenset[str]) -> _Verdict:
    columns = [name.strip().strip('"') for name in match.group(2).split(",")]
    if "tenant_id" not in columns:
        return _Verdict(tables, "insert without tenant_id")
    rows = re.split(r"\bON\s+CONFLICT\b|\bRETURNING\b", text[match.end() :], flags=re.IGNORECASE)[0]
    named = tuple(dict.fromkeys(re.findall(r"[%:]\(?(tenant_id(?:_m?\d+|__\d+)?)\b", rows)))
    if named:
        return _Verdict(tables, keys=named)
    count, width = rows.count("?"), len(columns)
    if not count or count % width:
        return _Verdict(tables, "insert of values that are not all bound")
    return _Verdict(tables, keys=tuple(range(columns.index("tenant_id"), count, width)))


def _key(text: str, placeholder: str, at: int) -> str | int:
    if placeholder == "?":
        return text.count("?", 0, at)
    return placeholder[2:-2] if placeholder.startswith("%") else placeholder[1:]


def guard(
    connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, executemany: bool
) -> None:
    """Refuse any statement on a tenant's table that is not bound to the current tenant (wall 1, both databases)."""
    verdict = _judge(statement)
    if not verdict.tables:
        return
    if _crossing.get() and verdict.tables <= CROSSING_TABLES:
        return
    tenant = tenant_or_none()
    if tenant is None:
        raise NoTenant(f"{sorted(verdict.tables)} touched with no tenant")
    if verdict.problem:
        raise TenantLeak(f"{verdict.problem}: {statement[:200]}")
    for values in parameters if executemany else (parameters,):
        _check_values(verdict, values, tenant.id)


def _check_values(verdict: _Verdict, values: Any, tenant_id: UUID) -> None:
    if not all(_is(values[key], tenant_id) for key in verdict.keys):
        raise TenantLeak("a statement is bound to another tenant")


def _is(value: Any, tenant_id: UUID) -> bool:
    return value == tenant_id or (
        isinstance(value, str) and value.replace("-", "").lower() == tenant_id.hex
    )


# --- wall 2


@event.listens_for(db.session, "after_begin")
def _set_tenant(session: Any, transaction: Any, connection: Connection) -> None:
    tenant = tenant_or_none()
    if tenant is not None and connection.dialect.name == "postgresql":
        # A UUID, so safe to inline; SET LOCAL takes no parameters and is forgotten with the transaction.
        connection.exec_driver_sql(f"SET LOCAL app.tenant_id = '{tenant.id}'")


def raise_walls(connection: Connection, app_role: str, worker_role: str) -> None:
    """Put forced row-level security and grants on every tenant's table, as the owner; idempotent."""
    run = connection.exec_driver_sql
    existing = set(run("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").scalars())
    run(f'GRANT USAGE ON SCHEMA public TO "{app_role}", "{worker_role}"')
    for table in sorted(existing):
        if table in tenant_tables():
            _wall_in(run, table, app_role, worker_role)
        else:
            run(f'GRANT SELECT ON "{table}" TO "{app_role}", "{worker_role}"')
    for table in {"tenant", "tenant_domain", "declared_definition"} & existing:
        run(f'GRANT INSERT, UPDATE ON "{table}" TO "{app_role}"')


def _wall_in(run: Any, table: str, app_role: str, worker_role: str) -> None:
    run(f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY')
    run(f'ALTER TABLE "{table}" FORCE ROW LEVEL SECURITY')
    run(f'DROP POLICY IF EXISTS tenant_wall ON "{table}"')
    mine = "tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid"
    run(f'CREATE POLICY tenant_wall ON "{table}" USING ({mine}) WITH CHECK ({mine})')
    rights = "SELECT, INSERT" if table in APPEND_ONLY else "SELECT, INSERT, UPDATE, DELETE"
    run(f'GRANT {rights} ON "{table}" TO "{app_role}"')
    if table in CROSSING_TABLES:
        run(f'DROP POLICY IF EXISTS worker_crossing ON "{table}"')
        run(f'CREATE POLICY worker_crossing ON "{table}" TO "{worker_role}" USING (true)')
        run(f'GRANT SELECT, UPDATE ON "{table}" TO "{worker_role}"')


def check_app_role() -> None:
    """Refuse to serve as a role that could walk through wall 2: superuser, BYPASSRLS, or owner of a tenant's table."""
    with db.engine.connect() as connection:
        run = connection.exec_driver_sql
        strong = run(
            "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user"
        ).scalar()
        owned = run(
            "SELECT count(*) FROM pg_tables WHERE schemaname = 'public' AND tableowner = current_user"
        ).scalar()
    if strong or owned:
        raise StartupError(
            "DATABASE_URL must name a role that owns no table and is neither superuser nor BYPASSRLS"
        )
