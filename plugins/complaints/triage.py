"""Triage (CL-05): which grade a complaint's words suggest, and what its grade asks of priority and promises."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.sdk import SYSTEM, Problem, Suggestion, current_tenant, db, patch_ticket, settings
from plugins.complaints.forms import GRADES
from plugins.complaints.models import Complaint
from plugins.complaints.promises import CRITICAL
from plugins.complaints.workflow import NAME

if TYPE_CHECKING:
    from collections.abc import Iterator

    from core.sdk import Ticket

PRIORITIES = ("critical", "urgent", "normal")
PRIORITY_OF = dict(zip(GRADES, ("critical", "urgent", "normal", "normal"), strict=True))
DOUBT = 0.4
# "nobody was injured" says the opposite; what merely stands near a "no" does not.
NEGATIONS = (
    *("没有", "没有人", "没", "无人", "未", "并未", "不会"),
    *("no ", "not ", "nobody ", "nobody was ", "no one ", "no one was ", "without "),
)


@dataclass(frozen=True)
class Weighed:
    """What triage makes of a complaint's words: a grade, how sure it is, and the rule that matched."""

    grade: str
    confidence: float
    rule: str


def weigh(words: str) -> Weighed | None:
    """The gravest grade that a rule of the tenant's finds; None when none matches.

    One word leaves DOUBT, each further one halves it.
    """
    said = _plain(words)
    found = [(rule, _hits(rule["words"], said)) for rule in settings("complaints")["triage"]]
    matched = [(rule, hits) for rule, hits in found if hits]
    if not matched:
        return None
    grade = min((rule["grade"] for rule, _ in matched), key=GRADES.index)
    of_grade = [(rule, hits) for rule, hits in matched if rule["grade"] == grade]
    best, _ = max(of_grade, key=lambda each: each[1])
    hits = sum(count for _, count in of_grade)
    return Weighed(grade, round(1 - DOUBT / 2 ** (hits - 1), 2), best["name"])


def _plain(words: str) -> str:
    return unicodedata.normalize("NFKC", words).casefold()


def _hits(words: str, said: str) -> int:
    """How many of a rule's words are said, and not denied."""
    wanted = {_plain(word).strip() for word in re.split(r"[,，、;；\n]", words)}
    return sum(1 for word in wanted if word and any(_affirmed(word, said)))


def _affirmed(word: str, said: str) -> Iterator[bool]:
    pattern = re.escape(word)
    if word.isascii():
        pattern = rf"\b{pattern}\b"
    for found in re.finditer(pattern, said):
        yield not said[: found.start()].endswith(NEGATIONS)


# --- what core asks -------------------------------------------------------------------------------


def suggestions(ticket: Ticket) -> list[Suggestion]:
    """The suggested grade and the priority that goes with it, for a complaint that just came in."""
    complaint = known(ticket)
    if complaint is None or not complaint.suggested_grade:
        return []
    sure, rule = complaint.suggested_confidence or 0.0, complaint.suggested_rule
    return [
        Suggestion("grade", complaint.suggested_grade, sure, rule),
        Suggestion("priority", PRIORITY_OF[complaint.suggested_grade], sure, rule),
    ]


def first_answers(ticket: Ticket) -> dict[str, Any]:
    """What the assessment's form shows chosen before a person chooses."""
    complaint = known(ticket)
    return {"grade": complaint.suggested_grade} if complaint and complaint.suggested_grade else {}


def policy_of(ticket: Ticket) -> str | None:
    """The pack for danger (PM-08); its word is what people decided, and until then what triage suggests."""
    if ticket.type != NAME:
        return None
    complaint = known(ticket)
    grade = (complaint.grade or complaint.suggested_grade) if complaint else ""
    return CRITICAL.name if "critical" in {ticket.priority, grade} else None


def problems_with(ticket: Ticket | None, changes: dict[str, Any]) -> list[Problem]:
    """A complaint's priority is not lowered below what its grade asks."""
    if ticket is None or ticket.type != NAME or "priority" not in changes:
        return []
    complaint, wanted = known(ticket), changes["priority"] or "normal"
    if complaint is None or not complaint.grade or wanted not in PRIORITIES:
        return []
    least = PRIORITY_OF[complaint.grade]
    lowered = PRIORITIES.index(wanted) > PRIORITIES.index(ticket.priority)
    if not lowered or PRIORITIES.index(wanted) <= PRIORITIES.index(least):
        return []
    return [Problem(field="priority", message=f"complaints.error.priority_{complaint.grade}")]


def lift(ticket: Ticket, grade: str) -> None:
    """Give the ticket at least the priority that its grade asks."""
    least = PRIORITY_OF[grade]
    if PRIORITIES.index(ticket.priority) > PRIORITIES.index(least):
        patch_ticket(ticket.id, {"priority": least}, actor=SYSTEM, version=None)


def known(ticket: Ticket) -> Complaint | None:
    """The intake record of a complaint; None for a ticket of another type, or one that is only imagined."""
    ticket_id = getattr(ticket, "id", None)
    if ticket_id is None or ticket.type != NAME:
        return None
    return db.session.get(Complaint, (current_tenant().id, ticket_id))
