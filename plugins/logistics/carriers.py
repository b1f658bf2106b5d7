"""Carrier accounts, their keys and their vocabularies; taking in what they push, asking those that are polled."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from core.sdk import (
    SYSTEM,
    Conflict,
    EgressFailed,
    EgressRefused,
    Invalid,
    Malformed,
    NotFound,
    Problem,
    StaleVersion,
    current_tenant,
    db,
    emit,
    now,
    open_secret,
    seal_secret,
    settings,
    transaction,
)
from plugins.logistics.adapters import ADAPTERS, POLL, PUSH, check_signature
from plugins.logistics.canonical import STATUSES, SUBS
from plugins.logistics.events import CarrierChanged, StatusMapChanged
from plugins.logistics.models import Carrier, Receipt, Shipment, StatusMap, TrackingEvent
from plugins.logistics.presets import OWN, PRESETS
from plugins.logistics.shipments import hear, lock_shipment, meanings_of, read_again

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from core.sdk import Actor, JobRun
    from plugins.logistics.adapters import Report

PURPOSE = "logistics.carrier"
# An answer about so many parcels stays below what the egress client reads.
BATCH = 15
AHEAD = timedelta(days=1)


@dataclass(frozen=True)
class Taken:
    """What came of a message: events that were new, known already, about unknown numbers, or of a far future."""

    new: int = 0
    known: int = 0
    strange: int = 0
    refused: int = 0


def list_carriers() -> list[Carrier]:
    """Every carrier account, by its code."""
    return list(db.session.scalars(sa.select(Carrier).order_by(Carrier.code)))


def get_carrier(carrier_id: UUID) -> Carrier:
    """The carrier; NotFound."""
    found = db.session.get(Carrier, (current_tenant().id, carrier_id))
    if found is None:
        raise NotFound("no such carrier")
    return found


_NAMED = sa.select(Carrier).where(Carrier.code == sa.bindparam("code"))


def carrier_named(code: str) -> Carrier | None:
    """The carrier of that code."""
    return db.session.scalars(_NAMED, {"code": code}).one_or_none()


def save_carrier(
    carrier: Carrier | None, values: Mapping[str, Any], *, version: int | None, actor: Actor
) -> Carrier:
    """Add a carrier (None) or change one; an empty key leaves the old one. Invalid, Conflict, StaleVersion."""
    problems = _problems(values, new=carrier is None)
    if problems:
        raise Invalid(*problems)
    if carrier is None:
        return _add(values, actor)
    if version != carrier.version:
        raise StaleVersion(current=carrier.version, given=version or 0)
    changed = [
        name
        for name in ("title", "address", "telephone", "active", "claim_days")
        if name in values and getattr(carrier, name) != values[name]
    ]
    for name in changed:
        setattr(carrier, name, values[name])
    if values.get("secret"):
        carrier.secret = seal_secret(PURPOSE, values["secret"])
        changed.append("secret")
    if changed:
        carrier.version += 1
        _say_changed(carrier, tuple(changed), actor)
    return carrier


def _add(values: Mapping[str, Any], actor: Actor) -> Carrier:
    if carrier_named(values["code"]):
        raise Conflict("the code is taken", field="code")
    carrier = Carrier(
        code=values["code"],
        title=values["title"],
        adapter=values["adapter"],
        address=values.get("address", ""),
        telephone=values.get("telephone", ""),
        claim_days=values.get("claim_days", 30),
        active=values.get("active", True),
        secret=seal_secret(PURPOSE, values["secret"]) if values.get("secret") else "",
        version=1,
    )
    db.session.add(carrier)
    # The map's rows point at the carrier, and SQLAlchemy orders tables by their class's name.
    db.session.flush()
    for code, (status, sub) in PRESETS[carrier.adapter].items():
        db.session.add(StatusMap(carrier_id=carrier.id, code=code, status=status, sub=sub))
    _say_changed(carrier, ("code",), actor)
    return carrier


def _problems(values: Mapping[str, Any], *, new: bool) -> list[Problem]:
    wrong = []
    code = str(values.get("code", ""))
    if new and not (code.isascii() and code.replace("-", "").isalnum() and code == code.lower()):
        wrong.append(Problem(field="code", message="logistics.error.code"))
    if new and values.get("adapter") not in ADAPTERS:
        wrong.append(Problem(field="adapter", message="logistics.error.adapter"))
    if "title" in values and not any(dict(values["title"]).values()):
        wrong.append(Problem(field="title", message="logistics.error.title"))
    address = str(values.get("address", ""))
    if address and not address.startswith(("http://", "https://")):
        wrong.append(Problem(field="address", message="logistics.error.address"))
    return wrong


def _say_changed(carrier: Carrier, names: tuple[str, ...], actor: Actor) -> None:
    fact = CarrierChanged(carrier=carrier.code, fields=names)
    emit(fact, subject=("logistics.carrier", carrier.id), actor=actor)


def key_of(carrier: Carrier) -> str:
    """The carrier's key in clear: for signing and asking, never for screens."""
    return open_secret(PURPOSE, carrier.secret) if carrier.secret else ""


# --- vocabulary -----------------------------------------------------------------------------------


def map_of(carrier_id: UUID) -> list[StatusMap]:
    """The carrier's codes; those that nobody gave a meaning come first."""
    query = sa.select(StatusMap).where(StatusMap.carrier_id == carrier_id)
    rows = db.session.scalars(query).all()
    return sorted(rows, key=lambda row: (bool(row.status), row.code))


def save_meaning(carrier_id: UUID, code: str, status: str, sub: str, *, actor: Actor) -> StatusMap:
    """Say what a carrier's code means; every shipment that has it is read anew, in this transaction."""
    carrier = get_carrier(carrier_id)
    _check_meaning(code, status, sub)
    query = sa.select(StatusMap).where(StatusMap.carrier_id == carrier.id, StatusMap.code == code)
    row = db.session.scalars(query).one_or_none()
    if row is None:
        row = StatusMap(carrier_id=carrier.id, code=code)
        db.session.add(row)
    row.status, row.sub = status, sub
    row.changed_by, row.changed_at = actor.id, now()
    db.session.flush()  # the meanings are read from the table
    touched = _read_all_again(carrier, code, actor)
    fact = StatusMapChanged(
        carrier=carrier.code, code=code, status=status, sub=sub, shipments=touched
    )
    emit(fact, subject=("logistics.carrier", carrier.id), actor=actor)
    return row


def _check_meaning(code: str, status: str, sub: str) -> None:
    wrong = []
    if not code or len(code) > 60 or code in OWN:  # noqa: PLR2004  the column's length
        wrong.append(Problem(field="code", message="logistics.error.code"))
    if status and status not in STATUSES:
        wrong.append(Problem(field="status", message="logistics.error.status"))
    if sub and (status != "exception" or sub not in SUBS):
        wrong.append(Problem(field="sub", message="logistics.error.sub"))
    if wrong:
        raise Invalid(*wrong)


def _read_all_again(carrier: Carrier, code: str, actor: Actor) -> int:
    tenant_id = current_tenant().id
    having = sa.select(TrackingEvent.shipment_id).where(
        TrackingEvent.tenant_id == tenant_id, TrackingEvent.code == code
    )
    wanted = sa.select(Shipment.id).where(
        Shipment.carrier_id == carrier.id, Shipment.id.in_(having)
    )
    known, touched = meanings_of(carrier.id), 0
    for shipment_id in db.session.scalars(wanted).all():
        touched += read_again(lock_shipment(shipment_id), known, actor=actor)
    return touched


# --- what they tell -------------------------------------------------------------------------------


def receive(code: str, headers: Mapping[str, str], body: bytes) -> Taken:
    """Take a pushed message; NotSignedIn unless it is signed, Malformed when it cannot be read.

    Who is unknown, polled or switched off is refused exactly like a wrong signature.
    """
    carrier = carrier_named(code)
    usable = carrier is not None and carrier.active and carrier.adapter == "push"
    check_signature(key_of(carrier) if carrier and usable else "", headers, body)
    if carrier is None:
        raise NotFound(code)
    reports = PUSH.read(body)
    keep_receipt(carrier, body)
    return take(carrier, reports, source="push")


def keep_receipt(carrier: Carrier, body: bytes) -> Receipt:
    """Keep a message as it came; the same bytes again only count."""
    digest = hashlib.sha256(body).hexdigest()
    query = sa.select(Receipt).where(Receipt.carrier_id == carrier.id, Receipt.sha256 == digest)
    row = db.session.scalars(query).one_or_none()
    if row is None:
        row = Receipt(
            carrier_id=carrier.id, sha256=digest, body=body.decode("utf-8", "replace"), times=1
        )
        db.session.add(row)
    else:
        row.times += 1
    carrier.heard_at, carrier.failure = now(), ""
    return row


def take(carrier: Carrier, reports: Sequence[Report], *, source: str) -> Taken:
    """Hand reports to their shipments, each locked in the order of its id: two messages never wait in a ring."""
    by_number: dict[str, list[Report]] = defaultdict(list)
    refused = 0
    for report in reports:
        if report.at > now() + AHEAD:
            refused += 1
        else:
            by_number[report.number.upper()].append(report)
    query = sa.select(Shipment.id, Shipment.carrier_number).where(
        Shipment.carrier_id == carrier.id, Shipment.carrier_number.in_(list(by_number))
    )
    found = {number: shipment_id for shipment_id, number in db.session.execute(query)}
    known, new, all_known = meanings_of(carrier.id), 0, 0
    for number in sorted(found, key=lambda each: found[each]):
        told = by_number[number]
        heard = hear(
            lock_shipment(found[number]), told, source=source, actor=SYSTEM, meanings=known
        )
        new += heard.new
        all_known += len(told) - heard.new
    strange = sum(len(told) for number, told in by_number.items() if number not in found)
    return Taken(new, all_known, strange, refused)


def poll(job: JobRun) -> None:
    """Ask every polled carrier about what is due, a batch at a time; a carrier that fails waits for the next round."""
    carriers = [row.id for row in list_carriers() if row.active and row.adapter == "poll"]
    result = {"asked": 0, "new": 0, "failed": 0}
    for done, carrier_id in enumerate(carriers, 1):
        _poll_carrier(carrier_id, result)
        job.progress(done, len(carriers))
    job.result.update(result)


def _poll_carrier(carrier_id: UUID, result: dict[str, int]) -> None:
    while True:
        with transaction():
            carrier = get_carrier(carrier_id)
            address, key, numbers = carrier.address, key_of(carrier), _due_numbers(carrier)
        if not numbers or not address:
            return
        # Between two transactions: nobody waits for a lock while the carrier thinks.
        try:
            body = POLL.ask(address, key, numbers)
            reports = POLL.read(body)
        except (EgressRefused, EgressFailed, Malformed) as error:
            result["failed"] += 1
            with transaction():
                _note_failure(carrier_id, str(error))
            return
        with transaction():
            carrier = get_carrier(carrier_id)
            keep_receipt(carrier, body)
            wanted = set(numbers)
            asked = [report for report in reports if report.number.upper() in wanted]
            result["new"] += take(carrier, asked, source="poll").new
        result["asked"] += len(numbers)
        if len(numbers) < BATCH:
            return


def _due_numbers(carrier: Carrier) -> list[str]:
    """Numbers that were not asked for within the tenant's minutes (30 at least); they are marked as asked."""
    query = (
        sa.select(Shipment)
        .where(Shipment.open == sa.true(), Shipment.due_poll_at <= now())
        .where(Shipment.carrier_id == carrier.id)
        .order_by(Shipment.due_poll_at, Shipment.id)
        .limit(BATCH)
    )
    pause = timedelta(minutes=settings("logistics")["poll_minutes"])
    found = list(db.session.scalars(query))
    for shipment in found:
        shipment.due_poll_at = now() + pause
    return [shipment.carrier_number for shipment in found]


def _note_failure(carrier_id: UUID, words: str) -> None:
    carrier = get_carrier(carrier_id)
    carrier.failed_at, carrier.failure = now(), words[:300]
