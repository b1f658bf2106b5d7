"""REST: tickets, messages and transitions, as an integrator meets them (model.md §10)."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from uuid import UUID

import pytest
import sqlalchemy as sa

from core.clock import uuid7
from core.db import clear_session, db
from core.tenancy import as_tenant
from core.tickets.models import Ticket
from tests.tickets.conftest import build_house

NEW = {
    "type": "problem",
    "subject": "屏幕不亮",
    "description": "昨天开始不亮 🙂",
    "category": "screen",
}


@pytest.fixture
def api(api_of, house):
    return api_of(house.agent)


def opened(api, **changes) -> dict:
    response = api("POST", "/tickets", {**NEW, **changes})
    assert response.status_code == 201, response.get_json()
    return response.get_json()


def test_a_ticket_is_opened_read_listed_and_changed(api, house):
    made = opened(
        api, contact_id=str(house.contact_id), tags=["B", "a"], form={"expectation": "更换"}
    )
    assert made["number"].startswith("P-"), "the answer is drawn after the commit that numbers it"
    assert made["tags"] == ["a", "b"]
    assert made["extra"] == {"expectation": "更换"}
    assert made["opened_at"].endswith(("Z", "+00:00"))
    assert {"name": "open", "title": "受理", "target": "open", "form": ""} in made["transitions"]

    read = api("GET", f"/tickets/{made['id']}")
    assert read.get_json() == made
    assert read.headers["ETag"] == '"1"'
    listed = api("GET", "/tickets?priority=normal&tag=b").get_json()
    assert [item["id"] for item in listed["items"]] == [made["id"]]
    assert listed["next"] is None
    assert (
        api("GET", f"/tickets?number={made['number'].lower()}").get_json()["items"]
        == listed["items"]
    )

    body = {"priority": "urgent", "tags": None, "watchers": [str(house.colleague.id)]}
    refused = api("PATCH", f"/tickets/{made['id']}", body, If_Match='"1"')
    assert refused.status_code == 422, "tags cannot be null, an empty list clears them"
    body["tags"] = []
    patched = api("PATCH", f"/tickets/{made['id']}", body, If_Match='"1"')
    assert patched.status_code == 200
    assert patched.headers["ETag"] == '"2"'
    after = patched.get_json()
    assert (after["priority"], after["tags"], after["watchers"]) == ("urgent", [], body["watchers"])


def test_a_write_needs_if_match_and_a_stale_one_gets_both_values(api):
    made = opened(api)
    path = f"/tickets/{made['id']}"
    missing = api("PATCH", path, {"priority": "urgent"})
    assert (missing.status_code, missing.get_json()["code"]) == (428, "version-missing")
    assert api("PATCH", path, {"priority": "urgent"}, If_Match='"1"').status_code == 200
    stale = api("PATCH", path, {"priority": "critical"}, If_Match='"1"')
    assert (stale.status_code, stale.get_json()["code"]) == (412, "stale-version")
    assert stale.get_json()["fields"] == {"priority": ["urgent", "critical"]}
    assert stale.mimetype == "application/problem+json"
    assert api("GET", path).get_json()["priority"] == "urgent"
    assert api("PATCH", path, {"priority": "critical"}, If_Match='"2"').status_code == 200


def test_assigning_is_part_of_a_patch(api, house):
    made = opened(api)
    path = f"/tickets/{made['id']}"
    both = {"assignee_id": str(house.colleague.id), "priority": "critical"}
    given = api("PATCH", path, both, If_Match='"1"').get_json()
    assert (given["assignee_id"], given["priority"]) == (both["assignee_id"], "critical")
    freed = api("PATCH", path, {"assignee_id": None}, If_Match=f'"{given["version"]}"').get_json()
    assert freed["assignee_id"] is None
    strange = api("PATCH", path, {"assignee_id": str(uuid7())}, If_Match=f'"{freed["version"]}"')
    assert strange.status_code == 422


def test_moves_answer_201_409_and_422(api):
    made = opened(api, category="screen")
    path = f"/tickets/{made['id']}/transitions"
    moved = api("POST", path, {"name": "start", "version": 1})
    assert moved.status_code == 201
    assert moved.get_json()["state"] == "in_progress"
    again = api("POST", path, {"name": "start", "version": 2})
    assert (again.status_code, again.get_json()["code"]) == (409, "not-offered")
    stale = api("POST", path, {"name": "resolve", "version": 1, "form": {"solution": "x"}})
    assert stale.status_code == 412
    empty = api("POST", path, {"name": "resolve", "version": 2, "form": {}})
    assert empty.status_code == 422
    assert [e["pointer"] for e in empty.get_json()["errors"]] == ["/form/solution"]
    assert api("POST", path, {"name": "resolve"}).status_code == 422
    done = api("POST", path, {"name": "resolve", "version": 2, "form": {"solution": "重启"}})
    assert (done.status_code, done.get_json()["status"]) == (201, "resolved")


def test_a_guard_names_its_field(api):
    made = opened(api, category="a")
    api("PATCH", f"/tickets/{made['id']}", {"category": None}, If_Match='"1"')
    body = {"name": "resolve", "version": 2, "form": {"solution": "x"}}
    refused = api("POST", f"/tickets/{made['id']}/transitions", body)
    assert refused.status_code == 422
    assert refused.get_json()["errors"][0]["pointer"] == "/category"


def test_messages_are_posted_listed_and_recalled(api):
    made = opened(api)
    path = f"/tickets/{made['id']}/messages"
    reply = api("POST", path, {"body": "<b>您好</b>"})
    assert reply.status_code == 201
    assert (reply.get_json()["body_text"], reply.get_json()["delivery_state"]) == (
        "<b>您好</b>",
        "held",
    )
    note = api("POST", path, {"body": "内部", "visibility": "internal"}).get_json()
    assert note["hold_until"] is None
    first = api("GET", f"{path}?limit=2").get_json()
    assert [m["purpose"] for m in first["items"]] == ["description", "reply"]
    rest = api("GET", f"{path}?cursor={first['next']}").get_json()
    assert [m["id"] for m in rest["items"]] == [note["id"]]
    assert rest["next"] is None
    recalled = api("DELETE", f"{path}/{reply.get_json()['id']}")
    assert (recalled.status_code, recalled.get_json()["delivery_state"]) == (200, "recalled")
    assert api("DELETE", f"{path}/{note['id']}").status_code == 409
    assert api("POST", path, {"body": "x", "visibility": "secret"}).status_code == 422


def test_bad_input_gets_a_clear_error_and_changes_nothing(api, house):
    count = sa.select(sa.func.count()).select_from(Ticket)
    cases = [
        ({**NEW, "strange": 1}, 422, "/strange"),
        ({"type": "problem"}, 422, "/subject"),
        ({**NEW, "subject": ""}, 422, "/subject"),
        ({**NEW, "subject": "x" * 301}, 422, "/subject"),
        ({**NEW, "description": "x" * 20_001}, 422, "/description"),
        ({**NEW, "description": "a\x00b"}, 422, "/description"),
        ({**NEW, "priority": "huge"}, 422, "/priority"),
        ({**NEW, "priority": 3}, 422, "/priority"),
        ({**NEW, "contact_id": "not-an-id"}, 422, "/contact_id"),
        ({**NEW, "contact_id": str(uuid7())}, 422, "/contact_id"),
        ({**NEW, "tags": [f"t{n}" for n in range(21)]}, 422, "/tags"),
        ({**NEW, "tags": "abc"}, 422, "/tags"),
        ({**NEW, "form": {"strange": 1}}, 422, "/form/strange"),
        ({**NEW, "attachments": [str(uuid7())]}, 404, None),
        ([], 422, None),
        ({**NEW, "description": "x" * 70_000}, 413, None),
    ]
    for body, status, pointer in cases:
        response = api("POST", "/tickets", body)
        assert response.status_code == status, (body, response.get_json())
        assert response.get_json()["title"]
        if pointer:
            errors = response.get_json()["errors"]
            assert pointer in "".join(error["pointer"] for error in errors)
            assert all(error["detail"] for error in errors)
    deep = json.loads("[" * 25 + "]" * 25)
    assert api("POST", "/tickets", {**NEW, "form": {"a": deep}}).status_code == 413
    raw = api.client.post(
        "/api/v1/tickets", data="{", headers={**api.headers, "Content-Type": "application/json"}
    )
    assert (raw.status_code, raw.get_json()["code"]) == (400, "malformed")
    assert db.session.scalar(count) == 0
    words = json.dumps({**NEW, "description": "🙂" * 10_000}, ensure_ascii=False).encode()
    long = api.client.post(
        "/api/v1/tickets", data=words, headers={**api.headers, "Content-Type": "application/json"}
    )
    assert long.status_code == 201
    assert db.session.scalar(count) == 1


def test_query_parameters_are_checked(api):
    opened(api)
    for query in ("strange=1", "limit=101", "limit=0", "status=nothing", "team_id=x", "cursor=forged", "sort=random",
                  "condition=nonsense", "condition=%7B%22field%22%3A%22body%22%7D"):  # fmt: skip
        assert api("GET", f"/tickets?{query}").status_code == 422, query
    for query in ("limit=100", "status=new&status=open", "sort=newest", "unassigned=true",
                  "condition=%7B%22field%22%3A%22status%22%2C%22is%22%3A%22new%22%7D"):  # fmt: skip
        assert len(api("GET", f"/tickets?{query}").get_json()["items"]) == 1, query


def test_pages_follow_the_cursor(api):
    made = {opened(api, subject=f"第 {n} 件")["id"] for n in range(5)}
    seen, query = set(), "limit=2"
    for _ in range(3):
        page = api("GET", f"/tickets?{query}").get_json()
        seen |= {item["id"] for item in page["items"]}
        query = f"limit=2&cursor={page['next']}"
    assert page["next"] is None
    assert seen == made


def test_twenty_parallel_equal_posts_make_one_ticket(app, api, house):
    barrier = Barrier(20)

    def post(_number: int):
        barrier.wait(timeout=30)
        headers = {**api.headers, "Idempotency-Key": "order-77"}
        with app.app_context():
            client = app.test_client()
            client.environ_base["HTTP_HOST"] = f"{house.tenant.slug}.localhost"
            response = client.post("/api/v1/tickets", json=NEW, headers=headers)
        return response.status_code, response.get_json()["id"]

    with ThreadPoolExecutor(20) as pool:
        answers = set(pool.map(post, range(20)))
    clear_session()
    assert len(answers) == 1, answers
    assert next(iter(answers))[0] == 201
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Ticket)) == 1
    other = api("POST", "/tickets", {**NEW, "subject": "别的"}, Idempotency_Key="order-77")
    assert (other.status_code, other.get_json()["code"]) == (409, "conflict")


def test_without_right_403_out_of_reach_404_and_unsigned_401(api, api_of, app, house):
    made = opened(api)
    hidden = house.open(actor=house.manager, team_id=house.works)
    reader = api_of(house.agent, ("ticket:read",))
    nobody = api_of(house.agent, ("event:read",))
    calls = [
        ("GET", "/tickets/{id}", None, {}),
        ("PATCH", "/tickets/{id}", {"priority": "urgent"}, {"If_Match": '"1"'}),
        ("GET", "/tickets/{id}/messages", None, {}),
        ("POST", "/tickets/{id}/messages", {"body": "x"}, {}),
        (
            "POST",
            "/tickets/{id}/transitions",
            {"name": "cancel", "version": 3, "form": {"reason": "other"}},
            {},
        ),
    ]
    for method, path, body, headers in calls:
        assert api(method, path.format(id=hidden.id), body, **headers).status_code == 404
        assert api(method, path.format(id=uuid7()), body, **headers).status_code == 404
        assert nobody(method, path.format(id=made["id"]), body, **headers).status_code == 403
        unsigned = app.test_client().open(
            f"/api/v1{path.format(id=made['id'])}", method=method, json=body,
            environ_overrides={"HTTP_HOST": f"{house.tenant.slug}.localhost"},
        )  # fmt: skip
        assert unsigned.status_code == 401
        if body and "name" not in body:
            assert reader(method, path.format(id=made["id"]), body, **headers).status_code == 403
        response = api(method, path.format(id=made["id"]), body, **headers)
        assert response.status_code < 300, (method, path, response.get_json())


def test_another_tenants_id_is_not_there(elsewhere, api):
    assert isinstance(elsewhere, UUID)
    assert api("GET", f"/tickets/{elsewhere}").status_code == 404
    made = opened(api)
    assert api("GET", f"/tickets/{made['id']}").status_code == 200


@pytest.fixture
def elsewhere(make_tenant):
    other = make_tenant()
    with as_tenant(other):
        return build_house(other).open().id


def test_the_list_of_fifty_stays_within_its_queries(api, house):
    for number in range(50):
        house.open(subject=f"第 {number} 件", tags=("a",))

    def queries(limit: int) -> int:
        seen: list[str] = []

        def note(_connection, _cursor, statement, *_more):
            seen.append(statement)

        sa.event.listen(db.engine, "before_cursor_execute", note)
        try:
            items = api("GET", f"/tickets?limit={limit}").get_json()["items"]
        finally:
            sa.event.remove(db.engine, "before_cursor_execute", note)
        assert len(items) == limit
        return len(seen)

    queries(1)
    few, many = queries(5), queries(50)
    assert many <= 12
    assert many <= few
