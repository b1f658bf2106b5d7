"""What exists of logistics in a world of the habits: a carrier, an order with its parcel, a delivered one."""

from __future__ import annotations

import json
import time
from uuid import UUID

from core.actors import OPERATOR, SYSTEM
from core.clock import now
from core.db import transaction
from plugins.logistics import carriers, orders, shipments
from plugins.logistics.adapters import SIGNATURE, TIME, Report, signature

KEY = "a key between us"
FORM = {
    "sender_name": "Lin", "sender_phone": "+8613800006021", "sender_city": "Hangzhou",
    "sender_address": "1 Lake Road", "receiver_name": "Wu", "receiver_phone": "+8613800006022",
    "receiver_city": "Chengdu", "receiver_address": "2 Hill Road", "goods": "Books", "pieces": 1,
    "service": "standard", "kind": "casual", "payment": "receiver",
}  # fmt: skip
TYPED = {name: str(value) for name, value in FORM.items()}


def values(world):
    """The parameters of this plugin's routes."""
    actor = world.rightful_actor()
    with transaction():
        carrier = carriers.save_carrier(
            None,
            {"code": "walker", "adapter": "push", "title": {"en": "Walker"}, "secret": KEY},
            version=None,
            actor=OPERATOR,
        )
        order, shipment = _order(world, actor)
        _, arrived = _order(world, actor)
        told = Report(arrived.number, "Delivered", now())
        shipments.hear(arrived, [told], source="push", actor=SYSTEM)
        world.parcel, world.arrived = shipment.number, arrived.number
        return {
            "order_id": str(order.id),
            "shipment_id": str(shipment.id),
            "carrier_id": str(carrier.id),
            "step": "confirm",
            "logistics_api.push:name": "walker",
            "parcel_number": shipment.number,
            "carrier_code": "walker",
        }


def _order(world, actor):
    contact_id = UUID(world.ids["contact_id"])
    answers = orders.load_order(FORM)
    order = orders.take_order(answers, contact_id=contact_id, channel="phone", actor=actor)
    return order, orders.submit_order(order, "walker", actor=actor)


def _pushed(world):
    told = {"number": world.parcel, "code": "PickedUp", "time": now().isoformat()}
    return {"events": [told]}


def _signed(_world, body):
    at = str(int(time.time()))
    return {TIME: at, SIGNATURE: signature(KEY, at, json.dumps(body, sort_keys=True).encode())}


BODIES = {
    "logistics_api.create_order": lambda _world: {"form": FORM, "carrier": "walker"},
    "logistics_api.patch_order": lambda _world: {"goods": "Maps"},
    "logistics_api.move_order": lambda _world: {"name": "confirm", "form": {}, "version": 2},
    "logistics_api.add_event": lambda _world: {"code": "PickedUp", "at": now().isoformat()},
    "logistics_api.save_meaning": lambda _world: {
        "carrier": "walker", "code": "NEW", "status": "in_transit",
    },
    "logistics_api.push": _pushed,
    "logistics_orders.take_order": lambda _world: TYPED | {"carrier": "walker", "then": "submit"},
    "logistics_orders.take_step": lambda _world: {"version": "2"},
    "logistics_orders.amend": lambda _world: {
        **{k: v for k, v in TYPED.items() if k.startswith("receiver")}, "goods": "Maps", "version": "2",
    },
    "logistics_pages.add_note": lambda _world: {"content": "Called the depot"},
    "logistics_pages.add_scan": lambda _world: {"code": "DESK_SEEN", "place": "Wuhan"},
    "logistics_pages.add_carrier": lambda _world: {
        "code": "another", "adapter": "poll", "title_en": "Another", "title_zh": "另一家",
        "address": "https://carrier.example/track",
    },
    "logistics_pages.change_carrier": lambda _world: {"version": "1", "title_en": "Walker", "address": ""},
    "logistics_pages.change_meaning": lambda _world: {"code": "NEW", "meaning": "in_transit/"},
    "portal_page_logistics_order.show": lambda _world: {k: v for k, v in TYPED.items() if k != "kind"},
    "portal_page_logistics_track.show": lambda world: {"number": world.parcel, "tail": "6022"},
    "portal_page_logistics_not_received.show": lambda world: {"number": world.arrived, "tail": "6022"},
}  # fmt: skip
PAGES = {
    "logistics_orders.take_step": "/x/logistics/orders/{order_id}",
    "logistics_orders.amend": "/x/logistics/orders/{order_id}?step=amend",
    "logistics_pages.change_meaning": "/x/logistics/carriers/{carrier_id}",
    "portal_page_logistics_not_received.show": "/p/logistics/track",
}
HEADERS = {"logistics_api.push": _signed}
ACTORS = {
    "logistics_api.push": "nobody",
    "portal_page_logistics_track.show": "nobody",
    "portal_page_logistics_order.show": "nobody",
    "portal_page_logistics_not_received.show": "nobody",
}
QUERIES = {
    "logistics_api.track": {"number": "parcel_number"},
    "logistics_api.list_meanings": {"carrier": "carrier_code"},
}
PUBLIC = {
    "logistics_api.push",
    "portal_page_logistics_track.show",
    "portal_page_logistics_order.show",
    "portal_page_logistics_not_received.show",
}
