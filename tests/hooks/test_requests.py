"""Whatever a plugin's hook does, no request becomes a 500: closed hooks refuse with 503 and the plugin's name."""

from __future__ import annotations

import pytest

from core.actors import OPERATOR
from core.auth import service as people
from core.auth import tokens
from core.db import clear_session, transaction
from tests.conftest import Browser, client_at
from tests.dummy.hooks import mood

# Moments that a request can meet; the others belong to switching, upgrading, the demonstration and privacy.
MET = (
    "authenticate",  # core answers first for whoever is signed in
    "visible_tickets",
    "validate_ticket",
    "classify_ticket",
    "choose_sla",
    "choose_assignee",
    "nav_items",
    "ticket_actions",
)
NEW = {"type": "problem", "subject": "Lift", "description": "It stands still"}


@pytest.fixture
def staffed(nodding, dummy_app):
    """A browser with a signed-in manager and the same manager's token, and one ticket."""
    with transaction():
        user = people.create_user(
            "mei@nod.example",
            "Mei",
            password="a long enough one",
            roles=("manager",),
            actor=OPERATOR,
        )
        token = tokens.create_token(
            user.id, "t", ["ticket:read", "ticket:write", "user:read"], actor=OPERATOR
        )[1]
    clear_session()
    dummy_app.test_client_class = Browser
    browser = client_at(dummy_app, nodding)
    page = browser.get("/sign-in").get_data(as_text=True)
    csrf = page.split('name="csrf_token" value="')[1].split('"')[0]
    form = {"email": "mei@nod.example", "password": "a long enough one", "csrf_token": csrf}
    assert browser.post("/sign-in", data=form).status_code == 303
    headers = {"Authorization": f"Bearer {token}"}
    made = browser.post("/api/v1/tickets", json=NEW, headers=headers)
    assert made.status_code == 201, made.get_json()
    return browser, headers, made.get_json()["id"]


def _walk(browser, headers, ticket_id):
    """What people and apps ask for all day, as (what, status, code)."""
    calls = {
        "queue": lambda: browser.get("/desk/"),
        "ticket page": lambda: browser.get(f"/desk/tickets/{ticket_id}"),
        "new ticket page": lambda: browser.get("/desk/tickets/new"),
        "portal": lambda: browser.get("/"),
        "list": lambda: browser.get("/api/v1/tickets", headers=headers),
        "read": lambda: browser.get(f"/api/v1/tickets/{ticket_id}", headers=headers),
        "open": lambda: browser.post("/api/v1/tickets", json=NEW, headers=headers),
    }
    return {what: call() for what, call in calls.items()}


@pytest.mark.parametrize("hook", MET)
@pytest.mark.parametrize("does", ["raise", "wrong"])
def test_no_request_turns_into_a_500(staffed, hook, does):
    well = {what: answer.status_code for what, answer in _walk(*staffed).items()}
    assert set(well.values()) <= {200, 201}, well
    mood.hook, mood.does = hook, does
    sick = _walk(*staffed)
    statuses = {what: answer.status_code for what, answer in sick.items()}
    assert 500 not in statuses.values(), statuses
    refused = {what for what, status in statuses.items() if status == 503}
    assert refused == ({"open"} if hook == "validate_ticket" else set()), statuses
    if hook == "visible_tickets":
        assert sick["list"].get_json()["items"] == []
        assert statuses["read"] == statuses["ticket page"] == 404
    for what in refused:
        assert sick[what].get_json()["plugin"] == "dummy"
    mood.hook = ""
    assert {what: answer.status_code for what, answer in _walk(*staffed).items()} == well
