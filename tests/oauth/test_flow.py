"""An app gets in: a person allows it, it redeems its code, refreshes, gives back; and it acts within bounds."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.actors import OPERATOR, SYSTEM
from core.auth import roles
from core.auth import service as people
from core.clock import now, virtual
from core.db import db, transaction
from core.events import EventRow
from core.oauth import service
from core.oauth.families import forget_old
from core.oauth.models import OAuthClient, OAuthFamily
from core.tickets import service as tickets
from tests.oauth.conftest import BACK, challenge_of, error_of, sent_back

HOUR, DAY = 3600, 86_400


def facts(kind):
    rows = db.session.query(EventRow).filter(EventRow.type == kind).order_by(EventRow.id).all()
    return [(row, row.payload) for row in rows]


def test_a_person_allows_an_app_and_it_acts_within_what_both_may(office, points):
    page = office.ask(points)
    assert page.status_code == 200
    words = page.get_data(as_text=True)
    assert "Points" in words
    assert "Acme" in words
    assert "app.example.com" in words
    answer = office.answer(points)
    assert answer.status_code == 303
    back = sent_back(answer)
    assert answer.headers["Location"].startswith(BACK + "?")
    assert back["state"] == "s-1"
    assert back["iss"] == f"http://{office.tenant.slug}.localhost:8080"
    told = office.token(points, code=back["code"])
    assert told.headers["Cache-Control"] == "no-store"
    given = told.get_json()
    assert (given["token_type"], given["expires_in"]) == ("Bearer", HOUR)
    assert set(given["scope"].split()) == {"ticket:read", "contact:read"}
    assert given["access_token"].startswith(f"pd_{office.tenant.slug}_at_")
    assert office.works(given["access_token"]) == 200
    refused = office.fresh().post(
        "/api/v1/tickets",
        json={"type": "problem", "subject": "x", "description": "y"},
        headers={"Authorization": f"Bearer {given['access_token']}"},
    )
    assert refused.status_code == 403, "it asked for no ticket:write"


def test_what_it_does_is_on_record_under_both_names(office, points):
    token = office.tokens(points, scope="ticket:read ticket:write")["access_token"]
    body = {"type": "problem", "subject": "水压", "description": "早上没水"}
    headers = {"Authorization": f"Bearer {token}"}
    made = office.fresh().post("/api/v1/tickets", json=body, headers=headers)
    assert made.status_code == 201, made.get_data(as_text=True)
    row, _ = facts("ticket.opened")[-1]
    assert (row.actor_kind, row.actor_id) == ("app", points.id)
    assert row.on_behalf_of == office.user.id
    ticket = f"/api/v1/tickets/{made.get_json()['id']}"
    said = office.fresh().post(f"{ticket}/messages", json={"body": "看过了"}, headers=headers)
    assert said.status_code == 201
    page = office.browser.get(f"/desk/tickets/{made.get_json()['id']}").get_data(as_text=True)
    assert "Points" in page
    assert "first_response" not in {
        payload.get("metric") for _row, payload in facts("clock.fulfilled")
    }, "an app's message is no person's first response"


def test_an_app_reaches_no_further_than_its_user(office, points):
    with transaction():
        roles.take_role(office.user.id, "manager", actor=OPERATOR)
        own = {"ticket:read": "own", "ticket:write": "own"}
        roles.create_role("small", "Small", own, actor=OPERATOR)
        roles.give_role(office.user.id, "small", actor=OPERATOR)
        made = tickets.NewTicket(type="problem", subject="灯", description="不亮")
        his, other = (tickets.open_ticket(made, actor=SYSTEM).id for _ in range(2))
    with transaction():
        tickets.assign(his, office.user.id, actor=SYSTEM, version=None)
    token = office.tokens(points, scope="ticket:read")["access_token"]
    listed = office.get("/api/v1/tickets", token).get_json()["items"]
    assert [item["id"] for item in listed] == [str(his)]
    assert office.get(f"/api/v1/tickets/{his}", token).status_code == 200
    assert office.get(f"/api/v1/tickets/{other}", token).status_code == 404


def test_client_credentials_make_the_app_its_own_principal(office, robot):
    token = office.own_token(robot)
    body = {"type": "problem", "subject": "水压", "description": "早上没水"}
    headers = {"Authorization": f"Bearer {token}"}
    assert office.fresh().post("/api/v1/tickets", json=body, headers=headers).status_code == 201
    row, _ = facts("ticket.opened")[-1]
    assert (row.actor_kind, row.actor_id, row.on_behalf_of) == ("app", robot.id, None)
    assert office.get("/api/v1/events", token).status_code == 200, "its reach is all"
    assert office.get("/api/v1/contacts", token).status_code == 403
    signed_in = facts("client.signed_in")[-1][1]
    assert signed_in["grant_type"] == "client_credentials"
    answer = office.token(robot, "client_credentials", scope="event:read")
    assert answer.get_json()["scope"] == "event:read"
    assert "refresh_token" not in answer.get_json()


def test_a_person_may_pick_less_and_is_given_nothing_he_has_not(office, points):
    narrow = office.tokens(points, scope="ticket:read contact:read", rights=["contact:read"])
    assert narrow["scope"] == "contact:read"
    assert office.works(narrow["access_token"]) == 403
    assert office.get("/api/v1/contacts", narrow["access_token"]).status_code == 200


def test_what_the_user_may_not_himself_cannot_be_allowed(office):
    app = office.register("Keys", scopes=("ticket:read", "token:write", "app:write"))
    page = office.ask(app, scope="ticket:read app:write").get_data(as_text=True)
    assert 'value="ticket:read"' in page
    assert 'value="app:write"' not in page
    wanted = ["ticket:read", "app:write"]
    given = office.tokens(app, scope="ticket:read app:write", rights=wanted)
    assert given["scope"] == "ticket:read"
    nothing = office.answer(app, scope="app:write", rights=["app:write"])
    assert sent_back(nothing)["error"] == "access_denied"


def test_right_by_right_the_token_follows_the_user_the_app_and_the_plugins(office, points):
    token = office.tokens(points, scope="ticket:read contact:read")["access_token"]
    assert office.works(token) == 200
    with transaction():
        service.set_client_grant(points.id, ["contact:read"], actor=OPERATOR)
    assert office.works(token) == 403, "the company grants it no more"
    with transaction():
        service.set_client_grant(points.id, ["ticket:read", "contact:read"], actor=OPERATOR)
    assert office.works(token) == 200
    with transaction():
        roles.take_role(office.user.id, "manager", actor=OPERATOR)
    assert office.works(token) == 403, "the user may not any more"


def test_saying_no_tells_the_app(office, points):
    answer = office.answer(points, "deny")
    assert answer.status_code == 303
    back = sent_back(answer)
    assert (back["error"], back["state"]) == ("access_denied", "s-1")
    assert back["iss"].endswith(".localhost:8080")
    assert not service.grants_of(office.user.id)


def test_the_answer_is_remembered_and_reading_the_question_changes_nothing(office, points):
    assert "曾授权" not in office.ask(points).get_data(as_text=True)
    before = db.session.query(EventRow).count()
    office.ask(points)
    db.session.rollback()
    assert db.session.query(EventRow).count() == before
    office.code(points)
    again = office.ask(points).get_data(as_text=True)
    assert "曾授权" in again
    (grant,) = service.grants_of(office.user.id)
    assert grant.scopes == ("contact:read", "ticket:read")
    office.code(points, rights=["ticket:read"])
    db.session.rollback()
    (grant,) = service.grants_of(office.user.id)
    assert grant.scopes == ("ticket:read",), "what was asked and not ticked is taken back"
    given = [payload["scopes"] for _row, payload in facts("grant.given")]
    assert given == [["contact:read", "ticket:read"], ["ticket:read"]]


def test_a_refresh_token_gives_the_next_ones(office, points):
    first = office.tokens(points)
    answer = office.token(points, "refresh_token", refresh_token=first["refresh_token"])
    second = answer.get_json()
    assert answer.status_code == 200
    assert second["refresh_token"] != first["refresh_token"]
    assert office.works(second["access_token"]) == 200
    narrow = office.token(
        points, "refresh_token", refresh_token=second["refresh_token"], scope="contact:read"
    ).get_json()
    assert narrow["scope"] == "contact:read"
    assert office.works(narrow["access_token"]) == 403
    wide = office.token(points, "refresh_token", refresh_token=narrow["refresh_token"]).get_json()
    assert set(wide["scope"].split()) == {"ticket:read", "contact:read"}
    more = office.token(
        points, "refresh_token", refresh_token=wide["refresh_token"], scope="ticket:write"
    )
    assert error_of(more) == "invalid_scope"


def test_time_ends_everything(office, points):
    with virtual(now()) as clock:
        late = office.code(points)
        clock.advance(timedelta(seconds=61))
        assert error_of(office.token(points, code=late)) == "invalid_grant"
        timely = office.code(points)
        clock.advance(timedelta(seconds=59))
        given = office.token(points, code=timely).get_json()
        clock.advance(timedelta(seconds=HOUR - 1))
        assert office.works(given["access_token"]) == 200
        clock.advance(timedelta(seconds=1))
        assert office.works(given["access_token"]) == 401
        clock.advance(timedelta(seconds=30 * DAY))
        dead = office.token(points, "refresh_token", refresh_token=given["refresh_token"])
        assert error_of(dead) == "invalid_grant"


def test_a_line_ends_after_a_year_however_often_it_is_refreshed(office, points):
    with virtual(now()) as clock:
        given = office.tokens(points)
        for _ in range(12):
            clock.advance(timedelta(days=29))
            answer = office.token(points, "refresh_token", refresh_token=given["refresh_token"])
            assert answer.status_code == 200
            given = answer.get_json()
        clock.advance(timedelta(days=365 - 12 * 29))
        dead = office.token(points, "refresh_token", refresh_token=given["refresh_token"])
        assert error_of(dead) == "invalid_grant"


def test_revoking(office, points, robot):
    given = office.tokens(points)
    assert give_back(office, robot, given["access_token"]).status_code == 400, "another's token"
    assert office.works(given["access_token"]) == 200
    assert give_back(office, points, given["access_token"]).status_code == 200
    assert office.works(given["access_token"]) == 401
    answer = office.token(points, "refresh_token", refresh_token=given["refresh_token"])
    fresh = answer.get_json()
    assert office.works(fresh["access_token"]) == 200, "the refresh token lived on"
    assert give_back(office, points, fresh["refresh_token"]).status_code == 200
    assert office.works(fresh["access_token"]) == 401, "with it the whole line is gone"
    assert give_back(office, points, "nonsense").status_code == 200
    _row, payload = facts("client.tokens_revoked")[-1]
    assert payload["reason"] == "asked"


def give_back(office, app, token):
    return office.fresh().post("/api/v1/oauth/revoke", data={"token": token}, headers=app.basic)


def test_introspection_tells_what_a_token_is_worth_now(office, points, robot):
    token = office.tokens(points)["access_token"]
    told = look(office, points, token)
    assert told["active"] is True
    assert set(told["scope"].split()) == {"ticket:read", "contact:read"}
    assert told["client_id"] == points.public
    assert told["sub"] == str(office.user.id)
    assert look(office, robot, token) == {"active": False}, "another app's"
    with transaction():
        service.set_client_grant(points.id, ["contact:read"], actor=OPERATOR)
    assert look(office, points, token)["scope"] == "contact:read"
    assert look(office, points, "nonsense") == {"active": False}


def look(office, app, token):
    answer = office.fresh().post(
        "/api/v1/oauth/introspect", data={"token": token}, headers=app.basic
    )
    assert answer.status_code == 200
    return answer.get_json()


def test_a_public_app_has_no_secret_and_the_same_duties(office, pocket):
    given = office.tokens(pocket)
    assert office.works(given["access_token"]) == 200
    loopback = {"redirect_uri": "http://127.0.0.1:49152/back"}
    code = office.code(pocket, **loopback)
    assert office.token(pocket, code=code, **loopback).status_code == 200
    private = {"redirect_uri": "com.example.pocket:/back"}
    answer = office.answer(pocket, **private)
    assert answer.headers["Location"].startswith("com.example.pocket:/back?code=")
    assert "com.example.pocket:" in answer.headers["Content-Security-Policy"]
    own = office.token(pocket, "client_credentials")
    assert own.status_code in {400, 401}
    assert error_of(own) in {"invalid_client", "unauthorized_client"}


def test_an_app_without_refreshing_gets_no_refresh_token(office):
    app = office.register("Once", grant_types=("authorization_code",))
    assert "refresh_token" not in office.tokens(app)


def test_people_see_their_apps_and_take_them_back(office, points):
    token = office.tokens(points)
    page = office.browser.get("/account").get_data(as_text=True)
    assert "Points" in page
    (grant,) = service.grants_of(office.user.id)
    csrf = page.split('name="csrf_token" value="')[1].split('"')[0]
    path = f"/account/apps/{grant.id}/revoke"
    assert office.browser.post(path, data={"csrf_token": csrf}).status_code == 303
    assert "Points" not in office.browser.get("/account").get_data(as_text=True)
    assert office.works(token["access_token"]) == 401
    dead = office.token(points, "refresh_token", refresh_token=token["refresh_token"])
    assert error_of(dead) == "invalid_grant"
    assert office.browser.post(path, data={"csrf_token": csrf}).status_code == 404
    office.code(points)
    assert office.works(token["access_token"]) == 401, "allowing it again revives nothing"


def test_metadata_tells_the_way(office):
    told = office.fresh().get("/.well-known/oauth-authorization-server").get_json()
    base = f"http://{office.tenant.slug}.localhost:8080"
    assert told["issuer"] == base
    assert told["authorization_endpoint"] == f"{base}/oauth/authorize"
    assert told["token_endpoint"] == f"{base}/api/v1/oauth/token"
    assert told["code_challenge_methods_supported"] == ["S256"]
    assert told["authorization_response_iss_parameter_supported"] is True
    assert "ticket:read" in told["scopes_supported"]
    assert not [name for name in told["scopes_supported"] if name.startswith("matter:")]


def test_old_lines_are_forgotten_and_living_ones_kept(office, points):
    with virtual(now()) as clock:
        office.code(points)
        living = office.tokens(points)
        clock.advance(timedelta(seconds=31 * DAY - 10))
        with transaction():
            forget_old()
        assert db.session.query(OAuthFamily).count() == 1
        clock.advance(timedelta(seconds=30 * DAY))
        with transaction():
            forget_old()
        assert db.session.query(OAuthFamily).count() == 0
    assert db.session.query(OAuthClient).count() == 1
    assert living["refresh_token"] != challenge_of("")


@pytest.mark.parametrize("state", ["suspended", "erased"])
def test_a_user_who_leaves_takes_his_apps_along(office, points, state):
    given = office.tokens(points)
    code = office.code(points)
    hired = people.create_user
    with transaction():
        hired(
            "boss@example.com", "Boss", password="ein langes Wort", roles=["admin"], actor=OPERATOR
        )
        leave = people.suspend_user if state == "suspended" else people.erase_user
        leave(office.user.id, actor=OPERATOR)
    assert office.works(given["access_token"]) == 401
    assert error_of(office.token(points, code=code)) == "invalid_grant"
    dead = office.token(points, "refresh_token", refresh_token=given["refresh_token"])
    assert dead.status_code == 400
