"""The example outside of the tree: short, honest about its imports, seen at a ticket, and installed by pip."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import sysconfig
import venv
from datetime import UTC, datetime
from pathlib import Path

import pytest

import tenants.hooks
from core import definitions, settings
from core.app import create_app
from core.catalog import discover
from core.clock import virtual
from core.db import clear_session, db, transaction
from core.errors import Invalid
from core.plugins import catalog
from tests.conftest import Browser, make_config
from tests.dummy import hooks as dummy
from tests.habits import source
from tests.habits.world import World
from tests.plugins.examples import EXAMPLES, example

HOME = EXAMPLES / "weather_note"
MODULE = HOME / "weather_note/hooks.py"
LINES = 60
JULY = datetime(2026, 7, 11, 2, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def world(database, tmp_path_factory):
    """A tenant that has the example on, with a ticket of July."""
    modules = [tenants.hooks, *discover(), dummy, example("weather_note")]
    app = create_app(make_config(tmp_path_factory.mktemp("weather"), database), modules)
    app.test_client_class = Browser
    with virtual(JULY):
        with app.app_context():
            with transaction():
                definitions.sync_declared(catalog())
            clear_session()
        made = World(app)
    yield made
    with app.app_context():
        clear_session()
        for engine in db.engines.values():
            engine.dispose()


def box(world, locale="en"):
    reader = world.rightful(api=False)
    reader.client.set_cookie("pd_lang", locale, domain=world.host)
    path = f"/desk/tickets/{world.ids['ticket_id']}/panels/weather_note.weather"
    answer = reader.ask("GET", path)
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def test_it_fits_on_a_page_and_imports_the_sdk_alone():
    assert len(MODULE.read_text(encoding="utf-8").splitlines()) <= LINES
    imported = {
        node.module for node in ast.walk(source.tree(MODULE)) if isinstance(node, ast.ImportFrom)
    }
    assert {name for name in imported if name.split(".")[0] in {"core", "plugins", "tenants"}} == {
        "core.sdk"
    }
    formatted = [Path(sys.executable).parent / "ruff", "format", "--check", MODULE]
    assert subprocess.run(formatted, capture_output=True, check=False).returncode == 0


def settle(world, place):
    with world.app.app_context(), world.inside(), transaction():
        settings.save("weather_note", {"place": place}, actor=world.rightful_actor())


def test_the_box_says_the_weather_of_the_tickets_month_in_the_readers_language(world):
    settle(world, "hangzhou")
    english = box(world)
    assert "Hangzhou" in english
    assert "26 to 34 °C" in english
    assert "多晴" in box(world, "zh-CN")


def test_the_setting_moves_the_company_and_knows_its_places(world):
    settle(world, "manchester")
    with pytest.raises(Invalid):
        settle(world, "atlantis")
    told = box(world)
    assert "Manchester" in told
    assert "13 to 21 °C" in told


# --- installed by pip into a clean environment, as a stranger does it ------------------------------

ASK = """
import pathlib, weather_note.hooks, core
from core.catalog import discover
from core.testing import check_plugin
import tenants.hooks
print(pathlib.Path(core.__file__).parent.parent, pathlib.Path(weather_note.__file__).parent)
print(sorted(module.plugin.name for module in discover()))
print(check_plugin(weather_note.hooks, beside=(tenants.hooks,)).wrong)
"""


@pytest.mark.long
def test_pip_installs_it_beside_the_house_and_it_is_found(tmp_path):
    place = tmp_path / "venv"
    venv.create(place, with_pip=False, symlinks=True)
    python = place / "bin/python"
    asked = [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    library = Path(subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip())
    # The libraries of others, which no network brings here: seen from the new environment, after its own.
    (library / "theirs.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    for folder in (source.ROOT, HOME):
        copied = tmp_path / folder.name
        ran = subprocess.run(
            ["git", "ls-files", "-co", "--exclude-standard", "-z"],
            cwd=folder, capture_output=True, check=True,
        )  # fmt: skip
        for name in filter(None, ran.stdout.decode().split("\0")):
            if (folder / name).is_file():
                (copied / name).parent.mkdir(parents=True, exist_ok=True)
                (copied / name).write_bytes((folder / name).read_bytes())
        install = ["install", "--no-deps", "--no-build-isolation", "--no-index", "--quiet", copied]
        ran = subprocess.run(
            [sys.executable, "-m", "pip", "--python", python, *install],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert ran.returncode == 0, ran.stderr
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "POLYDESK"))}
    ran = subprocess.run(
        [python, "-c", ASK],
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr[-2000:]
    homes, names, wrong = ran.stdout.strip().splitlines()[-3:]
    assert str(source.ROOT) not in homes
    assert homes.count(str(library)) == 2
    assert "'weather_note'" in names
    assert wrong == "[]"
