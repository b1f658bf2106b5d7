"""The control tower: open parcels by status, silence and promise, and the exceptions that are at work."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from core.sdk import TicketQuery, db, definition, list_tickets, now, sla_chips, state_named, text
from plugins.logistics.canonical import STATUSES, WAY
from plugins.logistics.carriers import list_carriers
from plugins.logistics.models import ExceptionCase, Shipment
from plugins.logistics.views import (
    AGES,
    BAD,
    CALM,
    ICONS,
    LOOKS,
    PROMISES,
    SHIPMENTS,
    WARN,
    address,
    lines,
    promise_condition,
)
from plugins.logistics.workflow import EXCEPTION

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from core.sdk import Actor


def tower(actor: Actor) -> dict[str, Any]:
    """Open parcels by status, by silence and by promise; the exceptions at work; what is late next."""
    by_status: Counter[str] = Counter(
        dict(
            db.session.execute(
                sa.select(Shipment.status, sa.func.count())
                .where(Shipment.open == sa.true())
                .group_by(Shipment.status)
            ).all()
        )
    )
    total = sum(by_status.values())
    return {
        "total": total,
        "statuses": _bars(by_status),
        "ages": _ages(),
        "promises": _promises(),
        "exceptions": _exceptions(actor),
        "late": lines(_late(), actor),
        "carriers": _carrier_lines(),
    }


def _bars(by_status: Counter[str]) -> list[dict[str, Any]]:
    shown = [status for status in STATUSES if by_status[status] or status in WAY[1:-1]]
    fullest = max(by_status.values(), default=0) or 1
    return [
        {
            "title": text(f"logistics.status.{status}"),
            "icon": ICONS[status],
            "look": LOOKS.get(status, ""),
            "count": by_status[status],
            "share": round(100 * by_status[status] / fullest),
            "url": address(SHIPMENTS, status=status),
        }
        for status in shown
    ]


def _counted(**conditions: sa.ColumnElement[bool]) -> dict[str, int]:
    """Several counts over the open parcels in one walk."""
    columns = [
        sa.func.coalesce(sa.func.sum(sa.case((condition, 1), else_=0)), 0).label(name)
        for name, condition in conditions.items()
    ]
    row = db.session.execute(sa.select(*columns).where(Shipment.open == sa.true())).one()
    return {name: int(count) for name, count in zip(conditions, row, strict=True)}


def _ages() -> list[dict[str, Any]]:
    at = now()
    found = _counted(
        **{
            name: sa.and_(
                Shipment.heard_at <= at - timedelta(hours=low),
                Shipment.heard_at > at - timedelta(hours=high),
            )
            for name, low, high in AGES
        }
    )
    looks = (CALM, CALM, WARN, BAD)
    return [
        {
            "title": text(f"logistics.age.{name}"),
            "count": found[name],
            "look": look if found[name] else CALM,
            "url": address(SHIPMENTS, age=name),
        }
        for (name, _, _), look in zip(AGES, looks, strict=True)
    ]


def _promises() -> list[dict[str, Any]]:
    found = _counted(**{name: promise_condition(name) for name in PROMISES})
    looks = {"late": BAD, "soon": WARN}
    return [
        {
            "title": text(f"logistics.promise.{name}"),
            "count": found[name],
            "look": looks.get(name, CALM) if found[name] else CALM,
            "url": address(SHIPMENTS, promise=name),
        }
        for name in PROMISES
    ]


def _late() -> list[Shipment]:
    query = (
        sa.select(Shipment)
        .where(Shipment.open == sa.true(), Shipment.promised_at < now())
        .order_by(Shipment.promised_at, Shipment.id)
        .limit(10)
    )
    return list(db.session.scalars(query))


def _exceptions(actor: Actor) -> dict[str, Any]:
    """The exceptions' tickets that are at work and that the actor may see, nearest due time first."""
    if not actor.can("ticket:read"):
        return {"lines": [], "notice": ""}
    query = TicketQuery(type=(EXCEPTION,), status=("new", "open", "waiting"), sort="due")
    page = list_tickets(query, actor=actor, cursor="", limit=20)
    kinds = _kinds_of([ticket.id for ticket in page.items])
    chips = sla_chips(page.items)
    way = definition("workflow", EXCEPTION)
    return {
        "notice": page.notice,
        "lines": [
            {
                "ticket": ticket,
                "kinds": kinds.get(ticket.id, []),
                "state": text(state_named(way, ticket.state).title),
                "chip": chips.get(ticket.id),
            }
            for ticket in page.items
        ],
    }


def _kinds_of(ticket_ids: Sequence[UUID]) -> dict[UUID, list[str]]:
    query = sa.select(ExceptionCase).where(ExceptionCase.ticket_id.in_(ticket_ids))
    found: dict[UUID, list[str]] = {}
    for case in db.session.scalars(query.order_by(ExceptionCase.id)):
        found.setdefault(case.ticket_id, []).append(text(f"logistics.kind_of.{case.kind}"))
    return found


def _carrier_lines() -> list[dict[str, Any]]:
    query = (
        sa.select(Shipment.carrier_id, sa.func.count())
        .where(Shipment.open == sa.true())
        .group_by(Shipment.carrier_id)
    )
    counted: dict[UUID, int] = dict(db.session.execute(query).all())
    return [{"carrier": row, "open": counted.get(row.id, 0)} for row in list_carriers()]
