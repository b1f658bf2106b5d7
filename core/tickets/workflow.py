"""The workflow engine, pure: what is offered where, what a move asks, and whether a graph makes sense."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from core.errors import Forbidden, Invalid, NotOffered, Problem, StaleVersion, VersionMissing
from core.forms import schemas

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from core.actors import Actor
    from core.contributions import Condition, Guard
    from core.declarations import (
        Form,
        State,
        Transition,
        Workflow,
    )

CONTACT_MOVES = "matter:accept"


class Subject(Protocol):
    """Anything that a workflow can move."""

    state: str
    version: int


@dataclass(frozen=True)
class Toolbox:
    """What a workflow names and somebody else keeps: guards and conditions by name, forms by a look-up."""

    guards: Mapping[str, Guard] = field(default_factory=dict)
    conditions: Mapping[str, Condition] = field(default_factory=dict)
    form: Callable[[str], Form] | None = None


@dataclass(frozen=True)
class Move:
    """What happened: the transition, the states on both ends and the answers in their types."""

    transition: Transition
    source: State
    target: State
    answers: dict[str, Any]


def state_named(workflow: Workflow, name: str) -> State:
    """The state of that name; KeyError when the workflow has none."""
    for state in workflow.states:
        if state.name == name:
            return state
    raise KeyError(f"{workflow.name} has no state {name!r}")


def offered(state: str, workflow: Workflow, actor: Actor) -> tuple[Transition, ...]:
    """The transitions that lead out of `state` for this actor, in the workflow's order."""
    return tuple(
        transition
        for transition in workflow.transitions
        if state in transition.sources and may_take(transition, actor)
    )


def may_take(transition: Transition, actor: Actor) -> bool:
    """Whether the transition is for actors of this kind, and this one has the right."""
    if actor.kind not in transition.actor_kinds:
        return False
    return actor.can(permission_for(transition, actor))


def permission_for(transition: Transition, actor: Actor) -> str:
    """The right that the transition asks of this actor: customers have their own (`matter:...`)."""
    if actor.kind == "contact" and not transition.permission.startswith("matter:"):
        return CONTACT_MOVES
    return transition.permission


def check_version(current: int, given: int | None, actor: Actor) -> None:
    """Raise VersionMissing or StaleVersion; the system reads and writes in one transaction and may leave it out."""
    if given is None:
        if actor.kind != "system":
            raise VersionMissing("say which version you read")
    elif given != current:
        raise StaleVersion(current=current, given=given)


def move(
    subject: Subject,
    name: str,
    answers: Mapping[str, Any],
    *,
    actor: Actor,
    workflow: Workflow,
    version: int | None,
    tools: Toolbox,
) -> Move:
    """Take the transition `name`: checks version, offer, form and guards, then sets state and version.

    Raises VersionMissing, StaleVersion, NotOffered or Invalid; a problem with the form is at `form.<field>`.
    """
    check_version(subject.version, version, actor)
    transition = choose(subject.state, name, actor=actor, workflow=workflow)
    loaded = _answers(transition, answers, actor, tools)
    _ask_guards(transition, subject, loaded, actor=actor, tools=tools)
    source = state_named(workflow, subject.state)
    subject.state = transition.target
    subject.version += 1
    return Move(transition, source, state_named(workflow, transition.target), loaded)


def choose(state: str, name: str, *, actor: Actor, workflow: Workflow) -> Transition:
    """The offered transition of that name, or NotOffered; Forbidden when only the right is missing (CP-14)."""
    for transition in workflow.transitions:
        if transition.name != name or state not in transition.sources:
            continue
        if may_take(transition, actor):
            return transition
        if actor.kind in transition.actor_kinds:
            raise Forbidden(permission_for(transition, actor))
    raise NotOffered(f"{name} is not offered in {state}", transition=name, state=state)


def _answers(
    transition: Transition, answers: Mapping[str, Any], actor: Actor, tools: Toolbox
) -> dict[str, Any]:
    if not transition.form:
        if answers:
            raise Invalid(
                *(
                    Problem(
                        field=f"form.{name}",
                        message="forms.error.unknown",
                        values=(("label", name),),
                    )
                    for name in answers
                )
            )
        return {}
    if tools.form is None:
        raise LookupError(f"nobody knows the form {transition.form}")
    return load_answers(
        tools.form(transition.form), answers, actor=actor, conditions=tools.conditions
    )


def load_answers(
    form: Form, answers: Mapping[str, Any], *, actor: Actor, conditions: Mapping[str, Condition]
) -> dict[str, Any]:
    """The answers in their types; Invalid names each bad one as `form.<field>`."""
    audience: schemas.Audience = "internal" if actor.kind in {"user", "app", "system"} else "all"
    try:
        return schemas.load(form, dict(answers), audience=audience, conditions=conditions)
    except Invalid as error:
        raise Invalid(
            *(
                Problem(field=f"form.{p.field}".rstrip("."), message=p.message, values=p.values)
                for p in error.problems
            )
        ) from None


def _ask_guards(
    transition: Transition,
    subject: Subject,
    answers: dict[str, Any],
    *,
    actor: Actor,
    tools: Toolbox,
) -> None:
    problems = [
        problem
        for name in transition.guards
        for problem in tools.guards[name].run(subject, answers, actor)
    ]
    if problems:
        raise Invalid(*problems)


# --- the graph ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Known:
    """The names that a workflow may use."""

    forms: Collection[str] = ()
    guards: Collection[str] = ()
    events: Mapping[str, type] = field(default_factory=dict)
    permissions: Collection[str] = ()


def check_workflow(workflow: Workflow, known: Known) -> list[str]:
    """Everything wrong with the graph, in words; an empty list when it makes sense."""
    names = [state.name for state in workflow.states]
    faults = [
        f"the state {name} stands twice"
        for name in sorted({n for n in names if names.count(n) > 1})
    ]
    taken = [t.name for t in workflow.transitions]
    faults += [
        f"the transition {name} stands twice"
        for name in sorted({n for n in taken if taken.count(n) > 1})
    ]
    if workflow.initial not in names:
        faults.append(f"it begins at {workflow.initial!r}, which is no state")
    stages = {stage.name for stage in workflow.stages}
    faults += [
        f"the state {state.name} stands in the stage {state.stage!r}, which is none"
        for state in workflow.states
        if state.stage and state.stage not in stages
    ]
    for transition in workflow.transitions:
        faults += _transition_faults(transition, set(names), known)
    lost = set(names) - _reachable(workflow)
    return faults + [f"the state {name} cannot be reached" for name in names if name in lost]


def _transition_faults(transition: Transition, states: set[str], known: Known) -> list[str]:
    wrong = [("source", name) for name in transition.sources if name not in states]
    if transition.target not in states:
        wrong.append(("target", transition.target))
    if transition.form and transition.form not in known.forms:
        wrong.append(("form", transition.form))
    wrong += [("guard", name) for name in transition.guards if name not in known.guards]
    if transition.permission not in known.permissions:
        wrong.append(("permission", transition.permission))
    if transition.event and transition.event not in known.events:
        wrong.append(("event", transition.event))
    faults = [
        f"{transition.name} names the {kind} {name!r}, which there is not" for kind, name in wrong
    ]
    if not transition.sources:
        faults.append(f"{transition.name} leads from nowhere")
    return faults


def _reachable(workflow: Workflow) -> set[str]:
    found, edge = {workflow.initial}, [workflow.initial]
    while edge:
        state = edge.pop()
        ahead = {t.target for t in workflow.transitions if state in t.sources} - found
        found |= ahead
        edge += ahead
    return found
