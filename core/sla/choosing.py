"""Which policy a ticket gets and why, and what it promises for a metric."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core import definitions
from core.errors import Invalid, NotFound
from core.forms.conditions import evaluate
from core.plugins import first, offered

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from core.declarations import Expression, SlaPolicy, Target

log = logging.getLogger(__name__)
FACTS = (
    "type",
    "priority",
    "channel",
    "request_class",
    "category",
    "phase",
    "language",
    "state",
    "status",
    "team_id",
    "department_id",
    "organisation_id",
    "contact_id",
)


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A policy at a version, and what chose it: plugin, ticket_type, condition; "" when none fits."""

    policy: str = ""
    version: str = ""
    by: str = ""


NOTHING = Choice()


def facts_of(ticket: Any) -> dict[str, Any]:
    """What conditions may look at."""
    return {name: getattr(ticket, name) for name in FACTS}


def holds(when: Expression | None, facts: Mapping[str, Any]) -> bool:
    """Whether the facts fit; no condition fits everything, one that cannot be read fits nothing."""
    try:
        return when is None or evaluate(when, facts, offered("condition"))
    except Invalid as error:
        # its plugin may be off by now: that must not keep customers from opening tickets.
        log.warning("a condition cannot be read: %s", error)
        return False


def choose(ticket: Any, pinned: Choice = NOTHING) -> Choice:
    """The ticket's policy: a plugin's word, else its type's own, else the first that fits.

    A policy that the ticket has already stays at the version it has.
    """
    facts = facts_of(ticket)
    named = first("choose_sla", ticket=ticket)
    if named and named in definitions.names("policy"):
        return Choice(policy=named, version=_version(named, pinned), by="plugin")
    own = _own_policy(ticket)
    for name, version, policy in ordered(pinned):
        if name == own and holds(policy.when, facts):
            return Choice(policy=name, version=version, by="ticket_type")
    for name, version, policy in ordered(pinned):
        if _is_general(policy) and holds(policy.when, facts):
            return Choice(policy=name, version=version, by="condition")
    return NOTHING


def ordered(pinned: Choice = NOTHING) -> Iterator[tuple[str, str, SlaPolicy]]:
    """(name, version, policy) of the tenant's policies in their order."""
    found = []
    for name in definitions.names("policy"):
        version = _version(name, pinned)
        found.append((name, version, definitions.get("policy", name, version)))
    yield from sorted(found, key=lambda each: (each[2].order, each[0]))


def target_of(policy: SlaPolicy, metric: str, facts: Mapping[str, Any]) -> Target | None:
    """The first target of the metric that fits; None promises nothing."""
    for target in policy.targets:
        if target.metric == metric and holds(target.when, facts):
            return target
    return None


def _version(name: str, pinned: Choice) -> str:
    return pinned.version if name == pinned.policy else definitions.current_version("policy", name)


def _own_policy(ticket: Any) -> str:
    try:
        found = definitions.get("ticket_type", ticket.type, ticket.type_version)
    except NotFound:
        return ""
    return str(found.sla)


def _is_general(policy: SlaPolicy) -> bool:
    """A policy without condition that a ticket type names is that type's alone."""
    if policy.when is not None:
        return True
    types = definitions.all_current("ticket_type").values()
    return policy.name not in {each.sla for each in types}
