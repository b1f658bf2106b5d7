"""Each hook: what it declares or answers when all is well, and what a failure does, as the table in hookspecs says."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import sqlalchemy as sa
from flask import Request, current_app
from werkzeug.test import EnvironBuilder

from core import hookspecs, panels
from core.actors import OPERATOR, Actor, Reach
from core.catalog import SHELVES, load
from core.db import db, transaction
from core.errors import PluginUnavailable, StartupError
from core.plugins import (
    DEGRADE_AFTER,
    PluginFailure,
    TenantPlugin,
    ask,
    catalog,
    first,
    offered,
    tell,
)
from core.tenancy import _tenant, find_tenant
from tenants import service
from tests.dummy import hooks as dummy
from tests.dummy.hooks import mood

HOOKS = [n for n, v in vars(hookspecs).items() if callable(v) and hasattr(v, "polydesk_spec")]
DECLARING = [name for name in HOOKS if name.startswith("register_") and name != "register_commands"]
MOMENTS = [name for name in HOOKS if not name.startswith("register_")]
TENANTLESS = {"resolve_tenant"}
TOLD = {"on_enable", "on_disable", "on_upgrade", "seed_demo"}
ACTOR = Actor(kind="user", name="Mei", grants={"dummy.nod:read": Reach.ALL})
ARGUMENTS = {
    "request": Request(EnvironBuilder(path="/desk/").get_environ()),
    "actor": ACTOR,
    "ticket": SimpleNamespace(id=1),
    "contact": SimpleNamespace(id=1),
    "changes": {},
    "tenant": None,
    "old_version": "0.9",
    "clock": None,
}


def _arguments(hook):
    return {
        name: ARGUMENTS[name]
        for name in getattr(hookspecs, hook).__annotations__
        if name != "return"
    }


def _call(hook):
    if hook == "authenticate":  # core's own answer reads the request's cookies
        with current_app.test_request_context("/desk/"):
            return first(hook, **_arguments(hook))
    arguments = _arguments(hook)
    if hook in TOLD:
        return tell("dummy", hook, **arguments)
    if getattr(hookspecs, hook).polydesk_spec["firstresult"]:
        return first(hook, **arguments)
    return ask(hook, **arguments)


def test_the_dummy_fills_every_hook():
    assert [name for name in HOOKS if not hasattr(dummy, name)] == []


@pytest.mark.parametrize("hook", DECLARING)
def test_what_is_declared_is_kept_with_its_owner(nodding, hook):
    names = {"event": "dummy.nodded"}
    found = catalog()
    answer = getattr(dummy, hook)()
    assert answer, hook
    if hook in {"register_blueprints", "register_api"}:
        assert current_app.extensions["polydesk_owners"][answer[0].name] == "dummy"
    elif hook == "register_settings":
        assert found.settings["dummy"] is answer[0]
    elif hook == "register_portal_pages":
        assert found.shelf("portal_page")["dummy.nod"].tile == "check"
    else:
        kind = SHELVES[hook]
        name = names.get(kind) or answer[0].name
        assert found.owner(kind, name) == "dummy"
        assert name in offered(kind)


@pytest.mark.parametrize("hook", DECLARING)
@pytest.mark.parametrize("does", ["wrong", "raise"])
def test_nonsense_at_the_start_stops_it_and_is_named(hook, does):
    mood.hook, mood.does = hook, does
    try:
        with pytest.raises(
            (StartupError, ValueError), match=hook if does == "raise" else f"dummy.{hook}"
        ):
            load([dummy])
    finally:
        mood.hook, mood.does = "", ""
    load([dummy])


@pytest.mark.parametrize("hook", [h for h in MOMENTS if h not in TENANTLESS])
def test_a_moment_reaches_the_plugin_that_is_on_and_not_another_tenant(nodding, hook, dummy_app):
    _call(hook)
    assert hook in mood.seen


@pytest.mark.parametrize("hook", [h for h in MOMENTS if h not in TENANTLESS])
@pytest.mark.parametrize("does", ["raise", "wrong"])
def test_a_failure_is_closed_or_open_as_the_table_says(nodding, hook, does):
    mood.hook, mood.does = hook, does
    if hook in hookspecs.FAIL_CLOSED:
        with pytest.raises(PluginUnavailable) as caught:
            _call(hook)
        assert caught.value.data == {"plugin": "dummy", "hook": hook}
    else:
        assert _call(hook) in (None, [])
    rows = db.session.execute(sa.select(PluginFailure.plugin, PluginFailure.hook)).all()
    assert rows == [("dummy", hook)]
    mood.hook = ""
    mood.seen.clear()
    _call(hook)
    assert mood.seen == [hook]


def test_a_tenantless_moment_is_for_always_on_plugins_only(dummy_app):
    with dummy_app.app_context():
        mood.seen.clear()
        request = Request(EnvironBuilder(base_url="http://nowhere.localhost").get_environ())
        assert first("resolve_tenant", request=request) is None
        assert mood.seen == []


def test_a_plugin_that_is_off_is_asked_only_where_privacy_wants_it(nodding):
    with transaction():
        service.disable_plugin("dummy", actor=OPERATOR)
    fresh = find_tenant(nodding.slug)
    mood.seen.clear()
    _leave_and_enter(fresh, lambda: [_call(h) for h in MOMENTS if h not in TENANTLESS | TOLD])
    assert set(mood.seen) == hookspecs.ASKED_WHEN_OFF


def _leave_and_enter(tenant, call):
    """Run `call` as the tenant's next request would: with its fresh config_version."""
    token = _tenant.set(tenant)
    try:
        call()
    finally:
        _tenant.reset(token)


def test_ten_failures_in_five_minutes_degrade_the_plugin_for_this_tenant_alone(nodding, dummy_app):
    mood.hook, mood.does = "nav_items", "raise"
    for _ in range(DEGRADE_AFTER):
        ask("nav_items", actor=ACTOR)
    row = db.session.get(TenantPlugin, (nodding.id, "dummy"))
    assert row.degraded_at is not None
    fresh = find_tenant(nodding.slug)
    mood.hook = ""
    mood.seen.clear()
    _leave_and_enter(
        fresh,
        lambda: (
            ask("nav_items", actor=ACTOR),
            ask("validate_ticket", **_arguments("validate_ticket")),
        ),
    )
    assert mood.seen == ["validate_ticket"]
    assert fresh.config_version > nodding.config_version


def test_a_panel_shows_its_blocks_and_one_that_fails_or_hangs_is_cut_at_three_seconds(nodding):
    drawn = panels.draw_panel("dummy.nods", lambda: None, ACTOR)
    assert [block.value for block in drawn.blocks] == ["nodded"]
    assert [panel.name for panel in panels.panels("ticket", ACTOR)] == ["dummy.nods"]
    assert panels.panels("ticket", Actor(kind="user")) == []
    for does in ("raise", "wrong", "hang"):
        mood.hook, mood.does = "panel", does
        assert panels.draw_panel("dummy.nods", lambda: None, ACTOR) == panels.Drawn(failed=True)
    rows = db.session.scalars(sa.select(PluginFailure.hook)).all()
    assert rows == ["dummy.nods"] * 3


def test_a_card_answers_alike(nodding):
    assert [block.value for block in panels.draw_card("dummy.card", ACTOR).blocks] == ["nodded"]
    mood.hook, mood.does = "card", "raise"
    assert panels.draw_card("dummy.card", ACTOR).failed
    assert [card.name for card in panels.cards() if card.name.startswith("dummy")] == ["dummy.card"]


def test_wrappers_duplicates_unknown_hooks_and_foreign_names_stop_the_start():
    def module(**parts):
        return SimpleNamespace(**({"plugin": dummy.Plugin("other", "o")} | parts))

    hookimpl = hookspecs.hookimpl
    cases = {
        "jump the queue": module(nav_items=hookimpl(tryfirst=True)(lambda actor: [])),
        "unknown hook": module(nav_itmes=hookimpl(lambda actor: [])),
        "begin with": module(register_guards=hookimpl(lambda: [dummy.Guard("dummy.awake", print)])),
        "wants core": module(plugin=dummy.Plugin("other", "o", requires_core=">=9")),
        "which is not there": module(plugin=dummy.Plugin("other", "o", requires=("nobody",))),
    }
    for words, bad in cases.items():
        with pytest.raises(StartupError, match=words):
            load([bad])
    with pytest.raises((StartupError, ValueError)):
        load([dummy, SimpleNamespace(plugin=dummy.plugin)])
    load([module(nav_items=hookimpl(lambda actor: []))])


def test_switching_on_what_is_on_says_nothing_again(nodding):
    with transaction():
        service.disable_plugin("dummy", actor=OPERATOR)
    mood.seen.clear()
    for _ in range(2):
        with transaction():
            service.enable_plugin("dummy", actor=OPERATOR)
            service.enable_plugin("dummy", actor=OPERATOR)
    assert mood.seen.count("on_enable") == 1
