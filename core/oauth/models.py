"""Apps, what people allowed them, and the tokens that came of it; every secret as its hash."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.clock import now
from core.db import Base, UtcDateTime
from core.tenancy import TenantScoped, tenant_foreign_key

ACTIVE, DISABLED = "active", "disabled"
CODE, REFRESH, CLIENT = "authorization_code", "refresh_token", "client_credentials"
GRANT_TYPES = (CODE, REFRESH, CLIENT)
NAME_LENGTH = 120


class OAuthClient(TenantScoped, Base):
    """An app that this tenant knows; `scopes` are the tenant's grant to it.

    Its public identifier is `service.public_id(client)`. Without a `secret_hash` it is a public
    client: an app on people's own devices, which can keep no secret. A removed one keeps its name,
    so that history stays readable.
    """

    __tablename__ = "oauth_client"
    __table_args__ = (sa.Index("ix_oauth_client_name", "tenant_id", "name"),)
    name: Mapped[str] = mapped_column(sa.String(NAME_LENGTH))
    publisher: Mapped[str] = mapped_column(sa.String(NAME_LENGTH), default="")
    redirect_uris: Mapped[list[str]] = mapped_column(sa.JSON, default=list)
    scopes: Mapped[list[str]] = mapped_column(sa.JSON)
    grant_types: Mapped[list[str]] = mapped_column(sa.JSON)
    secret_hash: Mapped[str | None] = mapped_column(sa.String(64))
    state: Mapped[str] = mapped_column(sa.String(16), default=ACTIVE)
    version: Mapped[int] = mapped_column(default=1)
    created_by: Mapped[UUID | None]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    removed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    @property
    def confidential(self) -> bool:
        """Whether it proves itself by a secret."""
        return self.secret_hash is not None

    @property
    def living(self) -> bool:
        """Whether it may do anything at all."""
        return self.state == ACTIVE and self.removed_at is None


class OAuthGrant(TenantScoped, Base):
    """What a user once allowed an app, remembered so that he is not asked again; one row per pair."""

    __tablename__ = "oauth_grant"
    __table_args__ = (
        sa.UniqueConstraint("tenant_id", "user_id", "client_id"),
        tenant_foreign_key("user_account", "user_id"),
        tenant_foreign_key("oauth_client", "client_id"),
        sa.Index("ix_oauth_grant_client", "tenant_id", "client_id"),
    )
    client_id: Mapped[UUID]
    user_id: Mapped[UUID]
    scopes: Mapped[list[str]] = mapped_column(sa.JSON)
    given_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class OAuthFamily(TenantScoped, Base):
    """One authorization and everything that was issued from it: its code, and the tokens of its line.

    Killing the row kills them all at once, also a token that is being issued at the same moment.
    Client credentials have a family without user and code for each token.
    """

    __tablename__ = "oauth_family"
    __table_args__ = (
        sa.UniqueConstraint("tenant_id", "code_hash"),
        tenant_foreign_key("oauth_client", "client_id"),
        tenant_foreign_key("user_account", "user_id"),
        sa.Index("ix_oauth_family_client", "tenant_id", "client_id"),
        sa.Index("ix_oauth_family_user", "tenant_id", "user_id"),
        sa.Index("ix_oauth_family_ends", "tenant_id", "ends_at"),
    )
    client_id: Mapped[UUID]
    user_id: Mapped[UUID | None]
    scopes: Mapped[list[str]] = mapped_column(sa.JSON)
    code_hash: Mapped[str | None] = mapped_column(sa.String(64))
    redirect_uri: Mapped[str] = mapped_column(sa.String(2000), default="")
    challenge: Mapped[str] = mapped_column(sa.String(128), default="")
    code_expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    code_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    ends_at: Mapped[datetime] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class OAuthToken(TenantScoped, Base):
    """An access token with the refresh token that was issued beside it."""

    __tablename__ = "oauth_token"
    __table_args__ = (
        sa.UniqueConstraint("tenant_id", "access_hash"),
        sa.UniqueConstraint("tenant_id", "refresh_hash"),
        tenant_foreign_key("oauth_family", "family_id"),
        sa.Index("ix_oauth_token_family", "tenant_id", "family_id"),
    )
    family_id: Mapped[UUID]
    access_hash: Mapped[str] = mapped_column(sa.String(64))
    refresh_hash: Mapped[str | None] = mapped_column(sa.String(64))
    scopes: Mapped[list[str]] = mapped_column(sa.JSON)
    issued_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    access_expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    refresh_expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    refresh_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
