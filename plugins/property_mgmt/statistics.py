"""FM-07, the complaint classification statistics (顾客投诉分类统计表): category by grade with margins, and a chart."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from core.sdk import charts, current_tenant, day_of, db, now, text
from plugins.complaints.sdk import GRADES, Complaint, facts_between
from plugins.property_mgmt.models import Building, Estate, TicketUnit, Unit

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from uuid import UUID

    from plugins.complaints.sdk import ComplaintFacts

DAYS = 30
NONE = ""
MOST_BARS = 10


def complaint_of(ticket_id: UUID) -> Complaint | None:
    """The intake record of a complaint; None for another ticket."""
    return db.session.get(Complaint, (current_tenant().id, ticket_id))


def statistics(start: date | None = None, end: date | None = None) -> dict[str, Any]:
    """The cells of FM-07 for [start, end], days in the tenant's zone; the last 30 days unless they are said."""
    today = day_of(now())
    last = end or today
    first = start or last - timedelta(days=DAYS - 1)
    facts = facts_between(_midnight(first), _midnight(last + timedelta(days=1)))
    grades = (*GRADES, NONE) if any(not fact.grade for fact in facts) else GRADES
    rows = _rows(facts, grades)
    return {
        "r": {
            "organisation": text(current_tenant().name),
            "start": first,
            "end": last,
            "grades": [_grade_title(grade) for grade in grades],
            "rows": rows,
            "total": _row("", facts, grades),
            "estates": _per_estate(facts),
            "figures": _figures(facts),
            "chart": _chart(rows, grades),
        }
    }


def _midnight(day: date) -> datetime:
    zone = ZoneInfo(current_tenant().timezone)
    return datetime.combine(day, time(), zone).astimezone(UTC)


def _grade_title(grade: str) -> str:
    return text(f"complaints.grade.{grade}") if grade else text("property_mgmt.statistics.ungraded")


def _rows(facts: Sequence[ComplaintFacts], grades: Sequence[str]) -> list[dict[str, Any]]:
    """One row per category that occurs, the most frequent first."""
    counted = Counter(fact.category for fact in facts)
    ordered = sorted(counted, key=lambda category: (-counted[category], category))
    return [
        _row(category, [fact for fact in facts if fact.category == category], grades)
        for category in ordered
    ]


def _row(category: str, facts: Sequence[ComplaintFacts], grades: Sequence[str]) -> dict[str, Any]:
    by_grade = Counter(fact.grade for fact in facts)
    judged = [fact for fact in facts if fact.finding]
    upheld = sum(1 for fact in judged if fact.finding != "not_founded")
    return {
        "code": category,
        "title": text(category) if category else text("property_mgmt.statistics.uncategorised"),
        "cells": [by_grade[grade] for grade in grades],
        "sum": len(facts),
        "upheld": f"{round(100 * upheld / len(judged))}%" if judged else "—",
        "ack_minutes": _mean(
            (fact.received_at - fact.opened_at).total_seconds() / 60
            for fact in facts
            if fact.received_at
        ),
        "close_hours": _mean(
            (fact.closed_at - fact.opened_at).total_seconds() / 3600
            for fact in facts
            if fact.closed_at
        ),
        "repeated": f"{round(100 * sum(1 for f in facts if f.repeated) / len(facts))}%"
        if facts
        else "—",
    }


def _mean(values: Iterable[float]) -> str:
    found = list(values)
    return f"{sum(found) / len(found):.1f}" if found else "—"


def _per_estate(facts: Sequence[ComplaintFacts]) -> list[dict[str, Any]]:
    """How many of them are about homes of each estate; the rest names no home."""
    tenant_id = current_tenant().id
    ids = [fact.ticket_id for fact in facts]
    rows = db.session.execute(
        sa.select(Estate.name, sa.func.count())
        .join(Building, sa.and_(Building.tenant_id == tenant_id, Building.estate_id == Estate.id))
        .join(Unit, sa.and_(Unit.tenant_id == tenant_id, Unit.building_id == Building.id))
        .join(TicketUnit, sa.and_(TicketUnit.tenant_id == tenant_id, TicketUnit.unit_id == Unit.id))
        .where(Estate.tenant_id == tenant_id, TicketUnit.ticket_id.in_(ids))
        .group_by(Estate.name)
        .order_by(sa.func.count().desc(), Estate.name)
    ).all()
    found = [{"title": row[0], "count": row[1]} for row in rows]
    rest = len(facts) - sum(row[1] for row in rows)
    words = text("property_mgmt.statistics.no_estate")
    return [*found, {"title": words, "count": rest}] if rest else found


def _figures(facts: Sequence[ComplaintFacts]) -> list[dict[str, Any]]:
    whole = _row("", facts, GRADES)
    names = ("sum", "upheld", "ack_minutes", "close_hours", "repeated")
    return [
        {"title": text(f"property_mgmt.statistics.{name}"), "value": whole[name]} for name in names
    ]


def _chart(rows: Sequence[dict[str, Any]], grades: Sequence[str]) -> str:
    """Bars per category, stacked by grade; the finding in a sentence for those who do not see it."""
    shown = rows[:MOST_BARS]
    if not shown:
        return ""
    first = shown[0]
    finding = text("property_mgmt.statistics.finding", title=first["title"], count=first["sum"])
    return charts.stacked(
        [(row["title"], row["cells"]) for row in shown],
        [_grade_title(grade) for grade in grades],
        finding,
        width=680,
    )
