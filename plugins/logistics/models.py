"""What the plugin keeps: carriers with their vocabularies, orders, shipments with their events, exceptions, notes."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.sdk import Base, TenantScoped, UtcDateTime, now, tenant_foreign_key


class Carrier(TenantScoped, Base):
    """A carrier account (承运商): how it tells us, by which address and key, and how polling it went.

    `adapter` is push or poll; `secret` is sealed and never shown.
    """

    __tablename__ = "logistics_carrier"
    __table_args__ = (sa.UniqueConstraint("tenant_id", "code"),)
    code: Mapped[str] = mapped_column(sa.String(30))
    title: Mapped[dict[str, Any]] = mapped_column(sa.JSON)
    adapter: Mapped[str] = mapped_column(sa.String(16))
    address: Mapped[str] = mapped_column(sa.String(500), default="")
    secret: Mapped[str] = mapped_column(sa.Text, default="")
    telephone: Mapped[str] = mapped_column(sa.String(40), default="")
    claim_days: Mapped[int] = mapped_column(default=30)
    active: Mapped[bool] = mapped_column(default=True)
    version: Mapped[int] = mapped_column(default=1)
    heard_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    failed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    failure: Mapped[str] = mapped_column(sa.String(300), default="")


class StatusMap(TenantScoped, Base):
    """What one of a carrier's codes means: canonical status and, for an exception, its kind; `status` "" is unknown."""

    __tablename__ = "logistics_status_map"
    __table_args__ = (
        tenant_foreign_key("logistics_carrier", "carrier_id"),
        sa.UniqueConstraint("tenant_id", "carrier_id", "code"),
    )
    carrier_id: Mapped[UUID]
    code: Mapped[str] = mapped_column(sa.String(60))
    words: Mapped[str] = mapped_column(sa.String(200), default="")
    status: Mapped[str] = mapped_column(sa.String(30), default="")
    sub: Mapped[str] = mapped_column(sa.String(16), default="")
    changed_by: Mapped[UUID | None]
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class Receipt(TenantScoped, Base):
    """A carrier's message as it came, byte for byte; the same one again only counts."""

    __tablename__ = "logistics_receipt"
    __table_args__ = (
        tenant_foreign_key("logistics_carrier", "carrier_id"),
        sa.UniqueConstraint("tenant_id", "carrier_id", "sha256"),
        sa.Index("ix_logistics_receipt_at", "tenant_id", "received_at"),
    )
    carrier_id: Mapped[UUID]
    sha256: Mapped[str] = mapped_column(sa.String(64))
    body: Mapped[str] = mapped_column(sa.Text)
    received_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    times: Mapped[int] = mapped_column(default=1)


class Order(TenantScoped, Base):
    """An order (订单, ST-O) as it was taken: who sends what to whom, by which service, and who pays.

    `kind` is casual or contract; `payment` prepaid, receiver or account; amounts are minor units of `currency`.
    """

    __tablename__ = "logistics_order"
    __table_args__ = (
        tenant_foreign_key("contact", "contact_id"),
        tenant_foreign_key("user_account", "salesman_id"),
        sa.UniqueConstraint("tenant_id", "number"),
        sa.Index("ix_logistics_order_contact", "tenant_id", "contact_id", "id"),
        sa.Index("ix_logistics_order_salesman", "tenant_id", "salesman_id"),
        sa.Index("ix_logistics_order_state", "tenant_id", "state", "id"),
        sa.Index("ix_logistics_order_phone", "tenant_id", "sender_phone"),
    )
    number: Mapped[str] = mapped_column(sa.String(20))
    state: Mapped[str] = mapped_column(sa.String(40))
    version: Mapped[int] = mapped_column(default=1)
    workflow_version: Mapped[str] = mapped_column(sa.String(20))
    kind: Mapped[str] = mapped_column(sa.String(16))
    contract: Mapped[str] = mapped_column(sa.String(60), default="")
    channel: Mapped[str] = mapped_column(sa.String(16), default="phone")
    contact_id: Mapped[UUID]
    sender_name: Mapped[str] = mapped_column(sa.String(200))
    sender_phone: Mapped[str] = mapped_column(sa.String(40))
    sender_city: Mapped[str] = mapped_column(sa.String(60))
    sender_address: Mapped[str] = mapped_column(sa.String(500))
    receiver_name: Mapped[str] = mapped_column(sa.String(200))
    receiver_phone: Mapped[str] = mapped_column(sa.String(40))
    receiver_city: Mapped[str] = mapped_column(sa.String(60))
    receiver_address: Mapped[str] = mapped_column(sa.String(500))
    goods: Mapped[str] = mapped_column(sa.String(500))
    pieces: Mapped[int] = mapped_column(sa.SmallInteger, default=1)
    weight_grams: Mapped[int] = mapped_column(default=0)
    volume_cm3: Mapped[int] = mapped_column(default=0)
    service: Mapped[str] = mapped_column(sa.String(16))
    payment: Mapped[str] = mapped_column(sa.String(16))
    paid_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    waived_by: Mapped[UUID | None]
    currency: Mapped[str] = mapped_column(sa.String(3))
    freight: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    declared: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    insured: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    cash_on_delivery: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    remarks: Mapped[str] = mapped_column(sa.Text, default="")
    salesman_id: Mapped[UUID | None]
    pickup_by: Mapped[datetime | None] = mapped_column(UtcDateTime)
    taken_by: Mapped[UUID | None]
    taken_name: Mapped[str] = mapped_column(sa.String(200), default="")
    taken_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    reason: Mapped[str] = mapped_column(sa.String(500), default="")
    erased_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Shipment(TenantScoped, Base):
    """A waybill's parcel (运单) on its way with one carrier; what its events say is kept in `status` to `attempts`.

    `open` while something is to be expected, `troubled` while an exception of it is.
    `promised_at` is what the customer was told, `due_poll_at` when a polled
    carrier is asked again.
    """

    __tablename__ = "logistics_shipment"
    __table_args__ = (
        tenant_foreign_key("logistics_order", "order_id"),
        tenant_foreign_key("logistics_carrier", "carrier_id"),
        tenant_foreign_key("contact", "contact_id"),
        sa.UniqueConstraint("tenant_id", "number"),
        sa.UniqueConstraint("tenant_id", "carrier_id", "carrier_number"),
        sa.Index("ix_logistics_shipment_order", "tenant_id", "order_id"),
        sa.Index("ix_logistics_shipment_contact", "tenant_id", "contact_id", "id"),
        sa.Index("ix_logistics_shipment_status", "tenant_id", "status", "id"),
        sa.Index("ix_logistics_shipment_quiet", "tenant_id", "open", "heard_at"),
        sa.Index("ix_logistics_shipment_promise", "tenant_id", "open", "promised_at"),
        sa.Index("ix_logistics_shipment_poll", "tenant_id", "open", "due_poll_at"),
        sa.Index("ix_logistics_shipment_created", "tenant_id", "created_at"),
    )
    number: Mapped[str] = mapped_column(sa.String(20))
    order_id: Mapped[UUID]
    carrier_id: Mapped[UUID]
    carrier_number: Mapped[str] = mapped_column(sa.String(60))
    contact_id: Mapped[UUID]
    pieces: Mapped[int] = mapped_column(sa.SmallInteger, default=1)
    service: Mapped[str] = mapped_column(sa.String(16))
    from_city: Mapped[str] = mapped_column(sa.String(60))
    to_city: Mapped[str] = mapped_column(sa.String(60))
    receiver_tail: Mapped[str] = mapped_column(sa.String(4))
    sender_tail: Mapped[str] = mapped_column(sa.String(4))
    status: Mapped[str] = mapped_column(sa.String(30), default="pending")
    sub: Mapped[str] = mapped_column(sa.String(16), default="")
    since: Mapped[datetime] = mapped_column(UtcDateTime)
    heard_at: Mapped[datetime] = mapped_column(UtcDateTime)
    place: Mapped[str] = mapped_column(sa.String(200), default="")
    attempts: Mapped[int] = mapped_column(sa.SmallInteger, default=0)
    open: Mapped[bool] = mapped_column(default=True)
    troubled: Mapped[bool] = mapped_column(default=False)
    promised_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    pickup_by: Mapped[datetime | None] = mapped_column(UtcDateTime)
    delivered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    due_poll_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    version: Mapped[int] = mapped_column(default=1)


class TrackingEvent(TenantScoped, Base):
    """What a carrier (or the desk) said happened; once per carrier, number, time, code and piece, never changed.

    `status` and `sub` are the map's word at the time of reading it; `raw` is the carrier's own record as JSON.
    """

    __tablename__ = "logistics_tracking_event"
    __table_args__ = (
        tenant_foreign_key("logistics_shipment", "shipment_id"),
        sa.UniqueConstraint("tenant_id", "shipment_id", "happened_at", "code", "piece"),
    )
    shipment_id: Mapped[UUID]
    happened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    code: Mapped[str] = mapped_column(sa.String(60))
    piece: Mapped[int] = mapped_column(sa.SmallInteger, default=0)
    status: Mapped[str] = mapped_column(sa.String(30), default="")
    sub: Mapped[str] = mapped_column(sa.String(16), default="")
    words: Mapped[str] = mapped_column(sa.String(500), default="")
    place: Mapped[str] = mapped_column(sa.String(200), default="")
    source: Mapped[str] = mapped_column(sa.String(16))
    raw: Mapped[str] = mapped_column(sa.Text, default="")
    received_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class ExceptionCase(TenantScoped, Base):
    """Something wrong with a shipment (异常), found once per `anchor`: the event or day from which it counts."""

    __tablename__ = "logistics_exception"
    __table_args__ = (
        tenant_foreign_key("logistics_shipment", "shipment_id"),
        tenant_foreign_key("ticket", "ticket_id"),
        sa.UniqueConstraint("tenant_id", "shipment_id", "kind", "anchor"),
        sa.Index("ix_logistics_exception_ticket", "tenant_id", "ticket_id"),
        sa.Index("ix_logistics_exception_open", "tenant_id", "over_at", "detected_at"),
    )
    shipment_id: Mapped[UUID]
    ticket_id: Mapped[UUID]
    kind: Mapped[str] = mapped_column(sa.String(30))
    anchor: Mapped[str] = mapped_column(sa.String(60))
    detected_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    detected_by: Mapped[str] = mapped_column(sa.String(16))
    over_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    over_by: Mapped[str] = mapped_column(sa.String(16), default="")


class TrackingNote(TenantScoped, Base):
    """A tracking note (跟踪记录, FM-22): what was checked, done and promised; the database lets nobody change it."""

    __tablename__ = "logistics_tracking_note"
    __table_args__ = (
        tenant_foreign_key("logistics_shipment", "shipment_id"),
        tenant_foreign_key("ticket", "ticket_id"),
        sa.Index("ix_logistics_tracking_note_shipment", "tenant_id", "shipment_id", "id"),
        sa.Index("ix_logistics_tracking_note_ticket", "tenant_id", "ticket_id"),
    )
    shipment_id: Mapped[UUID]
    ticket_id: Mapped[UUID | None]
    status: Mapped[str] = mapped_column(sa.String(30))
    content: Mapped[str] = mapped_column(sa.Text)
    done: Mapped[str] = mapped_column(sa.Text, default="")
    told: Mapped[str] = mapped_column(sa.Text, default="")
    next_check_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    written_by: Mapped[UUID | None]
    written_name: Mapped[str] = mapped_column(sa.String(200), default="")
    written_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
