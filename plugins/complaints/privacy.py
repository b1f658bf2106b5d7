"""A person's data in complaints: where it is, given out whole, overwritten when it must go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from core.sdk import SYSTEM, DataClass, Ticket, current_tenant, db, now, redact_attachment
from plugins.complaints.models import (
    Complaint,
    FollowUp,
    Investigation,
    Judgement,
    Plan,
    PlanMeasure,
    Result,
    Signature,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from core.sdk import Contact

ERASED = "—"
DATA_CLASSES = [
    DataClass(
        "complaints.record",
        "complaints.data.record",
        tuple(
            model.__tablename__
            for model in (
                Complaint,
                Judgement,
                Investigation,
                Plan,
                PlanMeasure,
                Result,
                Signature,
                FollowUp,
            )
        ),
        retention_days=3 * 365,
    )
]
# The person's own words and name, and what staff wrote about the matter.
_FREE_TEXT: dict[type[Any], tuple[str, ...]] = {
    Complaint: ("complainant", "phone", "mail", "content", "location", "wishes", "appeal_reason",
                "immediate_action", "grade_reason"),
    Judgement: ("grounds", "founded_parts"),
    Investigation: ("facts", "purpose", "analysis", "cause"),
    Plan: ("root_cause", "expected_result", "contact_points", "decision_note", "customer_words"),
    Result: ("report", "customer_words"),
    Signature: ("typed_name", "signer_name", "strokes"),
    FollowUp: ("words", "improvement"),
}  # fmt: skip


def export_person(contact: Contact) -> dict[str, Any]:
    """Everything the procedure keeps about the contact."""
    tickets = _tickets_of(contact)
    rows = {model: _rows(model, tickets) for model in _FREE_TEXT} | {
        PlanMeasure: _measures(tickets)
    }
    return {
        model.__tablename__: [
            {column.key: getattr(row, column.key) for column in sa.inspect(model).column_attrs}
            for row in found
        ]
        for model, found in rows.items()
    }


def erase_person(contact: Contact) -> None:
    """Overwrite it; decisions, times and hashes stay, so that the record stays whole."""
    tickets = _tickets_of(contact)
    for signature in _rows(Signature, tickets):
        if signature.attachment_id:
            redact_attachment(signature.attachment_id, actor=SYSTEM)
    for model, names in _FREE_TEXT.items():
        for row in _rows(model, tickets):
            for name in names:
                setattr(row, name, ERASED if getattr(row, name) else "")
    for measure in _measures(tickets):
        measure.measure = ERASED
    for complaint in _rows(Complaint, tickets):
        complaint.erased_at = now()


def _tickets_of(contact: Contact) -> Sequence[UUID]:
    query = sa.select(Ticket.id).where(
        Ticket.tenant_id == current_tenant().id, Ticket.contact_id == contact.id
    )
    return db.session.scalars(query).all()


def _measures(tickets: Sequence[UUID]) -> Sequence[PlanMeasure]:
    plans = [plan.id for plan in _rows(Plan, tickets)]
    return db.session.scalars(sa.select(PlanMeasure).where(PlanMeasure.plan_id.in_(plans))).all()


def _rows(model: type[Any], tickets: Sequence[UUID]) -> Sequence[Any]:
    return db.session.scalars(sa.select(model).where(model.ticket_id.in_(tickets))).all()
