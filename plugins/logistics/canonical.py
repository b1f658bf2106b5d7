"""Where a shipment (运单) stands: a pure fold over the set of its tracking events (standards §2.3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

PENDING, ANNOUNCED, PICKED_UP = "pending", "info_received", "picked_up"
IN_TRANSIT, CUSTOMS, AT_DEPOT = "in_transit", "customs", "at_depot"
OUT, TO_FETCH, DELIVERED = "out_for_delivery", "available_for_pickup", "delivered"
FAILED, EXCEPTION, EXPIRED = "attempt_failed", "exception", "expired"
RETURNING, RETURNED, CANCELLED = "returning", "returned", "cancelled"

# The way a parcel goes; later never becomes earlier unless something happened in between.
WAY = (PENDING, ANNOUNCED, PICKED_UP, IN_TRANSIT, CUSTOMS, AT_DEPOT, OUT, TO_FETCH, DELIVERED)
STATUSES = (*WAY, FAILED, EXCEPTION, EXPIRED, RETURNING, RETURNED, CANCELLED)
RANK = {status: index for index, status in enumerate(WAY)}
# After one of these the parcel may be on any part of its way again.
DETOURS = frozenset({FAILED, EXCEPTION, EXPIRED, CUSTOMS})
ENDS = frozenset({DELIVERED, RETURNED, CANCELLED})
LOST, DISPUTE = "lost", "dispute"
SUBS = (
    "delay", "damaged", "lost", "address", "refused", "held", "weather", "docs", "oversize", "dispute",
)  # fmt: skip
# Of many pieces the one that needs most attention speaks for the shipment.
WORST = (EXCEPTION, FAILED, EXPIRED, RETURNING, *WAY[:-1], RETURNED, CANCELLED, DELIVERED)


@dataclass(frozen=True, order=True)
class Scan:
    """One tracking event as the fold needs it; `piece` 0 speaks for all pieces, `at` is when it happened."""

    at: datetime
    code: str
    piece: int
    status: str
    sub: str = ""
    place: str = ""


@dataclass(frozen=True, order=True)
class Step:
    """A change of status on the way: since when, and where it was seen."""

    status: str
    sub: str
    at: datetime
    place: str = ""


@dataclass(frozen=True)
class Standing:
    """Where a shipment stands and how it came there; `attempts` counts failed deliveries."""

    status: str = PENDING
    sub: str = ""
    since: datetime | None = None
    last_at: datetime | None = None
    place: str = ""
    attempts: int = 0
    steps: tuple[Step, ...] = ()

    @property
    def ended(self) -> bool:
        """Nothing more is to be expected: delivered, returned, cancelled or lost."""
        return is_end(self.status, self.sub)


def is_end(status: str, sub: str) -> bool:
    """Whether a shipment that stands so is at its end."""
    return status in ENDS or (status == EXCEPTION and sub == LOST)


def fold(scans: Iterable[Scan], pieces: int = 1) -> Standing:
    """The standing after all `scans`, whatever their order and however often each was told.

    Events are taken by their own time. Within one time the way's order decides. An event never moves the shipment back
    on its way, except to exception and returning or after a detour (failed attempt, exception, customs).
    """
    known = sorted(set(scans), key=_order)
    if pieces == 1 or not any(scan.piece for scan in known):
        return _walk(known)
    walks = [
        _walk([scan for scan in known if scan.piece in {0, piece}])
        for piece in range(1, pieces + 1)
    ]
    worst = min(walks, key=lambda each: (WORST.index(each.status), each.steps))
    last = max((each.last_at for each in walks if each.last_at), default=None)
    return Standing(
        worst.status, worst.sub, worst.since, last, worst.place,
        max(each.attempts for each in walks), worst.steps,
    )  # fmt: skip


def _order(scan: Scan) -> tuple[datetime, int, str, int, str, str]:
    rank = RANK.get(scan.status, len(WAY) + STATUSES.index(scan.status))
    return (scan.at, rank, scan.code, scan.piece, scan.sub, scan.place)


def _walk(scans: Sequence[Scan]) -> Standing:
    status, sub, steps, attempts, place = PENDING, "", [], 0, ""
    for scan in scans:
        place = scan.place or place
        if not _moves(status, sub, scan):
            continue
        if scan.status == FAILED:
            attempts += 1
        if (scan.status, scan.sub) != (status, sub) or scan.status == FAILED:
            steps.append(Step(scan.status, scan.sub, scan.at, scan.place))
        status, sub = scan.status, scan.sub
    since = steps[-1].at if steps else None
    last = scans[-1].at if scans else None
    return Standing(status, sub, since, last, place, attempts, tuple(steps))


def _moves(status: str, sub: str, scan: Scan) -> bool:
    """Whether the scan is a step from where the parcel stands."""
    if is_end(status, sub):
        return status == DELIVERED and scan.status == EXCEPTION and scan.sub == DISPUTE
    if scan.status in {EXCEPTION, FAILED, EXPIRED, RETURNING, RETURNED, CANCELLED}:
        return status != RETURNING or scan.status not in {FAILED, EXPIRED}
    if status == RETURNING:
        return scan.status == DELIVERED
    if status in DETOURS:
        return scan.status not in {PENDING, ANNOUNCED}
    return RANK[scan.status] >= RANK.get(status, 0)
