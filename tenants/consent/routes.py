"""An app asks, a person answers: the consent page of the authorization server, and where an app reads its way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, g, jsonify, make_response, redirect, render_template, request

from core.host import accounts, app_questions, content_security_policy, offered, public_url
from core.sdk import PUBLIC, SIGNED_IN, current_locale, current_tenant, page, text

if TYPE_CHECKING:
    from werkzeug.wrappers import Response


blueprint = Blueprint("consent", __name__, template_folder="templates")
AUTHORIZE, PROTOCOL = "/oauth/authorize", "/api/v1/oauth"
LANGUAGES = {"zh-CN": "en", "en": "zh-CN"}
"""The language that is not spoken, by the one that is."""


@blueprint.get("/.well-known/oauth-authorization-server")
@page(PUBLIC)
def metadata() -> Response:
    """Where an app finds the endpoints of this company (RFC 8414)."""
    told = app_questions.metadata(issuer(), public_url(AUTHORIZE), public_url(PROTOCOL))
    return jsonify(told)


def issuer() -> str:
    """The name of this company's authorization server: its address."""
    return public_url("")


@blueprint.get(AUTHORIZE)
@page(SIGNED_IN)
def ask() -> Response:
    """The question in plain words; reading it changes nothing."""
    question = app_questions.read(actor=g.actor, issuer=issuer())
    if isinstance(question, app_questions.Turned):
        return _turned(question)
    user = accounts.get_user(g.actor.id)
    before = app_questions.already_allowed(question, user.id)
    drawn = render_template(
        "consent/ask.html",
        tenant=current_tenant(),
        other_language=LANGUAGES[current_locale()],
        question=question,
        place=_place(question),
        user=user,
        rights=[_right(name) for name in question.scopes if g.actor.can(name)],
        missing=[_right(name) for name in question.scopes if not g.actor.can(name)],
        before=before,
        known=bool(before),
    )
    return _closed(make_response(drawn), question)


@blueprint.post(AUTHORIZE)
@page(SIGNED_IN)
def answer() -> Response:
    """Yes, within what was ticked, or no; either way the browser goes back to the app."""
    question = app_questions.read(actor=g.actor, issuer=issuer())
    if isinstance(question, app_questions.Turned):
        return _turned(question)
    if request.form.get("answer") == "allow":
        picked = set(request.form.getlist("right"))
        location = app_questions.allow(question, picked, actor=g.actor, issuer=issuer())
    else:
        location = app_questions.deny(question, issuer=issuer())
    return _closed(redirect(location, 303), question)


def _right(name: str) -> dict[str, Any]:
    """A permission as the page says it: its title, and whether it only looks."""
    return {
        "name": name,
        "title": text(offered("permission")[name].title),
        "looks": name.endswith((":read", ":look")),
    }


def _place(question: app_questions.Question) -> str:
    """Where the answer goes: a site, a program on this computer, or an app on this device."""
    if question.redirect_uri.startswith("http://"):
        return "computer"
    return "site" if question.redirect_uri.startswith("https://") else "device"


def _turned(question: app_questions.Turned) -> Response:
    """Back to the app with what is wrong; an app that cannot be trusted with that gets a page instead."""
    if question.location:
        return _closed(redirect(question.location, 303))
    drawn = render_template(
        "consent/turned.html",
        tenant=current_tenant(),
        other_language=LANGUAGES[current_locale()],
        error=question.error,
    )
    return _closed(make_response(drawn, 400))


def _closed(response: Response, question: app_questions.Question | None = None) -> Response:
    """Kept by nobody, framed by nobody; browsers hold a form's redirect against form-action as well."""
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    if question is not None:
        sources = f"'self' {question.form_source}"
        response.headers["Content-Security-Policy"] = content_security_policy(form_action=sources)
    return response
