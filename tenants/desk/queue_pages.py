"""The queue as a page and as the fragment that its live refresh swaps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from flask import g, make_response, redirect, render_template, request, url_for

from core.host import accounts, definitions, offered, team_book, tickets
from core.sdk import NotFound, page, text
from tenants.desk.layout import layout
from tenants.desk.queue import groups, listing
from tenants.desk.views import PRIORITIES, STATUSES, VIEWS, Filters

if TYPE_CHECKING:
    from flask import Response

SORTS = ("due", "priority", "newest", "updated")
NAMES = tuple(view.name for view in VIEWS)


@page("ticket:read")
def queue() -> Any:
    """A view of tickets; a number in the search box leads straight to its ticket."""
    filters = filters_of_request()
    if filters.words and (found := _by_number(filters.words)):
        return redirect(url_for("desk.ticket", ticket_id=found), 303)
    listed = listing(filters, g.actor, request.args.get("cursor", ""))
    if request.headers.get("If-None-Match", "").strip('W/"') == listed.etag:
        return "", 304
    fragment = request.headers.get("HX-Request") == "true"
    people = [] if fragment else staff()
    values = {
        "title": title(filters),
        "filters": filters,
        "page": listed.page,
        "groups": groups(listed.page.items, grouped=filters.sort == "due", known=dict(people)),
        "total": total(filters, listed.counts.views, listed.counts.teams),
        "numbers": listed.counts,
        "etag": listed.etag,
        "here": url_for("desk.queue", **filters.arguments(cursor=request.args.get("cursor", ""))),
        "next_url": url_for("desk.queue", **filters.arguments(cursor=listed.page.next))
        if listed.page.next
        else "",
        "first_url": url_for("desk.queue", **filters.arguments())
        if request.args.get("cursor")
        else "",
        "walk": filters.arguments(),
        "chips": chips(filters),
        "sorts": SORTS,
        "statuses": STATUSES,
        "priorities": PRIORITIES,
        "types": types(),
        "may_write": g.actor.can("ticket:write"),
        "staff": people,
        **layout(current=_entry(filters), team_id=filters.team_id, numbers=listed.counts),
    }
    template = "desk/queue_fragment.html" if fragment else "desk/queue.html"
    return _tagged(render_template(template, **values), listed.etag)


def _tagged(body: str, etag: str) -> Response:
    response = make_response(body)
    response.set_etag(etag)
    return response


def _by_number(words: str) -> UUID | None:
    if not any(letter.isdigit() for letter in words):
        return None
    try:
        return tickets.find_by_number(words, actor=g.actor).id
    except NotFound:
        return None


def filters_of_request() -> Filters:
    """The filters that the address names; unknown words are left out."""
    view = request.args.get("view", "")
    sort = request.args.get("sort", "")
    words = request.args.get("q", "").strip()[:200]
    return Filters(
        view=view if view in NAMES else "all" if words else "mine",
        team_id=_uuid(request.args.get("team", "")),
        status=_among(request.args.getlist("status"), STATUSES),
        type=tuple(request.args.getlist("type"))[:20],
        priority=_among(request.args.getlist("priority"), PRIORITIES),
        words=words,
        sort=sort if sort in SORTS else "due",
    )


def _among(given: list[str], known: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in known if name in given)


def _uuid(value: str) -> UUID | None:
    try:
        return UUID(value) if value else None
    except ValueError:
        return None


def _entry(filters: Filters) -> str:
    return "" if filters.team_id or filters.words else filters.view


def title(filters: Filters) -> str:
    """What the list is called."""
    if filters.words:
        return text("desk.queue.found", words=filters.words)
    if filters.team_id:
        return text(team_book.get_team(filters.team_id).name)
    return text(f"desk.nav.{filters.view}")


def total(filters: Filters, views: dict[str, int], teams: dict[UUID, int]) -> int | None:
    """How many the list has in all; unknown once filters narrow it."""
    if filters.words or filters.status or filters.type or filters.priority:
        return None
    return teams.get(filters.team_id, 0) if filters.team_id else views.get(filters.view, 0)


def types() -> list[tuple[str, str]]:
    """The ticket types of this tenant with their titles."""
    known = offered("ticket_type")
    return [(name, text(definitions.get("ticket_type", name).title)) for name in known]


def chips(filters: Filters) -> list[dict[str, str]]:
    """The filters in force, each with the address that drops it."""
    titles = dict(types()) if filters.type else {}
    worn = {
        "status": [text(f"ui.status.{name}") for name in filters.status],
        "priority": [text(f"ui.priority.{name}") for name in filters.priority],
        "type": [titles.get(name, name) for name in filters.type],
        "q": [filters.words] if filters.words else [],
    }
    return [
        {
            "title": text(f"desk.filter.{'words' if name == 'q' else name}"),
            "words": text("desk.list_comma").join(words),
            "remove": url_for("desk.queue", **filters.arguments(**{name: ""})),
        }
        for name, words in worn.items()
        if words
    ]


def staff() -> list[tuple[UUID, str]]:
    """Whom work can be given to."""
    return [(u.id, u.display_name) for u in accounts.list_users() if u.state == "active"]
