"""A hook exists because a plugin of ours uses it, and docs/hooks.md says which."""

from __future__ import annotations

import pytest

from core import hookspecs
from tests.conftest import AWAY
from tools import hook_docs

HOOKS = sorted(spec.__name__ for spec in hook_docs.specs_of(hookspecs))
# The front door is the house's own: it knows hosts, sign-ins and tokens, and no plugin does.
OF_THE_HOUSE = {"resolve_tenant": "tenants", "authenticate": "core"}


@pytest.mark.parametrize("hook", HOOKS)
def test_a_plugin_of_ours_uses_the_hook(hook):
    users = hook_docs.users().get(hook, [])
    if hook in OF_THE_HOUSE:
        assert OF_THE_HOUSE[hook] in users
    else:
        assert set(users) - {"core", "tenants"}, f"nobody uses {hook}: it goes"


def test_hooks_that_plugins_open_are_used_by_others():
    opened = {
        spec.__name__: opener
        for opener, module in hook_docs.opened().items()
        for spec in hook_docs.specs_of(module)
    }
    lonely = [hook for hook, by in opened.items() if not set(hook_docs.users()[hook]) - {by}]
    assert lonely == []


def test_the_page_of_hooks_is_up_to_date():
    written = hook_docs.TARGET.read_text(encoding="utf-8")
    made = hook_docs.page()
    if AWAY:
        written, made = (page.partition("## Opened by plugins")[0] for page in (written, made))
    assert written == made, "python -m tools.hook_docs writes it anew"
