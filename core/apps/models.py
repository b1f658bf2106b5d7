"""An app that a tenant installed: its manifest as it was accepted, its switch and its settings."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.clock import now
from core.db import Base, UtcDateTime
from core.tenancy import TenantScoped, tenant_foreign_key

ON, OFF, REMOVED = "on", "off", "removed"


class App(TenantScoped, Base):
    """A remote app (远程应用). `client_id` is its principal of OAuth, `endpoint_id` where its events go.

    The endpoint's secret signs panels and actions as well. A removed one keeps its row; installed again, it is the
    same row with a new client and a new endpoint.
    """

    __tablename__ = "app"
    __table_args__ = (
        sa.UniqueConstraint("tenant_id", "name"),
        tenant_foreign_key("oauth_client", "client_id"),
        tenant_foreign_key("webhook_endpoint", "endpoint_id"),
        sa.Index("ix_app_client", "tenant_id", "client_id"),
        sa.Index("ix_app_endpoint", "tenant_id", "endpoint_id"),
    )
    name: Mapped[str] = mapped_column(sa.String(40))
    manifest: Mapped[dict[str, Any]] = mapped_column(sa.JSON)
    state: Mapped[str] = mapped_column(sa.String(16), default=OFF)
    settings: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict)
    client_id: Mapped[UUID]
    endpoint_id: Mapped[UUID]
    installed_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    installed_by: Mapped[UUID | None]
    switched_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
