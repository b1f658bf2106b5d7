"""`polydesk worker` runs the same deliveries from a real Redis: jobs carry a row's key as JSON, effects happen once."""

from __future__ import annotations

import json

import pytest
import sqlalchemy as sa
from redis import Redis
from rq import Queue

import wsgi
from core.actors import SYSTEM
from core.clock import uuid7
from core.db import clear_session, db, transaction
from core.events import emit
from core.jobs import Delivery, enqueue_due, relay_tenant, run_worker
from core.tenancy import _tenant
from core.work import job_run, start_job
from tests.dummy import hooks as dummy
from tests.hooks.conftest import dummy_app, nodding  # noqa: F401  fixtures
from tests.services import start_redis


@pytest.mark.usefixtures("alone")
def test_a_delivery_goes_through_redis_as_json_and_acts_once(nodding, dummy_app, monkeypatch):  # noqa: F811
    url = start_redis()
    monkeypatch.setattr(wsgi, "_worker", [dummy_app])
    with transaction():
        emit(dummy.Nodded(), subject=("head", uuid7()), actor=SYSTEM)
        run_id = start_job("dummy.work", {"nods": 2}, actor=SYSTEM)
    relay_tenant()
    connection = Redis.from_url(url)
    queue = Queue("polydesk", connection=connection, serializer="json")
    queue.empty()
    dummy.mood.seen.clear()
    assert enqueue_due(queue) == 2
    assert enqueue_due(queue) == 0  # leased
    delivery, run = queue.jobs
    assert json.loads(delivery.data)[0] == "wsgi.run_delivery"
    assert json.loads(run.data)[:3:2] == ["wsgi.run_job", [run.args[0], str(run_id)]]
    for again in (delivery, run):  # a second time, as Redis may
        queue.enqueue(again.func_name, *again.args)

    clear_session()
    token = _tenant.set(None)
    try:
        run_worker(dummy_app, url, burst=True)
    finally:
        _tenant.reset(token)
    assert dummy.mood.seen == ["handler"]
    assert (job_run(run_id).state, job_run(run_id).result) == ("done", {"nods": 3})
    assert db.session.scalars(sa.select(Delivery.state)).all() == ["done"]
    assert queue.count == 0
