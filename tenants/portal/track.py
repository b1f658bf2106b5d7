"""Following a matter: the result first, then what the customer is asked for, then progress and words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from flask import Blueprint, flash, g, redirect, request

from core.host import (
    UPLOAD_BYTES,
    attachments,
    catalog,
    definitions,
    file_responses,
    panels,
    print_answer,
    read_form,
    reports,
    tickets,
)
from core.sdk import PUBLIC, Field, Form, Invalid, NotFound, NotOffered, StaleVersion, page, text
from tenants.portal import door, layout, progress

if TYPE_CHECKING:
    from flask import Response

    from core.host import Answers
    from core.sdk import PolydeskError, Transition
    from tenants.portal.door import Door

blueprint = Blueprint("portal_track", __name__, template_folder="templates")

MESSAGE = Form(
    "portal.message",
    "portal.track.message",
    (
        Field("body", "long_text", "portal.track.message", required=True, maximum=10_000),
        Field("files", "files", "portal.track.message_files", maximum=10),
    ),
)


@blueprint.get("/track/<token>")
@blueprint.get("/my/<uuid:ticket_id>")
@page(PUBLIC)
def show(token: str = "", ticket_id: UUID | None = None) -> str:
    """One matter; `?do=` opens the form of one of the choices."""
    return _draw(door.come_in(token, ticket_id), chosen=request.args.get("do", ""))


def _redraw_move(
    error: PolydeskError, name: str, token: str = "", ticket_id: UUID | None = None
) -> str:
    found = door.come_in(token, ticket_id)
    notice = ""
    if isinstance(error, StaleVersion | NotOffered):
        notice = text("portal.track.changed")
    problems = () if notice else layout.problems_of(error)
    return _draw(found, chosen=name, problems=problems, typed=g.get("typed"), notice=notice)


@blueprint.post("/track/<token>/move/<name>")
@blueprint.post("/my/<uuid:ticket_id>/move/<name>")
@page(PUBLIC, redraw=_redraw_move)
def move(name: str, token: str = "", ticket_id: UUID | None = None) -> Any:
    """Take what the workflow offers the customer: accept, refuse, confirm and sign."""
    found = door.come_in(token, ticket_id)
    transition = _offered(found, name)
    answers = _answers(_form_of(transition), found)
    if answers.problems:
        raise Invalid(*answers.problems)
    given = {key: answers.data[key] for key in answers.values if key in answers.data}
    tickets.move_ticket(found.ticket.id, name, given, actor=found.actor, version=_version())
    flash(text("portal.track.done"))
    return redirect(found.base, 303)


def _redraw_message(error: PolydeskError, token: str = "", ticket_id: UUID | None = None) -> str:
    found = door.come_in(token, ticket_id)
    return _draw(found, draft=g.get("typed") or {}, refused=layout.problems_of(error))


@blueprint.post("/track/<token>/message")
@blueprint.post("/my/<uuid:ticket_id>/message")
@page(PUBLIC, redraw=_redraw_message)
def message(token: str = "", ticket_id: UUID | None = None) -> Any:
    """Leave a message, with files."""
    found = door.come_in(token, ticket_id)
    answers = _answers(MESSAGE, found)
    if answers.problems:
        raise Invalid(*answers.problems)
    key = request.form.get("form_key", "")
    tickets.once(
        lambda: (
            tickets.post_message(
                found.ticket.id,
                answers.values["body"],
                actor=found.actor,
                channel="web",
                attachment_ids=[UUID(str(file)) for file in answers.values.get("files", ())],
            ).id
        ),
        principal=f"contact:{found.actor.id}",
        route="portal.message",
        key=key if attachments.is_form_key(key) else "",
        # Without the files: the same form sent twice uploads them twice.
        body=[str(found.ticket.id), answers.values["body"]],
    )
    flash(text("portal.track.message_sent"))
    return redirect(f"{found.base}#messages", 303)


@blueprint.get("/track/<token>/file/<uuid:attachment_id>")
@blueprint.get("/my/<uuid:ticket_id>/file/<uuid:attachment_id>")
@page(PUBLIC)
def file(attachment_id: UUID, token: str = "", ticket_id: UUID | None = None) -> Response:
    """A file of this matter, as a download."""
    found = _of_this_matter(door.come_in(token, ticket_id), attachment_id)
    return file_responses.send(attachment_id, actor=found.actor)


@blueprint.get("/track/<token>/picture/<uuid:attachment_id>")
@blueprint.get("/my/<uuid:ticket_id>/picture/<uuid:attachment_id>")
@page(PUBLIC)
def picture(attachment_id: UUID, token: str = "", ticket_id: UUID | None = None) -> Response:
    """A picture of this matter."""
    found = _of_this_matter(door.come_in(token, ticket_id), attachment_id)
    return file_responses.send_picture(attachment_id, actor=found.actor)


@blueprint.get("/track/<token>/thumbnail/<uuid:attachment_id>")
@blueprint.get("/my/<uuid:ticket_id>/thumbnail/<uuid:attachment_id>")
@page(PUBLIC)
def thumbnail(attachment_id: UUID, token: str = "", ticket_id: UUID | None = None) -> Response:
    """A small picture of this matter."""
    found = _of_this_matter(door.come_in(token, ticket_id), attachment_id)
    return file_responses.send_thumbnail(attachment_id, actor=found.actor)


@blueprint.get("/track/<token>/print/<name>")
@blueprint.get("/my/<uuid:ticket_id>/print/<name>")
@page(PUBLIC)
def printed(name: str, token: str = "", ticket_id: UUID | None = None) -> Response:
    """The customer's copy of a form about this matter, as PDF or print view."""
    found = door.come_in(token, ticket_id)
    if name not in {report.name for report in reports.about(found.ticket, actor=found.actor)}:
        raise NotFound(f"no report {name} about this matter")
    filled = reports.fill(name, {"ticket_id": str(found.ticket.id)}, actor=found.actor)
    return print_answer(filled, back=found.base)


@blueprint.get("/track/<token>/box/<name>")
@blueprint.get("/my/<uuid:ticket_id>/box/<name>")
@page(PUBLIC)
def box(name: str, token: str = "", ticket_id: UUID | None = None) -> str:
    """A plugin's box at this matter, fetched by itself so that a slow one delays nobody."""
    found = door.come_in(token, ticket_id)
    shown = next((each for each in panels.panels("matter", found.actor) if each.name == name), None)
    if shown is None:
        raise NotFound(f"no box {name}")
    actor, wanted = found.actor, found.ticket.id
    drawn = panels.draw_panel(name, lambda: tickets.get_ticket(wanted, actor=actor), actor)
    return layout.draw("box.html", "my", shown=shown, drawn=drawn, base=found.base)


def _draw(found: Door, *, chosen: str = "", **more: Any) -> str:
    ticket, actor = found.ticket, found.actor
    entries = tickets.timeline(ticket, actor=actor)
    said = progress.conversation(entries, actor, found.base)
    offered = tickets.offered_transitions(ticket, actor=actor)
    asked = progress.asked_for(ticket, offered)
    picked = next((way for way in offered if way.name == chosen), asked[0] if asked else None)
    state = progress.state_title(ticket)
    values: dict[str, Any] = {
        "base": found.base,
        "ticket": ticket,
        "kind": progress.type_title(ticket),
        "state": state,
        "waits": ticket.status == "waiting" and bool(asked),
        "steps": progress.steps(ticket, entries),
        "said": said,
        "answer": progress.shown_first(said, entries),
        "asked": asked,
        "others": [way for way in offered if way not in asked],
        "picked": picked,
        "way_title": progress.way_title,
        "form": _form_of(picked) if picked else None,
        "message": MESSAGE,
        "can_write": actor.can("matter:message"),
        "prints": reports.about(ticket, actor=actor),
        "boxes": panels.panels("matter", actor),
        "key": attachments.new_form_key(),
        "problems": (),
        "typed": None,
        "notice": "",
        "refused": (),
        "draft": {},
        "page_title": f"{ticket.number} {state}",
    }
    return layout.draw("track.html", "my", **{**values, **more})


def _offered(found: Door, name: str) -> Transition:
    offered = tickets.offered_transitions(found.ticket, actor=found.actor)
    transition = next((way for way in offered if way.name == name), None)
    if transition is None:
        raise NotOffered(f"{name} is not offered", transition=name, state=found.ticket.state)
    return transition


def _form_of(transition: Transition) -> Form:
    if not transition.form:
        return Form("", transition.title, ())
    form: Form = definitions.get("form", transition.form)
    return form


def _answers(form: Form, found: Door) -> Answers:
    def store(given: Any) -> UUID:
        content = given.read(UPLOAD_BYTES + 1)
        return attachments.store_upload(content, given.filename, actor=found.actor).id

    answers = read_form(
        form, request.form, request.files, store=store, conditions=catalog().shelf("condition")
    )
    g.typed = answers.data
    return answers


def _version() -> int:
    given = request.form.get("version", "")
    return int(given) if given.isdecimal() else -1


def _of_this_matter(found: Door, attachment_id: UUID) -> Door:
    """A sign-in sees all of a customer's matters; an address shows files of its own alone."""
    row = attachments.get_attachment(attachment_id, actor=found.actor)
    if row.ticket_id != found.ticket.id:
        raise NotFound("no such file here")
    return found
