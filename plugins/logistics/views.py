"""What the desk's pages of shipments draw: the list, and one shipment whole."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import sqlalchemy as sa

from core.sdk import (
    Ticket,
    current_tenant,
    db,
    definition,
    format_datetime,
    mask_phone,
    money_text,
    names_of_users,
    now,
    page_of,
    public_url,
    sla_chips,
    state_named,
    text,
    visible_tickets_to,
)
from plugins.logistics import cases, numbers
from plugins.logistics.canonical import STATUSES, WAY
from plugins.logistics.carriers import list_carriers
from plugins.logistics.models import Carrier, ExceptionCase, Order, Shipment
from plugins.logistics.notes import notes_of
from plugins.logistics.orders import get_order
from plugins.logistics.promises import expected_at
from plugins.logistics.shipments import carrier_of, events_of, get_shipment, standing_of
from plugins.logistics.workflow import ORDER

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from core.sdk import Actor

TOWER, SHIPMENTS = "/x/logistics/", "/x/logistics/shipments"
PAGE = 50
CALM, WARN, BAD = "", "warn", "danger"
# How long nothing was heard of a parcel on its way.
AGES = (("day", 0, 24), ("two_days", 24, 48), ("three_days", 48, 72), ("longer", 72, 24 * 365))
PROMISES = ("late", "soon", "in_time", "none")
LOOKS = {
    "delivered": "ok", "exception": "danger", "attempt_failed": "warn", "expired": "danger",
    "returning": "warn", "returned": "warn", "cancelled": "", "customs": "info",
}  # fmt: skip
ICONS = {
    "pending": "file-text", "info_received": "clipboard-check", "picked_up": "package",
    "in_transit": "truck", "customs": "shield-check", "at_depot": "building",
    "out_for_delivery": "truck-delivery", "available_for_pickup": "map-pin",
    "delivered": "circle-check", "attempt_failed": "alert-circle", "exception": "alert-triangle",
    "expired": "hourglass", "returning": "arrow-back-up", "returned": "arrow-back-up",
    "cancelled": "circle-x",
}  # fmt: skip


@dataclass(frozen=True)
class Line:
    """A shipment in a list."""

    shipment: Shipment
    carrier: str
    look: str
    status: str
    promise: str
    promise_look: str
    ticket: Ticket | None = None


def status_words(status: str, sub: str = "") -> str:
    """A canonical status in words, with what is wrong."""
    words = text(f"logistics.status.{status}")
    return (
        text("logistics.status.with_sub", status=words, sub=text(f"logistics.sub.{sub}"))
        if sub
        else words
    )


def address(base: str, **asked: str) -> str:
    """An address with what is asked for."""
    query = urlencode({name: value for name, value in asked.items() if value})
    return f"{base}?{query}" if query else base


def promise_condition(name: str) -> sa.ColumnElement[bool]:
    """Open parcels that are late, due within a day, in time, or promised nothing."""
    at = now()
    return {
        "late": Shipment.promised_at < at,
        "soon": sa.and_(
            Shipment.promised_at >= at, Shipment.promised_at < at + timedelta(hours=24)
        ),
        "in_time": Shipment.promised_at >= at + timedelta(hours=24),
        "none": Shipment.promised_at.is_(None),
    }[name]


# --- the list -------------------------------------------------------------------------------------


def filtered(asked: Mapping[str, str]) -> sa.Select[Any]:
    """Shipments that fit what is asked: words, status, carrier, age, promise."""
    query = sa.select(Shipment)
    if words := asked.get("q", "").strip():
        query = query.where(_fits(words))
    if asked.get("status") in STATUSES:
        query = query.where(Shipment.status == asked["status"])
    if asked.get("carrier"):
        wanted = sa.select(Carrier.id).where(
            Carrier.tenant_id == current_tenant().id, Carrier.code == asked["carrier"]
        )
        query = query.where(Shipment.carrier_id.in_(wanted))
    ages = {name: (low, high) for name, low, high in AGES}
    if asked.get("age") in ages:
        low, high = ages[asked["age"]]
        heard = Shipment.heard_at
        query = query.where(
            Shipment.open == sa.true(),
            heard <= now() - timedelta(hours=low),
            heard > now() - timedelta(hours=high),
        )
    if asked.get("promise") in PROMISES:
        query = query.where(Shipment.open == sa.true(), promise_condition(asked["promise"]))
    return query


def _fits(words: str) -> sa.ColumnElement[bool]:
    number = numbers.canonical_number(words)
    cities = sa.or_(
        Shipment.to_city.contains(words, autoescape=True),
        Shipment.from_city.contains(words, autoescape=True),
    )
    by_number = sa.or_(
        Shipment.number.startswith(number, autoescape=True),
        Shipment.carrier_number.startswith(number, autoescape=True),
    )
    tail = numbers.tail_of(words)
    if len(words) == 4 and tail:  # noqa: PLR2004  the tail of a phone
        return sa.or_(Shipment.receiver_tail == tail, Shipment.sender_tail == tail)
    return sa.or_(cities, by_number) if number else cities


def shipment_list(asked: Mapping[str, str], actor: Actor) -> dict[str, Any]:
    """A page of shipments, newest first."""
    found = page_of(
        filtered(asked),
        Shipment.created_at,
        Shipment.id,
        cursor=asked.get("cursor", ""),
        limit=PAGE,
    )
    kept = {name: asked.get(name, "") for name in ("q", "status", "carrier", "age", "promise")}
    return {
        "lines": lines(found.items, actor),
        "asked": kept,
        "statuses": [(status, text(f"logistics.status.{status}")) for status in STATUSES],
        "carriers": [(row.code, text(row.title)) for row in list_carriers()],
        "ages": [(name, text(f"logistics.age.{name}")) for name, _, _ in AGES],
        "promises": [(name, text(f"logistics.promise.{name}")) for name in PROMISES],
        "first_url": address(SHIPMENTS, **kept) if asked.get("cursor") else "",
        "next_url": address(SHIPMENTS, **kept, cursor=found.next) if found.next else "",
        "csv_url": address("/x/logistics/shipments.csv", **kept),
        "filtered": any(kept.values()),
    }


def lines(shipments: Sequence[Shipment], actor: Actor) -> list[Line]:
    """Shipments with the names and tickets behind their ids, asked for at once."""
    titles = {row.id: text(row.title) for row in list_carriers()}
    tickets = _tickets_at_work([shipment.id for shipment in shipments], actor)
    return [
        Line(
            shipment,
            titles[shipment.carrier_id],
            LOOKS.get(shipment.status, ""),
            status_words(shipment.status, shipment.sub),
            *promise_of(shipment),
            ticket=tickets.get(shipment.id),
        )
        for shipment in shipments
    ]


def promise_of(shipment: Shipment) -> tuple[str, str]:
    """The promise in words and its look: kept, late, or how it stands."""
    if shipment.promised_at is None:
        return "—", CALM
    if shipment.delivered_at:
        late = shipment.delivered_at > shipment.promised_at
        return (
            (text("logistics.promise.kept_late"), BAD)
            if late
            else (text("logistics.promise.kept"), "ok")
        )
    words = format_datetime(shipment.promised_at, "short")
    if not shipment.open:
        return words, CALM
    return words, BAD if shipment.promised_at < now() else CALM


def _tickets_at_work(shipment_ids: Sequence[UUID], actor: Actor) -> dict[UUID, Ticket]:
    if not shipment_ids or not actor.can("ticket:read"):
        return {}
    tenant_id = current_tenant().id
    query = (
        sa.select(ExceptionCase.shipment_id, Ticket)
        .join(
            Ticket,
            sa.and_(Ticket.tenant_id == tenant_id, Ticket.id == ExceptionCase.ticket_id),
        )
        .where(
            ExceptionCase.tenant_id == tenant_id,
            ExceptionCase.shipment_id.in_(shipment_ids),
            Ticket.status.in_(("new", "open", "waiting")),
            visible_tickets_to(actor, "ticket:read"),
        )
    )
    return {row[0]: row[1] for row in db.session.execute(query)}


# --- one shipment ---------------------------------------------------------------------------------


def steps_drawn(shipment: Shipment) -> list[dict[str, Any]]:
    """The way as it is drawn for people: what was, what is now, what comes."""
    standing = standing_of(shipment)
    drawn: list[dict[str, Any]] = [
        {
            "status": step.status,
            "title": status_words(step.status, step.sub),
            "at": step.at,
            "place": step.place,
            "state": "done",
            "icon": ICONS[step.status],
        }
        for step in standing.steps
    ]
    if drawn and shipment.open:
        drawn[-1]["state"] = "now"
    if shipment.open and shipment.status in WAY:
        ahead = ("picked_up", "in_transit", "at_depot", "out_for_delivery", "delivered")
        here = WAY.index(shipment.status)
        drawn += [
            {"status": status, "title": text(f"logistics.status.{status}"), "at": None, "place": "",
             "state": "next", "icon": ICONS[status]}
            for status in ahead
            if WAY.index(status) > here
        ]  # fmt: skip
    return drawn


def milestones(shipment: Shipment) -> list[dict[str, Any]]:
    """Five stages for the stage bar."""
    groups = (
        ("accepted", ("pending", "info_received")), ("picked_up", ("picked_up",)),
        ("moving", ("in_transit", "customs")), ("near", ("at_depot", "out_for_delivery", "available_for_pickup")),
        ("arrived", ("delivered",)),
    )  # fmt: skip
    times: dict[str, datetime] = {}
    for step in standing_of(shipment).steps:
        times[step.status] = step.at
    reached = [any(status in times for status in statuses) for _, statuses in groups]
    reached[0] = True
    last = max(index for index, done in enumerate(reached) if done)
    shown = []
    for index, (name, statuses) in enumerate(groups):
        at = max((times[status] for status in statuses if status in times), default=None)
        state = "done" if index < last or not shipment.open else "now" if index == last else "next"
        if index > last:
            state = "next"
        shown.append(
            {"title": text(f"logistics.milestone.{name}"), "state": state,
             "note": format_datetime(at, "short") if at else ""}
        )  # fmt: skip
    return shown


def shipment_page(shipment_id: UUID, actor: Actor) -> dict[str, Any]:
    """One shipment whole: order, way, raw events, exceptions, notes."""
    shipment = get_shipment(shipment_id)
    order, carrier = get_order(shipment.order_id), carrier_of(shipment)
    return {
        "shipment": shipment,
        "order": order,
        "people": people_of(order),
        "carrier": carrier,
        "status": status_words(shipment.status, shipment.sub),
        "look": LOOKS.get(shipment.status, ""),
        "promise": promise_of(shipment),
        "expected": expected_at(shipment),
        "stages": milestones(shipment),
        "steps": [step for step in steps_drawn(shipment) if step["at"]][::-1],
        "events": events_of(shipment.id)[::-1],
        "cases": _case_lines(shipment, actor),
        "notes": notes_of(shipment.id)[::-1],
        "track_url": public_url(address("/p/logistics/track", number=shipment.number)),
    }


def people_of(order: Order) -> dict[str, str]:
    """Names and amounts in words, phones masked: the whole number is on the printed waybill alone."""
    salesman = order.salesman_id
    way = definition("workflow", ORDER, order.workflow_version)
    amounts = {
        name: getattr(order, name)
        for name in ("freight", "declared", "insured", "cash_on_delivery")
    }
    return {
        "sender_phone": mask_phone(order.sender_phone),
        "receiver_phone": mask_phone(order.receiver_phone),
        "salesman": names_of_users([salesman]).get(salesman, "") if salesman else "",
        "state": text(state_named(way, order.state).title),
        **{
            name: money_text(amount, order.currency) if amount else ""
            for name, amount in amounts.items()
        },
    }


def _case_lines(shipment: Shipment, actor: Actor) -> list[dict[str, Any]]:
    found = cases.cases_of(shipment.id)
    query = sa.select(Ticket).where(
        Ticket.id.in_({case.ticket_id for case in found}),
        visible_tickets_to(actor, "ticket:read"),
    )
    tickets = (
        {row.id: row for row in db.session.scalars(query)}
        if found and actor.can("ticket:read")
        else {}
    )
    chips = sla_chips(tickets.values())
    return [
        {
            "case": case,
            "kind": text(f"logistics.kind_of.{case.kind}"),
            "ticket": tickets.get(case.ticket_id),
            "chip": chips.get(case.ticket_id),
        }
        for case in found
    ]
