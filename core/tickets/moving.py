"""Moving a ticket along its workflow, whichever door the move came through."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from core import definitions
from core.actors import SYSTEM
from core.clock import now
from core.declarations import State, Transition, Workflow
from core.errors import Invalid, NotFound, NotOffered, Problem, StartupError
from core.events import emit
from core.i18n import text
from core.plugins import catalog, enabled
from core.tickets import workflow as engine
from core.tickets.events import TicketClosed, TicketMoved
from core.tickets.models import PUBLIC
from core.tickets.visibility import lock_ticket, reaches
from core.tickets.workflow import Known, Move, Toolbox, check_workflow, state_named
from core.tickets.writing import merge_extra, touch, validate, write_message, write_note

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from uuid import UUID

    from core.actors import Actor
    from core.catalog import Catalog
    from core.declarations import Form
    from core.tickets.models import Ticket

CORE_CLOSE = "core_close"
Effect = Callable[["Ticket", dict[str, Any], "Actor"], None]
Prefill = Callable[["Ticket"], dict[str, Any]]
_effects: dict[tuple[str, str], Effect] = {}
_prefills: dict[tuple[str, str], Prefill] = {}


def register_effect(workflow: str, transition: str, call: Effect) -> None:
    """Let `call(ticket, answers, actor)` keep a transition's answers, after the state changed and before its events.

    It runs in the move's transaction whichever door the move came through, and may raise Invalid. Without an effect
    the answers are kept as an internal note.
    """
    if _effects.setdefault((workflow, transition), call) is not call:
        raise StartupError(f"{workflow}.{transition} has two effects")


def register_prefill(workflow: str, transition: str, call: Prefill) -> None:
    """Let `call(ticket)` say what a transition's form shows answered before anybody answers."""
    if _prefills.setdefault((workflow, transition), call) is not call:
        raise StartupError(f"{workflow}.{transition} has two prefills")


def prefilled(ticket: Ticket, transition: str) -> dict[str, Any]:
    """The answers that a transition's form begins with: proposals that the person may change."""
    call = _prefills.get((ticket.workflow, transition))
    return call(ticket) if call else {}


def tools() -> Toolbox:
    """The guards, conditions and forms of this application, forms as the tenant has them now."""
    found = catalog()
    return Toolbox(
        guards=found.shelf("guard"),
        conditions=found.shelf("condition"),
        form=lambda name: definitions.get("form", name),
    )


def move(
    subject: engine.Subject,
    name: str,
    answers: Mapping[str, Any],
    *,
    actor: Actor,
    workflow: Workflow,
    version: int | None,
) -> Move:
    """Take a transition on anything with `state` and `version`; the caller stores and emits.

    Raises VersionMissing, StaleVersion, NotOffered (409) or Invalid (422, at `form.<field>`).
    """
    return engine.move(
        subject, name, answers, actor=actor, workflow=workflow, version=version, tools=tools()
    )


def workflow_of(ticket: Ticket) -> Workflow:
    """The workflow at the version that the ticket was opened with."""
    found: Workflow = definitions.get("workflow", ticket.workflow, ticket.workflow_version)
    return found


def state_of(ticket: Ticket) -> State:
    """Where the ticket stands."""
    return state_named(workflow_of(ticket), ticket.state)


def is_on(ticket: Ticket) -> bool:
    """Whether the plugin of the ticket's type is on: otherwise only messages, assignment and core's close work."""
    owner, dot, _ = ticket.type.partition(".")
    return enabled(owner) if dot else True


def offered_transitions(ticket: Ticket, *, actor: Actor) -> list[Transition]:
    """What this actor may do with the ticket now."""
    if ticket.merged_into is not None:
        return []
    if not is_on(ticket):
        return _plain_close(ticket, actor)
    known: dict[str, bool] = {}
    found = []
    for transition in engine.offered(ticket.state, workflow_of(ticket), actor):
        permission = engine.permission_for(transition, actor)
        if permission not in known:
            known[permission] = reaches(ticket, actor, permission)
        if known[permission]:
            found.append(transition)
    return found


def _plain_close(ticket: Ticket, actor: Actor) -> list[Transition]:
    if (
        ticket.status == "closed"
        or actor.kind == "contact"
        or not reaches(ticket, actor, "ticket:write")
    ):
        return []
    return [
        Transition(
            CORE_CLOSE, "tickets.transition.core_close", (ticket.state,), closing_state(ticket).name
        )
    ]


def closing_state(ticket: Ticket) -> State:
    """The first state of the ticket's workflow that is closed."""
    found = next((s for s in workflow_of(ticket).states if s.status == "closed"), None)
    if found is None:
        raise NotOffered(f"{ticket.workflow} never closes", state=ticket.state)
    return found


def move_ticket(
    ticket_id: UUID, name: str, answers: Mapping[str, Any], *, actor: Actor, version: int | None
) -> Ticket:
    """Take the transition `name`; raises NotOffered, Invalid or StaleVersion, and NotFound while its plugin is off."""
    ticket = lock_ticket(ticket_id, actor=actor, permission="ticket:read")
    if name == CORE_CLOSE and not is_on(ticket):
        return close_plainly(ticket_id, actor=actor, version=version)
    if not is_on(ticket):
        raise NotFound("the plugin of this ticket is off")
    engine.check_version(ticket.version, version, actor)
    if ticket.merged_into is not None:
        raise NotOffered("a merged ticket stays closed", transition=name, state=ticket.state)
    chosen = engine.choose(ticket.state, name, actor=actor, workflow=workflow_of(ticket))
    if not reaches(ticket, actor, engine.permission_for(chosen, actor)):
        raise NotOffered(f"{name} is out of reach", transition=name, state=ticket.state)
    validate(ticket, {"transition": name, "form": dict(answers)}, actor=actor)
    return apply(ticket, name, answers, actor=actor)


def apply(
    ticket: Ticket,
    name: str,
    answers: Mapping[str, Any],
    *,
    actor: Actor,
    caused_by: UUID | None = None,
) -> Ticket:
    """Take a transition on a ticket that is locked and checked."""
    moved = move(
        ticket, name, answers, actor=actor, workflow=workflow_of(ticket), version=ticket.version
    )
    settle(ticket, moved.target)
    touch(ticket)
    note_id = _keep(ticket, moved, actor)
    tell(
        ticket,
        moved.transition,
        (moved.source, moved.target),
        actor=actor,
        note_id=note_id,
        caused_by=caused_by,
    )
    return ticket


def settle(ticket: Ticket, target: State) -> None:
    """Let the ticket stand in `target`: state, status, stage and the times that go with them."""
    ticket.state, ticket.status, ticket.stage = target.name, target.status, target.stage
    finished = target.status in {"resolved", "closed"}
    ticket.resolved_at = (ticket.resolved_at or now()) if finished else None
    ticket.closed_at = (ticket.closed_at or now()) if target.status == "closed" else None


def tell(
    ticket: Ticket,
    transition: Transition,
    ends: tuple[State, State],
    *,
    actor: Actor,
    note_id: UUID | None = None,
    caused_by: UUID | None = None,
) -> None:
    """Emit `ticket.moved` and the transition's own event."""
    source, target = ends
    facts = {
        "from_state": source.name,
        "to_state": target.name,
        "transition": transition.name,
        "status": target.status,
    }
    reopened = source.status in {"resolved", "closed"} and target.status not in {
        "resolved",
        "closed",
    }
    subject = ("ticket", ticket.id)
    emit(
        TicketMoved(**facts, pauses=target.pauses, reopened=reopened, note_id=note_id),
        subject=subject,
        actor=actor,
        caused_by=caused_by,
    )
    if transition.event:
        own = catalog().shelf("event")[transition.event]
        emit(own(**facts), subject=subject, actor=actor, caused_by=caused_by)


def _keep(ticket: Ticket, moved: Move, actor: Actor) -> UUID | None:
    """Hand the answers to their plugin; otherwise keep them as a note, a customer's as his message."""
    effect = _effects.get((ticket.workflow, moved.transition.name))
    if effect is not None:
        declared, added = split_answers(moved.transition.form, moved.answers)
        merge_extra(ticket, added)
        effect(ticket, declared, actor)
        return None
    if not moved.answers:
        return None
    words = in_words(definitions.get("form", moved.transition.form), moved.answers)
    if actor.kind == "contact":
        return write_message(ticket, words, actor=actor, visibility=PUBLIC, purpose="reply").id
    return write_note(ticket, words, actor=actor, purpose="form").id


def split_answers(form: str, answers: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Answers to the fields as declared, and those to fields that a tenant added, ready for `extra`."""
    declared = catalog().shelf("form").get(form)
    names = {field.name for field in declared.fields} if declared else set()
    own = {name: value for name, value in answers.items() if name in names}
    return own, {name: plain(value) for name, value in answers.items() if name not in names}


def plain(value: Any) -> Any:
    """An answer as JSON keeps it."""
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if value is None or isinstance(value, str | int | float | bool):
        return value
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def in_words(form: Form, answers: Mapping[str, Any]) -> str:
    """Answers as lines of "title: value", in the reader's language."""
    lines = []
    for field in form.fields:
        if field.name not in answers:
            continue
        value = answers[field.name]
        titles = {option.value: text(option.title) for option in field.options}
        chosen = [
            titles.get(item, str(plain(item)))
            for item in (value if isinstance(value, list) else [value])
        ]
        lines.append(f"{text(field.title)}: {', '.join(chosen)}")
    return "\n".join(lines)


def close_plainly(ticket_id: UUID, *, actor: Actor, version: int | None) -> Ticket:
    """Core's own close, for a ticket whose plugin is off; NotOffered while it is on."""
    ticket = lock_ticket(ticket_id, actor=actor, permission="ticket:write")
    engine.check_version(ticket.version, version, actor)
    if is_on(ticket) or ticket.status == "closed":
        raise NotOffered("its own workflow closes it", transition=CORE_CLOSE, state=ticket.state)
    source, target = state_of(ticket), closing_state(ticket)
    ticket.version += 1
    settle(ticket, target)
    touch(ticket)
    way = Transition(CORE_CLOSE, "", (source.name,), target.name, event=TicketClosed.type)
    tell(ticket, way, (source, target), actor=actor)
    return ticket


def nudge(ticket: Ticket, name: str, *, caused_by: UUID | None = None) -> None:
    """Let the system take the transition `name`, if the workflow has it and nothing stands against it."""
    if ticket.merged_into is not None or not is_on(ticket):
        return
    ways = engine.offered(ticket.state, workflow_of(ticket), SYSTEM)
    if any(way.name == name and not way.form for way in ways):
        with suppress(Invalid):
            apply(ticket, name, {}, actor=SYSTEM, caused_by=caused_by)


def _known(found: Catalog, forms: Collection[str]) -> Known:
    return Known(
        forms=forms,
        guards=found.shelf("guard"),
        events=found.shelf("event"),
        permissions=found.shelf("permission"),
    )


def check_edited(graph: Workflow) -> list[Problem]:
    """What is wrong with a workflow that a tenant edited; its own forms count, too."""
    found = catalog()
    forms = {*found.shelf("form"), *definitions.names("form")}
    return [
        Problem(field="body", message="definition.graph", values=(("why", fault),))
        for fault in check_workflow(graph, _known(found, forms))
    ]


def check_graphs(found: Catalog) -> None:
    """Stop the start when a declared workflow or ticket type names something that there is not."""
    known = _known(found, found.shelf("form"))
    for name, workflow in found.shelf("workflow").items():
        faults = check_workflow(workflow, known)
        if faults:
            owner = found.owner("workflow", name) or "core"
            raise StartupError(f"workflow {name} of {owner}: {'; '.join(faults)}")
    for name, kind in found.shelf("ticket_type").items():
        for shelf, wanted in (("workflow", kind.workflow), ("form", kind.form)):
            if wanted and wanted not in found.shelf(shelf):
                raise StartupError(
                    f"ticket type {name} names the {shelf} {wanted!r}, which there is not"
                )
