"""An app's action at a ticket: its form, and what the app answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import flash, g, make_response, redirect, render_template, request, url_for

from core.host import app_book, app_calls, attachments, read_form
from core.sdk import Invalid, NotFound, PolydeskError, page, text, uuid7
from tenants.desk import ticket as model
from tenants.desk.layout import layout

if TYPE_CHECKING:
    from uuid import UUID

LONGEST_TOAST = 200


@page("ticket:write")
def app_form(ticket_id: UUID, app_name: str, action_name: str) -> str:
    """What the action asks before it runs."""
    return _draw(ticket_id, app_name, action_name)


def _again(error: PolydeskError, ticket_id: UUID, app_name: str, action_name: str) -> str:
    return _draw(ticket_id, app_name, action_name, refused=error)


@page("ticket:write", redraw=_again, waits=True)
def run_app(ticket_id: UUID, app_name: str, action_name: str) -> Any:
    """Ask the app to act; its answer is a word at the ticket, or a page when it shows more."""
    form = _action(app_name, action_name).form(app_name)
    answers = read_form(form, request.form, audience="internal")
    if answers.problems:
        raise Invalid(*answers.problems)
    try:
        outcome = app_calls.run_action(
            app_name, action_name, ticket_id, answers.data, actor=g.actor, key=_key()
        )
    except app_calls.AppFailed as error:
        drawn = _draw(ticket_id, app_name, action_name, refused=error)
        return make_response(drawn, error.status)
    if outcome.blocks:
        return _draw(ticket_id, app_name, action_name, outcome=outcome)
    flash(text(outcome.message)[:LONGEST_TOAST] or text("desk.app.done"))
    return redirect(url_for("desk.ticket", ticket_id=ticket_id), 303)


def _action(app_name: str, action_name: str) -> Any:
    action = app_book.app_that_is_on(app_name).manifest.action(action_name)
    if action is None:
        raise NotFound(f"no action {action_name}")
    return action


def _key() -> str:
    """The form's own key without its signature: the app tells a form that is sent twice by it."""
    given = request.form.get("form_key", "")
    return given.partition(".")[0] if attachments.is_form_key(given) else uuid7().hex


def _draw(
    ticket_id: UUID,
    app_name: str,
    action_name: str,
    *,
    refused: PolydeskError | None = None,
    outcome: app_calls.Outcome | None = None,
) -> str:
    found = model.load(ticket_id, g.actor)
    app, action = app_book.app_that_is_on(app_name), _action(app_name, action_name)
    form = action.form(app_name)
    typed = read_form(form, request.form, audience="internal").data if refused else None
    return render_template(
        "desk/app_action.html",
        ticket=found,
        app=app.manifest,
        action=action,
        declared=form,
        typed_answers=typed,
        problems=refused.problems if isinstance(refused, Invalid) else (),
        failed=isinstance(refused, app_calls.AppFailed),
        outcome=outcome,
        form_key=(refused and request.form.get("form_key")) or attachments.new_form_key(),
        back_url=url_for("desk.ticket", ticket_id=found.id),
        **layout(),
    )
