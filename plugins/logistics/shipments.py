"""Shipments: made with their waybill, found again, and moved by what their carrier tells."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import sqlalchemy as sa

from core.sdk import NotFound, current_tenant, db, emit, now
from plugins.logistics import numbers
from plugins.logistics.canonical import Scan, Standing, Step, fold
from plugins.logistics.events import STEP_EVENTS, ShipmentCreated
from plugins.logistics.models import Carrier, Order, Shipment, StatusMap, TrackingEvent
from plugins.logistics.presets import OWN
from plugins.logistics.promises import promised_at, scope_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from uuid import UUID

    from core.sdk import Actor
    from plugins.logistics.adapters import Report

Meanings = dict[str, tuple[str, str]]
Key = tuple["datetime", str, int]
SUBJECT = "logistics.shipment"


# Asked whenever a carrier tells something, so they are built once.
_EVENTS = (
    sa.select(TrackingEvent)
    .where(TrackingEvent.shipment_id == sa.bindparam("shipment_id"))
    .order_by(TrackingEvent.happened_at, TrackingEvent.code, TrackingEvent.piece)
)
_LOCKED = (
    sa.select(Shipment)
    .where(Shipment.id == sa.bindparam("shipment_id"))
    .with_for_update()
    .execution_options(populate_existing=True)
)
_OF_ORDER = (
    sa.select(Shipment)
    .where(Shipment.order_id == sa.bindparam("order_id"))
    .order_by(Shipment.id.desc())
    .limit(1)
)


@dataclass(frozen=True)
class Heard:
    """What a batch of reports did: how many were new, and whether the canonical status changed."""

    shipment: Shipment
    new: int
    changed: bool


_followers: list[Callable[[Shipment, Standing, Actor], None]] = []


def follow(call: Callable[[Shipment, Standing, Actor], None]) -> None:
    """Let `call(shipment, standing, actor)` run after each change of a shipment, in its transaction."""
    if call not in _followers:
        _followers.append(call)


def create_shipment(
    order: Order, carrier: Carrier, *, actor: Actor, number: str = "", carrier_number: str = ""
) -> Shipment:
    """The waybill of an order: its number, its carrier and what is promised on its route."""
    made = number or numbers.make_number(numbers.WAYBILL)
    scope = scope_of(order.sender_city, order.receiver_city, order.service)
    shipment = Shipment(
        number=made,
        order_id=order.id,
        carrier_id=carrier.id,
        carrier_number=carrier_number or made,
        contact_id=order.contact_id,
        pieces=order.pieces,
        service=order.service,
        from_city=order.sender_city,
        to_city=order.receiver_city,
        receiver_tail=numbers.tail_of(order.receiver_phone),
        sender_tail=numbers.tail_of(order.sender_phone),
        status="pending",
        since=now(),
        heard_at=now(),
        troubled=False,
        created_at=now(),
        promised_at=promised_at(order.service, scope, now()),
        due_poll_at=now() if carrier.adapter == "poll" else None,
    )
    db.session.add(shipment)
    # Written with its order; what the table fills in by itself is read from here on.
    db.session.flush()
    made_event = ShipmentCreated(
        shipment_id=shipment.id,
        order_id=order.id,
        carrier=carrier.code,
        pieces=order.pieces,
        service=order.service,
        promised_at=shipment.promised_at,
    )
    emit(made_event, subject=(SUBJECT, shipment.id), actor=actor)
    return shipment


def get_shipment(shipment_id: UUID) -> Shipment:
    """The shipment; NotFound."""
    found = db.session.get(Shipment, (current_tenant().id, shipment_id))
    if found is None:
        raise NotFound("no such shipment")
    return found


def shipment_of_order(order_id: UUID) -> Shipment | None:
    """The order's waybill; None while it is a draft."""
    return db.session.scalars(_OF_ORDER, {"order_id": order_id}).one_or_none()


def by_number(typed: str) -> Shipment | None:
    """The shipment of a waybill number, ours or the carrier's, however it was typed."""
    number = numbers.canonical_number(typed)
    found = sa.or_(Shipment.number == number, Shipment.carrier_number == number)
    return db.session.scalars(
        sa.select(Shipment).where(found).order_by(Shipment.id).limit(1)
    ).one_or_none()


def lock_shipment(shipment_id: UUID) -> Shipment:
    """The shipment, others who write it wait; NotFound."""
    found = db.session.scalars(_LOCKED, {"shipment_id": shipment_id}).one_or_none()
    if found is None:
        raise NotFound("no such shipment")
    return found


def events_of(shipment_id: UUID) -> list[TrackingEvent]:
    """Everything that was told, as it happened."""
    return list(db.session.scalars(_EVENTS, {"shipment_id": shipment_id}))


def standing_of(shipment: Shipment) -> Standing:
    """Where it stands by its events, read anew."""
    return fold(_scans(events_of(shipment.id)), shipment.pieces)


def carrier_of(shipment: Shipment) -> Carrier:
    """Who carries it."""
    return db.session.get_one(Carrier, (current_tenant().id, shipment.carrier_id))


def meanings_of(carrier_id: UUID) -> Meanings:
    """What the carrier's codes mean; those without a meaning are left out."""
    query = sa.select(StatusMap).where(StatusMap.carrier_id == carrier_id)
    known = {row.code: (row.status, row.sub) for row in db.session.scalars(query) if row.status}
    return {**known, **OWN}


def hear(
    shipment: Shipment,
    reports: Sequence[Report],
    *,
    source: str,
    actor: Actor,
    meanings: Meanings | None = None,
) -> Heard:
    """Take reports about one shipment, locked: any order and any repetition of them ends in the same state.

    `source` is push, poll, desk or customer. Codes that nobody gave a meaning are kept and put on the carrier's map.
    """
    known = meanings if meanings is not None else meanings_of(shipment.carrier_id)
    kept = {_key(row): row for row in events_of(shipment.id)}
    before = fold(_scans(list(kept.values())), shipment.pieces)
    size = len(kept)
    for report in reports:
        # A piece that the waybill does not have speaks for all of them.
        fitting = report if report.piece <= shipment.pieces else replace(report, piece=0)
        _keep(shipment, fitting, kept, source=source, known=known)
    after = fold(_scans(list(kept.values())), shipment.pieces)
    _settle(shipment, after, max((row.happened_at for row in kept.values()), default=None))
    changed = _tell(shipment, before, after, actor)
    for call in _followers:
        call(shipment, after, actor)
    return Heard(shipment, len(kept) - size, changed)


def read_again(shipment: Shipment, known: Meanings, *, actor: Actor) -> bool:
    """Read a locked shipment's events by a changed map; gives whether its status changed."""
    rows = events_of(shipment.id)
    before = fold(_scans(rows), shipment.pieces)
    for row in rows:
        row.status, row.sub = known.get(row.code, ("", ""))
    after = fold(_scans(rows), shipment.pieces)
    _settle(shipment, after, max((row.happened_at for row in rows), default=None))
    changed = _tell(shipment, before, after, actor)
    for call in _followers:
        call(shipment, after, actor)
    return changed


def _key(row: TrackingEvent | Report) -> Key:
    at = row.happened_at if isinstance(row, TrackingEvent) else row.at
    return (at, row.code, row.piece)


def _keep(
    shipment: Shipment,
    report: Report,
    kept: dict[Key, TrackingEvent],
    *,
    source: str,
    known: Meanings,
) -> None:
    row = kept.get(_key(report))
    if row is None:
        status, sub = known.get(report.code) or _unknown(shipment.carrier_id, report)
        row = TrackingEvent(
            shipment_id=shipment.id,
            happened_at=report.at,
            code=report.code,
            piece=report.piece,
            status=status,
            sub=sub,
            words=report.words,
            place=report.place,
            source=source,
            raw=report.raw,
        )
        kept[_key(report)] = row
        db.session.add(row)
    elif (report.words, report.place, report.raw) > (row.words, row.place, row.raw):
        # The same event in other words: which of them stays must not depend on which came first.
        row.words, row.place, row.raw = report.words, report.place, report.raw


def _unknown(carrier_id: UUID, report: Report) -> tuple[str, str]:
    """Put a code that nobody knows on the carrier's map, for a person to say what it means."""
    query = sa.select(StatusMap.id).where(
        StatusMap.carrier_id == carrier_id, StatusMap.code == report.code
    )
    if db.session.scalars(query).one_or_none() is None:
        db.session.add(StatusMap(carrier_id=carrier_id, code=report.code, words=report.words[:200]))
        # A second event with the code in this batch must find it.
        db.session.flush()
    return "", ""


def _scans(rows: Sequence[TrackingEvent]) -> list[Scan]:
    return [
        Scan(row.happened_at, row.code, row.piece, row.status, row.sub, row.place)
        for row in rows
        if row.status
    ]


def _settle(shipment: Shipment, standing: Standing, heard_at: datetime | None) -> None:
    shipment.status, shipment.sub = standing.status, standing.sub
    shipment.since = standing.since or shipment.created_at
    shipment.heard_at = max(heard_at or shipment.created_at, shipment.created_at)
    shipment.place, shipment.attempts = standing.place, standing.attempts
    shipment.open = not standing.ended
    shipment.delivered_at = standing.since if standing.status == "delivered" else None
    shipment.version += 1


def _tell(shipment: Shipment, before: Standing, after: Standing, actor: Actor) -> bool:
    """One fact for each step that nobody was told of; gives whether it stands elsewhere than before."""
    told = set(before.steps)
    steps = [step for step in after.steps if step not in told]
    changed = (before.status, before.sub) != (after.status, after.sub)
    if changed and not steps:
        steps = [Step(after.status, after.sub, after.since or now())]
    carrier = carrier_of(shipment).code if steps else ""
    for step in steps:
        fact = STEP_EVENTS[step.status](
            shipment_id=shipment.id,
            carrier=carrier,
            status=step.status,
            sub=step.sub,
            at=step.at,
            current=after.status,
            promised_at=shipment.promised_at,
        )
        emit(fact, subject=(SUBJECT, shipment.id), actor=actor)
    return changed
