"""A settings schema as a declared form, so that the console draws and reads it like every other form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from marshmallow import fields, missing, validate

from core.sdk import Field, Form, Option

if TYPE_CHECKING:
    from marshmallow import Schema

KINDS: tuple[tuple[type[fields.Field[Any]], str], ...] = (
    (fields.Boolean, "boolean"),
    (fields.Number, "number"),
    (fields.Email, "email"),
    (fields.DateTime, "datetime"),
    (fields.Date, "date"),
)


def form_of(owner: str, schema: Schema) -> Form:
    """The form of an owner's settings; metadata gives title, help, unit, group and `secret`."""
    questions = tuple(_question(name, field) for name, field in schema.fields.items())
    return Form(f"{owner}.settings", "", _grouped(questions))


def _grouped(questions: tuple[Field, ...]) -> tuple[Field, ...]:
    groups = list(dict.fromkeys(str(question.group) for question in questions))
    return tuple(sorted(questions, key=lambda question: groups.index(str(question.group))))


def _question(name: str, field: fields.Field[Any]) -> Field:
    told = field.metadata
    inner = field.inner if isinstance(field, fields.List) else field
    low, high = _bounds(field)
    default = None if field.load_default is missing else field.load_default
    kind: Any = _kind(field)
    return Field(
        name,
        kind,
        told.get("title", name),
        help=told.get("help", ""),
        required=kind not in {"boolean", "secret"}
        and (field.required or (kind != "rows" and default not in (None, "", []))),
        options=_options(inner),
        minimum=low,
        maximum=high,
        pattern=_pattern(field),
        group=told.get("group", ""),
        unit=told.get("unit", ""),
        fields=_columns(inner) if kind == "rows" else (),
    )


def _kind(field: fields.Field[Any]) -> str:
    if field.metadata.get("secret"):
        return "secret"
    if isinstance(field, fields.List):
        return "rows" if isinstance(field.inner, fields.Nested) else "choices"
    for python, kind in KINDS:
        if isinstance(field, python):
            return kind
    if _options(field):
        return "choice"
    return "long_text" if field.metadata.get("lines") else "text"


def _columns(inner: fields.Field[Any]) -> tuple[Field, ...]:
    if not isinstance(inner, fields.Nested):
        return ()
    return tuple(_question(name, field) for name, field in inner.schema.fields.items())


def _options(field: fields.Field[Any]) -> tuple[Option, ...]:
    for check in field.validators:
        if isinstance(check, validate.OneOf):
            titles = check.labels or check.choices
            return tuple(Option(str(v), str(t)) for v, t in zip(check.choices, titles, strict=True))
    return ()


def _bounds(field: fields.Field[Any]) -> tuple[float | None, float | None]:
    for check in field.validators:
        if isinstance(check, validate.Range | validate.Length):
            return check.min, check.max
    return None, None


def _pattern(field: fields.Field[Any]) -> str:
    for check in field.validators:
        if isinstance(check, validate.Regexp):
            return str(check.regex.pattern)
    return ""
