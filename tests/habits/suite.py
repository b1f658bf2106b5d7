"""The suite as the habits read it: which tests there are, what they assert, how long they wait."""

from __future__ import annotations

import ast
from functools import cache

from tests.habits import source
from tests.hooks import test_hooks

TESTS = "tests"
WAITS = {"sleep", "wait_for_timeout"}
LONGEST_WAIT = 0.1
SAYS_SO = {"pytest.raises", "pytest.warns", "expect", "raises", "warns"}


@cache
def tests() -> tuple[tuple[str, ast.FunctionDef], ...]:
    """Every test function with the place where it stands."""
    return tuple(
        (source.at(path, function), function)
        for path in source.files(TESTS)
        if path.name.startswith("test_")
        for function in source.functions(path)
        if isinstance(function, ast.FunctionDef) and function.name.startswith("test_")
    )


@cache
def names() -> frozenset[str]:
    """The names of all test functions."""
    return frozenset(function.name for _, function in tests())


@cache
def asserting() -> frozenset[str]:
    """Names of functions under tests/ that assert something, themselves or through another one."""
    places = source.files(TESTS, "core/testing.py")
    bodies = [function for path in places for function in source.functions(path)]
    known: set[str] = set()
    while True:
        more = {f.name for f in bodies if f.name not in known and asserts(f, known)}
        if not more:
            return frozenset(known)
        known |= more


def asserts(function: ast.AST, known: set[str] | frozenset[str]) -> bool:
    """Whether a function can fail on its own account."""
    for node in ast.walk(function):
        if isinstance(node, ast.Assert | ast.Raise):
            return True
        if isinstance(node, ast.Call):
            called = source.dotted(node.func)
            if called in SAYS_SO or called.split(".")[-1] in known:
                return True
    return False


def long_waits() -> list[str]:
    """Sleeps above a tenth of a second outside of browser tests."""
    found = []
    for path in source.files(TESTS):
        # The dummy hangs on purpose: a panel that does not answer has to be one.
        if "mark.browser" in path.read_text(encoding="utf-8") or "dummy" in path.parts:
            continue
        for called, node in source.calls(path):
            if called.split(".")[-1] in WAITS and not _short(node):
                found.append(source.at(path, node))
    return found


def _short(call: ast.Call) -> bool:
    wait = call.args[0] if call.args else None
    return isinstance(wait, ast.Constant) and wait.value <= LONGEST_WAIT


def has_hook_test(hook: str) -> bool:
    """Whether a test is called after the hook, or one is parametrised over a list that holds it."""
    return f"test_hook_{hook}" in names() or hook in {*test_hooks.DECLARING, *test_hooks.MOMENTS}
