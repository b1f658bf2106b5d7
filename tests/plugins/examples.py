"""The examples outside of the tree, as a test reaches them without installing anything."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING

from tests.habits import source

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

EXAMPLES = source.ROOT / "examples"


def example(name: str) -> ModuleType:
    """The hooks of an in-process example; its folder stands on the path from then on."""
    folder = str(EXAMPLES / name)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    return importlib.import_module(f"{name}.hooks")


def plugins() -> list[str]:
    """The examples that are in-process plugins: they have an entry point."""
    found = [path.parent for path in sorted(EXAMPLES.glob("*/pyproject.toml")) if _is_plugin(path)]
    return [folder.name for folder in found]


def _is_plugin(path: Path) -> bool:
    return '"polydesk.plugins"' in path.read_text(encoding="utf-8")
