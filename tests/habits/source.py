"""The source as the habits read it: files, syntax trees and what stands in them."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
HOUSE = ("core", "plugins", "tenants", "migrations", "wsgi.py")
CODE = ("core", "plugins", "tenants", "wsgi.py")
BLOCKS = (ast.If, ast.For, ast.While, ast.With, ast.Try, ast.Match)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


@cache
def files(*places: str, suffix: str = ".py") -> tuple[Path, ...]:
    """Files below the places, sorted; a place may be a file."""
    found: list[Path] = []
    for place in places:
        path = ROOT / place
        found.extend([path] if path.is_file() else sorted(path.rglob(f"*{suffix}")))
    return tuple(found)


@cache
def tree(path: Path) -> ast.Module:
    """The syntax tree of a file."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


@cache
def nodes(path: Path) -> tuple[ast.AST, ...]:
    """Everything in a file's syntax tree: read once, for the habits ask for it again and again."""
    return tuple(ast.walk(tree(path)))


def name(path: Path) -> str:
    """A path as it is spoken of: from the project's root."""
    return path.relative_to(ROOT).as_posix()


def at(path: Path, node: ast.AST) -> str:
    """Where a node stands."""
    return f"{name(path)}:{getattr(node, 'lineno', 0)}"


def calls(path: Path) -> Iterator[tuple[str, ast.Call]]:
    """Every call of a file with the dotted name that is called."""
    for node in nodes(path):
        if isinstance(node, ast.Call):
            yield dotted(node.func), node


def dotted(node: ast.AST) -> str:
    """`a.b.c` for such an expression; a call or subscript in it counts by its own name."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    if isinstance(node, ast.Call):
        return f"{dotted(node.func)}()"
    return "?"


@cache
def functions(path: Path) -> tuple[ast.FunctionDef | ast.AsyncFunctionDef, ...]:
    """Every function of a file, methods and inner ones too."""
    return tuple(node for node in nodes(path) if isinstance(node, FUNCTIONS))


def imports_of(path: Path, module: str) -> dict[str, str]:
    """Local name -> imported name, for `from module import ...`."""
    return {
        alias.asname or alias.name: alias.name
        for node in nodes(path)
        if isinstance(node, ast.ImportFrom) and node.module == module
        for alias in node.names
    }


def depth(node: ast.AST) -> int:
    """How deep blocks are nested in each other; an `elif` stays on its `if`'s floor."""
    deepest = 0
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (*FUNCTIONS, ast.ClassDef, ast.Lambda)):
            continue
        elif_of = isinstance(node, ast.If) and isinstance(child, ast.If) and node.orelse == [child]
        floor = 1 if isinstance(child, BLOCKS) and not elif_of else 0
        deepest = max(deepest, floor + depth(child))
    return deepest


def lines(path: Path) -> list[str]:
    """The lines of a text file."""
    return path.read_text(encoding="utf-8").splitlines()
