"""Apps as the company keeps them: registered within rules, granted what exists, disabled, removed, told of."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from core.actors import OPERATOR, SYSTEM, Actor, Reach
from core.db import db, transaction
from core.errors import Conflict, Invalid, NotFound
from core.events import EventRow
from core.oauth import redirects, secrets, service
from core.oauth.declared import clients_create
from core.oauth.models import OAuthClient
from tenants import service as tenancy
from tests.oauth.conftest import BACK, error_of, sent_back

PLUGINS_OWN = "complaints.plan:approve"
GOOD = {"name": "Points", "redirect_uris": [BACK], "scopes": ["ticket:read"], "actor": OPERATOR}


def fields_of(error):
    return {problem.field for problem in error.value.problems}


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("name", {"name": "  "}),
        ("name", {"name": "x" * 121}),
        ("publisher", {"publisher": "x" * 121}),
        ("redirect_uris", {"redirect_uris": []}),
        ("redirect_uris.1", {"redirect_uris": [BACK, "http://app.example.com/back"]}),
        ("scopes", {"scopes": []}),
        ("scopes", {"scopes": ["ticket:read", "no:such"]}),
        ("scopes", {"scopes": ["matter:read"]}),
        ("grant_types", {"grant_types": []}),
        ("grant_types", {"grant_types": ["password"]}),
        ("grant_types", {"grant_types": ["refresh_token"]}),
        ("grant_types", {"grant_types": ["client_credentials"], "confidential": False}),
    ],
)
def test_what_does_not_fit_is_named_at_its_field(tenant, field, changes):
    with pytest.raises(Invalid) as error, transaction():
        service.register_client(**(GOOD | changes))
    assert field in fields_of(error)
    with transaction():
        assert service.register_client(**GOOD)[0].living


ALLOWED = (
    "https://app.example.com",
    "https://app.example.com/back?app=1",
    "https://app.example.com:8443/back",
    "http://127.0.0.1/back",
    "http://127.0.0.1:3000/back",
    "http://[::1]/back",
    "http://localhost:8080/",
    "com.example.app:/back",
    "com.example.app://back",
)
REFUSED = (
    "",
    "back",
    "//app.example.com/back",
    "http://app.example.com/back",
    "http://127.0.0.1.evil.example/back",
    "http://localhost.evil.example/back",
    "http://127.0.0.1@evil.example/",
    "https://user@app.example.com/",
    "https://user:word@app.example.com/",
    "https://app.example.com/back#part",
    "https://app.example.com\\@evil.example/",
    "https:///back",
    "https://",
    "javascript:alert(1)",
    "javascript://app.example.com/%0aalert(1)",
    "data:text/html,x",
    "vbscript:x",
    "file:///etc/passwd",
    "ftp://app.example.com/",
    "myapp:/back",
    "com.example.app:back",
    "https://app.example.com/ back",
    "https://app.example.com/\r\nSet-Cookie: x",
    "https://例子.example/",
    'https://app.example.com/"x',
    "https://app.example.com/" + "x" * 2000,
)


@pytest.mark.parametrize("address", ALLOWED)
def test_addresses_that_an_app_may_register(address):
    assert redirects.is_allowed(address)
    assert redirects.matches(address, [address])


@pytest.mark.parametrize("address", REFUSED)
def test_addresses_that_no_app_may_register(address):
    assert not redirects.is_allowed(address)


def test_only_the_loopback_interface_has_any_port():
    home = ["http://127.0.0.1/back", "http://[::1]:1/back"]
    for address in ("http://127.0.0.1:49152/back", "http://[::1]:5/back", "http://127.0.0.1/back"):
        assert redirects.matches(address, home)
    for address in (
        "http://127.0.0.1:49152/other",
        "http://localhost:49152/back",
        "http://127.0.0.1:49152/back?x=1",
        "http://127.0.0.1:999999/back",
        "http://127.0.0.1:1@evil.example/back",
        "https://127.0.0.1:5/back",
        "https://app.example.com:5/back",
    ):
        assert not redirects.matches(address, [*home, BACK])


def test_nobody_grants_an_app_more_than_he_may_himself(tenant):
    helper = Actor(kind="user", id=OPERATOR.id, grants={"ticket:read": Reach.ALL})
    with pytest.raises(Invalid) as error, transaction():
        service.register_client(
            **(GOOD | {"scopes": ["ticket:read", "ticket:write"], "actor": helper})
        )
    assert fields_of(error) == {"scopes"}
    with transaction():
        client, _ = service.register_client(**(GOOD | {"actor": helper}))
    with pytest.raises(Invalid), transaction():
        service.set_client_grant(client.id, ["ticket:write"], actor=helper)
    boss = replace(helper, grants={"role:write": Reach.ALL})
    with transaction():
        service.set_client_grant(client.id, ["ticket:write"], actor=boss)
    assert service.get_client(client.id).scopes == ["ticket:write"]


def test_a_secret_is_shown_once_and_kept_as_a_hash(tenant):
    with transaction():
        client, secret = service.register_client(**GOOD)
        public, none = service.register_client(**(GOOD | {"confidential": False}))
    assert secret.startswith(f"pd_{tenant.slug}_cs_")
    assert none == ""
    assert not public.confidential
    assert client.secret_hash not in {None, secret}
    assert secrets.fits(secret, secrets.CLIENT, client.secret_hash)
    with transaction():
        fresh = service.rotate_secret(client.id, actor=OPERATOR)
    assert not secrets.fits(secret, secrets.CLIENT, client.secret_hash)
    assert secrets.fits(fresh, secrets.CLIENT, client.secret_hash)
    with pytest.raises(Conflict), transaction():
        service.rotate_secret(public.id, actor=OPERATOR)


def test_a_plugins_permission_is_dead_while_it_is_off(office):
    robot = office.register(
        "Cases", grant_types=("client_credentials",), redirect_uris=(),
        scopes=[PLUGINS_OWN, "ticket:read"],
    )  # fmt: skip
    assert set(service.app_actor(service.get_client(robot.id)).grants) == {
        PLUGINS_OWN,
        "ticket:read",
    }
    token = office.own_token(robot)
    with transaction():
        tenancy.disable_plugin("complaints", actor=OPERATOR)
    assert office.works(token) == 200
    told = office.fresh().post(
        "/api/v1/oauth/introspect", data={"token": token}, headers=robot.basic
    )
    assert told.get_json()["scope"] == "ticket:read"
    wide = office.token(robot, "client_credentials", scope=PLUGINS_OWN)
    assert error_of(wide) == "invalid_scope"
    with pytest.raises(Invalid), transaction():
        service.set_client_grant(robot.id, [PLUGINS_OWN], actor=OPERATOR)


def test_an_app_without_a_living_scope_gets_no_token(office, robot):
    with transaction():
        service.set_client_grant(robot.id, ["contact:read"], actor=OPERATOR)
    assert (
        error_of(office.token(robot, "client_credentials", scope="ticket:read")) == "invalid_scope"
    )


def test_an_app_without_the_code_flow_cannot_ask_people(office, robot):
    answer = office.ask(robot)
    assert answer.status_code == 400, "it has no address to be told at"
    both = office.register("Both", grant_types=("client_credentials", "authorization_code"))
    assert office.ask(both).status_code == 200
    plain = office.register("Plain", grant_types=("client_credentials",))
    assert sent_back(office.ask(plain))["error"] == "unauthorized_client"


def test_a_removed_app_is_gone_and_its_name_stays_readable(office, points):
    office.tokens(points)
    with transaction():
        service.remove_client(points.id, actor=OPERATOR)
    assert [client.name for client in service.list_clients()] == []
    assert service.grants_of(office.user.id) == []
    with pytest.raises(NotFound):
        service.get_client(points.id)
    assert service.names_of([points.id]) == {points.id: "Points"}
    assert (
        service.app_actor(db.session.get(OAuthClient, (office.tenant.id, points.id))).grants == {}
    )


def test_every_act_is_a_fact_without_a_secret(office, points):
    office.tokens(points)
    with transaction():
        service.set_client_grant(points.id, ["ticket:read"], actor=OPERATOR)
        service.set_client_state(points.id, "disabled", actor=OPERATOR)
        service.set_client_state(points.id, "disabled", actor=OPERATOR)
        service.rotate_secret(points.id, actor=OPERATOR)
        (grant,) = service.grants_of(office.user.id)
        service.revoke_grant(grant.id, actor=SYSTEM)
        service.revoke_grant(grant.id, actor=SYSTEM)
        service.remove_client(points.id, actor=OPERATOR)
    rows = db.session.query(EventRow).order_by(EventRow.id)
    told = [row for row in rows if row.type.startswith(("client.", "grant."))]
    assert [row.type for row in told] == [
        "client.registered", "grant.given", "client.signed_in", "client.grant_changed",
        "client.state_changed", "client.secret_rotated", "grant.revoked", "client.removed",
    ]  # fmt: skip
    assert "pd_" not in json.dumps([row.payload for row in told])
    assert "https://" not in json.dumps([row.payload for row in told])


def test_an_operator_registers_an_app_by_command(tenant):
    made = clients_create(
        tenant.slug, "Bridge", "ticket:read", addresses=(BACK,),
        grant_types=("authorization_code",), public=False,
    )  # fmt: skip
    public, secret = made
    client = service.find_client(public)
    assert client is not None
    assert secrets.fits(secret, secrets.CLIENT, client.secret_hash)
    with pytest.raises(NotFound):
        clients_create("nowhere", "B", "ticket:read", addresses=(), grant_types=(), public=True)
