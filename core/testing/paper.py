"""The exam's paper: what was looked at, what is wrong, and what the plugin declares."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from core.plugins import catalog


@dataclass
class Exam:
    """What check_plugin() looked at, in words, and what it found wrong."""

    plugin: str
    done: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def must(self, fact: str, holds: object) -> None:
        """Note that `fact` was looked at, and that it does not hold."""
        self.done.append(fact)
        if not holds:
            self.wrong.append(fact)


def mine(exam: Exam, kind: str) -> dict[str, Any]:
    """What the plugin declares of a kind."""
    found = catalog()
    return {k: v for k, v in found.shelf(kind).items() if found.owner(kind, k) == exam.plugin}
