"""Carriers behind one interface: whatever way and shape they tell, an adapter reads it as the same reports."""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol
from zoneinfo import ZoneInfo

from core.sdk import Malformed, NotSignedIn, fetch, now

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

REPLAY_SECONDS = 300
MOST_REPORTS, MOST_BYTES = 1000, 1024 * 1024
TIME, SIGNATURE = "X-Carrier-Timestamp", "X-Carrier-Signature"
# A key that nobody has: strangers' messages are checked as long as a carrier's own.
_NOBODY = "nobody"


@dataclass(frozen=True)
class Report:
    """One thing that a carrier says happened to the parcel of `number`; `raw` is its own record as JSON."""

    number: str
    code: str
    at: datetime
    words: str = ""
    place: str = ""
    piece: int = 0
    raw: str = ""


class Adapter(Protocol):
    """How one family of carriers tells."""

    def read(self, body: bytes) -> list[Report]:
        """The reports in a message; Malformed when it is none of this family's."""


@dataclass(frozen=True)
class PushAdapter:
    """Carriers that call us: `{"events": [{"number", "code", "time", "text", "place", "piece"}]}`, times RFC 3339."""

    def read(self, body: bytes) -> list[Report]:
        """See Adapter."""
        return [_push_report(record) for record in _records(_json(body), "events")]


@dataclass(frozen=True)
class PollAdapter:
    """Carriers that we ask: `{"result": [{"nu", "data": [{"ftime", "statusCode", "context", "location"}]}]}`.

    Times are wall-clock times of `zone`.
    """

    zone: str = "Asia/Shanghai"

    def read(self, body: bytes) -> list[Report]:
        """See Adapter."""
        return [
            self._report(_text(parcel, "nu", 60), record)
            for parcel in _records(_json(body), "result")
            for record in _records(parcel, "data")
        ]

    def ask(self, address: str, key: str, numbers: Sequence[str]) -> bytes:
        """What the carrier answers about `numbers`; EgressRefused, EgressFailed, or Malformed when it refuses."""
        body = json.dumps({"nums": list(numbers)}).encode()
        headers = {"Content-Type": "application/json", "X-Api-Key": key}
        answer = fetch("POST", address, headers=headers, body=body)
        if answer.status != 200:  # noqa: PLR2004  the one good answer
            raise Malformed(f"the carrier answered {answer.status}")
        return bytes(answer.body)

    def _report(self, number: str, record: dict[str, Any]) -> Report:
        typed = _text(record, "ftime", 40)
        try:
            at = datetime.strptime(typed, "%Y-%m-%d %H:%M:%S").replace(tzinfo=ZoneInfo(self.zone))
        except ValueError:
            raise Malformed("ftime is no time") from None
        return _report(number, record, at, code="statusCode", words="context", place="location")


PUSH, POLL = PushAdapter(), PollAdapter()
ADAPTERS: dict[str, Adapter] = {"push": PUSH, "poll": POLL}


def signature(key: str, timestamp: str, body: bytes) -> str:
    """The `X-Carrier-Signature` of a pushing carrier: HMAC-SHA256 over "<timestamp>.<body>", hex, after "v1="."""
    mac = hmac.new(key.encode(), timestamp.encode() + b"." + body, hashlib.sha256)
    return f"v1={mac.hexdigest()}"


def check_signature(key: str, headers: Mapping[str, str], body: bytes) -> None:
    """NotSignedIn unless the body is signed with `key` within five minutes of now; compared in constant time.

    An empty key (an unknown carrier, one without a key) is compared like any other and never fits.
    """
    timestamp, given = headers.get(TIME, ""), headers.get(SIGNATURE, "")
    fits = hmac.compare_digest(
        given.encode("utf-8", "replace"), signature(key or _NOBODY, timestamp[:20], body).encode()
    )
    fresh = timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12  # noqa: PLR2004
    if fresh:
        fresh = abs(now().timestamp() - int(timestamp)) <= REPLAY_SECONDS
    if not (fits and fresh and key):
        raise NotSignedIn("the carrier's signature does not hold")


def _json(body: bytes) -> dict[str, Any]:
    if len(body) > MOST_BYTES:
        raise Malformed("the message is too long")
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise Malformed("the message is not JSON") from None
    if not isinstance(found, dict):
        raise Malformed("the message is no object")
    return found


def _records(message: dict[str, Any], name: str) -> Iterator[dict[str, Any]]:
    found = message.get(name)
    if not isinstance(found, list) or len(found) > MOST_REPORTS:
        raise Malformed(f"{name} is no list of at most {MOST_REPORTS}")
    for record in found:
        if not isinstance(record, dict):
            raise Malformed(f"{name} holds what is no object")
        yield record


def _push_report(record: dict[str, Any]) -> Report:
    number = _text(record, "number", 60)
    try:
        at = datetime.fromisoformat(_text(record, "time", 40))
    except ValueError:
        raise Malformed("time is no time") from None
    if at.tzinfo is None:
        raise Malformed("time has no zone")
    return _report(number, record, at, code="code", words="text", place="place")


def _report(
    number: str, record: dict[str, Any], at: datetime, *, code: str, words: str, place: str
) -> Report:
    piece = record.get("piece", 0)
    if not isinstance(piece, int) or isinstance(piece, bool) or not 0 <= piece <= 99:  # noqa: PLR2004
        raise Malformed("piece is no number of a piece")
    try:
        moment = at.astimezone(UTC)
    except OverflowError:
        raise Malformed("time is no time") from None
    return Report(
        number=number,
        code=_text(record, code, 60),
        at=moment,
        words=_optional(record, words, 500),
        place=_optional(record, place, 200),
        piece=piece,
        raw=json.dumps(record, ensure_ascii=False, sort_keys=True),
    )


def _text(record: dict[str, Any], name: str, longest: int) -> str:
    value = _optional(record, name, longest)
    if not value:
        raise Malformed(f"{name} is missing")
    return value


def _optional(record: dict[str, Any], name: str, longest: int) -> str:
    value = record.get(name, "")
    value = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(value, str):
        raise Malformed(f"{name} is no text")
    return _clean(value)[:longest]


def _clean(value: str) -> str:
    """Words on one line, without what no database keeps (NUL, half characters)."""
    return "".join(sign for sign in value if sign.isprintable()).strip()
