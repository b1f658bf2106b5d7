"""A clock's row as the pure value that is counted with, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core import definitions
from core.db import db
from core.sla.clock import Clock, Promise
from core.sla.models import ClockInterval, ClockRow

if TYPE_CHECKING:
    from core.declarations import Calendar, Metric, SlaPolicy
    from core.sla.clock import Step

OPEN = ("running", "paused")
KEPT = ("state", "since", "elapsed", "due_at", "warn_at", "warned_at", "breached_at", "finished_at")
"""What a clock's row keeps of its value as it is."""


def metric_of(row: ClockRow) -> Metric:
    """The metric at the row's version."""
    found: Metric = definitions.get("metric", row.metric, row.metric_version)
    return found


def policy_of(row: ClockRow) -> SlaPolicy:
    """The policy at the row's version."""
    found: SlaPolicy = definitions.get("policy", row.policy, row.policy_version)
    return found


def calendar_of(row: ClockRow) -> Calendar:
    """The calendar at the row's version."""
    found: Calendar = definitions.get("calendar", row.calendar, row.calendar_version)
    return found


def promise_of(row: ClockRow) -> Promise:
    """What the row promises."""
    policy = policy_of(row)
    return Promise(
        calendar=calendar_of(row),
        timezone=row.timezone,
        target=row.target,
        warn_percent=policy.warn_percent,
        warn_seconds=policy.warn_seconds,
    )


def value_of(row: ClockRow) -> Clock:
    """The row as a value."""
    return Clock(
        promise=promise_of(row),
        started_at=row.started_at,
        **{name: getattr(row, name) for name in KEPT},
    )


def keep(row: ClockRow, step: Step) -> Clock:
    """Write a step down: the new value into the row, the closed intervals beside it."""
    for name in KEPT:
        setattr(row, name, getattr(step.clock, name))
    for interval in step.closed:
        db.session.add(ClockInterval(clock_id=row.id, **interval._asdict()))
    return step.clock
