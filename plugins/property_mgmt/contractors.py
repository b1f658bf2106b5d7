"""Contractors: who may get which work, and the signed links by which they see it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from core.sdk import (
    Actor,
    Invalid,
    NotFound,
    Option,
    PointIn,
    Problem,
    Reach,
    contact_names,
    create_contact,
    current_tenant,
    db,
    emit,
    make_token,
    points_of,
    public_url,
    read_token,
)
from plugins.property_mgmt.estates import check_version, row_of
from plugins.property_mgmt.events import ContractorAdded, ContractorChanged
from plugins.property_mgmt.forms import TRADES
from plugins.property_mgmt.models import Contractor
from plugins.property_mgmt.work_models import Offer

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from uuid import UUID

WRITE = "property_mgmt.contractor:write"
PURPOSE = "property_mgmt.job"


def add_contractor(name: str, phone: str, trades: Sequence[str], *, actor: Actor) -> Contractor:
    """A firm or craftsman that work may go to; Invalid for a bad number or a trade that there is not."""
    actor.must(WRITE)
    _check_trades(trades)
    points = [PointIn("phone", phone)] if phone else []
    contact = create_contact(name, points=points, verified=True, actor=actor)
    contractor = Contractor(contact_id=contact.id, trades=list(trades))
    # Their rows point at one another's ids without a relationship: the contact's goes first.
    db.session.flush()
    db.session.add(contractor)
    said = ContractorAdded(contractor_id=contractor.id)
    emit(said, subject=("property_mgmt.contractor", contractor.id), actor=actor)
    return contractor


def change_contractor(
    contractor_id: UUID, values: Mapping[str, Any], *, version: int | None, actor: Actor
) -> Contractor:
    """Change trades, or whether work goes there; StaleVersion, Invalid."""
    actor.must(WRITE)
    contractor: Contractor = row_of(Contractor, contractor_id)
    check_version(contractor, values, version)
    if "trades" in values:
        _check_trades(values["trades"])
    changed = tuple(name for name, value in values.items() if getattr(contractor, name) != value)
    for name in changed:
        setattr(contractor, name, values[name])
    if changed:
        contractor.version += 1
        said = ContractorChanged(contractor_id=contractor.id, fields=changed)
        emit(said, subject=("property_mgmt.contractor", contractor.id), actor=actor)
    return contractor


def _check_trades(trades: Sequence[str]) -> None:
    if not trades or not set(trades) <= set(TRADES):
        raise Invalid(Problem(field="trades", message="property_mgmt.error.trades"))


def contractors(*, trade: str = "") -> list[Contractor]:
    """Those that work goes to, of one trade or all."""
    rows = sa.select(Contractor).where(Contractor.active.is_(True)).order_by(Contractor.id)
    return [row for row in db.session.scalars(rows) if not trade or trade in row.trades]


def all_contractors() -> list[Contractor]:
    """Everyone, also those that no work goes to at present."""
    return list(db.session.scalars(sa.select(Contractor).order_by(Contractor.id)))


def names_of(contractor_ids: Iterable[UUID | None]) -> dict[UUID, str]:
    """Names of contractors by their own id."""
    wanted = {each for each in contractor_ids if each}
    rows = db.session.execute(
        sa.select(Contractor.id, Contractor.contact_id).where(Contractor.id.in_(wanted))
    ).all()
    names = contact_names([contact_id for _, contact_id in rows])
    return {row_id: names.get(contact_id, "") for row_id, contact_id in rows}


def told(rows: Sequence[Contractor]) -> list[dict[str, Any]]:
    """Contractors with name and telephone."""
    names = contact_names([row.contact_id for row in rows])
    points = points_of([row.contact_id for row in rows])
    return [
        {
            "row": row,
            "name": names.get(row.contact_id, ""),
            "phone": next((p.value for p in points[row.contact_id] if p.kind == "phone"), ""),
        }
        for row in rows
    ]


def options() -> tuple[Option, ...]:
    """What the form of a dispatch offers."""
    rows = contractors()
    names = names_of([row.id for row in rows])
    return tuple(Option(str(row.id), names[row.id]) for row in rows)


def speaks_as(contractor: Contractor) -> Actor:
    """The contractor as an actor: he may take the moves of his part, and nothing else."""
    name = contact_names([contractor.contact_id]).get(contractor.contact_id, "")
    grants = {"matter:accept": Reach.OWN}
    return Actor(kind="contact", id=contractor.contact_id, name=name, grants=grants)


# --- links ----------------------------------------------------------------------------------------


def job_path(offer: Offer) -> str:
    """Where the contractor sees this job, without signing in."""
    return f"/p/property_mgmt/job/{make_token(PURPOSE, offer.id)}"


def job_address(offer: Offer) -> str:
    """The same as a whole address, to be sent."""
    return public_url(job_path(offer))


def offer_by_token(token: str) -> Offer:
    """The offer that a link was made for; NotFound when it is not ours, or was declined or withdrawn."""
    offer = db.session.get(Offer, (current_tenant().id, read_token(PURPOSE, token)))
    if offer is None or offer.answer in {"declined", "withdrawn"}:
        raise NotFound("no such job")
    return offer
