"""The complaint at a glance, beside its ticket."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from core.sdk import Block, NotFound, format_datetime, mask_phone, settings, text
from plugins.complaints.actions import hints
from plugins.complaints.letters import department_name
from plugins.complaints.plans import plan_of
from plugins.complaints.results import follow_up_of, result_of, signature_of
from plugins.complaints.service import complaint_of, investigation_of, judgement_of

if TYPE_CHECKING:
    from core.sdk import Actor, Ticket
    from plugins.complaints.models import Complaint, Signature

Row = tuple[str, Any]


def summary(ticket: Ticket | None, actor: Actor) -> list[Block]:
    """What is known of the complaint so far; nothing for a ticket of another type."""
    if ticket is None:
        return []
    try:
        complaint = complaint_of(ticket.id)
    except NotFound:
        return []
    blocks = [_block("intake", [*_intake(complaint), *hints(complaint, actor)])]
    steps = (
        ("judgement", _judgement),
        ("investigation", _investigation),
        ("plan", _plan),
        ("result", _result),
    )
    for name, rows_of in steps:
        rows = rows_of(ticket)
        if rows:
            blocks.append(_block(name, rows))
    signature = signature_of(ticket.id)
    if signature:
        blocks.append(_block("signature", _signature(signature)))
    return blocks


def _block(name: str, rows: list[Row]) -> Block:
    return Block("rows", label=f"complaints.panel.{name}", items=tuple(rows))


def _row(name: str, value: Any) -> Row:
    return f"complaints.field.{name}", value


def _intake(complaint: Complaint) -> list[Row]:
    rows = [
        _row("name", complaint.complainant),
        _row("phone", mask_phone(complaint.phone)),
        _row("happened_at", format_datetime(complaint.happened_at)),
    ]
    if complaint.location:
        rows.append(_row("location", complaint.location))
    if complaint.wishes:
        rows.append(_row("wishes", complaint.wishes))
    if complaint.grade:
        rows.append(_row("grade", text(f"complaints.grade.{complaint.grade}")))
    return rows


def _judgement(ticket: Ticket) -> list[Row]:
    judgement = judgement_of(ticket.id)
    if judgement is None:
        return []
    rows = [
        _row("finding", text(f"complaints.finding.{judgement.finding}")),
        _row("grounds", judgement.grounds),
    ]
    if judgement.department_id:
        rows.append(_row("department", department_name(judgement.department_id)))
    if judgement.promised_at:
        rows.append(_row("promised_at", format_datetime(judgement.promised_at)))
    return [*rows, _row("judged_by", judgement.judged_name)]


def _investigation(ticket: Ticket) -> list[Row]:
    investigation = investigation_of(ticket.id)
    if investigation is None:
        return []
    return [
        _row("cause_group", text(f"complaints.cause.{investigation.cause_group}")),
        _row("cause", investigation.cause),
        _row("responsible", investigation.responsible),
    ]


def _plan(ticket: Ticket) -> list[Row]:
    plan = plan_of(ticket.id)
    if plan is None:
        return []
    rows = [
        _row("plan_version", plan.version),
        _row("plan_state", text(f"complaints.plan_state.{plan.state}")),
        _row("author", plan.author_name),
    ]
    if plan.decided_name:
        rows.append(_row("approved_by", plan.decided_name))
    return rows


def _result(ticket: Ticket) -> list[Row]:
    result = result_of(ticket.id)
    if result is None:
        return []
    rows = [_row("reported_at", format_datetime(result.reported_at))]
    if result.outcome:
        rows.append(_row("outcome", text(f"complaints.outcome.{result.outcome}")))
    made = follow_up_of(ticket.id)
    if made is not None:
        rows.append(_row("follow_up_at", format_datetime(made.made_at)))
    elif result.outcome == "confirmed" and result.answered_at:
        due = result.answered_at + timedelta(hours=settings("complaints")["follow_up_hours"])
        rows.append(_row("follow_up_due", format_datetime(due)))
    return rows


def _signature(signature: Signature) -> list[Row]:
    return [
        _row("signer", signature.signer_name),
        _row("signed_at", format_datetime(signature.signed_at, "seconds")),
        _row("signature_kind", text(f"complaints.signature.{signature.kind}")),
        _row("seal", signature.sha256[:16]),
    ]
