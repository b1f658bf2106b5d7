"""REST: /api/v1/tickets and the event feed /api/v1/events."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import flask
from flask import Response, g, request
from flask_smorest import Blueprint

from core import ledger
from core.actors import Reach
from core.errors import Forbidden, Invalid, Problem
from core.i18n import text
from core.tickets import service
from core.tickets.schemas import (
    EventList,
    FeedQuery,
    MessageBody,
    MessageList,
    MessageListQuery,
    MessageOut,
    TicketBody,
    TicketDetailOut,
    TicketList,
    TicketListQuery,
    TicketOut,
    TicketPatch,
    TransitionBody,
)
from core.tickets.visibility import facts_known_to
from core.web import endpoint

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from core.tickets.models import Message, Ticket

tickets: flask.Blueprint = Blueprint(
    "api_tickets", __name__, url_prefix="/tickets", description="Tickets"
)
events: flask.Blueprint = Blueprint(
    "api_events", __name__, url_prefix="/events", description="The event feed"
)
_DRAWN = tuple(name for name in TicketOut().fields if name != "tags")
_MESSAGE_DRAWN = tuple(name for name in MessageOut().fields if name != "attachments")


@tickets.get("")
@endpoint("ticket:read", query=TicketListQuery, returns=TicketList)
def list_tickets(query: dict[str, Any]) -> dict[str, Any]:
    """Tickets that one may see, most pressing first; `next` goes on where the page ends."""
    cursor, limit = query.pop("cursor", ""), query.pop("limit")
    wanted: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in query.items()
    }
    if "condition" in wanted:
        wanted["condition"] = _condition(wanted["condition"])
    page = service.list_tickets(
        service.TicketQuery(**wanted), actor=g.actor, cursor=cursor, limit=limit
    )
    return {"items": _drawn(page.items), "next": page.next, "notice": page.notice}


@tickets.post("")
@endpoint(
    "ticket:write",
    body=TicketBody,
    returns=TicketDetailOut,
    status=201,
    headers=("Idempotency-Key",),
)
def open_ticket(body: dict[str, Any]) -> Any:
    """Open a ticket; with the same Idempotency-Key and body it gives the same ticket."""
    uploads, tags = tuple(body.pop("attachments", ())), tuple(body.pop("tags", ()))
    new = service.NewTicket(**body, tags=tags, attachment_ids=uploads)
    return answer(service.open_ticket(new, actor=g.actor, key=idempotency_key()))


@tickets.get("/<uuid:ticket_id>")
@endpoint("ticket:read", returns=TicketDetailOut, headers=("If-None-Match",))
def read_ticket(ticket_id: UUID) -> Any:
    """Read a ticket; its ETag is its version, and 304 says that it is still the one that is known."""
    ticket = service.get_ticket(ticket_id, actor=g.actor)
    if request.if_none_match.contains_weak(str(ticket.version)):
        return Response(status=304, headers={"ETag": f'"{ticket.version}"'})
    return answer(ticket)


@tickets.patch("/<uuid:ticket_id>")
@endpoint("ticket:write", body=TicketPatch, returns=TicketDetailOut, headers=("If-Match",))
def patch_ticket(ticket_id: UUID, body: dict[str, Any]) -> Any:
    """Merge-patch a ticket at the version named by If-Match: missing 428, stale 412 with both values."""
    version = _version()
    if "assignee_id" in body:
        given = service.assign(ticket_id, body.pop("assignee_id"), actor=g.actor, version=version)
        if not body:
            return answer(given)
        version = given.version
    ticket = service.patch_ticket(ticket_id, body, actor=g.actor, version=version)
    return answer(ticket)


@tickets.get("/<uuid:ticket_id>/messages")
@endpoint("ticket:read", query=MessageListQuery, returns=MessageList)
def list_messages(ticket_id: UUID, query: dict[str, Any]) -> dict[str, Any]:
    """Messages and notes, oldest first."""
    ticket = service.get_ticket(ticket_id, actor=g.actor)
    found = service.messages(ticket, actor=g.actor)
    behind = [message for message in found if "cursor" not in query or message.id > query["cursor"]]
    page = behind[: query["limit"]]
    more = len(behind) > len(page)
    return {"items": drawn_messages(page), "next": str(page[-1].id) if more else None}


@tickets.post("/<uuid:ticket_id>/messages")
@endpoint(
    "ticket:write",
    body=MessageBody,
    returns=MessageOut,
    status=201,
    headers=("Idempotency-Key",),
)
def post_message(ticket_id: UUID, body: dict[str, Any]) -> Any:
    """Reply, or leave an internal note; a person's reply leaves after 8 s."""
    message = service.post_message(
        ticket_id,
        body["body"],
        actor=g.actor,
        visibility=body["visibility"],
        purpose=body["purpose"],
        html=body.get("html"),
        channel=body["channel"],
        language=body["language"],
        attachment_ids=body["attachments"],
        key=idempotency_key(),
    )
    return drawn_messages([message])[0]


@tickets.delete("/<uuid:ticket_id>/messages/<uuid:message_id>")
@endpoint("ticket:write", returns=MessageOut)
def recall_message(ticket_id: UUID, message_id: UUID) -> Any:
    """Recall one's own reply while it is held; 409 once it has left."""
    return drawn_messages([service.recall_message(ticket_id, message_id, actor=g.actor)])[0]


@tickets.post("/<uuid:ticket_id>/transitions")
@endpoint("ticket:read", body=TransitionBody, returns=TicketDetailOut, status=201)
def move_ticket(ticket_id: UUID, body: dict[str, Any]) -> Any:
    """Move a ticket along its workflow: not offered 409, a guard or the form 422 with the field."""
    ticket = service.move_ticket(
        ticket_id, body["name"], body["form"], actor=g.actor, version=body["version"]
    )
    return answer(ticket)


@events.get("")
@endpoint("event:read", query=FeedQuery, returns=EventList)
def read_feed(query: dict[str, Any]) -> dict[str, Any]:
    """Sealed facts in their order, for whoever sees all tickets; none of a ticket that a plugin hides from him."""
    if g.actor.reach("event:read") is not Reach.ALL:
        raise Forbidden("event:read")
    rows = ledger.feed(query["after"], query["limit"], only=facts_known_to(g.actor))
    items = [
        {name: getattr(row, name) for name in _EVENT_DRAWN} | {"seq": seq, "data": row.payload}
        for seq, row in rows
    ]
    return {"items": items, "next": rows[-1][0] if len(rows) == query["limit"] else None}


_EVENT_DRAWN = (
    "id",
    "type",
    "version",
    "occurred_at",
    "subject_type",
    "subject_id",
    "actor_kind",
    "actor_id",
    "on_behalf_of",
    "caused_by",
    "request_id",
)


class _Drawn:
    """One ticket for its schema, read when the answer is drawn: after the commit that gave it its number."""

    def __init__(self, ticket: Ticket) -> None:
        self.ticket = ticket

    def __getattr__(self, name: str) -> Any:
        return getattr(self.ticket, name)

    @property
    def tags(self) -> list[str]:
        """What it is found by."""
        return service.tags_of([self.ticket.id]).get(self.ticket.id, [])

    @property
    def watchers(self) -> list[UUID]:
        """Who follows it."""
        return service.watchers_of(self.ticket.id)

    @property
    def transitions(self) -> list[dict[str, str]]:
        """What this actor may do with it now."""
        offered = service.offered_transitions(self.ticket, actor=g.actor)
        return [
            {"name": way.name, "title": text(way.title), "target": way.target, "form": way.form}
            for way in offered
        ]


def answer(ticket: Ticket) -> Any:
    """A view's answer with one ticket, its version as ETag."""
    return _Drawn(ticket), {"ETag": f'"{ticket.version}"'}


def _drawn(rows: Sequence[Ticket]) -> list[dict[str, Any]]:
    tags = service.tags_of([row.id for row in rows])
    return [
        {name: getattr(row, name) for name in _DRAWN} | {"tags": tags.get(row.id, [])}
        for row in rows
    ]


def drawn_messages(rows: Sequence[Message]) -> list[dict[str, Any]]:
    """Messages for their schema, with their files."""
    files = service.attachments_of([row.id for row in rows])
    return [
        {name: getattr(row, name) for name in _MESSAGE_DRAWN}
        | {"attachments": files.get(row.id, [])}
        for row in rows
    ]


def idempotency_key() -> str:
    """The request's Idempotency-Key, "" for none."""
    return request.headers.get("Idempotency-Key", "").strip()


def _version() -> int | None:
    match = re.fullmatch(r'(?:W/)?"?(\d{1,9})"?', request.headers.get("If-Match", "").strip())
    return int(match.group(1)) if match else None


def _condition(given: str) -> Any:
    try:
        return json.loads(given)
    except (ValueError, RecursionError):
        raise Invalid(Problem(field="condition", message="forms.condition.shape")) from None
