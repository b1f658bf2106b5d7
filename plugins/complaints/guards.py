"""Named checks of the transitions; each gives the problems that stand against it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from core.sdk import Guard, Problem, now, settings
from plugins.complaints.plans import plan_of
from plugins.complaints.results import follow_up_of, result_of
from plugins.complaints.service import cause_of, complaint_of, judgement_of, judgements_of

if TYPE_CHECKING:
    from uuid import UUID

    from core.sdk import Actor, Ticket


def not_the_author(ticket: Ticket, _answers: dict[str, Any], actor: Actor) -> list[Problem]:
    """CP-14: nobody ever approves his own plan."""
    plan = plan_of(ticket.id)
    return [_problem("own_plan")] if plan and plan.author_id == actor.id else []


def cause_named(ticket: Ticket, _answers: dict[str, Any], _actor: Actor) -> list[Problem]:
    """CL-07: no closing without a cause."""
    return [] if cause_of(ticket.id) else [_problem("cause")]


def followed_up(ticket: Ticket, _answers: dict[str, Any], _actor: Actor) -> list[Problem]:
    """CP-27: no closing without the follow-up."""
    return [] if follow_up_of(ticket.id) else [_problem("follow_up")]


def appeal_over(ticket: Ticket, _answers: dict[str, Any], _actor: Actor) -> list[Problem]:
    """A complaint not upheld stays open until its appeal window has passed or the appeal was decided."""
    judgements = judgements_of(ticket.id)
    if not judgements or judgements[-1].finding != "not_founded" or len(judgements) > 1:
        return []
    left = judgements[0].judged_at + _appeal_window() - now()
    if left <= timedelta():
        return []
    return [_problem("appeal_open", days=left.days + 1)]


def may_appeal(ticket: Ticket, _answers: dict[str, Any], _actor: Actor) -> list[Problem]:
    """Once, and inside the window."""
    judgement = judgement_of(ticket.id)
    if complaint_of(ticket.id).appealed_at:
        return [_problem("appealed")]
    since = ticket.closed_at or (judgement.judged_at if judgement else None)
    if since is None or since + _appeal_window() < now():
        return [_problem("appeal_late", days=settings("complaints")["appeal_days"])]
    return []


def another_reviewer(ticket: Ticket, _answers: dict[str, Any], actor: Actor) -> list[Problem]:
    """The reviewer of an appeal did not decide before."""
    judges: set[UUID | None] = {judgement.judged_by for judgement in judgements_of(ticket.id)}
    return [_problem("own_judgement")] if actor.id in judges else []


def silent(ticket: Ticket, _answers: dict[str, Any], _actor: Actor) -> list[Problem]:
    """The customer had his days to answer the result."""
    result = result_of(ticket.id)
    days = settings("complaints")["silence_days"]
    if result is not None and result.reported_at + timedelta(days=days) <= now():
        return []
    return [_problem("not_silent", days=days)]


def _appeal_window() -> timedelta:
    return timedelta(days=settings("complaints")["appeal_days"])


def _problem(word: str, **values: int) -> Problem:
    return Problem(field="", message=f"complaints.error.{word}", values=tuple(values.items()))


GUARDS = [
    Guard(f"complaints.{run.__name__}", run)
    for run in (
        not_the_author,
        cause_named,
        followed_up,
        appeal_over,
        may_appeal,
        another_reviewer,
        silent,
    )
]
