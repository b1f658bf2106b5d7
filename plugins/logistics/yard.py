"""The demonstration's company: its carriers and people, and the orders that its customers give."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from random import Random

    from core.sdk import Actor, Contact
    from plugins.logistics.models import Carrier
    from plugins.logistics.shipments import Meanings


@dataclass
class Yard:
    """The company as its file describes it, and whoever works and sends there."""

    told: dict[str, Any]
    chance: Random
    agents: list[Actor]
    senders: list[tuple[Contact, str]]
    accounts: dict[str, Carrier] = field(default_factory=dict)
    meanings: dict[str, Meanings] = field(default_factory=dict)

    def city(self, hub: str) -> str:
        """One of the cities that a hub serves."""
        return str(self.chance.choice(self.told["hubs"][hub]))


def answers_for(yard: Yard, name: str, phone: str) -> dict[str, Any]:
    """A likely order of somebody with that name and phone: goods, a route, a service."""
    chance, told = yard.chance, yard.told
    start, goal = chance.sample(sorted(told["hubs"]), 2)
    if chance.random() < 0.2:  # noqa: PLR2004  a fifth stays in its city
        goal = start
    return {
        "sender_name": name,
        "sender_phone": phone,
        "sender_city": yard.city(start) if goal != start else start,
        "sender_address": chance.choice(told["streets"]),
        "receiver_name": chance.choice(told["receivers"]),
        "receiver_phone": f"+861380000{chance.randrange(4000, 5000)}",
        "receiver_city": yard.city(goal) if goal != start else start,
        "receiver_address": chance.choice(told["streets"]),
        "goods": chance.choice(told["goods"]),
        "pieces": chance.choice((1, 1, 1, 1, 2, 3)),
        "weight_kg": round(chance.uniform(0.3, 24), 1),
        "service": chance.choice(("standard", "standard", "express", "freight")),
        "kind": "casual",
        "payment": chance.choice(("prepaid", "prepaid", "receiver")),
        "freight": {"amount": 100 * chance.randrange(12, 90), "currency": "CNY"},
        "declared": {"amount": 10_000 * chance.randrange(1, 60), "currency": "CNY"},
    }
