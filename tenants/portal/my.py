"""My matters: signing in by a mailed code, and the list of what the customer handed in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from flask import Blueprint, g, redirect, request

from core.host import codes
from core.sdk import PUBLIC, Invalid, NotFound, Problem, page, text
from tenants.portal import layout, progress
from tenants.portal.home import my_tickets

if TYPE_CHECKING:
    from core.sdk import PolydeskError

blueprint = Blueprint("portal_my", __name__, url_prefix="/my", template_folder="templates")
SHOWN = 50


@blueprint.get("")
@page(PUBLIC)
def mine() -> str:
    """The customer's matters, or the question for his mail address."""
    if not layout.signed_in():
        return _ask_mail()
    found = [progress.line(ticket, g.actor) for ticket in my_tickets(SHOWN)]
    return layout.draw("my.html", "my", mine=found)


def _mail_again(error: PolydeskError) -> str:
    return _ask_mail(request.form.get("mail", "")[:254], layout.problems_of(error))


@blueprint.post("/code")
@page(PUBLIC, redraw=_mail_again)
def send_code() -> Any:
    """Mail a code; the answer is the same whether the address is known or not."""
    mail = request.form.get("mail", "").strip()
    if not mail:
        raise Invalid(Problem(field="mail", message="portal.my.error.mail"))
    asked = codes.request_code(mail, ip=request.remote_addr or "")
    return redirect(f"/my/code?r={asked}", 303)


@blueprint.get("/code")
@page(PUBLIC)
def ask_code() -> str:
    """The question for the code."""
    return _ask_code(_request_id(request.args.get("r", "")))


def _code_again(error: PolydeskError) -> str:
    return _ask_code(_request_id(request.form.get("r", "")), layout.problems_of(error))


@blueprint.post("/sign-in")
@page(PUBLIC, redraw=_code_again)
def sign_in() -> Any:
    """Sign in by the code."""
    signed = codes.redeem_code(
        _request_id(request.form.get("r", "")),
        request.form.get("code", ""),
        ip=request.remote_addr or "",
        browser=request.user_agent.string,
    )
    response = redirect("/my", 303)
    codes.set_cookie(response, signed.secret)
    return response


@blueprint.post("/sign-out")
@page(PUBLIC)
def sign_out() -> Any:
    """End the sign-in, here and in the database."""
    response = redirect("/", 303)
    if layout.signed_in() and g.actor.session_id is not None:
        codes.sign_out(g.actor.session_id, actor=g.actor)
    codes.clear_cookie(response)
    return response


def _request_id(given: str) -> UUID:
    try:
        return UUID(given)
    except ValueError:
        raise NotFound from None


def _ask_mail(mail: str = "", problems: tuple[Problem, ...] = ()) -> str:
    return layout.draw("sign_in.html", "my", mail=mail, problems=problems)


def _ask_code(asked: UUID, problems: tuple[Problem, ...] = ()) -> str:
    title = text("portal.my.code_title")
    return layout.draw("code.html", "my", asked=asked, problems=problems, page_title=title)
