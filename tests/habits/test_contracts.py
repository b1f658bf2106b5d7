"""Every view has a contract, and its permission is one that somebody declared."""

from __future__ import annotations

from core.web import PUBLIC, SIGNED_IN
from tests.habits.routes import routes

# Who may come without being anybody: sign-in, the portal, the customer's own links, health.
PUBLIC_ROOMS = {"apex", "portal", "portal_lookup", "portal_my", "portal_submit", "portal_track"}
PUBLIC_VIEWS = {
    "signin.form", "signin.sign_in", "signin.sign_out", "signin.forgot", "signin.forgot_form",
    "signin.reset", "signin.reset_form", "signin.language", "reports.sheet",
    "portal_page_complaints_how.show",
}  # fmt: skip


def test_every_view_has_a_contract_with_a_declared_permission(whole):
    known = set(whole.extensions["polydesk_plugins"][1].shelf("permission")) | {PUBLIC, SIGNED_IN}
    bare = [str(route) for route in routes(whole) if route.contract is None]
    assert not bare
    unknown = [f"{r}: {r.permission}" for r in routes(whole) if r.permission not in known]
    assert not unknown
    assert len(routes(whole)) > 100


def test_public_views_are_a_written_list(whole):
    public = {r.endpoint for r in routes(whole) if r.permission == PUBLIC and r.owner != "dummy"}
    strays = {e for e in public if e.split(".")[0] not in PUBLIC_ROOMS and e not in PUBLIC_VIEWS}
    assert not strays


def test_what_the_api_takes_and_gives_has_a_schema(whole):
    loose = [
        str(route)
        for route in routes(whole)
        if route.api and route.method in {"POST", "PATCH"}
        if not route.contract.body and "attachments" not in route.rule
    ]
    assert not loose
