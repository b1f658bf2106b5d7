"""Every page in both languages without a stray string, and the queue within its budget of queries."""

from __future__ import annotations

import re
from html import unescape
from html.parser import HTMLParser

import pytest
import sqlalchemy as sa

from core.auth import service, teams
from core.catalog import discover
from core.db import db, transaction
from core.tickets import service as tickets
from tests.habits import rooms
from tests.habits.asking import rightful
from tests.habits.routes import ELSEWHERE, PAPERS, routes
from tests.habits.world import World

QUERIES_OF_A_QUEUE = 12
# Whose message ids there are besides the plugins'.
HOUSE = (
    "console", "desk", "portal", "core", "ui", "forms", "tickets", "contacts", "auth", "mail",
    "reports", "signin", "problem", "attachments", "tenants", "sla", "oauth", "apps", "webhooks",
    "jobs", "panels",
)  # fmt: skip
HAN = re.compile(r"[一-鿿]+")
SPOKEN = {"title", "aria-label", "placeholder", "alt", "data-confirm", "data-words"}
# Where names of the machine's own stand on purpose: codes, and what people typed. A mail is in its
# reader's language, and marked so.
QUIET = {"script", "style", "code", "textarea", "template"}


class Words(HTMLParser):
    """The words that a reader sees or hears, but for those marked as not to be translated."""

    def __init__(self):
        super().__init__()
        self.found, self.quiet = [], []

    def handle_starttag(self, tag, attrs):
        told = dict(attrs)
        if tag in QUIET or told.get("translate") == "no" or (self.quiet and tag == self.quiet[-1]):
            self.quiet.append(tag)
        if not self.quiet:
            self.found += [value for name, value in attrs if name in SPOKEN and value]

    def handle_endtag(self, tag):
        if self.quiet and tag == self.quiet[-1]:
            self.quiet.pop()

    def handle_data(self, data):
        if not self.quiet and data.strip():
            self.found.append(data.strip())


def words_of(page):
    reader = Words()
    reader.feed(page)
    return [unescape(words) for words in reader.found]


@pytest.mark.parametrize("locale", ["zh-CN", "en"])
def test_every_page_speaks_the_language_without_a_stray_string(whole, mine, locale, capsys):
    asked, strays = 0, set()
    names = "|".join([*HOUSE, *(module.plugin.name for module in discover())])
    message_id = re.compile(rf"(?<![\w/.@-])(?:{names})\.[a-z_]+[a-z0-9_.-]*")
    spoken = rooms.gathered("SPOKEN")
    for reader, address in addresses(whole, mine):
        reader.client.set_cookie("pd_lang", locale, domain=mine.host)
        answer = reader.ask("GET", address)
        reader.client.delete_cookie("pd_lang", domain=mine.host)
        if answer.mimetype != "text/html" or answer.status_code != 200:
            continue
        asked += 1
        for words in words_of(answer.get_data(as_text=True)):
            strays |= {f"{address}: {found}" for found in set(message_id.findall(words)) - spoken}
            if locale == "en":
                strays |= {f"{address}: {found}" for found in HAN.findall(foreign(words))}
    with capsys.disabled():
        print(f"\n  {locale}: {asked} pages", end="")  # noqa: T201  the figure
    assert asked >= 35
    assert not strays, "\n".join(sorted(strays))


def addresses(app, world):
    """Every page that can be read, and those that a room knows of besides, with who reads it."""
    for route in routes(app):
        page = route.method == "GET" and not route.api
        if page and route.endpoint not in PAPERS | ELSEWHERE.keys():
            yield rightful(route, world), route.path(world)
    for door in rooms.doors():
        for address in getattr(door, "more", lambda _world: [])(world):
            customers = address.startswith(("/my", "/track", "/p/", "/submit"))
            yield world.customer() if customers else world.rightful(api=False), address


def foreign(words):
    """Words without the names of languages in their own script."""
    return words.replace("中文", "").replace("简体", "")


@pytest.fixture
def busy(whole):
    """A world with fifty tickets in one queue."""
    world = World(whole)
    with whole.app_context(), world.inside():
        actor = service.actor_for(service.find_user("rightful@example.org"))
        team = teams.team_by_code("own").id
        for number in range(50):
            new = tickets.NewTicket(
                type="problem", subject=f"Rain {number}", description="In", team_id=team
            )
            with transaction():
                tickets.open_ticket(new, actor=actor)
    return world


def test_a_queue_of_fifty_takes_few_queries(whole, busy):
    reader = busy.rightful(api=False)
    reader.ask("GET", "/desk/?view=all")
    seen = []
    with whole.app_context():
        engine = db.engine
    sa.event.listen(engine, "before_cursor_execute", lambda *call: seen.append(call[2]))
    page = reader.ask("GET", "/desk/?view=all").get_data(as_text=True)
    assert page.count("/desk/tickets/0") >= 49, "the first fifty of the queue"
    reads = [words for words in seen if words.lstrip().upper().startswith("SELECT")]
    assert len(reads) <= QUERIES_OF_A_QUEUE, "\n".join(reads)
