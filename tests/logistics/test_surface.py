"""Logistics on paper, at its ticket, over REST, on request of a person, and with the plugin off."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from core.actors import OPERATOR, SYSTEM
from core.bodies import KINDS, from_body, to_body
from core.contacts.service import get_contact
from core.db import db, transaction
from core.forms.checks import check_form
from core.panels import draw_panel
from core.plugins import catalog
from core.tickets import service as tickets
from plugins.logistics import cases, notes, orders, privacy, shipments
from plugins.logistics.forms import FORMS
from plugins.logistics.models import Order, Receipt
from plugins.logistics.workflow import CASE_WAY, ORDER_WAY
from tenants import service as life
from tests.complaints.test_surface import next_request
from tests.logistics.conftest import form, push_body, signed

SCOPES = (
    "ticket:read", "ticket:write", "logistics.order:read", "logistics.order:write",
    "logistics.shipment:read", "logistics.shipment:write", "logistics.carrier:read",
)  # fmt: skip


@pytest.fixture
def api(app, house, depot):
    from core.auth.tokens import create_token  # noqa: PLC0415
    from tests.tickets.conftest import Api  # noqa: PLC0415

    with transaction():
        _, token = create_token(house.manager.id, "test", SCOPES, actor=SYSTEM)
    client = app.test_client()
    client.environ_base["HTTP_HOST"] = f"{house.tenant.slug}.localhost"
    return Api(client, token)


# --- at the desk ----------------------------------------------------------------------------------


def test_the_tower_lists_and_the_shipment_page_show_what_there_is(depot, browser_of):
    shipment = depot.tell(depot.parcel(), "PickedUp", "InTransit", place="武汉分拨中心")
    depot.wait(hours=25)
    number, shipment_id = shipment.number, shipment.id
    (ticket,) = depot.tickets()
    ticket_number = ticket.number
    browser = browser_of()
    tower = browser.get("/x/logistics/").text
    assert ticket_number in tower
    assert "24–48 小时无更新" in tower
    for query in (
        "",
        "?q=成都",
        f"?q={number[:8]}",
        "?q=3202",
        "?status=in_transit",
        "?carrier=feiyi",
        "?age=two_days",
        "?promise=soon",
    ):
        assert (number in browser.get(f"/x/logistics/shipments{query}").text) is (
            query != "?promise=soon"
        ), query
    assert number not in browser.get("/x/logistics/shipments?status=delivered").text
    assert number in browser.get("/x/logistics/shipments.csv").text
    page = browser.get(f"/x/logistics/shipments/{shipment_id}").text
    for shown in (
        "武汉分拨中心",
        "InTransit",
        ticket_number,
        "石磊",
        "138****3202",
        "超 24 小时无更新",
    ):
        assert shown in page, shown
    token = page.partition('name="csrf_token" value="')[2].partition('"')[0]
    scanned = browser.post(
        f"/x/logistics/shipments/{shipment_id}/scans",
        data={"csrf_token": token, "code": "DESK_DELIVERED", "place": "成都"},
    )
    assert scanned.status_code == 303
    assert shipments.get_shipment(shipment_id).status == "delivered"
    bad = browser.post(
        f"/x/logistics/shipments/{shipment_id}/scans",
        data={"csrf_token": token, "code": "Delivered"},
    )
    assert bad.status_code == 422


def test_panels_show_the_parcel_to_desk_and_customer(depot):
    shipment = depot.tell(depot.parcel(), "PickedUp", "InTransit", place="武汉")
    depot.wait(hours=25)
    (ticket,) = depot.tickets()
    ticket_id, number = ticket.id, shipment.number

    def read():
        return tickets.get_ticket(ticket_id, actor=SYSTEM)

    desk = draw_panel("logistics.parcel", read, depot.agent)
    assert not desk.failed
    assert number in str([block.items for block in desk.blocks])
    contact = get_contact(depot.customer)
    person = draw_panel("logistics.parcels", lambda: get_contact(contact.id), depot.agent)
    assert number in str([block.items for block in person.blocks])
    matter = draw_panel("logistics.matter", read, depot.house.customer)
    shown = str([block.items for block in matter.blocks])
    assert "运输中" in shown
    assert "石磊" not in shown


# --- REST -----------------------------------------------------------------------------------------


def test_rest_takes_moves_and_changes_an_order(depot, api):
    body = {"form": form(payment="receiver"), "carrier": "feiyi"}
    made = api("POST", "/logistics/orders", body, Idempotency_Key="k1")
    assert made.status_code == 201, made.text
    order = made.get_json()
    assert (
        api("POST", "/logistics/orders", body, Idempotency_Key="k1").get_json()["id"] == order["id"]
    )
    assert order["freight"] == {"amount": 2300, "currency": "CNY"}
    where = f"/logistics/orders/{order['id']}"
    patched = api("PATCH", where, {"goods": "书"}, If_Match=f'"{order["version"]}"')
    assert patched.get_json()["goods"] == "书"
    assert api("PATCH", where, {"goods": "书"}).status_code == 428
    assert api("PATCH", where, {"goods": "画"}, If_Match='"1"').status_code == 412
    step = {"name": "confirm", "version": patched.get_json()["version"]}
    assert api("POST", f"{where}/transitions", step).get_json()["state"] == "confirmed"
    assert api("POST", f"{where}/transitions", step).status_code == 412
    wrong = api("POST", "/logistics/orders", {"form": form(receiver_phone=None)})
    assert wrong.status_code == 422
    listed = api("GET", "/logistics/orders?state=confirmed").get_json()
    assert [row["id"] for row in listed["items"]] == [order["id"]]
    assert listed["items"][0]["receiver_phone"] == "138****3202"
    assert api("GET", where).get_json()["receiver_phone"] == "+8613800003202"


def test_rest_tells_reads_and_tracks_shipments(depot, api):
    shipment = depot.parcel()
    number, where = shipment.number, f"/logistics/shipments/{shipment.id}"
    told = {"code": "PickedUp", "at": "2026-11-16T01:00:00Z", "place": "杭州"}
    assert api("POST", f"{where}/events", told).status_code == 201
    assert api("POST", f"{where}/events", told).status_code == 201
    events = api("GET", f"{where}/events").get_json()["items"]
    assert [event["code"] for event in events] == ["PickedUp", "DESK_CONFIRMED"]
    assert api("GET", where).get_json()["status"] == "picked_up"
    tracked = api("GET", f"/logistics/track?number={number.lower()}").get_json()
    assert [step["status"] for step in tracked["steps"]] == ["picked_up"]
    assert api("GET", "/logistics/track?number=YD1").status_code == 404
    listed = api("GET", "/logistics/shipments?status=picked_up&carrier=feiyi").get_json()
    assert [row["number"] for row in listed["items"]] == [number]
    assert api("GET", "/logistics/shipments?status=flying").status_code == 422


def test_rest_shows_carriers_without_keys_and_exceptions_in_reach(depot, api):
    listed = api("GET", "/logistics/carriers").get_json()["items"]
    assert [(row["code"], row["has_key"]) for row in listed] == [("feiyi", True), ("zhongda", True)]
    assert "secret" not in str(listed)
    codes = api("GET", "/logistics/status-maps?carrier=zhongda").get_json()["items"]
    assert {"code": "501", "status": "available_for_pickup"}.items() <= {
        **next(row for row in codes if row["code"] == "501")
    }.items()
    refused = api(
        "POST", "/logistics/status-maps", {"carrier": "zhongda", "code": "X", "status": "delivered"}
    )
    assert refused.status_code == 403, "reading is not writing"
    shipment_id = str(depot.tell(depot.parcel(), "PickedUp").id)
    depot.wait(hours=25)
    found = api("GET", "/logistics/exceptions?open=true").get_json()["items"]
    assert [row["kind"] for row in found] == ["silent"]
    assert found[0]["shipment_id"] == shipment_id


# --- the plugin as a whole ------------------------------------------------------------------------


def test_a_person_is_exported_whole_and_erased(depot, client):
    shipment = depot.parcel()
    body = push_body(
        {
            "number": shipment.carrier_number,
            "code": "PickedUp",
            "time": depot.clock.at.isoformat(),
            "text": "方晓本人交件",
        }
    )
    client.post(
        "/api/v1/logistics/carriers/feiyi/events", data=body, headers=signed(body, depot.clock.at)
    )
    shipment = shipments.by_number(make := shipment_number(depot))
    with transaction():
        notes.write_note(shipment, {"content": "方晓来电", "told": "稍候"}, actor=depot.agent)
    contact = get_contact(depot.customer)
    exported = privacy.export_person(contact)
    assert exported["logistics_order"][0]["sender_name"] == "方晓"
    assert len(exported) == 4
    with transaction():
        privacy.erase_person(contact)
    left = str(privacy.export_person(contact))
    for secret in ("方晓", "石磊", "13800003202", "天府大道", "茶具"):
        assert secret not in left
    assert db.session.scalars(sa.select(Receipt)).one().body == "—"
    assert notes.notes_of(shipment.id)[0].content == "—"
    assert shipments.by_number(make).status == "picked_up", "what happened stays"


def shipment_number(depot) -> str:
    order = db.session.scalars(sa.select(Order)).one()
    return shipments.shipment_of_order(order.id).number


def test_definitions_survive_json_and_make_sense():
    for each in FORMS:
        assert check_form(each) == [], each.name
        assert from_body(KINDS["form"], to_body(each)) == each
    for way in (ORDER_WAY, CASE_WAY):
        assert from_body(KINDS["workflow"], to_body(way)) == way


def test_every_named_thing_is_the_plugins_own(tenant):
    found = catalog()
    for kind in (
        "ticket_type",
        "workflow",
        "form",
        "metric",
        "policy",
        "guard",
        "event",
        "report",
        "job",
    ):
        mine = [name for name in found.shelf(kind) if found.owner(kind, name) == "logistics"]
        assert mine, kind
        assert all(name.startswith("logistics.") for name in mine)


def test_off_means_no_pages_and_no_doors_and_its_tickets_stay_readable(depot, client):
    shipment = depot.tell(depot.parcel(), "PickedUp")
    depot.wait(hours=25)
    (ticket,) = depot.tickets()
    ticket_id, number = ticket.id, shipment.number
    body = push_body({"number": number, "code": "Delivered", "time": depot.clock.at.isoformat()})
    with transaction():
        life.disable_plugin("logistics", actor=OPERATOR)
    next_request()
    assert tickets.get_ticket(ticket_id, actor=depot.agent).number
    assert client.get("/p/logistics/track").status_code == 404
    headers = signed(body, depot.clock.at)
    assert (
        client.post(
            "/api/v1/logistics/carriers/feiyi/events", data=body, headers=headers
        ).status_code
        == 404
    )
    with transaction():
        life.enable_plugin("logistics", actor=OPERATOR)
    next_request()
    assert (
        client.post(
            "/api/v1/logistics/carriers/feiyi/events", data=body, headers=headers
        ).status_code
        == 200
    )
    assert cases.cases_at(ticket_id)[0].over_at
    assert orders.get_order(shipments.by_number(number).order_id).state == "completed"
