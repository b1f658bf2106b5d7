"""One deed at many tickets: assign, set the priority, add a tag; what changed meanwhile is left alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from flask import flash, g, redirect, request, url_for

from core.host import tickets
from core.sdk import Invalid, Problem, StaleVersion, page, text

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST = 50


@page("ticket:write")
def bulk() -> Any:
    """Apply what the bar says to the chosen tickets; each stale one is skipped and counted."""
    done, skipped = 0, 0
    for ticket_id, version in _chosen():
        try:
            _apply(ticket_id, version)
            done += 1
        except StaleVersion:
            skipped += 1
    flash(text("desk.bulk.done", count=done))
    if skipped:
        flash(text("desk.bulk.skipped", count=skipped))
    return redirect(_list_address(), 303)


def _chosen() -> Iterator[tuple[UUID, int]]:
    for each in request.form.getlist("chosen")[:MOST]:
        ticket_id, _, version = each.partition(":")
        if not version.isdigit():
            raise Invalid(Problem(field="chosen", message="desk.bulk.nothing"))
        yield UUID(ticket_id), int(version)


def _apply(ticket_id: UUID, version: int) -> None:
    deed = request.form.get("deed", "")
    if deed == "assign":
        who = request.form.get("assignee_id", "")
        tickets.assign(ticket_id, UUID(who) if who else None, actor=g.actor, version=version)
    elif deed == "priority":
        change = {"priority": request.form.get("priority", "")}
        tickets.patch_ticket(ticket_id, change, actor=g.actor, version=version)
    elif deed == "tag":
        known = tickets.tags_of([ticket_id]).get(ticket_id, [])
        wanted = [*known, *request.form.get("tag", "").split()]
        tickets.set_tags(ticket_id, wanted, actor=g.actor, version=version)
    else:
        raise Invalid(Problem(field="deed", message="desk.bulk.nothing"))


def _list_address() -> str:
    """Back to the list that the bar stood on: only its own query is taken over."""
    names = ("view", "team", "status", "type", "priority", "q", "sort")
    query: dict[str, Any] = {n: request.args.getlist(n) for n in names if n in request.args}
    return url_for("desk.queue", **query)
