"""Every route, every stranger: generated from the URL map, each refusal with its positive control."""

from __future__ import annotations

import pytest

from core.actors import OPERATOR
from core.db import transaction
from core.web import PUBLIC
from tenants import service as tenancy
from tests.habits.routes import OF_A_TICKET, SAFE, routes
from tests.habits.world import World

CLOSED = {401, 403, 404}


def ask(somebody, route, world, **foreign):
    return somebody.ask(
        route.method, route.path(world, **foreign), body=route.body(world)
    ).status_code


def refused(status):
    return status in CLOSED or status >= 500


def rightful(route, world):
    """Who may: staff, or the customer where a page is the customer's."""
    if route.rule.startswith("/my/<"):
        return world.customer()
    return world.nobody() if route.permission == PUBLIC else world.rightful(api=route.api)


def report(capsys, what, asked, cases):
    with capsys.disabled():
        print(f"\n  {what}: {asked} routes, {cases} cases, 0 skipped", end="")  # noqa: T201  the figure
    assert cases > 0


def test_every_route_lets_its_rightful_actor_in(whole, mine, capsys):
    worn = World(whole)
    closed = []
    asked = [route for route in routes(whole) if route.permission != PUBLIC or route.ids]
    for route in asked:
        status = ask(rightful(route, worn), route, worn)
        if refused(status):
            # A write before it may have taken away what it needs: once more in a fresh world.
            worn = World(whole)
            status = ask(rightful(route, worn), route, worn)
        if refused(status):
            closed.append(f"{route}: {status}")
    report(capsys, "rightful actors", len(asked), len(asked))
    assert not closed, "\n".join(closed)


def test_without_the_permission_403(whole, mine, capsys):
    asked = [route for route in routes(whole) if route.guarded]
    open_doors = [
        f"{route}: {status}"
        for route in asked
        if (status := ask(mine.without(route.permission, api=route.api), route, mine)) != 403
    ]
    report(capsys, "without permission", len(asked), len(asked))
    assert not open_doors, "\n".join(open_doors)


def test_not_signed_in(whole, mine, capsys):
    asked = [route for route in routes(whole) if route.permission != PUBLIC]
    wrong = []
    for route in asked:
        status = ask(mine.nobody(), route, mine)
        wanted = 303 if route.method in SAFE and not route.api else 401
        if status != wanted:
            wrong.append(f"{route}: {status}")
    report(capsys, "not signed in", len(asked), len(asked))
    assert not wrong, "\n".join(wrong)


def test_another_tenants_real_id_404(whole, mine, theirs, capsys):
    leaks, cases = [], 0
    asked = [route for route in routes(whole) if route.ids]
    for route in asked:
        for name in sorted(route.ids):
            cases += 1
            foreign = {name: route.value(theirs, name)}
            status = ask(rightful(route, mine), route, mine, **foreign)
            if status != 404:
                leaks.append(f"{route} with a foreign {name}: {status}")
    report(capsys, "another tenant's ids", len(asked), cases)
    assert not leaks, "\n".join(leaks)


def test_out_of_reach_404(whole, mine, capsys):
    asked = [
        route
        for route in routes(whole)
        if route.guarded
        and route.parameters & OF_A_TICKET
        and route.permission.startswith("ticket:")
    ]
    leaks = [
        f"{route}: {status}"
        for route in asked
        if (status := ask(mine.far_away(api=route.api), route, mine)) != 404
    ]
    report(capsys, "out of reach", len(asked), len(asked))
    assert not leaks, "\n".join(leaks)


def test_plugin_off_404(whole, capsys):
    world = World(whole)
    plugins = whole.extensions["polydesk_plugins"][1].plugins
    asked = [route for route in routes(whole) if route.owner and not plugins[route.owner].always_on]
    before = {route: ask(rightful(route, world), route, world) for route in asked}
    with whole.app_context(), world.inside(), transaction():
        for owner in {route.owner for route in asked}:
            tenancy.disable_plugin(owner, actor=OPERATOR)
    after = {route: ask(rightful(route, world), route, world) for route in asked}
    report(capsys, "plugin off", len(asked), len(asked))
    assert not [f"{route}: {status}" for route, status in before.items() if status in CLOSED]
    assert not [f"{route}: {status}" for route, status in after.items() if status != 404]


def test_a_parameter_without_a_real_value_would_be_noticed(whole, mine):
    for route in routes(whole):
        for name in route.parameters:
            assert route.value(mine, name), f"{route}: {name}"
    with pytest.raises(KeyError):
        next(iter(routes(whole))).value(mine, "nothing_id")
