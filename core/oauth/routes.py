"""The endpoints that apps speak to without a person: token, revoke, introspect; form-encoded, as the RFCs have them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, jsonify, request

from core.auth import throttles
from core.errors import TooMany
from core.oauth.bearer import PROTOCOL
from core.oauth.server import server
from core.web import PUBLIC, page

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Response

blueprint = Blueprint("oauth", __name__, url_prefix=PROTOCOL.rstrip("/"))
QUARTER, HOUR = 15 * 60, 60 * 60
WRONG_PER_APP_AND_RANGE, WRONG_PER_RANGE, ISSUED_PER_APP = 30, 100, 1000
FAILED = 400


@blueprint.post("/token")
@page(PUBLIC)
def token() -> Response:
    """A code, a refresh token or the app's own secret for an access token (RFC 6749 §4.1.3, §6, §4.4)."""
    return _throttled(server.create_token_response, issues=True)


@blueprint.post("/revoke")
@page(PUBLIC)
def revoke() -> Response:
    """Give a token back (RFC 7009); one that is unknown is as good as given back."""
    return _throttled(lambda: server.create_endpoint_response("revocation"))


@blueprint.post("/introspect")
@page(PUBLIC)
def introspect() -> Response:
    """What one of the app's own access tokens is worth now (RFC 7662)."""
    return _throttled(lambda: server.create_endpoint_response("introspection"))


def _throttled(answer: Callable[[], Response], *, issues: bool = False) -> Response:
    """Count what goes wrong per app and address range, and what is issued per app."""
    app = throttles.private("oauth", asking_client())
    network = throttles.address_range("oauth", request.remote_addr or "")
    wrong = ((f"{app}@{network}", WRONG_PER_APP_AND_RANGE), (network, WRONG_PER_RANGE))
    try:
        for key, limit in wrong:
            throttles.check(key, limit, QUARTER)
        if issues:
            throttles.check(app, ISSUED_PER_APP, HOUR)
    except TooMany as error:
        waiting = _refusal("temporarily_unavailable", "Too many requests: wait.", 429)
        waiting.headers["Retry-After"] = str(error.data["retry_after"])
        return waiting
    response = _malformed() or answer()
    if response.status_code >= FAILED:
        for key, _limit in wrong:
            throttles.count(key, QUARTER)
    elif issues:
        throttles.count(app, HOUR)
    return response


def asking_client() -> str:
    """The `client_id` that the request claims, which proves nothing yet; "" when it names none."""
    given = request.authorization
    if given is not None and given.type == "basic":
        return given.username or ""
    return request.form.get("client_id", "")


def _malformed() -> Response | None:
    """What Authlib would let through or trip over."""
    if any(len(values) > 1 for _name, values in request.form.lists()):
        return _refusal("invalid_request", "A parameter is repeated.", 400)
    if not request.headers.get("Authorization"):
        return None
    given = request.authorization
    if given is None or given.type != "basic":
        refused = _refusal("invalid_client", "Authenticate by Basic or in the body.", 401)
        refused.headers["WWW-Authenticate"] = "Basic"
        return refused
    if "client_secret" in request.form:
        return _refusal("invalid_request", "Two ways of authenticating at once.", 400)
    return None


def _refusal(error: str, description: str, status: int) -> Response:
    response = jsonify(error=error, error_description=description)
    response.status_code = status
    response.headers["Cache-Control"] = "no-store"
    return response
