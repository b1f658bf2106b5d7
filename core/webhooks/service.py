"""Endpoints and their log: registered, edited, switched, their secret rotated, deliveries sent once more."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from core import egress
from core.clock import now
from core.db import db
from core.errors import Invalid, NotFound, Problem
from core.events import EventRow, emit
from core.jobs import DONE, PARKED, PENDING, Delivery
from core.keys import open_secret, seal_secret
from core.paging import page_of
from core.plugins import catalog
from core.tenancy import current_tenant
from core.webhooks.events import (
    WebhookDisabled,
    WebhookEdited,
    WebhookEnabled,
    WebhookPinged,
    WebhookRegistered,
    WebhookRemoved,
    WebhookReplayed,
    WebhookSecretRotated,
)
from core.webhooks.models import (
    ACTIVE,
    BY_HAND,
    DISABLED,
    WebhookAttempt,
    WebhookEndpoint,
)
from core.webhooks.signing import new_secret

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from core.actors import Actor
    from core.events import Event
    from core.paging import Page

PURPOSE = "webhook-secrets"
OVERLAP = timedelta(days=1)
TITLE_LENGTH = 120
MOST_REPLAYED = 1000


def handler_of(endpoint_id: UUID) -> str:
    """The name under which deliveries to an endpoint stand in the shared table."""
    return f"webhook:{endpoint_id}"


def create_endpoint(
    url: str, topics: Sequence[str], *, title: str, actor: Actor, owner: str = ""
) -> tuple[WebhookEndpoint, str]:
    """Register an address for topics; gives it with its secret in clear, this once.

    Invalid names a bad address ("url"), no or an unknown topic ("events"), a missing or long title. Facts from now on.
    """
    _check(url, topics, title, owner)
    secret = new_secret()
    row = WebhookEndpoint(
        title=title, url=url, events=sorted(set(topics)), owner=owner,
        secret=seal_secret(PURPOSE, secret), state=ACTIVE, reason="", created_by=actor.id,
    )  # fmt: skip
    db.session.add(row)
    _say(row, WebhookRegistered(topics=tuple(row.events)), actor)
    return row, secret


def edit_endpoint(
    endpoint_id: UUID, *, url: str, topics: Sequence[str], title: str, actor: Actor
) -> WebhookEndpoint:
    """Change address, topics and title; Invalid as at creation, NotFound."""
    row = get_endpoint(endpoint_id)
    _check(url, topics, title, row.owner)
    wanted = {"url": url, "events": sorted(set(topics)), "title": title}
    changed = tuple(name for name, value in wanted.items() if getattr(row, name) != value)
    for name in changed:
        setattr(row, name, wanted[name])
    if changed:
        _say(row, WebhookEdited(fields=changed), actor)
    return row


def enable_endpoint(endpoint_id: UUID, *, actor: Actor) -> None:
    """Tell the address of facts again, from now on; what failed before can be replayed."""
    row = get_endpoint(endpoint_id)
    if row.state != ACTIVE:
        row.state, row.reason, row.failures, row.failing_since = ACTIVE, "", 0, None
        _say(row, WebhookEnabled(), actor)


def disable_endpoint(endpoint_id: UUID, *, actor: Actor, reason: str = BY_HAND) -> None:
    """Tell the address nothing more; what still waits is parked and can be replayed."""
    row = get_endpoint(endpoint_id)
    if row.state == ACTIVE:
        row.state, row.reason = DISABLED, reason
        waiting = sa.update(Delivery).where(
            Delivery.handler == handler_of(row.id), Delivery.state == PENDING
        )
        db.session.execute(waiting.values(state=PARKED, last_error="the endpoint is off"))
        _say(row, WebhookDisabled(reason=reason), actor)


def remove_endpoint(endpoint_id: UUID, *, actor: Actor) -> None:
    """Take the address away; its row stays for the history, its secrets do not."""
    row = get_endpoint(endpoint_id)
    disable_endpoint(row.id, actor=actor)
    row.removed_at, row.secret, row.old_secret = now(), "", None
    _say(row, WebhookRemoved(), actor)


def rotate_secret(endpoint_id: UUID, *, actor: Actor) -> str:
    """A new secret, in clear this once; the old one signs beside it for a day, so that nobody misses anything."""
    row = get_endpoint(endpoint_id)
    secret = new_secret()
    row.old_secret, row.old_until = row.secret, now() + OVERLAP
    row.secret = seal_secret(PURPOSE, secret)
    _say(row, WebhookSecretRotated(), actor)
    return secret


def ping(endpoint_id: UUID, *, actor: Actor) -> None:
    """Send the address a `webhook.pinged`, through the same queue as everything."""
    row = get_endpoint(endpoint_id)
    if row.state != ACTIVE:
        raise Invalid(Problem(field="", message="webhooks.problem.off"))
    _say(row, WebhookPinged(), actor)


def secrets_of(endpoint: WebhookEndpoint) -> list[str]:
    """What signs for this endpoint now, in clear: the secret, and the old one during a rotation."""
    found = [open_secret(PURPOSE, endpoint.secret)]
    if endpoint.old_secret and endpoint.old_until and endpoint.old_until > now():
        found.append(open_secret(PURPOSE, endpoint.old_secret))
    return found


# --- reading


def get_endpoint(endpoint_id: UUID) -> WebhookEndpoint:
    """The endpoint; NotFound, also for a removed one."""
    row = db.session.get(WebhookEndpoint, (current_tenant().id, endpoint_id))
    if row is None or row.removed_at:
        raise NotFound(f"no webhook {endpoint_id}")
    return row


def list_endpoints() -> list[WebhookEndpoint]:
    """Every endpoint that was not removed, oldest first."""
    rows = sa.select(WebhookEndpoint).where(WebhookEndpoint.removed_at.is_(None))
    return list(db.session.scalars(rows.order_by(WebhookEndpoint.id)))


def attempts(endpoint_id: UUID, *, cursor: str = "", limit: int = 50, failed: bool = False) -> Page:
    """The log of an endpoint by pages, newest first; `failed` shows only what did not go well."""
    rows = sa.select(WebhookAttempt).where(WebhookAttempt.endpoint_id == endpoint_id)
    if failed:
        well = WebhookAttempt.status.between(200, 299)
        rows = rows.where(sa.or_(WebhookAttempt.status.is_(None), ~well))
    return page_of(rows, WebhookAttempt.id, cursor=cursor, limit=limit)


def delivery_states(ids: Sequence[UUID]) -> dict[UUID, Delivery]:
    """The deliveries behind log lines, by id; finished ones of long ago are gone."""
    rows = sa.select(Delivery).where(Delivery.id.in_(ids)) if ids else None
    return {row.id: row for row in db.session.scalars(rows)} if rows is not None else {}


def waiting(endpoint_id: UUID) -> dict[str, int]:
    """How many deliveries of an endpoint stand in each state (pending, done, parked)."""
    rows = (
        sa.select(Delivery.state, sa.func.count())
        .where(Delivery.handler == handler_of(endpoint_id))
        .group_by(Delivery.state)
    )
    return {str(state): count for state, count in db.session.execute(rows)}


# --- once more


def replay(endpoint_id: UUID, delivery_id: UUID, *, actor: Actor) -> None:
    """Send one delivery once more, with the same webhook-id; NotFound, Invalid while the endpoint is off."""
    row = get_endpoint(endpoint_id)
    chosen = sa.and_(Delivery.id == delivery_id, Delivery.state != PENDING)
    if not _again(row, chosen):
        raise NotFound(f"no delivery {delivery_id} to send again")
    _say(row, WebhookReplayed(count=1), actor)


def replay_failed(endpoint_id: UUID, since: datetime, *, actor: Actor) -> int:
    """Send every failed delivery of facts since `since` once more, 1000 at most; gives how many."""
    row = get_endpoint(endpoint_id)
    facts = sa.select(EventRow.id).where(
        EventRow.id == Delivery.event_id, EventRow.recorded_at >= since
    )
    oldest = (
        sa.select(Delivery.id)
        .where(Delivery.handler == handler_of(row.id), Delivery.state == PARKED, sa.exists(facts))
        .order_by(Delivery.id)
        .limit(MOST_REPLAYED)
    )
    count = _again(row, Delivery.id.in_(list(db.session.scalars(oldest))))
    if count:
        _say(row, WebhookReplayed(count=count), actor)
    return count


def _again(row: WebhookEndpoint, chosen: sa.ColumnElement[bool]) -> int:
    if row.state != ACTIVE:
        raise Invalid(Problem(field="", message="webhooks.problem.off"))
    done = db.session.execute(
        sa.update(Delivery)
        .where(Delivery.handler == handler_of(row.id), chosen)
        .values(state=PENDING, attempts=0, due_at=now(), lease_until=None, last_error="")
    )
    return _count(done)


def _count(result: Any) -> int:
    return int(result.rowcount)


def forget(before: datetime) -> int:
    """Drop log lines and finished deliveries from before; gives how many."""
    gone = [
        db.session.execute(sa.delete(WebhookAttempt).where(WebhookAttempt.at < before)),
        db.session.execute(
            sa.delete(Delivery).where(Delivery.state == DONE, Delivery.due_at < before)
        ),
    ]
    return sum(_count(each) for each in gone)


def _check(url: str, topics: Sequence[str], title: str, owner: str) -> None:
    problems = []
    if not title.strip():
        problems.append(Problem(field="title", message="webhooks.problem.title_missing"))
    elif len(title) > TITLE_LENGTH:
        problems.append(Problem(field="title", message="webhooks.problem.title_long"))
    try:
        egress.check(url)
    except egress.EgressRefused as refused:
        words = f"webhooks.problem.url.{refused.data['reason']}"
        problems.append(Problem(field="url", message=words))
    if not topics and not owner:
        problems.append(Problem(field="events", message="webhooks.problem.no_topic"))
    unknown = sorted(set(topics) - catalog().shelf("event").keys())
    problems += [
        Problem(field="events", message="webhooks.problem.topic", values=(("topic", name),))
        for name in unknown
    ]
    if problems:
        raise Invalid(*problems)


def _say(row: WebhookEndpoint, event: Event, actor: Actor) -> None:
    emit(event, subject=("webhook", row.id), actor=actor)
