"""All clocks of a ticket as chips, with the reason why the ticket has them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.host import chip_of, clocks_of, duration, sla_policies
from core.sdk import SlaChip, format_datetime, now, text

if TYPE_CHECKING:
    from core.host import ClockView, Ticket


@dataclass(frozen=True)
class Promise:
    """One line of the panel: what was promised, how far it is, and against which target."""

    metric: str
    chip: SlaChip
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
    return Promise(text(clock.title), chip_of(clock), _note(clock))


def _note(clock: ClockView) -> str:
    if clock.state == "running" and clock.due_at and (clock.due_at - now()).days > 0:
        return format_datetime(clock.due_at, "short")
    return text("desk.promise.target", time=duration(clock.target))
