"""Triage (CL-05): which grade a complaint's words suggest, and what its grade asks of priority and promises."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.sdk import SYSTEM, Problem, Suggestion, current_tenant, db, patch_ticket, settings, text
from plugins.complaints import standards
from plugins.complaints.forms import GRADES
from plugins.complaints.models import Complaint
from plugins.complaints.promises import CRITICAL
from plugins.complaints.workflow import NAME

if TYPE_CHECKING:
    from collections.abc import Iterator

    from core.sdk import Ticket

PRIORITIES = ("critical", "urgent", "normal")
PRIORITY_OF = dict(zip(GRADES, ("critical", "urgent", "normal", "normal"), strict=True))
GRADE_OF = {"critical": "critical", "urgent": "serious", "normal": "general"}
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
    """The gravest grade that a rule of the tenant's or of a pack in force finds; None when none matches.

    One word leaves DOUBT, each further one halves it.
    """
    said = _plain(words)
    found = [(rule, _hits(rule["words"], said)) for rule in _rules()]
    matched = [(rule, hits) for rule, hits in found if hits]
    if not matched:
        return None
    grade = min((rule["grade"] for rule, _ in matched), key=GRADES.index)
    of_grade = [(rule, hits) for rule, hits in matched if rule["grade"] == grade]
    best, _ = max(of_grade, key=lambda each: each[1])
    hits = sum(count for _, count in of_grade)
    return Weighed(grade, _confidence(hits), best["name"])


def category_of(words: str) -> Suggestion | None:
    """The category of a pack in force that most words speak for; None when none does."""
    said = _plain(words)
    offered = [category for pack in standards.in_force() for category in pack.categories]
    best = max(offered, key=lambda category: _hits(category.words, said), default=None)
    if best is None or not (hits := _hits(best.words, said)):
        return None
    return Suggestion("category", best.code, _confidence(hits), best.title)


def _rules() -> list[dict[str, Any]]:
    """What the tenant wrote, and what the packs in force add."""
    packed = [
        {"name": text(each.name), "grade": each.grade, "words": each.words}
        for pack in standards.in_force()
        for each in pack.grades
    ]
    return [*settings("complaints")["triage"], *packed]


def _confidence(hits: int) -> float:
    return float(round(1 - DOUBT / 2 ** (hits - 1), 2))


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
    if complaint is None:
        return []
    category = category_of(f"{ticket.subject}\n{complaint.content}")
    found = [category] if category and not ticket.category else []
    if not complaint.suggested_grade:
        return found
    sure, rule = complaint.suggested_confidence or 0.0, complaint.suggested_rule
    return [
        *found,
        Suggestion("grade", complaint.suggested_grade, sure, rule),
        Suggestion("priority", PRIORITY_OF[complaint.suggested_grade], sure, rule),
    ]


def first_answers(ticket: Ticket) -> dict[str, Any]:
    """What the assessment's form shows chosen before a person chooses."""
    complaint = known(ticket)
    return {"grade": complaint.suggested_grade} if complaint and complaint.suggested_grade else {}


def policy_of(ticket: Ticket) -> str | None:
    """An industry's pack, else the house's for danger (PM-08).

    Their word is what people decided, and until then what triage suggests.
    """
    if ticket.type != NAME:
        return None
    complaint = known(ticket)
    grade = (complaint.grade or complaint.suggested_grade) if complaint else ""
    likely = "critical" if ticket.priority == "critical" else grade or GRADE_OF[ticket.priority]
    packed = standards.policy_for(ticket, likely, _category(ticket, complaint))
    if packed:
        return packed
    return CRITICAL.name if "critical" in {ticket.priority, grade} else None


def _category(ticket: Ticket, complaint: Complaint | None) -> str:
    """What it is about; a clock may ask before the suggestion of its words was taken."""
    if complaint is None or ticket.category:
        return getattr(ticket, "category", "")
    found = category_of(f"{ticket.subject}\n{complaint.content}")
    return found.value if found else ""


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
