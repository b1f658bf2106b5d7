"""examples/loyalty_bridge: short, alone in a clean environment, and what its manifest promises."""

from __future__ import annotations

import ast
import json
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest
import sqlalchemy as sa

from core.apps import calls, service
from core.apps.manifest import check
from core.db import clear_session, db, transaction
from core.egress import fetch
from core.jobs import Delivery, drain
from core.panels import draw_panel
from core.tickets import service as tickets
from core.tickets.models import Message
from tests.apps.living import close, living
from tests.habits import source

pytestmark = pytest.mark.story

HOME = source.ROOT / "examples" / "loyalty_bridge"
FILE = HOME / "loyalty_bridge.py"
MANIFEST = json.loads((HOME / "manifest.json").read_text(encoding="utf-8"))
LINES = 120


def test_it_is_one_file_of_at_most_120_lines():
    text = FILE.read_text(encoding="utf-8")
    options = ["--config", str(source.ROOT / "pyproject.toml"), "-"]
    formatted = subprocess.run(
        [sys.executable, "-m", "ruff", "format", *options],
        input=text, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert formatted == text
    assert len(text.splitlines()) <= LINES
    assert [path.name for path in HOME.glob("*.py")] == [FILE.name]


def test_it_needs_nothing_but_python():
    tree = ast.parse(FILE.read_text(encoding="utf-8"))
    named = {
        name.partition(".")[0]
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        )
    }  # fmt: skip
    assert named
    assert named <= sys.stdlib_module_names


def test_its_manifest_is_in_order(context, loopback):
    found = check((HOME / "manifest.json").read_text(encoding="utf-8"))
    assert found.findings == ()
    assert len(found.manifest.panels) == len(found.manifest.actions) == 1
    assert found.manifest.events == ("ticket.closed",)


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The example, installed by pip into an environment where nothing else is; its command."""
    folder = tmp_path_factory.mktemp("bridge")
    place = folder / "venv"
    venv.create(place, with_pip=False, symlinks=True)
    python = place / "bin/python"
    asked = [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    library = Path(subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip())
    # setuptools, which no network brings here: seen while it builds, gone afterwards
    theirs = library / "theirs.pth"
    theirs.write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    shutil.copytree(HOME, folder / "source")
    install = [
        "install",
        "--no-index",
        "--no-deps",
        "--no-build-isolation",
        "-q",
        folder / "source",
    ]
    pip = [sys.executable, "-m", "pip", "--python", python, *install]
    subprocess.run(pip, capture_output=True, text=True, check=True)
    theirs.unlink()
    return place / "bin/loyalty-bridge"


@pytest.fixture
def bridge(app, ticket, installed, tmp_path, monkeypatch):
    """The example, connected and running."""
    book = str(tmp_path / "points.db")
    with living(app, monkeypatch, MANIFEST, [str(installed)], BOOK=book) as keys:
        yield keys


def points(ticket, agent):
    """What its box shows."""
    clear_session()
    name = "app-loyalty_bridge.points"
    drawn = draw_panel(name, lambda: tickets.get_ticket(ticket, actor=agent), agent)
    assert not drawn.failed
    return drawn.blocks[0].items[0][1]


def test_it_shows_awards_and_reacts_to_a_closed_ticket(loopback, bridge, ticket, agent):
    assert points(ticket, agent) == 0
    clear_session()
    for _twice in range(2):
        said = calls.run_action(
            "loyalty_bridge", "award", ticket, {"points": 50}, actor=agent, key="k"
        )
    assert said.message["en"] == "50 points awarded."
    assert points(ticket, agent) == 50
    close(ticket, agent)
    drain()
    assert points(ticket, agent) == 60
    notes = db.session.scalars(sa.select(Message).where(Message.author_kind == "app")).all()
    assert [(note.visibility, note.body_text) for note in notes] == [
        ("internal", "+10 points / 积分")
    ]


def test_an_event_that_comes_twice_counts_once(loopback, bridge, ticket, agent):
    close(ticket, agent)
    drain()
    again = sa.update(Delivery).where(Delivery.handler.contains(":")).values(state="pending")
    with transaction():
        db.session.execute(again)
    drain()
    assert points(ticket, agent) == 10
    notes = db.session.scalars(sa.select(Message).where(Message.author_kind == "app")).all()
    assert len(notes) == 1


def test_it_answers_nobody_else(loopback, bridge, ticket, agent, app):
    base = service.get_app("loyalty_bridge").manifest.base_url
    clear_session()
    assert fetch("POST", f"{base}/panels/points", body=b"{}").status == 401
    assert points(ticket, agent) == 0
