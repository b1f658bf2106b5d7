"""A person's data: given out whole, overwritten everywhere or nowhere, and the trail stays green."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from core import ledger
from core.actors import ANONYMOUS, SYSTEM, Actor, Reach
from core.attachments.service import content_by_id
from core.auth import service as accounts
from core.contacts import codes, merging, organisations, privacy, service
from core.contacts.points import PointIn
from core.db import Base, db, transaction
from core.errors import Conflict, Forbidden, Invalid, PluginUnavailable
from core.events import EventRow
from core.jobs import drain
from core.tenancy import current_tenant
from core.tickets import service as tickets
from core.tickets.models import Ticket
from tenants import service as tenancy
from tests.auth.people import PASSWORD, come_in, csrf_of
from tests.complaints.conftest import TO_CLOSE, Case, case, clock, house, intake, picture
from tests.conftest import client_at
from tests.contacts.desk import bearer, facts
from tests.dummy import hooks as dummy
from tests.hooks.conftest import dummy_app, nodding

if TYPE_CHECKING:
    from flask import Flask
    from flask.testing import FlaskClient

    from core.tenancy import Tenant

__all__ = ["case", "clock", "dummy_app", "house", "nodding"]

NAME, PHONE, MAIL = "欧阳晓雯", "+8613800138077", "ouyang.xw@example.org"
TRACES = (NAME, "13800138077", "ouyang.xw")
ADMIN = Actor(
    kind="user",
    name="admin",
    grants=dict.fromkeys(("contact:export", "contact:erase"), Reach.ALL),
)


def found_in_tables() -> set[str]:
    """Every column of every table of this tenant in which one of the person's traces stands."""
    found = set()
    tables = [t for t in Base.metadata.sorted_tables if "tenant_id" in t.columns]
    assert len(tables) > 40
    for table in tables:
        rows = sa.select(table).where(table.c.tenant_id == current_tenant().id)
        for row in db.session.execute(rows).mappings():
            told = {
                name: json.dumps(value, ensure_ascii=False, default=str)
                for name, value in row.items()
            }
            found |= {
                f"{table.name}.{name}"
                for name, words in told.items()
                if any(t in words for t in TRACES)
            }
    return found


def named(value: Any) -> Any:
    """The same answer with the customer's name in every free text but who of the staff is responsible."""
    if isinstance(value, dict):
        return {
            name: each if name == "responsible" else named(each) for name, each in value.items()
        }
    if isinstance(value, list):
        return [named(each) for each in value]
    free = isinstance(value, str) and any("一" <= letter <= "鿿" for letter in value)
    return f"{value}（{NAME}，{PHONE}，{MAIL}）" if free else value


@pytest.fixture
def known(case: Case) -> Case:
    """A complaint carried to its end, whose customer's name stands wherever words can stand."""
    contact_id = case.house.contact_id
    with transaction():
        contact = service.get_contact(contact_id)
        contact.display_name, contact.external_source, contact.external_id = NAME, "crm", NAME
        for kind, value in (("phone", PHONE), ("mail", MAIL)):
            service.add_point(contact_id, PointIn(kind, value), actor=SYSTEM)
        body = organisations.create_organisation("甲公司", actor=SYSTEM)
        organisations.join_organisation(contact_id, body.id, f"代表 {NAME}", actor=SYSTEM)
    him = Actor(**{**vars_of(case.customer), "name": NAME})
    case.customer = him
    opener = Actor(**{**vars_of(him), "ticket_id": None})
    photo = UUID(case.upload(picture(), f"{NAME}.jpg", opener))
    with transaction():
        case.ticket = tickets.open_ticket(
            tickets.NewTicket(
                type="complaints.complaint", subject=f"{NAME} 的投诉", description=named("返水"),
                form=named(intake(location="负二层", wishes="修好")) | {"phone": PHONE, "mail": MAIL},
                team_id=case.house.desk, channel="web", attachment_ids=(photo,),
            ),
            actor=opener,
        )  # fmt: skip
    case.customer = Actor(**{**vars_of(him), "ticket_id": case.ticket.id})
    for name in TO_CLOSE:
        answers = named(case.answers(name))
        if name == "follow_up":
            answers |= {"words": named("满意"), "improvement": named("更快")}
        case.move(name, case.who(name), **answers)
    _talk(case)
    return case


def _talk(case: Case) -> None:
    with transaction():
        case.ticket = tickets.get_ticket(case.ticket.id, actor=SYSTEM)
        scan = UUID(case.upload(picture("blue"), f"{NAME} 证件.jpg"))
        tickets.post_message(
            case.ticket.id, named("您好"), actor=case.house.agent, html=f"<p>{NAME}</p>",
            attachment_ids=(scan,),
        )  # fmt: skip
        tickets.post_message(
            case.ticket.id, named("备注"), actor=case.house.agent, visibility="internal"
        )
        tickets.post_message(case.ticket.id, named("谢谢"), actor=case.customer)
    with transaction():
        plain = case.house.open(description=named("另一件事"), form={"expectation": named("尽快")})
    with transaction():
        slip = {
            "department": str(case.house.works_department), "reason": "expertise",
            "summary": named("请处理"), "notice": named("已转交"),
        }  # fmt: skip
        tickets.hand_over(plain.id, slip, actor=case.house.agent, version=plain.version)
        codes.request_code(MAIL, ip="203.0.113.9")


def vars_of(actor: Actor) -> dict[str, Any]:
    return {name: getattr(actor, name) for name in Actor.__dataclass_fields__}


def test_an_export_unites_core_and_plugins(known: Case) -> None:
    told = privacy.export_person(known.house.contact_id, actor=ADMIN)
    assert set(told["core"]) == {"contacts", "tickets", "attachments", "mail"}
    assert {point["value"] for point in told["core"]["contacts"]["points"]} == {PHONE, MAIL}
    assert told["core"]["contacts"]["organisations"][0]["name"] == "甲公司"
    subjects = [ticket["subject"] for ticket in told["core"]["tickets"]]
    assert f"{NAME} 的投诉" in subjects
    assert any(t["extra"].get("expectation") == named("尽快") for t in told["core"]["tickets"])
    said = [m["body_text"] for ticket in told["core"]["tickets"] for m in ticket["messages"]]
    assert {named("谢谢"), named("备注")} <= set(said)
    assert f"{NAME}.jpg" in {file["name"] for file in told["core"]["attachments"]}
    assert "login_code" in {mail["template"] for mail in told["core"]["mail"]}
    complaint = told["plugins"]["complaints"]["complaints_complaint"]
    assert PHONE in {row["phone"] for row in complaint}
    assert json.loads(json.dumps(told)) == told, "plain values"
    assert facts("contact.exported") == [{"contact_id": str(known.house.contact_id)}]


def test_erasing_leaves_no_word_in_any_table_and_the_trail_green(known: Case) -> None:
    before, contact_id = found_in_tables(), known.house.contact_id
    ticket_id, number, state = known.ticket.id, known.ticket.number, known.ticket.state
    told = {name.split(".")[0] for name in before}
    assert {"contact", "contact_point", "ticket", "message", "attachment", "handover"} <= told
    assert {"complaints_complaint", "complaints_plan_measure", "complaints_signature"} <= told
    drain()
    assert ledger.verify().green
    with transaction():
        privacy.erase_person(contact_id, f" {NAME} ", actor=ADMIN)
    drain()
    assert found_in_tables() == set()
    seen = ledger.verify()
    assert (seen.green, seen.unsealed) == (True, 0)
    ticket = tickets.get_ticket(ticket_id, actor=SYSTEM)
    assert (ticket.number, ticket.state) == (number, state)


def test_a_plugin_that_is_off_is_asked_too(known: Case, tenant: Tenant) -> None:
    with transaction():
        tenancy.disable_plugin("complaints", actor=SYSTEM)
    told = privacy.export_person(known.house.contact_id, actor=ADMIN)
    assert told["plugins"]["complaints"]["complaints_complaint"]
    with transaction():
        privacy.erase_person(known.house.contact_id, NAME, actor=ADMIN)
    assert found_in_tables() == set()


@pytest.mark.parametrize("does", ["raise", "wrong"])
def test_a_failing_plugin_erases_nothing_and_exports_nothing(nodding: Tenant, does: str) -> None:
    with transaction():
        contact_id = service.create_contact(NAME, points=[PointIn("phone", PHONE)], actor=SYSTEM).id
        new = tickets.NewTicket(
            type="problem", subject=NAME, description=NAME, contact_id=contact_id
        )
        tickets.open_ticket(new, actor=SYSTEM)
    before = found_in_tables()
    for hook in ("erase_person", "export_person"):
        dummy.mood.hook, dummy.mood.does = hook, does
        with pytest.raises(PluginUnavailable, match="dummy"), transaction():
            if hook == "erase_person":
                privacy.erase_person(contact_id, NAME, actor=ADMIN)
            else:
                privacy.export_person(contact_id, actor=ADMIN)
    assert found_in_tables() == before
    assert facts("contact.erased") == facts("contact.exported") == []
    dummy.mood.does = ""
    privacy.export_person(contact_id, actor=ADMIN)
    with transaction():
        privacy.erase_person(contact_id, NAME, actor=ADMIN)
    assert found_in_tables() == set()
    assert len(facts("contact.erased")) == len(facts("contact.exported")) == 1


def test_files_come_back_with_a_rolled_back_erasing(known: Case) -> None:
    with pytest.raises(RuntimeError), transaction():
        merging.erase_contact(known.house.contact_id, actor=SYSTEM)
        raise RuntimeError("something fails behind it")
    told = privacy.export_person(known.house.contact_id, actor=ADMIN)
    assert f"{NAME}.jpg" in {file["name"] for file in told["core"]["attachments"]}
    (photo,) = next(
        e.attachment_ids for e in tickets.timeline(known.ticket, actor=SYSTEM) if e.attachment_ids
    )
    assert content_by_id(photo)
    with transaction():
        merging.erase_contact(known.house.contact_id, actor=SYSTEM)
    assert content_by_id(photo) is None


def test_the_name_must_be_typed_and_the_right_held(known: Case) -> None:
    contact_id = known.house.contact_id
    with pytest.raises(Invalid), transaction():
        privacy.erase_person(contact_id, "欧阳", actor=ADMIN)
    for stranger in (ANONYMOUS, known.house.manager, known.house.supervisor):
        with pytest.raises(Forbidden), transaction():
            privacy.erase_person(contact_id, NAME, actor=stranger)
        with pytest.raises(Forbidden):
            privacy.export_person(contact_id, actor=stranger)
    assert facts("contact.erased") == []
    with transaction():
        privacy.erase_person(contact_id, NAME, actor=ADMIN)
    with pytest.raises(Conflict), transaction():
        privacy.erase_person(contact_id, "", actor=ADMIN)
    assert len(facts("contact.erased")) == 1


def test_by_the_api(client: FlaskClient) -> None:
    with transaction():
        contact_id = service.create_contact(NAME, points=[PointIn("mail", MAIL)], actor=SYSTEM).id
    url = f"/api/v1/contacts/{contact_id}"
    admin = bearer("a@jinlan.example", "admin", scopes=("contact:erase", "contact:export"))
    agent = bearer("b@jinlan.example", "agent", scopes=("contact:read", "contact:write"))
    assert client.get(f"{url}/export", headers=agent).status_code == 403
    told = client.get(f"{url}/export", headers=admin)
    assert told.status_code == 200
    assert told.get_json()["core"]["contacts"]["points"][0]["value"] == MAIL
    body = {"confirm": NAME}
    assert client.post(f"{url}/erasure", json=body, headers=agent).status_code == 403
    wrong = client.post(f"{url}/erasure", json={"confirm": "x"}, headers=admin)
    assert (wrong.status_code, wrong.get_json()["errors"][0]["pointer"]) == (422, "/confirm")
    done = client.post(f"{url}/erasure", json=body, headers=admin)
    assert (done.status_code, done.get_json()["points"]) == (200, [])
    assert NAME not in done.text
    assert client.post(f"{url}/erasure", json=body, headers=admin).status_code == 409
    assert found_in_tables() == set()


def test_at_the_desk(app: Flask, tenant: Tenant) -> None:
    with transaction():
        contact_id = service.create_contact(NAME, points=[PointIn("phone", PHONE)], actor=SYSTEM).id
        for role in ("admin", "agent"):
            accounts.create_user(
                f"{role}@jinlan.example", role, password=PASSWORD, roles=(role,), actor=SYSTEM
            )
    url = f"/desk/contacts/{contact_id}"
    agent, admin = client_at(app, tenant), client_at(app, tenant)
    come_in(agent, "agent@jinlan.example")
    come_in(admin, "admin@jinlan.example")
    assert 'id="privacy"' not in agent.get(url).text
    assert 'id="privacy"' in admin.get(url).text

    def post(browser: FlaskClient, path: str, **fields: str) -> Any:
        data = {"csrf_token": csrf_of(browser, "/account"), **fields}
        return browser.post(f"{url}/{path}", data=data)

    assert (
        post(agent, "export").status_code == post(agent, "erase", confirm=NAME).status_code == 403
    )
    told = post(admin, "export")
    assert told.headers["Content-Disposition"].startswith("attachment")
    assert told.get_json()["core"]["contacts"]["points"][0]["value"] == PHONE
    wrong = post(admin, "erase", confirm="欧阳")
    assert wrong.status_code == 422
    assert 'value="欧阳"' in wrong.text
    assert found_in_tables()
    assert post(admin, "erase", confirm=NAME).status_code == 303
    assert found_in_tables() == set()
    assert 'id="privacy"' in admin.get(url).text, "the export of what is left"


def test_the_events_hold_ids_alone(known: Case) -> None:
    rows = db.session.scalars(sa.select(EventRow)).all()
    assert len(rows) > 30
    assert not [row.type for row in rows if any(trace in row.data for trace in TRACES)]
    assert db.session.scalars(sa.select(Ticket)).all()
