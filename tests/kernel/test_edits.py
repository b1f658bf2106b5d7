"""What a tenant edits is checked as what a plugin declares is."""

from __future__ import annotations

from threading import Event
from time import sleep
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from core import definitions, settings
from core.actors import SYSTEM
from core.bodies import to_body
from core.db import clear_session, db, transaction
from core.errors import Conflict, Invalid
from core.settings import Setting
from tests.tickets.test_at_once import at_once

if TYPE_CHECKING:
    from flask import Flask

    from core.tenancy import Tenant


def edited(kind: str, name: str, **changes: Any) -> dict[str, Any]:
    return to_body(definitions.get(kind, name)) | changes


def fault(kind: str, name: str, body: dict[str, Any]) -> str:
    with pytest.raises(Invalid) as caught, transaction():
        definitions.edit(kind, name, body, actor=SYSTEM)
    assert definitions.history(kind, name) == []
    return str(caught.value.problems)


def test_a_workflow_that_leads_nowhere_is_refused(tenant: Tenant) -> None:
    ways = edited("workflow", "ticket")["transitions"]
    bad = {
        "which there is not": [{**ways[0], "target": "moon"}, *ways[1:]],
        "no_such_guard": [{**ways[0], "guards": ["no_such_guard"]}, *ways[1:]],
        "stands twice": [*ways, ways[0]],
        "cannot be reached": [way for way in ways if way["name"] != "wait_customer"],
    }
    for words, transitions in bad.items():
        assert words in fault(
            "workflow", "ticket", edited("workflow", "ticket", transitions=transitions)
        )
    with transaction():
        kept = [way for way in ways if way["name"] != "withdraw"]
        version = definitions.edit(
            "workflow", "ticket", edited("workflow", "ticket", transitions=kept), actor=SYSTEM
        )
    assert version.endswith("+1")
    assert len(definitions.get("workflow", "ticket", version).transitions) == len(ways) - 1


def test_a_form_with_a_bad_field_is_refused(tenant: Tenant) -> None:
    fields = edited("form", "question")["fields"]
    twice = edited("form", "question", fields=[*fields, fields[0]])
    assert "forms.check.twice" in fault("form", "question", twice)
    good = edited("form", "question", fields=fields[:1])
    with transaction():
        version = definitions.edit("form", "question", good, actor=SYSTEM)
    assert len(definitions.get("form", "question", version).fields) == 1


def test_of_eight_who_edit_the_same_version_one_is_kept_and_the_others_are_told(
    app: Flask, tenant: Tenant
) -> None:
    seen = definitions.current_version("calendar", "office")

    def edit(number: int) -> str:
        body = edited("calendar", "office", title=f"Office {number}")
        with transaction():
            return definitions.edit("calendar", "office", body, actor=SYSTEM, seen=seen)

    said = at_once(app, tenant, 8, edit)
    clear_session()
    assert said.count(Conflict) == 7
    assert [row.version for row in definitions.history("calendar", "office")] == [f"{seen}+1"]


@pytest.mark.parametrize("before", [{}, {"colour": "#0d766e"}])
def test_of_eight_who_set_what_the_same_form_showed_one_is_kept(
    app: Flask, tenant: Tenant, before: dict[str, Any]
) -> None:
    if before:  # else nothing was ever set, and all eight would make the row
        with transaction():
            settings.save("tenants", before, actor=SYSTEM)
    seen = settings.mark("tenants")

    def keep(number: int) -> int:
        with transaction():
            page = db.session.scalars(sa.select(Setting)).all()  # has looked, and remembers
            settings.save("tenants", {"telephone": f"555-{number}"}, actor=SYSTEM, seen=seen)
            del page
        return number

    said = at_once(app, tenant, 8, keep)
    clear_session()
    assert said.count(Conflict) == 7
    (first,) = [each for each in said if each is not Conflict]
    kept = settings.get("tenants")
    assert kept == kept | before | {"telephone": f"555-{first}"}


def test_who_goes_back_to_the_shipped_one_waits_for_an_edit_and_ends_it(
    app: Flask, tenant: Tenant
) -> None:
    edited_but_open, going_back = Event(), Event()

    def work(number: int) -> str:
        if number:
            edited_but_open.wait(timeout=30)
            with transaction():
                going_back.set()
                return definitions.take_declared("calendar", "office", actor=SYSTEM)
        with transaction():
            body = edited("calendar", "office", title="Office")
            version = definitions.edit("calendar", "office", body, actor=SYSTEM)
            db.session.flush()
            edited_but_open.set()
            going_back.wait(timeout=0.5)  # with SQLite the other does not even begin
            sleep(0.1)  # the other has looked by now, or stands and waits
        return version

    at_once(app, tenant, 2, work)
    clear_session()
    assert [row.current for row in definitions.history("calendar", "office")] == [False]
