"""What the house promises is written down: the API's snapshot, its problem codes, and the reference."""

from __future__ import annotations

import json
import os

from core import errors
from core.cli import polydesk
from core.errors import PolydeskError
from core.plugins import catalog
from tests.conftest import AWAY
from tests.habits import source

SNAPSHOTS = source.ROOT / "tests/snapshots"
REMEDY = "POLYDESK_WRITE_SNAPSHOTS=1 writes it anew; name the change in CHANGELOG.md"


def kept(name, found):
    """(the snapshot of that name, what is found now); POLYDESK_WRITE_SNAPSHOTS=1 writes it anew."""
    path = SNAPSHOTS / name
    words = json.dumps(found, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    if os.environ.get("POLYDESK_WRITE_SNAPSHOTS") == "1":
        path.write_text(words)
    return json.loads(path.read_text()), json.loads(words)


def test_the_api_is_the_one_of_the_snapshot(app):
    with app.app_context():
        found = app.test_client().get("/api/v1/openapi.json").get_json()
    written, made = kept("openapi.json", found)
    if AWAY:
        # What is left of it: nothing of a plugin that was left out, and nothing else is missing.
        gone = tuple(f"/api/v1/{name}/" for name in AWAY)
        left = {path: told for path, told in written["paths"].items() if not path.startswith(gone)}
        assert set(made["paths"]) == set(left)
        return
    assert written == made, REMEDY
    assert made["openapi"].startswith("3.1")
    assert len(made["paths"]) > 15


def test_problem_codes_are_a_contract(app):
    kinds = [k for k in _below(PolydeskError) if k.__module__.startswith(("core.", "tenants."))]
    written, made = kept("problems.json", {kind.code: kind.status for kind in kinds})
    assert made == written, f"a code is a contract, it only gets company: {REMEDY}"
    assert {errors.Invalid.code, errors.StaleVersion.code} <= set(made)
    assert app.name


def _below(kind):
    for child in kind.__subclasses__():
        yield child
        yield from _below(child)


def test_everything_declared_stands_in_the_reference(app):
    reference = "\n".join(path.read_text() for path in source.files("docs", suffix=".md"))
    with app.app_context():
        found = catalog()
        names = [name for kind in ("permission", "event") for name in found.shelf(kind)]
        names += [
            f"polydesk {group}{' ' + command if command else ''}"
            for group, value in polydesk.commands.items()
            for command in (getattr(value, "commands", None) or [""])
        ]
    missing = sorted(name for name in names if f"`{name}" not in reference)
    assert not missing, "run tools/reference.py, which writes docs/reference.md: " + ", ".join(
        missing
    )
