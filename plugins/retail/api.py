"""Retail over REST: members, cards, points, sales, policies, returns, refunds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import g, request
from flask_smorest import Blueprint

from core.sdk import Malformed, VersionMissing, endpoint, once, principal_of
from plugins.retail import lists, members, payouts, points, rmas, sales, statements, steps
from plugins.retail import return_schemas as r
from plugins.retail import schemas as s
from plugins.retail.refunds import get_refund
from plugins.retail.workflow import (
    APPROVE,
    EXECUTE,
    MEMBER_READ,
    MEMBER_WRITE,
    POINT_WRITE,
    READ,
    SALE_READ,
    SALE_WRITE,
    WRITE,
)

if TYPE_CHECKING:
    from uuid import UUID

    import flask

    from plugins.retail.models import Member, MemberCard, Sale
    from plugins.retail.return_models import Refund, Rma

blueprint: flask.Blueprint = Blueprint("retail_api", __name__, description="Retail")


# --- members and cards ----------------------------------------------------------------------------


@blueprint.get("/members")
@endpoint(MEMBER_READ, query=s.RetailMemberQuery, returns=s.RetailMemberList)
def list_members(query: dict[str, Any]) -> dict[str, Any]:
    """Members by name, telephone, member or card number, the latest first."""
    found = lists.member_page(query["q"], cursor=query["cursor"], limit=query["limit"])
    balances = statements.balances_of([member.id for member in found.items])
    items = [s.member_out(member, balances.get(member.id, 0)) for member in found.items]
    return {"items": items, "next": found.next}


@blueprint.get("/members/<uuid:member_id>")
@endpoint(MEMBER_READ, returns=s.RetailMemberOut)
def read_member(member_id: UUID) -> dict[str, Any]:
    """One member; ID number and telephone masked."""
    return _member(members.get_member(member_id))


def _member(member: Member) -> dict[str, Any]:
    return s.member_out(member, statements.balance_of(member.id).active)


@blueprint.post("/members")
@endpoint(
    MEMBER_WRITE, body=s.RetailApplicationIn, returns=s.RetailApplicationOut, status=201,
    headers=("Idempotency-Key",),
)  # fmt: skip
def apply_for_card(body: dict[str, Any]) -> Any:
    """Take a membership card application in (FM-09); it becomes a member along its way at the desk."""
    made = _once("retail.members", body, lambda: members.apply_for_card(body, actor=g.actor).id)
    return members.get_application(made)


@blueprint.get("/cards/<uuid:card_id>")
@endpoint(MEMBER_READ, returns=s.RetailCardOut)
def read_card(card_id: UUID) -> MemberCard:
    """One card."""
    return members.get_card(card_id)


@blueprint.post("/cards/<uuid:card_id>/lost")
@endpoint(MEMBER_WRITE, body=s.RetailNothingIn, returns=s.RetailCardOut)
def lose_card(card_id: UUID, body: dict[str, Any]) -> MemberCard:
    """Report a card lost; it works no more."""
    del body  # there is nothing to say
    return members.report_lost(card_id, actor=g.actor)


@blueprint.post("/cards/<uuid:card_id>/replace")
@endpoint(MEMBER_WRITE, body=s.RetailNothingIn, returns=s.RetailCardOut, status=201)
def replace_card(card_id: UUID, body: dict[str, Any]) -> MemberCard:
    """A new card for a lost or worn one; the answer is the new card."""
    del body  # there is nothing to say
    return members.replace_card(card_id, actor=g.actor)


# --- points ---------------------------------------------------------------------------------------


@blueprint.get("/points")
@endpoint(MEMBER_READ, query=s.RetailPointsQuery, returns=s.RetailPointsOut)
def read_points(query: dict[str, Any]) -> dict[str, Any]:
    """A member's balance and latest postings."""
    member = members.get_member(query["member_id"])
    balance = statements.balance_of(member.id)
    return {
        "member_id": member.id,
        "active": balance.active,
        "pending": balance.pending,
        "owed": balance.owed,
        "postings": statements.history(member.id, limit=query["limit"]),
    }


@blueprint.post("/points/burn")
@endpoint(POINT_WRITE, body=s.RetailBurnIn, returns=s.RetailPostingOut, status=201)
def burn_points(body: dict[str, Any]) -> Any:
    """Spend points; the same key once."""
    member = members.get_member(body["member_id"])
    return points.burn(member.id, body["points"], key=body["key"], actor=g.actor)


# --- sales ----------------------------------------------------------------------------------------


@blueprint.get("/sales")
@endpoint(SALE_READ, query=s.RetailSaleQuery, returns=s.RetailSaleList)
def list_sales(query: dict[str, Any]) -> dict[str, Any]:
    """Receipts by number, telephone, or a member's card."""
    return {"items": [_sale(sale) for sale in lists.sales_found(query["q"])], "next": None}


@blueprint.get("/sales/<uuid:sale_id>")
@endpoint(SALE_READ, returns=s.RetailSaleOut)
def read_sale(sale_id: UUID) -> dict[str, Any]:
    """One receipt with its lines and tenders."""
    return _sale(sales.get_sale(sale_id))


def _sale(sale: Sale) -> dict[str, Any]:
    return s.sale_out(
        sale, sales.lines_of(sale.id), sales.tenders_of(sale.id), sales.left_of(sale.id)
    )


@blueprint.post("/sales")
@endpoint(
    SALE_WRITE,
    body=s.RetailSaleIn,
    returns=s.RetailSaleOut,
    status=201,
    headers=("Idempotency-Key",),
)
def record_sale(body: dict[str, Any]) -> dict[str, Any]:
    """Report a receipt of the till or the shop; the member's points come with it."""
    made = _once("retail.sales", body, lambda: sales.record_sale(s.sale_in(body), actor=g.actor).id)
    return _sale(sales.get_sale(made))


# --- policies -------------------------------------------------------------------------------------


@blueprint.post("/policies/evaluate")
@endpoint(READ, body=r.RetailEvaluateIn, returns=r.RetailVerdictOut)
def evaluate(body: dict[str, Any]) -> dict[str, Any]:
    """What a receipt allows today, with the reason in both languages; nothing is written."""
    sale = sales.get_sale(body["sale_id"])
    verdict = rmas.check(sale, r.wish_in(body))
    return {"offers": [r.offer_out(offer, rmas.why_both(offer)) for offer in verdict.offers]}


# --- returns --------------------------------------------------------------------------------------


@blueprint.get("/rmas")
@endpoint(READ, query=r.RetailRmaQuery, returns=r.RetailRmaList)
def list_rmas(query: dict[str, Any]) -> dict[str, Any]:
    """Returns whose tickets one sees, the latest first."""
    found = lists.return_page(
        g.actor, state=query["state"], words=query["q"], cursor=query["cursor"],
        limit=query["limit"],
    )  # fmt: skip
    return {"items": [_rma(rma) for rma in found.items], "next": found.next}


@blueprint.get("/rmas/<uuid:rma_id>")
@endpoint(READ, returns=r.RetailRmaOut)
def read_rma(rma_id: UUID) -> Any:
    """One return with its lines and refunds; its ETag is its version."""
    rma = rmas.get_rma(rma_id, actor=g.actor)
    return _rma(rma), _tag(rma)


def _rma(rma: Rma) -> dict[str, Any]:
    return r.rma_out(rma, rmas.lines_of_rma(rma.id), rmas.refunds_of(rma.id))


@blueprint.post("/rmas")
@endpoint(
    WRITE, body=r.RetailRmaIn, returns=r.RetailRmaOut, status=201, headers=("Idempotency-Key",)
)
def request_rma(body: dict[str, Any]) -> dict[str, Any]:
    """Ask for a return, exchange, repair or store credit; 422 names the rule that refuses it."""

    def make() -> UUID:
        wish = r.wish_in(body)
        contact_id = body.get("contact_id")
        channel = body["channel"]
        made = rmas.request(
            body["sale_id"], wish, actor=g.actor, contact_id=contact_id, channel=channel
        )
        return made.id

    return _rma(rmas.rma_by_id(_once("retail.rmas", body, make)))


def _step(rma_id: UUID, name: str, answers: dict[str, Any], permission: str) -> dict[str, Any]:
    rma = rmas.get_rma(rma_id, actor=g.actor, permission=permission)
    return _rma(steps.take(rma, name, answers, actor=g.actor, version=_version()))


@blueprint.post("/rmas/<uuid:rma_id>/verify")
@endpoint(WRITE, body=r.RetailNoteIn, returns=r.RetailRmaOut, headers=("If-Match",))
def verify_rma(rma_id: UUID, body: dict[str, Any]) -> dict[str, Any]:
    """Checked and explained; the supervisor decides next."""
    return _step(rma_id, "verify", body, WRITE)


@blueprint.post("/rmas/<uuid:rma_id>/approve")
@endpoint(APPROVE, body=r.RetailNoteIn, returns=r.RetailRmaOut, headers=("If-Match",))
def approve_rma(rma_id: UUID, body: dict[str, Any]) -> dict[str, Any]:
    """Approve somebody else's case (RT-15)."""
    return _step(rma_id, "approve", body, APPROVE)


@blueprint.post("/rmas/<uuid:rma_id>/decline")
@endpoint(APPROVE, body=r.RetailNoteIn, returns=r.RetailRmaOut, headers=("If-Match",))
def decline_rma(rma_id: UUID, body: dict[str, Any]) -> dict[str, Any]:
    """Refuse somebody else's case; the customer gets the reason."""
    return _step(rma_id, "decline", body, APPROVE)


@blueprint.post("/rmas/<uuid:rma_id>/receive")
@endpoint(WRITE, body=s.RetailNothingIn, returns=r.RetailRmaOut, headers=("If-Match",))
def receive_rma(rma_id: UUID, body: dict[str, Any]) -> dict[str, Any]:
    """The goods are here: handed in or by parcel."""
    del body  # there is nothing to say
    rma = rmas.get_rma(rma_id, actor=g.actor, permission=WRITE)
    if rma.state in {"approved", "auto_approved"}:
        steps.take(rma, "hand_in", {}, actor=g.actor, version=_version())
        return _rma(steps.take(rma, "receive", {}, actor=g.actor, version=rma.version))
    return _step(rma_id, "receive", {}, WRITE)


@blueprint.post("/rmas/<uuid:rma_id>/inspect")
@endpoint(WRITE, body=r.RetailInspectionIn, returns=r.RetailRmaOut, headers=("If-Match",))
def inspect_rma(rma_id: UUID, body: dict[str, Any]) -> dict[str, Any]:
    """What was found: passed, partial (with what is accepted) or failed; a passed return is settled at once."""
    rma = rmas.get_rma(rma_id, actor=g.actor, permission=WRITE)
    version = _version()
    if rma.state == "received":
        steps.take(rma, "begin_inspection", {}, actor=g.actor, version=version)
        version = rma.version
    name = {"passed": "pass", "partial": "pass_partly", "failed": "fail"}[body["finding"]]
    answers = {key: value for key, value in body.items() if key != "finding" and value}
    steps.take(rma, name, answers, actor=g.actor, version=version)
    if rma.remedy == "return" and rma.state in {"passed", "partial"}:
        steps.take(rma, "settle", {}, actor=g.actor, version=rma.version)
    return _rma(rma)


# --- refunds --------------------------------------------------------------------------------------


@blueprint.get("/refunds")
@endpoint(READ, query=r.RetailRefundQuery, returns=r.RetailRefundList)
def list_refunds(query: dict[str, Any]) -> dict[str, Any]:
    """Refunds of returns that one sees, the latest first; amounts are negative."""
    found = lists.refund_page(
        g.actor, state=query["state"], cursor=query["cursor"], limit=query["limit"]
    )
    return {"items": [r.refund_out(refund) for refund in found.items], "next": found.next}


@blueprint.get("/refunds/<uuid:refund_id>")
@endpoint(READ, returns=r.RetailRefundOut)
def read_refund(refund_id: UUID) -> Any:
    """One refund; its ETag is its version."""
    refund = _refund(refund_id)
    return r.refund_out(refund), _tag(refund)


def _refund(refund_id: UUID) -> Refund:
    refund = get_refund(refund_id)
    rmas.get_rma(refund.rma_id, actor=g.actor)
    return refund


@blueprint.post("/refunds/<uuid:refund_id>/approve")
@endpoint(APPROVE, body=s.RetailNothingIn, returns=r.RetailRefundOut, headers=("If-Match",))
def approve_refund(refund_id: UUID, body: dict[str, Any]) -> dict[str, Any]:
    """Approve a refund of somebody else's case to the original tender (RT-10)."""
    del body  # there is nothing to say
    _refund(refund_id)
    return _paid(refund_id, "approve_refund", {})


@blueprint.post("/refunds/<uuid:refund_id>/slip")
@endpoint(EXECUTE, body=r.RetailSlipIn, returns=r.RetailRefundOut, headers=("If-Match",))
def record_slip(refund_id: UUID, body: dict[str, Any]) -> dict[str, Any]:
    """UnionPay's slip of a bank refund, before the till (RT-13, FM-13)."""
    return _paid(refund_id, "record_slip", body)


@blueprint.post("/refunds/<uuid:refund_id>/execute")
@endpoint(EXECUTE, body=r.RetailExecuteIn, returns=r.RetailRefundOut, headers=("If-Match",))
def execute_refund(refund_id: UUID, body: dict[str, Any]) -> dict[str, Any]:
    """The till's posting (FM-12); 409 without the supervisor's approval."""
    return _paid(refund_id, "post", {name: value for name, value in body.items() if value})


@blueprint.post("/refunds/<uuid:refund_id>/arrive")
@endpoint(EXECUTE, body=s.RetailNothingIn, returns=r.RetailRefundOut, headers=("If-Match",))
def arrive_refund(refund_id: UUID, body: dict[str, Any]) -> dict[str, Any]:
    """The customer has the money: the watch ends (SL-19)."""
    del body  # there is nothing to say
    return _paid(refund_id, "arrive", {})


def _paid(refund_id: UUID, name: str, answers: dict[str, Any]) -> dict[str, Any]:
    refund = payouts.take_step(refund_id, name, answers, actor=g.actor, version=_version())
    return r.refund_out(refund)


# --- parts ----------------------------------------------------------------------------------------


def _once(route: str, body: Any, make: Any) -> UUID:
    key = request.headers.get("Idempotency-Key", "")
    plain = {name: s.plain(value) for name, value in body.items()}
    return once(make, principal=principal_of(g.actor), route=route, key=key, body=plain)


def _tag(row: Rma | Refund) -> dict[str, str]:
    return {"ETag": f'"{row.version}"'}


def _version() -> int:
    given = request.headers.get("If-Match", "").strip().removeprefix("W/").strip('"')
    if not given:
        raise VersionMissing("send If-Match")
    if not (given.isascii() and given.isdigit() and len(given) < 10):  # noqa: PLR2004
        raise Malformed("If-Match names no version")
    return int(given)
