"""The escalation ladder: who is to be told when a clock warns or breaches, and later."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.sla.calendar import add_seconds
from core.sla.rows import calendar_of, policy_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from core.declarations import Escalation
    from core.sla.models import ClockRow


def steps_ahead(row: ClockRow) -> Iterator[tuple[int, Escalation, datetime]]:
    """(number, step, when) of the steps whose moment is known and that were not taken."""
    for number, step in enumerate(policy_of(row).escalations):
        begins = row.warned_at if step.at == "warning" else row.breached_at
        if begins is None or row.steps >> number & 1:
            continue
        when = begins
        if step.after_seconds:
            when = add_seconds(calendar_of(row), begins, step.after_seconds, row.timezone)
        yield number, step, when


def take(row: ClockRow, at: datetime) -> list[tuple[int, Escalation, datetime]]:
    """The steps whose moment lies before `at`, marked as taken."""
    taken = [each for each in steps_ahead(row) if at > each[2]]
    for number, _, _ in taken:
        row.steps |= 1 << number
    return sorted(taken, key=lambda each: each[2])
