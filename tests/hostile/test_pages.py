"""Bad input to pages: forms from elsewhere, half characters, long words, stale versions, wrong files."""

from __future__ import annotations

import io
import re
from contextlib import nullcontext

import pytest

from core.actors import SYSTEM
from core.attachments.pictures import MAX_BYTES
from core.auth.tokens import create_token
from core.db import transaction
from core.plugins import catalog
from core.tickets import service as tickets
from tests.complaints.conftest import picture
from tests.desk.conftest import Office
from tests.habits.asking import rightful
from tests.habits.routes import PAPERS, routes
from tests.hostile.rows import rows_of, unchanged
from tests.portal.conftest import Browser as Customer

ASKED = (
    "q who view team status type priority sort contact before page cursor do move locale number r"
    " of kind all mode tab until since"
)
# The API's test asks the same query of papers.
LEFT_OUT = {"portal.language", *PAPERS}
FACES = "😀👩‍👩‍👧‍👦龘𠮷" * 1000
PORTAL = {
    "portal_name": "林",
    "portal_phone": "１３８００００６０２１",
    "portal_mail": "lin@example.com",
}


def writes(app):
    return [r for r in routes(app) if r.method not in {"GET", "HEAD"} and not r.api]


@pytest.mark.story
def test_a_form_from_elsewhere_is_refused(whole, mine):
    """Wrong token, no token, another site: 403 on every page that writes, whoever sends it."""
    elsewhere = (
        ({"csrf_token": "wrong"}, {}),
        ({}, {}),
        (None, {"Origin": "https://evil.example"}),
        (None, {"Origin": "null"}),
        (None, {"Sec-Fetch-Site": "cross-site"}),
        (None, {"Sec-Fetch-Site": "same-site", "Origin": f"http://{mine.host}"}),
    )
    asked, wrong = writes(whole), []
    assert len(asked) > 50
    for route in asked:
        rightful(route, mine)
    with unchanged(mine), whole.app_context():
        for route in asked:
            somebody = rightful(route, mine)
            good = {"csrf_token": somebody.token()}
            for data, headers in elsewhere:
                sent = {"version": "1", **(good if data is None else data)}
                answer = somebody.client.post(route.path(mine), data=sent, headers=headers)
                if answer.status_code != 403:
                    wrong.append(f"{route} {data} {headers}: {answer.status_code}")
    assert not wrong, "\n".join(wrong)
    with whole.app_context():
        somebody = mine.rightful(api=False)
        same = {"Sec-Fetch-Site": "same-origin"}
        data = {"csrf_token": somebody.token(), "watch": "1"}
        path = f"/desk/tickets/{mine.ids['ticket_id']}/watch"
        assert somebody.client.post(path, data=data, headers=same).status_code == 303


@pytest.mark.story
@pytest.mark.parametrize(
    "value", ["a%00b", "%ED%A0%80", pytest.param("%FF%FE", marks=pytest.mark.long)]
)
def test_half_characters_in_a_form(whole, mine, value):
    broken = []
    for route in writes(whole):
        rightful(route, mine)
    with whole.app_context(), unchanged(mine) if "00" in value else nullcontext():
        for route in writes(whole):
            if "sign-out" in route.rule or "erase" in route.rule:
                continue
            somebody = rightful(route, mine)
            names = "subject description body words display_name name title email number value reason slip q"
            data = "&".join(f"{name}={value}" for name in names.split())
            sent = f"csrf_token={somebody.token()}&version=1&{data}"
            kind = "application/x-www-form-urlencoded"
            answer = somebody.client.post(route.path(mine), data=sent, content_type=kind)
            if answer.status_code >= 500 or ("00" in value and answer.status_code < 400):
                broken.append(f"{route}: {answer.status_code}")
    assert not broken, "\n".join(broken)


@pytest.mark.story
@pytest.mark.parametrize(
    "values",
    [
        ("a%00b", "%ED%A0%80", "-1"),
        pytest.param(("%FF", "x" * 3000, "%E2%80%AE"), marks=pytest.mark.long),
    ],
)
def test_half_characters_in_addresses(whole, mine, values):
    broken = []
    for route in routes(whole):
        rightful(route, mine)
    with whole.app_context(), unchanged(mine):
        for route in routes(whole):
            if route.method != "GET" or route.api or route.endpoint in LEFT_OUT:
                continue
            somebody = rightful(route, mine)
            path = route.path(mine)
            sign = "&" if "?" in path else "?"
            for value in values:
                asked = "&".join(f"{name}={value}" for name in ASKED.split())
                for address in (path + sign + asked, path.rstrip("/") + value):
                    answer = somebody.client.get(address)
                    if answer.status_code >= 500:
                        told = answer.get_data(as_text=True)[:500]
                        broken.append(f"{route} {address[:80]}: {answer.status_code} {told}")
    assert not broken, "\n".join(broken)


@pytest.fixture
def office(app, make_tenant):
    """A desk with every installed plugin on."""
    names = [name for name, plugin in catalog().plugins.items() if not plugin.always_on]
    return Office(app, make_tenant(*names))


@pytest.fixture
def agent(office):
    return office.sign_in("lan")


@pytest.fixture
def customer(app, office):
    return Customer(app.test_client(), f"http://{office.slug}.localhost")


class AsWorld:
    """An office as rows.py wants it."""

    def __init__(self, office):
        self.app, self.inside = office.app, office.inside


def hand_in(customer, **fields):
    customer.get("/submit/question")
    key = customer.hidden("form_key")
    said = {"form_key": key, "description": "灯不亮", **PORTAL, **fields}
    return customer.post("/submit/question", said)


def test_emoji_and_ten_thousand_characters_are_kept_and_drawn(office, agent, customer):
    assert len(FACES[:10_000]) == 10_000
    customer.follow(hand_in(customer, description=FACES[:10_000]))
    link = re.search(r"/track/[\w.-]+", customer.page)[0]
    assert FACES[:10_000] in customer.get(link).text
    said = {"body": FACES[:10_000], "form_key": customer.hidden("form_key")}
    assert customer.post(f"{link}/message", said).status_code == 303
    with office.inside():
        found = tickets.list_tickets(actor=agent.actor).items[0]
        ticket_id, phone = found.id, found.contact_id
    assert phone
    page = agent.get(f"/desk/tickets/{ticket_id}?all=1")
    assert page.count(FACES[:10_000]) >= 2
    agent.post(f"/desk/tickets/{ticket_id}/messages", body=FACES[:10_000], mode="reply")
    assert agent.get(f"/desk/tickets/{ticket_id}?all=1").count(FACES[:10_000]) >= 3


def test_more_is_refused_with_words_and_kept_in_the_form(office, agent, customer):
    world = AsWorld(office)
    ticket_id = office.open(agent)
    long = "长" * 20_001
    agent.token()
    hand_in(customer, description="")
    with unchanged(world):
        answer = hand_in(customer, description=long[:10_001])
        assert answer.status_code == 422
        assert long[:10_001] in answer.text
        assert re.search(r"10,?000", answer.text)
        said = agent.post(f"/desk/tickets/{ticket_id}/messages", 422, body=long, mode="reply")
        assert long in said
        assert re.search(r"20,?000", said)
        fields = {"type": "problem", "contact": str(office.customer), "description": "x"}
        drawn = agent.post("/desk/tickets/new", 422, subject="", **fields)
        assert ">x</textarea>" in drawn
        drawn = agent.post("/desk/tickets/new", 422, subject="长" * 301, **fields)
        assert "长" * 301 in drawn


def test_full_width_digits_are_digits(office, agent, customer):
    customer.follow(hand_in(customer))
    with office.inside():
        contact_id = tickets.list_tickets(actor=agent.actor).items[0].contact_id
    assert "138****6021" in agent.get(f"/desk/contacts/{contact_id}")


WRONG = {
    "HTML called .jpg": (b"<!doctype html><script>alert(1)</script>", "a.jpg"),
    "a program called .pdf": (b"MZ\x90\x00\x03" + b"\x00" * 64, "a.pdf"),
    "a picture called .docx": (picture(), "a.docx"),
    "text called .png": (b"hello", "a.png"),
    "nothing": (b"", "a.jpg"),
    "SVG": (b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>', "a.svg"),
    "half a picture": (picture()[:200], "a.jpg"),
    "10 MB and one": (b"x" * (MAX_BYTES + 1), "a.txt"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_file_on_page_and_api(office, agent, customer, name):
    content, called = WRONG[name]
    world, ticket_id = AsWorld(office), office.open(agent)
    hand_in(customer, description="")

    def file():
        return (io.BytesIO(content), called)

    token, csrf = _token(office, agent), agent.token()
    with unchanged(world):
        answer = closed(hand_in(customer, files=file()))
        assert answer.status_code in {413, 422}, name
        assert "灯不亮" in answer.text, "what was typed is still there"
        assert 'role="alert"' in answer.text
        fields = {"csrf_token": csrf, "body": "看图", "mode": "reply", "files": file()}
        answer = closed(agent.client.post(f"/desk/tickets/{ticket_id}/messages", data=fields))
        assert answer.status_code in {413, 422}
        assert "看图" in answer.text
        bearer = {"Authorization": f"Bearer {token}"}
        answer = closed(
            agent.client.post("/api/v1/attachments", data={"file": file()}, headers=bearer)
        )
        assert answer.status_code in {413, 422}
        assert answer.mimetype == "application/problem+json"


def closed(answer):
    """The test client keeps a large body in a temporary file, and open."""
    answer.request.environ["wsgi.input"].close()
    return answer


def _token(office, agent):
    with office.inside(), transaction():
        return create_token(agent.id, "t", ("ticket:read", "ticket:write"), actor=SYSTEM)[1]


def test_eleven_files_are_one_too_many(office, agent):
    ticket_id = office.open(agent)

    def send(count, status):
        files = [(io.BytesIO(picture()), f"{n}.jpg") for n in range(count)]
        return agent.post(
            f"/desk/tickets/{ticket_id}/messages", status, body="看图", mode="reply", files=files
        )

    before = rows_of(AsWorld(office))
    assert "看图" in send(11, 422)
    after = rows_of(AsWorld(office))
    told = {name for name in after if len(after[name]) != len(before[name])}
    assert told <= {"attachment", "timer"}, "uploads wait a day for the form to be sent again"
    send(10, 303)
    assert agent.get(f"/desk/tickets/{ticket_id}?all=1").count(".jpg") >= 10


def test_a_stale_version_keeps_what_was_typed(office, agent):
    ticket_id, world = office.open(agent), AsWorld(office)
    ticket, contact = f"/desk/tickets/{ticket_id}", f"/desk/contacts/{office.customer}"
    with office.inside(), transaction():
        tickets.patch_ticket(
            ticket_id, {"priority": "urgent"}, actor=agent.actor,
            version=tickets.get_ticket(ticket_id, actor=agent.actor).version,
        )  # fmt: skip
    agent.token()
    with unchanged(world):
        page = agent.post(
            f"{ticket}/properties", 409, version="1", priority="critical", was_priority="normal",
            tags="neue-woerter", was_tags="",
        )  # fmt: skip
        assert "neue-woerter" in page
        page = agent.post(
            f"{ticket}/moves/cancel", 409, version="1", reason="mistake", remark="getippt"
        )
        assert "getippt" in page
        slip = {
            "department": str(office.works),
            "reason": "other",
            "summary": "getippt",
            "notice": "n",
        }
        assert "getippt" in agent.post(f"{ticket}/hand-over", 409, version="1", **slip)
        page = agent.post(contact, 409, version="99", display_name="getippt")
        assert 'value="getippt"' in page
    assert agent.post(contact, 428, display_name="x")
