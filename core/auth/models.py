"""Staff and how they come in: users, roles, teams, sign-ins, tokens, throttles and traces."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.clock import now
from core.db import Base, UtcDateTime
from core.tenancy import TenantKeyed, TenantScoped, tenant_foreign_key

ACTIVE, SUSPENDED = "active", "suspended"
BROWSER_LENGTH, IP_LENGTH = 200, 45


class User(TenantScoped, Base):
    """A member of staff with a sign-in; `locale` and `timezone` "" mean the tenant's."""

    __tablename__ = "user_account"
    __table_args__ = (sa.UniqueConstraint("tenant_id", "email"),)
    email: Mapped[str] = mapped_column(sa.String(254))
    display_name: Mapped[str] = mapped_column(sa.String(120))
    password_hash: Mapped[str | None] = mapped_column(sa.String(255))
    locale: Mapped[str] = mapped_column(sa.String(16), default="")
    timezone: Mapped[str] = mapped_column(sa.String(64), default="")
    state: Mapped[str] = mapped_column(sa.String(16), default=ACTIVE)
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    password_changed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_sign_in_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    redacted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Role(TenantScoped, Base):
    """Permissions with their reach ("own", "team", "department", "all").

    A built-in role takes its grants from the Catalog; `grants` then holds only what the tenant
    changed ("none" takes a permission away).
    """

    __tablename__ = "role"
    __table_args__ = (sa.UniqueConstraint("tenant_id", "name"),)
    name: Mapped[str] = mapped_column(sa.String(60))
    title: Mapped[Any] = mapped_column(sa.JSON)
    built_in: Mapped[bool] = mapped_column(default=False)
    grants: Mapped[dict[str, str]] = mapped_column(sa.JSON, default=dict)
    version: Mapped[int] = mapped_column(default=1)


class UserRole(TenantKeyed, Base):
    """That a user holds a role."""

    __tablename__ = "user_role"
    __table_args__ = (
        tenant_foreign_key("user_account", "user_id"),
        tenant_foreign_key("role", "role_id"),
        sa.Index("ix_user_role_role", "tenant_id", "role_id"),
    )
    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    role_id: Mapped[UUID] = mapped_column(primary_key=True)


class Department(TenantScoped, Base):
    """A unit of the company that work is handed over to; `name` is a text per locale."""

    __tablename__ = "department"
    __table_args__ = (sa.UniqueConstraint("tenant_id", "code"),)
    code: Mapped[str] = mapped_column(sa.String(60))
    name: Mapped[Any] = mapped_column(sa.JSON)
    archived_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Team(TenantScoped, Base):
    """People who share a queue; each team belongs to a department."""

    __tablename__ = "team"
    __table_args__ = (
        sa.UniqueConstraint("tenant_id", "code"),
        tenant_foreign_key("department", "department_id"),
        sa.Index("ix_team_department", "tenant_id", "department_id"),
    )
    code: Mapped[str] = mapped_column(sa.String(60))
    name: Mapped[Any] = mapped_column(sa.JSON)
    department_id: Mapped[UUID]
    archived_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class TeamMember(TenantKeyed, Base):
    """That a user works in a team."""

    __tablename__ = "team_member"
    __table_args__ = (
        tenant_foreign_key("team", "team_id"),
        tenant_foreign_key("user_account", "user_id"),
        sa.Index("ix_team_member_user", "tenant_id", "user_id"),
    )
    team_id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(primary_key=True)


class BrowserSession(TenantScoped, Base):
    """A sign-in of a browser; the row holds the hash of its 256-bit secret, never the secret."""

    __tablename__ = "browser_session"
    __table_args__ = (
        sa.UniqueConstraint("tenant_id", "secret_hash"),
        tenant_foreign_key("user_account", "user_id"),
        sa.Index("ix_browser_session_user", "tenant_id", "user_id"),
    )
    secret_hash: Mapped[str] = mapped_column(sa.String(64))
    user_id: Mapped[UUID]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    last_used_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ip: Mapped[str] = mapped_column(sa.String(45), default="")
    browser: Mapped[str] = mapped_column(sa.String(200), default="")


class ApiToken(TenantScoped, Base):
    """A bearer token of a user: what it may is its scopes that the user himself is granted."""

    __tablename__ = "api_token"
    __table_args__ = (
        sa.UniqueConstraint("tenant_id", "secret_hash"),
        tenant_foreign_key("user_account", "user_id"),
        sa.Index("ix_api_token_user", "tenant_id", "user_id"),
    )
    secret_hash: Mapped[str] = mapped_column(sa.String(64))
    name: Mapped[str] = mapped_column(sa.String(120))
    user_id: Mapped[UUID]
    scopes: Mapped[list[str]] = mapped_column(sa.JSON)
    created_by: Mapped[UUID | None]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class PasswordReset(TenantScoped, Base):
    """A one-time way to set a password; its token is signed over the id, so the row holds none."""

    __tablename__ = "password_reset"
    __table_args__ = (
        tenant_foreign_key("user_account", "user_id"),
        sa.Index("ix_password_reset_user", "tenant_id", "user_id"),
    )
    user_id: Mapped[UUID]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Throttle(TenantKeyed, Base):
    """How often something was tried in its window; `key` is hashed where it names a person."""

    __tablename__ = "throttle"
    key: Mapped[str] = mapped_column(sa.String(120), primary_key=True)
    window_started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    count: Mapped[int] = mapped_column(default=0)


class RequestLog(TenantScoped, Base):
    """Who sent an unsafe request from where; kept for 90 days."""

    __tablename__ = "request_log"
    __table_args__ = (sa.Index("ix_request_log_at", "tenant_id", "at"),)
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    request_id: Mapped[str] = mapped_column(sa.String(64), default="")
    actor_kind: Mapped[str] = mapped_column(sa.String(16))
    actor_id: Mapped[UUID | None]
    method: Mapped[str] = mapped_column(sa.String(8))
    route: Mapped[str] = mapped_column(sa.String(200))
    status: Mapped[int]
    ip: Mapped[str] = mapped_column(sa.String(45), default="")
    browser: Mapped[str] = mapped_column(sa.String(200), default="")
