"""Every route, every stranger: generated from the URL map, each refusal with its positive control.

The control comes first: the rightful actor truly gets 2xx, or a page's 303, and then the same address with the same
body is asked by strangers. What a room's routes take: tests/<room>/world.py (tests/habits/rooms.py).
"""

from __future__ import annotations

import pytest

from core.actors import OPERATOR
from core.db import transaction
from tenants import service as tenancy
from tests.habits import rooms
from tests.habits.asking import FAR, FOREIGN, NOBODY, WITHOUT, ask_all, rightful
from tests.habits.routes import routes
from tests.habits.world import World

# One worker asks everything once; the refusals are asked of its answers.
pytestmark = pytest.mark.xdist_group("strangers")


@pytest.fixture(scope="module")
def calls(whole, theirs):
    """Every route with the request that its rightful actor made, after strangers had made it."""
    return ask_all(routes(whole), lambda: World(whole), theirs)


def report(capsys, what, asked, cases):
    with capsys.disabled():
        print(f"\n  {what}: {asked} routes, {cases} cases, 0 skipped", end="")  # noqa: T201
    assert cases > 0


def test_every_route_lets_its_rightful_actor_in(calls, capsys):
    closed = rooms.gathered("CLOSED")
    shut = [str(call) for call in calls if not call.let_in and call.route.endpoint not in closed]
    report(capsys, "rightful actors", len(calls), len(calls))
    assert not shut, "\n".join(shut)
    assert not closed & {call.route.endpoint for call in calls if call.let_in}, "no longer closed"


@pytest.mark.parametrize("what", [NOBODY, WITHOUT, FOREIGN, FAR])
def test_strangers_are_refused_what_the_rightful_actor_may(calls, capsys, what):
    """Not signed in 401 (a page to read leads to its door, 303), no right 403, foreign or out of reach 404."""
    asked = [call for call in calls if any(who.startswith(what) for who in call.refused)]
    cases = sum(who.startswith(what) for call in asked for who in call.refused)
    report(capsys, what, len(asked), cases)
    wrong = [words for call in asked for words in call.wrong(what)]
    assert not wrong, "\n".join(wrong)


def test_plugin_off_404(whole, calls, capsys):
    plugins = whole.extensions["polydesk_plugins"][1].plugins
    asked = [
        call
        for call in calls
        if call.let_in and call.route.owner and not plugins[call.route.owner].always_on
    ]
    owners = {call.route.owner for call in asked}
    switched = [name for name in plugins if name in owners]
    worlds = list({id(call.world): call.world for call in asked}.values())
    for world in worlds:
        switch(whole, world, tenancy.disable_plugin, reversed(switched))
    there = [
        f"{call.route}: {status}"
        for call in asked
        if (status := call.by(rightful(call.route, call.world)).status_code) != 404
    ]
    for world in worlds:
        switch(whole, world, tenancy.enable_plugin, switched)
    report(capsys, "plugin off", len(asked), len(asked))
    assert not there, "\n".join(there)


def switch(app, world, how, names):
    """Switch plugins of a world off or on."""
    with app.app_context(), world.inside():
        for name in names:
            with transaction():
                how(name, actor=OPERATOR)


def test_a_parameter_without_a_real_value_would_be_noticed(whole, mine):
    for route in routes(whole):
        for name in route.parameters:
            assert route.value(mine, name), f"{route}: {name}"
    with pytest.raises(KeyError):
        next(iter(routes(whole))).value(mine, "nothing_id")
