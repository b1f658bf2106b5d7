"""The parcel beside its ticket at the desk, and on the customer's own ticket page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from core.sdk import Block, Button, db, format_datetime, get_contact, text
from plugins.logistics.cases import cases_at, shipment_at
from plugins.logistics.models import Shipment
from plugins.logistics.notes import notes_of
from plugins.logistics.promises import expected_at
from plugins.logistics.shipments import carrier_of
from plugins.logistics.views import SHIPMENTS, promise_of, status_words, steps_drawn
from plugins.logistics.workflow import EXCEPTION, READ_ORDERS, READ_SHIPMENTS

if TYPE_CHECKING:
    from core.sdk import Actor, Contact, Ticket

RECENT = 5


def at_ticket(ticket: Ticket | None, _actor: Actor) -> list[Block]:
    """Where the parcel is, what is wrong with it, the last note; for other tickets, the customer's open parcels."""
    if ticket is None:
        return []
    shipment = shipment_at(ticket.id)
    if shipment is None:
        return _parcels_of(ticket)
    kinds = [text(f"logistics.kind_of.{case.kind}") for case in cases_at(ticket.id)]
    rows = [
        ("logistics.field.number", shipment.number),
        ("logistics.field.carrier", text(carrier_of(shipment).title)),
        (
            "logistics.field.route",
            text("logistics.route", origin=shipment.from_city, goal=shipment.to_city),
        ),
        ("logistics.field.status", status_words(shipment.status, shipment.sub)),
        ("logistics.field.heard_at", format_datetime(shipment.heard_at, "near")),
        ("logistics.field.promised_at", promise_of(shipment)[0]),
        ("logistics.field.exceptions", text("logistics.list_comma").join(dict.fromkeys(kinds))),
    ]
    blocks = [Block("rows", items=tuple(row for row in rows if row[1]))]
    notes = notes_of(shipment.id)
    if notes:
        words = text(
            "logistics.panel.last_note", at=format_datetime(notes[-1].written_at, "near"),
            words=notes[-1].content[:200],
        )  # fmt: skip
        blocks.append(Block("text", value=words))
    links = (
        (text("logistics.panel.open"), f"{SHIPMENTS}/{shipment.id}"),
        (text("logistics.notes.short"), f"{SHIPMENTS}/{shipment.id}#notes"),
    )
    return [*blocks, Block("actions", items=links)]


def _parcels_of(ticket: Ticket) -> list[Block]:
    if ticket.contact_id is None:
        return []
    found = _last(ticket.contact_id)
    return [_table(found)] if found else []


def at_contact(contact: Contact | None, _actor: Actor) -> list[Block]:
    """The customer's last parcels."""
    found = _last(contact.id) if contact else []
    return [_table(found)] if found else []


def _last(contact_id: object) -> list[Shipment]:
    query = sa.select(Shipment).where(Shipment.contact_id == contact_id)
    return list(db.session.scalars(query.order_by(Shipment.id.desc()).limit(RECENT)))


def _table(found: list[Shipment]) -> Block:
    return Block(
        "table",
        label="logistics.panel.parcels",
        value=("logistics.field.number", "logistics.field.status", "logistics.field.promised_at"),
        items=tuple(
            (shipment.number, status_words(shipment.status, shipment.sub), promise_of(shipment)[0])
            for shipment in found
        ),
    )


def at_matter(ticket: Ticket | None, _actor: Actor) -> list[Block]:
    """What the customer may see of the parcel that his ticket is about: the way, no names."""
    shipment = shipment_at(ticket.id) if ticket else None
    if shipment is None:
        return []
    eta = expected_at(shipment)
    rows = [
        ("logistics.field.number", shipment.number),
        ("logistics.field.status", status_words(shipment.status, shipment.sub)),
        ("logistics.field.expected", format_datetime(eta, "short") if eta else ""),
    ]
    steps = tuple(
        (step["title"], format_datetime(step["at"], "short"), step["place"])
        for step in steps_drawn(shipment)[::-1]
        if step["at"]
    )
    return [
        Block("rows", items=tuple(row for row in rows if row[1])),
        Block(
            "table",
            label="logistics.panel.way",
            value=("logistics.field.status", "logistics.field.at", "logistics.field.place"),
            items=steps[:RECENT],
        ),
    ]


def buttons(ticket: Ticket, actor: Actor) -> list[Button]:
    """What the desk reaches from a ticket: its parcel, or an order for its customer."""
    if ticket.type == EXCEPTION and actor.can(READ_SHIPMENTS):
        shipment = shipment_at(ticket.id)
        if shipment is None:
            return []
        return [
            Button(
                "logistics.panel.open", f"{SHIPMENTS}/{shipment.id}", READ_SHIPMENTS, icon="package"
            )
        ]
    if ticket.contact_id and actor.can("logistics.order:write"):
        url = f"/x/logistics/orders/new?contact_id={get_contact(ticket.contact_id).id}"
        return [Button("logistics.order.new", url, READ_ORDERS, icon="truck-delivery")]
    return []
