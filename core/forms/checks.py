"""Whether a form makes sense: asked of what plugins declare and of what tenants edit."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from core.errors import Problem
from core.forms.conditions import check
from core.forms.schemas import MAX_FIELDS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from core.contributions import Condition
    from core.declarations import Field, Form

_NESTED_REPEAT = re.compile(r"[+*}][^()]*\)[+*{]")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")


def check_form(form: Form, conditions: Mapping[str, Condition] | None = None) -> list[Problem]:
    """Everything wrong with a form's fields; `field` of a problem is the path of the question."""
    total = sum(1 + len(field.fields) for field in form.fields)
    if total > MAX_FIELDS:
        return [_problem("", "forms.error.fields", limit=MAX_FIELDS)]
    return _check_fields(form.fields, frozenset(), "", conditions)


def _check_fields(
    fields: Sequence[Field],
    around: frozenset[str],
    path: str,
    conditions: Mapping[str, Condition] | None,
) -> list[Problem]:
    names = [field.name for field in fields]
    problems = [
        _problem(f"{path}{name}", "forms.check.twice", name=name)
        for name in sorted({name for name in names if names.count(name) > 1})
    ]
    known = frozenset(names) | around
    for field in fields:
        where = f"{path}{field.name}"
        problems += _check_field(field, where)
        if field.visible_when is not None:
            problems += [
                Problem(field=where, message=problem.message, values=problem.values)
                for problem in check(field.visible_when, fields=known, conditions=conditions)
            ]
        if field.kind == "rows":
            problems += _check_fields(field.fields, known, f"{where}.", conditions)
    return problems


def _check_field(field: Field, where: str) -> list[Problem]:
    problems = []
    if not _NAME.fullmatch(field.name):
        problems.append(_problem(where, "forms.check.name", name=field.name))
    if field.kind in {"choice", "choices"} and not (field.options or field.source):
        problems.append(_problem(where, "forms.check.options", name=field.name))
    if field.kind == "rows" and (
        not field.fields or any(inner.kind == "rows" for inner in field.fields)
    ):
        problems.append(_problem(where, "forms.check.rows", name=field.name))
    if field.minimum is not None and field.maximum is not None and field.minimum > field.maximum:
        problems.append(_problem(where, "forms.check.bounds", name=field.name))
    if not _compiles(field.pattern):
        problems.append(_problem(where, "forms.check.pattern", name=field.name))
    return problems


def _compiles(pattern: str) -> bool:
    # A repeat inside a repeat can take exponential time on a text made for it.
    if _NESTED_REPEAT.search(pattern):
        return False
    try:
        re.compile(pattern)
    except re.error:
        return False
    return True


def _problem(path: str, message: str, **values: str | int) -> Problem:
    return Problem(field=path, message=message, values=tuple(values.items()))
