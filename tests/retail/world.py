"""A mall to tell stories about: goods, members, receipts of any day, and the steps of a return."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from core.actors import SYSTEM
from core.clock import now
from core.contacts.points import PointIn
from core.contacts.service import create_contact
from core.db import db, transaction
from core.settings import save
from core.signed import make_token
from core.tickets.models import Ticket
from plugins.retail import members, payouts, rmas, sales, steps, tasks
from plugins.retail.models import Product
from plugins.retail.refunds import of_rma

if TYPE_CHECKING:
    from core.actors import Actor
    from plugins.retail.models import Member, Sale
    from plugins.retail.return_models import Refund, Rma

_numbers = count(1)
GOODS = {
    "XH-50": ("电压力锅 XH-50", "small_appliance", 39_900, ""),
    "XYJ-8": ("滚筒洗衣机 8kg", "appliance", 299_900, ""),
    "YRF-M": ("羽绒服 M/黑", "clothing", 89_900, ""),
    "PX-42": ("跑鞋 42", "shoes", 45_900, ""),
    "SN-12": ("酸奶 12 盒", "food", 4_990, "fresh"),
    "SJ-128": ("手机 128G", "phone", 259_900, ""),
    "MJ-01": ("毛巾礼盒", "home", 10_000, ""),
}


def stock(*, plain: bool = False) -> None:
    """Put the goods on sale; `plain` names are those of their numbers."""
    with transaction():
        for position, (sku, (name, category, price, excluded)) in enumerate(GOODS.items()):
            db.session.add(
                Product(
                    sku=sku, barcode=f"69{position:011}", name=sku if plain else name, category=category, price=price,
                    currency="CNY", excluded=excluded,
                )
            )  # fmt: skip


def application(**changes: Any) -> dict[str, Any]:
    """Good answers to FM-09; None leaves one out."""
    number = next(_numbers)
    good = {
        "name": f"会员{number}",
        "id_number": f"3301061990010{number:04}X",
        "phone": f"1380013{number:04}",
        "address": f"锦绣路{number}号2幢3单元402室",
        "signature": {"typed_name": f"会员{number}"},
    }
    return {name: value for name, value in (good | changes).items() if value is not None}


def join(actor: Actor = SYSTEM, **changes: Any) -> Member:
    """A member with a card, by the whole way."""
    with transaction():
        made = members.apply_for_card(application(**changes), actor=actor)
        for step in ("check", "approve_application", "issue"):
            members.take_step(made.id, step, {}, actor=actor, version=made.version)
        return members.get_member(made.member_id)


def tender(kind: str, amount: int, **more: Any) -> sales.TenderIn:
    """A tender as the till reports it."""
    known = {
        "bank": {"account": "6021", "reference": "0123456789"},
        "stored": {"account": "CZ1001"},
    }
    return sales.TenderIn(kind=kind, amount=amount, **{**known.get(kind, {}), **more})


def sell(
    *lines: tuple[str, int],
    member: Member | None = None,
    days_ago: int = 0,
    tenders: tuple[sales.TenderIn, ...] = (),
    kind: str = "cash",
    **more: Any,
) -> Sale:
    """A receipt of so many days ago; one tender of `kind` unless `tenders` say more."""
    wanted = lines or (("XH-50", 1),)
    total = sum(GOODS[sku][2] * quantity for sku, quantity in wanted)
    given = sales.SaleIn(
        lines=tuple(sales.LineIn(sku=sku, quantity=quantity) for sku, quantity in wanted),
        tenders=tenders or (tender(kind, total),),
        member_id=member.id if member else None,
        sold_at=now() - timedelta(days=days_ago),
        **{
            "number": f"XP{next(_numbers):08}",
            "store": "盛和购物中心",
            "phone": "" if member else "13800006021",
            "cashier": "小张",
            **more,
        },
    )
    with transaction():
        return sales.record_sale(given, actor=SYSTEM)


def wish(sale: Sale, *, count: int = 0, **changes: Any) -> rmas.Wish:
    """Everything of a receipt, or `count` of its first line."""
    lines = sales.lines_of(sale.id)
    wanted = ((lines[0].id, count),) if count else tuple((line.id, line.quantity) for line in lines)
    return rmas.Wish(**{"lines": wanted, "reason": "no_reason", "remedy": "return", **changes})


def customer_contact(name: str = "林晓雯", phone: str = "13800006021") -> Any:
    """Somebody to tell."""
    with transaction():
        return create_contact(name, points=[PointIn("phone", phone)], actor=SYSTEM).id


@dataclass
class Case:
    """One return, followed along its way by those whose part it is."""

    sale: Sale
    agent: Actor
    supervisor: Actor
    manager: Actor
    rma: Rma = field(init=False)

    def ask(self, *, actor: Actor | None = None, contact_id: Any = None, **changes: Any) -> Rma:
        with transaction():
            self.rma = rmas.request(
                self.sale.id,
                wish(self.sale, **changes),
                actor=actor or self.agent,
                contact_id=contact_id,
            )
        return self.rma

    def step(self, name: str, actor: Actor | None = None, **answers: Any) -> Rma:
        with transaction():
            rma = rmas.get_rma(self.rma.id, actor=SYSTEM)
            self.rma = steps.take(
                rma, name, answers, actor=actor or self.agent, version=rma.version
            )
        return self.rma

    def to_approval(self) -> Rma:
        return self.step("verify", note="小票、实物核对一致，已向顾客说明。")

    def approve(self, actor: Actor | None = None) -> Rma:
        return self.step("approve", actor or self.supervisor, note="同意")

    def to_refund(self) -> Rma:
        """All the way to refunds that wait for execution."""
        self.to_approval()
        self.approve()
        for name in ("hand_in", "receive", "begin_inspection"):
            self.step(name)
        self.step("pass", disposition="restock")
        return self.step("settle")

    def refunds(self) -> list[Refund]:
        return of_rma(self.rma.id)

    def pay(self, refund: Refund, name: str, actor: Actor | None = None, **answers: Any) -> Refund:
        with transaction():
            return payouts.take_step(
                refund.id, name, answers, actor=actor or self.agent, version=refund.version
            )

    def pay_out(self) -> None:
        """Execute every refund by the book."""
        for refund in self.refunds():
            known = {t.id: t for t in sales.tenders_of(self.sale.id)}[refund.tender_id]
            if refund.method == "bank":
                self.pay(refund, "record_slip", **slip(known.account))
            self.pay(refund, "post", till_reference="T0001", card=known.account)

    def ticket(self) -> Ticket:
        return db.session.scalars(sa.select(Ticket).where(Ticket.id == self.rma.ticket_id)).one()


def slip(card: str = "6021", **changes: Any) -> dict[str, Any]:
    """A UnionPay slip by the book (FM-13)."""
    good = {
        "slip_reference": "260001123456",
        "slip_date": "2026-11-16",
        "card": card,
        "merchant_signed": True,
    }
    return good | changes


# --- the doors of the habits ----------------------------------------------------------------------


PUBLIC = {
    "portal_page_retail_return.show",
    "portal_page_retail_return_token_.show",
    "portal_page_retail_return_token_send.show",
}
RECEIPT = ("portal_page_retail_return_token_", "portal_page_retail_return_token_send")


def values(world: Any) -> dict[str, str]:
    """Every kind of thing once, for the parameters of this plugin's routes."""
    stock(plain=True)
    member, other = join(**_latin()), join(**_latin())
    bought = sell(("XH-50", 9), member=member, kind="bank", **MALL)
    with transaction():
        waiting = members.apply_for_card(application(**_latin()), actor=SYSTEM)
    settled = _case(world, "settle")
    asked = _case(world)
    (refund,) = settled.refunds()
    task = next(iter(tasks.tasks_of(settled.rma.id)))
    card = members.working_card(other.id)
    token = make_token("retail.return", bought.id)
    return {
        "member_id": str(member.id),
        "card_id": str(card.id) if card else "",
        "application_id": str(waiting.id),
        "application_step": "check",
        "sale_id": str(bought.id),
        "sale_line_id": str(sales.lines_of(bought.id)[0].id),
        "sale_number": bought.number,
        "sale_phone": member.phone,
        "rma_id": str(asked.rma.id),
        "rma_step": "cancel",
        "refund_id": str(refund.id),
        "refund_step": "post",
        "task_id": str(task.id),
        **{f"{page}:token": token for page in RECEIPT},
    }


MALL = {"store": "Mall", "cashier": "Lin"}


def _latin() -> dict[str, Any]:
    """An applicant whose data no English page would stumble over."""
    number = next(_numbers)
    name = f"Lin {number}"
    return {"name": name, "address": f"{number} Lake Road", "signature": {"typed_name": name}}


_WAY = ("verify", "approve", "hand_in", "receive", "begin_inspection", "pass", "settle")
_WORDS = {"verify": {"note": "x"}, "approve": {"note": "x"}, "pass": {"disposition": "restock"}}


def _case(world: Any, until: str = "", *, kind: str = "cash", approved: bool = True) -> Case:
    """A case that has come `until` a step; without approval it passed by the tenant's limit."""
    actor = world.rightful_actor()
    case = Case(sell(("MJ-01", 1), kind=kind, **MALL), actor, actor, actor)
    with transaction():
        save("retail", {"auto_approve_limit": 0 if approved else 10_000}, actor=SYSTEM)
    case.ask(actor=SYSTEM)
    with transaction():
        save("retail", {"auto_approve_limit": 0}, actor=SYSTEM)
    wanted = _WAY[: _WAY.index(until) + 1] if until else ()
    for name in wanted if approved else wanted[2:]:
        case.step(name, actor if name == "approve" else SYSTEM, **_WORDS.get(name, {}))
    return case


def _before(endpoint: str, until: str, *, kind: str = "cash", approved: bool = True) -> Any:
    def make(world: Any) -> None:
        case = _case(world, until, kind=kind, approved=approved)
        world.ids[f"{endpoint}:rma_id"] = str(case.rma.id)
        for refund in case.refunds():
            if endpoint.endswith("arrive_refund"):
                case.pay(refund, "record_slip", SYSTEM, **slip())
                case.pay(refund, "post", SYSTEM, till_reference="T1")
            world.ids[f"{endpoint}:refund_id"] = str(refund.id)

    return make


_API = "retail_api"
BEFORE = {
    endpoint: _before(endpoint, until, **more)
    for endpoint, until, more in (
        (f"{_API}.verify_rma", "", {}),
        (f"{_API}.approve_rma", "verify", {}),
        (f"{_API}.decline_rma", "verify", {}),
        (f"{_API}.receive_rma", "approve", {}),
        (f"{_API}.inspect_rma", "receive", {}),
        (f"{_API}.approve_refund", "settle", {"approved": False}),
        (f"{_API}.record_slip", "settle", {"kind": "bank"}),
        (f"{_API}.execute_refund", "settle", {}),
        (f"{_API}.arrive_refund", "settle", {"kind": "bank"}),
        ("retail_pages.take_step_post", "", {}),
        ("retail_pages.take_refund_step_post", "settle", {}),
    )
}


def _lines(world: Any) -> dict[str, Any]:
    line = {"line_id": world.ids["sale_line_id"], "quantity": 1}
    return {"sale_id": world.ids["sale_id"], "lines": [line], "reason": "no_reason"}


def _receipt(_world: Any) -> dict[str, Any]:
    return {
        "number": f"API{next(_numbers)}",
        "store": "Mall",
        "lines": [{"sku": "MJ-01", "quantity": 1}],
        "tenders": [{"kind": "cash", "amount": 10_000}],
    }


def _wished(world: Any) -> dict[str, str]:
    return {
        f"count-{world.ids['sale_line_id']}": "1", "reason": "no_reason", "condition": "intact",
        "remedy": "return", "name": "Lin",
    }  # fmt: skip


BODIES = {
    f"{_API}.apply_for_card": lambda _world: application(**_latin()),
    f"{_API}.burn_points": lambda world: {
        "member_id": world.ids["member_id"], "points": 1, "key": f"k{next(_numbers)}",
    },
    f"{_API}.record_sale": _receipt,
    f"{_API}.evaluate": _lines,
    f"{_API}.request_rma": lambda world: {**_lines(world), "remedy": "return"},
    f"{_API}.inspect_rma": lambda _world: {"finding": "passed", "disposition": "restock"},
    f"{_API}.record_slip": lambda _world: slip(),
    "retail_pages.apply_post": lambda _world: {
        **{k: v for k, v in application(**_latin()).items() if k != "signature"}, "signature-typed": "Lin",
        "signature": None, "proxy": None, "mail": None, "birthday": None,
    },
    "retail_pages.open_return_post": _wished,
    "retail_pages.take_refund_step_post": lambda _world: {"till_reference": "T1", "version": "1"},
    "portal_page_retail_return.show": lambda world: {
        "number": world.ids["sale_number"], "phone": world.ids["sale_phone"],
    },
    "portal_page_retail_return_token_send.show": _wished,
}  # fmt: skip
QUERIES = {
    f"{_API}.read_points": {"member_id": "member_id"},
    f"{_API}.list_sales": {"q": "sale_number"},
}
_ASKED = "count-{sale_line_id}=1&reason=no_reason&condition=intact"
PAGES = {
    "retail_pages.open_return_post": "/x/retail/sales/{sale_id}/return?" + _ASKED,
    "retail_pages.finish_task_post": "/x/retail/tasks",
    "retail_pages.lose_card_post": "/x/retail/members/{member_id}",
    "retail_pages.replace_card_post": "/x/retail/members/{member_id}",
    "portal_page_retail_return_token_send.show": "/p/retail/return",
}
ACTORS = dict.fromkeys(PUBLIC, "nobody")
# The audit names what a fact is about as the event does.
SPOKEN = {"retail.member", "retail.application", "retail.sale"}


def more(world: Any) -> list[str]:
    """Pages that no rule names."""
    return [
        (
            f"/x/retail/sales/{world.ids['sale_id']}/return?count-{world.ids['sale_line_id']}=1"
            "&reason=no_reason&condition=intact"
        ),
        "/desk/reports/retail.returns",
        f"/desk/reports/retail.application?application_id={world.ids['application_id']}",
    ]
