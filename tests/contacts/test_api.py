"""REST: contacts, created, listed, read, changed; masked throughout."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.clock import uuid7
from tests.contacts.desk import MAIL, PHONE, bearer, contact, facts, known

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask
    from flask.testing import FlaskClient

    from core.tenancy import Tenant

URL = "/api/v1/contacts"
ALL = ("contact:read", "contact:write", "contact:reveal")
BODY = {
    "display_name": "王芳",
    "points": [{"kind": "phone", "value": PHONE}, {"kind": "mail", "value": MAIL}],
}


def test_a_contact_lives_by_the_api(client: FlaskClient) -> None:
    headers = bearer("lan@jinlan.example", "agent", scopes=ALL)
    made = client.post(URL, json={**BODY, "external_id": "crm-7"}, headers=headers)
    assert made.status_code == 201
    body = made.get_json()
    assert [point["value"] for point in body["points"]] == ["138****6021", "f***@example.com"]
    assert (body["kind"], body["verified"], body["external_id"]) == ("new", False, "crm-7")
    url = f"{URL}/{body['id']}"
    read = client.get(url, headers=headers)
    assert read.get_json() == body
    assert read.headers["ETag"] == '"1"'

    changed = client.patch(
        url, json={"locale": "en"}, headers={**headers, "If-Match": read.headers["ETag"]}
    )
    assert (changed.status_code, changed.get_json()["locale"]) == (200, "en")
    assert (
        client.patch(url, json={"locale": None}, headers={**headers, "If-Match": '"1"'}).status_code
        == 412
    )
    assert client.patch(url, json={"locale": None}, headers=headers).status_code == 428
    cleared = client.patch(url, json={"locale": None}, headers={**headers, "If-Match": '"2"'})
    assert cleared.get_json()["locale"] == ""

    point = client.post(
        f"{url}/points", json={"kind": "messenger", "value": "wx_fang"}, headers=headers
    )
    assert (point.status_code, point.get_json()["value"]) == (201, "w***")
    again = client.post(URL, json={**BODY, "external_id": "crm-7"}, headers=headers)
    assert again.status_code == 409
    found = client.get(f"{URL}?external_id=crm-7", headers=headers).get_json()
    assert [item["id"] for item in found["items"]] == [body["id"]]
    assert client.get(f"{URL}?external_id=crm-8", headers=headers).get_json()["items"] == []


def test_bad_bodies_change_nothing(client: FlaskClient) -> None:
    headers = bearer("lan@jinlan.example", "agent", scopes=ALL)
    bad = [
        ({}, "/display_name"),
        ({**BODY, "colour": "red"}, "/colour"),
        ({**BODY, "verified": True}, "/verified"),
        ({**BODY, "points": [{"kind": "phone", "value": "12"}]}, "/points/0/value"),
        ({**BODY, "points": [{"kind": "pigeon", "value": "x"}]}, "/points/0/kind"),
        ({**BODY, "display_name": "x" * 201}, "/display_name"),
        ({**BODY, "display_name": "   "}, "/display_name"),
    ]
    for body, pointer in bad:
        refused = client.post(URL, json=body, headers=headers)
        assert refused.status_code == 422, body
        assert [error["pointer"] for error in refused.get_json()["errors"]] == [pointer]
    assert (
        client.post(URL, data="{", content_type="application/json", headers=headers).status_code
        == 400
    )
    assert client.get(f"{URL}?colour=red", headers=headers).status_code == 422
    assert client.get(f"{URL}?limit=101", headers=headers).status_code == 422
    assert facts("contact.created") == []
    assert client.post(URL, json=BODY, headers=headers).status_code == 201


def test_pages_walk_through_all(client: FlaskClient) -> None:
    wanted = [str(known(f"客户{n}")) for n in range(5)]
    headers = bearer("lan@jinlan.example", "agent", scopes=ALL)
    seen: list[str] = []
    url = f"{URL}?limit=2"
    while url:
        page = client.get(url, headers=headers).get_json()
        seen += [item["id"] for item in page["items"]]
        url = f"{URL}?limit=2&cursor={page['next']}" if page["next"] else ""
    assert seen == wanted


def test_strangers_see_nothing(
    app: Flask, make_tenant: Callable[..., Tenant], client: FlaskClient
) -> None:
    headers = bearer("lan@jinlan.example", "agent", scopes=ALL)
    contact_id = known()
    url = f"{URL}/{contact_id}"
    assert client.get(url, headers=headers).status_code == 200
    assert client.get(url).status_code == 401
    assert client.get(f"{URL}/{uuid7()}", headers=headers).status_code == 404
    narrow = bearer("li@jinlan.example", "agent", scopes=("contact:write",))
    assert client.get(url, headers=narrow).status_code == 403
    reader = bearer("zhao@jinlan.example", "agent", scopes=("contact:read",))
    assert (
        client.patch(url, json={"locale": "en"}, headers={**reader, "If-Match": '"1"'}).status_code
        == 403
    )
    assert contact(contact_id).locale == ""
