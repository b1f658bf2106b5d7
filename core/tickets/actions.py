"""REST: what is done with a ticket besides moving it, so that a screen never does what the API cannot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import g
from marshmallow import Schema, fields, validate

from core.tickets import service
from core.tickets.messages import WORK_REPORTS
from core.tickets.routes import answer, drawn_messages, idempotency_key, tickets
from core.tickets.schemas import MessageOut, TicketDetailOut, TimelineOut
from core.tickets.writing import BODY_LENGTH
from core.web import endpoint

if TYPE_CHECKING:
    from uuid import UUID

__all__ = ["tickets"]


class VersionBody(Schema):
    """The version that was read."""

    version = fields.Integer(required=True)


class DeclineBody(VersionBody):
    """Why an assignment is given back; it stays as an internal note."""

    reason = fields.String(required=True, validate=validate.Length(1, BODY_LENGTH))


class HandoverBody(VersionBody):
    """The slip FM-26: answers to the form "handover"."""

    form = fields.Dict(keys=fields.String(), required=True)


class ReturnBody(VersionBody):
    """What came of a handover; `message` tells the customer."""

    result = fields.String(load_default="", validate=validate.Length(max=BODY_LENGTH))
    message = fields.String(load_default="", validate=validate.Length(max=BODY_LENGTH))


class MergeBody(VersionBody):
    """The ticket that this one becomes part of."""

    into = fields.UUID(required=True)


class WorkReportBody(Schema):
    """What whoever owns the work tells the desk; no customer ever sees it."""

    body = fields.String(required=True, validate=validate.Length(1, BODY_LENGTH))
    kind = fields.String(required=True, validate=validate.OneOf(WORK_REPORTS))


@tickets.post("/<uuid:ticket_id>/acceptance")
@endpoint("ticket:write", body=VersionBody, returns=TicketDetailOut)
def accept(ticket_id: UUID, body: dict[str, Any]) -> Any:
    """Confirm that one takes the ticket (SL-04); an unassigned one is taken."""
    return answer(service.accept(ticket_id, actor=g.actor, version=body["version"]))


@tickets.post("/<uuid:ticket_id>/refusal")
@endpoint("ticket:write", body=DeclineBody, returns=TicketDetailOut)
def decline(ticket_id: UUID, body: dict[str, Any]) -> Any:
    """Give one's assignment back with a reason."""
    return answer(
        service.decline(ticket_id, body["reason"], actor=g.actor, version=body["version"])
    )


@tickets.post("/<uuid:ticket_id>/handover")
@endpoint("ticket:write", body=HandoverBody, returns=TicketDetailOut, status=201)
def hand_over(ticket_id: UUID, body: dict[str, Any]) -> Any:
    """Hand the work to a department by slip; the customer is told."""
    return answer(
        service.hand_over(ticket_id, body["form"], actor=g.actor, version=body["version"])
    )


@tickets.post("/<uuid:ticket_id>/handover/acceptance")
@endpoint("ticket:write", body=VersionBody, returns=TicketDetailOut)
def accept_handover(ticket_id: UUID, body: dict[str, Any]) -> Any:
    """Confirm for the department that it works on it (SL-32)."""
    return answer(service.accept_handover(ticket_id, actor=g.actor, version=body["version"]))


@tickets.post("/<uuid:ticket_id>/handover/return")
@endpoint("ticket:write", body=ReturnBody, returns=TicketDetailOut)
def take_back(ticket_id: UUID, body: dict[str, Any]) -> Any:
    """Bring the work back to the desk, with its result."""
    ticket = service.take_back(
        ticket_id, body["result"], message=body["message"], actor=g.actor, version=body["version"]
    )
    return answer(ticket)


@tickets.post("/<uuid:ticket_id>/merge")
@endpoint("ticket:write", body=MergeBody, returns=TicketDetailOut)
def merge(ticket_id: UUID, body: dict[str, Any]) -> Any:
    """Close the ticket as part of another one."""
    return answer(service.merge(ticket_id, body["into"], actor=g.actor, version=body["version"]))


@tickets.post("/<uuid:ticket_id>/demand")
@endpoint("ticket:write", body=VersionBody, returns=TicketDetailOut)
def confirm_demand(ticket_id: UUID, body: dict[str, Any]) -> Any:
    """Note that the demand was restated and the customer said yes (CP-05)."""
    return answer(service.confirm_demand(ticket_id, actor=g.actor, version=body["version"]))


@tickets.post("/<uuid:ticket_id>/work-reports")
@endpoint("ticket:write", body=WorkReportBody, returns=MessageOut, status=201)
def report_work(ticket_id: UUID, body: dict[str, Any]) -> dict[str, Any]:
    """Tell the desk that the work is done (SL-07 starts) or what came of it (SL-07 is kept, SL-08 starts)."""
    key = idempotency_key()
    said = service.report_work(
        ticket_id, body["body"], actor=g.actor, purpose=body["kind"], key=key
    )
    return drawn_messages([said])[0]


@tickets.put("/<uuid:ticket_id>/watch")
@endpoint("ticket:read", returns=TicketDetailOut)
def watch(ticket_id: UUID) -> Any:
    """Follow the ticket oneself."""
    return answer(service.watch(ticket_id, actor=g.actor))


@tickets.delete("/<uuid:ticket_id>/watch")
@endpoint("ticket:read", returns=TicketDetailOut)
def unwatch(ticket_id: UUID) -> Any:
    """Follow it no longer."""
    return answer(service.unwatch(ticket_id, actor=g.actor))


@tickets.get("/<uuid:ticket_id>/timeline")
@endpoint("ticket:read", returns=TimelineOut)
def timeline(ticket_id: UUID) -> dict[str, Any]:
    """Messages and events as one history, oldest first, sealed or not."""
    ticket = service.get_ticket(ticket_id, actor=g.actor)
    return {"items": [_line(entry) for entry in service.timeline(ticket, actor=g.actor)]}


_SAID = tuple(name for name in MessageOut().fields if name != "attachments")


def _line(entry: service.Entry) -> dict[str, Any]:
    line: dict[str, Any] = {"kind": entry.kind, "at": entry.at, "id": entry.id}
    if entry.message is not None:
        said = {name: getattr(entry.message, name) for name in _SAID}
        line["message"] = said | {"attachments": entry.attachment_ids}
    if entry.event is not None:
        line |= {"type": entry.event.type, "data": entry.event.payload}
        line |= {"actor_kind": entry.event.actor_kind, "actor_id": entry.event.actor_id}
    return line
