"""What agents do at a ticket: say, move, assign, edit, hand over; each comes back to the page."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

from flask import flash, g, redirect, request, url_for

from core.host import attachments, contacts, problem_words, read_form, tickets
from core.sdk import (
    Invalid,
    NotFound,
    NotOffered,
    PolydeskError,
    Problem,
    StaleVersion,
    VersionMissing,
    page,
    text,
)
from tenants.desk import ticket as model
from tenants.desk.ticket_pages import PROPERTIES, asked, draw, move_form, properties_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from werkzeug.datastructures import FileStorage

    from core.sdk import Form

MAX_BYTES = 10 * 1024 * 1024


def back(ticket_id: UUID, words: str = "", **values: Any) -> Any:
    """To the ticket's page, with a word about what was done."""
    if words:
        flash(text(words, **values))
    return redirect(url_for("desk.ticket", ticket_id=ticket_id), 303)


def version() -> int:
    """The version that the form was read at."""
    given = request.form.get("version", "")
    if not given.isdigit():
        raise VersionMissing
    return int(given)


def lines(error: PolydeskError) -> list[dict[str, str]]:
    """An error as lines of the error summary."""
    if isinstance(error, Invalid):
        return [
            {"field": p.field.removeprefix("form."), "words": problem_words(p)}
            for p in error.problems
        ]
    if isinstance(error, StaleVersion):
        return [{"field": "", "words": text("desk.stale")}]
    return [{"field": "", "words": text(f"problem.{error.code}.detail")}]


def again(ticket_id: UUID, **changes: Any) -> str:
    """The page drawn anew after a refused form."""
    return draw(model.load(ticket_id, g.actor), **changes)


# --- messages -------------------------------------------------------------------------------------


def _message_again(error: PolydeskError, ticket_id: UUID) -> str:
    return again(
        ticket_id,
        mode=request.form.get("mode", "reply"),
        body=request.form.get("body", ""),
        form_key=request.form.get("form_key", "") or attachments.new_form_key(),
        message_problems=lines(error),
    )


@page("ticket:write", redraw=_message_again)
def post_message(ticket_id: UUID) -> Any:
    """A reply or an internal note, with files; the same form key twice is said once."""
    key = request.form.get("form_key", "")
    internal = request.form.get("mode") == "note"
    uploads = [keep_upload(sent) for sent in request.files.getlist("files") if sent.filename]
    tickets.once(
        lambda: (
            tickets.post_message(
                ticket_id,
                request.form.get("body", ""),
                actor=g.actor,
                visibility="internal" if internal else "public",
                attachment_ids=tuple(uploads),
            ).id
        ),
        principal=f"user:{g.actor.id}",
        route="desk.message",
        key=key,
        body=[str(ticket_id), typed_again()],
    )
    return back(ticket_id, "desk.said.note" if internal else "desk.said.reply")


def typed_again() -> list[Any]:
    """What a form sent twice says both times: its words and the names of its files, which were kept twice."""
    words = {name: request.form.getlist(name) for name in request.form if name != "csrf_token"}
    files = [sent.filename or "" for _, sent in request.files.items(multi=True)]
    return [words, files]


def keep_upload(sent: FileStorage) -> UUID:
    """Keep a file that came with a form, as the actor's own until it is claimed."""
    content = sent.stream.read(MAX_BYTES + 1)
    return attachments.store_upload(content, sent.filename, actor=g.actor).id


@page("ticket:write")
def recall(ticket_id: UUID, message_id: UUID) -> Any:
    """Take a reply back before it leaves."""
    tickets.recall_message(ticket_id, message_id, actor=g.actor)
    return back(ticket_id, "desk.recall.done")


# --- the workflow ---------------------------------------------------------------------------------


def _move_again(error: PolydeskError, ticket_id: UUID, name: str) -> str:
    found = model.load(ticket_id, g.actor)
    try:
        values = move_form(found, name)
    except NotFound:
        return draw(found, message_problems=lines(error))
    return draw(found, **values | refused(error, values["move_form"]))


def refused(error: PolydeskError, form: Form | None) -> dict[str, Any]:
    """The problems of a declared form that was refused, with what was typed."""
    if isinstance(error, Invalid):
        problems = tuple(
            Problem(field=p.field.removeprefix("form."), message=p.message, values=p.values)
            for p in error.problems
        )
    else:
        problems = (Problem(field="", message=f"problem.{error.code}.detail"),)
    typed = read_form(form, request.form).data if form else {}
    return {"problems": problems, "typed_answers": typed}


@page("ticket:write", redraw=_move_again)
def move(ticket_id: UUID, name: str) -> Any:
    """Take a transition with the answers of its form."""
    found = model.load(ticket_id, g.actor)
    form = model.form_named(_form_of(found, name))
    tickets.move_ticket(ticket_id, name, answers_of(form), actor=g.actor, version=version())
    return back(ticket_id, "desk.said.moved")


def _form_of(found: Any, name: str) -> str:
    try:
        return model.move_of(found, name, g.actor).form
    except NotFound:
        raise NotOffered(f"{name} is not offered") from None


def answers_of(form: Form | None) -> dict[str, Any]:
    """The answers of a declared form on a page, uploads kept; Invalid names every mistake."""
    if form is None:
        return {}
    read = read_form(form, request.form, request.files, store=keep_upload, audience="internal")
    if read.problems:
        raise Invalid(*read.problems)
    return read.values


# --- who does it ----------------------------------------------------------------------------------


@page("ticket:write")
def accept(ticket_id: UUID) -> Any:
    """Confirm the assignment, or take a ticket that is nobody's."""
    tickets.accept(ticket_id, actor=g.actor, version=version())
    return back(ticket_id, "desk.accept.done")


def _words_again(what: str, error: PolydeskError, ticket_id: UUID) -> str:
    found = model.load(ticket_id, g.actor)
    typed = {"words_value": request.form.get("words", ""), "word_problems": lines(error)}
    return draw(found, **asked(found, what, **typed))


@page("ticket:write", redraw=partial(_words_again, "decline"))
def decline(ticket_id: UUID) -> Any:
    """Give an assignment back, with a reason."""
    tickets.decline(ticket_id, words(), actor=g.actor, version=version())
    return back(ticket_id, "desk.decline.done")


def words() -> str:
    """The one answer of a small form; Invalid when it is empty."""
    given = request.form.get("words", "").strip()
    if not given:
        raise Invalid(Problem(field="words", message="desk.words.missing"))
    return given


@page("ticket:read")
def watch(ticket_id: UUID) -> Any:
    """Follow the ticket, or no longer."""
    if request.form.get("watch") == "1":
        tickets.watch(ticket_id, actor=g.actor)
    else:
        tickets.unwatch(ticket_id, actor=g.actor)
    return back(ticket_id)


def _slip_again(error: PolydeskError, ticket_id: UUID) -> str:
    found = model.load(ticket_id, g.actor)
    values = asked(found, "hand-over")
    return draw(found, **values | refused(error, values["move_form"]))


@page("ticket:write", redraw=_slip_again)
def hand_over(ticket_id: UUID) -> Any:
    """Hand the work to a department by slip FM-26."""
    slip = answers_of(model.form_named("handover"))
    tickets.hand_over(ticket_id, slip, actor=g.actor, version=version())
    return back(ticket_id, "desk.handover.done")


@page("ticket:write")
def accept_handover(ticket_id: UUID) -> Any:
    """The department confirms the slip."""
    tickets.accept_handover(ticket_id, actor=g.actor, version=version())
    return back(ticket_id, "desk.handover.accept_done")


@page("ticket:write", redraw=partial(_words_again, "take-back"))
def take_back(ticket_id: UUID) -> Any:
    """The work comes back with its result."""
    tickets.take_back(ticket_id, words(), actor=g.actor, version=version())
    return back(ticket_id, "desk.take_back.done")


def _work_again(error: PolydeskError, ticket_id: UUID) -> str:
    typed = {name: request.form.get(name, "") for name in ("kind", "body")}
    found = model.load(ticket_id, g.actor)
    return draw(found, **asked(found, "report-work", work=typed, word_problems=lines(error)))


@page("ticket:write", redraw=_work_again)
def report_work(ticket_id: UUID) -> Any:
    """Tell the desk that the work is done, or what came of it; the customer sees neither."""
    kind, body = request.form.get("kind", ""), request.form.get("body", "")
    key = request.form.get("form_key", "")
    tickets.report_work(ticket_id, body, actor=g.actor, purpose=kind, key=key)
    return back(ticket_id, "desk.work.done")


@page("ticket:write", redraw=partial(_words_again, "merge"))
def merge(ticket_id: UUID) -> Any:
    """Close this ticket into another one, named by its number."""
    try:
        into = tickets.find_by_number(words(), actor=g.actor)
    except NotFound:
        raise Invalid(Problem(field="words", message="desk.merge.unknown")) from None
    tickets.merge(ticket_id, into.id, actor=g.actor, version=version())
    return back(into.id, "desk.merge.done")


# --- properties, with the merge of what two people changed ----------------------------------------


def _properties_again(error: PolydeskError, ticket_id: UUID) -> str:
    found = model.load(ticket_id, g.actor)
    if isinstance(error, StaleVersion) and error.data.get("fields"):
        return draw(found, **_conflict(found, error.data["fields"]))
    return draw(found, properties_problems=lines(error), typed=_typed())


def _typed() -> dict[str, str]:
    return {name: request.form.get(name, "").strip() for name in PROPERTIES}


def _conflict(found: Any, fields: dict[str, list[Any]]) -> dict[str, Any]:
    tags = tickets.tags_of([found.id]).get(found.id, [])
    kept = {name: value for name, value in _typed().items() if name not in fields}
    return {
        "inline": "conflict",
        "stale": True,
        "kept": kept,
        "was": properties_of(found, tags),
        "conflict_who": text("desk.conflict.someone"),
        "conflicts": [
            {
                "name": name,
                "label": text(f"desk.props.{name.removesuffix('_id')}"),
                "theirs": shown(name, theirs),
                "yours": shown(name, yours),
                "theirs_value": theirs,
                "yours_value": yours,
            }
            for name, (theirs, yours) in fields.items()
        ],
    }


def shown(name: str, value: str) -> str:
    """A property's value in words."""
    if name == "priority":
        return text(f"ui.priority.{value}")
    if name == "assignee_id":
        return model.staff_name(value) or text("desk.none.assignee")
    if name == "category":
        return text(value) or text("ui.diff.none")
    if name == "team_id":
        return model.team_title(value) or text("desk.none.team")
    return value or text("ui.diff.none")


@page("ticket:write", redraw=_properties_again)
def properties(ticket_id: UUID) -> Any:
    """Change assignee, team, priority and tags; what somebody else changed meanwhile is kept."""
    found = model.load(ticket_id, g.actor)
    now = properties_of(found, tickets.tags_of([found.id]).get(found.id, []))
    typed = _typed()
    was = {name: request.form.get(f"was_{name}", now[name]) for name in now}
    changed = {name: value for name, value in typed.items() if value != was[name]}
    given, current = version(), found.version
    if given != current:
        clash = {n: [now[n], v] for n, v in changed.items() if now[n] not in (was[n], v)}
        if clash:
            raise StaleVersion(current=current, given=given, fields=clash)
    _save(found, {name: value for name, value in changed.items() if value != now[name]})
    return back(ticket_id, "desk.props.merged" if given != current else "desk.props.saved")


def _save(found: Any, changed: dict[str, str]) -> None:
    patch: dict[str, Any] = {}
    if "team_id" in changed:
        patch["team_id"] = UUID(changed["team_id"]) if changed["team_id"] else None
    patch |= {name: changed[name] for name in ("priority", "category") if name in changed}
    if "tags" in changed:
        patch["tags"] = changed["tags"].replace(",", " ").replace("，", " ").split()
    steps: list[Callable[[int], Any]] = []
    if patch:
        steps.append(lambda v: tickets.patch_ticket(found.id, patch, actor=g.actor, version=v))
    if "assignee_id" in changed:
        who = UUID(changed["assignee_id"]) if changed["assignee_id"] else None
        steps.append(lambda v: tickets.assign(found.id, who, actor=g.actor, version=v))
    for step in steps:
        found = step(found.version)


# --- the customer's data --------------------------------------------------------------------------


@page("contact:reveal")
def reveal(ticket_id: UUID, point_id: UUID) -> str:
    """Show a masked value for a reason; the look is on the record."""
    found = model.load(ticket_id, g.actor)
    value = contacts.reveal_point(point_id, actor=g.actor, reason=request.form.get("reason", ""))
    return draw(found, revealed={"id": str(point_id), "value": value})
