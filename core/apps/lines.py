"""Where in a JSON text each value stands, so that a mistake can be pointed at."""

from __future__ import annotations

import json
import re

TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')


def lines_of(text: str) -> tuple[dict[str, int], list[str]]:
    """The line (from 1) of each value of a well-formed JSON text by its dotted path, and paths that stand twice."""
    walker = _Walker(text)
    walker.value("")
    return walker.lines, walker.twice


def nearest_line(lines: dict[str, int], path: str) -> int:
    """The line of a path, or of what would hold it."""
    while path and path not in lines:
        path = path.rpartition(".")[0]
    return lines.get(path, 1)


class _Walker:
    def __init__(self, text: str) -> None:
        self.tokens: list[tuple[str, int]] = []
        line, seen = 1, 0
        for found in TOKEN.finditer(text):
            line += text.count("\n", seen, found.start())
            seen = found.start()
            self.tokens.append((found.group(), line))
        self.at = 0
        self.lines: dict[str, int] = {}
        self.twice: list[str] = []

    def value(self, path: str) -> None:
        """Walk over one value; `path` is its place."""
        begun, line = self._next()
        self.lines.setdefault(path, line)
        if begun == "{":
            self._members(path)
        elif begun == "[":
            self._items(path)

    def _members(self, path: str) -> None:
        while self._peek() != "}":
            key, line = self._next()
            if key == ",":
                continue
            inner = f"{path}.{json.loads(key)}" if path else str(json.loads(key))
            if inner in self.lines:
                self.twice.append(inner)
            self.lines[inner] = line
            self._next()  # the colon
            self.value(inner)
        self._next()

    def _items(self, path: str) -> None:
        position = 0
        while self._peek() != "]":
            if self._peek() == ",":
                self._next()
                continue
            self.value(f"{path}.{position}" if path else str(position))
            position += 1
        self._next()

    def _peek(self) -> str:
        return self.tokens[self.at][0]

    def _next(self) -> tuple[str, int]:
        self.at += 1
        return self.tokens[self.at - 1]
