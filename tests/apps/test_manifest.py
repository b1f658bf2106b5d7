"""A manifest is checked without asking anybody: each mistake with its line and words that help."""

from __future__ import annotations

import json

import pytest

from core.apps.lines import lines_of
from core.apps.manifest import check, read
from core.i18n import text
from tests.apps.conftest import BODY, body, manifest
from tests.webhooks.conftest import loopback  # noqa: F401  a fixture

pytestmark = pytest.mark.usefixtures("context", "loopback")


def findings(**changes):
    written = json.dumps(body(**changes), indent=1, ensure_ascii=False)
    found = check(written).findings
    assert all(text(each.message, **dict(each.values)) != each.message for each in found)
    return [(each.path, each.message) for each in found]


def test_a_right_one_is_read():
    found = manifest()
    assert (found.name, found.version, found.icon) == ("parrot", "1.0.0", "puzzle")
    assert found.scopes == ("ticket:read", "ticket:write", "event:read")
    assert [panel.name for panel in found.panels] == ["echo"]
    (action,) = found.actions
    assert [(f.name, f.kind, f.required) for f in action.fields] == [
        ("words", "text", True), ("on", "date", False),
    ]  # fmt: skip
    assert found.settings[0].default == 3
    assert found.action("say") is action
    assert found.action("fly") is None
    assert read(found.body) == found


def test_the_smallest_one_is_enough():
    left_out = {"events", "panels", "actions", "settings"}
    small = {name: value for name, value in BODY.items() if name not in left_out}
    found = check(json.dumps(small)).manifest
    assert found is not None
    assert (found.panels, found.events, found.settings_form()) == ((), (), None)


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({"name": "Parrot!"}, ("name", "apps.manifest.name")),
        ({"manifest": 2}, ("manifest", "apps.manifest.generation")),
        ({"title": "Parrot"}, ("title", "apps.manifest.words")),
        ({"title": {"en": "Parrot"}}, ("title", "apps.manifest.words")),
        ({"summary": {"zh-CN": "", "en": "x"}}, ("summary", "apps.manifest.text")),
        ({"base_url": "https://10.0.0.1"}, ("base_url", "webhooks.problem.url.address")),
        ({"base_url": "http://example.com"}, ("base_url", "webhooks.problem.url.scheme")),
        ({"base_url": "https://a.example/?x=1"}, ("base_url", "apps.manifest.base_url")),
        ({"base_url": 7}, ("base_url", "apps.manifest.base_url")),
        ({"scopes": []}, ("scopes", "apps.manifest.no_scope")),
        ({"scopes": "ticket:read"}, ("scopes", "apps.manifest.list")),
        ({"scopes": ["ticket:reed"]}, ("scopes.0", "apps.manifest.meant")),
        ({"scopes": ["everything"]}, ("scopes.0", "apps.manifest.permission")),
        ({"scopes": ["matter:read"]}, None),
        ({"events": ["ticket.clozed"]}, ("events.0", "apps.manifest.meant")),
        ({"events": ["a.b.c.d"]}, ("events.0", "apps.manifest.event")),
        ({"scopes": ["ticket:read"]}, ("events", "apps.manifest.needs")),
        ({"scopes": ["event:read"]}, ("panels", "apps.manifest.needs")),
        ({"panels": [BODY["panels"][0]] * 2}, ("panels", "apps.manifest.same_name")),
        ({"panels": [BODY["panels"][0]] * 6}, ("panels", "apps.manifest.many")),
        ({"panels": [{"name": "x"}]}, ("panels.0.title", "apps.manifest.required")),
        ({"panels": ["echo"]}, ("panels.0", "apps.manifest.object")),
        ({"panelss": []}, ("panelss", "apps.manifest.meant")),
        ({"html": "<b>"}, ("html", "apps.manifest.unknown")),
        ({"icon": "<svg>"}, ("icon", "apps.manifest.pattern")),
        ({"version": None}, ("version", "apps.manifest.required")),
    ],
)
def test_each_mistake_is_named_at_its_place(changes, wanted):
    found = findings(**changes)
    assert found
    assert wanted is None or wanted in found


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        ({"kind": "signature"}, ("settings.0.kind", "apps.manifest.kind")),
        ({"kind": "choice"}, ("settings.0", "forms.check.options")),
        ({"minimum": 11}, ("settings.0", "forms.check.bounds")),
        ({"default": [1]}, ("settings.0.default", "apps.manifest.invalid")),
        ({"required": "yes"}, ("settings.0.required", "apps.manifest.invalid")),
        ({"maximum": "ten"}, ("settings.0.maximum", "apps.manifest.invalid")),
    ],
)
def test_questions_are_checked_as_forms_are(change, wanted):
    assert wanted in findings(settings=[BODY["settings"][0] | change])


def test_lines_are_those_of_the_text():
    lines = json.dumps(body(scopes=["ticket:read", "ticket:reed"]), indent=1).splitlines()
    (finding,) = check("\n".join(lines)).findings
    assert "ticket:reed" in lines[finding.line - 1]
    assert text(finding.message, **dict(finding.values)).find("ticket:read") > 0


def test_broken_json_says_where():
    (finding,) = check('{\n "manifest": 1,\n "name": parrot\n}').findings
    assert (finding.line, finding.message) == (3, "apps.manifest.json")


@pytest.mark.parametrize("written", ["[]", '"x"', "null", "7", "NaN"])
def test_anything_but_an_object_is_refused(written):
    (finding,) = check(written).findings
    assert finding.message == "apps.manifest.object"


def test_what_is_written_twice_is_named():
    written = json.dumps(BODY, indent=1).replace('"version"', '"name": "x",\n "version"', 1)
    assert ("name", "apps.manifest.twice") in [(f.path, f.message) for f in check(written).findings]


def test_limits_hold():
    (large,) = check(json.dumps(body(publisher="x" * 70_000))).findings
    assert large.message == "apps.manifest.large"
    (deep,) = check('{"a":' * 30 + "1" + "}" * 30).findings
    assert deep.message == "apps.manifest.deep"
    (deeper,) = check("[" * 30_000 + "]" * 30_000).findings
    assert deeper.message == "apps.manifest.deep"


def test_lines_of_any_json():
    found, twice = lines_of('{"a": [1,\n {"b":\n "x: {\\" ,"}],\n\n"c": null}')
    assert found == {"": 1, "a": 1, "a.0": 1, "a.1": 2, "a.1.b": 2, "c": 5}
    assert twice == []
