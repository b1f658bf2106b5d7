"""On paper: the work order, FM-06 in its property edition, and FM-07, the complaint classification statistics."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from core.sdk import (
    SYSTEM,
    Field,
    NotFound,
    Option,
    Report,
    attachment_content,
    contact_names,
    current_tenant,
    get_ticket,
    mask_phone,
    text,
)
from plugins.complaints.sdk import INTERNAL, Complaint
from plugins.complaints.sdk import register as complaint_register
from plugins.property_mgmt import (
    contractors,
    estates,
    orders,
    photos,
    repairs,
    residents,
    signing,
    statistics,
)
from plugins.property_mgmt import work_shown as shown
from plugins.property_mgmt.forms import RATINGS
from plugins.property_mgmt.workflow import READ

if TYPE_CHECKING:
    from uuid import UUID

    from core.sdk import Ticket
    from plugins.property_mgmt.work_models import WorkOrder

MOST_PICTURES = 6
GRADE_NUMBER = {"critical": 1, "serious": 2, "general": 3, "minor": 4}


# --- the work order -------------------------------------------------------------------------------


def work_order(ticket_id: UUID, position: str = "1") -> dict[str, Any]:
    """The cells of a work order; asked once the reader may see the ticket. NotFound for a place it has not."""
    ticket = get_ticket(ticket_id, actor=SYSTEM)
    found = [each for each in orders.orders_at([ticket_id]) if each.position == int(position)]
    if not found:
        raise NotFound("no such work order")
    order = found[0]
    return {
        "r": {
            "organisation": text(current_tenant().name),
            "number": orders.number_of(order, ticket),
            "place": estates.place(order.unit_id),
            "trade": text(f"property_mgmt.trade.{order.trade}"),
            "priority": text(f"property_mgmt.priority.{ticket.priority}"),
            "state": text(orders.state_of(order).title),
            "task": order.task,
            "result": order.result,
            "parts": order.parts,
            "quote": shown.quote(order),
            "cost": shown.cost(order),
            "payer": text(f"property_mgmt.payer.{order.payer}") if order.payer else "",
            "approved_by": order.approved_name,
            "approved_at": order.approved_at,
            "contractor": contractors.names_of([order.contractor_id]).get(order.contractor_id, "")
            if order.contractor_id
            else "",
            "times": _times(order),
            "record": shown.record(order),
            **_caller(ticket),
            **_signed(order),
            "ratings": [
                {"title": text(f"property_mgmt.field.{name}"), "score": getattr(order, name)}
                for name in RATINGS
                if getattr(order, name) is not None
            ],
            "rating_words": order.rating_words,
            "pictures": _pictures(order),
        }
    }


def _signed(order: WorkOrder) -> dict[str, Any]:
    """How it was verified, and the signature if there is one."""
    signature = signing.signature_of(order)
    drawn = signature.attachment_id if signature else None
    return {
        "verified_how": order.verified_how,
        "signature": attachment_content(drawn) if drawn else None,
        "signer": signature.signer if signature else "",
        "signed_at": signature.signed_at if signature else None,
        "seal": signature.sha256 if signature else "",
        "words": signature.words if signature else "",
    }


def _times(order: WorkOrder) -> list[dict[str, Any]]:
    names = ("created_at", "dispatched_at", "accepted_at", "arrived_at", "done_at", "verified_at")
    return [
        {"title": text(f"property_mgmt.paper.{name}"), "at": getattr(order, name)} for name in names
    ]


def _caller(ticket: Ticket) -> dict[str, Any]:
    repair = repairs.known(ticket.id)
    if repair is not None:
        window = text(f"property_mgmt.window.{repair.visit_window or 'any'}")
        return {
            "caller": repair.name,
            "phone": mask_phone(repair.phone),
            "location": repair.location,
            "visit": f"{repair.visit_on.isoformat()} {window}" if repair.visit_on else window,
        }
    names = contact_names([ticket.contact_id])
    name = names.get(ticket.contact_id, "") if ticket.contact_id else ""
    return {"caller": name, "phone": "", "location": "", "visit": ""}


def _pictures(order: WorkOrder) -> list[dict[str, Any]]:
    taken = photos.photos_of(order)[:MOST_PICTURES]
    contents = [(photo, attachment_content(photo.attachment_id)) for photo in taken]
    return [
        {
            "content": content,
            "words": text(f"property_mgmt.phase.{photo.phase}"),
            "at": photo.taken_at,
        }
        for photo, content in contents
        if content
    ]


# --- FM-06, property edition ----------------------------------------------------------------------


def register(ticket_id: UUID, edition: str, annex: str = "with") -> dict[str, Any]:
    """The register of complaints, with what a property manager keeps besides: home, category, grade, work orders.

    `annex` "without" leaves the pictures out.
    """
    filled = complaint_register(ticket_id, edition)
    ticket = get_ticket(ticket_id, actor=SYSTEM)
    filled["r"]["details"] = [
        {"title": text(f"property_mgmt.register.{name}"), "value": value}
        for name, value in _details(ticket)
        if value
    ]
    if annex == "without":
        filled["r"]["pictures"] = []
    if ticket.category:
        filled["r"]["category"] = f"{ticket.category} {text(ticket.category)}"
    return filled


def _details(ticket: Ticket) -> list[tuple[str, str]]:
    complaint = statistics.complaint_of(ticket.id)
    unit = residents.unit_of_ticket(ticket.id)
    people = residents.people_of([unit.id]).get(unit.id, []) if unit else []
    his = next((row for row in people if row.contact_id == ticket.contact_id), None)
    found = orders.orders_at([ticket.id])
    return [
        ("unit", f"{unit.code} {estates.place(unit.id)}" if unit else ""),
        ("role", text(f"property_mgmt.role.{his.role}") if his else ""),
        ("vulnerable", text("property_mgmt.yes") if any(row.vulnerable for row in people) else ""),
        ("grade", _grade(complaint)),
        ("work_orders", ", ".join(orders.number_of(order, ticket) for order in found)),
    ]


def _grade(complaint: Complaint | None) -> str:
    grade = (complaint.grade or complaint.suggested_grade) if complaint else ""
    if not grade:
        return ""
    return text(
        "property_mgmt.register.grade_words",
        number=GRADE_NUMBER[grade],
        title=text(f"complaints.grade.{grade}"),
    )


# --- the list -------------------------------------------------------------------------------------

_ANNEX = Field(
    "annex",
    "choice",
    "property_mgmt.field.annex",
    options=tuple(Option(name, f"property_mgmt.annex.{name}") for name in ("with", "without")),
)
REPORTS = [
    Report(
        "property_mgmt.work_order",
        "property_mgmt.report.work_order",
        work_order,
        "property_mgmt/work_order.html",
        "matter:read",
        params=(
            Field("ticket_id", "text", "property_mgmt.order.ticket"),
            Field("position", "text", "property_mgmt.field.position", pattern=r"\d{1,2}"),
        ),
    ),
    Report(
        "property_mgmt.register",
        "property_mgmt.report.register",
        partial(register, edition="customer"),
        "property_mgmt/register.html",
        "ticket:read",
        params=(_ANNEX,),
    ),
    Report(
        "property_mgmt.register_internal",
        "property_mgmt.report.register_internal",
        partial(register, edition="internal"),
        "property_mgmt/register.html",
        INTERNAL,
        params=(_ANNEX,),
    ),
    Report(
        "property_mgmt.statistics",
        "property_mgmt.report.statistics",
        statistics.statistics,
        "property_mgmt/statistics.html",
        READ,
        params=(
            Field("start", "date", "property_mgmt.field.start"),
            Field("end", "date", "property_mgmt.field.end"),
        ),
    ),
]
