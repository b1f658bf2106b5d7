"""A person's data in logistics: where it is, given out whole, overwritten when it must go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from core.sdk import DataClass, current_tenant, db, now
from plugins.logistics.models import Order, Receipt, Shipment, TrackingEvent, TrackingNote

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from core.sdk import Contact

ERASED = "—"
DATA_CLASSES = [
    DataClass("logistics.order", "logistics.data.order", (Order.__tablename__,), 3 * 365),
    DataClass(
        "logistics.tracking",
        "logistics.data.tracking",
        (Shipment.__tablename__, TrackingEvent.__tablename__, TrackingNote.__tablename__),
        3 * 365,
    ),
    DataClass("logistics.receipt", "logistics.data.receipt", (Receipt.__tablename__,), 90),
]
# Names, numbers, places and free words; what a parcel weighed and when it moved stays.
_ORDER = (
    "sender_name", "sender_phone", "sender_address", "receiver_name", "receiver_phone",
    "receiver_address", "goods", "remarks", "reason",
)  # fmt: skip
_EVENT = ("words", "raw", "place")
_NOTE = ("content", "done", "told")


def export_person(contact: Contact) -> dict[str, Any]:
    """Every order, parcel, event and note of the contact."""
    orders, shipments = _orders(contact), _shipments(contact)
    ids = [shipment.id for shipment in shipments]
    found: dict[type[Any], Sequence[Any]] = {
        Order: orders,
        Shipment: shipments,
        TrackingEvent: _of(TrackingEvent, ids),
        TrackingNote: _of(TrackingNote, ids),
    }
    return {
        model.__tablename__: [
            {column.key: getattr(row, column.key) for column in sa.inspect(model).column_attrs}
            for row in rows
        ]
        for model, rows in found.items()
    }


def erase_person(contact: Contact) -> None:
    """Overwrite what is personal; states, times and amounts stay, so that the record stays whole."""
    shipments = _shipments(contact)
    ids = [shipment.id for shipment in shipments]
    for order in _orders(contact):
        _blank(order, _ORDER)
        order.erased_at = now()
    for shipment in shipments:
        shipment.receiver_tail = shipment.sender_tail = shipment.place = ""
    for event in _of(TrackingEvent, ids):
        _blank(event, _EVENT)
    for note in _of(TrackingNote, ids):
        # The database lets a note be changed to this alone.
        note.content = note.done = note.told = ERASED
    _forget_receipts({shipment.carrier_number for shipment in shipments})


def _blank(row: Any, names: tuple[str, ...]) -> None:
    for name in names:
        setattr(row, name, ERASED if getattr(row, name) else "")


def _forget_receipts(numbers: set[str]) -> None:
    """Carriers' messages that name one of the parcels; the fingerprint stays, so that a repetition is known."""
    for number in numbers:
        query = sa.select(Receipt).where(Receipt.body.contains(number, autoescape=True))
        for receipt in db.session.scalars(query):
            receipt.body = ERASED


def _orders(contact: Contact) -> Sequence[Order]:
    return db.session.scalars(
        sa.select(Order).where(
            Order.tenant_id == current_tenant().id, Order.contact_id == contact.id
        )
    ).all()


def _shipments(contact: Contact) -> Sequence[Shipment]:
    return db.session.scalars(sa.select(Shipment).where(Shipment.contact_id == contact.id)).all()


def _of(model: type[Any], ids: Sequence[UUID]) -> Sequence[Any]:
    return db.session.scalars(sa.select(model).where(model.shipment_id.in_(ids))).all()
