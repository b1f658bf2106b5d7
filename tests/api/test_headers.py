"""Headers that the API reads: described, and heeded."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from core.clock import now, virtual
from core.db import db, transaction
from core.tickets.models import Idempotency
from core.timers import run_due

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask.testing import FlaskClient

    from tests.tickets.conftest import House


def test_the_description_names_the_headers_that_views_read(client: FlaskClient) -> None:
    paths = client.get("/api/v1/openapi.json").get_json()["paths"]

    def headers(path: str, method: str) -> set[str]:
        given = paths[path][method].get("parameters", [])
        return {each["name"] for each in given if each.get("in") == "header"}

    assert headers("/api/v1/tickets", "post") == {"Idempotency-Key"}
    assert headers("/api/v1/tickets/{ticket_id}", "patch") == {"If-Match"}
    assert headers("/api/v1/tickets/{ticket_id}", "get") == {"If-None-Match"}
    assert headers("/api/v1/contacts/{contact_id}", "patch") == {"If-Match"}
    assert headers("/api/v1/tickets", "get") == set()


def test_a_ticket_that_is_known_is_not_sent_again(house: House, api_of: Callable[..., Any]) -> None:
    api, ticket_id = api_of(house.agent), house.open().id
    first = api("GET", f"/tickets/{ticket_id}")
    tag = first.headers["ETag"]
    assert first.status_code == 200
    for known in (tag, f"W/{tag}", f'"99", {tag}'):
        again = api("GET", f"/tickets/{ticket_id}", If_None_Match=known)
        assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", tag)
    changed = api("PATCH", f"/tickets/{ticket_id}", {"priority": "urgent"}, If_Match=tag)
    assert changed.status_code == 200
    fresh = api("GET", f"/tickets/{ticket_id}", If_None_Match=tag)
    assert (fresh.status_code, fresh.get_json()["priority"]) == (200, "urgent")
    stranger = api_of(house.outsider)
    assert stranger("GET", f"/tickets/{ticket_id}", If_None_Match=tag).status_code == 404


def test_keys_are_swept_after_a_day(house: House) -> None:
    first = house.open(key="k").id
    with virtual(now() + timedelta(hours=23)):
        run_due()
        assert house.open(key="k").id == first
    with virtual(now() + timedelta(hours=25)) as clock:
        run_due()
        assert db.session.scalar(sa.select(sa.func.count()).select_from(Idempotency)) == 0
        with transaction():
            pass
        assert house.open(key="k").id != first
        clock.advance(timedelta(hours=25))
        run_due()
        assert db.session.scalar(sa.select(sa.func.count()).select_from(Idempotency)) == 0
