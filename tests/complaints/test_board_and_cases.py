"""The plugin's own addresses over HTTP: the board at the desk, and complaints as REST resources."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from core.actors import SYSTEM
from core.auth import service as accounts
from core.auth.tokens import create_token
from core.clock import VirtualClock
from core.db import db, transaction
from core.events import EventRow
from core.tickets import service as tickets
from plugins.complaints import results
from tests.complaints.conftest import (
    TO_APPROVE,
    TO_CLOSE,
    TO_PLAN,
    TO_SIGN,
    Case,
    new_complaint,
    picture,
)
from tests.conftest import client_at
from tests.desk.conftest import counted
from tests.tickets.conftest import Api, House

CASES = "/complaints/cases"
BOARD = "/x/complaints/"


@pytest.fixture
def api_of(app: Flask, house: House) -> Any:
    """The REST interface as an actor sees it."""

    def make(actor: Any, *scopes: str) -> Api:
        with transaction():
            _, token = create_token(actor.id, "t", scopes or ("ticket:read",), actor=SYSTEM)
        return Api(client_at(app, house.tenant), token)

    return make


def many(house: House, clock: VirtualClock, count: int) -> None:
    for number in range(count):
        with transaction():
            new = new_complaint(subject=f"漏水 {number}", team_id=house.desk)
            tickets.open_ticket(new, actor=house.customer)
        clock.advance(timedelta(minutes=1))


def section(page: str, name: str) -> str:
    """A box of the board by its id; "" when it is not there."""
    found = re.search(rf'<section class="box-pd" id="{name}">(.*?)</section>', page, re.DOTALL)
    return found[1] if found else ""


# --- REST -----------------------------------------------------------------------------------------


@pytest.mark.rule("CP-12")
def test_a_case_is_read_whole_and_names_the_responsible_to_few(case: Case, api_of: Any) -> None:
    """G investigation / W closed / T person stored, hidden: only the right to the internal copy names him."""
    case.go(*TO_CLOSE)
    path, number = f"{CASES}/{case.ticket.id}", case.ticket.number
    agent = api_of(case.house.agent)("GET", path)
    boss = api_of(case.house.supervisor, "ticket:read", "complaints.register:internal")("GET", path)
    found = agent.get_json()
    assert found["number"] == number
    assert found["judgement"]["finding"] == "founded"
    assert found["investigation"]["cause_group"] == "product"
    assert [(p["version"], p["state"], len(p["measures"])) for p in found["plans"]] == [
        (1, "accepted", 2)
    ]
    assert (found["result"]["outcome"], found["follow_up"]["speed"]) == ("confirmed", 5)
    assert not any(name in agent.text for name in ("钱大明", "孙立", "13800138000"))
    assert found["investigation"]["responsible"] is None
    assert boss.get_json()["investigation"]["responsible"] == "钱大明"
    assert {m["responsible"] for m in boss.get_json()["plans"][0]["measures"]} == {"孙立"}


@pytest.mark.rule("CP-12")
def test_a_token_without_the_scope_sees_no_responsible_person(case: Case, api_of: Any) -> None:
    """T person hidden from whoever lacks the scope."""
    case.go(*TO_PLAN)
    path = f"{CASES}/{case.ticket.id}"
    plain, full = (("ticket:read",), ("ticket:read", "complaints.register:internal"))
    seen = [
        api_of(case.house.supervisor, *scopes)("GET", path).get_json() for scopes in (plain, full)
    ]
    assert [one["investigation"]["responsible"] for one in seen] == [None, "钱大明"]


@pytest.mark.rule("CP-22")
@pytest.mark.parametrize("drawn", [False, True])
def test_anybody_can_check_the_signature_with_a_pencil(
    case: Case, api_of: Any, *, drawn: bool
) -> None:
    """T signature record with time, signer, hash: recomputed from the facts, by none of our code."""
    case.go(*TO_SIGN)
    image = picture("black", "PNG")
    given = {"typed_name": "林晓雯"}
    if drawn:
        upload = case.upload(image, "s.png", case.customer)
        given = {"attachment_id": upload, "strokes": "[[10,20,0],[11,25,16]]"}
    at = case.clock.at
    case.move("confirm_result", case.customer, signature=given)
    signature = api_of(case.house.agent)("GET", f"{CASES}/{case.ticket.id}").get_json()["signature"]
    facts = signature["facts"]
    assert facts["signed_at"] == at.isoformat(timespec="microseconds")
    assert facts["signer"][2] == "林晓雯"
    strokes = given.get("strokes", "").encode()
    assert facts["strokes"] == hashlib.sha256(strokes).hexdigest()
    assert bool(facts["picture"]) is drawn

    def sealed(**changes: Any) -> str:
        plain = json.dumps(
            facts | changes, sort_keys=True, separators=(",", ":"), ensure_ascii=False
        )
        return hashlib.sha256(plain.encode()).hexdigest()

    row = db.session.scalars(
        sa.select(EventRow).where(EventRow.type == "complaints.result.confirmed")
    ).one()
    stored = results.signature_of(case.ticket.id).sha256
    assert sealed() == signature["sha256"] == stored == row.payload["sha256"]
    later = (at + timedelta(microseconds=1)).isoformat(timespec="microseconds")
    for change in (
        {"signed_at": later},
        {"signer": ["contact", facts["signer"][1], "林晓文"]},
        {"strokes": hashlib.sha256(strokes + b" ").hexdigest()},
        {"picture": "0" * 64},
    ):
        assert sealed(**change) != stored, change


def test_cases_are_listed_page_by_page_within_reach(
    house: House, clock: VirtualClock, api_of: Any
) -> None:
    many(house, clock, 3)
    house.open()
    api = api_of(house.agent)
    first = api("GET", f"{CASES}?limit=2").get_json()
    rest = api("GET", f"{CASES}?limit=2&cursor={first['next']}").get_json()
    numbers = [item["number"] for item in first["items"] + rest["items"]]
    assert numbers == [f"CP-2611-0000{n}" for n in (3, 2, 1)]
    assert rest["next"] is None
    assert api("GET", f"{CASES}?stage=plan").get_json()["items"] == []
    assert len(api("GET", f"{CASES}?stage=intake&status=new").get_json()["items"]) == 3
    assert api("GET", f"{CASES}?stage=nowhere").status_code == 422
    assert api_of(house.outsider)("GET", CASES).get_json()["items"] == []


def test_a_case_out_of_reach_or_of_another_type_is_not_there(case: Case, api_of: Any) -> None:
    path = f"{CASES}/{case.ticket.id}"
    assert api_of(case.house.outsider)("GET", path).status_code == 404
    assert api_of(case.house.agent)("GET", path).status_code == 200
    plain = case.house.open()
    assert api_of(case.house.agent)("GET", f"{CASES}/{plain.id}").status_code == 404


# --- the board ------------------------------------------------------------------------------------


def test_the_board_counts_stages_and_lists_what_is_open(
    case: Case, clock: VirtualClock, desk_of: Any
) -> None:
    many(case.house, clock, 2)
    case.go(*TO_PLAN)
    page = desk_of("hua", "agent")()
    assert (
        'aria-current="page"' in re.search(r'<a class="nav-i" href="/x/complaints/"[^>]*>', page)[0]
    )
    bars = dict(
        re.findall(
            r'<a href="/x/complaints/\?stage=(\w+)">[^<]*</a></b><small class="num">(\d+)', page
        )
    )
    assert (bars["intake"], bars["plan"], bars["follow_up"]) == ("2", "1", "0")
    assert re.search(r'<progress class="prog" max="100" value="50"', page)
    listed = section(page, "open")
    assert all(words in listed for words in ("漏水 1", "排水沟返水", "一般", "未评估"))
    only = section(desk_of("ming", "agent")(f"{BOARD}?stage=plan"), "open")
    assert "排水沟返水" in only
    assert "漏水" not in only


@pytest.mark.rule("CP-14")
def test_plans_come_first_to_those_who_may_approve_them(case: Case, desk_of: Any) -> None:
    """G a plan proposed / W the supervisor opens the board / T it waits there for his approval."""
    case.go(*TO_APPROVE)
    ticket_id, number = case.ticket.id, case.ticket.number
    assert number in section(desk_of("fang", "supervisor")(), "waiting")
    assert section(desk_of("hua", "agent")(), "waiting") == ""
    author = desk_of("gu", "supervisor")
    case.ticket = tickets.get_ticket(ticket_id, actor=SYSTEM)
    case.go("return_plan")
    case.move(
        "propose_plan", accounts.actor_for(accounts.find_user("gu@example.org")),
        **case.answers("propose_plan"),
    )  # fmt: skip
    assert section(author(), "waiting") == "", "never the author's"
    assert number in section(desk_of("tao", "supervisor")(), "waiting")


def test_the_board_asks_as_often_for_fifty_as_for_one(
    house: House, clock: VirtualClock, desk_of: Any
) -> None:
    get = desk_of("fang", "supervisor")
    many(house, clock, 1)
    get()
    with counted() as few:
        get()
    many(house, clock, 51)
    with counted() as lots:
        page = get()
    assert len(lots) == len(few) <= 20, "\n".join(lots)
    listed = section(page, "open")
    assert listed.count("漏水") == 50
    following = re.search(r'href="(/x/complaints/\?cursor=[^"]+)" rel="next"', listed)[1]
    assert section(get(following), "open").count("漏水") == 2


def test_the_board_speaks_english_too(case: Case, desk_of: Any, app: Flask) -> None:
    get = desk_of("fang", "supervisor")
    case.go(*TO_APPROVE)
    with transaction():
        accounts.find_user("fang@example.org").locale = "en"
    page = section(get(), "waiting")
    assert "Waiting for my approval" in page
    assert "Version 1 by" in page
    assert app.name
