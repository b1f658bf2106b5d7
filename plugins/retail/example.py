"""The demonstration's mall: goods, members, receipts of every window, and returns in every state of ST-R."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from core.sdk import (
    SYSTEM,
    PointIn,
    Ticket,
    assign_ticket,
    contact_actor,
    create_contact,
    current_tenant,
    db,
    get_contact,
    play,
    points_of,
    save_settings,
    staff,
)
from plugins.retail import members, payouts, rmas, sales, steps, tasks
from plugins.retail.models import Product
from plugins.retail.refunds import of_rma
from plugins.retail.settings import DATA
from plugins.retail.workflow import APPROVE, EXCEPTION, WRITE

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.sdk import Actor, Tenant, VirtualClock
    from plugins.retail.models import Member, Sale
    from plugins.retail.return_models import Rma

SEED = 20_260_102
MEMBERS, KNOWN, SILVER, PENDING = 180, 60, 12, 3
BOUGHT, AT_ONCE = 30, 12
Step = tuple[datetime, "Callable[[], Any]"]
_APPROVED = ("verify", "approve")
_HERE = (*_APPROVED, "hand_in", "receive")
_LOOKED = (*_HERE, "begin_inspection")
_PASSED = (*_LOOKED, "pass")
_SETTLED = (*_PASSED, "settle")
WAYS: dict[str, tuple[str, ...]] = {
    "requested": (),
    "auto_approved": (),
    "pending_approval": ("verify",),
    "declined": ("verify", "decline"),
    "approved": _APPROVED,
    "label_issued": (*_APPROVED, "issue_label"),
    "in_transit": (*_APPROVED, "issue_label", "ship"),
    "desk_handed_in": (*_APPROVED, "hand_in"),
    "received": _HERE,
    "inspecting": _LOOKED,
    "passed": _PASSED,
    "partial": (*_LOOKED, "pass_partly"),
    "failed": (*_LOOKED, "fail"),
    "returned_to_customer": (*_LOOKED, "fail", "return_to_customer"),
    "refund_pending": _SETTLED,
    "refunded": (*_SETTLED, "pay"),
    "overdue": (*_SETTLED, "pay"),
    "failed_bank": (*_SETTLED, "pay", "fail_bank"),
    "closed": (*_SETTLED, "pay", "arrive", "pickup"),
    "exchanged": (*_PASSED, "exchange"),
    "closed_exchange": (*_PASSED, "exchange", "close"),
    "store_credit": (*_PASSED, "give_credit"),
    "repair": (*_PASSED, "send_to_repair"),
    "closed_repair": (*_PASSED, "send_to_repair", "close"),
    "cancelled": ("cancel",),
    "expired": (*_APPROVED, "expire"),
}
HOURS = {"verify": 1, "approve": 3, "hand_in": 20, "ship": 18, "arrive": 60, "expire": 24 * 14 + 1}


def seed(tenant: Tenant, clock: VirtualClock) -> None:
    """Fill the mall once; companies without a story of their own get none."""
    path = DATA / f"{tenant.slug}.json"
    if not path.is_file() or db.session.scalar(sa.select(Product.id).limit(1)):
        return
    mall = _Mall(json.loads(path.read_text(encoding="utf-8")), clock.at)
    play(clock, mall.steps())


@dataclass
class _Case:
    """One return of the story, from its receipt on."""

    told: dict[str, Any]
    member: Member
    agent: Actor
    sale: Sale | None = None
    rma: Rma | None = None


class _Mall:
    """The story of one mall: everything that happens, with its time."""

    def __init__(self, told: dict[str, Any], present: datetime) -> None:
        self.told, self.present = told, present
        self.chance = Random(SEED)  # noqa: S311  a story, no secret
        able = staff(WRITE)
        self.agents = [one for one in able if not one.can(APPROVE)] or able
        self.heads = [one for one in able if one.can(APPROVE) and not one.can(EXCEPTION)] or able
        self.manager = next((one for one in able if one.can(EXCEPTION)), able[-1])
        self.members: list[Member] = []
        self.count = 0

    def steps(self) -> list[Step]:
        """What happens when; the goods are there before anybody buys."""
        begin = self.present - timedelta(days=89)
        found: list[Step] = [(begin, self._stock)]
        found += [
            (begin + timedelta(minutes=20 * first), partial(self._join_some, first))
            for first in range(0, MEMBERS - 8, AT_ONCE)
        ]
        late = begin + timedelta(days=4)
        found += [
            (late + timedelta(hours=place), partial(self._apply, place)) for place in range(10)
        ]
        found += [
            (late + timedelta(days=3, hours=n), partial(self._silver, n)) for n in range(SILVER)
        ]
        found += [
            (self.present - timedelta(days=self.chance.uniform(0.5, 80)), partial(self._buy, place))
            for place in range(BOUGHT)
        ]
        found += self._windows()
        for place, told in enumerate(self.told["returns"]):
            found += self._return(place, told)
        return found

    def _stock(self) -> None:
        save_settings("retail", {"auto_approve_limit": 5000}, actor=SYSTEM)
        for place, goods in enumerate(self.told["products"], 1):
            db.session.add(Product(barcode=f"6901{place:09}", currency="CNY", **goods))
        rows = db.session.scalars(
            sa.select(Ticket.contact_id)
            .where(Ticket.tenant_id == current_tenant().id, Ticket.contact_id.is_not(None))
            .order_by(Ticket.opened_at)
            .limit(400)
        )
        known = dict.fromkeys(row for row in rows if row is not None)
        self.known = list(known)[:KNOWN]

    def _join_some(self, first: int) -> None:
        list(map(self._join, range(first, min(first + AT_ONCE, MEMBERS - 8))))

    def _join(self, place: int) -> None:
        if place < len(self.known):
            contact = get_contact(self.known[place])
            phones = [p.value for p in points_of([contact.id])[contact.id] if p.kind == "phone"]
            name, phone = contact.display_name, next(iter(phones), f"1380000{3000 + place}")
            contact_id = contact.id
        else:
            name, phone = self._name(place), f"1380000{3000 + place}"
            made = create_contact(
                name, points=[PointIn("phone", phone)], verified=True, actor=SYSTEM
            )
            # the member points at the contact
            db.session.flush()
            contact_id = made.id
        self.members.append(
            members.enrol(
                contact_id, name, phone, self._address(place), f"33010619{place:09}X", actor=SYSTEM
            )
        )

    def _name(self, place: int) -> str:
        given = self.told["given"]
        surnames = self.told["surnames"]
        return f"{surnames[place % len(surnames)]}{given[(place * 7) % len(given)]}"

    def _address(self, place: int) -> str:
        road = self.told["roads"][place % len(self.told["roads"])]
        return f"{road}{1 + place // 8}号{1 + place % 5}幢{1 + place % 3}单元{100 + place}室"

    def _apply(self, place: int) -> None:
        """Ten applications: three without the ID number, four of a household that has a card, three plain ones."""
        agent, head = self.agents[place % len(self.agents)], self.heads[place % len(self.heads)]
        conflict = 3 <= place < 7  # noqa: PLR2004  the four of the middle
        name = self._name(MEMBERS + place)
        answers = {
            "name": name,
            "phone": f"1380000{4000 + place}",
            "address": self._address(place if conflict else MEMBERS + place),
            "signature": {"typed_name": name},
        }
        if place >= PENDING:
            answers["id_number"] = f"33010620{place:09}X"
        made = members.apply_for_card(answers, actor=agent)
        note = {"reason": self.told["notes"]["override"]}
        way: list[tuple[str, Actor, dict[str, Any]]] = [("check", agent, {})]
        if place < PENDING:
            way = [("set_aside", agent, {})]
        elif conflict and place < 5:  # noqa: PLR2004  two were let pass, two wait
            way += [("override", head, note), ("issue", agent, {})]
        elif not conflict:
            way += [("approve_application", agent, {}), ("issue", agent, {})]
        for name, actor, given in way:
            members.take_step(made.id, name, given, actor=actor, version=made.version)

    def _silver(self, place: int) -> None:
        card = members.working_card(self.members[place * 5].id)
        if card is not None:
            members.replace_card(card.id, kind="silver", actor=self.agents[0])

    def _buy(self, place: int) -> None:
        goods = self.told["products"][(place * 11) % len(self.told["products"])]
        member = self.members[(place * 3) % len(self.members)]
        kind = ("cash", "bank", "bank", "stored")[place % 4]
        self._sell(goods["sku"], kind, member)

    def _windows(self) -> list[Step]:
        """Receipts at the edges of every window, for whoever tries the rules out."""
        return [
            (
                self.present - timedelta(days=told["days"], minutes=30 + place),
                partial(self._at_edge, told, place),
            )
            for place, told in enumerate(self.told["windows"])
        ]

    def _at_edge(self, told: dict[str, Any], place: int) -> None:
        sku = ("XH-50", "YRF-M", "PX-42")[place % 3]
        self._sell(sku, told["tender"], self.members[place], number=f"XPD{told['days']}{place}")

    def _sell(self, sku: str, kind: str, member: Member, **more: Any) -> Sale:
        goods = next(each for each in self.told["products"] if each["sku"] == sku)
        count = more.pop("count", 1)
        total = goods["price"] * count
        self.count += 1
        online = more.pop("online", False)
        given = sales.SaleIn(
            number=more.pop("number", f"XP26{self.count:06}"),
            store=self.told["shop" if online else "store"],
            channel="online" if online else "store",
            cashier="" if online else self.chance.choice(self.told["cashiers"]),
            lines=(sales.LineIn(sku=sku, quantity=count),),
            tenders=self._tenders(kind, total),
            member_id=member.id,
            **more,
        )
        return sales.record_sale(given, actor=SYSTEM)

    def _tenders(self, kind: str, total: int) -> tuple[sales.TenderIn, ...]:
        last = f"{self.chance.randint(1000, 9999)}"
        bank = partial(sales.TenderIn, kind="bank", account=last, reference=f"26{last}8810")
        if kind == "split":
            cash = total // 300 * 100
            return (sales.TenderIn(kind="cash", amount=cash), bank(amount=total - cash))
        if kind == "points":
            paid = min(1000, total // 2)
            points = sales.TenderIn(kind="points", amount=paid, points=paid // 10)
            return (sales.TenderIn(kind="cash", amount=total - paid), points)
        if kind == "bank":
            return (bank(amount=total),)
        account = f"CZ{last}" if kind == "stored" else ""
        return (sales.TenderIn(kind=kind, amount=total, account=account),)

    def _return(self, place: int, told: dict[str, Any]) -> list[Step]:
        agent = self.agents[place % len(self.agents)]
        case = _Case(told, None, agent)  # type: ignore[arg-type]
        sold = self.present - timedelta(days=told["sold"], hours=2)
        asked = self.present - timedelta(days=told["asked"])
        found: list[Step] = [
            (sold, partial(self._sold, case, place)),
            (asked, partial(self._asked, case)),
        ]
        at = asked
        for name in WAYS[told["end"]]:
            at = min(at + timedelta(hours=HOURS.get(name, 0), minutes=12), self._latest(name))
            found.append((at, partial(self._take, case, name)))
        return found

    def _latest(self, name: str) -> datetime:
        """Nothing of a short story happens after the present; the order of its steps stays."""
        order = (
            "verify",
            "approve",
            "hand_in",
            "receive",
            "begin_inspection",
            "pass",
            "settle",
            "pay",
        )
        place = order.index(name) if name in order else len(order)
        return self.present - timedelta(minutes=20 - 2 * place)

    def _sold(self, case: _Case, place: int) -> None:
        told = case.told
        case.member = self.members[(place * 4 + 1) % KNOWN]
        if told["tender"] == "points":
            self._sell("XYJ-8", "bank", case.member)
        more: dict[str, Any] = {"online": bool(told.get("online")), "count": told.get("count", 1)}
        if "delivered" in told:
            more["received_at"] = self.present - timedelta(days=told["delivered"])
        case.sale = self._sell(told["sku"], told["tender"], case.member, **more)

    def _asked(self, case: _Case) -> None:
        told, sale = case.told, case.sale
        if sale is None:
            return
        wish = rmas.Wish(
            lines=tuple((line.id, line.quantity) for line in sales.lines_of(sale.id)),
            reason=told["reason"],
            condition=told.get("condition", "intact"),
            remedy=told["remedy"],
            words=told["words"],
        )
        contact = get_contact(case.member.contact_id)
        actor = contact_actor(contact, {}) if told.get("web") else case.agent
        channel = "web" if told.get("web") else "visit"
        case.rma = rmas.request(sale.id, wish, actor=actor, contact_id=contact.id, channel=channel)

    def _take(self, case: _Case, name: str) -> None:
        if (rma := case.rma) is None:
            return
        own = {
            "pay": self._pay,
            "arrive": self._arrive,
            "fail_bank": self._fail,
            "pickup": self._pickup,
        }
        if name in own:
            own[name](case)
            return
        actor = self._who(case, name)
        steps.take(rma, name, self._answers(case, name), actor=actor, version=rma.version)
        if name == "verify":
            ticket = steps.ticket_of(rma)
            assign_ticket(ticket.id, case.agent.id, actor=self.manager, version=ticket.version)

    def _who(self, case: _Case, name: str) -> Actor:
        if name in {"approve", "decline"}:
            return self.heads[self.chance.randrange(len(self.heads))]
        return SYSTEM if name == "expire" else case.agent

    def _answers(self, case: _Case, name: str) -> dict[str, Any]:
        notes = self.told["notes"]
        known: dict[str, dict[str, Any]] = {
            "verify": {"note": notes["verify"]},
            "approve": {"note": notes["approve"]},
            "decline": {"note": notes["decline"]},
            "ship": {"parcel": f"SF{self.chance.randrange(10**11, 10**12)}"},
            "pass": {
                "disposition": "vendor_return" if case.told["reason"] == "faulty" else "restock"
            },
            "fail": {"note": notes["fail"]},
            "return_to_customer": {"note": notes["back"]},
            "exchange": {"receipt": f"XP26H{self.count:05}"},
            "send_to_repair": {"order": f"WX26{self.count:05}"},
            "pass_partly": {
                "accepted": [{"sku": case.told["sku"], "count": 1}],
                "disposition": "restock",
                "note": notes["partial"],
            },
        }
        return known.get(name, {})

    def _pay(self, case: _Case) -> None:
        for refund in of_rma(case.rma.id) if case.rma else ():
            tender = next(t for t in sales.tenders_of(case.rma.sale_id) if t.id == refund.tender_id)  # type: ignore[union-attr]
            take = partial(payouts.take_step, refund.id, actor=case.agent)
            if refund.method == "bank":
                slip = {
                    "slip_reference": f"26{self.chance.randrange(10**9, 10**10)}",
                    "slip_date": refund.created_at.date().isoformat(),
                    "card": tender.account,
                    "merchant_signed": True,
                }
                take("record_slip", slip, version=refund.version)
            answers = {"till_reference": f"T{self.chance.randrange(10**7)}"}
            if tender.kind == "stored":
                answers["card"] = tender.account
            take("post", answers, version=refund.version)

    def _arrive(self, case: _Case) -> None:
        for refund in of_rma(case.rma.id) if case.rma else ():
            if refund.state == "sent":
                payouts.take_step(refund.id, "arrive", {}, actor=case.agent, version=refund.version)

    def _fail(self, case: _Case) -> None:
        note = {"reason": self.told["notes"]["failure"]}
        for refund in of_rma(case.rma.id) if case.rma else ():
            payouts.take_step(
                refund.id, "fail_refund", note, actor=case.agent, version=refund.version
            )

    def _pickup(self, case: _Case) -> None:
        for task in tasks.tasks_of(case.rma.id) if case.rma else ():
            if task.done_at is None:
                tasks.finish(task.id, self.told["notes"]["back"], actor=self.heads[0])
