"""What the REST resources take and give."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from core.sdk import UtcTime
from plugins.logistics.canonical import STATUSES
from plugins.logistics.workflow import ORDER_WAY

STATES = tuple(state.name for state in ORDER_WAY.states)


class Paged(Schema):
    """Where a page begins and how long it is."""

    cursor = fields.String(load_default="")
    limit = fields.Integer(load_default=50, validate=validate.Range(1, 100))


class FreightOut(Schema):
    """Integer minor units and a currency."""

    amount = fields.Integer()
    currency = fields.String()


class FreightOrderQuery(Paged):
    """Which orders."""

    number = fields.String(load_default="")
    state = fields.String(load_default="", validate=validate.OneOf(("", *STATES)))
    contact_id = fields.UUID()


class FreightOrderIn(Schema):
    """A new order: answers to the form `logistics.order`, for a known contact or the sender as he calls himself."""

    form = fields.Dict(keys=fields.String(), required=True)
    contact_id = fields.UUID()
    carrier = fields.String(load_default="", validate=validate.Length(max=30))
    draft = fields.Boolean(load_default=False)


class FreightOrderPatch(Schema):
    """What may change before dispatch (LG-08)."""

    receiver_name = fields.String(validate=validate.Length(1, 200))
    receiver_phone = fields.String(validate=validate.Length(4, 40))
    receiver_city = fields.String(validate=validate.Length(1, 60))
    receiver_address = fields.String(validate=validate.Length(1, 500))
    goods = fields.String(validate=validate.Length(1, 500))
    remarks = fields.String(validate=validate.Length(max=1000))


class FreightOrderStep(Schema):
    """A step of the order's way."""

    name = fields.String(required=True)
    form = fields.Dict(keys=fields.String(), load_default=dict)
    version = fields.Integer(required=True)


class FreightOrderHead(Schema):
    """An order in a list; phones are masked there."""

    id = fields.UUID()
    number = fields.String()
    state = fields.String()
    version = fields.Integer()
    kind = fields.String()
    channel = fields.String()
    contact_id = fields.UUID()
    sender_name = fields.String()
    sender_phone = fields.String()
    sender_city = fields.String()
    receiver_name = fields.String()
    receiver_phone = fields.String()
    receiver_city = fields.String()
    goods = fields.String()
    pieces = fields.Integer()
    service = fields.String()
    payment = fields.String()
    taken_at = UtcTime()


class FreightOrderOut(FreightOrderHead):
    """One order whole, with its waybill."""

    contract = fields.String()
    sender_address = fields.String()
    receiver_address = fields.String()
    weight_grams = fields.Integer()
    volume_cm3 = fields.Integer()
    freight = fields.Nested(FreightOut)
    declared = fields.Nested(FreightOut)
    insured = fields.Nested(FreightOut)
    cash_on_delivery = fields.Nested(FreightOut)
    paid_at = UtcTime(allow_none=True)
    salesman_id = fields.UUID(allow_none=True)
    pickup_by = UtcTime(allow_none=True)
    remarks = fields.String()
    shipment_id = fields.UUID(allow_none=True)
    shipment_number = fields.String(allow_none=True)


class FreightOrderList(Schema):
    """A page of orders."""

    items = fields.List(fields.Nested(FreightOrderHead))
    next = fields.String(allow_none=True)


class ShipmentListQuery(Paged):
    """Which shipments."""

    number = fields.String(load_default="")
    status = fields.String(load_default="", validate=validate.OneOf(("", *STATUSES)))
    carrier = fields.String(load_default="")
    promise = fields.String(
        load_default="", validate=validate.OneOf(("", "late", "soon", "in_time", "none"))
    )


class ShipmentOut(Schema):
    """A shipment with its canonical status (standards §2.3); `expected_at` is null when nobody can say."""

    id = fields.UUID()
    number = fields.String()
    order_id = fields.UUID()
    carrier = fields.String()
    carrier_number = fields.String()
    pieces = fields.Integer()
    service = fields.String()
    from_city = fields.String()
    to_city = fields.String()
    status = fields.String()
    sub = fields.String()
    since = UtcTime()
    heard_at = UtcTime()
    place = fields.String()
    attempts = fields.Integer()
    open = fields.Boolean()
    promised_at = UtcTime(allow_none=True)
    expected_at = UtcTime(allow_none=True)
    delivered_at = UtcTime(allow_none=True)
    created_at = UtcTime()
    version = fields.Integer()


class ShipmentList(Schema):
    """A page of shipments."""

    items = fields.List(fields.Nested(ShipmentOut))
    next = fields.String(allow_none=True)


class ScanOut(Schema):
    """A tracking event: the carrier's code and words, and what the map made of them ("" = not known yet)."""

    id = fields.UUID()
    happened_at = UtcTime()
    code = fields.String()
    piece = fields.Integer()
    status = fields.String()
    sub = fields.String()
    words = fields.String()
    place = fields.String()
    source = fields.String()
    received_at = UtcTime()


class ScanList(Schema):
    """Every event of a shipment, as it happened."""

    items = fields.List(fields.Nested(ScanOut))
    next = fields.String(allow_none=True)


class ScanIn(Schema):
    """An event as an app tells it: a code of the carrier's map or of the desk."""

    code = fields.String(required=True, validate=validate.Length(1, 60))
    at = UtcTime(required=True)
    words = fields.String(load_default="", validate=validate.Length(max=500))
    place = fields.String(load_default="", validate=validate.Length(max=200))
    piece = fields.Integer(load_default=0, validate=validate.Range(0, 99))


class TrackQuery(Schema):
    """The number of a waybill, ours or the carrier's."""

    number = fields.String(required=True, validate=validate.Length(1, 60))


class WayStepOut(Schema):
    """A step of the way."""

    status = fields.String()
    sub = fields.String()
    at = UtcTime()
    place = fields.String()


class TrackOut(ShipmentOut):
    """A shipment with the steps of its way."""

    steps = fields.List(fields.Nested(WayStepOut))


class CarrierOut(Schema):
    """A carrier account; its key is told nobody."""

    id = fields.UUID()
    code = fields.String()
    title = fields.Dict(keys=fields.String(), values=fields.String())
    adapter = fields.String()
    active = fields.Boolean()
    has_key = fields.Boolean()
    heard_at = UtcTime(allow_none=True)
    failed_at = UtcTime(allow_none=True)
    version = fields.Integer()


class CarrierList(Schema):
    """Every carrier account."""

    items = fields.List(fields.Nested(CarrierOut))
    next = fields.String(allow_none=True)


class CarrierPushIn(Schema):
    """What a pushing carrier sends, signed (see the plugin's README); events are kept as they come."""

    events = fields.List(fields.Dict(keys=fields.String()), required=True)


class CarrierPushOut(Schema):
    """What came of it: new events, known ones, unknown numbers, refused (of a far future)."""

    new = fields.Integer()
    known = fields.Integer()
    strange = fields.Integer()
    refused = fields.Integer()


class MapQuery(Schema):
    """Whose map."""

    carrier = fields.String(required=True)


class MeaningOut(Schema):
    """What a code means; `status` is empty while nobody said."""

    carrier = fields.String()
    code = fields.String()
    words = fields.String()
    status = fields.String()
    sub = fields.String()
    changed_at = UtcTime()


class MeaningList(Schema):
    """A carrier's map."""

    items = fields.List(fields.Nested(MeaningOut))
    next = fields.String(allow_none=True)


class MeaningIn(Schema):
    """What a code of a carrier means from now on."""

    carrier = fields.String(required=True)
    code = fields.String(required=True, validate=validate.Length(1, 60))
    status = fields.String(required=True, validate=validate.OneOf(("", *STATUSES)))
    sub = fields.String(load_default="")


class ExceptionListQuery(Paged):
    """Which exceptions: all, or those that are open."""

    open = fields.Boolean(load_default=False)


class ExceptionOut(Schema):
    """An exception of a shipment with its ticket."""

    id = fields.UUID()
    shipment_id = fields.UUID()
    ticket_id = fields.UUID()
    kind = fields.String()
    detected_at = UtcTime()
    detected_by = fields.String()
    over_at = UtcTime(allow_none=True)
    over_by = fields.String()


class ExceptionList(Schema):
    """A page of exceptions."""

    items = fields.List(fields.Nested(ExceptionOut))
    next = fields.String(allow_none=True)
