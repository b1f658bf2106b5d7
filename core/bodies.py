"""Definitions as JSON bodies and back: what the database keeps of what was declared or edited."""

from __future__ import annotations

import dataclasses
import types
import typing
from typing import Any, Literal, get_args, get_origin, get_type_hints

from core.declarations import Calendar, Form, Metric, SlaPolicy, TicketType, Workflow

Definition = TicketType | Workflow | Form | SlaPolicy | Calendar | Metric
KINDS: dict[str, type] = {
    "ticket_type": TicketType,
    "workflow": Workflow,
    "form": Form,
    "policy": SlaPolicy,
    "calendar": Calendar,
    "metric": Metric,
}


def to_body(definition: Any) -> dict[str, Any]:
    """A definition as plain JSON values, defaults left out so that bodies stay equal when a default field is added."""

    def plain(value: Any) -> Any:
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            return {
                f.name: plain(getattr(value, f.name))
                for f in dataclasses.fields(value)
                if getattr(value, f.name) != f.default
            }
        if isinstance(value, tuple | list):
            return [plain(item) for item in value]
        return value

    body: dict[str, Any] = plain(definition)
    return body


def from_body(kind: type, body: Any) -> Any:
    """The definition that `to_body` turned into `body`; TypeError or ValueError for a shape that does not fit."""
    origin = get_origin(kind)
    if origin is typing.Union or origin is types.UnionType:
        return _from_union(get_args(kind), body)
    if origin is tuple:
        return _from_list(get_args(kind), body)
    if origin is Literal:
        if body not in get_args(kind):
            raise ValueError(f"{body!r} is none of {get_args(kind)}")
        return body
    if dataclasses.is_dataclass(kind):
        return _from_object(kind, body)
    plain = origin or kind
    if not isinstance(body, plain) and not (plain is float and isinstance(body, int)):
        raise TypeError(f"expected {plain.__name__}, not {body!r}")
    return body


def _from_object(kind: type, body: Any) -> Any:
    if not isinstance(body, dict):
        raise TypeError(f"expected an object for {kind.__name__}, not {body!r}")
    hints = get_type_hints(kind)
    if unknown := body.keys() - hints.keys():
        raise ValueError(f"{kind.__name__} has no {sorted(unknown)}")
    return kind(**{name: from_body(hints[name], value) for name, value in body.items()})


def _from_list(parts: tuple[Any, ...], body: Any) -> tuple[Any, ...]:
    if not isinstance(body, list | tuple):
        raise TypeError(f"expected a list, not {body!r}")
    if len(parts) == 2 and parts[1] is Ellipsis:  # noqa: PLR2004  tuple[X, ...]
        return tuple(from_body(parts[0], item) for item in body)
    if len(parts) != len(body):
        raise ValueError(f"expected {len(parts)} items, not {body!r}")
    return tuple(from_body(part, item) for part, item in zip(parts, body, strict=True))


def _from_union(choices: tuple[Any, ...], body: Any) -> Any:
    for choice in choices:
        if choice is type(None):
            if body is None:
                return None
            continue
        try:
            return from_body(choice, body)
        except (TypeError, ValueError):
            continue
    raise TypeError(f"{body!r} fits none of {choices}")
