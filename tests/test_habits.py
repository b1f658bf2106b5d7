"""Habits of style.md §3 over the source itself; those over the running house: tests/habits/."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from core import hookspecs
from tests import conftest
from tests.habits import source, suite

FILE_LINES, FUNCTION_LINES, NESTING = 400, 40, 3
INDUSTRY = (
    "property_mgmt", "retail", "logistics", "waybill", "shipment", "stored value", "resident",
    "work order", "loyalty", "物业", "零售", "运单", "业主",
)  # fmt: skip
# Who may look across tenants, and why: each call says its reason.
ACROSS_TENANTS = {
    "core/tenancy.py",
    "core/host.py",
    "core/jobs.py",
    "core/timers.py",
    "core/cli.py",
    "core/upgrade.py",
    "tenants/apex.py",
    "tenants/commands.py",
}
HOOKS = {name: spec for name, spec in vars(hookspecs).items() if hasattr(spec, "polydesk_spec")}


def test_imports_point_down():
    ran = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache"],
        cwd=source.ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout


def test_every_folder_is_a_package_that_the_contracts_see():
    unseen = {
        source.name(path.parent)
        for path in source.files("core", "plugins", "tenants")
        if "migrations" not in path.parts and not (path.parent / "__init__.py").exists()
    }
    assert not unseen


def test_no_import_of_ours_hides_in_a_function():
    ours = ("core", "plugins", "tenants")
    hidden = [
        source.at(path, node)
        for path in source.files(*source.CODE)
        for function in source.functions(path)
        for node in ast.walk(function)
        if isinstance(node, ast.ImportFrom) and str(node.module).split(".")[0] in ours
    ]
    assert not hidden


@pytest.mark.parametrize("hook", sorted(HOOKS))
def test_hook_is_documented(hook):
    code = HOOKS[hook].__code__
    arguments = ", ".join(code.co_varnames[: code.co_argcount])
    headings = [
        line.lstrip("# ")
        for line in source.lines(source.ROOT / "docs/hooks.md")
        if line.startswith("#")
    ]
    assert any(line.strip("`") == f"{hook}({arguments})" for line in headings)
    assert HOOKS[hook].__doc__, "a hook's docstring is its manual"
    assert "return" in HOOKS[hook].__annotations__


@pytest.mark.parametrize("hook", sorted(HOOKS))
def test_hook_is_called_tested_and_used(hook):
    assert hook in _spoken_of(), "no line of core or of its screens calls it"
    tested = suite.has_hook_test(hook)
    filled = _implements("tests/dummy", hook)
    used = any(_implements(place, hook) for place in ("core", "tenants", "plugins"))
    assert (tested, filled, used) == (True, True, True), "(has a test, a dummy, a user of ours)"


def _implements(place: str, hook: str) -> bool:
    return hook in _implemented(place)


@cache
def _spoken_of() -> frozenset[str]:
    """Every text and attribute in the code of core and its screens, but for the hooks' own declarations."""
    return frozenset(
        node.value if isinstance(node, ast.Constant) else node.attr
        for path in source.files("core", "tenants")
        if path.name != "hookspecs.py"
        for node in source.nodes(path)
        if isinstance(node, ast.Attribute)
        or (isinstance(node, ast.Constant) and isinstance(node.value, str))
    )


@cache
def _implemented(place: str) -> frozenset[str]:
    return frozenset(
        function.name
        for path in source.files(place)
        for function in source.functions(path)
        if any("hookimpl" in source.dotted(d) for d in function.decorator_list)
    )


def test_one_place_commits():
    strays = [
        f"{source.at(path, node)} {called}"
        for path in source.files(*source.HOUSE)
        if source.name(path) != "core/db.py"
        for called, node in source.calls(path)
        if called.split(".")[-1] in {"commit", "rollback"} and "." in called
    ]
    assert not strays


def test_no_raw_sql():
    strays = []
    for path in source.files(*source.CODE):
        if source.name(path) == "core/db.py" or "migrations" in path.parts:
            continue
        own = {
            local for local, real in source.imports_of(path, "sqlalchemy").items() if real == "text"
        }
        strays += [
            source.at(path, node)
            for called, node in source.calls(path)
            if called in own | {"sa.text", "sqlalchemy.text", "sa.literal_column"}
        ]
    assert not strays


def test_a_flush_says_why():
    silent = []
    for path in source.files(*source.CODE):
        if source.name(path) == "core/db.py":
            continue
        text = source.lines(path)
        silent += [
            source.at(path, node)
            for called, node in source.calls(path)
            if called.endswith("session.flush")
            and not any("#" in t for t in text[node.lineno - 2 : node.lineno])
        ]
    assert not silent


def test_looking_across_tenants_is_rare_and_reasoned():
    strays = []
    for path in source.files(*source.CODE):
        for called, node in source.calls(path):
            if called.split(".")[-1] != "all_tenants":
                continue
            reason = node.args[0] if node.args else None
            said = isinstance(reason, ast.Constant | ast.JoinedStr)
            if source.name(path) not in ACROSS_TENANTS or not said:
                strays.append(source.at(path, node))
    assert not strays


def test_one_source_of_time():
    clocks = {"datetime.now", "datetime.utcnow", "date.today", "time.time", "datetime.datetime.now"}
    strays = [
        source.at(path, node)
        for path in source.files(*source.CODE)
        if source.name(path) != "core/clock.py"
        for called, node in source.calls(path)
        if called in clocks
    ]
    assert not strays


def test_files_stay_short():
    # A revision is written by Alembic and read once.
    written = source.files(*source.CODE, "tests")
    code = [path for path in written if "migrations" not in path.parts]
    long = {source.name(p): len(source.lines(p)) for p in code if len(source.lines(p)) > FILE_LINES}
    assert not long


def test_functions_stay_short_and_flat():
    big = {}
    for path in (p for p in source.files(*source.CODE) if "migrations" not in p.parts):
        for function in source.functions(path):
            length = (function.end_lineno or 0) - function.lineno + 1
            deep = source.depth(function)
            if length > FUNCTION_LINES or deep > NESTING:
                big[f"{source.at(path, function)} {function.name}"] = (length, deep)
    assert not big


def test_modules_and_the_public_surface_explain_themselves():
    silent = [
        source.name(p) for p in source.files(*source.CODE) if not ast.get_docstring(source.tree(p))
    ]
    for path in source.files("core/sdk.py", "core/host.py", "core/hookspecs.py", "core/events.py"):
        silent += [
            f"{source.at(path, node)} {node.name}"
            for node in source.tree(path).body
            if isinstance(node, ast.ClassDef | ast.FunctionDef)
            and not node.name.startswith("_")
            and not ast.get_docstring(node)
        ]
    assert not silent


def test_core_and_tenants_speak_of_no_industry():
    words = re.compile("|".join(map(re.escape, INDUSTRY)), re.IGNORECASE)
    found = []
    for path in (
        p for place in ("core", "tenants") for p in sorted((source.ROOT / place).rglob("*"))
    ):
        spoken = path.suffix in {
            ".py",
            ".html",
            ".txt",
            ".xml",
            ".js",
            ".css",
            ".svg",
            ".json",
            ".toml",
        }
        apart = "tenants/demo/data" in path.as_posix() or {"translations", "vendor"} & set(
            path.parts
        )
        if spoken and not apart and path.is_file():
            found += [
                f"{source.name(path)}:{n}"
                for n, line in enumerate(source.lines(path), 1)
                if words.search(line)
            ]
    assert not found


def test_no_reminder_is_left_behind():
    marks = re.compile(
        r"\b(TODO|FIXME|XXX|HACK)\b|NotImplementedError|pytest\.skip|mark\.skip|mark\.xfail"
    )
    strays = [
        f"{source.name(path)}:{number} {line.strip()}"
        for path in source.files(*source.HOUSE, "tests")
        if path != Path(__file__)
        for number, line in enumerate(source.lines(path), 1)
        if marks.search(line)
    ]
    assert not strays


def test_no_error_is_swallowed():
    silent = [
        source.at(path, node)
        for path in source.files(*source.HOUSE, "tests")
        for node in source.nodes(path)
        if isinstance(node, ast.ExceptHandler) and _swallows(path, node)
    ]
    assert not silent


def _swallows(path: Path, handler: ast.ExceptHandler) -> bool:
    """Nothing is done: of a broad error, or of one that no comment excuses."""
    if not all(isinstance(statement, ast.Pass) for statement in handler.body):
        return False
    broad = handler.type is None or source.dotted(handler.type) in {"Exception", "BaseException"}
    lines = source.lines(path)[handler.lineno - 1 : handler.end_lineno]
    return broad or not any("#" in line for line in lines)


def test_every_test_asserts():
    known = suite.asserting()
    hollow = [
        f"{where} {test.name}" for where, test in suite.tests() if not suite.asserts(test, known)
    ]
    assert not hollow
    assert len(suite.tests()) > 20


def test_no_test_dozes():
    assert not suite.long_waits()


LEFT_OUT = {
    *conftest.LONG_FIRST,
    *conftest.DRAWN,
    *conftest.ABOVE,
    *conftest.BELOW,
    *conftest.STRICTER,
}


@pytest.mark.parametrize("named", sorted(LEFT_OUT))
def test_what_a_run_leaves_out_is_there(named):
    path, _, test = named.partition("::")
    assert (source.ROOT / path).exists()
    assert not test or f"def {test}" in (source.ROOT / path).read_text(encoding="utf-8")


@pytest.mark.parametrize("named", conftest.STRICTER)
def test_what_sqlite_leaves_out_is_asked_of_postgresql(named):
    assert not named.startswith(conftest.DRAWN)
    assert named.startswith(conftest.BELOW) or not named.startswith(conftest.ABOVE)


@pytest.mark.xdist_group("one")
def test_what_shares_a_dear_world_stays_with_one_worker(request):
    several = hasattr(request.config, "workerinput")
    assert request.node.nodeid.endswith("@one") is several, "xdist does not see its groups"
