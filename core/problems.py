"""Errors, drawn once: RFC 9457 problem details for the API, a page that says what to do next for people."""

from __future__ import annotations

import logging
from typing import Any
from urllib.parse import urlencode

from flask import Response, g, jsonify, render_template, request
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from core.errors import Invalid, NotSignedIn, PolydeskError, Problem
from core.events import request_id
from core.i18n import text

log = logging.getLogger(__name__)
CODES = {
    400: "malformed",
    401: "not-signed-in",
    403: "forbidden",
    404: "not-found",
    405: "method-not-allowed",
    413: "too-large",
    415: "malformed",
    422: "invalid",
    429: "too-many",
}


def is_api() -> bool:
    """Whether the request wants problem details rather than a page."""
    return request.path.startswith("/api/")


def draw(error: Exception) -> Response:
    """The response for any error; an unexpected one is logged and becomes a plain 500."""
    if isinstance(error, PolydeskError):
        return _draw(error.status, error.code, error, {})
    if isinstance(error, CSRFError):
        return _draw(403, "csrf", error, {})
    if isinstance(error, HTTPException):
        status = error.code or 500
        headers = {k: v for k, v in error.get_headers() if k == "Allow"}
        return _draw(status, CODES.get(status, "error"), error, headers)
    log.error("unexpected error", exc_info=error)
    return _draw(500, "unexpected", error, {})


def words(problem: Problem) -> str:
    """A problem's message in the reader's language."""
    return text(problem.message, **dict(problem.values))


def _draw(status: int, code: str, error: Exception, headers: dict[str, str]) -> Response:
    if not is_api() and isinstance(error, NotSignedIn) and request.method in {"GET", "HEAD"}:
        return Response(status=303, headers={"Location": error.data.get("door") or _sign_in_url()})
    problem = _details(status, code, error)
    if is_api():
        response = jsonify(problem)
        response.mimetype = "application/problem+json"
    else:
        page = render_template("ui/problem.html", problem=problem, page_title=problem["title"])
        response = Response(page, mimetype="text/html")
    response.status_code = status
    response.headers.update(headers)
    if "retry_after" in problem:
        response.headers["Retry-After"] = str(problem["retry_after"])
    return response


def _sign_in_url() -> str:
    target = request.full_path if request.query_string else request.path
    return f"/sign-in?{urlencode({'next': target})}"


def _details(status: int, code: str, error: Exception) -> dict[str, Any]:
    # what an unexpected 500 knows is for the log alone; a 503 names the plugin
    data = error.data if isinstance(error, PolydeskError) and status != 500 else {}  # noqa: PLR2004
    problem: dict[str, Any] = {
        "type": f"https://polydesk.example/problems/{code}",
        "title": text(f"problem.{code}.title"),
        "status": status,
        "detail": text(f"problem.{code}.detail"),
        "instance": request.path,
        "code": code,
        "request_id": request_id.get() or getattr(g, "request_id", ""),
        **{key: value for key, value in data.items() if key not in {"type", "title", "status"}},
    }
    if isinstance(error, Invalid):
        problem["errors"] = [
            {"pointer": "/" + p.field.replace(".", "/"), "detail": words(p), "code": p.message}
            for p in error.problems
        ]
    return problem
