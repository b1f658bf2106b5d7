"""One marshmallow field per kind of answer; errors are message ids that carry their values."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self
from uuid import UUID

from babel.numbers import list_currencies
from marshmallow import ValidationError, fields

from core.forms.normal import clean, half_width, mail_address, phone_number

if TYPE_CHECKING:
    from collections.abc import Mapping

NUMBER_LIMIT = 10**15
MAX_STROKES = 60_000
_SIGNATURE = {"attachment_id", "strokes", "typed_name"}


class Message(str):
    """A message id with the values that fill its blanks."""

    __slots__ = ("values",)

    values: dict[str, Any]

    def __new__(cls, message_id: str, **values: Any) -> Self:
        """Make the id carry `values`."""
        message = super().__new__(cls, message_id)
        message.values = values
        return message


def wrong(message_id: str, **values: Any) -> ValidationError:
    """The error to raise for one answer."""
    return ValidationError([Message(message_id, **values)])


class Line(fields.Field[str]):
    """Text within `shortest`..`longest` characters; a `pattern` must fit all of it."""

    def __init__(
        self, shortest: int, longest: int, pattern: str = "", *, lines: bool, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.shortest, self.longest, self.pattern, self.lines = shortest, longest, pattern, lines

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> str:
        if not isinstance(value, str):
            raise wrong("forms.error.text")
        text = clean(value)
        if text is None:
            raise wrong("forms.error.unprintable")
        if not self.lines:
            text = " ".join(text.split("\n"))
        if len(text) > self.longest:
            raise wrong("forms.error.too_long", limit=self.longest, length=len(text))
        if len(text) < self.shortest:
            raise wrong("forms.error.too_short", limit=self.shortest, length=len(text))
        if self.pattern and not re.fullmatch(self.pattern, text):
            raise wrong("forms.error.pattern")
        return text


class Number(fields.Field[int | float]):
    """A number within its bounds; whole numbers stay integers."""

    def __init__(self, low: float | None, high: float | None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.low = -NUMBER_LIMIT if low is None else low
        self.high = NUMBER_LIMIT if high is None else high

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> int | float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise wrong("forms.error.number")
        if isinstance(value, float) and not math.isfinite(value):
            raise wrong("forms.error.number")
        if value < self.low:
            raise wrong("forms.error.number_small", limit=_short(self.low))
        if value > self.high:
            raise wrong("forms.error.number_large", limit=_short(self.high))
        return int(value) if float(value).is_integer() else float(value)


def _short(limit: float) -> str:
    return f"{limit:.15g}"


class Money(fields.Field[dict[str, Any]]):
    """{"amount": integer minor units, "currency": ISO 4217}."""

    def __init__(self, low: float | None, high: float | None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.low, self.high = (0 if low is None else low), (NUMBER_LIMIT if high is None else high)

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> dict[str, Any]:
        if not isinstance(value, dict) or set(value) != {"amount", "currency"}:
            raise wrong("forms.error.money")
        amount, currency = value["amount"], value["currency"]
        if isinstance(amount, bool) or not isinstance(amount, int):
            raise wrong("forms.error.money")
        if not self.low <= amount <= self.high:
            raise wrong("forms.error.money_range")
        if not isinstance(currency, str) or currency not in list_currencies():
            raise wrong("forms.error.currency")
        return {"amount": amount, "currency": currency}


class Date(fields.Date):
    """An ISO date."""

    default_error_messages = {  # noqa: RUF012  marshmallow declares it an instance's dict
        "invalid": Message("forms.error.date"),
        "format": Message("forms.error.date"),
    }


class Moment(fields.Field[datetime]):
    """An ISO moment with its offset, kept in UTC."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> datetime:
        if isinstance(value, datetime):
            moment = value
        else:
            try:
                moment = datetime.fromisoformat(value)
            except (TypeError, ValueError):
                raise wrong("forms.error.datetime") from None
        if moment.tzinfo is None:
            raise wrong("forms.error.offset")
        try:
            return moment.astimezone(UTC)
        except OverflowError:
            raise wrong("forms.error.datetime") from None


class Flag(fields.Field[bool]):
    """True or false, nothing like them."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> bool:
        if not isinstance(value, bool):
            raise wrong("forms.error.boolean")
        return value


class Choice(fields.Field[str]):
    """One of the values on offer; None offers anything."""

    def __init__(self, offered: frozenset[str] | None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.offered = offered

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> str:
        if not isinstance(value, str) or (self.offered is not None and value not in self.offered):
            raise wrong("forms.error.option")
        return value


class Phone(fields.Field[str]):
    """A telephone number, kept as E.164."""

    def __init__(self, region: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.region = region

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> str:
        number = phone_number(value, self.region) if isinstance(value, str) else None
        if number is None:
            raise wrong("forms.error.phone")
        return number


class Mail(fields.Field[str]):
    """A mail address, kept in lower case."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> str:
        address = mail_address(value) if isinstance(value, str) else None
        if address is None:
            raise wrong("forms.error.email")
        return address


class Id(fields.Field[UUID]):
    """The id of a person, a unit or an upload, one of `offered`; None allows any."""

    def __init__(self, offered: frozenset[str] | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.offered = offered

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> UUID:
        found = as_id(value)
        if found is None or (self.offered is not None and str(found) not in self.offered):
            raise wrong("forms.error.id")
        return found


def as_id(value: Any) -> UUID | None:
    """`value` as an id, None when it is none."""
    if isinstance(value, UUID):
        return value
    try:
        return UUID(value) if isinstance(value, str) else None
    except ValueError:
        return None


class Several(fields.List[Any]):
    """A list within `fewest`..`most`, nothing in it twice unless `repeats`."""

    default_error_messages = {"invalid": Message("forms.error.list")}  # noqa: RUF012  marshmallow's way

    def __init__(
        self,
        inner: fields.Field[Any],
        fewest: int,
        most: int,
        *,
        repeats: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(inner, **kwargs)
        self.fewest, self.most, self.repeats = fewest, most, repeats

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> list[Any]:
        if isinstance(value, list) and len(value) > self.most:
            raise wrong("forms.error.too_many", limit=self.most, count=len(value))
        items = super()._deserialize(value, attr, data, **kwargs)
        if not self.repeats:
            items = list(dict.fromkeys(items))
        if len(items) < self.fewest:
            raise wrong("forms.error.too_few", limit=self.fewest, count=len(items))
        return items


class Signature(fields.Field[dict[str, Any]]):
    """{"attachment_id": ..., "strokes": JSON} of a drawn one, or {"typed_name": ...}: equal paths."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> dict[str, Any]:
        if not isinstance(value, dict) or not value or set(value) - _SIGNATURE:
            raise wrong("forms.error.sign")
        if value.get("attachment_id"):
            drawn = as_id(value["attachment_id"])
            if drawn is None:
                raise wrong("forms.error.sign")
            strokes = value.get("strokes") or ""
            if not isinstance(strokes, str) or len(strokes) > MAX_STROKES:
                raise wrong("forms.error.sign")
            return (
                {"attachment_id": drawn, "strokes": strokes}
                if strokes
                else {"attachment_id": drawn}
            )
        typed = value.get("typed_name")
        name = clean(half_width(typed)) if isinstance(typed, str) else None
        if not name or len(name) > 80:  # noqa: PLR2004  longer is no person's name
            raise wrong("forms.error.sign")
        return {"typed_name": name}
