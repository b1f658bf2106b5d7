"""Whose rows these are: the current tenant, the mixin of every tenant's table, and the first wall's ORM half."""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from uuid import UUID
from weakref import WeakKeyDictionary
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from flask import has_request_context
from sqlalchemy import event
from sqlalchemy.orm import Mapped, Session, mapped_column, with_loader_criteria

from core.clock import now, uuid7
from core.db import Base, UtcDateTime, clear_session, db, in_transaction
from core.errors import NoTenant, TenantLeak
from core.i18n import use

if TYPE_CHECKING:
    from collections.abc import Iterator

RESERVED_SLUGS = frozenset(
    [
        "www",
        "api",
        "app",
        "admin",
        "console",
        "desk",
        "portal",
        "static",
        "mail",
        "smtp",
        "imap",
        "ns",
        "localhost",
        "polydesk",
        "help",
        "status",
        "operator",
    ]
)


@dataclass(frozen=True, kw_only=True)
class Tenant:
    """The current tenant (租户) as a plain value; `config_version` keys every cache of its configuration."""

    id: UUID
    slug: str
    name: dict[str, str]
    locale: str = "zh-CN"
    timezone: str = "Asia/Shanghai"
    state: str = "active"
    config_version: int = 1
    brand: tuple[tuple[str, str], ...] = ()

    @property
    def read_only(self) -> bool:
        """Suspended and closing tenants can be read, not written."""
        return self.state != "active"


class TenantRecord(Base):
    """A company on this installation; global. `state` is active, suspended, closing or gone."""

    __tablename__ = "tenant"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    slug: Mapped[str] = mapped_column(sa.String(63), unique=True)
    name: Mapped[dict[str, Any]] = mapped_column(sa.JSON)
    locale: Mapped[str] = mapped_column(sa.String(16), default="zh-CN")
    timezone: Mapped[str] = mapped_column(sa.String(64), default="Asia/Shanghai")
    state: Mapped[str] = mapped_column(sa.String(16), default="active")
    brand: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict)
    config_version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)

    def value(self) -> Tenant:
        """This row as the frozen value that code passes around."""
        return Tenant(
            id=self.id,
            slug=self.slug,
            name=self.name,
            locale=self.locale,
            timezone=self.timezone,
            state=self.state,
            config_version=self.config_version,
            brand=tuple(sorted(self.brand.items())),
        )


class TenantDomain(Base):
    """An exact host name that leads to a tenant; global."""

    __tablename__ = "tenant_domain"
    domain: Mapped[str] = mapped_column(sa.String(253), primary_key=True)
    tenant_id: Mapped[UUID] = mapped_column(sa.ForeignKey("tenant.id"), index=True)


class TenantKeyed:
    """Mixin of every tenant's table: the key begins with the tenant."""

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True, sort_order=-20)


class TenantScoped(TenantKeyed):
    """The usual tenant's table: key (tenant_id, id), both known from construction on."""

    id: Mapped[UUID] = mapped_column(primary_key=True, sort_order=-10)


def tenant_foreign_key(table: str, column: str) -> sa.ForeignKeyConstraint:
    """A reference that cannot leave the tenant: (tenant_id, column) -> table(tenant_id, id), restricting deletes."""
    return sa.ForeignKeyConstraint(
        ["tenant_id", column], [f"{table}.tenant_id", f"{table}.id"], ondelete="RESTRICT"
    )


_tenant: ContextVar[Tenant | None] = ContextVar("tenant", default=None)


def day_of(at: datetime) -> date:
    """The current tenant's calendar day at a moment: a window of days ends there, whoever looks from wherever."""
    return at.astimezone(ZoneInfo(current_tenant().timezone)).date()


def current_tenant() -> Tenant:
    """The tenant of the running request, job or command; raises NoTenant when there is none."""
    tenant = _tenant.get()
    if tenant is None:
        raise NoTenant("no tenant is set")
    return tenant


def tenant_or_none() -> Tenant | None:
    """The current tenant, or None on the operator's ground."""
    return _tenant.get()


@contextmanager
def as_tenant(tenant: Tenant) -> Iterator[Tenant]:
    """Work as `tenant`; another one may not be entered inside, and the session is emptied on the way out.

    Outside of a request, which speaks its reader's language, words and days are the tenant's.
    """
    outer = _tenant.get()
    if outer is not None and outer.id != tenant.id:
        raise TenantLeak(f"cannot enter {tenant.slug} inside {outer.slug}")
    if outer is not None:
        yield outer
        return
    clear_session()
    token = _tenant.set(tenant)
    speaking = nullcontext() if has_request_context() else use(tenant.locale, tenant.timezone)
    try:
        with speaking:
            yield tenant
    finally:
        clear_session()
        _tenant.reset(token)


def all_tenants(reason: str) -> Iterator[Tenant]:
    """Enter every living tenant in turn; `reason` says why someone looks across tenants."""
    if not reason:
        raise ValueError("all_tenants() wants a reason")
    rows = db.session.scalars(
        sa.select(TenantRecord).where(TenantRecord.state != "gone").order_by(TenantRecord.slug)
    )
    tenants = [row.value() for row in rows]
    for tenant in tenants:
        with as_tenant(tenant):
            yield tenant


_BY_SLUG = sa.select(TenantRecord).where(
    TenantRecord.slug == sa.bindparam("slug"), TenantRecord.state != "gone"
)


def find_tenant(slug: str) -> Tenant | None:
    """The tenant of that slug, if there is one and it is not gone."""
    row = db.session.scalar(_BY_SLUG, {"slug": slug})
    return row.value() if row else None


def tenant_by_id(tenant_id: UUID) -> Tenant | None:
    """The tenant of that id: for workers that were handed a row's key."""
    row = db.session.get(TenantRecord, tenant_id)
    return row.value() if row else None


_RECORD: Any = TenantRecord.__table__
_BUMP = (
    sa.update(_RECORD)
    .where(_RECORD.c.id == sa.bindparam("tenant"))
    .values(config_version=_RECORD.c.config_version + 1)
)


def bump_config() -> None:
    """Make every process forget what it cached of the current tenant, from its next request on."""
    db.session.execute(_BUMP, {"tenant": current_tenant().id})


# --- the ORM half of wall 1 (model.md §3); the SQL half is core/walls.py


@event.listens_for(TenantKeyed, "init", propagate=True)
def _stamp(target: Any, args: Any, kwargs: dict[str, Any]) -> None:  # noqa: ARG001
    kwargs.setdefault("tenant_id", current_tenant().id)
    if isinstance(target, TenantScoped):
        kwargs.setdefault("id", uuid7())
    model: Any = type(target)
    for name, default in _defaults(model):
        if name not in kwargs:
            kwargs[name] = default.arg(None) if default.is_callable else default.arg


@lru_cache(maxsize=512)
def _defaults(model: Any) -> tuple[tuple[str, Any], ...]:
    """What columns are by default: a row is so from its making, whenever it is written."""
    columns = ((each.key, each.columns[0].default) for each in model.__mapper__.column_attrs)
    return tuple(
        (name, default)
        for name, default in columns
        if default is not None and (default.is_scalar or default.is_callable)
    )


@lru_cache(maxsize=1024)
def _criterion(tenant_id: UUID) -> Any:
    # Building it costs a twentieth of a query's time, and it is the same for every query of a tenant.
    return with_loader_criteria(
        TenantKeyed, lambda model: model.tenant_id == tenant_id, include_aliases=True
    )


_narrowed: WeakKeyDictionary[Any, tuple[UUID, Any]] = WeakKeyDictionary()
"""What a statement became for the tenant that used it last: built once for statements that are built once."""


@event.listens_for(db.session, "do_orm_execute")
def _narrow(state: Any) -> None:
    if not (state.is_select or state.is_update or state.is_delete) or state.is_column_load:
        return
    tenant = tenant_or_none()
    if tenant is None:
        return  # global tables pass; the guard on the SQL text refuses the rest
    known = _narrowed.get(state.statement)
    if known is None or known[0] != tenant.id:
        known = tenant.id, state.statement.options(_criterion(tenant.id))
        _narrowed[state.statement] = known
    state.statement = known[1]


@event.listens_for(db.session, "before_flush")
def _check_rows(session: Session, context: Any, instances: Any) -> None:  # noqa: ARG001
    touched = [*session.new, *session.dirty, *session.deleted]
    if touched and not in_transaction():
        raise RuntimeError(f"write outside of transaction(): {touched[0]!r}")
    for row in touched:
        if isinstance(row, TenantKeyed) and row.tenant_id != current_tenant().id:
            raise TenantLeak(f"{type(row).__name__} belongs to another tenant")
