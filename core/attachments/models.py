"""Files of a tenant: what is known about them; the bytes lie beside the database."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.clock import now
from core.db import Base, UtcDateTime
from core.tenancy import TenantScoped, tenant_foreign_key


class Attachment(TenantScoped, Base):
    """An upload (附件). Until it is claimed for a ticket it is `owner`'s alone: a form key or a principal.

    Once claimed, whoever sees the ticket sees it, customers only when its `visibility` is public.
    `blob_key` is "" when it was redacted.
    """

    __tablename__ = "attachment"
    __table_args__ = (
        tenant_foreign_key("ticket", "ticket_id"),
        sa.Index("ix_attachment_ticket", "tenant_id", "ticket_id"),
        sa.Index("ix_attachment_owner", "tenant_id", "owner", "ticket_id"),
    )
    owner: Mapped[str] = mapped_column(sa.String(120))
    ticket_id: Mapped[UUID | None]
    visibility: Mapped[str] = mapped_column(sa.String(16), default="public")
    name: Mapped[str] = mapped_column(sa.String(200))
    media_type: Mapped[str] = mapped_column(sa.String(120))
    size: Mapped[int]
    width: Mapped[int | None]
    height: Mapped[int | None]
    sha256: Mapped[str] = mapped_column(sa.String(64))
    blob_key: Mapped[str] = mapped_column(sa.String(64))
    uploaded_kind: Mapped[str] = mapped_column(sa.String(16))
    uploaded_by: Mapped[UUID | None]
    uploaded_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    claimed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    redacted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    @property
    def is_picture(self) -> bool:
        """Whether it was redrawn and has a thumbnail."""
        return self.width is not None and not self.redacted_at
