"""What form.html draws: one widget per field, with its words, ids, choices and errors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core import i18n
from core.forms import pages
from core.forms.conditions import named_fields
from core.forms.schemas import LINE_LENGTH, MAX_FILES, MAX_ROWS, TEXT_LENGTH, visible
from core.forms.sources import options_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from flask import Flask

    from core.contributions import Condition
    from core.declarations import Field, Form
    from core.errors import Problem
    from core.forms.schemas import Audience

ACCEPT = (
    "image/jpeg,image/png,image/webp,image/gif,application/pdf,text/plain,text/csv,.docx,.xlsx,"
    "audio/mpeg,video/mp4"
)
RADIOS_UP_TO = 4
SPARE_ROWS = 3

_INPUTS = {
    "long_text": "textarea",
    "phone": "tel",
    "email": "email",
    "number": "number",
    "money": "money",
    "date": "date",
    "datetime": "datetime-local",
    "choices": "checkboxes",
    "files": "files",
    "signature": "signature",
    "rows": "rows",
    "secret": "password",
    "user": "select",
    "department": "select",
    "text": "text",
}
_AUTOCOMPLETE = {"phone": "tel", "email": "email"}


@dataclass(frozen=True)
class Pick:
    """One choice on the page."""

    value: str
    title: str
    chosen: bool


@dataclass(frozen=True)
class Widget:
    """A field ready to be drawn; `input` names its macro, `rows` holds the widgets of each row."""

    field: Field
    name: str
    id: str
    input: str
    label: str
    help: str
    unit: str
    value: Any
    errors: tuple[str, ...]
    described_by: str
    shown: bool = True
    rule: str = ""
    decides: bool = False
    autocomplete: str = ""
    limit: int | None = None
    picks: tuple[Pick, ...] = ()
    rows: tuple[tuple[Widget, ...], ...] = ()
    blank_row: tuple[Widget, ...] = ()


def words_of(problem: Problem) -> str:
    """A problem said in the language of the request, the same in the summary and at its field."""
    return i18n.text(problem.message, **dict(problem.values))


def widgets(
    form: Form,
    values: Mapping[str, Any] | None = None,
    problems: Sequence[Problem] = (),
    audience: Audience = "all",
    *,
    prefix: str = "",
    conditions: Mapping[str, Condition] | None = None,
) -> list[Widget]:
    """The widgets of `form` in page order; `prefix` keeps the ids of two forms on a page apart."""
    view = _View(audience, problems, conditions or {}, prefix)
    return view.lay_out(form.fields, values or {}, {}, "", "")


def summary(problems: Sequence[Problem], prefix: str = "") -> list[tuple[str, str]]:
    """Lines of the error summary: the id of the input and the words."""
    return [(_id(prefix, problem.field), words_of(problem)) for problem in problems]


def groups(form: Form, *args: Any, **kwargs: Any) -> list[tuple[str, list[Widget]]]:
    """`widgets` under the titles of their groups."""
    found: list[tuple[str, list[Widget]]] = []
    for widget in widgets(form, *args, **kwargs):
        title = i18n.text(widget.field.group)
        if not found or found[-1][0] != title:
            found.append((title, []))
        found[-1][1].append(widget)
    return found


def register(app: Flask, upload_name: Callable[[Any], str] | None = None) -> None:
    """Give templates what form.html needs; `upload_name` tells the file behind an upload's id."""
    app.jinja_env.globals.update(
        form_groups=groups,
        form_summary=summary,
        form_accept=ACCEPT,
        upload_name=upload_name or (lambda _id: i18n.text("forms.files.one")),
    )


class _View:
    def __init__(
        self,
        audience: Audience,
        problems: Sequence[Problem],
        conditions: Mapping[str, Condition],
        prefix: str,
    ) -> None:
        self.audience, self.problems, self.conditions, self.prefix = (
            audience,
            problems,
            conditions,
            prefix,
        )

    def lay_out(
        self,
        fields: Sequence[Field],
        values: Mapping[str, Any],
        around: Mapping[str, Any],
        name_prefix: str,
        path: str,
    ) -> list[Widget]:
        own = [field for field in fields if self.audience == "internal" or field.audience == "all"]
        facts = {field.name: field.default for field in own} | {**around, **values}
        shown = visible(own, facts, self.conditions)
        deciding = {
            name for field in own if field.visible_when for name in named_fields(field.visible_when)
        }
        return [
            self._widget(
                field,
                values.get(field.name),
                facts,
                name=f"{name_prefix}{field.name}",
                path=f"{path}{field.name}",
                shown=field.name in shown,
                decides=field.name in deciding,
            )
            for field in own
        ]

    def _widget(
        self,
        field: Field,
        value: Any,
        facts: Mapping[str, Any],
        *,
        name: str,
        path: str,
        shown: bool,
        decides: bool,
    ) -> Widget:
        picks = _picks(field, value)
        errors = self._errors(field, path)
        ident = _id(self.prefix, path)
        help_text = i18n.text(field.help) or _default_help(field)
        described = [f"{ident}-help"] if help_text else []
        described += [f"{ident}-error"] if errors else []
        rows, blank = self._rows(field, value, facts, name, path)
        return Widget(
            field=field,
            name=name,
            id=ident,
            input=_input(field, picks),
            label=i18n.text(field.title),
            help=help_text,
            unit=pages.default_currency(field) if field.kind == "money" else i18n.text(field.unit),
            value=value if field.kind in {"rows", "signature"} else pages.typed(field, value),
            errors=errors,
            described_by=" ".join(described),
            shown=shown,
            rule=pages.rule(field.visible_when),
            decides=decides,
            autocomplete=_AUTOCOMPLETE.get(field.kind, ""),
            limit=_length(field),
            picks=picks,
            rows=rows,
            blank_row=blank,
        )

    def _errors(self, field: Field, path: str) -> tuple[str, ...]:
        """Problems of this field; those inside rows stand at their own inputs."""
        mine = [problem for problem in self.problems if problem.field == path]
        if field.kind != "rows":
            mine += [problem for problem in self.problems if problem.field.startswith(f"{path}.")]
        return tuple(dict.fromkeys(words_of(problem) for problem in mine))

    def _rows(
        self, field: Field, value: Any, facts: Mapping[str, Any], name: str, path: str
    ) -> tuple[tuple[tuple[Widget, ...], ...], tuple[Widget, ...]]:
        if field.kind != "rows":
            return (), ()
        filled = [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []
        most = int(field.maximum or MAX_ROWS)
        wanted = max(len(filled) + (1 if filled else SPARE_ROWS), int(field.minimum or 0))
        spare: list[dict[str, Any]] = [{} for _ in range(min(wanted, most) - len(filled))]
        rows = tuple(
            tuple(self.lay_out(field.fields, row, facts, f"{name}-{index}-", f"{path}.{index}."))
            for index, row in enumerate([*filled, *spare])
        )
        blank = tuple(self.lay_out(field.fields, {}, facts, f"{name}-__row__-", f"{path}.__row__."))
        return rows, blank


def _id(prefix: str, path: str) -> str:
    return prefix + (path.replace(".", "-") or "form")


def _input(field: Field, picks: tuple[Pick, ...]) -> str:
    if field.kind == "boolean":
        return "radios" if field.required else "checkbox"
    if field.kind == "choice":
        return "radios" if len(picks) <= RADIOS_UP_TO else "select"
    return _INPUTS[field.kind]


def _picks(field: Field, value: Any) -> tuple[Pick, ...]:
    value = pages.typed(field, value)
    if field.kind == "boolean":
        return tuple(
            Pick(word, i18n.text(f"forms.{answer}"), value is (word == "1"))
            for word, answer in (("1", "yes"), ("0", "no"))
        )
    if field.kind not in {"choice", "choices", "user", "department"}:
        return ()
    chosen = {str(item) for item in value} if isinstance(value, list) else {str(value)}
    return tuple(
        Pick(option.value, i18n.text(option.title), option.value in chosen)
        for option in options_of(field) or ()
    )


def _default_help(field: Field) -> str:
    if field.kind == "files":
        return i18n.text("forms.files.help", limit=int(field.maximum or MAX_FILES))
    if field.kind == "signature":
        return i18n.text("forms.signature.help")
    return ""


def _length(field: Field) -> int | None:
    longest = {"text": LINE_LENGTH, "secret": LINE_LENGTH, "long_text": TEXT_LENGTH}.get(field.kind)
    return int(field.maximum or longest) if longest else None
