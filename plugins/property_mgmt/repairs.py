"""The repair report (报修): taken in through whichever door, with its home, its photos and a first work order."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Any

from core.sdk import (
    Invalid,
    NotFound,
    Problem,
    Suggestion,
    current_tenant,
    db,
    now,
    settings,
)
from plugins.property_mgmt.estates import find_unit
from plugins.property_mgmt.forms import CATEGORY_OF
from plugins.property_mgmt.models import Repair
from plugins.property_mgmt.orders import new_order
from plugins.property_mgmt.residents import link_unit
from plugins.property_mgmt.workflow import REPAIR

if TYPE_CHECKING:
    from uuid import UUID

    from core.sdk import Actor, Ticket

SURE = 1.0


def repair_of(ticket_id: UUID) -> Repair:
    """The report of a repair ticket; NotFound for a ticket of another type."""
    found = db.session.get(Repair, (current_tenant().id, ticket_id))
    if found is None:
        raise NotFound("no repair")
    return found


def known(ticket_id: UUID) -> Repair | None:
    """The same, or None."""
    return db.session.get(Repair, (current_tenant().id, ticket_id))


def take_in(ticket: Ticket, answers: dict[str, Any], actor: Actor) -> None:
    """Keep the report, link its home (PM-01) and make the first work order; Invalid for a number nobody has."""
    unit = find_unit(answers["unit"])
    if unit is None:
        raise Invalid(Problem(field="form.unit", message="property_mgmt.error.no_unit"))
    db.session.add(
        Repair(
            ticket_id=ticket.id,
            trade=answers["trade"],
            location=answers.get("location", ""),
            visit_on=answers.get("visit_on"),
            visit_window=answers.get("visit_window", ""),
            name=answers["name"],
            phone=answers["phone"],
        )
    )
    link_unit(ticket.id, unit.id, known_by="form", actor=actor)
    # The first work order reads which home it is for.
    db.session.flush()
    new_order(ticket, trade=answers["trade"], task=answers["description"], actor=actor)


def suggestions(ticket: Ticket) -> list[Suggestion]:
    """The category that goes with the trade, and urgency when the words name a danger."""
    repair = known(ticket.id) if getattr(ticket, "id", None) and ticket.type == REPAIR else None
    if repair is None:
        return []
    trade = f"property_mgmt.trade.{repair.trade}"
    found = [Suggestion("category", CATEGORY_OF[repair.trade], SURE, trade)]
    word = hazard_in(ticket.subject)
    if word and ticket.priority == "normal":
        found.append(Suggestion("priority", "urgent", SURE, word))
    return found


def hazard_in(words: str) -> str:
    """The first word of danger that the tenant listed and somebody said; "" when none is."""
    said = unicodedata.normalize("NFKC", words).casefold()
    listed = re.split(r"[,，、;；\n]", settings("property_mgmt")["hazard_words"])
    wanted = [unicodedata.normalize("NFKC", word).casefold().strip() for word in listed]
    return next((word for word in wanted if word and word in said), "")


def forget(repair: Repair, blank: str) -> None:
    """Overwrite who reported it and where exactly."""
    repair.name = repair.phone = blank
    repair.location = blank if repair.location else ""
    repair.erased_at = now()
