"""Endpoints: refused addresses, secrets and their rotation, the log, sending once more, removal."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import Webhook

from core.actors import OPERATOR
from core.clock import now, uuid7, virtual
from core.db import transaction
from core.errors import Invalid, NotFound
from core.events import EventRow, canonical_json
from core.jobs import (
    DONE,
    drain,
    relay_tenant,
)
from core.webhooks import sending, service
from tests.webhooks.telling import TOPIC, deliveries, log, say_something

INSIDE = ("https://127.0.0.1/", "https://10.0.0.8/hook", "https://[::1]/", "https://localhost/x",
          "https://2130706433/", "https://169.254.169.254/", "http://example.com/", "ftp://x.example/")  # fmt: skip


@pytest.mark.parametrize("url", INSIDE)
def test_a_webhook_to_a_private_address_is_refused(tenant, url):
    with transaction(), pytest.raises(Invalid) as refused:
        service.create_endpoint(url, [TOPIC], title="Inside", actor=OPERATOR)
    assert [problem.field for problem in refused.value.problems] == ["url"]
    with transaction():
        service.create_endpoint("https://hooks.example.com/", [TOPIC], title="Out", actor=OPERATOR)
    assert len(service.list_endpoints()) == 1


def test_title_and_topics_are_checked(tenant):
    with transaction(), pytest.raises(Invalid) as refused:
        service.create_endpoint(
            "https://hooks.example.com/", ["no.such"], title=" ", actor=OPERATOR
        )
    assert {problem.field for problem in refused.value.problems} == {"title", "events"}
    with transaction(), pytest.raises(Invalid, match="no_topic"):
        service.create_endpoint("https://hooks.example.com/", [], title="x", actor=OPERATOR)


def test_rotation_signs_with_both_for_a_day(endpoint, receiver):
    endpoint_id, old = endpoint
    with virtual(now()) as time:
        with transaction():
            new = service.rotate_secret(endpoint_id, actor=OPERATOR)
        say_something()
        drain()
        time.advance(timedelta(hours=25))
        say_something()
        drain()
    (_, during, body), (_, after, later) = receiver.seen
    assert new != old
    assert len(during["webhook-signature"].split()) == 2
    assert len(after["webhook-signature"].split()) == 1
    for secret, headers, said, fits in (
        (old, during, body, True), (new, during, body, True), (old, after, later, False),
    ):  # fmt: skip
        assert _verifies(secret, headers, said) is fits


def _verifies(secret, headers, body):
    """Only the signature is asked: the virtual clock is not the oracle's."""
    hook = Webhook(secret)
    at = int(headers["webhook-timestamp"])
    made = hook.sign(headers["webhook-id"], datetime.fromtimestamp(at, UTC), body.decode())
    return made in headers["webhook-signature"].split()


def test_the_secret_is_stored_sealed(endpoint):
    endpoint_id, secret = endpoint
    row = service.get_endpoint(endpoint_id)
    assert secret.startswith("whsec_")
    assert secret not in row.secret
    assert service.secrets_of(row) == [secret]


def test_what_failed_is_sent_again_by_hand(endpoint, receiver):
    endpoint_id, _ = endpoint
    receiver.say(410)
    first, second = say_something(), say_something()
    drain()
    receiver.say(200)
    (line,) = [line for line in log(endpoint_id) if line.event_id == first]
    with transaction(), pytest.raises(Invalid, match="off"):
        service.replay(endpoint_id, line.delivery_id, actor=OPERATOR)
    with transaction():
        service.enable_endpoint(endpoint_id, actor=OPERATOR)
        service.replay(endpoint_id, line.delivery_id, actor=OPERATOR)
    drain()
    assert receiver.ids[-1] == str(first)
    assert {row.event_id: row.state for row in deliveries()}[first] == DONE
    with transaction():
        assert service.replay_failed(endpoint_id, now() + timedelta(1), actor=OPERATOR) == 0
        assert service.replay_failed(endpoint_id, now() - timedelta(1), actor=OPERATOR) == 1
    drain()
    assert receiver.ids[-1] == str(second)
    assert {row.state for row in deliveries()} == {DONE}
    with transaction(), pytest.raises(NotFound):
        service.replay(endpoint_id, uuid7(), actor=OPERATOR)


def test_the_log_turns_by_pages(endpoint, receiver):
    endpoint_id, _ = endpoint
    said = [say_something() for _ in range(5)]
    drain()
    first = service.attempts(endpoint_id, limit=2)
    second = service.attempts(endpoint_id, limit=2, cursor=first.next)
    third = service.attempts(endpoint_id, limit=2, cursor=second.next)
    pages = [line.event_id for page in (first, second, third) for line in page.items]
    assert sorted(pages) == sorted(said)
    assert third.next is None
    assert service.attempts(endpoint_id, failed=True).items == []


def test_a_ping_reaches_that_address_alone(endpoint, receiver, tenant):
    endpoint_id, _ = endpoint
    with transaction():
        service.create_endpoint(receiver.url, ["webhook.pinged"], title="Curious", actor=OPERATOR)
        service.ping(endpoint_id, actor=OPERATOR)
    drain()
    assert [json.loads(body)["type"] for _, _, body in receiver.seen] == ["webhook.pinged"]


def test_a_body_stays_below_20_kilobytes(tenant):
    row = EventRow(
        type="x.y", version=1, occurred_at=now(), recorded_at=now(), subject_type="x",
        subject_id=uuid7(), actor_kind="system", actor_id=None, on_behalf_of=None, caused_by=None,
        data=canonical_json({"long": "长" * 10_000}),
    )  # fmt: skip
    body = sending.body_of(row, "x")
    assert len(body) < 20 * 1024
    assert json.loads(body)["data"]["data"] is None
    row.data = canonical_json({"short": "短"})
    del row.payload
    assert json.loads(sending.body_of(row, "x"))["data"]["data"] == {"short": "短"}


def test_a_removed_endpoint_is_silent_and_keeps_no_secret(endpoint, receiver):
    endpoint_id, _ = endpoint
    say_something()
    relay_tenant()
    with transaction():
        row = service.get_endpoint(endpoint_id)
        service.remove_endpoint(endpoint_id, actor=OPERATOR)
    drain()
    assert receiver.seen == []
    assert row.secret == ""
    with pytest.raises(NotFound):
        service.get_endpoint(endpoint_id)


def test_old_log_lines_are_dropped_and_young_ones_stay(endpoint, receiver):
    endpoint_id, _ = endpoint
    say_something()
    drain()
    with transaction():
        assert service.forget(now() - timedelta(days=30)) == 0
    assert len(log(endpoint_id)) == 1
    with transaction():
        assert service.forget(now() + timedelta(seconds=1)) == 2
    assert log(endpoint_id) == []
