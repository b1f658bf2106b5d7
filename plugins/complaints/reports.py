"""FM-06, the complaint register (顾客投诉登记表): the data of the customer's copy and of the internal one."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from core.sdk import (
    SYSTEM,
    Report,
    attachment_content,
    attachments_of_ticket,
    current_tenant,
    get_ticket,
    mask_phone,
    names_of_users,
    text,
)
from plugins.complaints.forms import FOLLOW_UP_CHANNELS, RATINGS
from plugins.complaints.letters import department_name
from plugins.complaints.plans import measures_of, plan_of
from plugins.complaints.results import follow_up_of, result_of, signature_of
from plugins.complaints.service import complaint_of, investigation_of, judgement_of
from plugins.complaints.workflow import INTERNAL

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from core.sdk import Ticket
    from plugins.complaints.models import Complaint, Plan, PlanMeasure

FINDINGS = ("founded", "partly", "not_founded")
PRIORITIES = ("normal", "urgent", "critical")
CHANNELS = ("web", "phone", "chat", "mail", "counter")
PRINTABLE = frozenset({"image/jpeg", "image/png"})
MOST_PICTURES = 6
TEMPLATE = "complaints/register.html"


def register(ticket_id: UUID, edition: str) -> dict[str, Any]:
    """The register's cells as the template's comment lists them; asked once the reader may see the ticket.

    The customer's edition holds no name of a responsible person at all (CP-12).
    """
    ticket = get_ticket(ticket_id, actor=SYSTEM)
    complaint = complaint_of(ticket_id)
    internal = edition == "internal"
    return {
        "r": {
            "edition": edition,
            **_intake(ticket, complaint),
            "findings": _choices("finding", FINDINGS, _finding(ticket_id)),
            "judgement": _judgement(ticket_id),
            "investigation": _investigation(ticket_id, internal=internal),
            **_plan(ticket_id, internal=internal),
            **_result(ticket_id),
            **_follow_up(ticket_id),
            "pictures": _pictures(ticket, internal=internal),
        }
    }


def _intake(ticket: Ticket, complaint: Complaint) -> dict[str, Any]:
    receiver = complaint.received_by
    channels = CHANNELS if ticket.channel in CHANNELS else (*CHANNELS, ticket.channel)
    return {
        "organisation": text(current_tenant().name),
        "office": "",
        "number": ticket.number or "",
        "complainant": complaint.complainant,
        "phone": mask_phone(complaint.phone),
        "company": "",
        "location": complaint.location,
        "identities": [],
        "priorities": _choices("priority", PRIORITIES, ticket.priority),
        "channels": _choices("channel", channels, ticket.channel),
        "receiver": names_of_users([receiver]).get(receiver, "") if receiver else "",
        "complained_at": complaint.happened_at,
        "received_at": complaint.received_at,
        "category": text(ticket.category),
        "content": complaint.content,
        "wishes": complaint.wishes,
        "attachments": _files_of_the_customer(ticket),
        "details": [],
    }


def _files_of_the_customer(ticket: Ticket) -> int:
    signature = signature_of(ticket.id)
    drawn = signature.attachment_id if signature else None
    files = attachments_of_ticket(ticket.id, actor=SYSTEM)
    return sum(1 for file in files if file.uploaded_kind == "contact" and file.id != drawn)


def _pictures(ticket: Ticket, *, internal: bool) -> list[dict[str, Any]]:
    """The matter's pictures for the annex, oldest first, the same bytes that the screens show; signatures apart."""
    signature = signature_of(ticket.id)
    drawn = signature.attachment_id if signature else None
    files = [
        file
        for file in attachments_of_ticket(ticket.id, actor=SYSTEM)
        if file.media_type in PRINTABLE and file.id != drawn
        if internal or file.visibility == "public"
    ]
    contents = [(file, attachment_content(file.id)) for file in files[:MOST_PICTURES]]
    return [
        {
            "name": file.name,
            "by_customer": file.uploaded_kind == "contact",
            "at": file.uploaded_at,
            "content": content,
        }
        for file, content in contents
        if content
    ]


def _finding(ticket_id: UUID) -> str:
    judgement = judgement_of(ticket_id)
    return judgement.finding if judgement else ""


def _judgement(ticket_id: UUID) -> dict[str, Any]:
    judgement = judgement_of(ticket_id)
    if judgement is None:
        return {"grounds": None, "department": None, "by": None, "at": None}
    parts = (judgement.founded_parts, judgement.grounds)
    return {
        "grounds": "\n".join(part for part in parts if part),
        "department": department_name(judgement.department_id),
        "by": judgement.judged_name,
        "at": judgement.judged_at,
    }


def _investigation(ticket_id: UUID, *, internal: bool) -> dict[str, Any]:
    found = investigation_of(ticket_id)
    if found is None:
        return dict.fromkeys(("findings", "root_cause", "by", "at", "responsible"))
    return {
        "findings": f"{found.facts}\n{found.analysis}",
        "root_cause": found.cause,
        "by": found.investigated_name,
        "at": found.investigated_at,
        "responsible": found.responsible if internal else None,
    }


def _plan(ticket_id: UUID, *, internal: bool) -> dict[str, Any]:
    plan = plan_of(ticket_id)
    if plan is None or (not internal and not _shown_to_customers(plan)):
        return {"measures": [], "approval": {"note": None, "by": None, "at": None}}
    approved = plan.state in {"approved", "accepted", "declined"}
    approval = {"note": plan.decision_note, "by": plan.decided_name, "at": plan.decided_at}
    return {
        "measures": [_measure(row, internal=internal) for row in measures_of(plan.id)],
        "approval": approval if approved else {"note": None, "by": None, "at": None},
    }


def _shown_to_customers(plan: Plan) -> bool:
    """What no supervisor has approved is a draft of the house."""
    return plan.state in {"approved", "accepted", "declined"}


def _measure(row: PlanMeasure, *, internal: bool) -> dict[str, Any]:
    return {
        "measure": row.measure,
        "department": department_name(row.department_id),
        "responsible": row.responsible if internal else None,
        "due_at": row.due_at,
        "done_at": row.done_at,
    }


def _result(ticket_id: UUID) -> dict[str, Any]:
    result, signature = result_of(ticket_id), signature_of(ticket_id)
    outcomes = {"confirmed": True, "disputed": False}
    signed = signature if result and signature and signature.result_id == result.id else None
    picture = attachment_content(signed.attachment_id) if signed and signed.attachment_id else None
    return {
        "result": result.report if result else None,
        "customer": {
            "resolved": outcomes.get(result.outcome) if result else None,
            "comment": result.customer_words if result else None,
            "signature": picture,
            "signer": signed.signer_name if signed else None,
            "signed_at": signed.signed_at if signed else None,
        },
    }


def _follow_up(ticket_id: UUID) -> dict[str, Any]:
    made = follow_up_of(ticket_id)
    channel = made.channel if made else ""
    scores = [(name, getattr(made, name)) for name in RATINGS] if made else []
    follow_up = {
        "channels": _choices("follow_up_channel", FOLLOW_UP_CHANNELS, channel),
        "at": made.made_at if made else None,
        "ratings": [
            {"title": text(f"complaints.field.{name}"), "score": score}
            for name, score in scores
            if score is not None
        ],
        "comment": made.words if made else None,
    }
    noted = made is not None and bool(made.improvement)
    improvement = {
        "note": made.improvement if made else None,
        "by": made.made_name if made and noted else None,
        "at": made.made_at if made and noted else None,
    }
    return {"follow_up": follow_up, "improvement": improvement}


def _choices(group: str, names: Iterable[str], chosen: str) -> list[dict[str, Any]]:
    return [
        {"title": text(f"complaints.{group}.{name}"), "chosen": name == chosen} for name in names
    ]


REPORTS = [
    Report(
        "complaints.register",
        "complaints.report.register",
        partial(register, edition="customer"),
        TEMPLATE,
        "matter:read",
    ),
    Report(
        "complaints.register_internal",
        "complaints.report.register_internal",
        partial(register, edition="internal"),
        TEMPLATE,
        INTERNAL,
    ),
]
