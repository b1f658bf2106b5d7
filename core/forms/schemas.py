"""A form as a marshmallow schema: the one validation for page, portal and API."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from marshmallow import RAISE, Schema, ValidationError
from marshmallow import fields as marshmallow_fields

from core import clock, i18n
from core.errors import Invalid, Problem
from core.forms import kinds
from core.forms.conditions import evaluate
from core.forms.normal import default_region
from core.forms.sources import options_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from core.contributions import Condition
    from core.declarations import Field, Form, Text

Audience = Literal["all", "internal"]

MAX_FIELDS = 500
LINE_LENGTH = 500
TEXT_LENGTH = 20_000
LONGEST_TEXT = 100_000
MAX_FILES = 10
MAX_ROWS = 100

_REQUIRED = {
    "choice": "choose",
    "choices": "choose",
    "user": "choose",
    "department": "choose",
    "boolean": "answer",
    "date": "choose",
    "datetime": "choose",
    "files": "attach",
    "signature": "sign",
    "rows": "row",
}


def schema(
    fields: Sequence[Field], *, audience: Audience = "all", region: str = ""
) -> type[Schema]:
    """The schema of `fields` that `audience` may answer; unknown names raise.

    "internal" sees every field, "all" those for everybody. Errors are ids (`kinds.Message`).
    """
    shown = tuple(field for field in fields if audience == "internal" or field.audience == "all")
    if _count(fields) > MAX_FIELDS:
        raise Invalid(_problem("", "forms.error.fields", limit=MAX_FIELDS))
    messages = {
        "unknown": kinds.Message("forms.error.unknown"),
        "type": kinds.Message("forms.error.object"),
    }
    body: dict[str, Any] = {field.name: _answer(field, audience, region) for field in shown}
    body["Meta"] = type("Meta", (), {"unknown": RAISE, "register": False})
    body["error_messages"] = messages
    return type("Answers", (Schema,), body)


def load(
    form: Form,
    data: Any,
    *,
    audience: Audience = "all",
    region: str = "",
    conditions: Mapping[str, Condition] | None = None,
) -> dict[str, Any]:
    """The answers of `data` in their types, blank and hidden ones left out.

    Raises Invalid naming every mistake. `region` reads phone numbers without a country, by
    default that of the tenant's zone.
    """
    if not isinstance(data, dict):
        raise Invalid(_problem("", "forms.error.object"))
    if len(data) > MAX_FIELDS:
        raise Invalid(_problem("", "forms.error.fields", limit=MAX_FIELDS))
    reader = _Reader(audience, region or default_region(), conditions or {})
    values = reader.read(form.fields, data, {}, "")
    if reader.problems:
        raise Invalid(*reader.problems)
    return values


def visible(
    fields: Sequence[Field],
    facts: Mapping[str, Any],
    conditions: Mapping[str, Condition] | None = None,
) -> frozenset[str]:
    """The fields that `facts` leave visible; a hidden one counts as unanswered for the others."""
    shown = frozenset(field.name for field in fields)
    for _ in range(len(fields) + 1):
        names = {field.name for field in fields}
        seen = {name: value for name, value in facts.items() if name in shown or name not in names}
        following = frozenset(
            field.name
            for field in fields
            if field.visible_when is None or evaluate(field.visible_when, seen, conditions)
        )
        if following == shown:
            break
        shown = following
    return shown


def is_blank(value: Any) -> bool:
    """Whether nothing was answered: white space, nothing chosen, an empty signature or amount."""
    if isinstance(value, str):
        return not value.strip()
    if isinstance(value, dict):
        return all(is_blank(item) for key, item in value.items() if key != "currency")
    return value is None or value == []


def words(title: Text) -> str:
    """A title in the language of the request."""
    return i18n.text(title)


class _Reader:
    """Walks the fields once, rows included, and collects every problem on the way."""

    def __init__(
        self, audience: Audience, region: str, conditions: Mapping[str, Condition]
    ) -> None:
        self.audience, self.region, self.conditions = audience, region, conditions
        self.problems: list[Problem] = []

    def read(
        self, fields: Sequence[Field], data: dict[str, Any], around: Mapping[str, Any], path: str
    ) -> dict[str, Any]:
        own = [field for field in fields if self.audience == "internal" or field.audience == "all"]
        known = {field.name for field in own}
        for name in data:
            if name not in known:
                self.problems.append(
                    _problem(f"{path}{name}", "forms.error.unknown", label=str(name)[:80])
                )
        values, errors = self._values(own, data, path)
        shown = visible(own, {**around, **values}, self.conditions)
        for field in own:
            if field.name not in shown:
                values.pop(field.name, None)
                continue
            self.problems += errors.get(field.name, [])
            if field.kind == "rows" and field.name in values:
                values[field.name] = self._rows(field, values, around, path)
            elif field.required and field.name not in values and field.name not in errors:
                self.problems.append(_missing(field, f"{path}{field.name}"))
        return values

    def _values(
        self, fields: Sequence[Field], data: dict[str, Any], path: str
    ) -> tuple[dict[str, Any], dict[str, list[Problem]]]:
        values: dict[str, Any] = {}
        errors: dict[str, list[Problem]] = {}
        for field in fields:
            given = data.get(field.name)
            if is_blank(given):
                given = _default(field)
                if given is None:
                    continue
            try:
                values[field.name] = _answer(
                    field, self.audience, self.region, rows_raw=True
                ).deserialize(given)
            except ValidationError as error:
                errors[field.name] = list(_problems(field, error.messages, f"{path}{field.name}"))
        return values, errors

    def _rows(
        self, field: Field, values: Mapping[str, Any], around: Mapping[str, Any], path: str
    ) -> list[dict[str, Any]]:
        facts = {**around, **values}
        return [
            self.read(field.fields, row, facts, f"{path}{field.name}.{index}.")
            for index, row in enumerate(values[field.name])
        ]


def _answer(
    field: Field, audience: Audience, region: str, *, rows_raw: bool = False
) -> marshmallow_fields.Field[Any]:
    """The marshmallow field of `field`; `rows_raw` leaves the cells of its rows for later."""
    required = field.required and field.visible_when is None
    common: dict[str, Any] = {"required": required}
    if not required:
        common |= {"allow_none": True}
    common["error_messages"] = {
        "required": kinds.Message(_required_id(field)),
        "null": kinds.Message(_required_id(field)),
    }
    if field.kind == "rows":
        inner = (
            _Row(**_inner("object"))
            if rows_raw
            else marshmallow_fields.Nested(
                schema(field.fields, audience=audience, region=region), **_inner("object")
            )
        )
        return kinds.Several(
            inner, int(field.minimum or 0), int(field.maximum or MAX_ROWS), repeats=True, **common
        )
    if field.kind == "phone":
        return kinds.Phone(region or default_region(), **common)
    return _MAKERS[field.kind](field, **common)


class _Row(marshmallow_fields.Field[dict[str, Any]]):
    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> dict[str, Any]:
        if not isinstance(value, dict) or len(value) > MAX_FIELDS:
            raise kinds.wrong("forms.error.object")
        return value


def _line(field: Field, *, longest: int, lines: bool, **common: Any) -> kinds.Line:
    most = min(int(field.maximum or longest), LONGEST_TEXT)
    return kinds.Line(int(field.minimum or 0), most, field.pattern, lines=lines, **common)


def _offered(field: Field) -> frozenset[str] | None:
    options = options_of(field)
    return None if options is None else frozenset(option.value for option in options)


def _several(
    field: Field,
    *,
    inner: Callable[[Field], marshmallow_fields.Field[Any]],
    most: int,
    **common: Any,
) -> kinds.Several:
    return kinds.Several(
        inner(field), int(field.minimum or 0), int(field.maximum or most), **common
    )


def _inner(word: str) -> dict[str, Any]:
    return {"error_messages": {"null": kinds.Message(f"forms.error.{word}")}}


_MAKERS: dict[str, Callable[..., marshmallow_fields.Field[Any]]] = {
    "text": partial(_line, longest=LINE_LENGTH, lines=False),
    "secret": partial(_line, longest=LINE_LENGTH, lines=False),
    "long_text": partial(_line, longest=TEXT_LENGTH, lines=True),
    "number": lambda field, **common: kinds.Number(field.minimum, field.maximum, **common),
    "money": lambda field, **common: kinds.Money(field.minimum, field.maximum, **common),
    "date": lambda _field, **common: kinds.Date(**common),
    "datetime": lambda _field, **common: kinds.Moment(**common),
    "boolean": lambda _field, **common: kinds.Flag(**common),
    "choice": lambda field, **common: kinds.Choice(_offered(field), **common),
    "choices": partial(
        _several,
        inner=lambda field: kinds.Choice(_offered(field), **_inner("option")),
        most=MAX_FIELDS,
    ),
    "files": partial(_several, inner=lambda _field: kinds.Id(**_inner("id")), most=MAX_FILES),
    "email": lambda _field, **common: kinds.Mail(**common),
    "user": lambda field, **common: kinds.Id(_offered(field), **common),
    "department": lambda field, **common: kinds.Id(_offered(field), **common),
    "signature": lambda _field, **common: kinds.Signature(**common),
}


def _default(field: Field) -> Any:
    if field.default == "now" and field.kind == "datetime":
        return clock.now()
    if field.default == "today" and field.kind == "date":
        return clock.now().date().isoformat()
    return (
        [field.default] if field.kind == "choices" and field.default is not None else field.default
    )


def _required_id(field: Field) -> str:
    return (
        f"forms.error.required_{_REQUIRED[field.kind]}"
        if field.kind in _REQUIRED
        else "forms.error.required"
    )


def _missing(field: Field, path: str) -> Problem:
    if field.error:
        return _problem(path, "forms.error.own", words=words(field.error))
    return _problem(path, _required_id(field), label=words(field.title))


def _problems(field: Field, messages: Any, path: str) -> Iterator[Problem]:
    """Problems of one field; a list's are keyed by index."""
    if isinstance(messages, dict):
        for key, inner in messages.items():
            yield from _problems(field, inner, f"{path}.{key}")
        return
    for message in messages:
        values = getattr(message, "values", {})
        if field.error and message in {"forms.error.pattern", "forms.error.required"}:
            yield _problem(path, "forms.error.own", words=words(field.error))
        else:
            yield _problem(path, str(message), label=words(field.title), **values)


def _count(fields: Sequence[Field]) -> int:
    return sum(1 + _count(field.fields) for field in fields)


def _problem(path: str, message: str, **values: Any) -> Problem:
    return Problem(field=path.rstrip("."), message=message, values=tuple(values.items()))
