"""Says what `make check-long` leaves out, a line per run: each plugin with whatever requires it."""

from __future__ import annotations

from core.catalog import discover


def sets() -> list[str]:
    """For each installed plugin the names to put into POLYDESK_WITHOUT, joined by commas."""
    requires = {module.plugin.name: set(module.plugin.requires) for module in discover()}
    return [",".join(sorted(_with_those_that_require(name, requires))) for name in requires]


def _with_those_that_require(name: str, requires: dict[str, set[str]]) -> set[str]:
    gone = {name}
    while more := {other for other, needs in requires.items() if needs & gone} - gone:
        gone |= more
    return gone


if __name__ == "__main__":
    print("\n".join(sets()))  # noqa: T201  make reads it
