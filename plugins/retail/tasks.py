"""What must be done besides a return's steps: goods to take away (RT-15), a refund to run after (SL-19)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from core.sdk import (
    Conflict,
    NotFound,
    Ticket,
    current_tenant,
    db,
    emit,
    now,
    visible_tickets_to,
)
from plugins.retail.return_events import TaskDone
from plugins.retail.return_models import Refund, Rma, Task

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from core.sdk import Actor


def open_task(
    kind: str, rma: Rma, *, due_at: datetime, refund: Refund | None = None
) -> Task | None:
    """A task, once per return or refund; None when there is one already."""
    key = f"{kind}:{refund.id if refund else rma.id}"
    if db.session.scalars(sa.select(Task.id).where(Task.key == key)).one_or_none():
        return None
    task = Task(
        kind=kind, rma_id=rma.id, refund_id=refund.id if refund else None, key=key,
        created_at=now(), due_at=due_at,
    )  # fmt: skip
    db.session.add(task)
    return task


def close_task(kind: str, refund: Refund, *, result: str) -> None:
    """The reason for a task has gone."""
    task = db.session.scalars(
        sa.select(Task).where(Task.key == f"{kind}:{refund.id}")
    ).one_or_none()
    if task is not None and task.done_at is None:
        task.done_at, task.result = now(), result


def finish(task_id: UUID, result: str, *, actor: Actor) -> Task:
    """Note what came of it; Conflict when somebody did already."""
    task = get_task(task_id)
    if task.done_at is not None:
        raise Conflict("the task is done", field="task_id")
    rma = db.session.get_one(Rma, (current_tenant().id, task.rma_id))
    task.done_at, task.done_name, task.result = now(), actor.name, result
    fact = TaskDone(task_id=task.id, kind=task.kind)
    emit(fact, subject=("ticket", rma.ticket_id), actor=actor)
    return task


def get_task(task_id: UUID) -> Task:
    """The task; NotFound."""
    found = db.session.get(Task, (current_tenant().id, task_id))
    if found is None:
        raise NotFound(f"no task {task_id}")
    return found


def open_tasks(actor: Actor, *, limit: int = 50) -> list[tuple[Task, Rma, Ticket]]:
    """Tasks of returns that the actor sees, the most pressing first."""
    tenant_id = current_tenant().id
    rmas = sa.and_(Task.tenant_id == tenant_id, Rma.tenant_id == tenant_id, Task.rma_id == Rma.id)
    tickets = sa.and_(Ticket.tenant_id == tenant_id, Ticket.id == Rma.ticket_id)
    query = (
        sa.select(Task, Rma, Ticket)
        .join(Rma, rmas)
        .join(Ticket, tickets)
        .where(Task.done_at.is_(None), visible_tickets_to(actor))
        .order_by(Task.due_at, Task.id)
        .limit(limit)
    )
    return [(row[0], row[1], row[2]) for row in db.session.execute(query)]


def tasks_of(rma_id: UUID) -> list[Task]:
    """The tasks of a return."""
    query = sa.select(Task).where(Task.rma_id == rma_id)
    return list(db.session.scalars(query.order_by(Task.due_at, Task.id)))
