"""The complaint's paper at its ticket, and what it shows beside what people wrote: hints of the procedure itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.sdk import Button, NotFound, get_ticket, names_of_users, text
from plugins.complaints.workflow import INTERNAL, NAME

if TYPE_CHECKING:
    from core.sdk import Actor, Ticket
    from plugins.complaints.models import Complaint

PAPER = "/desk/reports/{name}?ticket_id={ticket_id}"


def buttons(ticket: Ticket) -> list[Button]:
    """FM-06 on the screen: the customer's copy, and the internal one for those who may read it."""
    if ticket.type != NAME:
        return []
    copies = (("complaints.register", "ticket:read"), ("complaints.register_internal", INTERNAL))
    return [
        Button(
            f"complaints.action.{name.removeprefix('complaints.')}",
            PAPER.format(name=name, ticket_id=ticket.id),
            permission,
            icon="clipboard-list",
        )
        for name, permission in copies
    ]


def hints(complaint: Complaint, actor: Actor) -> list[tuple[str, str]]:
    """Rows for the panel: the suggested grade until somebody graded it, the repeat, and whom it is about."""
    rows = [
        ("suggested_grade", _suggested(complaint)),
        ("repeat_of", _repeated(complaint, actor)),
        ("about", names_of_users([complaint.about_user_id]).get(complaint.about_user_id, "")
         if complaint.about_user_id else ""),
    ]  # fmt: skip
    return [(f"complaints.field.{name}", value) for name, value in rows if value]


def _suggested(complaint: Complaint) -> str:
    if complaint.grade or not complaint.suggested_grade:
        return ""
    return text(
        "complaints.panel.suggested",
        grade=text(f"complaints.grade.{complaint.suggested_grade}"),
        rule=complaint.suggested_rule,
        percent=round(100 * (complaint.suggested_confidence or 0)),
    )


def _repeated(complaint: Complaint, actor: Actor) -> str:
    if complaint.repeat_of is None:
        return ""
    try:
        return get_ticket(complaint.repeat_of, actor=actor).number or ""
    except NotFound:
        return ""
