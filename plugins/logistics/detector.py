"""The detector: asks each rule for its parcels, page by page over an index, and reports what is new (LG-04, SL-33)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from core.sdk import SYSTEM, current_tenant, db, settings, transaction
from plugins.logistics.cases import report
from plugins.logistics.models import ExceptionCase, Shipment
from plugins.logistics.rules import active_rules
from plugins.logistics.shipments import lock_shipment

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from core.sdk import JobRun
    from plugins.logistics.rules import Rule

PAGE = 100


def detect(job: JobRun) -> None:
    """Run every rule that is on; each exception is reported in a transaction of its own."""
    found = 0
    rules = active_rules()
    for done, rule in enumerate(rules, 1):
        found += _apply(rule)
        job.progress(done, len(rules))
    job.result["found"] = found


def _apply(rule: Rule) -> int:
    found, behind = 0, None
    while True:
        with transaction():
            page = candidates(rule, behind)
        for shipment_id in page:
            with transaction():
                found += _report_again(rule, shipment_id)
        if len(page) < PAGE:
            return found
        behind = page[-1]


def candidates(rule: Rule, behind: UUID | None = None) -> Sequence[UUID]:
    """Ids of parcels that the rule finds and that have no open exception of its kind, in order of their ids."""
    tenant_id = current_tenant().id
    open_already = sa.select(ExceptionCase.shipment_id).where(
        ExceptionCase.tenant_id == tenant_id,
        ExceptionCase.kind == rule.kind,
        ExceptionCase.over_at.is_(None),
    )
    query = sa.select(Shipment.id).where(
        Shipment.open == sa.true(),
        rule.finds(settings("logistics")),
        Shipment.id.not_in(open_already),
    )
    if behind is not None:
        query = query.where(Shipment.id > behind)
    return db.session.scalars(query.order_by(Shipment.id).limit(PAGE)).all()


def _report_again(rule: Rule, shipment_id: UUID) -> bool:
    """Report under the shipment's lock, if the rule still holds there."""
    shipment = lock_shipment(shipment_id)
    query = sa.select(Shipment.id).where(
        Shipment.id == shipment_id, Shipment.open == sa.true(), rule.finds(settings("logistics"))
    )
    if db.session.scalars(query).one_or_none() is None:
        return False
    return report(shipment, rule, by="system", actor=SYSTEM) is not None
