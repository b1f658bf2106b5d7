"""A form on a page: HTML's encoding of answers read into data, and values as typed text."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from babel.numbers import get_currency_precision, get_territory_currencies

from core import clock, i18n
from core.errors import Invalid, PolydeskError, Problem
from core.forms.normal import default_region, half_width
from core.forms.schemas import MAX_ROWS, is_blank, load

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from uuid import UUID

    from werkzeug.datastructures import FileStorage, MultiDict

    from core.contributions import Condition
    from core.declarations import Expression, Field, Form
    from core.forms.schemas import Audience

ROW_DIGITS = 3
_TRUE = {"1", "true", "on", "yes"}


@dataclass(frozen=True)
class Answers:
    """What a page sent: `data` as typed (to draw it again), `values` checked, `problems` if any."""

    data: dict[str, Any]
    values: dict[str, Any] = dataclass_field(default_factory=dict)
    problems: tuple[Problem, ...] = ()


def read(
    form: Form,
    sent: MultiDict[str, str],
    files: MultiDict[str, FileStorage] | None = None,
    *,
    store: Callable[[FileStorage], UUID] | None = None,
    audience: Audience = "all",
    conditions: Mapping[str, Condition] | None = None,
) -> Answers:
    """Everything a submitted page says: uploads kept by `store`, then the same `load` as the API.

    Uploads survive a refused form: their ids come back in `data`.
    """
    data = from_page(form, sent)
    problems = _keep_uploads(form.fields, data, files, store) if files and store else []
    _add_strokes(form.fields, data, sent)
    failed = {problem.field for problem in problems}
    try:
        values = load(form, data, audience=audience, conditions=conditions)
    except Invalid as error:
        # An upload that failed leaves its field empty: one message about it is enough.
        problems += [problem for problem in error.problems if problem.field not in failed]
        values = {}
    return Answers(data, {} if problems else values, tuple(problems))


def from_page(form: Form, sent: MultiDict[str, str]) -> dict[str, Any]:
    """The answers of an HTML form as data for `load`: rows, ticks, amounts, local times."""
    return _from(form.fields, sent, "")


def _from(fields: Sequence[Field], sent: MultiDict[str, str], prefix: str) -> dict[str, Any]:
    data: dict[str, Any] = {}
    for field in fields:
        value = _READERS.get(field.kind, _read_text)(field, sent, f"{prefix}{field.name}")
        if value is not None:
            data[field.name] = value
    return data


def _read_text(_field: Field, sent: MultiDict[str, str], name: str) -> Any:
    return sent.get(name)


def _read_number(_field: Field, sent: MultiDict[str, str], name: str) -> Any:
    typed = sent.get(name)
    return None if typed is None else _number(typed)


def _number(typed: str) -> Any:
    plain = half_width(typed).replace(",", "").replace(" ", "")
    if re.fullmatch(r"[+-]?[0-9]{1,20}", plain):
        return int(plain)
    if re.fullmatch(r"[+-]?[0-9]{1,20}\.[0-9]{0,20}", plain):
        return float(plain)
    return typed


def _read_money(field: Field, sent: MultiDict[str, str], name: str) -> Any:
    typed = sent.get(f"{name}-amount")
    if typed is None or not typed.strip():
        return None
    currency = sent.get(f"{name}-currency") or default_currency(field)
    try:
        major = Decimal(half_width(typed).replace(",", ""))
        minor = major.scaleb(get_currency_precision(currency))
    except InvalidOperation:
        return {"amount": typed, "currency": currency}
    whole = minor.is_finite() and minor == minor.to_integral_value()
    return {"amount": int(minor) if whole else typed, "currency": currency}


def _read_moment(_field: Field, sent: MultiDict[str, str], name: str) -> Any:
    typed = half_width(sent.get(name, ""))
    try:
        moment = datetime.fromisoformat(typed)
    except ValueError:
        return typed or None
    return (moment if moment.tzinfo else moment.replace(tzinfo=_zone())).isoformat()


def _read_date(_field: Field, sent: MultiDict[str, str], name: str) -> Any:
    return half_width(sent.get(name, "")).replace("/", "-") or None


def _read_flag(field: Field, sent: MultiDict[str, str], name: str) -> Any:
    if field.required and name not in sent:
        return None
    return sent.get(name, "").lower() in _TRUE


def _read_list(_field: Field, sent: MultiDict[str, str], name: str) -> Any:
    return [value for value in sent.getlist(name) if value]


def _read_signature(_field: Field, sent: MultiDict[str, str], name: str) -> Any:
    if drawn := sent.get(f"{name}-drawn"):
        return {"attachment_id": drawn}
    # The canvas' fallback and the noscript field may both be on the page: the filled one counts.
    typed = next((value for value in sent.getlist(f"{name}-typed") if value.strip()), "")
    return {"typed_name": typed} if typed else None


def _read_rows(field: Field, sent: MultiDict[str, str], name: str) -> Any:
    rows = [_from(field.fields, sent, f"{name}-{index}-") for index in _indices(sent, name)]
    filled = [row for row in rows if any(_is_filled(value) for value in row.values())]
    return filled or None


def _is_filled(value: Any) -> bool:
    return value is not False and not is_blank(value)


def _indices(names: Iterable[str], name: str) -> list[int]:
    pattern = re.compile(rf"{re.escape(name)}-([0-9]{{1,{ROW_DIGITS}}})-")
    found = {int(match[1]) for key in names if (match := pattern.match(key))}
    return sorted(found)[: MAX_ROWS + 1]


_READERS: dict[str, Callable[[Field, MultiDict[str, str], str], Any]] = {
    "number": _read_number,
    "money": _read_money,
    "date": _read_date,
    "datetime": _read_moment,
    "boolean": _read_flag,
    "choices": _read_list,
    "files": _read_list,
    "signature": _read_signature,
    "rows": _read_rows,
}


def _keep_uploads(
    fields: Sequence[Field],
    data: dict[str, Any],
    files: MultiDict[str, FileStorage],
    store: Callable[[FileStorage], UUID],
) -> list[Problem]:
    problems: list[Problem] = []
    for field in fields:
        if field.kind not in {"files", "signature"}:
            continue
        for file in files.getlist(field.name):
            if not file.filename:
                continue
            try:
                kept = str(store(file))
            except PolydeskError as error:
                problems += _as_problems(error, field.name)
                continue
            if field.kind == "files":
                data.setdefault(field.name, []).append(kept)
            else:
                data[field.name] = {"attachment_id": kept}
    return problems


def _add_strokes(fields: Sequence[Field], data: dict[str, Any], sent: MultiDict[str, str]) -> None:
    for field in fields:
        strokes = sent.get(f"{field.name}-strokes") if field.kind == "signature" else None
        if strokes and "attachment_id" in (data.get(field.name) or {}):
            data[field.name]["strokes"] = strokes


def _as_problems(error: PolydeskError, name: str) -> list[Problem]:
    """The refusal of an upload told at its field."""
    told = getattr(error, "problems", ())
    if not told:
        raise error
    return [Problem(field=name, message=problem.message, values=problem.values) for problem in told]


def default_currency(field: Field) -> str:
    """The currency of an amount: the field's unit when it is one, else the tenant's country's."""
    if isinstance(field.unit, str) and re.fullmatch(r"[A-Z]{3}", field.unit):
        return field.unit
    return str(next(iter(get_territory_currencies(default_region())), "CNY"))


def _zone() -> ZoneInfo:
    return ZoneInfo(i18n.current_timezone())


def typed(field: Field, value: Any) -> Any:
    """A value, checked or as typed, as the text of its input."""
    if is_blank(value):
        value = _prefilled(field)
    if field.kind == "datetime":
        return _local_moment(value)
    if field.kind == "money":
        return _amount(value)
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, date):
        return value.isoformat()
    return "" if value is None else value if isinstance(value, bool | list | dict) else str(value)


def _prefilled(field: Field) -> Any:
    if field.default == "now" and field.kind == "datetime":
        return clock.now()
    if field.default == "today" and field.kind == "date":
        return clock.now().astimezone(_zone()).date()
    return field.default


def _local_moment(value: Any) -> str:
    moment = _moment(value)
    if moment is None:
        return value if isinstance(value, str) else ""
    local = moment.astimezone(_zone()) if moment.tzinfo else moment
    return f"{local:%Y-%m-%dT%H:%M}"


def _moment(value: Any) -> datetime | None:
    if isinstance(value, datetime):
        return value
    try:
        return datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None


def _amount(value: Any) -> str:
    if not isinstance(value, dict):
        return ""
    amount, currency = value.get("amount"), value.get("currency")
    if isinstance(amount, bool) or not isinstance(amount, int):
        return "" if amount is None else str(amount)
    digits = get_currency_precision(str(currency))
    return f"{Decimal(amount).scaleb(-digits):.{digits}f}"


def rule(expression: Expression | None) -> str:
    """A visibility rule for the page's script, as JSON."""
    return json.dumps(expression, ensure_ascii=False) if expression else ""
