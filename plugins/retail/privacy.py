"""A person's data in retail: where it is, given out whole, overwritten when it must go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from core.sdk import SYSTEM, DataClass, Ticket, current_tenant, db, now, redact_attachment
from plugins.retail.models import Application, Member, MemberCard, Sale
from plugins.retail.return_models import Rma

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from core.sdk import Contact

ERASED = "—"
DATA_CLASSES = [
    DataClass(
        "retail.member", "retail.data.member", ("retail_member", "retail_application", "retail_card")
    ),
    DataClass(
        "retail.sale", "retail.data.sale", ("retail_sale", "retail_sale_tender"),
        retention_days=5 * 365,
    ),
    DataClass(
        "retail.return", "retail.data.return", ("retail_rma", "retail_refund", "retail_task"),
        retention_days=3 * 365,
    ),
]  # fmt: skip
_PERSONAL = {
    Member: ("name", "phone", "id_hash", "id_mask", "address", "household_key"),
    Application: (
        "name", "phone", "mail", "id_hash", "id_mask", "address", "household_key", "proxy_name",
        "proxy_phone", "proxy_id_mask", "signed_name", "override_reason",
    ),
}  # fmt: skip


def export_person(contact: Contact) -> dict[str, Any]:
    """Everything that retail keeps about the contact; ID numbers were never kept in clear."""
    member_ids = [member.id for member in _members(contact)]
    return {
        "retail_member": [_plain(row, {"id_hash", "household_key"}) for row in _members(contact)],
        "retail_application": [
            _plain(row, {"id_hash", "household_key"}) for row in _applications(contact, member_ids)
        ],
        "retail_card": [_plain(row) for row in _of(MemberCard, member_ids)],
        "retail_sale": [_plain(row) for row in _of(Sale, member_ids)],
        "retail_rma": [_plain(row, {"verdict"}) for row in _rmas(contact)],
    }


def erase_person(contact: Contact) -> None:
    """Overwrite it; amounts, points and decisions stay, so that the books stay whole."""
    found = _members(contact)
    member_ids = [member.id for member in found]
    for application in _applications(contact, member_ids):
        if application.signature_id:
            redact_attachment(application.signature_id, actor=SYSTEM)
        _overwrite(application)
    for sale in _of(Sale, member_ids):
        sale.phone = ""
    for member in found:
        _overwrite(member)
        member.birthday, member.status = None, "closed"
    for rma in _rmas(contact):
        rma.finding_note, rma.decision_note = "", ""
        rma.erased_at = now()


def _overwrite(row: Any) -> None:
    for name in _PERSONAL[type(row)]:
        empty = "" if name in {"id_hash", "household_key"} else ERASED
        setattr(row, name, empty if getattr(row, name) else "")
    row.erased_at = now()


def _plain(row: Any, without: set[str] | None = None) -> dict[str, Any]:
    columns = sa.inspect(type(row)).column_attrs
    return {c.key: getattr(row, c.key) for c in columns if c.key not in (without or set())}


def _members(contact: Contact) -> Sequence[Member]:
    return db.session.scalars(sa.select(Member).where(Member.contact_id == contact.id)).all()


def _applications(contact: Contact, member_ids: Sequence[UUID]) -> Sequence[Application]:
    mine = sa.or_(Application.contact_id == contact.id, Application.member_id.in_(member_ids))
    return db.session.scalars(sa.select(Application).where(mine)).all()


def _of(model: Any, member_ids: Sequence[UUID]) -> Sequence[Any]:
    return db.session.scalars(sa.select(model).where(model.member_id.in_(member_ids))).all()


def _rmas(contact: Contact) -> Sequence[Rma]:
    tickets = sa.select(Ticket.id).where(
        Ticket.tenant_id == current_tenant().id, Ticket.contact_id == contact.id
    )
    return db.session.scalars(sa.select(Rma).where(Rma.ticket_id.in_(tickets))).all()
