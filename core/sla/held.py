"""What a transaction has read and locked of the tickets whose clocks it moves, kept until it ends."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import event

from core.db import db
from core.sla.models import ClockRow, TicketPolicy, ticket_model
from core.sla.rows import OPEN

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.orm import Session, SessionTransaction

_KEY = "polydesk_sla_held"


@dataclass
class Held:
    """A locked ticket with its policy (None before its first event), open clocks by age, and rounds by metric.

    The lock keeps everybody else's hands off all of it, so within the transaction it is read once.
    """

    ticket: Any
    policy: TicketPolicy | None
    clocks: list[ClockRow]
    rounds: dict[str, int] | None = None


def take(ticket_id: UUID) -> Held:
    """What is held of the ticket, else locked and read; it must be given back by `give_back` when it is settled."""
    held = _shelf().pop(ticket_id, None)
    if held is None or not _is_fresh(held):
        return _read(ticket_id)
    held.clocks = sorted(
        (clock for clock in held.clocks if clock.state in OPEN), key=lambda clock: clock.id
    )
    return held


def give_back(ticket_id: UUID, held: Held) -> None:
    """Keep it for the ticket's next event, unless somebody settled the ticket meanwhile: then it is read anew."""
    if _shelf().pop(ticket_id, None) is None:
        _shelf()[ticket_id] = held


def _shelf() -> dict[UUID, Held]:
    shelf: dict[UUID, Held] = db.session().info.setdefault(_KEY, {})
    return shelf


def _is_fresh(held: Held) -> bool:
    """Whether the session still looks after every row: changes of others would be lost."""
    return all(row in db.session for row in (held.ticket, held.policy, *held.clocks))


@event.listens_for(db.session, "after_transaction_end")
def _let_go(session: Session, transaction: SessionTransaction) -> None:
    """Locks end with the transaction, and with a savepoint go what was written and locked behind it."""
    if transaction.nested or transaction.parent is None:
        session.info.pop(_KEY, None)


def _read(ticket_id: UUID) -> Held:
    """The first query writes what is pending; the ticket, a row of a floor above, lines up its movers by its lock."""
    ask, of = _asked(), {"of": ticket_id}
    ticket = db.session.scalars(ask[0], of).one()
    policy = db.session.scalars(ask[1], of).one_or_none()
    if policy is None:
        return Held(ticket, None, [])
    return Held(ticket, policy, list(db.session.scalars(ask[2], of)))


@lru_cache(maxsize=1)
def _asked() -> tuple[Any, Any, Any]:
    """The queries for a ticket, its policy and its open clocks: asked at every event, so built once."""
    model: Any = ticket_model()
    of: Any = sa.bindparam("of")
    return (
        _anew(sa.select(model).where(model.id == of)),
        _anew(sa.select(TicketPolicy).where(TicketPolicy.ticket_id == of), lock=False),
        _anew(
            sa.select(ClockRow)
            .where(ClockRow.ticket_id == of, ClockRow.state.in_(OPEN))
            .order_by(ClockRow.id),
            lock=False,
        ),
    )


def _anew(select: sa.Select[Any], *, lock: bool = True) -> sa.Select[Any]:
    """Over what the session knows already: only what was read behind the lock is true."""
    select = select.execution_options(populate_existing=True)
    return select.with_for_update() if lock else select


def next_round(held: Held, metric: str) -> int:
    """The number of a metric's next clock; asking twice uses up none."""
    if held.rounds is None:
        counted = sa.select(ClockRow.metric, sa.func.max(ClockRow.round)).where(
            ClockRow.ticket_id == held.ticket.id
        )
        found = db.session.execute(counted.group_by(ClockRow.metric)).all()
        held.rounds = dict(found)
    return held.rounds.get(metric, 0) + 1
