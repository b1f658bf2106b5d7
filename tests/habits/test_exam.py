"""The plugin exam for every plugin of ours, and for the dummy as the model pupil."""

from __future__ import annotations

import click
import pytest

import tenants.hooks
from core.catalog import discover
from core.testing import check_plugin

INSTALLED = {module.plugin.name: module for module in discover()}


@pytest.mark.parametrize("name", sorted(INSTALLED))
def test_plugin_passes_the_exam(name):
    module = INSTALLED[name]
    beside = tuple(INSTALLED[required] for required in module.plugin.requires)
    exam = check_plugin(module, beside=(tenants.hooks, *beside))
    assert exam.wrong == []
    assert len(exam.done) > 10


def test_hook_register_commands(whole):
    group = click.Group("polydesk")
    for implementation in whole.extensions["polydesk_plugins"][
        0
    ].hook.register_commands.get_hookimpls():
        implementation.function(group)
    assert {"users", "tokens", "tenants", "plugins", "nod"} <= set(group.commands)
