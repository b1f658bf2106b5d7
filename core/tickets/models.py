"""Tickets and what hangs on them: messages, tags, watchers, assignments, slips, and the keys of repeated requests."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.clock import now
from core.db import Base, UtcDateTime
from core.tenancy import TenantKeyed, TenantScoped, tenant_foreign_key

Visibility = Literal["public", "internal"]
PUBLIC, INTERNAL = "public", "internal"
PRIORITIES = ("critical", "urgent", "normal")
"""Most pressing first: a ticket's rank is its place here (CL-04)."""
CLASSES = ("consultation", "problem", "service")
STATUSES = ("new", "open", "waiting", "resolved", "closed")
HELD, QUEUED, SENT, FAILED, RECALLED, NONE = "held", "queued", "sent", "failed", "recalled", "none"


class Ticket(TenantScoped, Base):
    """One matter with a customer, on exactly one workflow at the version it was opened with.

    `version` grows with each write and guards it, `activity` grows with each write and message and names the page's
    state. `due_at`, `due_metric` and `sla_state` belong to the SLA clocks: the nearest running one. `department_id`
    owns the work after a handover, while `team_id` keeps the ticket. `extra` holds answers to form fields that no
    plugin keeps in a table of its own.
    """

    __tablename__ = "ticket"
    __table_args__ = (
        sa.UniqueConstraint("tenant_id", "number"),
        tenant_foreign_key("contact", "contact_id"),
        tenant_foreign_key("organisation", "organisation_id"),
        tenant_foreign_key("team", "team_id"),
        tenant_foreign_key("department", "department_id"),
        tenant_foreign_key("user_account", "assignee_id"),
        tenant_foreign_key("ticket", "merged_into"),
        sa.Index("ix_ticket_queue", "tenant_id", "status", "due_at", "id"),
        sa.Index("ix_ticket_priority", "tenant_id", "status", "priority_rank", "due_at", "id"),
        sa.Index("ix_ticket_updated", "tenant_id", "updated_at", "id"),
        sa.Index("ix_ticket_team", "tenant_id", "team_id", "status", "due_at", "id"),
        sa.Index("ix_ticket_assignee", "tenant_id", "assignee_id", "status", "due_at", "id"),
        sa.Index("ix_ticket_contact", "tenant_id", "contact_id", "id"),
        sa.Index("ix_ticket_organisation", "tenant_id", "organisation_id"),
        sa.Index("ix_ticket_department", "tenant_id", "department_id"),
        sa.Index("ix_ticket_merged_into", "tenant_id", "merged_into"),
        sa.Index("ix_ticket_type", "tenant_id", "type", "status"),
    )
    number: Mapped[str | None] = mapped_column(sa.String(40))
    type: Mapped[str] = mapped_column(sa.String(120))
    type_version: Mapped[str] = mapped_column(sa.String(16))
    workflow: Mapped[str] = mapped_column(sa.String(120))
    workflow_version: Mapped[str] = mapped_column(sa.String(16))
    form: Mapped[str] = mapped_column(sa.String(120), default="")
    form_version: Mapped[str] = mapped_column(sa.String(16), default="")
    state: Mapped[str] = mapped_column(sa.String(60))
    status: Mapped[str] = mapped_column(sa.String(16))
    stage: Mapped[str] = mapped_column(sa.String(60), default="")
    subject: Mapped[str] = mapped_column(sa.String(300))
    priority: Mapped[str] = mapped_column(sa.String(16), default="normal")
    priority_rank: Mapped[int] = mapped_column(sa.SmallInteger, default=2)
    request_class: Mapped[str] = mapped_column(sa.String(16))
    phase: Mapped[str] = mapped_column(sa.String(30), default="")
    category: Mapped[str] = mapped_column(sa.String(60), default="")
    channel: Mapped[str] = mapped_column(sa.String(30), default="web")
    language: Mapped[str] = mapped_column(sa.String(16), default="")
    extra: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict)
    contact_id: Mapped[UUID | None]
    organisation_id: Mapped[UUID | None]
    team_id: Mapped[UUID | None]
    department_id: Mapped[UUID | None]
    assignee_id: Mapped[UUID | None]
    merged_into: Mapped[UUID | None]
    version: Mapped[int] = mapped_column(default=1)
    activity: Mapped[int] = mapped_column(default=1)
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    due_metric: Mapped[str] = mapped_column(sa.String(120), default="")
    sla_state: Mapped[str] = mapped_column(sa.String(16), default="")
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    resolved_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    demand_confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    customer_spoke_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    staff_spoke_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    @property
    def finished(self) -> bool:
        """Resolved or closed: nothing is owed to the customer."""
        return self.status in {"resolved", "closed"}


class TicketTag(TenantKeyed, Base):
    """A word that a ticket is found by."""

    __tablename__ = "ticket_tag"
    __table_args__ = (
        tenant_foreign_key("ticket", "ticket_id"),
        sa.Index("ix_ticket_tag_tag", "tenant_id", "tag", "ticket_id"),
    )
    ticket_id: Mapped[UUID] = mapped_column(primary_key=True)
    tag: Mapped[str] = mapped_column(sa.String(60), primary_key=True)


class TicketWatcher(TenantKeyed, Base):
    """Somebody who follows a ticket, and may see it for that."""

    __tablename__ = "ticket_watcher"
    __table_args__ = (
        tenant_foreign_key("ticket", "ticket_id"),
        tenant_foreign_key("user_account", "user_id"),
        sa.Index("ix_ticket_watcher_user", "tenant_id", "user_id", "ticket_id"),
    )
    ticket_id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(primary_key=True)


class Message(TenantScoped, Base):
    """What was said at a ticket: seen by the customer (public) or a note (internal).

    `hold_until` is when a reply leaves; before it, it can be recalled. `delivery_state` is held, queued, sent, failed,
    recalled or none. Author rows keep their name as it was.
    """

    __tablename__ = "message"
    __table_args__ = (
        tenant_foreign_key("ticket", "ticket_id"),
        sa.Index("ix_message_ticket", "tenant_id", "ticket_id", "id"),
    )
    ticket_id: Mapped[UUID]
    body_text: Mapped[str] = mapped_column(sa.Text)
    body_html: Mapped[str | None] = mapped_column(sa.Text)
    visibility: Mapped[str] = mapped_column(sa.String(16))
    purpose: Mapped[str] = mapped_column(sa.String(16), default="reply")
    author_kind: Mapped[str] = mapped_column(sa.String(16))
    author_id: Mapped[UUID | None]
    author_name: Mapped[str] = mapped_column(sa.String(200), default="")
    automatic: Mapped[bool] = mapped_column(default=False)
    channel: Mapped[str] = mapped_column(sa.String(30), default="")
    language: Mapped[str] = mapped_column(sa.String(16), default="")
    posted_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    hold_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    delivery_state: Mapped[str] = mapped_column(sa.String(16), default=NONE)
    recalled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    redacted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class MessageAttachment(TenantKeyed, Base):
    """A file that came with a message."""

    __tablename__ = "message_attachment"
    __table_args__ = (
        tenant_foreign_key("message", "message_id"),
        tenant_foreign_key("attachment", "attachment_id"),
        sa.Index("ix_message_attachment_attachment", "tenant_id", "attachment_id"),
    )
    message_id: Mapped[UUID] = mapped_column(primary_key=True)
    attachment_id: Mapped[UUID] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(sa.SmallInteger, default=0)


class Assignment(TenantScoped, Base):
    """That a person got a ticket; accepted, declined (the reason is an internal note) or ended by the next one."""

    __tablename__ = "assignment"
    __table_args__ = (
        tenant_foreign_key("ticket", "ticket_id"),
        tenant_foreign_key("user_account", "user_id"),
        tenant_foreign_key("message", "declined_reason"),
        sa.Index("ix_assignment_ticket", "tenant_id", "ticket_id", "id"),
        sa.Index("ix_assignment_user", "tenant_id", "user_id", "ended_at"),
        sa.Index("ix_assignment_declined_reason", "tenant_id", "declined_reason"),
    )
    ticket_id: Mapped[UUID]
    user_id: Mapped[UUID]
    assigned_by: Mapped[UUID | None]
    assigned_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    accepted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    declined_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    declined_reason: Mapped[UUID | None]
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Handover(TenantScoped, Base):
    """The slip FM-26 (转接单): work handed to a department, with reason and summary, until it is taken back."""

    __tablename__ = "handover"
    __table_args__ = (
        tenant_foreign_key("ticket", "ticket_id"),
        tenant_foreign_key("department", "from_department_id"),
        tenant_foreign_key("department", "to_department_id"),
        tenant_foreign_key("message", "notice_id"),
        sa.Index("ix_handover_ticket", "tenant_id", "ticket_id", "id"),
        sa.Index("ix_handover_from", "tenant_id", "from_department_id"),
        sa.Index("ix_handover_to", "tenant_id", "to_department_id", "returned_at"),
        sa.Index("ix_handover_notice", "tenant_id", "notice_id"),
    )
    ticket_id: Mapped[UUID]
    from_department_id: Mapped[UUID | None]
    to_department_id: Mapped[UUID]
    reason: Mapped[str] = mapped_column(sa.String(60))
    summary: Mapped[str] = mapped_column(sa.Text)
    notice_id: Mapped[UUID]
    handed_by: Mapped[UUID | None]
    handed_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    customer_informed_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    accepted_by: Mapped[UUID | None]
    accepted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    result: Mapped[str] = mapped_column(sa.Text, default="")
    returned_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Idempotency(TenantKeyed, Base):
    """A repeated request finds what the first one made; the row is inserted first in the effect's transaction."""

    __tablename__ = "idempotency"
    __table_args__ = (sa.Index("ix_idempotency_created", "tenant_id", "created_at"),)
    principal: Mapped[str] = mapped_column(sa.String(80), primary_key=True)
    route: Mapped[str] = mapped_column(sa.String(80), primary_key=True)
    key: Mapped[str] = mapped_column(sa.String(100), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(sa.String(64))
    status: Mapped[int] = mapped_column(sa.SmallInteger, default=0)
    resource_id: Mapped[UUID | None]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
