"""An app's life: installed with its rights, switched, set, updated, removed; and what it may do meanwhile."""

from __future__ import annotations

import json
import threading

import pytest
import sqlalchemy as sa
from standardwebhooks import Webhook

from core.actors import OPERATOR, Actor, Reach
from core.apps import calls, service
from core.clock import uuid7
from core.db import clear_session, db, transaction
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.events import EventRow
from core.jobs import drain
from core.oauth import service as clients
from core.panels import draw_panel, find_panel, panels
from core.plugins import PluginFailure
from core.tenancy import as_tenant
from core.tickets import service as tickets
from core.webhooks import service as webhooks
from tests.apps.conftest import BODY, manifest
from tests.conftest import client_at


def said(*kinds):
    clear_session()
    rows = db.session.scalars(sa.select(EventRow).order_by(EventRow.id)).all()
    return [row for row in rows if row.type in kinds]


def switch(*, on):
    with transaction():
        (service.enable if on else service.disable)("parrot", actor=OPERATOR)
    clear_session()


def test_installing_gives_rights_and_keys_once(parrot):
    app = service.get_app("parrot")
    client = clients.get_client(app.row.client_id)
    endpoint = webhooks.get_endpoint(app.row.endpoint_id)
    assert app.on
    assert client.scopes == BODY["scopes"]
    assert (endpoint.events, endpoint.owner) == (["ticket.opened"], "app:parrot")
    assert endpoint.url.endswith("/events")
    assert parrot.client_id == clients.public_id(client)
    assert parrot.webhook_secret.startswith("whsec_")
    stored = json.dumps([app.row.manifest, client.secret_hash, endpoint.secret])
    assert parrot.client_secret not in stored
    assert parrot.webhook_secret not in stored
    (fact,) = said("app.installed")
    assert fact.payload["scopes"] == BODY["scopes"]


def test_a_name_is_installed_once(parrot):
    with transaction(), pytest.raises(Conflict):
        service.install(manifest(), actor=OPERATOR)
    assert len(service.list_apps()) == 1


def test_nobody_grants_what_he_may_not_himself(tenant, loopback):
    small = Actor(kind="user", grants={"plugin:write": Reach.ALL, "ticket:read": Reach.ALL})
    with transaction(), pytest.raises(Invalid, match="not_yours"):
        service.install(manifest(), actor=small)
    modest = manifest(scopes=["ticket:read"], events=[], actions=[])
    with transaction():
        service.install(modest, actor=small)
    assert [app.manifest.name for app in service.list_apps()] == ["parrot"]


def test_its_token_writes_as_the_app_and_dies_with_the_switch(parrot, ticket, app, tenant):
    client = client_at(app, tenant)

    def ask_token():
        form = {"grant_type": "client_credentials", "client_id": parrot.client_id,
                "client_secret": parrot.client_secret}  # fmt: skip
        return client.post("/api/v1/oauth/token", data=form)

    token = ask_token().get_json()["access_token"]
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "k1"}
    note = {"body": "Polly", "visibility": "internal"}
    address = f"/api/v1/tickets/{ticket}/messages"
    assert client.post(address, json=note, headers=headers).status_code == 201
    (posted,) = said("message.posted")[-1:]
    assert posted.actor_kind == "app"
    switch(on=False)
    assert client.post(address, json=note, headers=headers).status_code == 401
    assert ask_token().status_code in {400, 401}
    switch(on=True)
    assert ask_token().status_code == 200


def test_events_come_signed_and_only_while_it_is_on(parrot, receiver, agent):
    def open_one():
        with transaction():
            new = tickets.NewTicket(type="problem", subject="x", description="y",
                                    team_id=next(iter(agent.team_ids)))  # fmt: skip
            made = tickets.open_ticket(new, actor=agent).id
        drain()
        return made

    first = open_one()
    ((path, headers, body),) = receiver.seen
    told = Webhook(parrot.webhook_secret).verify(body.decode(), headers)
    assert (path, told["type"], told["data"]["subject_id"]) == (
        "/events", "ticket.opened", str(first),
    )  # fmt: skip
    switch(on=False)
    open_one()
    assert len(receiver.seen) == 1
    switch(on=True)
    drain()
    assert len(receiver.seen) == 1  # no backfill
    third = open_one()
    assert json.loads(receiver.seen[-1][2])["data"]["subject_id"] == str(third)


# --- panels


def answer(receiver, told, status=200):
    receiver.say(status, body=json.dumps(told).encode() if not isinstance(told, bytes) else told)


def load(ticket, agent):
    return lambda: tickets.get_ticket(ticket, actor=agent)


def test_a_panel_is_asked_signed_and_drawn_from_blocks(parrot, receiver, ticket, agent):
    answer(receiver, {"blocks": [{"kind": "rows", "items": [["Points", 12]]}]})
    (panel,) = [p for p in panels("ticket", agent) if p.name.startswith("app-")]
    assert panel.name == "app-parrot.echo"
    drawn = draw_panel(panel.name, load(ticket, agent), agent)
    assert not drawn.failed
    assert drawn.blocks[0].items == (({"zh-CN": "Points"}, 12),)
    ((path, headers, body),) = receiver.seen
    told = Webhook(parrot.webhook_secret).verify(body.decode(), headers)
    assert (path, told["type"]) == ("/panels/echo", "panel")
    data = told["data"]
    assert (data["name"], data["locale"], data["settings"]) == ("echo", "zh-CN", {"volume": 3})
    assert data["ticket"]["id"] == str(ticket)
    assert data["ticket"]["number"]
    contact = data["ticket"]["contact"]
    assert (contact["external_source"], contact["external_id"]) == ("shop", "C-17")
    assert "Lin" not in body.decode()
    assert "example.org" not in body.decode()


BAD = (
    b"<b>hello</b>",
    b"",
    [],
    {"html": "<b>"},
    {"blocks": [{"kind": "html", "value": "<b>"}]},
    {"blocks": [{"kind": "text"}]},
    {"blocks": [{"kind": "text", "value": {"a": 1}}]},
    {"blocks": [{"kind": "text", "value": "x", "url": "https://a.example"}]},
    {"blocks": [{"kind": "link", "label": "x", "url": "javascript:alert(1)"}]},
    {"blocks": [{"kind": "link", "label": "x", "url": "/desk/"}]},
    {"blocks": [{"kind": "actions", "items": [["x", "http://a.example"]]}]},
    {"blocks": [{"kind": "progress", "label": "x", "value": 7}]},
    {"blocks": [{"kind": "status", "label": "x", "value": "happy"}]},
    {"blocks": [{"kind": "rows", "items": [["x"]]}]},
    {"blocks": [{"kind": "rows", "items": []}]},
    {"blocks": [{"kind": "table", "value": [], "items": [["x"]]}]},
    {"blocks": [{"kind": "rows", "items": [["x", 1]] * 51}]},
    {"blocks": [{"kind": "text", "value": "x"}] * 21},
    {"blocks": [{"kind": "text", "value": "x" * 2001}]},
    {"blocks": [{"kind": "text", "value": "a\u0000b"}]},
)


@pytest.mark.parametrize("told", BAD, ids=range(len(BAD)))
def test_an_answer_that_does_not_fit_is_a_failure_of_the_app(parrot, receiver, ticket, agent, told):
    answer(receiver, told)
    assert draw_panel("app-parrot.echo", load(ticket, agent), agent).failed
    clear_session()
    noted = db.session.scalars(sa.select(PluginFailure)).all()
    assert [row.plugin for row in noted] == ["app:parrot"]
    answer(receiver, {"blocks": GOOD})
    drawn = draw_panel("app-parrot.echo", load(ticket, agent), agent)
    assert [block.kind for block in drawn.blocks] == [each["kind"] for each in GOOD]


GOOD = [
    {"kind": "rows", "items": [[{"zh-CN": "等级", "en": "Level"}, "Gold"], ["Since", 2024]]},
    {"kind": "text", "value": "<b>not markup</b>"},
    {"kind": "text", "label": "Note", "value": "two\nlines"},
    {"kind": "progress", "label": "To the next level", "value": 0.4},
    {"kind": "status", "label": "Account", "value": "open"},
    {"kind": "link", "label": "Account", "url": "https://loyalty.example.com/c/17"},
    {"kind": "actions", "items": [["Open", "https://loyalty.example.com/c/17"]]},
    {"kind": "table", "value": ["Day", "Points"], "items": [["2026-01-02", 5]]},
]


@pytest.mark.parametrize("status", [204, 302, 404, 500])
def test_a_panel_answers_200_or_has_failed(parrot, receiver, ticket, agent, status):
    answer(receiver, b"", status)
    assert draw_panel("app-parrot.echo", load(ticket, agent), agent).failed


def test_a_slow_app_costs_its_own_box_alone(parrot, receiver, ticket, agent, monkeypatch):
    monkeypatch.setattr(calls, "PANEL_SECONDS", 0.2)
    gate = threading.Event()
    receiver.during = lambda: gate.wait(3)
    assert draw_panel("app-parrot.echo", load(ticket, agent), agent).failed
    gate.set()
    receiver.during = None
    answer(receiver, {"blocks": []})
    assert not draw_panel("app-parrot.echo", load(ticket, agent), agent).failed


def test_off_means_no_panel_and_no_button(parrot, receiver, ticket, agent):
    found = tickets.get_ticket(ticket, actor=agent)
    assert [str(b.url).rsplit("/", 2)[1:] for b in calls.buttons(found)] == [["parrot", "say"]]
    switch(on=False)
    assert calls.buttons(found) == []
    assert [p for p in panels("ticket", agent) if p.name.startswith("app-")] == []
    with pytest.raises(NotFound):
        find_panel("app-parrot.echo")
    switch(on=True)
    assert find_panel("app-parrot.echo")[0] == "app:parrot"


# --- actions


def run(ticket, agent, key="key-1", **answers):
    clear_session()
    return calls.run_action("parrot", "say", ticket, answers, actor=agent, key=key)


def test_an_action_asks_the_app_and_is_recorded(parrot, receiver, ticket, agent):
    answer(receiver, {"message": {"zh-CN": "好", "en": "Fine"}, "blocks": GOOD[:1]})
    outcome = run(ticket, agent, words="Hello", on="2026-05-01")
    assert outcome.message == {"zh-CN": "好", "en": "Fine"}
    assert len(outcome.blocks) == 1
    ((path, headers, body),) = receiver.seen
    told = Webhook(parrot.webhook_secret).verify(body.decode(), headers)
    assert (path, headers["webhook-id"]) == ("/actions/say", "key-1")
    assert told["data"]["answers"] == {"words": "Hello", "on": "2026-05-01"}
    (fact,) = said("app.action_run")
    assert (fact.subject_id, fact.payload) == (ticket, {"app": "parrot", "action": "say"})
    assert fact.actor_id == agent.id


def test_an_action_that_fails_leaves_no_fact(parrot, receiver, ticket, agent):
    answer(receiver, b"", 500)
    with pytest.raises(calls.AppFailed):
        run(ticket, agent, words="Hello")
    assert said("app.action_run") == []
    answer(receiver, {"message": "ok"})
    run(ticket, agent, words="Hello")
    assert len(said("app.action_run")) == 1


def test_an_action_checks_its_form_its_right_and_its_ticket(parrot, receiver, ticket, agent):
    with pytest.raises(Invalid):
        run(ticket, agent)
    with pytest.raises(NotFound):
        calls.run_action("parrot", "fly", ticket, {"words": "x"}, actor=agent, key="k")
    own = {"ticket:read": Reach.OWN, "ticket:write": Reach.OWN}
    far = Actor(kind="user", id=uuid7(), grants=own)
    with pytest.raises(NotFound):
        run(ticket, far, words="Hello")
    reader = Actor(kind="user", id=agent.id, grants={"ticket:read": Reach.ALL})
    with pytest.raises(Forbidden):
        run(ticket, reader, words="Hello")
    assert receiver.seen == []
    answer(receiver, {"message": "ok"})
    assert run(ticket, agent, words="Hello").message == {"zh-CN": "ok"}


# --- settings, update, keys, removal


def test_settings_are_checked_kept_and_sent(parrot, receiver, ticket, agent):
    with transaction(), pytest.raises(Invalid):
        service.save_settings("parrot", {"volume": 11}, actor=OPERATOR)
    with transaction():
        service.save_settings("parrot", {"volume": 7}, actor=OPERATOR)
    (fact,) = said("app.configured")
    assert fact.payload == {"app": "parrot", "fields": ["volume"]}
    answer(receiver, {"blocks": []})
    draw_panel("app-parrot.echo", load(ticket, agent), agent)
    assert json.loads(receiver.seen[-1][2])["data"]["settings"] == {"volume": 7}


def test_a_newer_manifest_keeps_keys_and_settings_and_moves_the_rights(parrot, receiver):
    before = service.get_app("parrot").row.client_id
    with transaction():
        service.save_settings("parrot", {"volume": 7}, actor=OPERATOR)
        newer = manifest(version="1.1.0", scopes=["ticket:read", "event:read"], actions=[],
                         base_url="https://parrot.example.com")  # fmt: skip
        service.update(newer, actor=OPERATOR)
    app = service.get_app("parrot")
    assert (app.row.client_id, app.manifest.version) == (before, "1.1.0")
    assert clients.get_client(before).scopes == ["ticket:read", "event:read"]
    assert webhooks.get_endpoint(app.row.endpoint_id).url == "https://parrot.example.com/events"
    assert service.settings_of(app) == {"volume": 7}


def test_new_keys_replace_the_old_ones(parrot):
    with transaction():
        keys = service.rotate("parrot", actor=OPERATOR)
    endpoint = webhooks.get_endpoint(service.get_app("parrot").row.endpoint_id)
    assert webhooks.secrets_of(endpoint) == [keys.webhook_secret, parrot.webhook_secret]
    assert keys.client_id == parrot.client_id
    assert keys.client_secret != parrot.client_secret


def test_removed_and_installed_again_begins_anew(parrot, receiver):
    old = service.get_app("parrot").row.client_id
    with transaction():
        service.save_settings("parrot", {"volume": 7}, actor=OPERATOR)
        service.uninstall("parrot", actor=OPERATOR)
    assert service.list_apps() == []
    with pytest.raises(NotFound):
        clients.get_client(old)
    with transaction():
        _, keys = service.install(manifest(), actor=OPERATOR)
    app = service.get_app("parrot")
    assert keys.client_id != parrot.client_id
    assert service.settings_of(app) == {"volume": 3}


def test_another_tenant_sees_nothing_of_it(make_tenant, loopback):
    mine, theirs = make_tenant(), make_tenant()
    with as_tenant(mine), transaction():
        service.install(manifest(), actor=OPERATOR)
    with as_tenant(theirs):
        assert service.list_apps() == []
        with pytest.raises(NotFound):
            service.get_app("parrot")
    with as_tenant(mine):
        assert [app.manifest.name for app in service.list_apps()] == ["parrot"]
