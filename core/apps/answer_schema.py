"""What an app may answer: blocks and a message, strict and small; core draws them, nobody brings markup."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from marshmallow import RAISE, Schema, ValidationError, fields, validate, validates_schema

from core import egress
from core.contributions import Block
from core.forms.kinds import Line
from core.i18n import DEFAULT_LOCALE, LOCALES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.declarations import Text

MOST_BLOCKS, MOST_ITEMS, MOST_CELLS, LONGEST, SHORT = 20, 50, 8, 2000, 200
STATUSES = ("new", "open", "waiting", "resolved", "closed")


class WrongAnswer(ValueError):
    """An app's answer is not what the manual says; the words name where."""


class _Label(fields.Field["Text"]):
    """Plain words, or words per locale; never a message id of ours."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> Text:
        words = value if isinstance(value, dict) else {DEFAULT_LOCALE: value}
        line = Line(1, SHORT, lines=False)
        if not words or not set(words) <= set(LOCALES):
            raise ValidationError("not words")
        return {locale: line.deserialize(each) for locale, each in words.items()}


class _Value(fields.Field[Any]):
    """A text, a number or a yes or no."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> Any:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return value
        return Line(0, LONGEST, lines=True).deserialize(value)


class _Url(fields.Field[str]):
    """An address that the egress client could ask too: https, and no inner host."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> str:
        if not isinstance(value, str):
            raise ValidationError("not an address")
        try:
            egress.check(value)
        except egress.EgressRefused as refused:
            raise ValidationError(str(refused)) from refused
        return value


class _Items(fields.Field[tuple[tuple[Any, ...], ...]]):
    """Rows of cells: the first of a pair is a label."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> tuple[tuple[Any, ...], ...]:
        if not isinstance(value, list) or not 1 <= len(value) <= MOST_ITEMS:
            raise ValidationError(f"1 to {MOST_ITEMS} rows")
        kind = (data or {}).get("kind")
        return tuple(self._row(row, kind) for row in value)

    def _row(self, row: Any, kind: Any) -> tuple[Any, ...]:
        if not isinstance(row, list) or not 1 <= len(row) <= MOST_CELLS:
            raise ValidationError(f"a row is a list of 1 to {MOST_CELLS} cells")
        if kind == "table":
            return tuple(_Value().deserialize(cell) for cell in row)
        if len(row) != 2:  # noqa: PLR2004  label and value
            raise ValidationError("a row is [label, value]")
        second: fields.Field[Any] = _Url() if kind == "actions" else _Value()
        return _Label().deserialize(row[0]), second.deserialize(row[1])


# kind -> what it must hold besides
SHAPES = {
    "rows": {"items"},
    "text": {"value"},
    "progress": {"label", "value"},
    "link": {"label", "url"},
    "status": {"label", "value"},
    "actions": {"items"},
    "table": {"value", "items"},
}


class _BlockSchema(Schema):
    kind = fields.String(required=True, validate=validate.OneOf(tuple(SHAPES)))
    label = _Label()
    value = fields.Raw()
    items = _Items()
    url = _Url()

    class Meta:
        unknown = RAISE

    @validates_schema
    def fits(self, data: dict[str, Any], **_: Any) -> None:
        """Each kind holds what it needs, and nothing else."""
        needed = SHAPES[data["kind"]]
        given = set(data) - {"kind"}
        allowed = needed | ({"label"} if data["kind"] == "text" else set())
        if needed - given or given - allowed:
            raise ValidationError(f"{data['kind']} has {', '.join(sorted(needed))}")
        if data["kind"] == "text":
            _Value().deserialize(data["value"])
        if data["kind"] == "table":
            _header(data["value"])
        if data["kind"] == "progress" and not _is_share(data["value"]):
            raise ValidationError("progress has a value from 0 to 1")
        if data["kind"] == "status" and data["value"] not in STATUSES:
            raise ValidationError(f"status is one of {', '.join(STATUSES)}")


class AnswerSchema(Schema):
    """A panel's answer is `{"blocks": [...]}`, an action's `{"message": ..., "blocks": [...]}`."""

    message = _Label(load_default=None)
    blocks = fields.List(
        fields.Nested(_BlockSchema), load_default=list, validate=validate.Length(max=MOST_BLOCKS)
    )

    class Meta:
        unknown = RAISE


def read_answer(body: bytes) -> tuple[Text, tuple[Block, ...]]:
    """The message ("" when it says none) and the blocks of an answer; raises WrongAnswer."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise WrongAnswer("the answer is not JSON") from error
    try:
        found = AnswerSchema().load(told)
    except ValidationError as error:
        raise WrongAnswer(f"the answer does not fit: {error.messages}") from error
    return found["message"] or "", tuple(_block(each) for each in found["blocks"])


def _block(told: dict[str, Any]) -> Block:
    kind, value = told["kind"], told.get("value")
    if kind == "table":
        return Block(kind, value=_header(value), items=told["items"])
    if kind == "text":
        value = _Value().deserialize(value)
    return Block(
        kind,
        told.get("label", ""),
        value=value,
        items=told.get("items", ()),
        url=told.get("url", ""),
    )


def _header(value: Any) -> tuple[Text, ...]:
    if not isinstance(value, list) or not 1 <= len(value) <= MOST_CELLS:
        raise ValidationError(f"a table's value is its header, 1 to {MOST_CELLS} labels")
    return tuple(_Label().deserialize(each) or "" for each in value)


def _is_share(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1
