"""What a member of staff may change about himself: name, language, password, and his sign-ins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import flash, g, redirect, request

from core.host import accounts, client_book, offered, passwords, sign_ins
from core.sdk import SIGNED_IN, Invalid, NotFound, Problem, page, text
from tenants.signin.routes import LANGUAGES, blueprint, draw, problems_of

__all__ = ["blueprint"]

if TYPE_CHECKING:
    from uuid import UUID

    from werkzeug.wrappers import Response

    from core.sdk import PolydeskError

# Most particular first: Edge calls itself Chrome too, and Chrome Safari.
BROWSERS = (
    ("MicroMessenger", "WeChat"),
    ("Edg/", "Edge"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)


def browser_name(user_agent: str) -> str:
    """The browser's name and system, as people know them."""
    name = next((name for sign, name in BROWSERS if sign in user_agent), user_agent[:40] or "—")
    system = next((name for sign, name in SYSTEMS if sign in user_agent), "")
    return f"{name} · {system}" if system else name


def _draw(problems: list[dict[str, str]] | None = None, **typed: Any) -> str:
    user = accounts.get_user(g.actor.id)
    return draw(
        "account",
        user=user,
        typed=typed,
        sessions=sign_ins.list_sessions(user.id),
        this=g.actor.session_id,
        apps=client_book.grants_of(user.id),
        rights_of=_rights_of,
        languages=tuple(LANGUAGES),
        browser_name=browser_name,
        problems=problems or [],
    )


def _rights_of(grant: client_book.GrantView) -> list[str]:
    """What the app may do at present, in words: what the user, the company and the switches of plugins let it."""
    known = offered("permission")
    living = [name for name in grant.scopes if name in known and name in grant.client.scopes]
    return [text(known[name].title) for name in living if g.actor.can(name)]


def _again(error: PolydeskError) -> str:
    return _draw(problems_of(error), **request.form.to_dict())


@blueprint.get("/account")
@page(SIGNED_IN)
def account() -> str:
    """Name, language, password, sign-ins."""
    return _draw()


@blueprint.post("/account")
@page(SIGNED_IN, redraw=_again)
def change_account() -> Response:
    """Change name and language."""
    locale = request.form.get("locale", "")
    accounts.update_user(
        g.actor.id,
        version=request.form.get("version", 0, type=int),
        display_name=request.form.get("display_name", ""),
        locale=locale if locale in LANGUAGES else "",
        actor=g.actor,
    )
    flash(text("signin.account.saved"))
    response = redirect("/account", 303)
    response.delete_cookie("pd_lang")
    return response


@blueprint.post("/account/password")
@page(SIGNED_IN, redraw=_again)
def change_password() -> Response:
    """Set a new password, knowing the present one; every other sign-in ends."""
    user = accounts.get_user(g.actor.id)
    if not passwords.fits(user.password_hash, request.form.get("present", "")):
        raise Invalid(Problem(field="present", message="signin.account.present_wrong"))
    accounts.set_password(
        user.id, request.form.get("password", ""), actor=g.actor, keep_session=g.actor.session_id
    )
    flash(text("signin.account.password_changed"))
    return redirect("/account", 303)


@blueprint.post("/account/sign-ins/<uuid:session_id>/end")
@page(SIGNED_IN)
def end_sign_in(session_id: UUID) -> Response:
    """End one of one's own sign-ins; another person's does not exist here."""
    if session_id not in {row.id for row in sign_ins.list_sessions(g.actor.id)}:
        raise NotFound("no such sign-in")
    sign_ins.sign_out(session_id, actor=g.actor)
    flash(text("signin.account.ended"))
    return redirect("/account", 303)


@blueprint.post("/account/sign-ins/end-others")
@page(SIGNED_IN)
def end_others() -> Response:
    """End all sign-ins but this one."""
    sign_ins.revoke_sessions(g.actor.id, actor=g.actor, keep=g.actor.session_id)
    flash(text("signin.account.ended"))
    return redirect("/account", 303)


@blueprint.post("/account/apps/<uuid:grant_id>/revoke")
@page(SIGNED_IN)
def revoke_app(grant_id: UUID) -> Response:
    """Let an app act for oneself no more; another person's permission does not exist here."""
    if grant_id not in {grant.id for grant in client_book.grants_of(g.actor.id)}:
        raise NotFound("no such permission")
    client_book.revoke_grant(grant_id, actor=g.actor)
    flash(text("signin.account.app_revoked"))
    return redirect("/account", 303)
