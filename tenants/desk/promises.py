"""All clocks of a ticket as chips, with the reason why the ticket has them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.host import clocks_of, duration, sla_policies
from core.sdk import format_datetime, now, text
from tenants.desk.chips import Chip

if TYPE_CHECKING:
    from core.host import ClockView, Ticket

AROUND_THE_CLOCK = "always"


@dataclass(frozen=True)
class Promise:
    """One line of the panel: what was promised, how far it is, and against which target."""

    metric: str
    chip: Chip
    note: str


@dataclass(frozen=True)
class Promises:
    """The panel: `policy` and `why` say where the clocks come from; no policy is said too."""

    lines: list[Promise]
    policy: str
    why: str


def of(ticket: Ticket) -> Promises:
    """The clocks of the ticket, the newest round of each metric, in the order they began."""
    newest: dict[str, ClockView] = {}
    for clock in sorted(clocks_of(ticket.id), key=lambda each: each.round):
        newest[clock.metric] = clock
    shown = [clock for clock in newest.values() if clock.state != "cancelled"]
    explanation = sla_policies.explain(ticket.id)
    chosen = text(f"desk.promise.by_{explanation.chosen_by or 'nothing'}")
    return Promises(
        lines=[_line(clock) for clock in sorted(shown, key=lambda each: each.started_at)],
        policy=text(explanation.title),
        why=" ".join(words for words in (text(explanation.reason), chosen) if words),
    )


def _line(clock: ClockView) -> Promise:
    return Promise(text(clock.title), _chip(clock), _note(clock))


def _chip(clock: ClockView) -> Chip:
    calendar = text(clock.calendar_title)
    if clock.state == "done":
        return Chip("late" if clock.outcome == "breached" else "met", clock.elapsed)
    if clock.state == "paused":
        return Chip("breach" if clock.left < 0 else "paused", abs(clock.left), calendar=calendar)
    kind = "breach" if clock.left < 0 else "warn" if clock.warned_at else "ok"
    warn_seconds = clock.left if kind == "warn" else 0
    if clock.warn_at and clock.due_at:
        warn_seconds = int((clock.due_at - clock.warn_at).total_seconds())
    ticks = clock.calendar == AROUND_THE_CLOCK
    return Chip(kind, abs(clock.left), "", clock.due_at, calendar, ticks, warn_seconds)


def _note(clock: ClockView) -> str:
    if clock.state == "running" and clock.due_at and (clock.due_at - now()).days > 0:
        return format_datetime(clock.due_at, "short")
    return text("desk.promise.target", time=duration(clock.target))
