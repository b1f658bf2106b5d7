"""Handing a matter in: the declared form, pictures before the ticket exists, and a receipt with number and link."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from flask import Blueprint, g, redirect, request

from core.host import (
    UPLOAD_BYTES,
    attachments,
    catalog,
    contacts,
    links,
    read_form,
    throttles,
    tickets,
)
from core.sdk import (
    PUBLIC,
    Invalid,
    NotFound,
    Problem,
    TicketType,
    current_locale,
    page,
    text,
)
from tenants.portal import door, intake, layout, progress

if TYPE_CHECKING:
    from uuid import UUID

    from core.host import Answers
    from core.sdk import Actor, Form, PolydeskError

blueprint = Blueprint("portal_submit", __name__, template_folder="templates")
PER_HOUR = 40


@blueprint.get("/submit")
@page(PUBLIC)
def choices() -> Any:
    """What can be handed in here; a single kind is asked at once."""
    types = intake.portal_types()
    if len(types) == 1:
        return redirect(types[0].portal_url or f"/submit/{types[0].name}", 303)
    return layout.draw("choices.html", "submit", types=types)


@blueprint.get("/submit/<name>")
@page(PUBLIC)
def blank(name: str) -> Any:
    """The empty form of a ticket type; one with a page of its plugin's own is asked there."""
    kind = _kind(name)
    if kind.portal_url:
        return redirect(kind.portal_url, 303)
    return _form_page(kind, _known_answers(kind), (), attachments.new_form_key())


def _again(error: PolydeskError, name: str) -> str:
    """The form with what was typed, what was uploaded, and what is wrong."""
    key = request.form.get("form_key", "")
    known = key if attachments.is_form_key(key) else attachments.new_form_key()
    return _form_page(_kind(name), g.get("typed", {}), layout.problems_of(error), known)


@blueprint.post("/submit/<name>")
@page(PUBLIC, redraw=_again)
def submit(name: str) -> Any:
    """Open the ticket, once per form key; the receipt shows number and secret link."""
    kind = _kind(name)
    if kind.portal_url:
        raise NotFound("asked at its plugin's own page")
    key = request.form.get("form_key", "")
    form = intake.compose(kind, known=layout.signed_in())
    answers = _answers(form, key)
    if not attachments.is_form_key(key):
        raise Invalid(Problem(field="", message="portal.submit.error.key"))
    problems = answers.problems or intake.missing_point(form, answers.values)
    if problems:
        raise Invalid(*problems)
    throttles.spend(
        throttles.address_range("portal-submit", request.remote_addr or ""), PER_HOUR, 3600
    )
    ticket_id = tickets.once(
        lambda: _open(kind, form, answers, key),
        principal="portal",
        route="portal.submit",
        key=key,
        body=[name, _comparable(form, answers.data)],
    )
    link = links.live_link(ticket_id)
    if link is None:
        raise NotFound("the link was revoked")
    return redirect(f"{links.link_path(link.id)}/receipt", 303)


@blueprint.get("/track/<token>/receipt")
@page(PUBLIC)
def receipt(token: str) -> str:
    """Number, link and what happens next."""
    found = door.by_link(token)
    return layout.draw(
        "receipt.html",
        "submit",
        ticket=found.ticket,
        title=progress.type_title(found.ticket),
        link=door.public_address(found),
        page_title=text("portal.receipt.title"),
    )


def _kind(name: str) -> TicketType:
    kind = next((kind for kind in intake.portal_types() if kind.name == name), None)
    if kind is None:
        raise NotFound(f"customers cannot open {name}")
    return kind


def _form_page(
    kind: TicketType, typed: dict[str, Any], problems: tuple[Problem, ...], key: str
) -> str:
    title = text(kind.title)
    return layout.draw(
        "submit.html",
        "submit",
        kind=kind,
        form=intake.compose(kind, known=layout.signed_in()),
        typed=typed,
        problems=problems,
        key=key,
        known=layout.signed_in() and not intake.who_fields(intake.declared_form(kind).fields),
        page_title=text("portal.submit.refused", title=title) if problems else title,
    )


def _known_answers(kind: TicketType) -> dict[str, Any]:
    """What a signed-in customer need not say again (WCAG 3.3.7)."""
    if not layout.signed_in():
        return {}
    points = {point.kind: point.value for point in contacts.points_of([g.actor.id])[g.actor.id]}
    asked = intake.who_fields(intake.compose(kind, known=True).fields)
    told = {"name": g.actor.name, **points}
    return {name: told[role] for role, name in asked.items() if role in told}


def _answers(form: Form, key: str) -> Answers:
    def store(file: Any) -> UUID:
        kept = attachments.store_upload(
            file.read(UPLOAD_BYTES + 1), file.filename, actor=g.actor, form_key=key
        )
        return kept.id

    answers = read_form(
        form, request.form, request.files, store=store, conditions=catalog().shelf("condition")
    )
    g.typed = answers.data
    return answers


def _comparable(form: Form, data: dict[str, Any]) -> dict[str, Any]:
    """The answers without files: the same form sent twice uploads them twice."""
    files = {field.name for field in form.fields if field.kind in {"files", "signature"}}
    return {name: value for name, value in data.items() if name not in files}


def _open(kind: TicketType, form: Form, answers: Answers, key: str) -> UUID:
    opened = intake.open_for(
        _customer(form, answers.values),
        kind,
        intake.words_of(kind, form, answers.data, answers.values),
        answers.values,
        form_key=key,
        language=current_locale(),
    )
    found: UUID = opened.id
    return found


def _customer(form: Form, values: dict[str, Any]) -> Actor:
    if layout.signed_in():
        signed: Actor = g.actor
        return signed
    unverified = partial(contacts.contact_for_unverified_point, actor=g.actor)
    contact = unverified(*intake.who(form, values))
    made: Actor = links.contact_actor(contact, {})
    return made
