"""Every view has a contract, and its permission is one that somebody declared."""

from __future__ import annotations

from core.web import CUSTOMER, PUBLIC, SIGNED_IN
from tests.habits import rooms
from tests.habits.routes import routes

# Who may come without being anybody: the portal, the customer's own links, health; others say so in their world.py.
PUBLIC_ROOMS = {"apex", "portal", "portal_lookup", "portal_my", "portal_submit", "portal_track"}


def test_every_view_has_a_contract_with_a_declared_permission(whole):
    known = set(whole.extensions["polydesk_plugins"][1].shelf("permission"))
    known |= {PUBLIC, SIGNED_IN, CUSTOMER}
    bare = [str(route) for route in routes(whole) if route.contract is None]
    assert not bare
    unknown = [f"{r}: {r.permission}" for r in routes(whole) if r.permission not in known]
    assert not unknown
    assert len(routes(whole)) > 100


def test_public_views_are_a_written_list(whole):
    """A plugin's page at /p/ says PUBLIC where it is declared; any other room writes its views down."""
    public = {r.endpoint for r in routes(whole) if r.permission == PUBLIC and r.owner != "dummy"}
    declared = {r.endpoint for r in routes(whole) if r.rule.startswith("/p/")}
    written = rooms.gathered("PUBLIC")
    strays = {
        endpoint
        for endpoint in public - written - declared
        if endpoint.split(".")[0] not in PUBLIC_ROOMS
    }
    assert not strays, "say PUBLIC in tests/<room>/world.py, if anybody at all may come"
    assert not written - public, "no longer public"


def test_what_the_api_takes_and_gives_has_a_schema(whole):
    loose = [
        str(route)
        for route in routes(whole)
        if route.api and route.method in {"POST", "PATCH"}
        if not route.contract.body and "If-Match" not in route.contract.headers
        if route.endpoint not in rooms.gathered("NOT_JSON")
    ]
    assert not loose, "a body has a schema, or its standard wants a form: NOT_JSON in world.py"
