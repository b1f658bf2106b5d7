"""The clocks of a ticket, moved in the transaction of the event that moves them."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from core import definitions
from core.clock import now
from core.db import db
from core.errors import NotFound
from core.events import EventRow
from core.sla import clock as pure
from core.sla import events
from core.sla.calendar import NeverOpens
from core.sla.choosing import Choice, choose, facts_of, holds, target_of
from core.sla.models import ClockRow
from core.sla.moment import Moment, at_event, at_timer
from core.sla.rows import keep, metric_of, promise_of, value_of
from core.tenancy import current_tenant

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from core.actors import Actor
    from core.declarations import Metric, SlaPolicy, Target, Trigger
    from core.timers import Timer

log = logging.getLogger(__name__)
FINISH = "finish"
"""What ended a clock that runs on when its ticket is reopened."""
CHOOSES_AGAIN = {"ticket.priority_changed", "ticket.reclassed", "ticket.category_changed"}


def choose_again_on(event_type: str) -> None:
    """Ask anew which policy a ticket has after events of this type, too: what `choose_sla` looks at has changed."""
    CHOOSES_AGAIN.add(event_type)


def on_event(row: EventRow) -> None:
    """Let a ticket's event end, rest, reopen, start and retarget its clocks, in this order."""
    if row.subject_type != "ticket":
        return
    moment = at_event(row)
    data = row.payload | {"actor_kind": row.actor_kind}
    moment.settle()
    _end(moment, row, data)
    if row.type == "ticket.moved":
        _rest(moment, resting=bool(data.get("pauses")))
        if data.get("reopened"):
            _reopen_finished(moment)
    if row.type == "message.recalled":
        _reopen_answered(moment, data)
    _start(moment, row, data)
    if row.type in CHOOSES_AGAIN or "organisation_id" in data.get("fields", ()):
        retarget(moment, choose(moment.ticket, moment.choice))
    moment.close()


def on_timer(timer: Timer) -> None:
    """Say what passed by itself: warnings, breaches and steps of the ladder."""
    moment = at_timer(timer.subject_id, timer.due_at)
    moment.settle()
    moment.close()


def recompute(ticket_id: UUID, *, actor: Actor) -> None:
    """Put a ticket's open clocks under today's policies and calendars; their elapsed stays."""
    actor.must("sla:write")
    moment = at_timer(ticket_id, now(), actor=actor)
    moment.settle()
    retarget(moment, choose(moment.ticket), calendars_anew=True)
    moment.close()


def matches(triggers: tuple[Trigger, ...], event_type: str, data: Mapping[str, Any]) -> bool:
    """Whether an event pulls one of the triggers."""
    return any(each.event == event_type and holds(each.when, data) for each in triggers)


# --- ending and resting -----------------------------------------------------------------------


def _end(moment: Moment, row: EventRow, data: Mapping[str, Any]) -> None:
    for clock in tuple(moment.clocks):
        metric = metric_of(clock)
        if matches(metric.cancelled_by, row.type, data):
            value = keep(clock, pure.cancel(value_of(clock), moment.at))
            moment.say(events.ClockCancelled, clock, elapsed=value.elapsed)
        elif matches(metric.fulfilled_by, row.type, data):
            value = keep(clock, pure.fulfil(value_of(clock), moment.at))
            kind = events.ClockMet if value.outcome == "met" else events.ClockEndedLate
            moment.say(kind, clock, elapsed=value.elapsed)
        else:
            continue
        moment.clocks.remove(clock)
        clock.ended_by, clock.ended_on = row.id, _ending(row.type, data)
        if metric.repeats and clock.state == "done":
            _begin(moment, _copy(clock), metric)


def _ending(event_type: str, data: Mapping[str, Any]) -> str:
    finished = data.get("status") in {"resolved", "closed"}
    return FINISH if event_type == "ticket.moved" and finished else event_type


def _rest(moment: Moment, *, resting: bool) -> None:
    moment.policy.resting = resting
    for clock in moment.clocks:
        if not metric_of(clock).pauses or (clock.state == "paused") is resting:
            continue
        if resting:
            value = keep(clock, pure.pause(value_of(clock), moment.at))
            moment.say(events.ClockPaused, clock, elapsed=value.elapsed)
        else:
            value = keep(clock, pure.resume(value_of(clock), moment.at))
            moment.say(events.ClockResumed, clock, due_at=value.due_at)


# --- running on -------------------------------------------------------------------------------


def _reopen_finished(moment: Moment) -> None:
    ended = sa.select(ClockRow).where(
        ClockRow.ticket_id == moment.ticket_id, ClockRow.ended_on == FINISH
    )
    for clock in db.session.scalars(ended).all():
        _reopen(moment, clock)


def _reopen_answered(moment: Moment, data: Mapping[str, Any]) -> None:
    """The message that kept a promise was recalled; it stays kept where another one stands."""
    ended = sa.select(ClockRow, EventRow).where(
        ClockRow.ticket_id == moment.ticket_id,
        ClockRow.ended_on == "message.posted",
        EventRow.tenant_id == ClockRow.tenant_id,
        EventRow.id == ClockRow.ended_by,
    )
    for clock, answer in db.session.execute(ended).all():
        metric = metric_of(clock)
        if answer.payload["message_id"] != data["message_id"] or metric.repeats:
            continue
        if not _answered_since(moment, metric, answer.id):
            _reopen(moment, clock)


def _answered_since(moment: Moment, metric: Metric, event_id: UUID) -> bool:
    later = sa.select(EventRow).where(
        EventRow.subject_type == "ticket",
        EventRow.subject_id == moment.ticket_id,
        EventRow.type == "message.posted",
        EventRow.id > event_id,
    )
    return any(
        matches(metric.fulfilled_by, row.type, row.payload | {"actor_kind": row.actor_kind})
        for row in db.session.scalars(later)
    )


def _reopen(moment: Moment, clock: ClockRow) -> None:
    if any(other.metric == clock.metric for other in moment.clocks):
        return
    value = keep(clock, pure.reopen(value_of(clock), moment.at))
    clock.ended_by, clock.ended_on = None, ""
    moment.clocks.append(clock)
    moment.say(events.ClockReopened, clock, due_at=value.due_at)
    _rest_at_once(moment, clock, metric_of(clock))


def _rest_at_once(moment: Moment, clock: ClockRow, metric: Metric) -> None:
    if moment.policy.resting and metric.pauses:
        value = keep(clock, pure.pause(value_of(clock), moment.at))
        moment.say(events.ClockPaused, clock, elapsed=value.elapsed)


# --- starting and retargeting -----------------------------------------------------------------


def _start(moment: Moment, row: EventRow, data: Mapping[str, Any]) -> None:
    if not moment.policy.policy:
        return
    running = {clock.metric for clock in moment.clocks}
    for name in definitions.names("metric"):
        metric = definitions.get("metric", name)
        if name in running or not matches(metric.starts_on, row.type, data):
            continue
        policy = definitions.get("policy", moment.policy.policy, moment.policy.policy_version)
        target = target_of(policy, name, facts_of(moment.ticket))
        if target:
            _begin(moment, _fresh(moment, name, policy, target), metric)


def _fresh(moment: Moment, metric: str, policy: SlaPolicy, target: Target) -> dict[str, Any]:
    calendar = target.calendar or policy.calendar
    return {
        "metric": metric,
        "metric_version": definitions.current_version("metric", metric),
        "policy": moment.policy.policy,
        "policy_version": moment.policy.policy_version,
        "calendar": calendar,
        "calendar_version": definitions.current_version("calendar", calendar),
        "timezone": current_tenant().timezone,
        "target": target.seconds,
        "reason": moment.policy.chosen_by,
    }


def _copy(clock: ClockRow) -> dict[str, Any]:
    """The next round: what the last one promised."""
    names = (
        *("metric", "metric_version", "policy", "policy_version"),
        *("calendar", "calendar_version", "timezone", "target", "reason"),
    )
    return {name: getattr(clock, name) for name in names}


def _begin(moment: Moment, terms: dict[str, Any], metric: Metric) -> None:
    row = ClockRow(
        ticket_id=moment.ticket_id,
        round=moment.next_round(terms["metric"]),
        state="running",
        started_at=moment.at,
        since=moment.at,
        elapsed=0,
        steps=0,
        **terms,
    )
    try:
        value = pure.start(promise_of(row), moment.at)
    except NeverOpens:
        # A calendar without business time must not keep customers from opening tickets.
        log.warning("no clock: calendar %s never opens", row.calendar)
        return
    row.started_at = value.started_at
    keep(row, pure.Step(value, ()))
    moment.begin(row)
    moment.say(events.ClockStarted, row, round=row.round, due_at=row.due_at, **_told(terms))
    _rest_at_once(moment, row, metric)


def _told(terms: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in terms.items() if name != "metric"}


def retarget(moment: Moment, choice: Choice, *, calendars_anew: bool = False) -> None:
    """Put the open clocks under `choice`; one that it does not promise is cancelled."""
    moment.take(choice)
    policy = definitions.get("policy", choice.policy, choice.version) if choice.policy else None
    about = facts_of(moment.ticket)
    for clock in tuple(moment.clocks):
        target = target_of(policy, clock.metric, about) if policy else None
        if policy is None or target is None:
            value = keep(clock, pure.cancel(value_of(clock), moment.at))
            moment.clocks.remove(clock)
            moment.say(events.ClockCancelled, clock, elapsed=value.elapsed)
            continue
        terms = _fresh(moment, clock.metric, policy, target)
        if terms["calendar"] == clock.calendar and not calendars_anew:
            terms["calendar_version"] = clock.calendar_version
        _promise_anew(moment, clock, terms)


def _promise_anew(moment: Moment, clock: ClockRow, terms: dict[str, Any]) -> None:
    changes = {
        name: terms[name]
        for name in (
            *("policy", "policy_version", "calendar", "calendar_version"),
            *("target", "reason"),
        )
    }
    if all(getattr(clock, name) == value for name, value in changes.items()):
        return
    before = value_of(clock)
    for name, value in changes.items():
        setattr(clock, name, value)
    try:
        after = keep(clock, pure.retarget(before, promise_of(clock), moment.at))
    except (NeverOpens, NotFound):
        log.exception("clock %s keeps its promise", clock.id)
        return
    if before.breached_at is not None and after.breached_at is None:
        moment.policy.breaches -= 1
    moment.say(events.ClockRetargeted, clock, due_at=after.due_at, **changes)
