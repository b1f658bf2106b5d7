"""A tenant's policies and calendars: read, edited, put in order, tried out, and why a ticket has one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from core import definitions
from core.bodies import from_body, to_body
from core.clock import now
from core.db import db
from core.declarations import Calendar, SlaPolicy
from core.errors import Invalid, Problem
from core.forms.conditions import check as check_condition
from core.plugins import offered
from core.sla import calendar as business
from core.sla.choosing import FACTS, choose, facts_of, holds, ordered, target_of
from core.sla.models import TicketPolicy, ticket_model
from core.tenancy import current_tenant

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from core.actors import Actor
    from core.declarations import Text

STEP = 10
LONGEST = 10 * 366 * 86_400
PLAIN = dict.fromkeys(FACTS, "") | {"type_version": "", "team_id": None, "department_id": None}


@dataclass(frozen=True, kw_only=True)
class Named:
    """A policy or calendar of the tenant; `edited` says whether it differs from what was declared."""

    name: str
    version: str
    edited: bool
    value: Any


@dataclass(frozen=True, kw_only=True)
class Promised:
    """What a ticket opened now would be promised for a metric."""

    metric: str
    title: Text
    seconds: int
    calendar: str
    due_at: datetime


@dataclass(frozen=True, kw_only=True)
class Considered:
    """A policy that was looked at, in order, and whether its condition fits."""

    name: str
    title: Text
    fits: bool


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """Why a ticket has its policy: `policy` "" is none, and then no clock runs.

    `chosen_by` is condition, ticket_type, plugin or "".
    """

    policy: str
    version: str
    title: Text
    reason: Text
    chosen_by: str
    chosen_at: datetime | None
    considered: tuple[Considered, ...]
    promises: tuple[Promised, ...] = ()


def list_policies() -> list[Named]:
    """The tenant's policies in their order."""
    return [_named(name, version, policy) for name, version, policy in ordered()]


def list_calendars() -> list[Named]:
    """The tenant's calendars by name."""
    return [
        _named(name, definitions.current_version("calendar", name), value)
        for name, value in sorted(definitions.all_current("calendar").items())
    ]


def _named(name: str, version: str, value: Any) -> Named:
    return Named(name=name, version=version, edited="+" in version, value=value)


def edit_policy(name: str, body: dict[str, Any], *, actor: Actor, seen: str | None = None) -> str:
    """Store the tenant's version of a policy, for tickets to come; gives the version, raises Invalid.

    Conflict when the version `seen` is not the current one any more.
    """
    actor.must("sla:write")
    policy: SlaPolicy = _read(SlaPolicy, body)
    problems = list(_policy_problems(policy))
    if problems:
        raise Invalid(*problems)
    return definitions.edit("policy", name, body, actor=actor, seen=seen)


def edit_calendar(name: str, body: dict[str, Any], *, actor: Actor, seen: str | None = None) -> str:
    """Store the tenant's version of a calendar, for clocks to come; gives the version, raises Invalid.

    Conflict when the version `seen` is not the current one any more.
    """
    actor.must("sla:write")
    calendar: Calendar = _read(Calendar, body)
    business.check(calendar, current_tenant().timezone)
    try:
        business.next_opening(calendar, now(), current_tenant().timezone)
    except business.NeverOpens:
        raise Invalid(Problem(field="hours", message="core.calendar.never_opens")) from None
    return definitions.edit("calendar", name, body, actor=actor, seen=seen)


def reorder(names: Sequence[str], *, actor: Actor) -> None:
    """Put the policies in this order; `names` must hold each of them once.

    Conflict when somebody has just edited one that moves.
    """
    actor.must("sla:write")
    known = {each.name: each for each in list_policies()}
    if sorted(names) != sorted(known):
        raise Invalid(Problem(field="names", message="core.policy.names_all"))
    for place, name in enumerate(names, start=1):
        policy: SlaPolicy = known[name].value
        if policy.order != place * STEP:
            body = to_body(replace(policy, order=place * STEP))
            definitions.edit("policy", name, body, actor=actor, seen=known[name].version)


def preview(about: Mapping[str, Any]) -> Explanation:
    """What a ticket with these facts would get, opened now ("test with a ticket")."""
    ticket = SimpleNamespace(**PLAIN | dict(about))
    if ticket.type and not ticket.type_version and ticket.type in definitions.names("ticket_type"):
        ticket.type_version = definitions.current_version("ticket_type", ticket.type)
    choice = choose(ticket)
    found = _explained(choice.policy, choice.version, choice.by, facts_of(ticket))
    if not choice.policy:
        return found
    policy = definitions.get("policy", choice.policy, choice.version)
    return replace(found, promises=tuple(_promises(policy, facts_of(ticket))))


def explain(ticket_id: UUID) -> Explanation:
    """Why a ticket has its policy, or none."""
    ticket = db.session.get(ticket_model(), (current_tenant().id, ticket_id))
    row = db.session.scalars(
        sa.select(TicketPolicy).where(TicketPolicy.ticket_id == ticket_id)
    ).one_or_none()
    facts = facts_of(ticket) if ticket is not None else {}
    if row is None:
        return _explained("", "", "", facts)
    found = _explained(row.policy, row.policy_version, row.chosen_by, facts)
    return replace(found, chosen_at=row.chosen_at)


def _explained(name: str, version: str, by: str, facts: Mapping[str, Any]) -> Explanation:
    policy = definitions.get("policy", name, version) if name else None
    return Explanation(
        policy=name,
        version=version,
        title=policy.title if policy else "core.policy.none",
        reason=policy.reason if policy else "core.policy.none_reason",
        chosen_by=by,
        chosen_at=None,
        considered=tuple(
            Considered(name=each, title=other.title, fits=holds(other.when, facts))
            for each, _, other in ordered()
        ),
    )


def _promises(policy: SlaPolicy, facts: Mapping[str, Any]) -> Iterator[Promised]:
    for metric in dict.fromkeys(target.metric for target in policy.targets):
        target = target_of(policy, metric, facts)
        if target is None or metric not in definitions.names("metric"):
            continue
        name = target.calendar or policy.calendar
        calendar = definitions.get("calendar", name)
        yield Promised(
            metric=metric,
            title=definitions.get("metric", metric).title,
            seconds=target.seconds,
            calendar=name,
            due_at=business.add_seconds(calendar, now(), target.seconds, current_tenant().timezone),
        )


def _read(kind: type, body: dict[str, Any]) -> Any:
    try:
        return from_body(kind, body)
    except (TypeError, ValueError) as error:
        problem = Problem(field="body", message="definition.shape", values=(("why", str(error)),))
        raise Invalid(problem) from error


def _policy_problems(policy: SlaPolicy) -> Iterator[Problem]:
    calendars, metrics = definitions.names("calendar"), definitions.names("metric")
    if policy.calendar not in calendars:
        yield Problem(field="calendar", message="core.policy.no_such_calendar")
    if not 0 <= policy.warn_percent <= 100:  # noqa: PLR2004  a percentage
        yield Problem(field="warn_percent", message="core.policy.percentage")
    if policy.warn_seconds < 0:
        yield Problem(field="warn_seconds", message="core.policy.seconds")
    yield from _condition_problems("when", policy.when)
    for number, target in enumerate(policy.targets):
        at = f"targets.{number}"
        if target.metric not in metrics:
            yield Problem(field=f"{at}.metric", message="core.policy.no_such_metric")
        if not 1 <= target.seconds <= LONGEST:
            yield Problem(field=f"{at}.seconds", message="core.policy.seconds")
        if target.calendar and target.calendar not in calendars:
            yield Problem(field=f"{at}.calendar", message="core.policy.no_such_calendar")
        yield from _condition_problems(f"{at}.when", target.when)
    for number, step in enumerate(policy.escalations):
        if not 0 <= step.after_seconds <= LONGEST:
            yield Problem(
                field=f"escalations.{number}.after_seconds", message="core.policy.seconds"
            )


def _condition_problems(field: str, when: Any) -> Iterator[Problem]:
    if when is None:
        return
    for found in check_condition(when, fields=FACTS, conditions=offered("condition")):
        yield replace(found, field=f"{field}.{found.field}".rstrip("."))
