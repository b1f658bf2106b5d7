"""What the REST resources of returns and refunds take and give."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from marshmallow import Schema, fields, validate

from core.sdk import UtcTime
from plugins.retail import policy
from plugins.retail.forms import DISPOSITIONS
from plugins.retail.rmas import Wish
from plugins.retail.schemas import RetailMoneyOut, cursor, limit, money, text, words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from plugins.retail.models import SaleLine
    from plugins.retail.return_models import Refund, Rma, RmaLine


class RetailWantedIn(Schema):
    """How many of a receipt's line come back."""

    line_id = fields.UUID(required=True)
    quantity = fields.Integer(load_default=1, strict=True, validate=validate.Range(1, 9999))


class RetailEvaluateIn(Schema):
    """A wish about a receipt."""

    sale_id = fields.UUID(required=True)
    lines = fields.List(
        fields.Nested(RetailWantedIn), required=True, validate=validate.Length(1, 100)
    )
    reason = fields.String(required=True, validate=validate.OneOf(policy.REASONS))
    condition = fields.String(load_default="intact", validate=validate.OneOf(policy.CONDITIONS))
    failed_repairs = fields.Integer(load_default=0, strict=True, validate=validate.Range(0, 20))


class RetailOfferOut(Schema):
    """Whether a remedy is offered, and why, in both languages; `until` is the last day."""

    remedy = fields.String()
    allowed = fields.Boolean()
    rule = fields.String()
    until = fields.Date(allow_none=True)
    freight = fields.String()
    why = fields.Dict(keys=fields.String(), values=fields.String())


class RetailVerdictOut(Schema):
    """Every remedy."""

    offers = fields.List(fields.Nested(RetailOfferOut))


def offer_out(offer: policy.Offer, why: dict[str, str]) -> dict[str, Any]:
    """An offer as the API shows it."""
    names = ("remedy", "allowed", "rule", "until", "freight")
    return {**{name: getattr(offer, name) for name in names}, "why": why}


def wish_in(body: dict[str, Any]) -> Wish:
    """The body as the service takes it."""
    return Wish(
        lines=tuple((line["line_id"], line["quantity"]) for line in body["lines"]),
        reason=body["reason"],
        condition=body["condition"],
        failed_repairs=body["failed_repairs"],
        remedy=body.get("remedy", ""),
        words=body.get("words", ""),
    )


class RetailRmaQuery(Schema):
    """Which returns: a state, a receipt's or ticket's number."""

    q = words()
    state = fields.String(load_default="", validate=validate.Length(max=30))
    cursor = cursor()
    limit = limit()


class RetailRmaIn(RetailEvaluateIn):
    """A return that is asked for."""

    remedy = fields.String(required=True, validate=validate.OneOf(policy.REMEDIES))
    words = fields.String(load_default="", validate=validate.Length(max=2000))
    contact_id = fields.UUID(load_default=None, allow_none=True)
    channel = fields.String(
        load_default="web", validate=validate.OneOf(("web", "phone", "chat", "mail", "visit"))
    )


class RetailRmaLineOut(Schema):
    """What comes back of a line."""

    line_id = fields.UUID()
    sku = fields.String()
    quantity = fields.Integer()
    accepted = fields.Integer(allow_none=True)
    disposition = fields.String()
    amount = fields.Nested(RetailMoneyOut)


class RetailRefundOut(Schema):
    """A refund to one tender; the amount is negative (RT-14)."""

    id = fields.UUID()
    rma_id = fields.UUID()
    state = fields.String()
    version = fields.Integer()
    original = fields.String()
    method = fields.String()
    amount = fields.Nested(RetailMoneyOut)
    voucher = fields.String(allow_none=True)
    slip_reference = fields.String()
    approved_by = fields.UUID(allow_none=True)
    sent_at = UtcTime(allow_none=True)
    due_at = UtcTime(allow_none=True)
    arrived_at = UtcTime(allow_none=True)


class RetailRmaOut(Schema):
    """A return with its lines and refunds."""

    id = fields.UUID()
    ticket_id = fields.UUID()
    sale_id = fields.UUID()
    state = fields.String()
    version = fields.Integer()
    reason = fields.String()
    condition = fields.String()
    remedy = fields.String()
    rule = fields.String()
    amount = fields.Nested(RetailMoneyOut)
    requested_at = UtcTime()
    verified_by = fields.UUID(allow_none=True)
    approved_by = fields.UUID(allow_none=True)
    finished_at = UtcTime(allow_none=True)
    lines = fields.List(fields.Nested(RetailRmaLineOut))
    refunds = fields.List(fields.Nested(RetailRefundOut))


class RetailRmaList(Schema):
    """A page of returns."""

    items = fields.List(fields.Nested(RetailRmaOut))
    next = fields.String(allow_none=True)


class RetailRefundQuery(Schema):
    """Which refunds."""

    state = fields.String(load_default="", validate=validate.Length(max=30))
    cursor = cursor()
    limit = limit()


class RetailRefundList(Schema):
    """A page of refunds."""

    items = fields.List(fields.Nested(RetailRefundOut))
    next = fields.String(allow_none=True)


def refund_out(refund: Refund) -> dict[str, Any]:
    """A refund as the API shows it."""
    names = (
        "id", "rma_id", "state", "version", "original", "method", "voucher", "slip_reference",
        "approved_by", "sent_at", "due_at", "arrived_at",
    )  # fmt: skip
    shown = {name: getattr(refund, name) for name in names}
    return {**shown, "amount": money(refund.amount, refund.currency)}


def rma_out(
    rma: Rma, lines: Sequence[tuple[RmaLine, SaleLine]], refunds: Sequence[Refund]
) -> dict[str, Any]:
    """A return as the API shows it."""
    names = (
        "id", "ticket_id", "sale_id", "state", "version", "reason", "condition", "remedy", "rule",
        "requested_at", "verified_by", "approved_by", "finished_at",
    )  # fmt: skip
    return {
        **{name: getattr(rma, name) for name in names},
        "amount": money(rma.amount, rma.currency),
        "lines": [
            {
                "line_id": bought.id,
                "sku": bought.sku,
                "quantity": line.quantity,
                "accepted": line.accepted,
                "disposition": line.disposition,
                "amount": money(line.amount, rma.currency),
            }
            for line, bought in lines
        ],
        "refunds": [refund_out(refund) for refund in refunds],
    }


class RetailNoteIn(Schema):
    """A decision's words."""

    note = text(2000)


class RetailAcceptedIn(Schema):
    """How many of an article are accepted."""

    sku = text(40)
    count = fields.Integer(required=True, strict=True, validate=validate.Range(0, 9999))


class RetailInspectionIn(Schema):
    """What was found; `accepted` for a partial finding, `disposition` unless it failed."""

    finding = fields.String(required=True, validate=validate.OneOf(("passed", "partial", "failed")))
    disposition = fields.String(load_default="", validate=validate.OneOf(("", *DISPOSITIONS)))
    note = fields.String(load_default="", validate=validate.Length(max=2000))
    accepted = fields.List(fields.Nested(RetailAcceptedIn), load_default=list)


class RetailSlipIn(Schema):
    """UnionPay's slip (FM-13); `card` are the last four digits."""

    slip_reference = text(40)
    slip_date = text(10)
    card = text(4)
    merchant_signed = fields.Boolean(required=True)


class RetailExecuteIn(Schema):
    """The till's posting; `card` is the stored-value card that was shown."""

    till_reference = text(40)
    card = fields.String(load_default="", validate=validate.Length(max=40))
