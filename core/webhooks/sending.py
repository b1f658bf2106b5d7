"""From a sealed fact to an address: planned by the relay, posted outside of any transaction, tried again for days."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa

from core.actors import SYSTEM
from core.clock import monotonic, now
from core.db import clear_session, db, transaction
from core.egress import Answer, EgressFailed, EgressRefused, fetch
from core.events import EventRow, canonical_json, timestamp_text
from core.jobs import DONE, PARKED, PENDING, Delivery
from core.tenancy import current_tenant
from core.webhooks.events import WebhookPinged
from core.webhooks.models import (
    ACTIVE,
    ANSWER_LENGTH,
    FAILING,
    GONE,
    WebhookAttempt,
    WebhookEndpoint,
)
from core.webhooks.service import disable_endpoint, handler_of, secrets_of
from core.webhooks.signing import signed_headers

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# The first attempt is at once; these are the waits in seconds before the further ones (Standard Webhooks).
RETRIES = (5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400)
JITTER_PERCENT = 20
GIVE_UP = timedelta(days=3)
LONGEST_WAIT = timedelta(days=1)
BODY_LIMIT = 20 * 1024
OK, ENDED, IS_GONE = 200, 300, 410
THROTTLED = frozenset({429, 502, 503, 504})
DRAWN = (
    "id", "type", "version", "occurred_at", "subject_type", "subject_id", "actor_kind", "actor_id",
    "on_behalf_of", "caused_by",
)  # fmt: skip


@dataclass(frozen=True)
class _Letter:
    """What one attempt needs, read before the database is let go."""

    endpoint_id: UUID
    delivery_id: UUID
    event_id: UUID
    event_type: str
    number: int
    url: str
    body: bytes
    secrets: tuple[str, ...]


@dataclass(frozen=True)
class _Outcome:
    answer: Answer | None
    milliseconds: int
    error: str = ""

    @property
    def ok(self) -> bool:
        return self.answer is not None and OK <= self.answer.status < ENDED


def plan(rows: Sequence[EventRow]) -> Iterator[tuple[UUID, str]]:
    """Which of these facts go to which endpoints of the current tenant: (event id, handler name)."""
    found = db.session.scalars(
        sa.select(WebhookEndpoint).where(
            WebhookEndpoint.state == ACTIVE, WebhookEndpoint.removed_at.is_(None)
        )
    )
    topics = {endpoint.id: frozenset(endpoint.events) for endpoint in found}
    for row in rows:
        for endpoint_id, wanted in topics.items():
            pinged = row.type == WebhookPinged.type and row.subject_id == endpoint_id
            if pinged or (row.type in wanted and row.type != WebhookPinged.type):
                yield row.id, handler_of(endpoint_id)


def carry(delivery_id: UUID) -> bool:
    """One attempt of one leased delivery in its tenant; True when the address took it.

    The database is let go while we wait for the answer. A crash behind the answer sends it once more: the receiver
    knows it by its webhook-id.
    """
    letter = _read(delivery_id)
    if letter is None:
        return False
    clear_session()
    outcome = _post(letter)
    with transaction():
        _record(letter, outcome)
    return outcome.ok


def body_of(event: EventRow, tenant: str) -> bytes:
    """`{"type", "timestamp", "data"}` below 20 KB; `data` is the event as the feed gives it, and the tenant's slug.

    An event's own data is left out when it would not fit: `"data": null`, to be fetched from the feed.
    """
    data: dict[str, Any] = {name: getattr(event, name) for name in DRAWN} | {"tenant": tenant}
    for own in (event.payload, None):
        told = {
            "type": event.type,
            "timestamp": timestamp_text(event.occurred_at),
            "data": {**data, "data": own},
        }
        body = canonical_json(told).encode()
        if len(body) <= BODY_LIMIT:
            break
    return body


def _read(delivery_id: UUID) -> _Letter | None:
    row = db.session.get(Delivery, (current_tenant().id, delivery_id))
    if row is None or row.state != PENDING:
        return None
    if row.due_at > now():  # it was put off after it had been leased
        with transaction():
            _set(delivery_id, lease_until=None)
        return None
    key = row.handler.partition(":")[2]
    endpoint = db.session.scalars(
        sa.select(WebhookEndpoint).where(WebhookEndpoint.id == UUID(key))
    ).first()
    if endpoint is None or endpoint.state != ACTIVE or endpoint.removed_at:
        with transaction():
            _set(delivery_id, state=PARKED, lease_until=None, last_error="the endpoint is off")
        return None
    event = db.session.get_one(EventRow, (current_tenant().id, row.event_id))
    return _Letter(
        endpoint.id, row.id, event.id, event.type, row.attempts + 1, endpoint.url,
        body_of(event, current_tenant().slug), tuple(secrets_of(endpoint)),
    )  # fmt: skip


def _post(letter: _Letter) -> _Outcome:
    begun = monotonic()
    headers = signed_headers(letter.secrets, str(letter.event_id), now(), letter.body)
    try:
        answer, error = fetch("POST", letter.url, headers=headers, body=letter.body), ""
    except (EgressRefused, EgressFailed) as failed:
        return _Outcome(None, round(1000 * (monotonic() - begun)), str(failed))
    if not OK <= answer.status < ENDED:
        error = f"HTTP {answer.status}"
    return _Outcome(answer, round(1000 * (monotonic() - begun)), error)


def _record(letter: _Letter, outcome: _Outcome) -> None:
    answer = outcome.answer
    db.session.add(
        WebhookAttempt(
            endpoint_id=letter.endpoint_id, delivery_id=letter.delivery_id,
            event_id=letter.event_id, event_type=letter.event_type, number=letter.number,
            status=answer.status if answer else None, milliseconds=outcome.milliseconds,
            answer=_first_words(answer), error=outcome.error[:300],
        )
    )  # fmt: skip
    endpoint = db.session.get_one(WebhookEndpoint, (current_tenant().id, letter.endpoint_id))
    if outcome.ok:
        endpoint.failures, endpoint.failing_since, endpoint.succeeded_at = 0, None, now()
        _set(
            letter.delivery_id, state=DONE, attempts=letter.number, lease_until=None, last_error=""
        )
        return
    endpoint.failures += 1
    endpoint.failing_since = endpoint.failing_since or now()
    _fail(letter, outcome)
    if answer is not None and answer.status == IS_GONE:
        _turn_off(endpoint, GONE)
    elif now() - endpoint.failing_since >= GIVE_UP:
        _turn_off(endpoint, FAILING)


def _fail(letter: _Letter, outcome: _Outcome) -> None:
    said = {"attempts": letter.number, "lease_until": None, "last_error": outcome.error[:300]}
    if letter.number > len(RETRIES):
        _set(letter.delivery_id, state=PARKED, **said)
        return
    again = now() + timedelta(seconds=RETRIES[letter.number - 1] * _jitter())
    # It said how long to leave it alone, or said nothing at all: its other deliveries wait as well.
    asked = _retry_after(outcome.answer) or (again if outcome.answer is None else None)
    if asked is not None:
        again = max(again, asked)
        mine = sa.update(Delivery).where(
            Delivery.handler == handler_of(letter.endpoint_id),
            Delivery.state == PENDING,
            Delivery.due_at < asked,
        )
        db.session.execute(mine.values(due_at=asked))
    _set(letter.delivery_id, due_at=again, **said)


def _turn_off(endpoint: WebhookEndpoint, reason: str) -> None:
    if endpoint.state == ACTIVE:
        disable_endpoint(endpoint.id, actor=SYSTEM, reason=reason)


def _retry_after(answer: Answer | None) -> datetime | None:
    """When a throttling answer wants to be asked again, in seconds or as a date; a day from now at most."""
    if answer is None or answer.status not in THROTTLED:
        return None
    said = answer.headers.get("retry-after", "").strip()
    if said.isdecimal():
        return now() + min(timedelta(seconds=int(said[:6])), LONGEST_WAIT)
    try:
        at = parsedate_to_datetime(said)
    except ValueError:
        return None
    return min(at, now() + LONGEST_WAIT) if at.tzinfo and at > now() else None


def _first_words(answer: Answer | None) -> str:
    if answer is None:
        return ""
    words = answer.body[: 4 * ANSWER_LENGTH].decode(errors="replace").replace("\x00", "\ufffd")
    return words[:ANSWER_LENGTH]


def _set(delivery_id: UUID, **values: Any) -> None:
    db.session.execute(sa.update(Delivery).where(Delivery.id == delivery_id).values(**values))


def _jitter() -> float:
    return 1 + secrets.randbelow(10 * JITTER_PERCENT) / 1000
