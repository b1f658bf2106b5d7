"""Sign-in, sign-out, forgotten passwords and the choice of language."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, flash, g, make_response, redirect, render_template, request, session

from core.host import accounts, resets, sign_ins
from core.sdk import (
    PUBLIC,
    Invalid,
    NotFound,
    NotSignedIn,
    PolydeskError,
    TooMany,
    current_locale,
    current_tenant,
    page,
    text,
)
from tenants.signin.doors import HOME, came_from, safe_path

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

blueprint = Blueprint("signin", __name__, template_folder="templates")
YEAR = 365 * 24 * 3600
LANGUAGES = {"zh-CN": "en", "en": "zh-CN"}


def draw(template: str, **values: Any) -> str:
    """One of the room's pages."""
    return render_template(
        f"signin/{template}.html",
        tenant=current_tenant(),
        other_language=LANGUAGES[current_locale()],
        **{"problems": [], "email": "", **values},
    )


def problems_of(error: PolydeskError) -> list[dict[str, str]]:
    """What went wrong, for the summary above a form."""
    if isinstance(error, Invalid):
        return [
            {"field": p.field, "words": text(p.message, **dict(p.values))} for p in error.problems
        ]
    if isinstance(error, TooMany):
        minutes = -(-error.data["retry_after"] // 60)
        return [{"field": "", "words": text("signin.problem.too_many", minutes=minutes)}]
    return [{"field": "", "words": text("signin.problem.wrong")}]


def _sign_in_again(error: PolydeskError) -> str:
    return draw(
        "sign_in",
        problems=problems_of(error),
        email=request.form.get("email", ""),
        next=safe_path(request.form.get("next", "")),
    )


@blueprint.get("/sign-in")
@page(PUBLIC)
def form() -> Response | str:
    """The form; whoever is signed in already goes on."""
    target = safe_path(request.args.get("next", ""))
    if g.actor.kind == "user":
        return redirect(target, 303)
    return draw("sign_in", next=target)


@blueprint.post("/sign-in")
@page(PUBLIC, redraw=_sign_in_again)
def sign_in() -> Response:
    """Check and let in: a new sign-in with a new secret and a new form session."""
    try:
        found = sign_ins.sign_in(
            request.form.get("email", ""),
            request.form.get("password", ""),
            ip=request.remote_addr or "",
            browser=request.user_agent.string,
            old_secret=request.cookies.get(sign_ins.cookie_name(), ""),
        )
    except NotSignedIn as error:
        return make_response(_sign_in_again(error), error.status)
    session.clear()
    response = redirect(safe_path(request.form.get("next", "")), 303)
    sign_ins.set_cookie(response, found.secret)
    return response


@blueprint.post("/sign-out")
@page(PUBLIC)
def sign_out() -> Response:
    """Leave; the sign-in is dead, not only forgotten by the browser."""
    if g.actor.kind == "user" and g.actor.session_id:
        sign_ins.sign_out(g.actor.session_id, actor=g.actor)
    session.clear()
    response = redirect("/sign-in", 303)
    sign_ins.clear_cookie(response)
    return response


def _forgot_again(error: PolydeskError) -> str:
    return draw("forgot", problems=problems_of(error), email=request.form.get("email", ""))


@blueprint.get("/password/forgot")
@page(PUBLIC)
def forgot_form() -> str:
    """Ask for a link to choose a new password."""
    return draw("forgot")


@blueprint.post("/password/forgot")
@page(PUBLIC, redraw=_forgot_again)
def forgot() -> str:
    """Mail the link if there is such a user; the page is the same either way."""
    resets.request_password_reset(
        request.form.get("email", ""), ip=request.remote_addr or "", actor=g.actor
    )
    return draw("forgot_sent", email=request.form.get("email", "").strip())


def _reset_again(error: PolydeskError, token: str) -> str:
    return draw("reset", problems=problems_of(error), token=token, dead=False)


def _dead_link(error: NotFound) -> Response:
    return make_response(draw("reset", dead=True), error.status)


@blueprint.get("/password/reset/<token>")
@page(PUBLIC)
def reset_form(token: str) -> Response | str:
    """The form behind the mailed link; a dead one says so."""
    try:
        user = resets.user_of(token)
    except NotFound as error:
        return _dead_link(error)
    return draw("reset", token=token, dead=False, email=user.email)


@blueprint.post("/password/reset/<token>")
@page(PUBLIC, redraw=_reset_again)
def reset(token: str) -> Response:
    """Set the password and go to the sign-in."""
    try:
        resets.reset_password(token, request.form.get("password", ""), ip=request.remote_addr or "")
    except NotFound as error:
        return _dead_link(error)
    session.clear()
    flash(text("signin.reset.done"))
    return redirect("/sign-in", 303)


@blueprint.post("/language")
@page(PUBLIC)
def language() -> Response:
    """Speak the other language, on this browser and, for staff, everywhere."""
    wanted = request.form.get("locale", "")
    locale = wanted if wanted in LANGUAGES else LANGUAGES[current_locale()]
    if g.actor.kind == "user":
        user = accounts.get_user(g.actor.id)
        accounts.update_user(user.id, version=user.version, locale=locale, actor=g.actor)
    target = safe_path(request.form.get("next", ""), came_from(HOME))
    response = redirect(target, 303)
    response.set_cookie(
        "pd_lang", locale, max_age=YEAR, secure=request.is_secure, httponly=True, samesite="Lax"
    )
    return response
