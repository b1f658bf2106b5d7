"""What a complaint knows besides its ticket: one table per step of the procedure."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.sdk import Base, TenantKeyed, TenantScoped, UtcDateTime, now, tenant_foreign_key


def _of_ticket(table: str, *more: sa.schema.SchemaItem) -> tuple[sa.schema.SchemaItem, ...]:
    index = sa.Index(f"ix_{table}_ticket", "tenant_id", "ticket_id", "id")
    return (tenant_foreign_key("ticket", "ticket_id"), index, *more)


class Complaint(TenantKeyed, Base):
    """The intake record (CP-02) and the first assessment; one per ticket of this type.

    `suggested_*` is what triage made of the words (CL-05), `about_user_id` the member of staff complained of (CP-35),
    `repeat_of` the customer's earlier complaint of the same matter (KP-12).
    """

    __tablename__ = "complaints_complaint"
    __table_args__ = (
        tenant_foreign_key("ticket", "ticket_id"),
        tenant_foreign_key("user_account", "about_user_id"),
        tenant_foreign_key("ticket", "repeat_of"),
        sa.Index("ix_complaints_complaint_about", "tenant_id", "about_user_id", "ticket_id"),
        sa.Index("ix_complaints_complaint_repeat_of", "tenant_id", "repeat_of"),
    )
    ticket_id: Mapped[UUID] = mapped_column(primary_key=True)
    complainant: Mapped[str] = mapped_column(sa.String(500))
    phone: Mapped[str] = mapped_column(sa.String(40))
    mail: Mapped[str] = mapped_column(sa.String(254), default="")
    content: Mapped[str] = mapped_column(sa.Text)
    location: Mapped[str] = mapped_column(sa.String(500), default="")
    wishes: Mapped[str] = mapped_column(sa.Text, default="")
    happened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    received_by: Mapped[UUID | None]
    received_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    suggested_grade: Mapped[str] = mapped_column(sa.String(16), default="")
    suggested_confidence: Mapped[float | None] = mapped_column(sa.Float)
    suggested_rule: Mapped[str] = mapped_column(sa.String(60), default="")
    grade: Mapped[str] = mapped_column(sa.String(16), default="")
    grade_reason: Mapped[str] = mapped_column(sa.Text, default="")
    safety: Mapped[bool | None]
    complexity: Mapped[str] = mapped_column(sa.String(16), default="")
    impact: Mapped[str] = mapped_column(sa.String(16), default="")
    immediate_action: Mapped[str] = mapped_column(sa.Text, default="")
    about_user_id: Mapped[UUID | None]
    repeat_of: Mapped[UUID | None]
    appealed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    appeal_reason: Mapped[str] = mapped_column(sa.Text, default="")
    erased_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Judgement(TenantScoped, Base):
    """A decision on validity (CP-07): founded, partly or not; an appeal brings a further round."""

    __tablename__ = "complaints_judgement"
    __table_args__ = _of_ticket(
        "complaints_judgement",
        tenant_foreign_key("department", "department_id"),
        sa.Index("ix_complaints_judgement_department", "tenant_id", "department_id"),
    )
    ticket_id: Mapped[UUID]
    round: Mapped[int] = mapped_column(default=1)
    finding: Mapped[str] = mapped_column(sa.String(16))
    reason_sufficient: Mapped[bool]
    demand_reasonable: Mapped[bool]
    grounds: Mapped[str] = mapped_column(sa.Text)
    founded_parts: Mapped[str] = mapped_column(sa.Text, default="")
    appeal_path: Mapped[str] = mapped_column(sa.Text, default="")
    cause_group: Mapped[str] = mapped_column(sa.String(30), default="")
    department_id: Mapped[UUID | None]
    promised_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    judged_kind: Mapped[str] = mapped_column(sa.String(16))
    judged_by: Mapped[UUID | None]
    judged_name: Mapped[str] = mapped_column(sa.String(200), default="")
    judged_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class Investigation(TenantScoped, Base):
    """The five answers (CP-11) with cause (CL-07) and responsible person (CP-12), who stays internal."""

    __tablename__ = "complaints_investigation"
    __table_args__ = _of_ticket("complaints_investigation")
    ticket_id: Mapped[UUID]
    facts: Mapped[str] = mapped_column(sa.Text)
    facts_true: Mapped[bool]
    purpose: Mapped[str] = mapped_column(sa.Text)
    reason_sound: Mapped[bool]
    analysis: Mapped[str] = mapped_column(sa.Text)
    demand_legitimate: Mapped[bool]
    cause_group: Mapped[str] = mapped_column(sa.String(30))
    cause: Mapped[str] = mapped_column(sa.Text)
    responsible: Mapped[str] = mapped_column(sa.String(500))
    investigated_by: Mapped[UUID | None]
    investigated_name: Mapped[str] = mapped_column(sa.String(200), default="")
    investigated_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class Plan(TenantScoped, Base):
    """A plan of five parts (CP-15); the newest version counts.

    `state` is proposed, approved, returned, accepted or declined; the author never approves (CP-14).
    """

    __tablename__ = "complaints_plan"
    __table_args__ = (
        tenant_foreign_key("ticket", "ticket_id"),
        sa.UniqueConstraint("tenant_id", "ticket_id", "version"),
    )
    ticket_id: Mapped[UUID]
    version: Mapped[int]
    state: Mapped[str] = mapped_column(sa.String(16), default="proposed")
    root_cause: Mapped[str] = mapped_column(sa.Text)
    expected_result: Mapped[str] = mapped_column(sa.Text, default="")
    contact_points: Mapped[str] = mapped_column(sa.Text)
    author_kind: Mapped[str] = mapped_column(sa.String(16))
    author_id: Mapped[UUID | None]
    author_name: Mapped[str] = mapped_column(sa.String(200), default="")
    proposed_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    decided_by: Mapped[UUID | None]
    decided_name: Mapped[str] = mapped_column(sa.String(200), default="")
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    decision_note: Mapped[str] = mapped_column(sa.Text, default="")
    answered_kind: Mapped[str] = mapped_column(sa.String(16), default="")
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    answered_by_way_of: Mapped[str] = mapped_column(sa.String(30), default="")
    customer_words: Mapped[str] = mapped_column(sa.Text, default="")


class PlanMeasure(TenantScoped, Base):
    """One measure of a plan with who does it until when."""

    __tablename__ = "complaints_plan_measure"
    __table_args__ = (
        tenant_foreign_key("complaints_plan", "plan_id"),
        tenant_foreign_key("department", "department_id"),
        sa.Index("ix_complaints_plan_measure_plan", "tenant_id", "plan_id", "position"),
        sa.Index("ix_complaints_plan_measure_department", "tenant_id", "department_id"),
    )
    plan_id: Mapped[UUID]
    position: Mapped[int] = mapped_column(sa.SmallInteger)
    measure: Mapped[str] = mapped_column(sa.Text)
    department_id: Mapped[UUID | None]
    responsible: Mapped[str] = mapped_column(sa.String(500))
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    done_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Result(TenantScoped, Base):
    """A reported result; `outcome` is "", confirmed or disputed. Its pictures hang on the message."""

    __tablename__ = "complaints_result"
    __table_args__ = _of_ticket(
        "complaints_result",
        tenant_foreign_key("message", "message_id"),
        sa.Index("ix_complaints_result_message", "tenant_id", "message_id"),
    )
    ticket_id: Mapped[UUID]
    message_id: Mapped[UUID]
    round: Mapped[int]
    report: Mapped[str] = mapped_column(sa.Text)
    done_at: Mapped[datetime] = mapped_column(UtcDateTime)
    reported_by: Mapped[UUID | None]
    reported_name: Mapped[str] = mapped_column(sa.String(200), default="")
    reported_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    outcome: Mapped[str] = mapped_column(sa.String(16), default="")
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    customer_words: Mapped[str] = mapped_column(sa.Text, default="")


class Signature(TenantScoped, Base):
    """The customer's signature under a result (CP-22), drawn or typed; `sha256` seals all of it."""

    __tablename__ = "complaints_signature"
    __table_args__ = _of_ticket(
        "complaints_signature",
        tenant_foreign_key("complaints_result", "result_id"),
        tenant_foreign_key("attachment", "attachment_id"),
        sa.Index("ix_complaints_signature_result", "tenant_id", "result_id"),
        sa.Index("ix_complaints_signature_attachment", "tenant_id", "attachment_id"),
    )
    ticket_id: Mapped[UUID]
    result_id: Mapped[UUID]
    kind: Mapped[str] = mapped_column(sa.String(16))
    typed_name: Mapped[str] = mapped_column(sa.String(200), default="")
    attachment_id: Mapped[UUID | None]
    strokes: Mapped[str] = mapped_column(sa.Text, default="")
    signer_kind: Mapped[str] = mapped_column(sa.String(16))
    signer_id: Mapped[UUID | None]
    signer_name: Mapped[str] = mapped_column(sa.String(500), default="")
    channel: Mapped[str] = mapped_column(sa.String(30), default="")
    signed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    sha256: Mapped[str] = mapped_column(sa.String(64))


class FollowUp(TenantScoped, Base):
    """The call after the result (CP-27, SL-09), with the three ratings."""

    __tablename__ = "complaints_follow_up"
    __table_args__ = _of_ticket("complaints_follow_up")
    ticket_id: Mapped[UUID]
    channel: Mapped[str] = mapped_column(sa.String(30))
    reached: Mapped[bool]
    speed: Mapped[int | None] = mapped_column(sa.SmallInteger)
    effect: Mapped[int | None] = mapped_column(sa.SmallInteger)
    attitude: Mapped[int | None] = mapped_column(sa.SmallInteger)
    words: Mapped[str] = mapped_column(sa.Text, default="")
    improvement: Mapped[str] = mapped_column(sa.Text, default="")
    made_by: Mapped[UUID | None]
    made_name: Mapped[str] = mapped_column(sa.String(200), default="")
    made_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
