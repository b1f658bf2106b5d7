"""A person's data in property management: where it is, given out whole, overwritten when it must go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from core.sdk import (
    SYSTEM,
    DataClass,
    Ticket,
    current_tenant,
    day_of,
    db,
    now,
    redact_attachment,
)
from plugins.property_mgmt import repairs
from plugins.property_mgmt.models import Contractor, Import, Repair, Resident, TicketUnit
from plugins.property_mgmt.work_models import WorkOrder, WorkSignature, WorkStep

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from core.sdk import Contact

ERASED = "—"
DATA_CLASSES = [
    DataClass(
        "property_mgmt.residents",
        "property_mgmt.data.residents",
        (Resident.__tablename__, Contractor.__tablename__, Import.__tablename__),
    ),
    DataClass(
        "property_mgmt.repairs",
        "property_mgmt.data.repairs",
        (
            Repair.__tablename__,
            TicketUnit.__tablename__,
            WorkOrder.__tablename__,
            WorkStep.__tablename__,
            WorkSignature.__tablename__,
        ),
        retention_days=3 * 365,
    ),
]


def export_person(contact: Contact) -> dict[str, Any]:
    """Everything that is kept about the contact: homes, reports, work and signatures."""
    tickets = _tickets_of(contact)
    orders = _rows(WorkOrder, WorkOrder.ticket_id.in_(tickets))
    ids = [order.id for order in orders]
    found = {
        Resident: _rows(Resident, Resident.contact_id == contact.id),
        Contractor: _rows(Contractor, Contractor.contact_id == contact.id),
        Repair: _rows(Repair, Repair.ticket_id.in_(tickets)),
        TicketUnit: _rows(TicketUnit, TicketUnit.ticket_id.in_(tickets)),
        WorkOrder: orders,
        WorkStep: _rows(WorkStep, WorkStep.work_order_id.in_(ids)),
        WorkSignature: _rows(WorkSignature, WorkSignature.work_order_id.in_(ids)),
    }
    return {
        model.__tablename__: [
            {column.key: getattr(row, column.key) for column in sa.inspect(model).column_attrs}
            for row in rows
        ]
        for model, rows in found.items()
    }


def erase_person(contact: Contact) -> None:
    """Overwrite it; states, times and hashes stay, so that the record stays whole. He no longer lives anywhere."""
    tickets = _tickets_of(contact)
    for repair in _rows(Repair, Repair.ticket_id.in_(tickets)):
        repairs.forget(repair, ERASED)
    orders = _rows(WorkOrder, WorkOrder.ticket_id.in_(tickets))
    for order in orders:
        _blank(order, "task", "result", "rating_words")
    ids = [order.id for order in orders]
    for step in _rows(WorkStep, WorkStep.work_order_id.in_(ids)):
        _blank(step, "said")
        if step.actor_id == contact.id:
            step.actor_name = ERASED
    for signature in _rows(WorkSignature, WorkSignature.work_order_id.in_(ids)):
        if signature.attachment_id:
            redact_attachment(signature.attachment_id, actor=SYSTEM)
        _blank(signature, "signer", "strokes", "words")
    for step in _rows(WorkStep, WorkStep.actor_id == contact.id):
        step.actor_name = ERASED
    for resident in _rows(Resident, Resident.contact_id == contact.id):
        resident.moved_out = resident.moved_out or day_of(now())
        resident.vulnerable = False


def _blank(row: Any, *names: str) -> None:
    for name in names:
        setattr(row, name, ERASED if getattr(row, name) else "")


def _tickets_of(contact: Contact) -> Sequence[UUID]:
    query = sa.select(Ticket.id).where(
        Ticket.tenant_id == current_tenant().id, Ticket.contact_id == contact.id
    )
    return db.session.scalars(query).all()


def _rows(model: type[Any], *wanted: Any) -> Sequence[Any]:
    return db.session.scalars(sa.select(model).where(*wanted)).all()
