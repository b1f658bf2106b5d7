"""Carriers: pushed messages signed and replayed, polled ones from a real server, codes that mean something else."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import permutations

import pytest
import sqlalchemy as sa

from core.actors import SYSTEM
from core.db import db, transaction
from core.errors import Conflict, Invalid, StaleVersion
from plugins.logistics import carriers, shipments
from plugins.logistics.adapters import POLL, PUSH, Report
from plugins.logistics.models import Carrier, Receipt, StatusMap, TrackingEvent
from tests.logistics.conftest import KEY, Run, push_body, signed

DOOR = "/api/v1/logistics/carriers/feiyi/events"


def record(shipment, code, at, **more):
    return {"number": shipment.carrier_number, "code": code, "time": at.isoformat(), **more}


@pytest.fixture
def push(client, depot):
    def send(*events, path=DOOR, body=b"", **more):
        message = body or push_body(*events)
        headers = signed(message, more.get("at", depot.clock.at), more.get("key", KEY))
        return client.post(path, data=message, headers=headers | more.get("headers", {}))

    return send


def test_a_signed_message_moves_the_parcel_and_is_kept_as_it_came(depot, push):
    shipment = depot.parcel()
    at = depot.clock.at - timedelta(minutes=5)
    body = push_body(record(shipment, "PickedUp", at, text="已揽件", place="杭州滨江", x=[1]))
    answer = push(body=body)
    assert answer.get_json() == {"new": 1, "known": 0, "strange": 0, "refused": 0}
    assert depot.now(shipment).status == "picked_up"
    assert db.session.scalars(sa.select(Receipt)).one().body == body.decode()
    event = next(row for row in shipments.events_of(shipment.id) if row.code == "PickedUp")
    assert json.loads(event.raw)["x"] == [1], "the carrier's own record is kept whole"
    assert [fact["status"] for fact in depot.facts("shipment.picked_up")] == ["picked_up"]


def test_the_same_message_again_changes_nothing(depot, push):
    shipment = depot.parcel()
    message = [
        record(shipment, "PickedUp", depot.clock.at),
        record(shipment, "InTransit", depot.clock.at),
    ]
    assert push(*message).get_json()["new"] == 2
    version = depot.now(shipment).status
    for _ in range(2):
        assert push(*message).get_json() == {"new": 0, "known": 2, "strange": 0, "refused": 0}
    assert depot.now(shipment).status == version
    assert len(depot.facts("shipment.departed")) == 1
    assert db.session.scalars(sa.select(Receipt)).one().times == 3


def test_only_a_fresh_signature_with_the_right_key_opens_the_door(depot, push):
    shipment = depot.parcel()
    message = record(shipment, "Delivered", depot.clock.at)
    old = depot.clock.at - timedelta(minutes=6)
    refused = [
        push(message, key="another key"),
        push(message, at=old),
        push(message, headers={"X-Carrier-Signature": ""}),
        push(message, headers={"X-Carrier-Timestamp": "soon"}),
        push(message, path=DOOR.replace("feiyi", "nobody")),
        push(message, path=DOOR.replace("feiyi", "zhongda")),
    ]
    assert [answer.status_code for answer in refused] == [401] * 6
    assert (
        len({json.dumps(a.get_json() | {"instance": "", "request_id": ""}) for a in refused}) == 1
    )
    assert depot.now(shipment).status == "info_received"
    assert push(message).status_code == 200, "positive control"


def test_a_tampered_body_does_not_fit_its_signature(depot, client):
    shipment = depot.parcel()
    body = push_body(record(shipment, "PickedUp", depot.clock.at))
    headers = signed(body, depot.clock.at)
    answer = client.post(DOOR, data=body.replace(b"PickedUp", b"Returned"), headers=headers)
    assert answer.status_code == 401
    assert client.post(DOOR, data=body, headers=headers).status_code == 200


@pytest.mark.parametrize(
    "event",
    [
        {"number": "X"},
        {"number": "X", "code": "A", "time": "yesterday"},
        {"number": "X", "code": "A", "time": "2026-11-16T10:00:00"},
        {"number": ["X"], "code": "A", "time": "2026-11-16T10:00:00Z"},
        {"number": "X", "code": "A", "time": "2026-11-16T10:00:00Z", "piece": "two"},
        {"number": "X", "code": {"a": 1}, "time": "2026-11-16T10:00:00Z"},
    ],
)
def test_what_cannot_be_read_is_refused_whole(depot, push, event):
    assert push(event).status_code == 400
    assert db.session.scalars(sa.select(Receipt)).all() == []


def test_a_far_future_and_a_strange_number_are_counted_apart(depot, push):
    shipment = depot.parcel()
    told = push(
        record(shipment, "Delivered", depot.clock.at + timedelta(days=3)),
        {"number": "NOT-OURS", "code": "Delivered", "time": depot.clock.at.isoformat()},
    ).get_json()
    assert told == {"new": 0, "known": 0, "strange": 1, "refused": 1}
    assert depot.now(shipment).status == "info_received"


def test_every_order_of_messages_ends_in_the_same_row(depot):
    """Idempotent by carrier, number, time and code; out of order never moves the state back."""
    told = [
        ("PickedUp", 1, ""), ("InTransit", 2, "武汉"), ("OutForDelivery", 5, "成都"),
        ("AttemptFail", 6, ""), ("Delivered", 9, "成都高新"),
    ]  # fmt: skip
    ends = set()
    for index, order in enumerate(permutations(told)):
        if index % 12:
            continue
        shipment = depot.parcel()
        begin = shipment.created_at
        with transaction():
            for code, hour, place in (*order, *order[:2]):
                report = Report("", code, begin + timedelta(hours=hour), place=place)
                found = shipments.lock_shipment(shipment.id)
                shipments.hear(found, [report], source="push", actor=SYSTEM)
        end = depot.now(shipment)
        ends.add((end.status, end.sub, end.place, end.attempts, end.heard_at - begin, end.open))
    assert ends == {("delivered", "", "成都高新", 1, timedelta(hours=9), False)}


def test_the_same_event_in_other_words_stays_one_whatever_came_first(depot):
    kept = []
    for words in (("已签收", "本人签收"), ("本人签收", "已签收")):
        shipment = depot.parcel()
        at = depot.clock.at
        for word in words:
            with transaction():
                found = shipments.lock_shipment(shipment.id)
                shipments.hear(
                    found, [Report("", "Delivered", at, word)], source="push", actor=SYSTEM
                )
        rows = [r for r in shipments.events_of(shipment.id) if r.code == "Delivered"]
        kept.append([row.words for row in rows])
    assert kept[0] == kept[1]
    assert len(kept[0]) == 1


# --- vocabulary -----------------------------------------------------------------------------------


def test_an_unknown_code_is_kept_and_counts_once_somebody_says_what_it_means(depot, browser_of):
    shipment = depot.tell(depot.parcel(), "PickedUp", "SIGNED-BY-GUARD")
    assert shipment.status == "picked_up"
    shipment_id = shipment.id
    carrier = carriers.carrier_named("feiyi")
    assert carriers.map_of(carrier.id)[0].code == "SIGNED-BY-GUARD", "what is unknown comes first"
    where = f"/x/logistics/carriers/{carrier.id}"
    browser = browser_of("admin")
    page = browser.get(where).text
    assert "未定义" in page
    token = page.partition('name="csrf_token" value="')[2].partition('"')[0]
    sent = {"csrf_token": token, "code": "SIGNED-BY-GUARD", "meaning": "delivered/"}
    assert browser.post(f"{where}/map", data=sent).status_code == 303
    end = shipments.get_shipment(shipment_id)
    assert (end.status, end.open) == ("delivered", False)
    assert depot.facts("status_map.changed")[0]["shipments"] == 1
    bad = browser.post(f"{where}/map", data=sent | {"meaning": "flying/"})
    assert bad.status_code == 422


def test_what_the_desk_notes_means_the_same_for_every_carrier(depot):
    carrier = carriers.carrier_named("feiyi")
    with pytest.raises(Invalid):
        carriers.save_meaning(carrier.id, "DESK_LOST", "delivered", "", actor=SYSTEM)
    with pytest.raises(Invalid):
        carriers.save_meaning(carrier.id, "X", "delivered", "lost", actor=SYSTEM)
    with transaction():
        row = carriers.save_meaning(carrier.id, "X", "exception", "lost", actor=SYSTEM)
    assert (row.status, row.sub) == ("exception", "lost")


def test_a_carriers_key_is_sealed_and_left_alone_by_an_empty_field(depot):
    carrier = carriers.carrier_named("feiyi")
    assert KEY not in carrier.secret
    assert carriers.key_of(carrier) == KEY
    with transaction():
        carriers.save_carrier(
            carrier, {"secret": "", "telephone": "95000"}, version=1, actor=depot.house.manager
        )
    assert carriers.key_of(carrier) == KEY
    assert depot.facts("carrier.changed")[-1]["fields"] == ["telephone"]
    with pytest.raises(StaleVersion):
        carriers.save_carrier(carrier, {"telephone": "1"}, version=1, actor=SYSTEM)
    with pytest.raises(Conflict):
        values = {"code": "feiyi", "adapter": "push", "title": {"en": "x"}}
        carriers.save_carrier(None, values, version=None, actor=SYSTEM)
    with pytest.raises(Invalid):
        values = {"code": "UP CASE", "adapter": "fax", "title": {"en": ""}, "address": "ftp://x"}
        carriers.save_carrier(None, values, version=None, actor=SYSTEM)


# --- polling --------------------------------------------------------------------------------------


class FakeCarrier:
    """A carrier that is asked: answers from `told`, remembers what it was asked, may be out of order."""

    def __init__(self):
        self.told, self.asked, self.status = {}, [], 200

    def answer(self, key, numbers):
        self.asked.append((key, numbers))
        result = [{"nu": number, "data": self.told.get(number, [])} for number in numbers]
        return json.dumps({"result": result}, ensure_ascii=False).encode()


@contextmanager
def running(fake):
    class Desk(BaseHTTPRequestHandler):
        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            answer = fake.answer(self.headers["X-Api-Key"], body["nums"])
            self.send_response(fake.status)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_words):
            """Nobody reads it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Desk)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/query"
    finally:
        server.shutdown()
        server.server_close()


def allow(app, monkeypatch, *hosts):
    """As the operator's POLYDESK_EGRESS_ALLOW has it."""
    config = replace(app.extensions["polydesk_config"], egress_allow=hosts)
    monkeypatch.setitem(app.extensions, "polydesk_config", config)


@pytest.fixture
def asked(app, depot, monkeypatch):
    allow(app, monkeypatch, "127.0.0.1")
    fake = FakeCarrier()
    with running(fake) as address:
        with transaction():
            carrier = carriers.carrier_named("zhongda")
            carriers.save_carrier(carrier, {"address": address}, version=1, actor=SYSTEM)
        yield fake


def poll():
    run = Run(carriers.list_carriers()[0].id, {})
    carriers.poll(run)
    db.session.expire_all()
    return run.result


def test_a_polled_carrier_is_asked_with_its_key_and_not_too_often(depot, asked):
    shipment = depot.parcel("zhongda")
    asked.told[shipment.carrier_number] = [
        {
            "ftime": "2026-11-16 11:30:00",
            "statusCode": "1002",
            "context": "离开杭州",
            "location": "杭州",
        },
        {
            "ftime": "2026-11-16 10:30:00",
            "statusCode": 103,
            "context": "已揽收",
            "location": "杭州",
        },
    ]
    assert poll() == {"asked": 1, "new": 2, "failed": 0}
    assert asked.asked == [(KEY, [shipment.carrier_number])]
    assert depot.now(shipment).status == "in_transit"
    first = shipments.events_of(shipment.id)
    assert any(row.happened_at.hour == 2 and row.code == "103" for row in first), (
        "local times are read as such"
    )
    depot.clock.advance(timedelta(minutes=29))
    assert poll()["asked"] == 0
    depot.clock.advance(timedelta(minutes=2))
    assert poll() == {"asked": 1, "new": 0, "failed": 0}


def test_a_carrier_that_fails_is_shown_and_asked_again(depot, asked, browser_of):
    shipment = depot.parcel("zhongda")
    shipment_id, number = shipment.id, shipment.carrier_number
    asked.status = 500
    assert poll()["failed"] == 1
    carrier = carriers.carrier_named("zhongda")
    assert "500" in carrier.failure
    assert "查询失败" in browser_of().get("/x/logistics/carriers").text
    asked.status = 200
    asked.told[number] = [{"ftime": "2026-11-16 10:30:00", "statusCode": "3"}]
    depot.clock.advance(timedelta(minutes=31))
    assert poll()["new"] == 1
    assert carriers.carrier_named("zhongda").failure == ""
    assert shipments.get_shipment(shipment_id).status == "delivered"


def test_a_private_address_is_not_asked_without_leave(app, depot, asked, monkeypatch):
    allow(app, monkeypatch)
    depot.parcel("zhongda")
    assert poll()["failed"] == 1
    assert asked.asked == []


def test_a_carrier_speaks_only_of_what_it_was_asked(depot, asked):
    mine, other = depot.parcel("zhongda"), depot.parcel("feiyi")
    asked.told[mine.carrier_number] = []
    asked.answer = lambda key, numbers: json.dumps(
        {
            "result": [
                {
                    "nu": other.carrier_number,
                    "data": [{"ftime": "2026-11-16 10:30:00", "statusCode": "3"}],
                }
            ]
        }
    ).encode()
    assert poll()["new"] == 0
    assert depot.now(other).status == "info_received"


def test_both_ways_of_telling_read_as_the_same_reports(depot):
    at = "2026-11-16T02:30:00+00:00"
    pushed = PUSH.read(
        push_body({"number": "N1", "code": "3", "time": at, "text": "签收", "place": "成都"})
    )
    polled = POLL.read(
        json.dumps(
            {
                "result": [
                    {
                        "nu": "N1",
                        "data": [
                            {
                                "ftime": "2026-11-16 10:30:00",
                                "statusCode": "3",
                                "context": "签收",
                                "location": "成都",
                            }
                        ],
                    }
                ]
            }
        ).encode()
    )
    alike = [(r.number, r.code, r.at, r.words, r.place, r.piece) for r in (*pushed, *polled)]
    assert alike[0] == alike[1]
    assert db.session.scalars(sa.select(Carrier)).all()
    assert db.session.scalars(sa.select(StatusMap)).first()
    assert db.session.scalars(sa.select(TrackingEvent)).all() == []
