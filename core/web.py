"""The contract of every view: permission, schemas, transaction; endpoint() for the API, page() for screens."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import wraps
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NoReturn, cast

from flask import g, make_response, request
from flask_smorest import Blueprint
from marshmallow import RAISE, Schema, ValidationError
from webargs.flaskparser import FlaskParser

from core.db import transaction
from core.errors import (
    Conflict,
    Invalid,
    Malformed,
    NotFound,
    NotOffered,
    NotSignedIn,
    Problem,
    ReadOnlyTenant,
    StaleVersion,
    TooLarge,
    TooMany,
)
from core.jobs import wake_relay
from core.tenancy import tenant_or_none

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flask import Response

PUBLIC = "public"
"""Anybody, signed in or not; each public view is on the written list of tests/habits."""
SIGNED_IN = "signed-in"
"""Any member of staff, whatever the role."""
CUSTOMER = "customer"
"""A customer who signed in by a mailed code; others are led to where that is done."""
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
JSON_LIMIT, JSON_DEPTH = 64 * 1024, 20
NO_TEXT = re.compile(r"[\x00\ud800-\udfff]")
REDRAWN = (Invalid, StaleVersion, NotOffered, Conflict, TooLarge, TooMany)

HEADERS = {
    "If-Match": "The version that was read, as its ETag said; missing 428, stale 412.",
    "If-None-Match": "The version that is known, as its ETag said; 304 while it is the current one.",
    "Idempotency-Key": "The same key with the same body takes effect once within 24 hours.",
}

_smorest = Blueprint("contract", __name__)


@dataclass(frozen=True)
class Contract:
    """What a view promises: kept on the view for the generated tests."""

    permission: str
    body: type[Schema] | None = None
    query: type[Schema] | None = None
    returns: type[Schema] | None = None
    kind: str = "endpoint"
    headers: tuple[str, ...] = ()


class _Parser(FlaskParser):
    DEFAULT_UNKNOWN_BY_LOCATION = {"json": RAISE, "query": RAISE}  # noqa: RUF012  webargs' own name

    def handle_error(self, error: ValidationError, *args: Any, **kwargs: Any) -> NoReturn:
        messages = cast("dict[str, Any]", error.messages)
        location = next(iter(messages))
        raise Invalid(*_flatten(messages[location], ""))

    def _handle_invalid_json_error(
        self, error: Any, req: Any, *args: Any, **kwargs: Any
    ) -> NoReturn:
        raise Malformed("the body is not JSON")


_parser = _Parser()


def _flatten(messages: Any, path: str) -> list[Problem]:
    if isinstance(messages, dict):
        return [
            p
            for key, value in messages.items()
            for p in _flatten(value, f"{path}.{key}" if path else str(key))
        ]
    if isinstance(messages, list):
        return [Problem(field=path, message=str(message)) for message in messages]
    return [Problem(field=path, message=str(messages))]


def endpoint(
    permission: str,
    *,
    body: type[Schema] | None = None,
    query: type[Schema] | None = None,
    returns: type[Schema] | None = None,
    status: int = 200,
    many: bool = False,
    headers: tuple[str, ...] = (),
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """An API view: who may (401, 403), what it takes (400, 413, 422), one transaction when it writes, what it gives.

    Loaded input arrives as keywords `body` and `query`. The answer is drawn after the commit, through `returns`.
    `headers` names those of HEADERS that the view reads, for the description of the API.
    """
    contract = Contract(permission, body, query, returns, headers=headers)

    def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(view)
        def checked(**path: Any) -> Any:
            _admit(permission)
            _refuse_unkeepable()
            return _run(view, path | _loaded(contract))

        checked._apidoc = _documented(view, contract)  # type: ignore[attr-defined]  # noqa: SLF001
        answered = _smorest.response(status, returns(many=many) if returns else None)(checked)
        answered.contract = contract
        return cast("Callable[..., Any]", answered)

    return decorate


def _loaded(contract: Contract) -> dict[str, Any]:
    given: dict[str, Any] = {}
    if contract.query:
        given["query"] = _parser.parse(contract.query(), request, location="query")
    elif request.args:
        unknown = (Problem(field=n, message="problem.unknown_parameter") for n in request.args)
        raise Invalid(*unknown)
    if contract.body:
        _check_json()
        given["body"] = _parser.parse(contract.body(), request, location="json")
    return given


def _documented(view: Any, contract: Contract) -> dict[str, Any]:
    parameters: list[dict[str, Any]] = [
        {"in": "header", "name": name, "description": HEADERS[name], "schema": {"type": "string"}}
        for name in contract.headers
    ]
    if contract.query:
        parameters.append({"in": "query", "required": True, "schema": contract.query})
    if contract.body:
        parameters.append({"in": "json", "required": True, "schema": contract.body})
    docs = dict(getattr(view, "_apidoc", {}))
    docs["arguments"] = {"parameters": parameters, "responses": {422: HTTPStatus(422).name}}
    return docs


def page(
    permission: str,
    *,
    redraw: Callable[..., Any] | None = None,
    waits: bool = False,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A screen: who may (303 to the sign-in, 403), one transaction when it writes.

    A view that `waits` for a stranger's answer opens its own transaction() around what it writes.

    `redraw(error, **path)` draws the form again with what was typed when the view raises Invalid, StaleVersion,
    NotOffered, Conflict, TooLarge or TooMany; it runs after the rollback and is answered with the error's status
    (409 for a stale version, as a page has no If-Match).
    """

    def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(view)
        def checked(**path: Any) -> Any:
            _admit(permission)
            _refuse_unkeepable()
            if any(
                NO_TEXT.search(value) for values in request.form.listvalues() for value in values
            ):
                raise Malformed("a field holds what is no text")
            if redraw is None:
                return _run(view, path, waits=waits)
            try:
                return _run(view, path, waits=waits)
            except REDRAWN as error:
                response: Response = make_response(redraw(error, **path))
                response.status_code = (
                    HTTPStatus.CONFLICT if isinstance(error, StaleVersion) else error.status
                )
                return response

        checked.contract = Contract(permission, kind="page")  # type: ignore[attr-defined]
        return checked

    return decorate


def _admit(permission: str) -> None:
    tenant = tenant_or_none()
    if tenant is not None and tenant.read_only and request.method not in SAFE:
        raise ReadOnlyTenant
    if permission == PUBLIC:
        return
    if permission == CUSTOMER:
        if g.actor.kind != "contact" or g.actor.session_id is None:
            raise NotSignedIn("customers only", door="/my")
        return
    if g.actor.kind in {"anonymous", "contact"}:
        raise NotSignedIn
    if permission != SIGNED_IN:
        g.actor.must(permission)


def _refuse_unkeepable() -> None:
    """What no database keeps as text: in the address it names nothing, in the query it is a bad value."""
    if NO_TEXT.search(request.path):
        raise NotFound("no such address")
    bad = [name for name, value in request.args.items(multi=True) if NO_TEXT.search(name + value)]
    if bad:
        raise Invalid(*(_no_text(name) for name in bad))


def _no_text(path: str) -> Problem:
    return Problem(field=NO_TEXT.sub("", path), message="problem.unprintable")


def _run(view: Callable[..., Any], arguments: dict[str, Any], *, waits: bool = False) -> Any:
    if waits or request.method in SAFE:
        return view(**arguments)
    with transaction():
        wake_relay()
        return view(**arguments)


def _check_json() -> None:
    if (request.content_length or 0) > JSON_LIMIT:
        raise TooLarge("JSON body", limit=JSON_LIMIT, unit="bytes")
    if not request.is_json:
        raise Malformed("send application/json")
    # Whoever sends in pieces names no length: reading stops behind the limit.
    request.max_content_length = JSON_LIMIT + 1
    if len(request.get_data()) > JSON_LIMIT:
        raise TooLarge("JSON body", limit=JSON_LIMIT, unit="bytes")
    try:
        given = request.get_json()
        depth = _depth(given)
    except RecursionError:
        depth = JSON_DEPTH + 1
    except json.JSONDecodeError:
        raise Malformed("the body is not JSON") from None
    if depth > JSON_DEPTH:
        raise TooLarge("JSON nesting", limit=JSON_DEPTH, unit="levels")
    if bad := list(_unkeepable(given, "")):
        raise Invalid(*(_no_text(path) for path in bad))


def _unkeepable(value: Any, path: str) -> Iterator[str]:
    """Paths of strings with a NUL or half a character."""
    if isinstance(value, str):
        if NO_TEXT.search(value):
            yield path
    elif isinstance(value, dict | list):
        for name, each in value.items() if isinstance(value, dict) else enumerate(value):
            where = f"{path}.{name}" if path else str(name)
            if NO_TEXT.search(where):
                yield where
            else:
                yield from _unkeepable(each, where)


def _depth(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + max(map(_depth, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(_depth, value), default=0)
    return 0
