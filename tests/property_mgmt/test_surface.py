"""The edges: portal, contractor's phone, REST, paper, privacy, settings, switching off."""

from __future__ import annotations

import io
import re
from contextvars import Context

import pytest

from core.actors import OPERATOR, SYSTEM
from core.auth.tokens import create_token
from core.bodies import KINDS, from_body, to_body
from core.contacts.links import link_token, live_link
from core.contacts.service import get_contact
from core.db import clear_session, transaction
from core.forms.checks import check_form
from core.plugins import catalog
from core.reports import service as reports
from core.tenancy import as_tenant
from core.tickets import service as tickets
from plugins.property_mgmt import effects, orders, privacy, residents, signing
from plugins.property_mgmt.contractors import job_path
from plugins.property_mgmt.forms import FORMS
from plugins.property_mgmt.workflow import WORKFLOWS
from tenants import service as life
from tests.conftest import client_at
from tests.property_mgmt.conftest import MONDAY, TO_DISPATCH, TO_DONE, TO_WORK, Home, picture
from tests.tickets.conftest import Api, api_of, build_house  # noqa: F401  a fixture

READ, WRITE = "property_mgmt.unit:read", "property_mgmt.unit:write"
ORDERS = ("ticket:read", "property_mgmt.work_order:read", "property_mgmt.work_order:write")
REPAIR = "/p/property_mgmt/repair"


def token_in(page: str) -> str:
    return re.search(r'name="csrf_token" value="([^"]+)"', page)[1]


def fields_of(page: str) -> dict[str, str]:
    return dict(re.findall(r'<input type="hidden" name="([\w-]+)" value="([^"]*)"', page))


# --- portal ---------------------------------------------------------------------------------------


def post_report(client, home: Home, **changes):
    page = client.get(REPAIR).get_data(as_text=True)
    data = {
        **fields_of(page),
        "building": str(home.unit.building_id),
        "number": "1-1802",
        "trade": "water",
        "description": "厨房水槽下面一直滴水",
        "name": "林晓雯",
        "phone": "13800006021",
        "photos": (io.BytesIO(picture()), "leak.jpg"),
    }
    return client.post(REPAIR, data={k: v for k, v in (data | changes).items() if v is not None})


def test_a_stranger_reports_a_repair_without_signing_in(home: Home, client) -> None:
    answer = post_report(client, home)
    assert answer.status_code == 303
    assert re.search(r"RP-\d{4}-\d{5}", client.get(answer.location).get_data(as_text=True))


def test_the_form_says_nobody_who_lives_there(home: Home, client) -> None:
    page = client.get(REPAIR).get_data(as_text=True)
    assert "3栋" in page
    assert "林晓雯" not in page
    refused = post_report(client, home, number="9-9999")
    assert refused.status_code == 422
    words = refused.get_data(as_text=True)
    assert "这栋楼没有这个房号" in words
    assert "厨房水槽下面一直滴水" in words, "what was typed comes again"


def test_the_same_form_twice_is_one_report(home: Home, client) -> None:
    page = client.get(REPAIR).get_data(as_text=True)
    kept = fields_of(page)
    first, second = (post_report(client, home, **kept) for _ in range(2))
    assert first.location == second.location


def test_words_of_danger_make_it_urgent(home: Home, client) -> None:
    answer = post_report(client, home, description="厨房爆管，水漫出来了")
    page = client.get(answer.location).get_data(as_text=True)
    number = re.search(r"RP-\d{4}-\d{5}", page)[0]
    clear_session()
    found = tickets.find_by_number(number, actor=home.house.manager)
    assert found.priority == "urgent"


# --- the contractor's phone -----------------------------------------------------------------------


def job_of(home: Home, *names: str) -> tuple[str, str]:
    order = home.go(home.order(home.report()), *names)
    return job_path(effects.offers_of(order)[-1]), str(order.id)


def test_the_contractor_sees_the_caller_only_once_he_took_the_job(home: Home, client) -> None:
    path, _ = job_of(home, *TO_DISPATCH)
    page = client.get(path).get_data(as_text=True)
    assert "锦澜花园 3栋 1-1802" in page
    assert "13800006021" not in page
    data = {"csrf_token": token_in(page), "move": "accept", "version": fields_of(page)["version"]}
    assert client.post(path, data=data).status_code == 303
    assert "13800006021" in client.get(path).get_data(as_text=True)


def test_a_link_of_another_or_of_nobody_opens_nothing(home: Home, client, app, stranger) -> None:
    path, _ = job_of(home, *TO_DISPATCH)
    assert client.get(path).status_code == 200
    assert client.get(path[:-2] + "xx").status_code == 404
    assert client_at(app, stranger).get(path).status_code == 404


def test_declining_says_why_and_kills_the_link(home: Home, client) -> None:
    path, order_id = job_of(home, *TO_DISPATCH)
    page = client.get(f"{path}?do=decline").get_data(as_text=True)
    data = {"csrf_token": token_in(page), "move": "decline", "version": fields_of(page)["version"]}
    assert client.post(path, data=data).status_code == 422, "a reason is wanted"
    answer = client.post(path, data=data | {"said": "排满了"})
    assert "已退单" in answer.get_data(as_text=True)
    assert client.get(path).status_code == 404
    assert order_id


def test_a_job_done_without_a_photo_is_refused(home: Home, client) -> None:
    path, _ = job_of(home, *TO_WORK)
    page = client.get(f"{path}?do=finish").get_data(as_text=True)
    data = {"csrf_token": token_in(page), "move": "finish", "version": fields_of(page)["version"],
            "result": "好了"}  # fmt: skip
    refused = client.post(path, data=data)
    assert refused.status_code == 422
    assert "至少一张照片" in refused.get_data(as_text=True)
    done = client.post(path, data=data | {"photos": (io.BytesIO(picture()), "after.jpg")})
    assert done.status_code == 303


# --- the resident ---------------------------------------------------------------------------------


def test_the_resident_signs_by_the_tickets_link(home: Home, client) -> None:
    ticket = home.report()
    home.go(home.order(ticket), *TO_DONE)
    ticket_id, token = ticket.id, link_token(live_link(ticket.id).id)
    path = f"/p/property_mgmt/work/1/x/{token}"
    page = client.get(path).get_data(as_text=True)
    data = {"csrf_token": token_in(page), "move": "sign", "version": fields_of(page)["version"],
            "signature-typed": "林晓雯"}  # fmt: skip
    assert client.post(path, data={**data, "signature-typed": ""}).status_code == 422
    assert client.post(path, data=data).status_code == 303
    clear_session()
    order = orders.orders_at([ticket_id])[-1]
    assert (order.state, signing.signature_of(order).signer) == ("verified", "林晓雯")
    assert client.get("/p/property_mgmt/work/2/x/" + token).status_code == 404


# --- REST -----------------------------------------------------------------------------------------


def test_homes_over_rest(home: Home, api_of, admin) -> None:  # noqa: F811
    api: Api = api_of(admin, (READ, WRITE))
    made = api(
        "POST", "/property_mgmt/estates", {"code": "YQ", "name": "云栖里"}, Idempotency_Key="k1"
    )
    again = api(
        "POST", "/property_mgmt/estates", {"code": "YQ", "name": "云栖里"}, Idempotency_Key="k1"
    )
    assert (made.status_code, made.json["id"]) == (201, again.json["id"])
    assert api("POST", "/property_mgmt/estates", {"code": "YQ", "name": "x"}).status_code == 409
    path = f"/property_mgmt/estates/{made.json['id']}"
    assert api("PATCH", path, {"service_grade": 1}).status_code == 428
    assert api("PATCH", path, {"service_grade": 1}, If_Match='"9"').status_code == 412
    assert api("PATCH", path, {"service_grade": 1}, If_Match='"1"').json["service_grade"] == 1
    assert api("PATCH", path, {"service_grade": 7}, If_Match='"2"').status_code == 422
    listed = api("GET", "/property_mgmt/units?limit=1")
    assert [unit["code"] for unit in listed.json["items"]] == ["JL-3-1-1802"]
    following = api("GET", f"/property_mgmt/units?limit=1&cursor={listed.json['next']}")
    assert [unit["code"] for unit in following.json["items"]] == ["JL-3-1-1803"]
    found = api("GET", f"/property_mgmt/residents?unit_id={home.unit.id}").json["items"]
    assert [row["role"] for row in found] == ["owner"]
    assert "林晓雯" not in str(found), "names are the contact's"


def test_work_orders_over_rest(home: Home, api_of) -> None:  # noqa: F811
    api: Api = api_of(home.house.agent, ORDERS)
    path = f"/property_mgmt/work-orders/{home.order(home.report()).id}"
    read = api("GET", path)
    assert read.status_code == 200, read.text
    assert (read.json["state"], read.json["moves"]) == ("reported", ["triage", "cancel"])
    body = {"name": "triage", "form": home.answers("triage"), "version": 9}
    assert api("POST", f"{path}/moves", body).status_code == 412
    moved = api("POST", f"{path}/moves", body | {"version": read.json["version"]})
    assert (moved.status_code, moved.json["state"]) == (201, "triaged")
    assert api("POST", f"{path}/moves", {"name": "finish", "version": 2}).status_code == 409
    wrong = api("POST", f"{path}/moves", {"name": "dispatch", "version": 2})
    assert (wrong.status_code, wrong.json["errors"][0]["pointer"]) == (422, "/form/contractor")
    outsider: Api = api_of(home.house.outsider, ORDERS)
    assert outsider("GET", path).status_code == 404, "whoever does not see the ticket, sees no work"
    assert outsider("GET", "/property_mgmt/work-orders").json["items"] == []


def test_another_tenants_unit_is_404(home: Home, api_of, app, stranger, admin) -> None:  # noqa: F811
    mine: Api = api_of(admin, (READ,))
    unit_id = home.unit.id
    assert mine("GET", f"/property_mgmt/units/{unit_id}").status_code == 200
    client = client_at(app, stranger)
    assert client.get(f"/api/v1/property_mgmt/units/{unit_id}").status_code == 401

    def token() -> str:
        with app.app_context(), as_tenant(stranger):
            house = build_house(stranger)
            with transaction():
                return create_token(house.manager.id, "t", (READ,), actor=SYSTEM)[1]

    secret = Context().run(token)
    answer = client.get(
        f"/api/v1/property_mgmt/units/{unit_id}", headers={"Authorization": f"Bearer {secret}"}
    )
    assert answer.status_code == 404


# --- paper ----------------------------------------------------------------------------------------


def test_the_work_order_on_paper(home: Home) -> None:
    ticket = home.report()
    home.go(home.order(ticket), *TO_DONE, "sign", "rate")
    given = {"ticket_id": str(ticket.id), "position": "1"}
    told = reports.fill("property_mgmt.work_order", given, actor=home.house.agent).data["r"]
    assert told["number"] == f"{ticket.number}-1"
    assert (told["contractor"], told["signer"], told["phone"]) == (
        "清源管道",
        "林晓雯",
        "138****6021",
    )
    assert len(told["pictures"]) == 1
    assert [rating["score"] for rating in told["ratings"]] == [5, 4, 5]
    drawn = reports.pdf(reports.fill("property_mgmt.work_order", given, actor=home.house.agent))
    assert drawn.content.startswith(b"%PDF")
    assert not drawn.missing


def complain(home: Home, words: str, **changes):
    form = {"name": "林晓雯", "phone": "13800006021", "description": words}
    values = {
        "type": "complaints.complaint", "subject": words[:20], "description": words, "form": form,
        "contact_id": home.resident_id, "team_id": home.house.desk,
    }  # fmt: skip
    with transaction():
        return tickets.open_ticket(tickets.NewTicket(**(values | changes)), actor=home.house.agent)


def test_the_register_in_its_property_edition(home: Home, client) -> None:
    ticket = complain(home, "整栋停水一整天了")
    with transaction():
        residents.link_unit(ticket.id, home.unit.id, known_by="staff", actor=home.house.agent)
    given = {"ticket_id": str(ticket.id)}
    told = reports.fill("property_mgmt.register", given, actor=home.house.agent).data["r"]
    details = {row["title"]: row["value"] for row in told["details"]}
    assert details["房屋"] == "JL-3-1-1802 锦澜花园 3栋 1-1802"
    assert details["身份"] == "业主"
    assert details["等级"].startswith("2 级")
    assert told["category"] == "P-WATER 给排水"


@pytest.mark.rule("FM-07")
def test_ten_complaints_have_margins_of_ten(home: Home) -> None:
    """G 10 complaints / W build / T margins sum to 10."""
    for words in (
        "电梯困人了",
        "整栋停水",
        "楼道垃圾没人扫",
        "建议公共设施多一点",
        "物业费多收了",
    ) * 2:
        complain(home, words)
    told = reports.fill("property_mgmt.statistics", {}, actor=home.house.agent).data["r"]
    assert told["total"]["sum"] == 10
    assert sum(row["sum"] for row in told["rows"]) == 10
    assert sum(told["total"]["cells"]) == 10
    assert all(sum(row["cells"]) == row["sum"] for row in told["rows"])
    columns = [sum(row["cells"][k] for row in told["rows"]) for k in range(len(told["grades"]))]
    assert columns == told["total"]["cells"]
    assert "<svg" in told["chart"]
    before = {"start": "2026-01-01", "end": "2026-01-31"}
    none = reports.fill("property_mgmt.statistics", before, actor=home.house.agent).data["r"]
    assert (none["total"]["sum"], none["chart"]) == (0, "")
    drawn = reports.pdf(reports.fill("property_mgmt.statistics", {}, actor=home.house.agent))
    assert drawn.content.startswith(b"%PDF")


@pytest.mark.rule("RP-03")
def test_the_statistics_say_how_complaints_ended(home: Home) -> None:
    """FM-07 with data analysis and countermeasures: upheld share, time to take in, repeats."""
    ticket = complain(home, "楼道垃圾没人扫")
    home.clock.set(MONDAY.replace(hour=3))
    with transaction():
        tickets.move_ticket(
            ticket.id, "acknowledge", {}, actor=home.house.agent, version=ticket.version
        )
    told = reports.fill("property_mgmt.statistics", {}, actor=home.house.agent).data["r"]
    (row,) = told["rows"]
    assert (row["code"], row["ack_minutes"], row["upheld"]) == ("P-CLEAN", "60.0", "—")


# --- the rest -------------------------------------------------------------------------------------


def test_a_person_is_exported_whole_and_erased(home: Home) -> None:
    ticket = home.report()
    home.go(home.order(ticket), *TO_DONE, "sign", "rate")
    contact = get_contact(home.resident_id)
    told = privacy.export_person(contact)
    assert told["property_mgmt_repair"][0]["name"] == "林晓雯"
    assert len(told["property_mgmt_work_step"]) == 9
    seal = signing.signature_of(home.order(ticket)).sha256
    with transaction():
        privacy.erase_person(contact)
    left = str(privacy.export_person(contact))
    assert not any(word in left for word in ("林晓雯", "13800006021", "滴水"))
    assert signing.signature_of(home.order(ticket)).sha256 == seal
    assert home.order(ticket).state == "rated", "the record stays whole"


def test_definitions_survive_json_and_make_sense() -> None:
    for form in FORMS:
        assert from_body(KINDS["form"], to_body(form)) == form
    for workflow in WORKFLOWS:
        assert from_body(KINDS["workflow"], to_body(workflow)) == workflow


def test_forms_make_sense(home: Home) -> None:
    assert {form.name: check_form(form) for form in FORMS if check_form(form)} == {}


def test_every_named_thing_is_the_plugins_own(home: Home) -> None:
    found = catalog()
    for kind in ("ticket_type", "workflow", "form", "metric", "policy", "calendar", "condition",
                 "guard", "event", "report", "job", "panel", "complaint_standards"):  # fmt: skip
        mine = [name for name in found.shelf(kind) if found.owner(kind, name) == "property_mgmt"]
        assert mine, kind
        assert all(name.startswith("property_mgmt.") for name in mine)


def test_off_means_gone_and_on_means_back(home: Home, client) -> None:
    ticket_id = home.report().id
    assert client.get(REPAIR).status_code == 200
    with transaction():
        life.disable_plugin("property_mgmt", actor=OPERATOR)
    assert client.get(REPAIR).status_code == 404
    assert tickets.get_ticket(ticket_id, actor=home.house.agent).number
    with transaction():
        life.enable_plugin("property_mgmt", actor=OPERATOR)
    assert client.get(REPAIR).status_code == 200
