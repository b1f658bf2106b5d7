"""Number and phone tail: reads a masked view, can have the link sent to the stored address."""

from __future__ import annotations

import hmac
import re
from typing import TYPE_CHECKING

from core.auth import throttles
from core.contacts.events import LinkRequested
from core.contacts.links import LOOK_GRANTS, contact_actor, usable_link
from core.contacts.points import digits, masked, plain, tail
from core.contacts.service import get_contact, points_of
from core.errors import NotFound
from core.events import emit

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from core.actors import Actor
    from core.contacts.models import ContactPoint

NUMBER = re.compile(r"([A-Z]+)(\d{4})(\d{5,})")
QUARTER, HOUR = 15 * 60, 60 * 60
PER_RANGE, PER_NUMBER, RESENDS = 20, 10, 3


def canonical_number(typed: str) -> str:
    """A number as it is stored, however it was typed (case, dashes, width); "" when it is none."""
    match = NUMBER.fullmatch(re.sub(r"[^0-9A-Z]", "", plain(typed).upper()))
    return "-".join(match.groups()) if match else ""


def look_up(
    number: str, phone_tail: str, *, ip: str, find: Callable[[str], tuple[UUID, UUID] | None]
) -> Actor:
    """Who knows a number and the last four digits of its customer's phone may look, no more.

    `find(canonical number)` gives (ticket id, contact id). NotFound for whatever is wrong,
    TooMany when it was tried too often.
    """
    wanted, given = canonical_number(number), digits(phone_tail)
    throttles.spend(throttles.address_range("look-up", ip), PER_RANGE, QUARTER)
    throttles.spend(throttles.private("look-up", wanted), PER_NUMBER, HOUR)
    found = find(wanted) if wanted else None
    if found is None:
        raise NotFound("no such number and tail")
    ticket_id, contact_id = found
    contact = get_contact(contact_id)
    if not _tail_fits(contact.id, given):
        raise NotFound("no such number and tail")
    return contact_actor(contact, LOOK_GRANTS, ticket_id=ticket_id)


def _tail_fits(contact_id: UUID, given: str) -> bool:
    tails = [
        tail(point.value) for point in points_of([contact_id])[contact_id] if point.kind == "phone"
    ]
    return any(hmac.compare_digest(known.encode(), given.encode()) for known in tails)


def send_link_again(ticket_id: UUID, contact_id: UUID, *, actor: Actor) -> str | None:
    """Have the link mailed to the customer's stored address; gives it masked, or None."""
    throttles.spend(f"link-again:{ticket_id}", RESENDS, HOUR)
    contact = get_contact(contact_id)
    point = mail_point(contact.id)
    if point is None:
        return None
    link = usable_link(ticket_id, contact.id, actor=actor)
    event = LinkRequested(link_id=link.id, contact_id=contact.id, contact_point_id=point.id)
    emit(event, subject=("ticket", ticket_id), actor=actor)
    return masked(point.kind, point.value)


def mail_point(contact_id: UUID) -> ContactPoint | None:
    """Where mail to a contact goes: a verified address first, then the older one."""
    mails = [point for point in points_of([contact_id])[contact_id] if point.kind == "mail"]
    return min(mails, key=lambda point: point.verified_at is None, default=None)
