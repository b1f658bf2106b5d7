"""Photos of the work: before, during and after; the files hang on the ticket, so that its customer sees them too."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from core.sdk import Invalid, Problem, claim_for_ticket, db
from plugins.property_mgmt.work_models import WorkPhoto

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from core.sdk import Actor
    from plugins.property_mgmt.work_models import WorkOrder

PHASES = ("before", "during", "after")


def keep_photos(
    order: WorkOrder, upload_ids: Iterable[UUID], phase: str, *, actor: Actor, form_key: str = ""
) -> None:
    """Hang uploads of the actor's on the work order; NotFound for somebody else's, Invalid for what is no picture."""
    wanted = list(upload_ids)
    if not wanted:
        return
    files = claim_for_ticket(wanted, order.ticket_id, actor=actor, form_key=form_key)
    if any(not file.is_picture for file in files):
        raise Invalid(Problem(field="form.photos", message="property_mgmt.error.no_picture"))
    for file in files:
        db.session.add(WorkPhoto(work_order_id=order.id, attachment_id=file.id, phase=phase))


def photos_of(order: WorkOrder) -> list[WorkPhoto]:
    """The photos of a work order in the order of its phases, oldest first."""
    rows = sa.select(WorkPhoto).where(WorkPhoto.work_order_id == order.id).order_by(WorkPhoto.id)
    return sorted(db.session.scalars(rows), key=lambda photo: PHASES.index(photo.phase))
