"""The exam for every plugin that is installed and for the examples, and a pupil that fails it in many ways."""

from __future__ import annotations

import os

import pytest

import tenants.hooks
from core.catalog import discover
from core.testing import check_plugin
from tests.dummy import hooks as dummy
from tests.plugins import bad
from tests.plugins.examples import example, plugins

INSTALLED = {module.plugin.name: module for module in discover()}
# A whole company's past takes its time; tests/demo tells all of them twice anyway.
LONG = os.environ.get("POLYDESK_LONG") == "1"


def required(module):
    """What a plugin requires, in order, each before those that require it."""
    for name in module.plugin.requires:
        yield from required(INSTALLED[name])
        yield INSTALLED[name]


@pytest.mark.parametrize("name", sorted(INSTALLED))
def test_plugin_passes_the_exam(name):
    module = INSTALLED[name]
    beside = dict.fromkeys(required(module))
    exam = check_plugin(
        module, beside=(tenants.hooks, *beside), demo=LONG or not module.plugin.industry
    )
    assert exam.wrong == []
    assert len(exam.done) > 20


@pytest.mark.parametrize("name", plugins())
def test_example_passes_the_exam(name):
    exam = check_plugin(example(name), beside=(tenants.hooks,))
    assert exam.wrong == []
    assert len(exam.done) > 10


def test_a_good_pupil_is_asked_everything():
    asked = " / ".join(check_plugin(dummy, beside=(tenants.hooks,)).done)
    for fact in (
        "permission dummy.nod:read has a title in en", "has a contract", "event dummy.nodded",
        "settings go in", "panel dummy.nods", "card dummy.card", "told twice", "job dummy.",
        "handler dummy.count", "off: its routes", "off: job", "another tenant", "export_person",
    ):  # fmt: skip
        assert fact in asked, fact


def test_a_bad_pupil_is_told_each_fault():
    wrong = check_plugin(bad, beside=(tenants.hooks,)).wrong
    faults = (
        "README.md is there",
        "permission bad.thing:read has a title in zh-CN",
        "its catalogs say the same things",
        "settings go in as they came out",
        "the demo told twice adds nothing",
        "job bad.break runs, and runs again",
        "handler bad.twice does nothing twice",
        "panel bad.nothing answers, even for nothing",
        "export_person copes with a contact it never met",
    )
    assert [fact for fact in faults if not any(w.startswith(fact) for w in wrong)] == []
    assert [fact for fact in wrong if not fact.startswith(faults)] == []
