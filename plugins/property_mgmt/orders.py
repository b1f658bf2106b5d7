"""Work orders: made, found, and moved along ST-W, whoever moves them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from core.sdk import (
    SYSTEM,
    NotFound,
    NotOffered,
    Ticket,
    current_tenant,
    db,
    definition,
    definition_version,
    emit,
    get_ticket,
    move,
    move_ticket,
    now,
    offered_moves,
    state_named,
    visible_tickets_to,
)
from plugins.property_mgmt import effects, timing
from plugins.property_mgmt.residents import unit_of_ticket
from plugins.property_mgmt.work_events import WorkReported
from plugins.property_mgmt.work_models import WorkOrder, WorkStep
from plugins.property_mgmt.workflow import (
    BY_CLOCK,
    BY_CONTRACTOR,
    BY_RESIDENT,
    NAME,
    REPAIR,
    TICKET_STATE,
    WRITE,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from uuid import UUID

    from core.sdk import Actor, State, Timer, Transition, Workflow

CONTRACTOR: Collection[str] = frozenset(BY_CONTRACTOR)
RESIDENT: Collection[str] = frozenset(BY_RESIDENT)


def new_order(ticket: Ticket, *, trade: str, task: str, actor: Actor) -> WorkOrder:
    """Make a work order for a ticket; it stands at `reported`."""
    version = definition_version("workflow", NAME)
    graph: Workflow = definition("workflow", NAME, version)
    last = db.session.scalar(
        sa.select(sa.func.max(WorkOrder.position)).where(WorkOrder.ticket_id == ticket.id)
    )
    unit = unit_of_ticket(ticket.id)
    order = WorkOrder(
        ticket_id=ticket.id,
        position=(last or 0) + 1,
        unit_id=unit.id if unit else None,
        trade=trade,
        task=task,
        state=graph.initial,
        workflow_version=version,
    )
    db.session.add(order)
    # Steps point at the order, and nothing else orders the rows.
    db.session.flush()
    db.session.add(_step(order, "report", "", actor, ""))
    said = WorkReported(
        work_order_id=order.id,
        position=order.position,
        from_state="",
        to_state=order.state,
        unit_id=order.unit_id,
        trade=trade,
    )
    emit(said, subject=("ticket", ticket.id), actor=actor)
    return order


def order_for_staff(ticket_id: UUID, *, trade: str, task: str, actor: Actor) -> WorkOrder:
    """A member of staff makes a work order for a ticket that he sees; NotFound, Forbidden."""
    actor.must(WRITE)
    ticket = get_ticket(ticket_id, actor=actor)
    return new_order(ticket, trade=trade, task=task, actor=actor)


def order_of(work_order_id: UUID, *, actor: Actor) -> WorkOrder:
    """The one door: a work order whose ticket the actor may see; else NotFound."""
    order: WorkOrder | None = db.session.get(WorkOrder, (current_tenant().id, work_order_id))
    if order is None:
        raise NotFound("no such work order")
    get_ticket(order.ticket_id, actor=actor)
    return order


def workflow_of(order: WorkOrder) -> Workflow:
    """ST-W at the version that the order was made with."""
    found: Workflow = definition("workflow", NAME, order.workflow_version)
    return found


def state_of(order: WorkOrder) -> State:
    """Where the order stands."""
    return state_named(workflow_of(order), order.state)


def number_of(order: WorkOrder, ticket: Ticket) -> str:
    """The number on paper: the ticket's and the order's place at it."""
    return f"{ticket.number}-{order.position}"


def offered_for(
    order: WorkOrder, actor: Actor, part: Collection[str] | None = None
) -> list[Transition]:
    """The moves that this actor may take now; `part` narrows an outsider's to his own."""
    found = offered_moves(order.state, workflow_of(order), actor)
    return [way for way in found if _is_his(way.name, part) and way.name not in BY_CLOCK]


def take(
    work_order_id: UUID,
    name: str,
    answers: Mapping[str, Any],
    *,
    actor: Actor,
    version: int | None,
    part: Collection[str] | None = None,
) -> WorkOrder:
    """Take the move `name`; raises NotFound, NotOffered, Invalid (at `form.<field>`) or StaleVersion.

    `part` are the moves of an outsider: a contractor's or a resident's. Staff need the permission of the move.
    """
    order = _locked(work_order_id)
    if not _is_his(name, part):
        raise NotOffered(f"{name} is not offered", transition=name, state=order.state)
    moved = move(order, name, answers, actor=actor, workflow=workflow_of(order), version=version)
    order.state_at = now()
    ends = {"from_state": moved.source.name, "to_state": moved.target.name}
    facts = {"work_order_id": order.id, "position": order.position, **ends}
    done = effects.apply(order, name, dict(moved.answers), actor, facts)
    db.session.add(_step(order, name, moved.source.name, actor, done.said))
    emit(done.event, subject=("ticket", order.ticket_id), actor=actor)
    if {moved.source.name, order.state} & set(timing.TIMED):
        timing.reset(order)
    _follow(order)
    effects.tell_resident(order, name, done.told)
    return order


def due(timer: Timer) -> None:
    """Take the move that is due by itself, if the order still stands where it was set."""
    order = db.session.get(WorkOrder, (current_tenant().id, timer.subject_id))
    coming = timing.next_by_itself(order) if order else None
    if order is None or coming is None:
        return
    if coming[1] > now():
        timing.reset(order)
        return
    take(order.id, coming[0], {}, actor=SYSTEM, version=None)


def _is_his(name: str, part: Collection[str] | None) -> bool:
    return part is None or name in part


def _locked(work_order_id: UUID) -> WorkOrder:
    rows = sa.select(WorkOrder).where(WorkOrder.id == work_order_id).with_for_update()
    found: WorkOrder | None = db.session.scalars(
        rows.execution_options(populate_existing=True)
    ).one_or_none()
    if found is None:
        raise NotFound("no such work order")
    return found


def _step(order: WorkOrder, name: str, source: str, actor: Actor, said: str) -> WorkStep:
    return WorkStep(
        work_order_id=order.id,
        move=name,
        from_state=source,
        to_state=order.state,
        actor_kind=actor.kind,
        actor_id=actor.id,
        actor_name=actor.name if actor.kind != "system" else "",
        said=said,
    )


def _follow(order: WorkOrder) -> None:
    """A repair ticket stands where its newest work order does."""
    ticket = db.session.get_one(Ticket, (current_tenant().id, order.ticket_id))
    wanted = TICKET_STATE[order.state]
    if ticket.type != REPAIR or wanted in {ticket.state, "received"}:
        return
    newest = sa.select(sa.func.max(WorkOrder.position)).where(WorkOrder.ticket_id == ticket.id)
    if db.session.scalar(newest) == order.position:
        move_ticket(ticket.id, f"to_{wanted}", {}, actor=SYSTEM, version=None)


# --- lists ----------------------------------------------------------------------------------------


def orders_where(wanted: Mapping[str, Any], *, actor: Actor) -> sa.Select[Any]:
    """Work orders of tickets that the actor sees, by state, stage, trade, unit, ticket and contractor."""
    tenant_id = current_tenant().id
    seen = sa.select(Ticket.id).where(
        Ticket.tenant_id == tenant_id, visible_tickets_to(actor, "ticket:read")
    )
    rows = sa.select(WorkOrder).where(WorkOrder.ticket_id.in_(seen))
    for name in ("unit_id", "ticket_id", "contractor_id", "trade", "state"):
        if wanted.get(name):
            rows = rows.where(getattr(WorkOrder, name) == wanted[name])
    if wanted.get("states"):
        rows = rows.where(WorkOrder.state.in_(wanted["states"]))
    return rows


def orders_at(ticket_ids: Iterable[UUID]) -> list[WorkOrder]:
    """The work orders of tickets that were checked already, first to last."""
    rows = sa.select(WorkOrder).where(WorkOrder.ticket_id.in_(list(ticket_ids)))
    return list(db.session.scalars(rows.order_by(WorkOrder.ticket_id, WorkOrder.position)))


def steps_of(order: WorkOrder) -> Sequence[WorkStep]:
    """What happened to a work order, first to last."""
    rows = sa.select(WorkStep).where(WorkStep.work_order_id == order.id).order_by(WorkStep.id)
    return db.session.scalars(rows).all()


def counts(actor: Actor) -> dict[str, int]:
    """How many orders that the actor sees stand in each state."""
    rows = orders_where({}, actor=actor).with_only_columns(WorkOrder.state, sa.func.count())
    return {row[0]: row[1] for row in db.session.execute(rows.group_by(WorkOrder.state))}
