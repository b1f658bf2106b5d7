"""What a plugin shows customers: pages that take answers, pages for whoever signed in, a box at the matter."""

from __future__ import annotations

import pytest

from core.actors import SYSTEM
from core.contacts import codes, links
from core.contacts import service as contacts
from core.contacts.points import PointIn
from core.db import clear_session, transaction
from core.tickets import service as tickets
from tests.conftest import Browser, client_at
from tests.dummy.hooks import mood


@pytest.fixture
def customer(nodding, dummy_app):
    """A browser at the portal, and the secret link to a matter."""
    with transaction():
        points = (PointIn("mail", "lin@nod.example"),)
        contact = contacts.create_contact("Lin", points=points, actor=SYSTEM)
        new = tickets.NewTicket(
            type="problem", subject="Lift", description="Still", contact_id=contact.id
        )
        ticket = tickets.open_ticket(new, actor=SYSTEM)
        token = links.link_token(links.usable_link(ticket.id, contact.id, actor=SYSTEM).id)
        person = contact.id
    clear_session()
    dummy_app.test_client_class = Browser
    return client_at(dummy_app, nodding), token, person


def sign_in(browser, person):
    host = browser.environ_base["HTTP_HOST"]
    with transaction():
        contact = contacts.get_contact(person)
        signed = codes._begin(contact, "127.0.0.1", "test")
    browser.set_cookie("pd_me", signed.secret, domain=host)


def csrf_of(browser):
    page = browser.get("/lookup").get_data(as_text=True)
    return page.split('name="csrf_token" value="')[1].split('"')[0]


def test_a_page_takes_parameters_and_answers_in_one_transaction(customer):
    browser, _, _ = customer
    assert browser.get("/p/dummy/nods/3").get_data(as_text=True) == "3 nods, False"
    form = {"more": "4", "csrf_token": csrf_of(browser)}
    assert browser.post("/p/dummy/nods/3", data=form).get_data(as_text=True) == "7 nods, True"
    refused = browser.post("/p/dummy/nods/3", data=form | {"more": "many"})
    assert (refused.status_code, refused.get_data(as_text=True)) == (422, "again 3")
    assert browser.post("/p/dummy/nods/3", data={"more": "4"}).status_code == 403


def test_a_customers_page_leads_strangers_to_where_one_signs_in(customer):
    browser, _, person = customer
    stranger = browser.get("/p/dummy/mine")
    assert (stranger.status_code, stranger.location) == (303, "/my")
    sign_in(browser, person)
    assert browser.get("/p/dummy/mine").get_data(as_text=True) == "mine contact"


def test_a_box_at_the_matter_is_the_customers_and_fails_alone(customer):
    browser, token, _ = customer
    page = browser.get(f"/track/{token}").get_data(as_text=True)
    assert f'hx-get="/track/{token}/box/dummy.matter"' in page
    box = f"/track/{token}/box/dummy.matter"
    fetched = browser.get(box, headers={"HX-Request": "true"}).get_data(as_text=True)
    assert "nodded" in fetched
    assert "<html" in browser.get(box).get_data(as_text=True)
    assert browser.get(f"/track/{token}/box/dummy.nods").status_code == 404
    assert browser.get(f"/track/{token[:-2]}xx/box/dummy.matter").status_code == 404
    mood.hook, mood.does = "panel", "raise"
    failed = browser.get(box, headers={"HX-Request": "true"})
    assert failed.status_code == 200
    assert "nodded" not in failed.get_data(as_text=True)
    assert browser.get(f"/track/{token}").status_code == 200
