"""Every screen in Chromium: nothing complains, nothing runs off sideways, on a desk and on a phone, light and dark."""

from __future__ import annotations

import pytest

from tenants.demo.people import PASSWORD
from tenants.demo.seed import seed
from tests.browser.conftest import Person

pytestmark = [pytest.mark.browser, pytest.mark.story]

CONSOLE = (
    "plugins",
    "members",
    "roles",
    "teams",
    "sla",
    "calendars",
    "audit",
    "outbox",
    "tokens",
    "branding",
)
PORTAL = {
    "home": "/",
    "submit": "/submit/complaints.complaint",
    "look-up": "/lookup",
    "my": "/my",
    "how": "/p/complaints/how",
}

SEEN_BY_STAFF = (("desk", False), ("desk", True), ("phone", False))


@pytest.fixture
def small_demo(installation):
    """One company of the demonstration, with few tickets."""
    with installation.inside():
        seed(tickets=16, slugs=("jinlan",))
    return {"installation": installation, "url": f"http://jinlan.localhost:{installation.port}"}


def _enter(person, mail):
    page = person.open("/sign-in")
    page.fill("[name=email]", mail)
    page.fill("[name=password]", PASSWORD)
    page.locator("form button[type=submit]").first.click()
    page.wait_for_url("**/desk/**")


def test_every_screen_fits_and_nothing_complains(small_demo, chromium):
    people: list[Person] = []

    def somebody(kind, **options):
        people.append(Person(chromium, small_demo, kind, **options))
        return people[-1]

    with small_demo["installation"].running("polydesk", "serve"):
        for kind in ("desk", "phone"):
            customer = somebody(kind)
            for name, path in PORTAL.items():
                customer.look(path, f"portal-{name}-{kind}")
            customer.look("/sign-in", f"sign-in-{kind}")
        for kind, dark in SEEN_BY_STAFF:
            agent = somebody(kind, dark=dark)
            look = f"{kind}{'-dark' if dark else ''}"
            _enter(agent, "limin@jinlan.example")
            page = agent.look("/desk/?view=all", f"queue-{look}")
            tickets = page.locator("a[href*='/desk/tickets/']:visible")
            href = next(
                h for h in (a.get_attribute("href") for a in tickets.all()) if "new" not in h
            )
            page = agent.look(href.split("?")[0], f"ticket-{look}")
            contact = page.locator("a[href*='/desk/contacts/']").last.get_attribute("href")
            agent.look(contact, f"customer-{look}")
            agent.look("/desk/tickets/new", f"new-ticket-{look}")
            agent.look("/x/complaints/", f"complaint-board-{look}")
        for kind, dark in SEEN_BY_STAFF:
            admin = somebody(kind, dark=dark)
            _enter(admin, "shentao@jinlan.example")
            for name in CONSOLE:
                admin.look(f"/console/{name}", f"console-{name}-{kind}{'-dark' if dark else ''}")
        for person in people:
            person.leave()
    assert [words for person in people for words in person.complaints] == []
