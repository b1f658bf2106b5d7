"""Which facts become mail; each row is written in the transaction of its event."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import sqlalchemy as sa

from core import definitions
from core.actors import SYSTEM
from core.auth import teams
from core.auth.models import ACTIVE, User
from core.auth.roles import users_with_role
from core.auth.service import actor_for
from core.contacts.links import usable_link
from core.contacts.privacy import register_room
from core.db import db
from core.errors import NotFound
from core.events import subscribe
from core.mail.service import cancel_mail, forget_mails, mails_of, queue_mail
from core.tenancy import current_tenant
from core.tickets.models import Message, Ticket
from core.tickets.visibility import in_sight_of

if TYPE_CHECKING:
    from core.declarations import Text
    from core.events import EventRow

SELF_SPOKEN = frozenset({"description"})


def connect() -> None:
    """Listen to what customers and staff are told about; give out and forget what went to a person."""
    subscribe("ticket.opened", _acknowledge)
    subscribe("message.posted", _forward_reply)
    subscribe("message.recalled", _take_back)
    subscribe("link.requested", _send_link)
    subscribe("login_code.requested", _send_code)
    subscribe("password.reset_requested", _send_reset)
    subscribe("clock.escalated", _warn_staff)
    subscribe("contact.erased", _forget)
    register_room("mail", mails_of)


def _forget(row: EventRow) -> None:
    forget_mails(UUID(row.payload["contact_id"]))


def _acknowledge(row: EventRow) -> None:
    data = row.payload
    if data["contact_id"]:
        queue_mail(
            "acknowledgement", contact_id=UUID(data["contact_id"]), ticket_id=row.subject_id,
            params={"link_id": data["link_id"]}, event_id=row.id,
        )  # fmt: skip


def _forward_reply(row: EventRow) -> None:
    data = row.payload
    from_desk = data["visibility"] == "public" and data["author_kind"] != "contact"
    if not from_desk or data["purpose"] in SELF_SPOKEN:
        return
    key = current_tenant().id
    ticket = db.session.get_one(Ticket, (key, row.subject_id))
    message = db.session.get_one(Message, (key, UUID(data["message_id"])))
    if ticket.contact_id is None:
        return
    link = usable_link(ticket.id, ticket.contact_id, actor=SYSTEM)
    queue_mail(
        "reply", contact_id=ticket.contact_id, ticket_id=ticket.id, event_id=row.id,
        params={"message_id": str(message.id), "link_id": str(link.id)}, send_after=message.hold_until,
    )  # fmt: skip


def _take_back(row: EventRow) -> None:
    cancel_mail("reply", row.subject_id, "message_id", row.payload["message_id"])


def _send_link(row: EventRow) -> None:
    data = row.payload
    queue_mail(
        "link_again", contact_id=UUID(data["contact_id"]), contact_point_id=UUID(data["contact_point_id"]),
        ticket_id=row.subject_id, params={"link_id": data["link_id"]}, event_id=row.id,
    )  # fmt: skip


def _send_code(row: EventRow) -> None:
    data = row.payload
    queue_mail(
        "login_code", contact_id=UUID(data["contact_id"]), contact_point_id=UUID(data["contact_point_id"]),
        params={"code_id": data["code_id"]}, event_id=row.id,
    )  # fmt: skip


def _send_reset(row: EventRow) -> None:
    data = row.payload
    queue_mail(
        "password_reset",
        user_id=UUID(data["user_id"]),
        params={"reset_id": data["reset_id"]},
        event_id=row.id,
    )


def _warn_staff(row: EventRow) -> None:
    data = row.payload
    ticket = db.session.get_one(Ticket, (current_tenant().id, row.subject_id))
    params = {"at": data["at"], "metric": data["metric"], "metric_title": _title_of(data["metric"])}
    for user in _told(ticket, data["notify"]):
        queue_mail(
            "clock_notice", user_id=user.id, ticket_id=ticket.id, params=params, event_id=row.id
        )


def _title_of(metric: str) -> Text:
    try:
        title: Text = definitions.get("metric", metric).title
    except NotFound:
        return metric
    return title


def _told(ticket: Ticket, notify: str) -> list[User]:
    """The assignee, the team, or those of a role who may see the ticket."""
    if notify == "assignee" and ticket.assignee_id:
        people = [db.session.get_one(User, (current_tenant().id, ticket.assignee_id))]
    elif notify in {"assignee", "team"}:
        people = teams.members(ticket.team_id) if ticket.team_id else []
    else:
        people = _near(users_with_role(notify), ticket)
    return [user for user in people if user.state == ACTIVE and _may_know(user, ticket)]


def _may_know(user: User, ticket: Ticket) -> bool:
    """Not when a plugin hides the ticket from him, as a complaint about himself (CP-35)."""
    return bool(db.session.scalar(sa.select(in_sight_of(actor_for(user), ticket.id))))


def _near(people: list[User], ticket: Ticket) -> list[User]:
    """Those who work in the department of the ticket's team, or in none."""
    if ticket.team_id is None:
        return people
    near = teams.department_teams_of([user.id for user in people])
    return [user for user in people if ticket.team_id in near.get(user.id, {ticket.team_id})]
