"""A new ticket: the customer first, then the type, then its form."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import UUID

from flask import g, redirect, render_template, request, url_for

from core.host import (
    PointIn,
    attachments,
    contacts,
    definitions,
    offered,
    read_form,
    team_book,
    tickets,
)
from core.sdk import Invalid, NotFound, PolydeskError, Problem, page, text
from tenants.desk.layout import layout
from tenants.desk.names import type_title
from tenants.desk.ticket_actions import keep_upload, lines, typed_again
from tenants.desk.views import OPEN, PRIORITIES

if TYPE_CHECKING:
    from core.host import Contact
    from core.sdk import Form, TicketType

CHANNELS = ("phone", "visit", "mail", "chat", "web")
FOUND = 8
POINTS = ("phone", "mail")


@page("ticket:write")
def new_ticket() -> str:
    """Find or create the customer (`?contact=`), pick a type (`?type=`), answer its form."""
    return _draw()


def _draw(**changes: Any) -> str:
    contact = _contact(request.values.get("contact", ""))
    kinds = types()
    chosen = request.values.get("type", "") or (next(iter(kinds)) if kinds else "")
    kind = kinds.get(chosen)
    declared = asked_form(kind, contact) if kind else None
    words = request.args.get("who", "").strip()
    values = {
        "contact": contact,
        "customer": contacts.masked_view(contact) if contact else None,
        "anonymous": request.values.get("contact") == "none",
        "who": words,
        "found": [contacts.masked_view(c) for c in contacts.search_contacts(words, limit=FOUND)]
        if words
        else [],
        "open_matters": _open_matters(contact),
        "types": [(name, text(each.title), each.icon) for name, each in kinds.items()],
        "chosen": kind.name if kind else "",
        "declared": declared,
        "channels": CHANNELS,
        "priorities": PRIORITIES,
        "teams": [(team.id, text(team.name)) for team in team_book.list_teams()],
        "typed": {},
        "typed_answers": None,
        "problems": (),
        "own_problems": [],
        "contact_problems": [],
        "form_key": request.form.get("form_key", "") or attachments.new_form_key(),
        "form_has": {field.name for field in declared.fields} if declared else set(),
    }
    return render_template("desk/new.html", **(values | changes), **layout(current="new"))


def types() -> dict[str, TicketType]:
    """The ticket types that this tenant's plugins offer to whoever opens one by hand, as they are now."""
    found = {name: definitions.get("ticket_type", name) for name in offered("ticket_type")}
    return {name: kind for name, kind in found.items() if kind.by_hand}


def form_of(kind: TicketType) -> Form | None:
    """The intake form of a type."""
    found: Form | None = definitions.get("form", kind.form) if kind.form else None
    return found


def known_answers(contact: Contact | None) -> dict[str, str]:
    """What a form asks about the customer and the desk knows already: nothing is asked twice."""
    if contact is None:
        return {}
    points = contacts.points_of([contact.id])[contact.id]
    told = {point.kind: point.value for point in reversed(points) if point.kind in POINTS}
    return {"name": contact.display_name, **told}


def asked_form(kind: TicketType, contact: Contact | None) -> Form | None:
    """The intake form without what is known of the customer."""
    form = form_of(kind)
    known = known_answers(contact)
    if form is None or not known:
        return form
    return replace(form, fields=tuple(field for field in form.fields if field.name not in known))


def _contact(given: str) -> Contact | None:
    try:
        return contacts.get_contact(UUID(given)) if given and given != "none" else None
    except (ValueError, NotFound):
        return None


def _open_matters(contact: Contact | None) -> list[Any]:
    """What the customer has open already: the duplicate warning."""
    if contact is None:
        return []
    query = tickets.TicketQuery(contact_id=contact.id, status=OPEN, sort="newest")
    found = tickets.list_tickets(query, actor=g.actor, limit=FOUND).items
    return [(ticket, type_title(ticket.type)) for ticket in found]


def _contact_again(error: PolydeskError) -> str:
    return _draw(contact_problems=lines(error), typed=dict(request.form))


@page("contact:write", redraw=_contact_again)
def new_contact() -> Any:
    """A customer who is not known yet; then on to the ticket."""
    given = [
        PointIn(kind=kind, value=request.form.get(kind, ""))
        for kind in ("phone", "mail")
        if request.form.get(kind, "").strip()
    ]
    made = contacts.create_contact(
        request.form.get("display_name", ""), points=given, actor=g.actor
    )
    kind = request.form.get("type", "")
    return redirect(url_for("desk.new_ticket", contact=made.id, type=kind or None), 303)


def _ticket_again(error: PolydeskError) -> str:
    kind = types().get(request.form.get("type", ""))
    form = asked_form(kind, _contact(request.form.get("contact", ""))) if kind else None
    own, declared = _split(error, form)
    typed = read_form(form, request.form).data if form else None
    return _draw(
        problems=declared,
        own_problems=lines(Invalid(*own)) if own else [] if declared else lines(error),
        typed=dict(request.form),
        typed_answers=typed,
    )


def _split(error: PolydeskError, form: Form | None) -> tuple[list[Problem], tuple[Problem, ...]]:
    """Problems of the page's own fields, and those of the declared form."""
    if not isinstance(error, Invalid):
        return [], ()
    names = {field.name for field in form.fields} if form else set()
    own, declared = [], []
    for problem in error.problems:
        name = problem.field.removeprefix("form.")
        if name.partition(".")[0] in names:
            declared.append(Problem(field=name, message=problem.message, values=problem.values))
        else:
            own.append(problem)
    return own, tuple(declared)


@page("ticket:write", redraw=_ticket_again)
def open_ticket() -> Any:
    """Open the ticket and go to it."""
    kind = types().get(request.form.get("type", ""))
    if kind is None:
        raise Invalid(Problem(field="type", message="desk.new.no_type"))
    answers, problems = _answers(kind)
    subject = request.form.get("subject", "").strip() or str(answers.get("subject", ""))
    description = request.form.get("description", "").strip() or str(answers.get("description", ""))
    problems += _missing(subject, "subject") + _missing(description, "description")
    if problems:
        raise Invalid(*problems)
    ticket_id = tickets.once(
        lambda: tickets.open_ticket(_new(kind, subject, description, answers), actor=g.actor).id,
        principal=f"user:{g.actor.id}",
        route="desk.new_ticket",
        key=_key(),
        body=typed_again(),
    )
    return redirect(url_for("desk.ticket", ticket_id=ticket_id), 303)


def _answers(kind: TicketType) -> tuple[dict[str, Any], list[Problem]]:
    """The answers of the intake form, those that are known of the customer among them."""
    contact = _contact(request.form.get("contact", ""))
    whole, form = form_of(kind), asked_form(kind, contact)
    if whole is None or form is None:
        return {}, []
    read = read_form(form, request.form, request.files, store=keep_upload, audience="internal")
    names = {field.name for field in whole.fields}
    known = {name: value for name, value in known_answers(contact).items() if name in names}
    # As typed: dates of Python would upset the key of a repeated request.
    typed = {name: read.data[name] for name in read.values if name in read.data}
    return {**known, **typed}, list(read.problems)


def _missing(value: str, name: str) -> list[Problem]:
    return [] if value.strip() else [Problem(field=name, message=f"desk.new.{name}_missing")]


def _key() -> str:
    return request.form.get("form_key", "")


def _new(
    kind: TicketType, subject: str, description: str, answers: dict[str, Any]
) -> tickets.NewTicket:
    contact = _contact(request.form.get("contact", ""))
    team = request.form.get("team_id", "")
    uploads = [keep_upload(sent) for sent in request.files.getlist("attachments") if sent.filename]
    uploads += [UUID(str(given)) for given in answers.get("files") or ()]
    priority = request.form.get("priority") or str(answers.get("priority", ""))
    return tickets.NewTicket(
        type=kind.name,
        subject=subject,
        description=description,
        contact_id=contact.id if contact else None,
        channel=request.form.get("channel", "phone"),
        priority=priority if priority in PRIORITIES else "normal",
        category=str(answers.get("category", "")),
        team_id=UUID(team) if team else None,
        form=answers,
        attachment_ids=tuple(uploads),
        form_key=_key(),
    )
