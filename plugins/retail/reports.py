"""Paper: the refund voucher (FM-12), the card application (FM-09), and the returns report with its Pareto."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from core.sdk import (
    Field,
    Invalid,
    NotFound,
    Problem,
    Report,
    attachment_content,
    charts,
    current_tenant,
    db,
    mask_phone,
    text,
)
from plugins.retail import members, rmas, sales, steps
from plugins.retail.models import Sale, SaleLine
from plugins.retail.refunds import get_refund, tender_of
from plugins.retail.return_models import Refund, Rma, RmaLine
from plugins.retail.workflow import EXECUTE, MEMBER_READ, REPORT

if TYPE_CHECKING:
    from collections.abc import Sequence

MONTH = timedelta(days=30)
MOST = 2000


# --- FM-12 ----------------------------------------------------------------------------------------


def voucher(refund_id: str) -> dict[str, Any]:
    """The cells of the voucher; only a refund that the till has posted has one."""
    refund = get_refund(_id("refund_id", refund_id))
    if refund.voucher is None:
        raise NotFound("no voucher before the till has posted")
    rma = rmas.rma_by_id(refund.rma_id)
    sale, tender = sales.get_sale(rma.sale_id), tender_of(refund)
    return {
        "r": {
            "organisation": text(current_tenant().name),
            "number": refund.voucher,
            "ticket": steps.ticket_of(rma).number or "",
            "receipt": sale.number,
            "sold_at": sale.sold_at,
            "store": sale.store,
            "lines": _voucher_lines(rma),
            "amount": rmas.amount_text(refund.amount, refund.currency),
            "method": text(f"retail.tender.{refund.method}"),
            "account": f"**** {tender.account}"
            if tender.kind == "bank" and tender.account
            else tender.account,
            "slip": refund.slip_reference,
            "slip_date": refund.slip_date,
            "till": refund.till_reference,
            "reason": text(f"retail.reason.{rma.reason}"),
            "rule": rmas.rule_text(rma.rule),
            "verified_by": rma.verified_name,
            "approved_by": refund.approved_name,
            "cashier": refund.cashier,
            "sent_at": refund.sent_at,
            "due_at": refund.due_at - timedelta(seconds=1) if refund.due_at else None,
        }
    }


def _voucher_lines(rma: Rma) -> list[dict[str, Any]]:
    return [
        {
            "name": line.name,
            "barcode": line.barcode,
            "count": rma_line.accepted or 0,
            "amount": rmas.amount_text(-rma_line.amount, rma.currency),
        }
        for rma_line, line in rmas.lines_of_rma(rma.id)
        if rma_line.accepted
    ]


# --- FM-09 ----------------------------------------------------------------------------------------


def application(application_id: str) -> dict[str, Any]:
    """The cells of the card application."""
    row = members.get_application(_id("application_id", application_id))
    member = members.get_member(row.member_id) if row.member_id else None
    card = members.working_card(member.id) if member else None
    return {
        "r": {
            "organisation": text(current_tenant().name),
            "number": row.number,
            "state": text(f"retail.application.{row.state}"),
            "name": row.name,
            "id_number": row.id_mask,
            "phone": mask_phone(row.phone),
            "mail": row.mail,
            "address": row.address,
            "birthday": row.birthday,
            "proxy": row.proxy,
            "proxy_name": row.proxy_name,
            "proxy_phone": mask_phone(row.proxy_phone) if row.proxy_phone else "",
            "proxy_id": row.proxy_id_mask,
            "signer": row.signed_name,
            "signature": attachment_content(row.signature_id) if row.signature_id else None,
            "taken_by": row.taken_name,
            "taken_at": row.taken_at,
            "checked_by": row.checked_name,
            "checked_at": row.checked_at,
            "override": row.override_reason,
            "override_by": row.override_name,
            "member": member.number if member else "",
            "card": card.number if card else "",
            "issued_at": card.issued_at if card else None,
        }
    }


def _id(name: str, given: str) -> UUID:
    try:
        return UUID(given)
    except ValueError:
        raise Invalid(Problem(field=name, message="retail.error.id")) from None


# --- returns --------------------------------------------------------------------------------------


def returns(since: date | None = None, until: date | None = None) -> dict[str, Any]:
    """Returns asked for between two days (the last 30 as shipped): by reason and category, and each line."""
    last = until or rmas.today()
    first = since or last - MONTH
    rows = _rows(first, last)
    by_reason = Counter({text(f"retail.short.{r}"): n for r, n in _units(rows, "reason").items()})
    return {
        "r": {
            "organisation": text(current_tenant().name),
            "since": first,
            "until": last,
            "rows": rows,
            "units": sum(row["units"] for row in rows),
            "cases": len({row["number"] for row in rows}),
            "by_reason": by_reason.most_common(),
            "by_category": _by_category(rows),
            "by_tender": _by_tender(first, last),
            "chart": charts.pareto(by_reason.most_common(), _finding(by_reason), width=420),
        }
    }


def _units(rows: Sequence[dict[str, Any]], name: str) -> dict[str, int]:
    found: dict[str, int] = defaultdict(int)
    for row in rows:
        found[row[name]] += row["units"]
    return found


def _finding(counted: Counter[str]) -> str:
    top = counted.most_common(1)
    if not top:
        return text("retail.report.nothing")
    return text("retail.report.finding", reason=top[0][0], count=top[0][1])


def _by_category(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    money: dict[str, int] = defaultdict(int)
    units = _units(rows, "category")
    for row in rows:
        money[row["category"]] += row["minor"]
    currency = rows[0]["currency"] if rows else "CNY"
    return [
        {
            "category": category,
            "units": count,
            "amount": rmas.amount_text(money[category], currency),
        }
        for category, count in sorted(units.items(), key=lambda each: (-each[1], each[0]))
    ]


def _rows(first: date, last: date) -> list[dict[str, Any]]:
    tenant_id = current_tenant().id
    joined = (
        sa.select(Rma, RmaLine, SaleLine, Sale)
        .join(RmaLine, sa.and_(RmaLine.tenant_id == tenant_id, RmaLine.rma_id == Rma.id))
        .join(
            SaleLine, sa.and_(SaleLine.tenant_id == tenant_id, SaleLine.id == RmaLine.sale_line_id)
        )
        .join(Sale, sa.and_(Sale.tenant_id == tenant_id, Sale.id == Rma.sale_id))
        .where(Rma.tenant_id == tenant_id, *_between(Rma.requested_at, first, last))
        .order_by(Rma.requested_at, Rma.id, SaleLine.position)
        .limit(MOST)
    )
    return [_row(*found) for found in db.session.execute(joined)]


def _between(column: Any, first: date, last: date) -> tuple[Any, Any]:
    zone = ZoneInfo(current_tenant().timezone)
    begins = datetime.combine(first, time(), zone).astimezone(UTC)
    ends = datetime.combine(last + timedelta(days=1), time(), zone).astimezone(UTC)
    return column >= begins, column < ends


def _row(rma: Rma, line: RmaLine, bought: SaleLine, sale: Sale) -> dict[str, Any]:
    ended = rma.finished_at
    return {
        "number": sale.number,
        "at": rma.requested_at,
        "sku": bought.sku,
        "goods": bought.name,
        "category": text(f"retail.category.{bought.category}"),
        "reason": rma.reason,
        "reason_words": text(f"retail.reason.{rma.reason}"),
        "units": line.quantity,
        "remedy": text(f"retail.remedy.{rma.remedy}"),
        "state": text(f"retail.rma.{rma.state}"),
        "minor": line.amount,
        "currency": rma.currency,
        "amount": rmas.amount_text(line.amount, rma.currency),
        "disposition": text(f"retail.disposition.{line.disposition}") if line.disposition else "",
        "days": (ended - rma.requested_at).days if ended else None,
        "rule": rmas.rule_text(rma.rule),
    }


def _by_tender(first: date, last: date) -> list[dict[str, Any]]:
    """Refunds by method: count, amount, how many went the way the money came (KP-18), days to arrival."""
    query = sa.select(Refund).where(*_between(Refund.created_at, first, last))
    groups: dict[str, list[Refund]] = defaultdict(list)
    for refund in db.session.scalars(query.limit(MOST)):
        groups[refund.method].append(refund)
    return [
        {
            "method": text(f"retail.tender.{method}"),
            "count": len(found),
            "amount": rmas.amount_text(sum(r.amount for r in found), found[0].currency),
            "original": round(100 * sum(r.method == r.original for r in found) / len(found)),
            "days": _average_days(found),
        }
        for method, found in sorted(groups.items())
    ]


def _average_days(found: Sequence[Refund]) -> str:
    waits = [
        (r.arrived_at - r.sent_at).total_seconds() / 86_400
        for r in found
        if r.arrived_at and r.sent_at
    ]
    return f"{sum(waits) / len(waits):.1f}" if waits else "—"


def _day(name: str) -> Field:
    return Field(name, "date", f"retail.field.{name}")


REPORTS = [
    Report(
        "retail.voucher", "retail.report.voucher", voucher, "retail/voucher.html", EXECUTE,
        (Field("refund_id", "text", "retail.field.refund", required=True),),
    ),
    Report(
        "retail.application", "retail.form.application", application, "retail/application_paper.html",
        MEMBER_READ, (Field("application_id", "text", "retail.field.application", required=True),),
    ),
    Report(
        "retail.returns", "retail.report.returns", returns, "retail/returns_paper.html", REPORT,
        (_day("since"), _day("until")),
    ),
]  # fmt: skip
