"""Standard packs: an industry's categories, words of gravity and clocks, as other plugins give them to this one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from core.sdk import offered

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from core.sdk import Ticket

KIND = "complaint_standards"


@dataclass(frozen=True)
class Category:
    """What a complaint can be about: a code, its title, and `words` (by commas) that suggest it."""

    code: str
    title: str
    words: str


@dataclass(frozen=True)
class GradeWords:
    """Words (by commas) that suggest a grade; `name` is what staff are told when they match."""

    grade: str
    name: str
    words: str


@dataclass(frozen=True)
class ComplaintStandard:
    """A pack: it counts for a tenant while `in_force()`.

    Its clocks are for complaints of its categories, and for other tickets that it `concerns`.
    `policies` name an SLA policy per grade (critical, serious, general, minor); a grade without one keeps the house's.
    """

    name: str
    title: str
    categories: tuple[Category, ...]
    grades: tuple[GradeWords, ...]
    in_force: Callable[[], bool]
    concerns: Callable[[Ticket], bool]
    policies: Mapping[str, str] = field(default_factory=dict)


def in_force() -> list[ComplaintStandard]:
    """The packs that count for the current tenant now."""
    found: list[ComplaintStandard] = [*offered(KIND).values()]
    return [standard for standard in found if standard.in_force()]


def policy_for(ticket: Ticket, grade: str, category: str) -> str | None:
    """The policy that a pack promises for a complaint of this grade; None when no pack concerns it.

    `category` is the ticket's, or the one that its words suggest while it has none.
    """
    for standard in in_force():
        codes = {each.code for each in standard.categories}
        if grade in standard.policies and (category in codes or standard.concerns(ticket)):
            return standard.policies[grade]
    return None
