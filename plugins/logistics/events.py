"""The facts of orders, shipments and exceptions; each docstring is its topic's manual, none is personal."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from core.sdk import Event, TransitionEvent


@dataclass(frozen=True, kw_only=True)
class OrderEvent(Event):
    """Base of an order's facts."""

    order_id: UUID


@dataclass(frozen=True, kw_only=True)
class OrderTaken(OrderEvent):
    """An order was taken by phone, at the desk, on the portal or through the API; it may be a draft still."""

    type = "logistics.order.taken"
    kind: str
    channel: str
    service: str
    payment: str


@dataclass(frozen=True, kw_only=True)
class OrderMoved(OrderEvent):
    """An order took a step of its way (ST-O) that has no fact of its own."""

    type = "logistics.order.moved"
    transition: str
    from_state: str
    to_state: str


@dataclass(frozen=True, kw_only=True)
class OrderConfirmed(OrderEvent):
    """A paid (or waived, or account) order is confirmed: it may be dispatched to a salesman."""

    type = "logistics.order.confirmed"
    shipment_id: UUID
    waived: bool


@dataclass(frozen=True, kw_only=True)
class OrderDispatched(OrderEvent):
    """A salesman (营业员) has the order and fetches the parcel by `pickup_by` (SL-33)."""

    type = "logistics.order.dispatched"
    salesman_id: UUID
    pickup_by: datetime


@dataclass(frozen=True, kw_only=True)
class OrderAmended(OrderEvent):
    """The order was changed before its dispatch (LG-08); `fields` are the names of what changed."""

    type = "logistics.order.amended"
    fields: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ShipmentCreated(Event):
    """A waybill was made for an order and given to a carrier."""

    type = "logistics.shipment.created"
    shipment_id: UUID
    order_id: UUID
    carrier: str
    pieces: int
    service: str
    promised_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class ShipmentStep(Event):
    """Base of a shipment's steps: `status` and `sub` were reached at `at`; `current` is where it stands by now.

    A step may be told late, when a carrier told it late: then `current` is further than `status`.
    """

    shipment_id: UUID
    carrier: str
    status: str
    sub: str
    at: datetime
    current: str
    promised_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class ShipmentReopened(ShipmentStep):
    """The carrier took back what it had said: the shipment has not set out yet."""

    type = "logistics.shipment.reset"


@dataclass(frozen=True, kw_only=True)
class ShipmentAnnounced(ShipmentStep):
    """The carrier knows the shipment (已下单)."""

    type = "logistics.shipment.announced"


@dataclass(frozen=True, kw_only=True)
class ShipmentPickedUp(ShipmentStep):
    """The carrier has the parcel (已揽收)."""

    type = "logistics.shipment.picked_up"


@dataclass(frozen=True, kw_only=True)
class ShipmentDeparted(ShipmentStep):
    """The parcel is on its way (在途)."""

    type = "logistics.shipment.departed"


@dataclass(frozen=True, kw_only=True)
class ShipmentAtCustoms(ShipmentStep):
    """The parcel is being cleared (清关)."""

    type = "logistics.shipment.customs_entered"


@dataclass(frozen=True, kw_only=True)
class ShipmentArrived(ShipmentStep):
    """The parcel reached the depot of its destination (到达派件城市)."""

    type = "logistics.shipment.arrived"


@dataclass(frozen=True, kw_only=True)
class ShipmentOut(ShipmentStep):
    """A courier is delivering the parcel (派件中)."""

    type = "logistics.shipment.sent_out"


@dataclass(frozen=True, kw_only=True)
class ShipmentToFetch(ShipmentStep):
    """The parcel waits in a locker or at a station (待自提)."""

    type = "logistics.shipment.made_available"


@dataclass(frozen=True, kw_only=True)
class ShipmentDelivered(ShipmentStep):
    """The parcel was signed for (已签收)."""

    type = "logistics.shipment.delivered"


@dataclass(frozen=True, kw_only=True)
class AttemptFailed(ShipmentStep):
    """A delivery was tried in vain (派送失败)."""

    type = "logistics.shipment.attempt_failed"


@dataclass(frozen=True, kw_only=True)
class ShipmentTroubled(ShipmentStep):
    """Something is wrong with the parcel (异常); `sub` says what: delay, damaged, lost, dispute ..."""

    type = "logistics.shipment.exception_reported"


@dataclass(frozen=True, kw_only=True)
class ShipmentExpired(ShipmentStep):
    """The carrier gave up following the shipment: nothing was heard for too long (超期)."""

    type = "logistics.shipment.expired"


@dataclass(frozen=True, kw_only=True)
class ReturnStarted(ShipmentStep):
    """The parcel goes back to its sender (退回)."""

    type = "logistics.shipment.return_started"


@dataclass(frozen=True, kw_only=True)
class ShipmentReturned(ShipmentStep):
    """The sender has the parcel back (退签)."""

    type = "logistics.shipment.returned"


@dataclass(frozen=True, kw_only=True)
class ShipmentCancelled(ShipmentStep):
    """The waybill was cancelled (已销单)."""

    type = "logistics.shipment.cancelled"


STEP_EVENTS: dict[str, type[ShipmentStep]] = {
    "pending": ShipmentReopened,
    "info_received": ShipmentAnnounced,
    "picked_up": ShipmentPickedUp,
    "in_transit": ShipmentDeparted,
    "customs": ShipmentAtCustoms,
    "at_depot": ShipmentArrived,
    "out_for_delivery": ShipmentOut,
    "available_for_pickup": ShipmentToFetch,
    "delivered": ShipmentDelivered,
    "attempt_failed": AttemptFailed,
    "exception": ShipmentTroubled,
    "expired": ShipmentExpired,
    "returning": ReturnStarted,
    "returned": ShipmentReturned,
    "cancelled": ShipmentCancelled,
}


@dataclass(frozen=True, kw_only=True)
class ExceptionDetected(Event):
    """A rule (or the customer) found something wrong with the shipment; its subject is the exception's ticket."""

    type = "logistics.exception.detected"
    exception_id: UUID
    shipment_id: UUID
    kind: str
    detected_by: str


@dataclass(frozen=True, kw_only=True)
class ExceptionOver(Event):
    """What was wrong is over: the parcel moved, arrived, or a person said so (`by` is system or user)."""

    type = "logistics.exception.resolved"
    exception_id: UUID
    shipment_id: UUID
    kind: str
    by: str


@dataclass(frozen=True, kw_only=True)
class CarrierContacted(TransitionEvent):
    """Somebody asked the carrier what is wrong; it meets the clock `logistics.carrier_contact`."""

    type = "logistics.carrier.contacted"


@dataclass(frozen=True, kw_only=True)
class NoteWritten(Event):
    """A tracking note (FM-22) was written after a check (LG-06); its words are in the note."""

    type = "logistics.tracking_note.written"
    note_id: UUID
    shipment_id: UUID
    status: str
    next_check_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class CarrierChanged(Event):
    """A carrier account was added or changed; `fields` are names, never a key."""

    type = "logistics.carrier.changed"
    carrier: str
    fields: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class StatusMapChanged(Event):
    """A carrier's code means something else from now on; shipments with it were read anew."""

    type = "logistics.status_map.changed"
    carrier: str
    code: str
    status: str
    sub: str
    shipments: int


EVENTS: list[type[Event]] = [
    OrderTaken, OrderMoved, OrderConfirmed, OrderDispatched, OrderAmended, ShipmentCreated,
    *STEP_EVENTS.values(), ExceptionDetected, ExceptionOver, CarrierContacted, NoteWritten,
    CarrierChanged, StatusMapChanged,
]  # fmt: skip
