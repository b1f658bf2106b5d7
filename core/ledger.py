"""The audit trail: seals events into a gap-free, hash-chained order per tenant, verifies it, and feeds from it."""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa
from flask import current_app
from sqlalchemy.orm import Mapped, mapped_column

from core import counters, keys
from core.clock import now, real_now
from core.db import Base, UtcDateTime, db
from core.events import EventRow, Outbox, canonical_json, timestamp_text
from core.tenancy import TenantKeyed, current_tenant, tenant_foreign_key

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import ColumnElement

GENESIS = "0" * 64
Link = tuple[int, str, str, EventRow | None]
HASHED = (
    "tenant_id",
    "id",
    "type",
    "version",
    "occurred_at",
    "recorded_at",
    "subject_type",
    "subject_id",
    "actor_kind",
    "actor_id",
    "on_behalf_of",
    "request_id",
    "caused_by",
    "data",
)


class LedgerEntry(TenantKeyed, Base):
    """One link of a tenant's chain: `hash` = SHA-256(prev_hash + canonical JSON of the event's row and seq)."""

    __tablename__ = "ledger"
    __table_args__ = (
        tenant_foreign_key("event", "event_id"),
        sa.UniqueConstraint("tenant_id", "event_id"),
    )
    seq: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True, autoincrement=False)
    event_id: Mapped[UUID]
    prev_hash: Mapped[str] = mapped_column(sa.String(64))
    hash: Mapped[str] = mapped_column(sa.String(64))
    sealed_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


def link_hash(row: EventRow, seq: int, prev_hash: str) -> str:
    """The hash of `row` as link `seq` behind `prev_hash`: of what is stored, so equal on every database."""
    values = [getattr(row, name) for name in HASHED]
    text = canonical_json(
        [seq, *(timestamp_text(v) if isinstance(v, datetime) else v for v in values)]
    )
    return hashlib.sha256((prev_hash + text).encode()).hexdigest()


def seal(limit: int = 500) -> list[EventRow]:
    """Take up to `limit` events from the outbox into the chain, in the caller's transaction; gives them in order."""
    if db.session.scalars(sa.select(Outbox.event_id).limit(1)).one_or_none() is None:
        return []
    # The counter's row lock lets one sealer at a time pass per tenant; only then is the outbox read.
    counters.take("ledger", "", 0)
    rows = db.session.scalars(
        sa.select(EventRow)
        .join(Outbox, (Outbox.tenant_id == EventRow.tenant_id) & (Outbox.event_id == EventRow.id))
        .order_by(EventRow.id)
        .limit(limit)
    ).all()
    if not rows:
        return []
    last = counters.take("ledger", "", len(rows))
    seq = last - len(rows)
    prev_hash = GENESIS
    if seq:
        prev_hash = db.session.scalars(
            sa.select(LedgerEntry.hash).where(LedgerEntry.seq == seq)
        ).one()
    for row in rows:
        seq += 1
        entry = LedgerEntry(
            seq=seq, event_id=row.id, prev_hash=prev_hash, hash=link_hash(row, seq, prev_hash)
        )
        db.session.add(entry)
        prev_hash = entry.hash
    db.session.execute(sa.delete(Outbox).where(Outbox.event_id.in_([row.id for row in rows])))
    return list(rows)


def feed(
    after: int, limit: int, *, only: ColumnElement[bool] | None = None
) -> Sequence[tuple[int, EventRow]]:
    """Sealed events behind ledger position `after`, oldest first; `only` is a condition over `EventRow`."""
    rows = db.session.execute(
        sa.select(LedgerEntry.seq, EventRow)
        .join(
            EventRow,
            (EventRow.tenant_id == LedgerEntry.tenant_id) & (EventRow.id == LedgerEntry.event_id),
        )
        .where(LedgerEntry.seq > after, sa.true() if only is None else only)
        .order_by(LedgerEntry.seq)
        .limit(limit)
    )
    return [(seq, row) for seq, row in rows]


# --- heads: signed outside of the database


def _heads_file() -> Path:
    folder = Path(current_app.config["POLYDESK_DATA"]) / "heads"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder / f"{current_tenant().id}.jsonl"


def _mac(body: dict[str, Any]) -> str:
    return hmac.new(
        keys.derive("ledger-heads"), canonical_json(body).encode(), hashlib.sha256
    ).hexdigest()


def write_head() -> bool:
    """Append the chain's present head, signed, to the tenant's heads file; False when it stands there already."""
    last = db.session.execute(
        sa.select(LedgerEntry.seq, LedgerEntry.hash).order_by(LedgerEntry.seq.desc()).limit(1)
    ).one_or_none()
    if last is None:
        return False
    path = _heads_file()
    lines = path.read_text().splitlines() if path.exists() else []
    if lines and json.loads(lines[-1])["seq"] == last.seq:
        return False
    body = {
        "tenant": str(current_tenant().id),
        "seq": last.seq,
        "hash": last.hash,
        "at": timestamp_text(real_now()),
    }
    with path.open("a") as file:
        file.write(canonical_json({**body, "mac": _mac(body)}) + "\n")
    return True


def has_heads() -> bool:
    """Whether this tenant's chain was ever signed here."""
    return _heads_file().exists()


# --- verification


@dataclass(frozen=True, kw_only=True)
class Verification:
    """What verify() found: the number of sealed events, or in `fault` the first bad row or head, in words."""

    events: int
    unsealed: int = 0
    heads: int = 0
    fault: str = ""

    @property
    def green(self) -> bool:
        """Nothing wrong."""
        return not self.fault


def verify() -> Verification:
    """Walk the current tenant's whole chain and every signed head; names the first bad one."""
    count, fault, hashes = 0, "", {0: GENESIS}
    for link in _chain():
        if fault := _link_fault(link, count, hashes[count]):
            break
        count += 1
        hashes[count] = link[2]
    heads, head_fault = _check_heads(hashes, count if not fault else None)
    unsealed = db.session.scalar(sa.select(sa.func.count()).select_from(Outbox)) or 0
    fault = fault or head_fault or _stray_fault()
    return Verification(events=count, unsealed=unsealed, heads=heads, fault=fault)


def _chain() -> Iterator[Link]:
    after = -1
    while True:
        page = db.session.execute(
            sa.select(LedgerEntry.seq, LedgerEntry.prev_hash, LedgerEntry.hash, EventRow)
            .join(
                EventRow,
                (EventRow.tenant_id == LedgerEntry.tenant_id)
                & (EventRow.id == LedgerEntry.event_id),
                isouter=True,
            )
            .where(LedgerEntry.seq > after)
            .order_by(LedgerEntry.seq)
            .limit(1000)
        ).all()
        if not page:
            return
        yield from map(tuple, page)
        after = page[-1][0]
        db.session.expunge_all()


def _link_fault(link: Link, count: int, expected: str) -> str:
    seq, prev_hash, entry_hash, row = link
    if seq != count + 1:
        return f"ledger row {count + 1} is missing (found {seq})"
    if row is None:
        return f"event of ledger row {seq} is missing"
    if prev_hash != expected:
        return f"ledger row {seq} does not follow row {seq - 1}"
    if link_hash(row, seq, prev_hash) != entry_hash:
        return f"event {row.id} ({row.type}) differs from ledger row {seq}"
    return ""


def _check_heads(hashes: dict[int, str], last: int | None) -> tuple[int, str]:
    path = _heads_file()
    if not path.exists():
        return 0, "the file of signed heads is missing" if len(hashes) > 1 else ""
    lines = path.read_text().splitlines()
    for number, line in enumerate(lines, 1):
        try:
            body = json.loads(line)
            mac = body.pop("mac")
        except (ValueError, KeyError, AttributeError):
            return len(lines), f"head {number} cannot be read"
        if not hmac.compare_digest(str(mac), _mac(body)) or body["tenant"] != str(
            current_tenant().id
        ):
            return len(lines), f"head {number} is not signed by this installation"
        if last is not None and body["seq"] > last:
            return len(
                lines
            ), f"head {number} signs ledger row {body['seq']}, the chain ends at {last}"
        if body["seq"] in hashes and hashes[body["seq"]] != body["hash"]:
            return len(lines), f"head {number} disagrees with ledger row {body['seq']}"
    return len(lines), "" if lines or len(hashes) == 1 else "the file of signed heads is empty"


def _stray_fault() -> str:
    sealed = sa.select(LedgerEntry.event_id).where(LedgerEntry.tenant_id == current_tenant().id)
    waiting = sa.select(Outbox.event_id).where(Outbox.tenant_id == current_tenant().id)
    stray = db.session.scalars(
        sa.select(EventRow.id)
        .where(EventRow.id.not_in(sealed), EventRow.id.not_in(waiting))
        .limit(1)
    ).one_or_none()
    return f"event {stray} is neither sealed nor waiting to be" if stray else ""
