"""Whoever plays foul: stolen codes and tokens, other people's apps, wrong addresses, forms from elsewhere."""

from __future__ import annotations

import logging
import re
from urllib.parse import urlencode

import pytest

from core.actors import OPERATOR
from core.db import Base, db, transaction
from core.events import EventRow
from core.oauth import routes, service
from core.tenancy import current_tenant
from tests.oauth.conftest import BACK, VERIFIER, challenge_of, csrf, error_of, sent_back


def reasons():
    rows = db.session.query(EventRow).filter(EventRow.type == "client.tokens_revoked").all()
    return [row.payload["reason"] for row in rows]


# --- PKCE ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        {"code_challenge": None, "code_challenge_method": None},
        {"code_challenge": None},
        {"code_challenge_method": None},
        {"code_challenge_method": "plain", "code_challenge": VERIFIER},
        {"code_challenge_method": "s256"},
        {"code_challenge": "short"},
        {"code_challenge": "é" * 43},
    ],
)
@pytest.mark.parametrize("kind", ["points", "pocket"])
def test_missing_or_plain_pkce_is_refused_for_every_kind_of_app(office, request, kind, changes):
    app = request.getfixturevalue(kind)
    answer = office.ask(app, **changes)
    assert answer.status_code == 303
    back = sent_back(answer)
    assert back["error"] == "invalid_request"
    assert back["state"] == "s-1"
    assert back["iss"].startswith(f"http://{office.tenant.slug}."), "RFC 9207 on our own errors too"
    assert "code" not in back
    assert office.ask(app).status_code == 200


@pytest.mark.parametrize("verifier", ["w" * 64, None, "", challenge_of(VERIFIER), "v" * 42])
def test_a_wrong_verifier_gets_nothing(office, points, verifier):
    code = office.code(points)
    answer = office.token(points, code=code, code_verifier=verifier)
    assert answer.status_code == 400
    assert "access_token" not in answer.get_json()
    assert office.token(points, code=code).status_code == 200


# --- codes and refresh tokens ---------------------------------------------------------------------


def test_a_code_used_twice_kills_everything_that_came_of_it(office, points):
    code = office.code(points)
    first = office.token(points, code=code).get_json()
    other = office.tokens(points)
    second = office.token(points, "refresh_token", refresh_token=first["refresh_token"]).get_json()
    assert office.works(second["access_token"]) == 200
    assert error_of(office.token(points, code=code)) == "invalid_grant"
    for token in (first, second):
        assert office.works(token["access_token"]) == 401
        dead = office.token(points, "refresh_token", refresh_token=token["refresh_token"])
        assert error_of(dead) == "invalid_grant"
    assert reasons() == ["code_reused"]
    assert office.works(other["access_token"]) == 200, "another authorization is another family"


def test_a_refresh_token_used_twice_kills_the_family(office, points):
    first = office.tokens(points)
    second = office.token(points, "refresh_token", refresh_token=first["refresh_token"]).get_json()
    assert office.works(second["access_token"]) == 200
    thief = office.token(points, "refresh_token", refresh_token=first["refresh_token"])
    assert error_of(thief) == "invalid_grant"
    assert office.works(second["access_token"]) == 401
    owner = office.token(points, "refresh_token", refresh_token=second["refresh_token"])
    assert error_of(owner) == "invalid_grant"
    assert reasons() == ["refresh_reused"]


def test_a_code_and_a_refresh_token_belong_to_their_app(office, points):
    other = office.register("Thief")
    code = office.code(points)
    assert error_of(office.token(other, code=code)) == "invalid_grant"
    given = office.token(points, code=code)
    assert given.status_code == 200, "the other's try has not used it up"
    refresh = given.get_json()["refresh_token"]
    assert error_of(office.token(other, "refresh_token", refresh_token=refresh)) == "invalid_grant"
    assert office.token(points, "refresh_token", refresh_token=refresh).status_code == 200


def test_the_address_at_the_token_endpoint_is_that_of_the_question(office):
    app = office.register(redirect_uris=[BACK, f"{BACK}/2"])
    code = office.code(app)
    assert error_of(office.token(app, code=code, redirect_uri=f"{BACK}/2")) == "invalid_grant"
    assert error_of(office.token(app, code=code, redirect_uri=None)) == "invalid_grant"
    assert office.token(app, code=code).status_code == 200


# --- who asks -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/back",
        f"{BACK}/",
        f"{BACK}?x=1",
        f"{BACK}#x",
        "https://app.example.com/BACK",
        "https://app.example.com:443/back",
        "https://app.example.com@evil.example/back",
        "https://app.example.com.evil.example/back",
        "http://app.example.com/back",
        "//app.example.com/back",
        "javascript:alert(1)//https://app.example.com/back",
        '"><script>alert(1)</script>',
        "https://app.example.com/back\\..\\x",
        "",
        None,
    ],
)
def test_an_address_that_is_not_registered_gets_a_page_and_no_redirect(office, points, address):
    answer = office.ask(points, redirect_uri=address)
    assert answer.status_code == 400
    assert "Location" not in answer.headers
    page = answer.get_data(as_text=True)
    assert not re.search(r'(?:href|src|action|content)="[^"]*evil', page)
    assert "<script>alert" not in page
    sent = {
        **office.query(points, redirect_uri=address),
        "csrf_token": csrf(office),
        "answer": "allow",
    }
    posted = office.browser.post("/oauth/authorize", data=sent)
    assert posted.status_code == 400
    assert "Location" not in posted.headers
    assert office.ask(points).status_code == 200


def test_an_app_that_is_unknown_disabled_or_removed_gets_no_redirect(office, points):
    slug = office.tenant.slug
    for unknown in (None, "", "x", f"pd_{slug}_app_{'0' * 32}", f"pd_other_app_{points.id.hex}"):
        answer = office.ask(points, client_id=unknown)
        assert (answer.status_code, answer.headers.get("Location")) == (400, None)
    code, given = office.code(points), office.tokens(points)
    with transaction():
        service.set_client_state(points.id, "disabled", actor=OPERATOR)
    assert office.ask(points).status_code == 400
    assert office.works(given["access_token"]) == 401
    for form in ({"code": code}, {"refresh_token": given["refresh_token"]}):
        grant_type = "authorization_code" if "code" in form else "refresh_token"
        assert error_of(office.token(points, grant_type, **form)) == "invalid_client"
    with transaction():
        service.set_client_state(points.id, "active", actor=OPERATOR)
    assert office.works(given["access_token"]) == 200
    with transaction():
        service.remove_client(points.id, actor=OPERATOR)
    assert office.works(given["access_token"]) == 401
    assert office.ask(points).status_code == 400


def test_an_unknown_scope_or_one_that_is_not_granted_is_an_error_for_the_app(office, points):
    for scope in ("token:write", "no:such", "ticket:read no:such", "matter:read", "*"):
        back = sent_back(office.ask(points, scope=scope))
        assert back["error"] == "invalid_scope"
        assert back["iss"]
    robot = office.register(
        "Robot", grant_types=("client_credentials",), redirect_uris=(), scopes=["ticket:read"]
    )
    wide = office.token(robot, "client_credentials", scope="ticket:read user:write")
    assert error_of(wide) == "invalid_scope"


def test_only_codes_are_given_and_only_by_query(office, points):
    for changes in ({"response_type": "token"}, {"response_type": "id_token"}, {"response_mode": "fragment"},
                    {"response_type": 'co"de é'}):  # fmt: skip
        back = sent_back(office.ask(points, **changes))
        assert back["error"] in {"unsupported_response_type", "invalid_request"}
        assert back["iss"]
    for grant_type in (
        "password",
        "implicit",
        'x"é',
        "",
        "urn:ietf:params:oauth:grant-type:device_code",
    ):
        assert error_of(office.token(points, grant_type)) == "unsupported_grant_type"
    doubled = urlencode([*office.query(points).items(), ("scope", "ticket:write")])
    assert office.browser.get(f"/oauth/authorize?{doubled}").status_code == 400


def test_an_app_proves_itself_one_way_and_rightly(office, points, pocket):
    code = office.code(points)
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK,
            "code_verifier": VERIFIER}  # fmt: skip
    ask = office.fresh().post
    in_body = {"client_id": points.public, "client_secret": points.secret}
    wrong = {"client_id": points.public, "client_secret": points.secret[:-1] + "x"}
    url = "/api/v1/oauth/token"
    answers = [
        ask(url, data=form),
        ask(url, data={**form, "client_id": points.public}),
        ask(url, data={**form, **wrong}),
        ask(url, data={**form, **in_body}, headers=points.basic),
        ask(url, data=form, headers={"Authorization": "Basic //4="}),
        ask(url, data=form, headers={"Authorization": "Basic x"}),
        ask(url, data=form, headers={"Authorization": f"Bearer {points.secret}"}),
        ask(f"{url}?{urlencode(in_body)}", data=form),
        ask(url, data={**form, "code": [code, code]}, headers=points.basic),
        ask(url, json={**form, **in_body}),
    ]
    for number, answer in enumerate(answers):
        assert answer.status_code in {400, 401}, f"{number}: {answer.get_data(as_text=True)}"
        assert error_of(answer) in {"invalid_client", "invalid_request", "unsupported_grant_type"}
    assert ask(url, data={**form, **in_body}).status_code == 200
    public = {"client_id": pocket.public, "client_secret": "x"}
    given = office.code(pocket)
    assert ask(url, data={**form, **public, "code": given}).status_code in {400, 401}


def test_an_old_secret_is_dead_at_once(office, robot):
    assert office.token(robot, "client_credentials").status_code == 200
    with transaction():
        fresh = service.rotate_secret(robot.id, actor=OPERATOR)
    assert error_of(office.token(robot, "client_credentials")) == "invalid_client"
    robot.secret = fresh
    assert office.token(robot, "client_credentials").status_code == 200


def test_guessing_is_slowed_down(office, robot, monkeypatch):
    monkeypatch.setattr(routes, "WRONG_PER_APP_AND_RANGE", 3)
    good, robot.secret = robot.secret, robot.secret[:-1] + "x"
    for _ in range(3):
        assert office.token(robot, "client_credentials").status_code == 401
    robot.secret = good
    waiting = office.token(robot, "client_credentials")
    assert waiting.status_code == 429
    assert int(waiting.headers["Retry-After"]) > 0
    assert error_of(waiting) == "temporarily_unavailable"


def test_an_app_is_not_served_without_end(office, robot, monkeypatch):
    monkeypatch.setattr(routes, "ISSUED_PER_APP", 2)
    answers = [office.token(robot, "client_credentials").status_code for _ in range(3)]
    assert answers == [200, 200, 429]


# --- traces ---------------------------------------------------------------------------------------


def test_no_secret_is_logged_or_kept(office, points, robot, caplog):
    caplog.set_level(logging.DEBUG)
    code = office.code(points)
    given = office.token(points, code=code).get_json()
    office.token(points, "refresh_token", refresh_token=given["refresh_token"])
    office.token(points, code=code)
    office.own_token(robot)
    office.works(given["access_token"])
    secrets = {code, points.secret, robot.secret, *office.issued}
    assert len(secrets) >= 8
    hidden = {secret[-72:-8] for secret in secrets}
    assert not [s for s in hidden if s in caplog.text]
    db.session.rollback()
    kept = "\n".join(_everything_kept())
    assert str(points.id) in kept or points.id.hex in kept
    assert not [s for s in hidden if s in kept]


def _everything_kept():
    """Every row of every table, as text."""
    for table in Base.metadata.sorted_tables:
        if "tenant_id" not in table.columns:
            continue
        rows = db.session.execute(table.select().where(table.c.tenant_id == current_tenant().id))
        yield from (str(tuple(row)) for row in rows)
