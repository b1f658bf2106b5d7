"""Writes docs/reference.md: every permission, event, setting and command with its own words."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import tenants.hooks
from core.app import create_app
from core.catalog import discover
from core.cli import polydesk
from core.config import Config
from core.i18n import text, use
from core.plugins import catalog

if TYPE_CHECKING:
    from collections.abc import Iterator

    from core.plugins import Catalog

TARGET = Path(__file__).resolve().parent.parent / "docs/reference.md"


def main() -> None:
    """Ask an application without data what it declares, and write it down."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/reference.db"
        config = Config(data=Path(folder), database_url=url, owner_url=url, worker_url=url)
        app = create_app(config, [tenants.hooks, *discover()])
        with app.app_context(), use("en"):
            for call in app.extensions["polydesk_plugins"][
                0
            ].hook.register_commands.get_hookimpls():
                call.function(polydesk)
            TARGET.write_text("\n".join(_lines(catalog())) + "\n", encoding="utf-8")


def _lines(found: Catalog) -> Iterator[str]:
    yield "# Reference"
    yield ""
    yield "Made by `tools/reference.py` from what is declared; do not edit it by hand."
    yield from _permissions(found)
    yield from _events(found)
    yield from _settings(found)
    yield from _commands()


def _permissions(found: Catalog) -> Iterator[str]:
    yield from ("", "## Permissions", "", "Each is an OAuth scope, too.", "")
    yield from ("| permission | is for | built-in roles |", "|---|---|---|")
    for name, permission in sorted(found.shelf("permission").items()):
        roles = ", ".join(f"{role} ({reach})" for role, reach in permission.roles.items())
        yield f"| `{name}` | {text(permission.title)} | {roles or '–'} |"


def _events(found: Catalog) -> Iterator[str]:
    yield from ("", "## Events", "", "| event | says | data |", "|---|---|---|")
    for name, event in sorted(found.shelf("event").items()):
        data = ", ".join(f"`{field}`" for field in event.schema()["properties"])
        yield f"| `{name}` | {_one_line(event.__doc__)} | {data or '–'} |"


def _settings(found: Catalog) -> Iterator[str]:
    yield from ("", "## Settings", "")
    for owner, schema in sorted(found.settings.items()):
        yield from (f"### {owner}", "", "| setting | means | default |", "|---|---|---|")
        for name, field in schema().fields.items():
            default = field.load_default() if callable(field.load_default) else field.load_default
            shown = f"{len(default)} entries" if isinstance(default, list) else f"`{default!r}`"
            yield f"| `{name}` | {text(field.metadata.get('title', name))} | {shown} |"
        yield ""


def _commands() -> Iterator[str]:
    yield from ("## Commands", "", "| command | does |", "|---|---|")
    for name, command in sorted(polydesk.commands.items()):
        members: dict[str, Any] = getattr(command, "commands", None) or {"": command}
        for inner, found in sorted(members.items()):
            spelling = " ".join(filter(None, ("polydesk", name, inner)))
            yield f"| `{spelling}` | {_one_line(found.help)} |"


def _one_line(words: str | None) -> str:
    return " ".join((words or "").split()).replace("|", "\\|")


if __name__ == "__main__":
    main()
