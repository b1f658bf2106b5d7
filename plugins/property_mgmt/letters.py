"""What the customer is told of the work, in his language and zone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.sdk import (
    SYSTEM,
    Ticket,
    current_tenant,
    db,
    format_date,
    link_token_of,
    settings,
    speaking,
    text,
    write_message,
)

if TYPE_CHECKING:
    from datetime import date

    from plugins.property_mgmt.work_models import WorkOrder


def tell(order: WorkOrder, name: str, words: dict[str, str]) -> None:
    """Tell the customer what the move `name` means for him, if there is one and the tenant wants it."""
    ticket = db.session.get_one(Ticket, (current_tenant().id, order.ticket_id))
    told = settings("property_mgmt")
    if ticket.contact_id is None or not told["tell_resident"]:
        return
    hours = told["verify_hours"]
    with speaking(ticket.language or current_tenant().locale, current_tenant().timezone):
        # a letter that names nobody says so in a sentence of its own
        variant = "" if all(words.values()) else "_plain"
        body = text(f"property_mgmt.letter.{name}{variant}", **words, hours=hours)
    write_message(ticket, body, actor=SYSTEM, visibility="public", purpose="notice", automatic=True)


def sign_path(order: WorkOrder) -> str:
    """Where the customer signs, by the secret link of his ticket; "" while it has no living one."""
    token = link_token_of(order.ticket_id)
    return f"/p/property_mgmt/work/{order.position}/x/{token}" if token else ""


def day(value: date | None) -> str:
    """A day in words; "" for none."""
    return format_date(value, "sentence") if value else ""
