"""What becomes of the demonstration's parcels: each fate as a way of events, with exceptions where they belong."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from core.sdk import SYSTEM, db, move_ticket, reaches
from plugins.logistics import cases, orders, shipments
from plugins.logistics.adapters import Report
from plugins.logistics.presets import HUB, TAGS
from plugins.logistics.rules import ALL
from plugins.logistics.yard import answers_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from core.sdk import Actor, Ticket
    from plugins.logistics.models import Order, Shipment
    from plugins.logistics.yard import Yard

    Step = tuple[datetime, Callable[[], None]]

# 320 parcels: 82 % in time (34 of them still under way), 6 % late, 3 % damaged, 1 % lost, 2 % returned,
# 3 % in customs, 3 % silent.
FATES = (
    ("on_time", 223), ("not_received", 2), ("failed_twice", 3), ("late", 16), ("late_failed", 3), ("damaged", 10),
    ("lost", 3), ("returned", 4), ("returning", 2), ("customs", 5), ("customs_now", 5),
    ("silent", 5), ("silent_now", 5), ("pending", 4), ("info_received", 2), ("pickup_missed", 3),
    ("picked_up", 5), ("in_transit", 7), ("at_depot", 4), ("out_for_delivery", 3),
    ("available_for_pickup", 2), ("attempt_failed", 2), ("expired", 1), ("cancelled", 1),
)  # fmt: skip
WAY = (
    ("picked_up", 0.06), ("in_transit", 0.2), ("in_transit", 0.5), ("at_depot", 0.75),
    ("out_for_delivery", 0.85), ("delivered", 0.92),
)  # fmt: skip
CODES = {
    "push": {meaning: code for code, meaning in reversed(TAGS.items())},
    "poll": {meaning: code for code, meaning in reversed(HUB.items())},
}


@dataclass
class Parcel:
    """One order with its fate, and where its carrier finds it."""

    yard: Yard
    index: int
    fate: str
    begins: datetime
    carrier: str = ""
    order: Order | None = None
    shipment: Shipment | None = None

    @property
    def agent(self) -> Actor:
        """Who takes the call and looks after it."""
        return self.yard.agents[self.index % len(self.yard.agents)]

    def take(self) -> None:
        """The order comes in, gets its waybill, is paid and confirmed."""
        yard, chance = self.yard, self.yard.chance
        contact, phone = yard.senders[(self.index * 7) % len(yard.senders)]
        answers = answers_for(yard, contact.display_name, phone)
        self.carrier = chance.choices(*zip(*yard.told["weights"].items(), strict=True))[0]
        if self.fate.startswith("customs"):
            self._abroad(answers)
        if self.index % 6 == 0:
            answers |= {
                "kind": "contract",
                "contract": f"HT-{1000 + self.index}",
                "payment": "account",
            }
        channel = "web" if self.index % 5 == 0 else "phone"
        order = orders.take_order(answers, contact_id=contact.id, channel=channel, actor=self.agent)
        shipment = orders.submit_order(order, self.carrier, actor=self.agent)
        self.order, self.shipment = order, shipment
        if self.fate == "pending":
            return
        if order.payment == "prepaid":
            orders.move_order(order, "pay", {}, actor=self.agent, version=order.version)
        orders.move_order(order, "confirm", {}, actor=self.agent, version=order.version)
        if self.fate == "pickup_missed":
            by = self.begins + timedelta(hours=4)
            given = {"salesman": str(self.agent.id), "pickup_by": by.isoformat()}
            orders.move_order(order, "dispatch", given, actor=self.agent, version=order.version)

    def _abroad(self, answers: dict[str, Any]) -> None:
        place = self.yard.chance.choice(self.yard.told["abroad"])
        self.carrier = self.yard.chance.choice(("norden", "crown"))
        answers |= {
            "receiver_city": place["city"],
            "receiver_address": place["address"],
            "service": "international",
        }

    def hear(self, *told: tuple[datetime, str, str, str]) -> None:
        """The carrier tells (when, status, kind, place); one call, whatever it holds."""
        account = self.yard.accounts[self.carrier]
        codes = CODES[account.adapter]
        reports = [
            Report("", codes[status, sub], at, self.yard.told["sub_words"].get(sub, ""), place)
            for at, status, sub, place in told
        ]
        shipments.hear(
            self.there,
            reports,
            source=account.adapter,
            actor=SYSTEM,
            meanings=self.yard.meanings[self.carrier],
        )

    @property
    def there(self) -> Shipment:
        """The waybill, once the order was taken."""
        if self.shipment is None:
            raise LookupError("no order was taken")
        return self.shipment

    def report(self, kind: str, words: str = "") -> Ticket:
        """The rule (or the customer) finds it; gives the ticket."""
        by = "customer" if kind == "not_received" else "system"
        made = cases.report(self.there, ALL[kind], by=by, actor=SYSTEM, words=words)
        if made is None:
            raise LookupError(f"{kind} is known already")
        db.session.flush()  # the next step finds it by a query
        return cases.ticket_of(made)

    def phrase(self, name: str) -> Any:
        """One of the company's phrases, its blanks filled."""
        offered = self.yard.told[name]
        chosen = offered[self.index % len(offered)]
        title = self.yard.accounts[self.carrier].title["zh-CN"]
        blanks = {"carrier": title, "hub": self.yard.chance.choice(sorted(self.yard.told["hubs"]))}
        if isinstance(chosen, str):
            return chosen.format(**blanks)
        return {key: value.format(**blanks) for key, value in chosen.items()}

    def handle(self, ticket: Ticket, name: str, **answers: Any) -> None:
        """Somebody takes a step at the exception's ticket, if it is still offered there."""
        if ticket.state in {"resolved", "closed"}:
            return
        people = self.yard.agents
        turned = people[self.index % len(people) :] + people[: self.index % len(people)]
        actor = next(each for each in turned if reaches(ticket, each, "ticket:write"))
        move_ticket(ticket.id, name, answers, actor=actor, version=ticket.version)


def tell(parcel: Parcel, present: datetime) -> Iterator[Step]:
    """The steps of a parcel's story, each with its time; what lies ahead of the present is left out."""
    yield parcel.begins, parcel.take
    for at, call in _story(parcel, present):
        if at < present:
            yield at, call


def _way(
    parcel: Parcel, hours: float, until: str = "delivered"
) -> list[tuple[datetime, str, str, str]]:
    told, chance = [], parcel.yard.chance
    last = max(share for status, share in WAY if status == until)
    hubs = sorted(parcel.yard.told["hubs"])
    for status, share in WAY:
        at = parcel.begins + timedelta(hours=hours * share * chance.uniform(0.9, 1.05))
        station = chance.choice(parcel.yard.told["stations"])
        place = f"{chance.choice(hubs)}{'分拨中心' if 'transit' in status else station + '营业部'}"
        told.append((at, status, "", place))
        if status == until and share == last:
            break
    return told


def _story(parcel: Parcel, present: datetime) -> Iterator[Step]:
    fate, chance = parcel.fate, parcel.yard.chance
    stories = {
        "damaged": _damaged, "lost": _lost, "customs": _customs, "customs_now": _customs,
        "silent": _silent, "silent_now": _silent, "returned": _returned, "returning": _returned,
        "not_received": _not_received, "failed_twice": _failed, "late_failed": _failed,
        "pickup_missed": _missed, "expired": _expired, "cancelled": _cancelled,
        "attempt_failed": _attempted, "available_for_pickup": _to_fetch,
    }  # fmt: skip
    if fate in stories:
        yield from stories[fate](parcel)
    elif fate in {"on_time", "late"}:
        told = _way(
            parcel, chance.uniform(18, 23) if fate == "on_time" else chance.uniform(150, 200)
        )
        yield told[-1][0], _call(parcel, told)
    elif fate not in {"pending", "info_received"}:
        share = max(share for status, share in WAY if status == fate)
        age = (present - parcel.begins).total_seconds() / 3600
        told = _way(parcel, (age - chance.uniform(2, 8)) / share / 1.06, fate)
        yield told[-1][0], _call(parcel, told)


def _call(parcel: Parcel, told: list[tuple[datetime, str, str, str]]) -> Any:
    return lambda: parcel.hear(*told)


def _traced(parcel: Parcel, kind: str, at: datetime, *, words: str = "") -> Iterator[Step]:
    """An exception is found, somebody takes it, asks the carrier and tells the customer."""
    found: list[Ticket] = []
    late = 5.0 if parcel.index % 4 == 0 else 1.0
    yield at, lambda: found.append(parcel.report(kind, words))
    if parcel.index % 7 != 3:  # noqa: PLR2004  some wait for somebody
        yield at + timedelta(hours=0.4 * late), lambda: parcel.handle(found[0], "open")
        yield (
            at + timedelta(hours=0.9 * late),
            lambda: parcel.handle(found[0], "contact_carrier", **parcel.phrase("checks")),
        )
        if parcel.index % 3:
            yield (
                at + timedelta(hours=1.2 * late),
                lambda: parcel.handle(found[0], "tell_customer", told=parcel.phrase("told")),
            )
    if kind in {"reported", "not_received"}:
        yield (
            at + timedelta(hours=40 + parcel.index % 20),
            lambda: parcel.handle(
                found[0], "resolve", outcome="compensated", done=parcel.phrase("resolved")
            ),
        )


def _damaged(parcel: Parcel) -> Iterator[Step]:
    told = _way(parcel, 40, "at_depot")
    at = told[-1][0] + timedelta(hours=1)
    yield at, _call(parcel, [*told, (at, "exception", "damaged", told[-1][3])])
    yield from _traced(parcel, "reported", at + timedelta(minutes=10))
    if parcel.index % 2:
        end = at + timedelta(hours=70)
        yield end, _call(parcel, [(end, "delivered", "", "")])


def _lost(parcel: Parcel) -> Iterator[Step]:
    told = _way(parcel, 40, "in_transit")
    at = told[-1][0] + timedelta(hours=25)
    yield at, _call(parcel, told)
    yield from _traced(parcel, "silent", at)
    end = at + timedelta(days=4)
    yield end, _call(parcel, [(end, "exception", "lost", "")])


def _customs(parcel: Parcel) -> Iterator[Step]:
    told = _way(parcel, 40, "in_transit")
    at = told[-1][0] + timedelta(hours=6)
    yield at, _call(parcel, [*told, (at, "customs", "", "广州口岸")])
    yield from _traced(parcel, "customs_stuck", at + timedelta(hours=72, minutes=10))
    if parcel.fate == "customs":
        end = at + timedelta(hours=100)
        yield (
            end,
            _call(
                parcel,
                [
                    (end, "out_for_delivery", "", ""),
                    (end + timedelta(hours=5), "delivered", "", ""),
                ],
            ),
        )


def _silent(parcel: Parcel) -> Iterator[Step]:
    told = _way(parcel, 30, "in_transit")
    at = told[-1][0] + timedelta(hours=24, minutes=8)
    yield at - timedelta(hours=1), _call(parcel, told)
    yield from _traced(parcel, "silent", at)
    if parcel.fate == "silent":
        end = at + timedelta(hours=14 + parcel.index % 9)
        yield (
            end,
            _call(
                parcel, [(end, "at_depot", "", ""), (end + timedelta(hours=4), "delivered", "", "")]
            ),
        )
    else:
        yield at + timedelta(hours=24), lambda: _again(parcel)


def _again(parcel: Parcel) -> None:
    parcel.report("silent_long")


def _returned(parcel: Parcel) -> Iterator[Step]:
    told = _way(parcel, 40, "out_for_delivery")
    at = told[-1][0] + timedelta(hours=3)
    told += [(at, "exception", "refused", ""), (at + timedelta(hours=6), "returning", "", "")]
    if parcel.fate == "returned":
        told.append((at + timedelta(hours=70), "returned", "", ""))
    yield told[-1][0], _call(parcel, told)


def _not_received(parcel: Parcel) -> Iterator[Step]:
    told = _way(parcel, 22)
    at = told[-1][0]
    yield at, _call(parcel, told)
    said = str(parcel.yard.told["missing_words"][parcel.index % 2])
    yield from _traced(parcel, "not_received", at + timedelta(hours=9), words=said)


def _failed(parcel: Parcel) -> Iterator[Step]:
    late = 90 if parcel.fate == "late_failed" else 0
    told = _way(parcel, 12 + late, "out_for_delivery")
    at = told[-1][0]
    told += [
        (at + timedelta(hours=1), "attempt_failed", "", ""),
        (at + timedelta(hours=4), "attempt_failed", "", ""),
    ]
    yield told[-1][0], _call(parcel, told)
    yield from _traced(parcel, "failed_twice", told[-1][0] + timedelta(minutes=10))
    end = told[-1][0] + timedelta(hours=5 + parcel.index % 4)
    yield end, _call(parcel, [(end, "out_for_delivery", "", ""), (end, "delivered", "", "")])


def _missed(parcel: Parcel) -> Iterator[Step]:
    yield from _traced(parcel, "pickup_missed", parcel.begins + timedelta(hours=4, minutes=10))


def _expired(parcel: Parcel) -> Iterator[Step]:
    told = _way(parcel, 30, "in_transit")
    at = told[-1][0] + timedelta(days=20)
    yield at, _call(parcel, [*told, (at, "expired", "", "")])
    yield from _traced(parcel, "reported", at + timedelta(minutes=10))


def _cancelled(parcel: Parcel) -> Iterator[Step]:
    at = parcel.begins + timedelta(hours=2)
    yield at, _call(parcel, [(at, "cancelled", "", "")])


def _attempted(parcel: Parcel) -> Iterator[Step]:
    told = _way(parcel, 40, "out_for_delivery")
    at = told[-1][0] + timedelta(hours=2)
    yield at, _call(parcel, [*told, (at, "attempt_failed", "", "")])


def _to_fetch(parcel: Parcel) -> Iterator[Step]:
    told = _way(parcel, 40, "at_depot")
    at = told[-1][0] + timedelta(hours=5)
    yield at, _call(parcel, [*told, (at, "available_for_pickup", "", "南湖自提点")])
