"""The on-time report: carrier by route, kept promises against all (KP-16), as page, PDF, chart and table."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from core.sdk import Field, Invalid, Problem, Report, charts, current_tenant, db, now, text
from plugins.logistics.models import Carrier, Shipment
from plugins.logistics.promises import scope_of
from plugins.logistics.workflow import READ_SHIPMENTS

if TYPE_CHECKING:
    from collections.abc import Iterable

DAYS, MOST_DAYS, GOAL, ROUTES = 60, 400, 95.0, 12


@dataclass
class Tally:
    """Shipments that are due or there: how many, how many in time, and how late the others were."""

    name: str
    all: int = 0
    kept: int = 0
    late_hours: list[float] = field(default_factory=list)

    @property
    def share(self) -> float:
        """Percent in time; 100 for none."""
        return 100 * self.kept / self.all if self.all else 100.0

    @property
    def delay(self) -> float:
        """Mean hours behind the promise, of those that were late."""
        return sum(self.late_hours) / len(self.late_hours) if self.late_hours else 0.0

    @property
    def broken(self) -> int:
        """Promises that were not kept."""
        return self.all - self.kept

    def add(self, shipment: Any, at: datetime) -> None:
        """Count a shipment: there in time, there late, or overdue."""
        self.all += 1
        ended = shipment.delivered_at or at
        if shipment.delivered_at and shipment.delivered_at <= shipment.promised_at:
            self.kept += 1
        else:
            self.late_hours.append((ended - shipment.promised_at).total_seconds() / 3600)


def on_time(
    since: date | None = None, until: date | None = None, carrier: str = ""
) -> dict[str, Any]:
    """Kept promises of shipments that were promised for days from `since` to `until`, both counted (KP-16).

    Counted are those that arrived and those that are overdue; parcels whose promise is still ahead are not.
    """
    zone = ZoneInfo(current_tenant().timezone)
    last = until or now().astimezone(zone).date()
    first = since or last - timedelta(days=DAYS - 1)
    if first > last or (last - first).days > MOST_DAYS:
        raise Invalid(Problem(field="since", message="logistics.error.period"))
    rows, titles = _rows(first, last, carrier, zone)
    total, by_carrier, cells, routes = _counted(rows, titles)
    carriers = sorted(by_carrier.values(), key=lambda each: (each.share, each.name))
    return {
        "o": {
            "organisation": text(current_tenant().name),
            "since": first,
            "until": last,
            "carrier": carrier,
            "total": total,
            "carriers": carriers,
            "cells": _matrix(by_carrier, cells),
            "routes": _worst(routes.values()),
            "chart": _chart(carriers, total),
            "takeaway": _takeaway(carriers, total),
        }
    }


def _counted(rows: list[Any], titles: dict[Any, str]) -> tuple[Any, Any, Any, Any]:
    """All of them, by carrier, by carrier and kind of route, by route."""
    total = Tally(text("logistics.on_time.all"))
    by_carrier: dict[Any, Tally] = {}
    cells: dict[tuple[Any, str], Tally] = {}
    routes: dict[str, Tally] = defaultdict(lambda: Tally(""))
    at = now()
    for row in rows:
        scope = text(f"logistics.scope.{scope_of(row.from_city, row.to_city, row.service)}")
        route = text("logistics.route", origin=row.from_city, goal=row.to_city)
        own = by_carrier.setdefault(row.carrier_id, Tally(titles[row.carrier_id]))
        cell = cells.setdefault((row.carrier_id, scope), Tally(scope))
        routes[route].name = route
        for tally in (total, own, cell, routes[route]):
            tally.add(row, at)
    return total, by_carrier, cells, routes


def _rows(
    first: date, last: date, carrier: str, zone: ZoneInfo
) -> tuple[list[Any], dict[Any, str]]:
    begin = datetime.combine(first, time(), zone).astimezone(UTC)
    finish = min(datetime.combine(last + timedelta(days=1), time(), zone).astimezone(UTC), now())
    tenant_id = current_tenant().id
    accounts = db.session.scalars(sa.select(Carrier)).all()
    titles = {row.id: text(row.title) for row in accounts}
    wanted = [row.id for row in accounts if not carrier or row.code == carrier]
    query = sa.select(
        Shipment.carrier_id, Shipment.from_city, Shipment.to_city, Shipment.service,
        Shipment.promised_at, Shipment.delivered_at,
    ).where(
        Shipment.tenant_id == tenant_id,
        Shipment.carrier_id.in_(wanted),
        Shipment.promised_at >= begin,
        Shipment.promised_at < finish,
        Shipment.status.not_in(("cancelled", "returned", "returning")),
    )  # fmt: skip
    return list(db.session.execute(query)), titles


def _matrix(by_carrier: dict[Any, Tally], cells: dict[tuple[Any, str], Tally]) -> dict[str, Any]:
    scopes = sorted({scope for _, scope in cells})
    ordered = sorted(by_carrier.items(), key=lambda each: (each[1].share, each[1].name))
    return {
        "scopes": scopes,
        "rows": [
            {"carrier": tally, "cells": [cells.get((key, scope)) for scope in scopes]}
            for key, tally in ordered
        ],
    }


def _worst(routes: Iterable[Tally]) -> list[Tally]:
    found = [route for route in routes if route.broken]
    return sorted(found, key=lambda each: (-each.broken, each.share, each.name))[:ROUTES]


def _chart(carriers: list[Tally], total: Tally) -> Any:
    rows = [(each.name, each.share, GOAL) for each in carriers]
    if not rows:
        return ""
    lowest = min(each.share for each in carriers)
    low = max(0, int(lowest // 10) * 10 - 10)
    label = _takeaway(carriers, total)
    return charts.bullet(rows, label, target=text("logistics.on_time.goal"), low=low, width=640)


def _takeaway(carriers: list[Tally], total: Tally) -> str:
    if not carriers:
        return text("logistics.on_time.empty")
    return text(
        "logistics.on_time.takeaway", share=f"{total.share:.1f}", count=total.all,
        name=carriers[0].name, low=f"{carriers[0].share:.1f}",
    )  # fmt: skip


ON_TIME = Report(
    "logistics.on_time", "logistics.report.on_time", on_time, "logistics/on_time_print.html",
    READ_SHIPMENTS,
    (
        Field("since", "date", "logistics.field.since"),
        Field("until", "date", "logistics.field.until"),
        Field("carrier", "text", "logistics.field.carrier", maximum=30),
    ),
)  # fmt: skip
