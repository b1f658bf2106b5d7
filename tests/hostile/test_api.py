"""Bad input to the API, generated over its description: a clear answer, and nothing changes."""

from __future__ import annotations

import io
import json
import re

import pytest
from marshmallow import fields

from tests.habits.routes import routes, sample
from tests.hostile.rows import rows_of, unchanged
from tests.tickets.conftest import Api

NUL, HALF = "a\x00b", "a\ud800b"
KIND = "application/json"


def described(app, world):
    """Every operation of the description, with the route that answers it."""
    by_rule = {
        (re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", route.rule), route.method.lower()): route
        for route in routes(app)
        if route.api
    }
    with app.app_context():
        paths = world.nobody().client.get("/api/v1/openapi.json").get_json()["paths"]
    found = [
        (by_rule[path, method], operation)
        for path, each in paths.items()
        for method, operation in each.items()
        if method in {"get", "post", "put", "patch", "delete"}
    ]
    assert len(found) >= 30
    return found


def bodies(app, world):
    """Operations that take JSON."""
    found = [
        r
        for r, told in described(app, world)
        if KIND in told.get("requestBody", {}).get("content", {})
    ]
    assert len(found) >= 12
    return found


@pytest.fixture
def send(mine):
    """Send raw bytes as somebody who may everything."""
    somebody = mine.rightful(api=True)

    def call(route, data, *, kind=KIND, query="", **more):
        headers = {**somebody.headers, "If-Match": '"1"', **more.pop("headers", {})}
        with mine.app.app_context():
            return somebody.client.open(
                route.path(mine) + query, method=route.method, data=data, content_type=kind,
                headers=headers, **more,
            )  # fmt: skip

    return call


def told(answer):
    """A refusal of the API says what is wrong, in its own format."""
    assert answer.mimetype == "application/problem+json", answer.text
    problem = answer.get_json()
    assert problem["detail"]
    assert problem["request_id"]
    return problem


def deep(levels):
    return "{" + '"a":{' * (levels - 1) + "}" * levels


BROKEN = {
    "cut off": (b'{"a":', 400),
    "no JSON": (b"<script>", 400),
    "no UTF-8": (b'{"a": "\xff\xfe"}', 400),
    "nothing": (b"", 400),
    "NaN": (b'{"a": NaN}', 422),
    "a list": (b"[]", 422),
    "a number": (b"7", 422),
    "null": (b"null", 422),
    "an unknown field": (b'{"colour_of_the_moon": 1}', 422),
    "a key with NUL": (b'{"a\\u0000b": 1}', 422),
    "20 deep": (deep(20).encode(), 422),
    "21 deep": (deep(21).encode(), 413),
    "60,000 deep and cut off": (b"[" * 60_000, 413),
    "30,000 deep": (b"[" * 30_000 + b"]" * 30_000, 413),
    "64 KB and one": (b'{"a": "' + b"x" * (64 * 1024 - 8) + b'"}', 413),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_body(whole, mine, send, name):
    data, status = BROKEN[name]
    asked, wrong = bodies(whole, mine), []
    with unchanged(mine):
        for route in asked:
            answer = send(route, data)
            if answer.status_code != status:
                wrong.append(f"{route}: {answer.status_code} {answer.text[:200]}")
            told(answer)
    assert not wrong, "\n".join(wrong)


def test_the_positive_control(whole, mine, send):
    before = rows_of(mine)
    route = next(
        r for r in bodies(whole, mine) if (r.rule, r.method) == ("/api/v1/contacts", "POST")
    )
    assert send(route, json.dumps(sample(route.contract.body()))).status_code == 201
    after = rows_of(mine)
    changed = {name for name in after if after[name] != before[name]}
    assert {"contact", "event", "outbox"} <= changed


def test_a_body_of_another_kind_or_without_a_length(whole, mine, send):
    with unchanged(mine):
        for route in bodies(whole, mine):
            assert send(route, b"{}", kind="text/plain").status_code == 400
            assert send(route, b"a=b", kind="application/x-www-form-urlencoded").status_code == 400
            long = io.BytesIO(b'{"a": "' + b"x" * 80_000 + b'"}')
            endless = send(route, None, input_stream=long, headers={"Transfer-Encoding": "chunked"},
                           environ_overrides={"wsgi.input_terminated": True})  # fmt: skip
            assert endless.status_code == 413, route


def test_an_unknown_query_parameter(whole, mine, send):
    wrong = []
    with unchanged(mine):
        for route, _operation in described(whole, mine):
            sign = "&" if "?" in route.path(mine) else "?"
            data = json.dumps(route.body(mine)) if route.contract.body else b""
            answer = send(route, data, query=f"{sign}colour=red")
            if answer.status_code != 422:
                wrong.append(f"{route}: {answer.status_code}")
            elif told(answer)["errors"][0]["pointer"] != "/colour":
                wrong.append(f"{route}: {answer.text}")
    assert not wrong, "\n".join(wrong)


STRANGE = (NUL, HALF, "", "x" * 40_000, "１２", 10**30, None, [None])
STRANGER = (" ", "￿", "٣", -1, 1.5e300, True, [], {}, [[]])


@pytest.mark.parametrize("values", [STRANGE, pytest.param(STRANGER, marks=pytest.mark.long)])
def test_a_strange_value_in_every_field(whole, mine, send, values):
    """Whatever stands in a field, no answer is a 500; what cannot be kept is refused at its field."""
    cases, wrong = 0, []
    for route in bodies(whole, mine):
        schema = route.contract.body()
        good = {"version": 0} | (route.body(mine) or {})
        good = {name: value for name, value in good.items() if name in schema.fields}
        for name, field in schema.fields.items():
            for value in values:
                cases += 1
                answer = send(route, json.dumps({**good, (field.data_key or name): value}))
                if answer.status_code >= 500:
                    wrong.append(f"{route} {name}={value!r:.40}: {answer.status_code}")
                unkept = isinstance(field, fields.String) and value in (NUL, HALF)
                if unkept and answer.status_code < 400:
                    wrong.append(f"{route} {name}={value!r} was accepted: {answer.text[:200]}")
    assert cases > 400
    assert not wrong, "\n".join(wrong)


ASKED = ("a%00b", "%ED%A0%80", "", "-1", "9" * 40)
ASKED_FOR_MORE = ("%ff", "x" * 5000, "%EF%BC%91", "[]", "{}", "%2527%22")


@pytest.mark.parametrize("values", [ASKED, pytest.param(ASKED_FOR_MORE, marks=pytest.mark.long)])
def test_a_strange_value_in_every_query_parameter(whole, mine, send, values):
    wrong, cases = [], 0
    with unchanged(mine):
        for route, _operation in described(whole, mine):
            names = route.contract.query().fields if route.contract.query else ()
            for name in names:
                for value in values:
                    cases += 1
                    answer = send(route, b"", query=f"?{name}={value}")
                    if answer.status_code >= 500:
                        wrong.append(f"{route}?{name}={value:.40}: {answer.status_code}")
    assert cases > 200
    assert not wrong, "\n".join(wrong)


HEADERS = ('"', '"9999999999999999999"', "é")
MORE_HEADERS = ("", "W/", "*", "a" * 5000, "１", "-1", "\x7f")


@pytest.mark.parametrize("values", [HEADERS, pytest.param(MORE_HEADERS, marks=pytest.mark.long)])
def test_strange_headers(whole, mine, send, values):
    with unchanged(mine):
        for route, _operation in described(whole, mine):
            if not route.contract.body:
                continue
            for value in values:
                headers = {"If-Match": value, "Idempotency-Key": "x" * 101, "X-Request-ID": value}
                answer = send(route, b'{"colour": 1}', headers=headers)
                assert answer.status_code in {400, 404, 409, 412, 413, 422, 428}, (
                    route,
                    value,
                    answer.text,
                )


def test_a_stale_or_missing_version(whole, mine):
    somebody = mine.rightful(api=True)
    api = Api(somebody.client, somebody.headers["Authorization"].removeprefix("Bearer "))
    ticket, contact = f"/tickets/{mine.ids['ticket_id']}", f"/contacts/{mine.ids['contact_id']}"
    with whole.app_context():
        now = api("GET", ticket).get_json()["version"]
        with unchanged(mine):
            for path, body in ((ticket, {"subject": "New"}), (contact, {"display_name": "New"})):
                assert api("PATCH", path, body).status_code == 428
                stale = api("PATCH", path, body, If_Match='"999"')
                assert (stale.status_code, stale.get_json()["code"]) == (412, "stale-version")
                assert stale.get_json()["current"] != 999
            body = {"name": mine.ids["move"], "form": {}, "version": 999}
            assert api("POST", f"{ticket}/transitions", body).status_code == 412
        assert api("PATCH", ticket, {"subject": "Noise"}, If_Match=f'"{now}"').status_code == 200
