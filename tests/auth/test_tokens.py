"""Bearer tokens: bound to their tenant, no wider than their user, shown once."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from core import clock
from core.actors import OPERATOR
from core.auth import roles, service, tokens
from core.auth.declared import tokens_create, users_create
from core.auth.models import ApiToken
from core.clock import now
from core.db import db, transaction
from core.errors import Forbidden, Invalid, NotSignedIn
from core.events import EventRow
from core.tenancy import as_tenant
from tenants.service import set_state
from tests.auth.people import hire

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask
    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

    from core.tenancy import Tenant

URL = "/api/v1/contacts"


def token_of(email: str, *scopes: str) -> str:
    with transaction():
        user = service.find_user(email)
        return tokens.create_token(user.id, "test", scopes, actor=OPERATOR)[1]


def ask(client: FlaskClient, token: str, **options: str) -> TestResponse:
    return client.get(URL, headers={"Authorization": f"Bearer {token}"}, **options)


def test_a_token_of_one_tenant_is_nobody_at_another(
    app: Flask, make_tenant: Callable[..., Tenant]
) -> None:
    first, second = make_tenant(), make_tenant()
    with as_tenant(first):
        hire("lan@jinlan.example", "agent")
        token = token_of("lan@jinlan.example", "contact:read")
    client = app.test_client()
    hosts = {tenant.slug: f"http://{tenant.slug}.localhost" for tenant in (first, second)}
    assert ask(client, token, base_url=hosts[first.slug]).status_code == 200
    refused = ask(client, token, base_url=hosts[second.slug])
    assert refused.status_code == 401
    assert refused.get_json()["code"] == "not-signed-in"
    assert ask(client, token, base_url="http://localhost").status_code == 200, (
        "the apex enters by the token"
    )
    forged = token.replace(first.slug, second.slug)
    assert ask(client, forged, base_url=hosts[second.slug]).status_code == 401
    assert ask(client, forged, base_url="http://localhost").status_code == 401
    assert ask(client, "pd_nowhere_" + token[-72:], base_url="http://localhost").status_code in {
        401,
        404,
    }


def test_a_cookie_of_one_tenant_is_nobody_at_another(
    app: Flask, make_tenant: Callable[..., Tenant]
) -> None:
    secrets = {}
    pair = make_tenant(), make_tenant()
    for tenant in pair:
        with as_tenant(tenant):
            hire("lan@jinlan.example", "agent")
            from_here = app.test_client()
            from_here.environ_base["HTTP_HOST"] = f"{tenant.slug}.localhost"
            page = from_here.get("/sign-in").get_data(as_text=True)
            form = page.split('name="csrf_token" value="')[1].split('"')[0]
            fields = {
                "csrf_token": form,
                "email": "lan@jinlan.example",
                "password": "ein langes Wort",
            }
            assert from_here.post("/sign-in", data=fields).status_code == 303
            secrets[tenant.slug] = from_here.get_cookie(
                "pd", domain=f"{tenant.slug}.localhost"
            ).value
    client = app.test_client()
    here, there = pair
    client.set_cookie("pd", secrets[there.slug], domain=f"{here.slug}.localhost")
    assert client.get("/account", base_url=f"http://{here.slug}.localhost").status_code == 303
    client.set_cookie("pd", secrets[here.slug], domain=f"{here.slug}.localhost")
    assert client.get("/account", base_url=f"http://{here.slug}.localhost").status_code == 200


def test_the_api_takes_no_cookie_and_needs_no_form_token(client: FlaskClient) -> None:
    hire("lan@jinlan.example", "agent")
    page = client.get("/sign-in").get_data(as_text=True)
    form = page.split('name="csrf_token" value="')[1].split('"')[0]
    client.post(
        "/sign-in",
        data={"csrf_token": form, "email": "lan@jinlan.example", "password": "ein langes Wort"},
    )
    assert client.get("/account").status_code == 200
    assert client.get(URL).status_code == 401
    token = token_of("lan@jinlan.example", "contact:write")
    body = {"display_name": "王芳"}
    assert client.post(URL, json=body).status_code == 401
    assert (
        client.post(URL, json=body, headers={"Authorization": f"Bearer {token}"}).status_code == 201
    )


def test_scopes_are_cut_to_what_the_user_may(client: FlaskClient) -> None:
    hire("audit@jinlan.example", "auditor")
    token = token_of("audit@jinlan.example", "contact:read", "contact:write")
    bearer = {"Authorization": f"Bearer {token}"}
    assert client.get(URL, headers=bearer).status_code == 200
    assert client.post(URL, json={"display_name": "王芳"}, headers=bearer).status_code == 403
    with transaction():
        roles.give_role(service.find_user("audit@jinlan.example").id, "agent", actor=OPERATOR)
    assert client.post(URL, json={"display_name": "王芳"}, headers=bearer).status_code == 201
    narrow = token_of("audit@jinlan.example", "contact:read")
    bearer = {"Authorization": f"Bearer {narrow}"}
    assert client.post(URL, json={"display_name": "王芳"}, headers=bearer).status_code == 403


def test_a_tenant_that_is_gone_answers_nowhere(client: FlaskClient) -> None:
    hire("lan@jinlan.example", "admin")
    token = token_of("lan@jinlan.example", "contact:read")
    apex = {"base_url": "http://localhost", "headers": {"Authorization": f"Bearer {token}"}}
    assert (client.get("/").status_code, client.get(URL, **apex).status_code) == (200, 200)
    with transaction():
        set_state("gone", actor=OPERATOR)
    assert client.get("/").status_code == 404
    assert client.get(URL, **apex).status_code in {401, 404}


def test_dead_tokens_are_dead_at_once(client: FlaskClient) -> None:
    hire("admin@jinlan.example", "admin")
    user_id = hire("lan@jinlan.example", "agent").id
    token = token_of("lan@jinlan.example", "contact:read")
    assert ask(client, token).status_code == 200
    with transaction():
        service.suspend_user(user_id, actor=OPERATOR)
    assert ask(client, token).status_code == 401
    with transaction():
        service.reinstate_user(user_id, actor=OPERATOR)
    assert ask(client, token).status_code == 200
    with transaction():
        tokens.revoke_token(tokens.list_tokens(user_id)[0].id, actor=OPERATOR)
    assert ask(client, token).status_code == 401

    with clock.virtual(now()) as time:
        with transaction():
            ends = now() + timedelta(days=1)
            _, brief = tokens.create_token(
                user_id, "brief", ["contact:read"], expires_at=ends, actor=OPERATOR
            )
        assert ask(client, brief).status_code == 200
        time.advance(timedelta(days=1))
        assert ask(client, brief).status_code == 401


def test_the_table_and_the_events_never_hold_the_token(tenant: Tenant) -> None:
    hire("lan@jinlan.example", "agent")
    token = token_of("lan@jinlan.example", "contact:read")
    assert token.startswith(f"pd_{tenant.slug}_")
    row = db.session.scalars(sa.select(ApiToken)).one()
    secret = token.rpartition("_")[2]
    assert row.secret_hash not in token
    assert secret[:64] not in {row.secret_hash, row.name, str(row.scopes)}
    facts = " ".join(db.session.scalars(sa.select(EventRow.data)))
    assert "token_id" in facts
    assert secret[:16] not in facts


def test_scopes_must_exist_and_be_given(tenant: Tenant) -> None:
    user = hire("lan@jinlan.example", "agent")
    for scopes in ([], ["contact:fly"], ["contact:*"]):
        with pytest.raises(Invalid) as refused, transaction():
            tokens.create_token(user.id, "bad", scopes, actor=OPERATOR)
        assert refused.value.problems[0].field == "scopes"
    assert tokens.list_tokens() == []


def test_nobody_makes_a_token_of_somebody_else(tenant: Tenant) -> None:
    admin, agent = hire("admin@jinlan.example", "admin"), hire("lan@jinlan.example", "agent")
    actor = service.actor_for(agent)
    with pytest.raises(Forbidden), transaction():
        tokens.create_token(admin.id, "mine now", ["role:write"], actor=actor)
    with transaction():
        tokens.create_token(agent.id, "my own", ["contact:read"], actor=actor)
    assert [row.name for row in tokens.list_tokens()] == ["my own"]


def test_mistyped_tokens_are_refused(tenant: Tenant) -> None:
    hire("lan@jinlan.example", "agent")
    token = token_of("lan@jinlan.example", "contact:read")
    assert tokens.authenticate(f"Bearer {token}").name == "lan"
    for wrong in (
        "",
        "Basic abc",
        "Bearer",
        f"Bearer {token}x",
        f"Bearer {token[:-1]}",
        token,
        f"Bearer {token.upper()}",
    ):
        with pytest.raises(NotSignedIn):
            tokens.authenticate(wrong)


def test_the_commands(make_tenant: Callable[..., Tenant]) -> None:
    tenant = make_tenant()
    assert "ops@jinlan.example" in users_create(
        tenant.slug, "ops@jinlan.example", "Ops", "", ("agent", "auditor")
    )
    token = tokens_create(tenant.slug, "ops@jinlan.example", "ticket:read ticket:write", "script")
    with as_tenant(tenant):
        actor = tokens.authenticate(f"Bearer {token}")
        assert set(actor.grants) == {"ticket:read", "ticket:write"}
        assert {role.name for role in roles.roles_of(actor.id)} == {"agent", "auditor"}
