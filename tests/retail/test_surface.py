"""Retail over REST and at the desk: approvals need their right, keys count once, the plugin passes its exam."""

from __future__ import annotations

import io

import pytest

from core.actors import OPERATOR, SYSTEM
from core.auth import service as accounts
from core.auth import signin
from core.auth.tokens import create_token
from core.bodies import KINDS, from_body, to_body
from core.db import clear_session, transaction
from core.errors import NotFound
from core.forms.checks import check_form
from core.panels import draw_panel
from core.plugins import catalog
from core.tickets import service as tickets
from plugins.retail import panels, rmas, sales
from plugins.retail.forms import FORMS
from plugins.retail.rights import PERMISSIONS
from plugins.retail.workflow import MATTER_OF, RMA_FLOW, TICKET_FLOW, WORKFLOWS
from tenants import service as life
from tests.conftest import client_at
from tests.desk.conftest import PASSWORD
from tests.retail.world import customer_contact, join, sell, slip
from tests.tickets.conftest import Api

EVERYTHING = tuple(permission.name for permission in PERMISSIONS)


@pytest.fixture
def api(mall, app):
    """The REST interface as one person sees it."""

    def make(actor, scopes=None):
        granted = [name for name in EVERYTHING if actor.can(name)] if scopes is None else scopes
        with transaction():
            _, token = create_token(
                actor.id, "test", [*granted, "ticket:read", "ticket:write"], actor=SYSTEM
            )
        client = app.test_client()
        client.environ_base["HTTP_HOST"] = f"{mall.tenant.slug}.localhost"
        return Api(client, token)

    return make


def test_a_return_over_rest_from_the_wish_to_the_arrival(mall, api):
    """High-risk writes need retail.refund:approve; each step wants the version that was read."""
    member = join()
    sale = sell(member=member, kind="bank", days_ago=3)
    line = str(sales.lines_of(sale.id)[0].id)
    sale_id = str(sale.id)
    agent, head = api(mall.agent), api(mall.supervisor)
    asked = {"sale_id": sale_id, "lines": [{"line_id": line}], "reason": "no_reason"}
    told = agent("POST", "/retail/policies/evaluate", asked)
    assert told.status_code == 200, told.json
    offer = told.json["offers"][0]
    assert (offer["remedy"], offer["allowed"], offer["rule"]) == ("return", True, "SL-18")
    assert set(offer["why"]) == {"zh-CN", "en"}

    body = {**asked, "remedy": "return"}
    made = agent("POST", "/retail/rmas", body, Idempotency_Key="one")
    again = agent("POST", "/retail/rmas", body, Idempotency_Key="one")
    assert (made.status_code, again.json["id"]) == (201, made.json["id"])
    path = f"/retail/rmas/{made.json['id']}"
    assert agent("POST", f"{path}/verify", {"note": "ok"}).status_code == 428
    rma = agent("POST", f"{path}/verify", {"note": "ok"}, If_Match='"1"').json
    assert rma["state"] == "pending_approval"
    assert agent("POST", f"{path}/approve", {"note": "ok"}, If_Match='"2"').status_code == 403
    assert head("POST", f"{path}/approve", {"note": "ok"}, If_Match='"1"').status_code == 412
    rma = head("POST", f"{path}/approve", {"note": "ok"}, If_Match='"2"').json
    assert rma["state"] == "approved"
    rma = agent("POST", f"{path}/receive", {}, If_Match='"3"').json
    found = {"finding": "passed", "disposition": "restock"}
    rma = agent("POST", f"{path}/inspect", found, If_Match=f'"{rma["version"]}"').json
    (refund,) = rma["refunds"]
    assert refund["amount"] == {"amount": -39_900, "currency": "CNY"}

    there = f"/retail/refunds/{refund['id']}"
    till = {"till_reference": "T1"}
    assert agent("POST", f"{there}/execute", till, If_Match='"1"').status_code == 422
    assert agent("POST", f"{there}/slip", slip(), If_Match='"1"').json["state"] == "executing"
    paid = agent("POST", f"{there}/execute", till, If_Match='"2"').json
    assert (paid["state"], bool(paid["due_at"])) == ("sent", True)
    assert agent("POST", f"{there}/arrive", {}, If_Match='"3"').json["state"] == "arrived"
    read = agent("GET", path)
    assert (read.json["state"], read.headers["ETag"][1:-1]) == ("closed", str(read.json["version"]))


def test_what_no_rule_allows_is_refused_with_the_rule(mall, api):
    sale = sell(days_ago=40)
    line = str(sales.lines_of(sale.id)[0].id)
    body = {
        "sale_id": str(sale.id),
        "lines": [{"line_id": line}],
        "reason": "no_reason",
        "remedy": "return",
    }
    token = api(mall.agent)
    answer = token("POST", "/retail/rmas", body)
    assert answer.status_code == 201, "staff may ask for an exception"
    wrong = token("POST", "/retail/rmas", {**body, "lines": [{"line_id": line, "quantity": 9}]})
    assert wrong.status_code == 422


def test_a_receipt_reported_twice_is_one(mall, api):
    member = join()
    member_id = str(member.id)
    till = api(mall.manager)
    body = {
        "number": "API-1",
        "store": "盛和",
        "member_id": member_id,
        "lines": [{"sku": "MJ-01", "quantity": 2}],
        "tenders": [{"kind": "cash", "amount": 20_000}],
    }
    first, again = till("POST", "/retail/sales", body), till("POST", "/retail/sales", body)
    assert (first.status_code, first.json["id"]) == (201, again.json["id"])
    assert till("GET", f"/retail/points?member_id={member_id}").json["active"] == 200
    short = {**body, "number": "API-2", "tenders": [{"kind": "cash", "amount": 1}]}
    assert till("POST", "/retail/sales", short).status_code == 422
    assert api(mall.agent)("POST", "/retail/sales", body).status_code == 403
    burn = {"member_id": member_id, "points": 50, "key": "k1"}
    assert api(mall.agent)("POST", "/retail/points/burn", burn).status_code == 403
    spent = [till("POST", "/retail/points/burn", burn).json["id"] for _ in range(2)]
    assert spent[0] == spent[1]
    assert till("GET", f"/retail/points?member_id={member_id}").json["active"] == 150


@pytest.fixture
def desk(app, mall):
    """A desk page as a member of the desk's team sees it."""
    with transaction():
        accounts.create_user(
            "fang@example.org", "方圆", password=PASSWORD, roles=("agent",), teams=(mall.desk,),
            actor=OPERATOR,
        )  # fmt: skip
    with transaction():
        signed = signin.sign_in("fang@example.org", PASSWORD, ip="203.0.113.7", browser="a test")
    client = client_at(app, mall.tenant)
    client.set_cookie("pd", signed.secret, domain=f"{mall.tenant.slug}.localhost")

    def get(path, status=200):
        answer = client.get(path)
        assert answer.status_code == status, answer.text[:500]
        clear_session()
        return answer

    return get


def test_one_box_leads_to_the_receipt(mall, desk):
    member = join(name="欧阳修")
    sale = sell(member=member)
    phone, number, sale_id = member.phone, sale.number, sale.id
    found = desk(f"/x/retail/?q={phone.removeprefix('+86')}").text
    assert "欧阳修" in found
    assert number in found
    assert desk(f"/x/retail/?q={number}", 303).location.endswith(f"/x/retail/sales/{sale_id}")


def test_lists_go_out_as_csv_masked(mall, desk):
    member = join(name="=欧阳修")
    phone = member.phone
    lines = desk("/x/retail/members.csv").text
    assert "'=欧阳修" in lines
    assert phone not in lines
    assert io.StringIO(desk("/x/retail/returns.csv").text).readline().startswith("\ufeff")


def test_the_member_stands_beside_the_ticket(mall, case_of):
    member = join(name="欧阳修")
    case = case_of(sell(member=member, kind="bank"))
    case.ask(contact_id=member.contact_id)
    ticket_id, actor = case.rma.ticket_id, case.agent
    for name, wanted in (("retail.member", "欧阳修"), ("retail.return", "SL-18")):
        drawn = draw_panel(name, lambda: tickets.get_ticket(ticket_id, actor=SYSTEM), actor)
        assert not drawn.failed
        assert wanted in str(drawn.blocks), name
    shown = str(panels.return_at_matter(tickets.get_ticket(ticket_id, actor=SYSTEM), mall.customer))
    assert "¥399" in shown


def test_a_ticket_without_a_member_has_no_member(mall):
    ticket = mall.open(contact_id=customer_contact())
    assert panels.member_at_ticket(ticket, mall.agent) == []
    assert panels.return_at_ticket(ticket, mall.agent) == []


def test_another_tenant_sees_nothing_of_it(mall, make_tenant, api):
    sale = sell()
    path = f"/retail/sales/{sale.id}"
    assert api(mall.agent)("GET", path).status_code == 200
    with transaction():
        life.disable_plugin("retail", actor=OPERATOR)
    assert api(mall.agent, ())("GET", path).status_code == 404, "off: nothing is offered"


def test_definitions_survive_json_and_bear_the_plugins_name():
    for form in FORMS:
        assert check_form(form) == [], form.name
        assert from_body(KINDS["form"], to_body(form)) == form
    for flow in WORKFLOWS:
        assert from_body(KINDS["workflow"], to_body(flow)) == flow


def test_every_named_thing_is_the_plugins_own(tenant):
    found = catalog()
    for kind in ("ticket_type", "workflow", "form", "guard", "event", "report", "job", "metric"):
        mine = [name for name in found.shelf(kind) if found.owner(kind, name) == "retail"]
        assert mine, kind
        assert all(name.startswith("retail.") for name in mine)


def test_strangers_do_not_see_the_case(mall, case_of):
    case = case_of()
    case.ask()
    with pytest.raises(NotFound):
        rmas.get_rma(case.rma.id, actor=mall.outsider)
    assert rmas.get_rma(case.rma.id, actor=mall.agent).id == case.rma.id


def test_every_state_of_the_case_has_its_place_on_the_ticket(case_of):
    known = {state.name for state in TICKET_FLOW.states}
    assert set(MATTER_OF.values()) <= known
    assert set(MATTER_OF) <= {state.name for state in RMA_FLOW.states}
