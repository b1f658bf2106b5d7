"""Mail that is to go out: which template to whom about what; the words are made at sending."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.clock import now
from core.db import Base, UtcDateTime
from core.tenancy import TenantScoped, tenant_foreign_key

QUEUED, SENT, FAILED, CANCELLED = "queued", "sent", "failed", "cancelled"


class MailOut(TenantScoped, Base):
    """One mail to a contact point or a user; `params` holds ids and plain values, never words of a person."""

    __tablename__ = "mail_out"
    __table_args__ = (
        tenant_foreign_key("contact", "contact_id"),
        tenant_foreign_key("contact_point", "contact_point_id"),
        tenant_foreign_key("user_account", "user_id"),
        tenant_foreign_key("ticket", "ticket_id"),
        tenant_foreign_key("event", "event_id"),
        sa.Index("ix_mail_out_created", "tenant_id", "created_at"),
        sa.Index("ix_mail_out_ticket", "tenant_id", "ticket_id"),
        sa.Index("ix_mail_out_contact", "tenant_id", "contact_id"),
        sa.Index("ix_mail_out_contact_point", "tenant_id", "contact_point_id"),
        sa.Index("ix_mail_out_user", "tenant_id", "user_id"),
        sa.Index("ix_mail_out_event", "tenant_id", "event_id"),
    )
    template: Mapped[str] = mapped_column(sa.String(60))
    contact_id: Mapped[UUID | None]
    contact_point_id: Mapped[UUID | None]
    user_id: Mapped[UUID | None]
    ticket_id: Mapped[UUID | None]
    event_id: Mapped[UUID | None]
    params: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    send_after: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    state: Mapped[str] = mapped_column(sa.String(16), default=QUEUED)
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_error: Mapped[str] = mapped_column(sa.String(300), default="")
