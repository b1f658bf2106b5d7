"""What the desk's pages share: addresses, versions, and the declared form of a step, drawn again when refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from flask import g, request

from core.sdk import Invalid, Problem, VersionMissing, definition, read_form, store_file

if TYPE_CHECKING:
    from uuid import UUID

    from core.sdk import PolydeskError, Transition, Workflow


def back_with(path: str, **asked: Any) -> str:
    """An address with what is asked; "" when a cursor is asked for and there is none."""
    if "cursor" in asked and not asked["cursor"]:
        return ""
    query = urlencode({name: value for name, value in asked.items() if value})
    return f"{path}?{query}" if query else path


def version() -> int:
    """The version that the form was drawn at."""
    given = request.form.get("version", "")
    if not (given.isascii() and given.isdigit() and len(given) < 10):  # noqa: PLR2004
        raise VersionMissing("say which version you read")
    return int(given)


def lines_of_error(error: PolydeskError) -> tuple[Problem, ...]:
    """The problems of an error, with the fields as the page names them."""
    if isinstance(error, Invalid):
        return tuple(
            Problem(field=p.field.removeprefix("form."), message=p.message, values=p.values)
            for p in error.problems
        )
    return (Problem(field="", message=f"problem.{error.code}.detail"),)


def move_form(move: Transition, again: dict[str, Any]) -> dict[str, Any]:
    """A step as the page draws it: its form, what was typed, and what is wrong."""
    mine = again.get("move") == move.name
    return {
        "move": move,
        "form": definition("form", move.form) if move.form else None,
        "typed": again.get("typed", {}) if mine else {},
        "problems": again.get("problems", ()) if mine else (),
    }


def answers_of(flow: Workflow, state: str, name: str) -> dict[str, Any]:
    """The answers of a step's form; Invalid names every mistake. A step that is not offered has none."""
    form = _form_of(flow, name, state)
    if form is None:
        return {}
    read = read_form(form, request.form, request.files, store=_keep, audience="internal")
    if read.problems:
        raise Invalid(*read.problems)
    return read.data


def again_of(error: PolydeskError, flow: Workflow, name: str) -> dict[str, Any]:
    """What a page needs to draw a refused step once more, with what was typed."""
    form = _form_of(flow, name)
    typed = read_form(form, request.form).data if form else {}
    return {"move": name, "problems": lines_of_error(error), "typed": typed}


def _form_of(flow: Workflow, name: str, state: str = "") -> Any:
    for move in flow.transitions:
        if move.name == name and move.form and (not state or state in move.sources):
            return definition("form", move.form)
    return None


def _keep(file: Any) -> UUID:
    return store_file(file, actor=g.actor).id
