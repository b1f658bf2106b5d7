"""Where facts are sent, and how each attempt went."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.clock import now
from core.db import Base, UtcDateTime
from core.tenancy import TenantScoped, tenant_foreign_key

ACTIVE, DISABLED = "active", "disabled"
BY_HAND, GONE, FAILING, APP_OFF = "by_hand", "gone", "failing", "app_off"
ANSWER_LENGTH = 200


class WebhookEndpoint(TenantScoped, Base):
    """An address that is told of `events` (topics of the Catalog); `owner` is "" or the app it belongs to.

    `secret` is sealed; after a rotation `old_secret` signs too until `old_until`. `failing_since` is the first of an
    unbroken run of failed attempts. `reason` says why it is off. A removed one keeps its row, so that history stays
    readable.
    """

    __tablename__ = "webhook_endpoint"
    __table_args__ = (sa.Index("ix_webhook_endpoint_owner", "tenant_id", "owner"),)
    title: Mapped[str] = mapped_column(sa.String(120))
    url: Mapped[str] = mapped_column(sa.String(2000))
    events: Mapped[list[str]] = mapped_column(sa.JSON)
    owner: Mapped[str] = mapped_column(sa.String(60), default="")
    secret: Mapped[str] = mapped_column(sa.Text)
    old_secret: Mapped[str | None] = mapped_column(sa.Text)
    old_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    state: Mapped[str] = mapped_column(sa.String(16), default=ACTIVE)
    reason: Mapped[str] = mapped_column(sa.String(16), default="")
    failures: Mapped[int] = mapped_column(default=0)
    failing_since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    succeeded_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    created_by: Mapped[UUID | None]
    removed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class WebhookAttempt(TenantScoped, Base):
    """One POST of one delivery: what came back, how long it took (ms), the first 200 characters of the answer.

    `status` is empty when nothing came back; `error` says why then. Dropped after 30 days.
    """

    __tablename__ = "webhook_attempt"
    __table_args__ = (
        tenant_foreign_key("webhook_endpoint", "endpoint_id"),
        sa.Index("ix_webhook_attempt_endpoint", "tenant_id", "endpoint_id", "id"),
        sa.Index("ix_webhook_attempt_delivery", "tenant_id", "delivery_id"),
        sa.Index("ix_webhook_attempt_at", "tenant_id", "at"),
    )
    endpoint_id: Mapped[UUID]
    delivery_id: Mapped[UUID]
    event_id: Mapped[UUID]
    event_type: Mapped[str] = mapped_column(sa.String(120))
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    number: Mapped[int]
    status: Mapped[int | None]
    milliseconds: Mapped[int]
    answer: Mapped[str] = mapped_column(sa.String(ANSWER_LENGTH), default="")
    error: Mapped[str] = mapped_column(sa.String(300), default="")
