"""Facts arrive at an address: signed, at least once, tried again for days, and in nobody's way."""

from __future__ import annotations

import json
from datetime import timedelta
from email.utils import format_datetime

import pytest
import sqlalchemy as sa
from redis import Redis
from rq import Queue
from standardwebhooks import Webhook, WebhookVerificationError

import wsgi
from core import clock
from core.actors import OPERATOR, SYSTEM
from core.clock import now, uuid7, virtual
from core.db import clear_session, db, in_transaction, transaction
from core.events import EventRow, emit
from core.jobs import (
    DONE,
    PARKED,
    PENDING,
    carry_due,
    claim,
    drain,
    enqueue_due,
    out_of,
    relay_tenant,
    run_delivery,
    run_worker,
)
from core.tenancy import _tenant, as_tenant, current_tenant
from core.webhooks import service
from core.webhooks.models import WebhookAttempt
from tenants.service import TenantStateChanged
from tests.services import start_redis
from tests.webhooks.telling import TOPIC, deliveries, log, say_something


def test_a_delivery_is_what_standard_webhooks_verifies(endpoint, receiver, tenant):
    _, secret = endpoint
    event_id = say_something()
    drain()
    ((path, headers, body),) = receiver.seen
    told = Webhook(secret).verify(body.decode(), headers)
    assert path == "/events"
    assert headers["webhook-id"] == str(event_id)
    assert headers["content-type"] == "application/json"
    assert told == json.loads(body)
    assert set(told) == {"type", "timestamp", "data"}
    assert (told["type"], told["data"]["id"]) == (TOPIC, str(event_id))
    assert told["data"]["data"] == {"before": "active", "after": "suspended"}
    assert told["data"]["tenant"] == tenant.slug
    for bad in (body + b" ", body.replace(b"active", b"closed")):
        with pytest.raises(WebhookVerificationError):
            Webhook(secret).verify(bad.decode(), headers)


def test_only_what_was_subscribed_arrives_and_only_from_then_on(tenant, receiver, loopback):
    say_something()
    drain()
    with transaction():
        service.create_endpoint(receiver.url, ["ticket.opened"], title="Other", actor=OPERATOR)
        service.create_endpoint(receiver.url, [TOPIC], title="Ours", actor=OPERATOR)
    assert receiver.seen == []
    event_id = say_something()
    drain()
    assert receiver.ids == [str(event_id)]


def test_nobody_holds_the_database_while_the_address_thinks(endpoint, receiver, app):
    held = []

    def look():
        held.append(in_transaction())
        with app.app_context(), as_tenant(tenant), transaction():  # a writer gets in meanwhile
            emit(TenantStateChanged(before="a", after="b"), subject=("x", uuid7()), actor=SYSTEM)
            held.append("wrote")

    tenant = current_tenant()
    say_something()
    relay_tenant()
    receiver.during = look
    assert [run_delivery(*key) for key in claim()] == [True]
    assert held == [False, "wrote"]


def test_a_failure_is_tried_again_by_the_written_times_with_the_same_id(endpoint, receiver):
    endpoint_id, _ = endpoint
    receiver.say(500)
    with virtual(now()) as time:
        event_id = say_something()
        drain()
        waits = []
        while True:
            (row,) = deliveries()
            if row.state != PENDING:
                break
            waits.append((row.due_at - clock.now()).total_seconds())
            # the endpoint is spared its own end here: one success between
            with transaction():
                service.get_endpoint(endpoint_id).failing_since = None
            time.advance(row.due_at - clock.now())
            drain()
    written = (5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400)
    assert [w <= real <= 1.2 * w for w, real in zip(written, waits, strict=True)] == [True] * 9
    assert (row.state, row.attempts, row.last_error) == (PARKED, 10, "HTTP 500")
    assert receiver.ids == [str(event_id)] * 10
    stamps = [int(headers["webhook-timestamp"]) for _, headers, _ in receiver.seen]
    assert stamps == sorted(set(stamps))
    assert [line.number for line in log(endpoint_id)] == list(range(10, 0, -1))


def test_a_later_success_ends_it(endpoint, receiver):
    endpoint_id, _ = endpoint
    receiver.say(503, 200, body="谢谢".encode())
    with virtual(now()) as time:
        say_something()
        drain()
        time.advance(timedelta(seconds=7))
        drain()
    (row,) = deliveries()
    assert (row.state, row.attempts) == (DONE, 2)
    newest, oldest = log(endpoint_id)
    assert (oldest.status, oldest.error, newest.status) == (503, "HTTP 503", 200)
    assert (newest.answer, newest.event_type) == ("谢谢", TOPIC)
    assert newest.milliseconds >= 0
    assert service.get_endpoint(endpoint_id).failures == 0


@pytest.mark.parametrize("status", [301, 302, 404])
def test_anything_but_2xx_is_a_failure(endpoint, receiver, status):
    receiver.say(status, headers={"Location": receiver.url})
    say_something()
    drain()
    assert [row.state for row in deliveries()] == [PENDING]
    assert len(receiver.seen) == 1


def test_410_ends_the_endpoint_at_once(endpoint, receiver):
    endpoint_id, _ = endpoint
    receiver.say(410)
    say_something()
    drain()
    row = service.get_endpoint(endpoint_id)
    assert (row.state, row.reason) == ("disabled", "gone")
    assert [d.state for d in deliveries()] == [PARKED]
    say_something()
    drain()
    assert len(receiver.seen) == 1
    told = db.session.scalars(sa.select(EventRow).where(EventRow.type == "webhook.disabled")).one()
    assert told.payload == {"reason": "gone"}


def test_three_days_of_nothing_but_failures_end_it_too(endpoint, receiver):
    endpoint_id, _ = endpoint
    receiver.say(500)
    with virtual(now()) as time:
        say_something()
        drain()
        for _ in range(12):
            time.advance(timedelta(hours=12))
            drain()
            if service.get_endpoint(endpoint_id).state == "disabled":
                break
    row = service.get_endpoint(endpoint_id)
    assert (row.state, row.reason) == ("disabled", "failing")
    assert row.failures > 5
    assert [d.state for d in deliveries()] == [PARKED]


@pytest.mark.parametrize("dated", [False, True])
def test_retry_after_is_honoured_for_everything_that_waits(endpoint, receiver, dated):
    with virtual(now()) as time:
        begun = clock.now().replace(microsecond=0)
        until = begun + timedelta(seconds=4000)
        said = format_datetime(until, usegmt=True) if dated else "4000"
        receiver.say(429, headers={"Retry-After": said})
        say_something()
        say_something()
        relay_tenant()
        (first, _) = claim()
        run_delivery(*first)
        assert all(row.due_at >= until - timedelta(seconds=1) for row in deliveries())
        receiver.say(200)
        time.advance(timedelta(seconds=4801))
        drain()
    assert {row.state for row in deliveries()} == {DONE}


def test_nonsense_in_retry_after_is_no_reason_to_stop(endpoint, receiver):
    receiver.say(429, headers={"Retry-After": "soon"})
    say_something()
    drain()
    (row,) = deliveries()
    assert (row.state, row.attempts) == (PENDING, 1)


def test_silence_is_logged_with_its_reason(endpoint, receiver, tenant):
    with transaction():
        row, _ = service.create_endpoint(
            "http://127.0.0.1:1/events", [TOPIC], title="Nobody", actor=OPERATOR
        )
        nobody = row.id
    say_something()
    drain()
    (line,) = log(nobody)
    assert (line.status, line.answer) == (None, "")
    assert line.error.startswith("no answer")


def test_one_that_is_silent_is_not_asked_for_each_of_its_facts(tenant, loopback):
    with transaction():
        row, _ = service.create_endpoint(
            "http://127.0.0.1:1/events", [TOPIC], title="Nobody", actor=OPERATOR
        )
        nobody = row.id
    with virtual(now()) as time:
        for _ in range(5):
            say_something()
        drain()
        assert len(log(nobody)) == 1
        assert all(row.due_at > clock.now() for row in deliveries())
        assert all(row.lease_until is None for row in deliveries())
        time.advance(timedelta(seconds=7))
        drain()
    assert len(log(nobody)) == 2
    assert [row.state for row in deliveries()] == [PENDING] * 5


def test_an_address_that_turns_inward_later_is_refused_at_sending(endpoint, receiver, app):
    """What was public when it was registered is judged again at every attempt."""
    endpoint_id, _ = endpoint
    with transaction():
        service.get_endpoint(endpoint_id).url = "https://localhost/events"
    say_something()
    drain()
    (line,) = log(endpoint_id)
    assert (line.status, "public internet" in line.error) == (None, True)
    assert receiver.seen == []


def test_another_tenants_endpoint_hears_nothing(make_tenant, receiver, loopback):
    mine, theirs = make_tenant(), make_tenant()
    for each in (mine, theirs):
        with as_tenant(each), transaction():
            service.create_endpoint(receiver.url, [TOPIC], title="Ours", actor=OPERATOR)
    with as_tenant(mine):
        say_something()
        drain()
    heard = [json.loads(body)["data"]["tenant"] for _, _, body in receiver.seen]
    assert heard == [mine.slug]


@pytest.mark.usefixtures("alone")
def test_slow_strangers_do_not_hold_up_our_own_handlers(endpoint, receiver, app):
    say_something()
    relay_tenant()
    assert claim(carried=False) == []
    clear_session()
    token = _tenant.set(None)
    try:
        assert carry_due(app) == 1
    finally:
        _tenant.reset(token)
    assert len(receiver.seen) == 1
    assert [row.state for row in deliveries()] == [DONE]


@pytest.mark.usefixtures("alone")
def test_a_worker_carries_them_from_redis(endpoint, receiver, app, monkeypatch):
    url = start_redis()
    monkeypatch.setattr(wsgi, "_worker", [app])
    say_something()
    relay_tenant()
    connection = Redis.from_url(url)
    queue = Queue("polydesk", connection=connection, serializer="json")
    out = out_of(queue)
    for each in (queue, out):
        each.empty()
    assert enqueue_due(queue) == 1
    assert queue.jobs == []  # strangers wait in a queue of their own
    (job,) = out.jobs
    out.enqueue(job.func_name, *job.args)  # a second time, as Redis may
    clear_session()
    token = _tenant.set(None)
    try:
        run_worker(app, url, burst=True)
    finally:
        _tenant.reset(token)
    assert len(receiver.seen) == 1
    assert len(db.session.scalars(sa.select(WebhookAttempt)).all()) == 1
