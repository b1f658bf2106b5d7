"""The customer's people and organisations, and the proofs by which a customer comes in."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.clock import now
from core.db import Base, UtcDateTime
from core.tenancy import TenantScoped, tenant_foreign_key

PointKind = Literal["phone", "mail", "messenger", "id_number"]
POINT_KINDS: tuple[PointKind, ...] = ("phone", "mail", "messenger", "id_number")


class Contact(TenantScoped, Base):
    """A customer (客户).

    `verified_at` says that someone made sure who it is; `matters` counts tickets opened for it;
    a merged one points at the contact that it became and stays resolvable.
    """

    __tablename__ = "contact"
    __table_args__ = (
        sa.UniqueConstraint("tenant_id", "external_source", "external_id"),
        tenant_foreign_key("contact", "merged_into"),
        sa.Index("ix_contact_name", "tenant_id", "display_name"),
        sa.Index("ix_contact_merged_into", "tenant_id", "merged_into"),
    )
    display_name: Mapped[str] = mapped_column(sa.String(200))
    locale: Mapped[str] = mapped_column(sa.String(16), default="")
    timezone: Mapped[str] = mapped_column(sa.String(64), default="")
    verified_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    external_source: Mapped[str | None] = mapped_column(sa.String(60))
    external_id: Mapped[str | None] = mapped_column(sa.String(120))
    matters: Mapped[int] = mapped_column(default=0)
    merged_into: Mapped[UUID | None]
    redacted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)

    @property
    def kind(self) -> Literal["new", "existing"]:
        """Whether there was an earlier matter (新客户 / 老客户)."""
        return "existing" if self.matters > 1 else "new"

    @property
    def verified(self) -> bool:
        """Whether someone made sure who this is."""
        return self.verified_at is not None


class ContactPoint(TenantScoped, Base):
    """A way to reach a contact (or its identity number), in one spelling; families share them."""

    __tablename__ = "contact_point"
    __table_args__ = (
        tenant_foreign_key("contact", "contact_id"),
        sa.Index("ix_contact_point_contact", "tenant_id", "contact_id"),
        sa.Index("ix_contact_point_value", "tenant_id", "kind", "value"),
    )
    contact_id: Mapped[UUID]
    kind: Mapped[str] = mapped_column(sa.String(16))
    value: Mapped[str] = mapped_column(sa.String(254))
    verified_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class Organisation(TenantScoped, Base):
    """A company or body that contacts act for."""

    __tablename__ = "organisation"
    __table_args__ = (sa.Index("ix_organisation_name", "tenant_id", "name"),)
    name: Mapped[str] = mapped_column(sa.String(200))
    version: Mapped[int] = mapped_column(default=1)
    archived_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class ContactOrganisation(TenantScoped, Base):
    """What a contact is to an organisation, and when (`valid_until` is the last day)."""

    __tablename__ = "contact_organisation"
    __table_args__ = (
        tenant_foreign_key("contact", "contact_id"),
        tenant_foreign_key("organisation", "organisation_id"),
        sa.Index("ix_contact_organisation_contact", "tenant_id", "contact_id"),
        sa.Index("ix_contact_organisation_organisation", "tenant_id", "organisation_id"),
    )
    contact_id: Mapped[UUID]
    organisation_id: Mapped[UUID]
    role: Mapped[str] = mapped_column(sa.String(60), default="")
    valid_from: Mapped[date | None]
    valid_until: Mapped[date | None]


class IdentityCheck(TenantScoped, Base):
    """That somebody made sure who the customer of a ticket is (CH-14)."""

    __tablename__ = "identity_check"
    __table_args__ = (
        tenant_foreign_key("contact", "contact_id"),
        tenant_foreign_key("ticket", "ticket_id"),
        sa.Index("ix_identity_check_ticket", "tenant_id", "ticket_id"),
        sa.Index("ix_identity_check_contact", "tenant_id", "contact_id"),
    )
    contact_id: Mapped[UUID]
    ticket_id: Mapped[UUID]
    method: Mapped[str] = mapped_column(sa.String(40))
    checked_by: Mapped[UUID | None]
    checked_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class TicketLink(TenantScoped, Base):
    """A customer's key to one ticket; the secret is signed over the id, so the row holds none."""

    __tablename__ = "ticket_link"
    __table_args__ = (
        tenant_foreign_key("ticket", "ticket_id"),
        tenant_foreign_key("contact", "contact_id"),
        sa.Index("ix_ticket_link_ticket", "tenant_id", "ticket_id"),
        sa.Index("ix_ticket_link_contact", "tenant_id", "contact_id"),
    )
    ticket_id: Mapped[UUID]
    contact_id: Mapped[UUID]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class LoginCode(TenantScoped, Base):
    """A mailed six-digit code; it is signed over the id, so the row holds none."""

    __tablename__ = "login_code"
    __table_args__ = (
        tenant_foreign_key("contact_point", "contact_point_id"),
        sa.Index("ix_login_code_point", "tenant_id", "contact_point_id"),
    )
    contact_point_id: Mapped[UUID]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    tries: Mapped[int] = mapped_column(default=0)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class ContactSession(TenantScoped, Base):
    """A customer's browser signed in by mailed code; the row holds the hash of its secret."""

    __tablename__ = "contact_session"
    __table_args__ = (
        sa.UniqueConstraint("tenant_id", "secret_hash"),
        tenant_foreign_key("contact", "contact_id"),
        sa.Index("ix_contact_session_contact", "tenant_id", "contact_id"),
    )
    secret_hash: Mapped[str] = mapped_column(sa.String(64))
    contact_id: Mapped[UUID]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    last_used_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ip: Mapped[str] = mapped_column(sa.String(45), default="")
    browser: Mapped[str] = mapped_column(sa.String(200), default="")
