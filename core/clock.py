"""The only source of time; demo and tests put a virtual clock in its place."""

from __future__ import annotations

import secrets
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    from collections.abc import Iterator


class VirtualClock:
    """A clock that stands still until it is set or advanced."""

    def __init__(self, start: datetime) -> None:
        self.at = start.astimezone(UTC)

    def set(self, at: datetime) -> None:
        """Jump to `at`, forward or back."""
        self.at = at.astimezone(UTC)

    def advance(self, delta: timedelta) -> datetime:
        """Move by `delta`; gives the new time."""
        self.at += delta
        return self.at


_virtual: VirtualClock | None = None


def now() -> datetime:
    """The present moment, aware, in UTC, with microseconds."""
    return _virtual.at if _virtual else datetime.now(UTC)


def real_now() -> datetime:
    """Wall time even under a virtual clock: for the signed heads of the ledger alone (model.md §4)."""
    return datetime.now(UTC)


@contextmanager
def virtual(start: datetime) -> Iterator[VirtualClock]:
    """Replace time for the whole process while the block runs."""
    global _virtual  # noqa: PLW0603  the one switch of time
    before, _virtual = _virtual, VirtualClock(start)
    try:
        yield _virtual
    finally:
        _virtual = before


def monotonic() -> float:
    """Seconds for measuring how long something took; never stored."""
    return time.monotonic()


_lock = threading.Lock()
_last = (0, 0)


def uuid7() -> UUID:
    """A UUIDv7 of `now()`: within one process strictly growing, even while a virtual clock stands still."""
    global _last  # noqa: PLW0603  the counter of one millisecond
    with _lock:
        milliseconds = int(now().timestamp() * 1000)
        last_milliseconds, counter = _last
        if milliseconds == last_milliseconds:
            counter += 1
        else:
            counter = secrets.randbits(16)
        _last = (milliseconds, counter)
    # 26 bits of counter (rand_a and the top of rand_b) keep the order; 48 bits stay random.
    value = (milliseconds & (2**48 - 1)) << 80
    value |= 0x7 << 76 | ((counter >> 14) & 0xFFF) << 64
    value |= 0b10 << 62 | (counter & 0x3FFF) << 48
    value |= secrets.randbits(48)
    return UUID(int=value)
