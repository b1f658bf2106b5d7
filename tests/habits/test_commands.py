"""What the dummy adds to the command line stands beside the house's own."""

from __future__ import annotations

import click


def test_hook_register_commands(whole):
    group = click.Group("polydesk")
    for implementation in whole.extensions["polydesk_plugins"][
        0
    ].hook.register_commands.get_hookimpls():
        implementation.function(group)
    assert {"users", "tokens", "tenants", "plugins", "nod"} <= set(group.commands)
