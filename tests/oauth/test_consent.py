"""The consent page and the wall between companies: who may agree, from where, and for whom."""

from __future__ import annotations

import re
from contextvars import Context
from urllib.parse import urlencode

import pytest

from core.actors import OPERATOR
from core.auth import tokens as personal
from core.db import db, transaction
from core.oauth import service
from core.tenancy import as_tenant
from tests.auth.people import come_in, hire
from tests.conftest import client_at
from tests.oauth.conftest import Office, csrf, error_of, sent_back


def test_the_page_is_framed_by_nobody_and_kept_by_nobody(office, points):
    page = office.ask(points)
    policy = page.headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in policy
    assert "form-action 'self' https://app.example.com;" in policy
    assert page.headers["X-Frame-Options"] == "DENY"
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["Referrer-Policy"] == "no-referrer"


def test_a_form_from_elsewhere_allows_nothing(office, points):
    sent = {**office.query(points), "answer": "allow", "right": ["ticket:read"]}
    good = csrf(office)
    elsewhere = (
        ({}, {}),
        ({"csrf_token": "wrong"}, {}),
        ({"csrf_token": good}, {"Origin": "https://evil.example"}),
        ({"csrf_token": good}, {"Sec-Fetch-Site": "cross-site"}),
    )
    for more, headers in elsewhere:
        answer = office.browser.post("/oauth/authorize", data=sent | more, headers=headers)
        assert answer.status_code == 403
    assert not service.grants_of(office.user.id)
    answer = office.browser.post("/oauth/authorize", data=sent | {"csrf_token": good})
    assert answer.status_code == 303
    assert "code" in sent_back(answer)


def test_nobody_agrees_without_being_at_a_browser_himself(office, points):
    stranger = office.fresh().get("/oauth/authorize?" + urlencode(office.query(points)))
    assert stranger.status_code == 303
    assert stranger.headers["Location"].startswith("/sign-in?next=%2Foauth%2Fauthorize")
    given = office.tokens(points)["access_token"]
    with transaction():
        _row, plain = personal.create_token(office.user.id, "x", ["ticket:read"], actor=OPERATOR)
    for token in (given, plain):
        answer = office.fresh().get(
            "/oauth/authorize?" + urlencode(office.query(points)),
            headers={"Authorization": f"Bearer {token}"},
        )
        assert answer.status_code in {303, 401}
        assert answer.headers.get("Location", "/sign-in").startswith("/sign-in")


def test_an_apps_token_opens_no_screen_and_goes_only_in_the_header(office, points):
    token = office.tokens(points)["access_token"]
    assert office.works(token) == 200
    for path in ("/desk/", "/account", "/console/members"):
        assert office.get(path, token).status_code in {303, 401}
    bare = office.fresh()
    assert bare.get(f"/api/v1/tickets?access_token={token}").status_code == 401
    body = {"access_token": token, "type": "problem", "subject": "x", "description": "y"}
    assert bare.post("/api/v1/tickets", json=body).status_code == 401
    bare.set_cookie("pd", token, domain=f"{office.tenant.slug}.localhost")
    assert bare.get("/api/v1/tickets").status_code == 401


def test_a_colleague_cannot_take_back_what_is_not_his(app, office, points, tenant):
    office.code(points)
    (grant,) = service.grants_of(office.user.id)
    hire("li@example.com", "manager")
    other = client_at(app, tenant)
    come_in(other, "li@example.com")
    page = other.get("/account").get_data(as_text=True)
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)[1]
    answer = other.post(f"/account/apps/{grant.id}/revoke", data={"csrf_token": token})
    assert answer.status_code == 404
    assert len(service.grants_of(office.user.id)) == 1


# --- tenants --------------------------------------------------------------------------------------


@pytest.fixture
def neighbour(make_tenant):
    """Another company on the same installation; made before anybody is at home in the first."""
    return make_tenant()


def test_a_token_of_one_company_is_nothing_in_another(neighbour, app, office, robot):
    token = office.own_token(robot)
    bearer = {"Authorization": f"Bearer {token}"}
    theirs = client_at(app, neighbour)
    assert office.works(token) == 200
    assert theirs.get("/api/v1/tickets", headers=bearer).status_code == 401
    apex = app.test_client()
    apex.environ_base["HTTP_HOST"] = "localhost"
    assert apex.get("/api/v1/tickets", headers=bearer).status_code == 200
    for forged in (
        token.replace(office.tenant.slug, neighbour.slug),
        token.replace("_at_", "_rt_"),
        token[:-1] + ("0" if token[-1] != "0" else "1"),
    ):
        bearer = {"Authorization": f"Bearer {forged}"}
        for somewhere in (apex, theirs, office.fresh()):
            assert somewhere.get("/api/v1/tickets", headers=bearer).status_code == 401


def test_an_app_of_one_company_is_unknown_in_another(neighbour, app, office, robot):
    theirs, form = client_at(app, neighbour), {"grant_type": "client_credentials"}
    answer = theirs.post("/api/v1/oauth/token", data=form, headers=robot.basic)
    assert error_of(answer) == "invalid_client"
    apex = app.test_client()
    apex.environ_base["HTTP_HOST"] = "localhost"
    at_home = apex.post("/api/v1/oauth/token", data=form, headers=robot.basic)
    assert at_home.status_code == 200, (
        "on the installation's own host the app's id names its company"
    )
    assert office.works(at_home.get_json()["access_token"]) == 200
    body = form | {"client_id": robot.public, "client_secret": robot.secret}
    assert apex.post("/api/v1/oauth/token", data=body).status_code == 200
    assert apex.post("/api/v1/oauth/token", data=form).status_code == 401


def test_a_code_of_one_company_is_nothing_in_another(neighbour, app, office, points):
    code = office.code(points)
    db.session.rollback()
    elsewhere, app_there = theirs_office(app, neighbour)
    assert error_of(elsewhere.token(app_there, code=code)) == "invalid_grant"
    assert office.token(points, code=code).status_code == 200


def theirs_office(app, tenant):
    """The other company's app, registered in a context of its own."""

    def register():
        with app.app_context(), as_tenant(tenant):
            return Office(app, tenant, client_at(app, tenant), None).register()

    office = Office(app, tenant, client_at(app, tenant), None)
    return office, Context().run(register)
