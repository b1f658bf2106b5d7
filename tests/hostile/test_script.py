"""Script typed into every text field of every form is shown as text, wherever it is shown."""

from __future__ import annotations

import re

import pytest

from core.actors import SYSTEM, Actor
from core.auth import service as accounts
from core.contacts import links
from core.contacts import service as contacts
from core.contacts.points import PointIn
from core.db import transaction
from core.tickets import service as tickets
from tests.auth.people import PASSWORD, come_in
from tests.complaints.conftest import TO_CLOSE, case, clock, house, intake
from tests.conftest import client_at
from tests.habits.asking import rightful
from tests.habits.routes import PAPERS, routes
from tests.habits.world import World
from tests.hostile.pages import Page

__all__ = ["case", "clock", "house"]

pytestmark = pytest.mark.drawing

SCRIPT = "<script>alert(1)</script>\"'{{7*7}}zq"
# Forms that take away what the other forms need; they are read by other tests.
LAST = ("sign-out", "/erase", "password", "/disable", "revoke", "/recall", "/merge", "/tokens")
INLINE = ("?do=hand-over", "?do=merge", "?do=decline", "?do=take-back", "?mode=note", "?all=1")


def run_free(html, where):
    """A page in which nothing that was typed has become markup or been calculated."""
    page = Page(html)
    assert not [script for script in page.scripts if "alert(1)" in script], where
    assert not [name for name in page.names if "7*7" in name or "zq" in name or "<" in name], where
    assert not [value for value in page.values if value.endswith("<script")], where
    assert "49zq" not in html, where
    return page


def reads(app, world):
    """Every page that can be read, with who reads it."""
    for route in routes(app):
        if (
            route.method == "GET"
            and not route.api
            and route.endpoint not in {"portal.language", "apex.home", *PAPERS}
        ):
            path = route.path(world)
            extra = INLINE if route.endpoint == "desk.ticket" else ()
            for address in (path, *(path + more for more in extra)):
                yield rightful(route, world), address


def walk(app, world):
    """Read every page; give (who, address, page) of those that are HTML."""
    for somebody, path in reads(app, world):
        answer = somebody.ask("GET", path)
        if answer.mimetype == "text/html" and answer.status_code == 200:
            yield somebody, path, run_free(answer.get_data(as_text=True), path)


def post(app, somebody, form, words):
    with app.app_context():
        data = form.filled(words, csrf_token=somebody.token())
        return somebody.client.post(form.action, data=data)


@pytest.mark.story
def test_script_in_every_form_of_every_page(whole, capsys):
    world, seen, typed = World(whole), {}, 0
    with whole.app_context(), world.inside(), transaction():
        contacts.create_contact(SCRIPT, points=[PointIn("mail", "z@example.org")], actor=SYSTEM)
    for somebody, path, page in walk(whole, world):
        for form in page.forms:
            form.action = form.action or path
            key = (re.sub(r"[0-9a-f-]{36}|/track/[^/]+", "*", form.action), tuple(form.typed))
            if form.typed and not form.secret and not any(word in form.action for word in LAST):
                seen.setdefault(key, (somebody, form))
    for somebody, form in seen.values():
        typed += len(form.typed)
        if form.method == "get":
            with whole.app_context():
                answer = somebody.client.get(form.action, query_string=form.filled(SCRIPT))
        else:
            answer = post(whole, somebody, form, SCRIPT)
        assert answer.status_code < 500, (form.action, answer.status_code)
        if answer.mimetype == "text/html":
            run_free(answer.get_data(as_text=True), form.action)
    shown = {path for _somebody, path, page in walk(whole, world) if SCRIPT in page.text}
    with capsys.disabled():
        figure = f"{len(seen)} forms, {typed} text fields, shown on {len(shown)} pages"
        print(f"\n  script: {figure}", end="")  # noqa: T201  the figure
    assert len(seen) >= 15
    assert typed >= 40
    assert len(shown) >= 5, shown


def scripted(value):
    """The same answer with the script in every free text."""
    if isinstance(value, dict):
        return {name: scripted(each) for name, each in value.items()}
    if isinstance(value, list):
        return [scripted(each) for each in value]
    free = isinstance(value, str) and any("一" <= letter <= "鿿" for letter in value)
    return f"{value}{SCRIPT}" if free else value


@pytest.fixture
def told(case):
    """A complaint with the script in every text of every step of its way."""
    opener = Actor(
        kind="contact", id=case.house.contact_id, name=SCRIPT, grants=case.customer.grants
    )
    with transaction():
        contacts.get_contact(case.house.contact_id).display_name = SCRIPT
        case.ticket = tickets.open_ticket(
            tickets.NewTicket(
                type="complaints.complaint", subject=SCRIPT, description=SCRIPT, channel="web",
                form=scripted(intake(location="负二层", wishes="修好")), team_id=case.house.desk,
            ),
            actor=opener,
        )  # fmt: skip
    case.customer = Actor(**{
        **{name: getattr(opener, name) for name in Actor.__dataclass_fields__}, "ticket_id": case.ticket.id,
    })  # fmt: skip
    for name in TO_CLOSE:
        answers = scripted(case.answers(name))
        if name == "follow_up":
            answers |= {"words": SCRIPT, "improvement": SCRIPT}
        case.move(name, case.who(name), **answers)
    with transaction():
        html = f"<p>{SCRIPT}</p><img src=x onerror=alert(1)><a href='javascript:alert(1)'>x</a>"
        tickets.post_message(case.ticket.id, SCRIPT, actor=case.house.agent, html=html)
        tickets.post_message(case.ticket.id, SCRIPT, actor=case.house.agent, visibility="internal")
        tickets.post_message(case.ticket.id, SCRIPT, actor=case.customer)
    return case


def test_script_in_every_step_of_a_complaint(app, tenant, told):
    with transaction():
        accounts.create_user(
            "a@example.org", SCRIPT[:80], password=PASSWORD, roles=("admin",), actor=SYSTEM
        )
    ticket_id, contact_id = told.ticket.id, told.house.contact_id
    browser = client_at(app, tenant)
    come_in(browser, "a@example.org")
    pages = [
        f"/desk/tickets/{ticket_id}?all=1", f"/desk/tickets/{ticket_id}/record?all=1",
        f"/desk/tickets/{ticket_id}/panels/complaints.summary", "/desk/?view=all", "/desk/contacts?q=script",
        f"/desk/contacts/{contact_id}", f"/desk/tickets/new?contact={contact_id}", "/console/outbox",
        f"/desk/reports/complaints.register?ticket_id={ticket_id}",
        f"/desk/reports/complaints.register_internal?ticket_id={ticket_id}", "/console/members",
    ]  # fmt: skip
    from_links = _links(ticket_id)
    pages += [link for path in from_links for link in (path, f"{path}/print/complaints.register")]
    silent = []
    for path in pages:
        answer = browser.get(path)
        assert answer.status_code == 200, (path, answer.status_code)
        if answer.mimetype == "application/pdf":
            continue
        page = run_free(answer.get_data(as_text=True), path)
        assert "onerror" not in page.names, path
        assert not [value for value in page.values if value.lower().startswith("javascript")], path
        if "<script>alert(1)</script>" not in page.text:
            silent.append(path)
    assert silent in ([], ["/console/outbox"]), silent


def _links(ticket_id):
    with transaction():
        return [links.link_path(link.id) for link in [links.live_link(ticket_id)] if link]


@pytest.mark.parametrize(
    "leak",
    ["<p>{}</p>", '<a title="{}">x</a>', "<a title='{}'>x</a>", "<input value={}>", "<p>49zq</p>"],
    ids=["text", "double", "single", "bare", "calculated"],
)
def test_a_leak_would_be_seen(leak):
    with pytest.raises(AssertionError):
        run_free(leak.replace("{}", SCRIPT), "here")
