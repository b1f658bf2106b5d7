"""How a customer comes to a matter: by its secret link, or signed in to his own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import g

from core.host import links, public_url, tickets
from core.sdk import NotFound
from tenants.portal import layout

if TYPE_CHECKING:
    from uuid import UUID

    from core.host import Ticket
    from core.sdk import Actor


@dataclass(frozen=True)
class Door:
    """A customer before one of his matters; `base` is the address that everything of it hangs under."""

    actor: Actor
    ticket: Ticket
    base: str


def come_in(token: str = "", ticket_id: UUID | None = None) -> Door:
    """By link or by sign-in; NotFound for whoever has neither."""
    return by_link(token) if ticket_id is None else by_sign_in(ticket_id)


def by_link(token: str) -> Door:
    """The holder of a living link; NotFound when it is wrong, expired or revoked."""
    actor = links.actor_by_link(token)
    if actor.ticket_id is None:
        raise NotFound("a link without a ticket")
    return Door(actor, tickets.get_ticket(actor.ticket_id, actor=actor), f"/track/{token}")


def by_sign_in(ticket_id: UUID) -> Door:
    """The customer who signed in by code, at a matter of his own."""
    if not layout.signed_in():
        raise NotFound("not signed in")
    return Door(g.actor, tickets.get_ticket(ticket_id, actor=g.actor), f"/my/{ticket_id}")


def public_address(door: Door) -> str:
    """The whole address, to be kept."""
    found: str = public_url(door.base)
    return found
