"""What a plugin shows: words in both languages, contracts of its routes, schemas of its events."""

from __future__ import annotations

import json
from contextvars import Context
from pathlib import Path
from typing import TYPE_CHECKING, Any

from babel.messages.pofile import read_po

from core import i18n
from core.clock import uuid7
from core.db import clear_session
from core.plugins import catalog
from core.tenancy import current_tenant
from core.testing.paper import Exam, mine
from core.web import CUSTOMER, PUBLIC, SIGNED_IN

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from flask import Flask
    from werkzeug.routing import Rule

# What carries a title that people read, by the Catalog's kinds.
TITLED = ("permission", "ticket_type", "form", "workflow", "panel", "card", "report", "job")
SAMPLES: dict[str, Callable[[], Any]] = {"UUIDConverter": uuid7, "IntegerConverter": lambda: 1}


def check_words(exam: Exam, module: ModuleType) -> None:
    """Catalogs that say the same, and a title in each language for whatever people read the name of."""
    folder = Path(module.__file__ or "").parent / "translations"
    ids = []
    for path in sorted(folder.glob("*.po")):
        with path.open("rb") as file:
            ids.append({message.id for message in read_po(file) if message.id and message.string})
    exam.must("its catalogs say the same things", all(known == ids[0] for known in ids))
    titles = [
        (kind, name, value.title) for kind in TITLED for name, value in mine(exam, kind).items()
    ]
    titles.append(("plugin", exam.plugin, module.plugin.title))
    for locale in i18n.LOCALES:
        with i18n.use(locale):
            for kind, name, title in titles:
                said = title.get(locale) if isinstance(title, dict) else i18n.text(title)
                plain = said and (" " in said or said != title)
                exam.must(f"{kind} {name} has a title in {locale}", plain)


def _rules(exam: Exam, app: Flask) -> list[Rule]:
    owners = app.extensions["polydesk_owners"]
    return [
        rule
        for rule in app.url_map.iter_rules()
        if owners.get(rule.endpoint.rpartition(".")[0]) == exam.plugin
        and not rule.endpoint.endswith(".static")
    ]


def check_contracts(exam: Exam, app: Flask) -> None:
    """Every view has a contract with a declared permission; every event has a schema and words."""
    known = {*catalog().shelf("permission"), PUBLIC, SIGNED_IN, CUSTOMER}
    for rule in _rules(exam, app):
        contract = getattr(app.view_functions[rule.endpoint], "contract", None)
        exam.must(f"{rule.rule} has a contract", contract)
        if contract:
            exam.must(f"{rule.rule} asks a declared permission", contract.permission in known)
    for name, event in mine(exam, "event").items():
        exam.must(f"event {name} has a schema", json.dumps(event.schema()) and event.__doc__)


def knock(app: Flask, exam: Exam) -> list[int]:
    """What every route answers to a stranger; made-up ids where the address wants one."""
    host, answers = f"{current_tenant().slug}.localhost", []
    adapter = app.url_map.bind(host)
    for rule in _rules(exam, app):
        kinds = {n: type(c).__name__ for n, c in rule._converters.items()}  # noqa: SLF001  werkzeug shows them nowhere else
        made = {name: SAMPLES.get(kind, lambda: "x")() for name, kind in kinds.items()}
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            path = adapter.build(rule.endpoint, made, method=method)
            clear_session()
            client = app.test_client()
            ask = Context().run
            answers.append(
                ask(client.open, path, method=method, base_url=f"http://{host}").status_code
            )
    clear_session()
    return answers
