"""REST: what else is done with a ticket, each with its refusal and its success."""

from __future__ import annotations

import pytest

from core.clock import uuid7
from tests.api.test_tickets import NEW

SLIP = {"reason": "expertise", "summary": "需要维修"}


@pytest.fixture
def api(api_of, house):
    return api_of(house.agent)


@pytest.fixture
def made(api):
    return api("POST", "/tickets", NEW).get_json()


def test_accepting_and_declining(api, api_of, house, made):
    path = f"/tickets/{made['id']}"
    assert api("POST", f"{path}/acceptance", {}).status_code == 422
    taken = api("POST", f"{path}/acceptance", {"version": 1})
    assert taken.status_code == 200
    assert taken.get_json()["assignee_id"] == str(house.agent.id)
    version = taken.get_json()["version"]
    colleague = api_of(house.colleague)
    assert colleague("POST", f"{path}/acceptance", {"version": version}).status_code == 409
    refused = api("POST", f"{path}/refusal", {"version": version, "reason": ""})
    assert refused.status_code == 422
    freed = api("POST", f"{path}/refusal", {"version": version, "reason": "休假"})
    assert freed.get_json()["assignee_id"] is None


def test_a_slip_goes_out_and_comes_back(api, api_of, house, made):
    path = f"/tickets/{made['id']}/handover"
    bad = api("POST", path, {"version": 1, "form": SLIP})
    assert (bad.status_code, bad.get_json()["errors"][0]["pointer"]) == (422, "/form/department")
    slip = {**SLIP, "department": str(house.works_department)}
    out = api("POST", path, {"version": 1, "form": slip})
    assert out.status_code == 201
    assert out.get_json()["department_id"] == str(house.works_department)
    works = api_of(house.outsider)
    version = out.get_json()["version"]
    accepted = works("POST", f"{path}/acceptance", {"version": version})
    assert accepted.status_code == 200
    back = works(
        "POST", f"{path}/return", {"version": version + 1, "result": "已换", "message": "修好了"}
    )
    assert back.get_json()["department_id"] is None
    assert works("GET", f"/tickets/{made['id']}").status_code == 404, "the work left the department"
    again = api("POST", f"{path}/return", {"version": back.get_json()["version"]})
    assert again.status_code == 409


def test_merging_confirming_and_watching(api, made):
    path = f"/tickets/{made['id']}"
    other = api("POST", "/tickets", NEW).get_json()
    confirmed = api("POST", f"{path}/demand", {"version": 1}).get_json()
    watching = api("PUT", f"{path}/watch").get_json()
    assert len(watching["watchers"]) == 1
    assert watching["version"] == confirmed["version"], "watching is no write that others must read"
    assert api("DELETE", f"{path}/watch").get_json()["watchers"] == []
    assert api("POST", f"{path}/merge", {"version": 2, "into": str(uuid7())}).status_code == 404
    assert api("POST", f"{path}/merge", {"version": 1, "into": other["id"]}).status_code == 412
    merged = api("POST", f"{path}/merge", {"version": 2, "into": other["id"]}).get_json()
    assert (merged["status"], merged["merged_into"]) == ("closed", other["id"])
    assert merged["transitions"] == []


def test_the_timeline_tells_words_and_facts(api, made):
    path = f"/tickets/{made['id']}"
    api("POST", f"{path}/messages", {"body": "您好"})
    lines = api("GET", f"{path}/timeline").get_json()["items"]
    assert [line["message"]["body_text"] for line in lines if line["kind"] == "message"] == [
        NEW["description"],
        "您好",
    ]
    told = [line["type"] for line in lines if line["kind"] == "event"]
    assert [kind for kind in told if kind.startswith("ticket.")] == [
        "ticket.opened",
        "ticket.moved",
    ]
