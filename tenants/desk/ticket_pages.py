"""The ticket as a page: whole, its record alone, and a plugin's box."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from flask import g, make_response, render_template, request, url_for

from core.host import file_responses, panels, tickets
from core.sdk import now, page, text
from tenants.desk import ticket as model
from tenants.desk.layout import layout
from tenants.desk.queue import PAGE
from tenants.desk.queue_pages import filters_of_request
from tenants.desk.timeline import record as recorded
from tenants.desk.views import query_of

if TYPE_CHECKING:
    from uuid import UUID

    from core.host import Ticket
    from core.sdk import Actor

HELD = timedelta(seconds=20)
PROPERTIES = ("assignee_id", "team_id", "priority", "category", "tags")


@page("ticket:read")
def ticket(ticket_id: UUID) -> Any:
    """The ticket; `?move=` and `?do=` open a form inline, `?all=1` unfolds the record."""
    found = model.load(ticket_id, g.actor)
    if (name := request.args.get("move", "")) and found.merged_into is None:
        return draw(found, **move_form(found, name))
    return draw(found, **asked(found, request.args.get("do", "")))


def draw(found: Ticket, **changes: Any) -> str:
    """The whole page; `changes` are what a form that came back says."""
    actor: Actor = g.actor
    everything = request.args.get("all") == "1"
    mode = changes.pop("mode", request.args.get("mode", ""))
    values = model.page_values(found, actor, everything=everything, mode=mode)
    was = properties_of(found, values["tags"])
    values |= {
        "etag": etag_of(found),
        "everything": everything,
        "inline": "",
        "problems": (),
        "message_problems": [],
        "properties_problems": [],
        "stale": False,
        "was": was,
        "typed": was,
        "body": "",
        "revealed": None,
        "reasons": REASONS,
        "composer_to": composer_to(values),
        **_walk(found, actor),
    }
    return render_template("desk/ticket.html", **(values | changes), **layout())


REASONS = ("call_back", "identity_check", "visit", "documents", "other")


def properties_of(found: Ticket, tags: list[str]) -> dict[str, str]:
    """The editable properties as the form sends them."""
    return {
        "assignee_id": str(found.assignee_id or ""),
        "team_id": str(found.team_id or ""),
        "priority": found.priority,
        "category": found.category,
        "tags": " ".join(tags),
    }


def composer_to(values: dict[str, Any]) -> str:
    """To whom a reply goes, in words."""
    customer = values["customer"]
    return text("desk.composer.to", name=customer["display_name"]) if customer else ""


def move_form(found: Ticket, name: str, **changes: Any) -> dict[str, Any]:
    """Values that open a transition's form inline."""
    move = model.move_of(found, name, g.actor)
    form = model.form_named(move.form)
    begun = tickets.prefilled(found, name)
    return {"inline": "move", "move": move, "move_form": form, "typed_answers": begun, **changes}


def asked(found: Ticket, what: str, **changes: Any) -> dict[str, Any]:
    """Values that open one of core's own forms inline: hand-over, report-work, take-back, decline, merge."""
    if what == "hand-over":
        form = model.form_named("handover")
        return {"inline": "handover", "move_form": form, "typed_answers": None, **changes}
    if what == "report-work":
        typed = {"kind": "work_done", "body": ""}
        return {"inline": "work", "work": typed, "word_problems": [], **changes}
    if what not in QUESTIONS:
        return changes
    endpoint, kind = QUESTIONS[what]
    key = what.replace("-", "_")
    return {
        "inline": "words",
        "words_url": url_for(endpoint, ticket_id=found.id),
        "words_title": text(f"desk.{key}.title"),
        "words_label": text(f"desk.{key}.label"),
        "words_help": text(f"desk.{key}.help"),
        "words_kind": kind,
        "words_value": "",
        "word_problems": [],
        **changes,
    }


QUESTIONS = {
    "take-back": ("desk.take_back", "textarea"),
    "decline": ("desk.decline", "textarea"),
    "merge": ("desk.merge", "text"),
}


def _walk(found: Ticket, actor: Actor) -> dict[str, Any]:
    """The way back to the list and to its neighbours, when the ticket was opened from one."""
    names = ("view", "team", "status", "type", "priority", "q", "sort")
    if not any(name in request.args for name in names):
        return {"back_url": url_for("desk.queue"), "place": 0}
    filters = filters_of_request()
    listed = tickets.list_tickets(query_of(filters, actor), actor=actor, limit=PAGE).items
    before, after, place = model.neighbours(found, listed)
    link = partial(url_for, "desk.ticket", **filters.arguments())
    return {
        "back_url": url_for("desk.queue", **filters.arguments()),
        "place": place,
        "places": len(listed),
        "previous_url": link(ticket_id=before) if before else "",
        "next_url": link(ticket_id=after) if after else "",
    }


def etag_of(found: Ticket) -> str:
    """A page's fingerprint is the ticket's activity (model.md §4), for this reader and language."""
    spoke = found.staff_spoke_at
    # A reply can be recalled for some seconds: until they have passed the page changes by itself.
    held = int(now().timestamp() // 4) if spoke and now() - spoke < HELD else 0
    facts = f"{found.id}:{found.activity}:{found.sla_state}:{held}:{g.actor.id}"
    return hashlib.sha256(facts.encode()).hexdigest()[:24]


@page("ticket:read")
def record(ticket_id: UUID) -> Any:
    """The record alone: what the live refresh asks for, 304 while nothing happened."""
    found = model.load(ticket_id, g.actor)
    etag = etag_of(found)
    if request.headers.get("If-None-Match", "").strip('W/"') == etag:
        return "", 304
    everything = request.args.get("all") == "1"
    told = tickets.timeline(found, actor=g.actor)
    story = recorded(told, tickets.workflow_of(found), g.actor, everything=everything)
    response = make_response(
        render_template(
            "desk/record.html",
            ticket=found,
            record=story,
            etag=etag,
            everything=everything,
            may_write=g.actor.can("ticket:write"),
        )
    )
    response.set_etag(etag)
    return response


@page("ticket:read")
def panel(ticket_id: UUID, name: str) -> str:
    """A plugin's box at this ticket, within its own budget."""
    actor: Actor = g.actor
    found = model.load(ticket_id, actor)
    return draw_panel(
        name, partial(model.load, found.id, actor), url_for("desk.ticket", ticket_id=found.id)
    )


def draw_panel(name: str, load: Any, back_url: str) -> str:
    """A box by its own request; without scripts, as a page of its own."""
    _, declared = panels.find_panel(name)
    drawn = panels.draw_panel(name, load, g.actor)
    values = {"drawn": drawn, "name": name, "url": request.path, "panel_title": declared.title}
    if request.headers.get("HX-Request") == "true":
        return render_template("desk/panel.html", **values)
    return render_template("desk/panel_page.html", back_url=back_url, **values, **layout())


@page("ticket:read")
def file(attachment_id: UUID) -> Any:
    """A file of a ticket, as a download."""
    return file_responses.send(attachment_id, actor=g.actor)


@page("ticket:read")
def thumbnail(attachment_id: UUID) -> Any:
    """The small picture of a file."""
    return file_responses.send_thumbnail(attachment_id, actor=g.actor)
