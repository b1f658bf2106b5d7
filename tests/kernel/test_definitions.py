"""Definitions: declared once, edited by a tenant, kept for whoever runs on the old version; settings beside them."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from core import definitions, settings
from core.actors import SYSTEM
from core.bodies import KINDS, from_body, to_body
from core.db import db, transaction
from core.errors import Invalid, NotFound
from core.events import EventRow
from core.plugins import catalog
from core.settings import Setting
from core.tenancy import find_tenant
from tests.hooks.conftest import dummy_app, nodding  # noqa: F401  fixtures
from tests.hooks.test_hooks import _leave_and_enter


def test_every_declared_definition_round_trips_through_json(nodding):  # noqa: F811
    seen = 0
    for kind, type_ in KINDS.items():
        for value in catalog().shelf(kind).values():
            assert from_body(type_, to_body(value)) == value
            seen += 1
    assert seen >= 6


def test_an_edit_is_for_this_tenant_and_the_old_version_stays(nodding, dummy_app):  # noqa: F811
    before = definitions.current_version("form", "dummy.nod")
    body = to_body(definitions.get("form", "dummy.nod")) | {
        "title": {"zh-CN": "改", "en": "Changed"}
    }
    with transaction():
        version = definitions.edit("form", "dummy.nod", body, actor=SYSTEM)
    assert version == f"{before}+1"

    def check():
        assert definitions.current_version("form", "dummy.nod") == version
        assert definitions.get("form", "dummy.nod").title["en"] == "Changed"
        assert definitions.get("form", "dummy.nod", before).title["en"] == "Nod"
        with transaction():
            assert definitions.edit("form", "dummy.nod", body, actor=SYSTEM) == f"{before}+2"
            assert definitions.take_declared("form", "dummy.nod", actor=SYSTEM) == before

    _leave_and_enter(find_tenant(nodding.slug), check)
    _leave_and_enter(
        find_tenant(nodding.slug),
        lambda: _equal(definitions.current_version("form", "dummy.nod"), before),
    )
    told = db.session.scalars(sa.select(EventRow).where(EventRow.type == "definition.edited")).all()
    assert len(told) == 3


def _equal(found, wanted):
    assert found == wanted


def test_a_body_that_does_not_fit_is_refused_and_changes_nothing(nodding):  # noqa: F811
    for body in (
        {"name": "dummy.nod"},
        {"name": "dummy.nod", "title": 7, "fields": []},
        {"surprise": 1},
    ):
        with pytest.raises(Invalid), transaction():
            definitions.edit("form", "dummy.nod", body, actor=SYSTEM)
    assert definitions.history("form", "dummy.nod") == []
    with pytest.raises(NotFound):
        definitions.get("form", "dummy.nobody")


def test_declaring_the_same_again_appends_nothing(nodding):  # noqa: F811
    with transaction():
        assert definitions.sync_declared(catalog()) == 0
    assert definitions.undeclared(catalog()) == []


def test_settings_have_defaults_and_a_secret_is_never_shown_or_stored_in_clear(nodding):  # noqa: F811
    assert settings.get("dummy") == {"greeting": "hi", "key": "", "times": 1}
    with transaction():
        settings.save("dummy", {"key": "open sesame", "times": 3}, actor=SYSTEM)
    assert settings.get("dummy") == {"greeting": "hi", "key": "open sesame", "times": 3}
    assert settings.shown("dummy")["key"] is True
    stored = db.session.scalars(sa.select(Setting)).one().values
    assert "sesame" not in str(stored)
    with transaction():
        settings.save("dummy", {"key": "", "greeting": "hello"}, actor=SYSTEM)
    assert settings.get("dummy")["key"] == "open sesame"
    told = [
        row.payload
        for row in db.session.scalars(
            sa.select(EventRow).where(EventRow.type == "settings.changed")
        )
    ]
    assert [row["fields"] for row in told] == [["key", "times"], ["greeting"]]


def test_a_bad_setting_is_named_and_changes_nothing(nodding):  # noqa: F811
    with pytest.raises(Invalid) as caught, transaction():
        settings.save("dummy", {"times": "many", "unknown": 1}, actor=SYSTEM)
    assert {problem.field for problem in caught.value.problems} == {"times", "unknown"}
    assert settings.get("dummy")["times"] == 1
