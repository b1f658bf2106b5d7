"""What the REST resources take and give; amounts are minor units with their currency, refunds negative."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from marshmallow import Schema, fields, validate

from core.sdk import UtcTime, mask_phone
from plugins.retail import sales

if TYPE_CHECKING:
    from collections.abc import Sequence

    from plugins.retail.models import Member, Sale, SaleLine, SaleTender


def text(longest: int, *, required: bool = True, **more: Any) -> Any:
    """A field of text."""
    least = 1 if required else 0
    return fields.String(required=required, validate=validate.Length(least, longest), **more)


def limit() -> Any:
    """How many of a page."""
    return fields.Integer(load_default=50, strict=True, validate=validate.Range(1, 100))


def words() -> Any:
    """What is looked for."""
    return fields.String(load_default="", validate=validate.Length(max=100))


def cursor() -> Any:
    """Where the page before ended."""
    return fields.String(load_default="", validate=validate.Length(max=1000))


class RetailMoneyOut(Schema):
    """Minor units of a currency."""

    amount = fields.Integer()
    currency = fields.String()


def money(amount: int, currency: str) -> dict[str, Any]:
    """An amount as the API has it."""
    return {"amount": amount, "currency": currency}


def plain(value: Any) -> Any:
    """A loaded value as JSON has it, for the fingerprint of a request."""
    if isinstance(value, list):
        return [plain(each) for each in value]
    if isinstance(value, dict):
        return {name: plain(each) for name, each in value.items()}
    return value if isinstance(value, int | bool | None) else str(value)


class RetailNothingIn(Schema):
    """A deed that needs no words: send {}."""


# --- members --------------------------------------------------------------------------------------


class RetailMemberQuery(Schema):
    """Which members."""

    q = words()
    cursor = cursor()
    limit = limit()


class RetailMemberOut(Schema):
    """A member; telephone and ID number masked."""

    id = fields.UUID()
    number = fields.String()
    contact_id = fields.UUID()
    name = fields.String()
    phone = fields.String()
    id_mask = fields.String()
    tier = fields.String()
    status = fields.String()
    points = fields.Integer()
    joined_at = UtcTime()


class RetailMemberList(Schema):
    """A page of members."""

    items = fields.List(fields.Nested(RetailMemberOut))
    next = fields.String(allow_none=True)


def member_out(member: Member, points: int) -> dict[str, Any]:
    """A member as the API shows it."""
    names = ("id", "number", "contact_id", "name", "id_mask", "tier", "status", "joined_at")
    shown = {name: getattr(member, name) for name in names}
    return {**shown, "phone": mask_phone(member.phone), "points": points}


class RetailSignatureIn(Schema):
    """How the applicant signed: by a typed name."""

    typed_name = text(200)


class RetailApplicationIn(Schema):
    """A membership card application (FM-09)."""

    name = text(100)
    phone = text(40)
    address = text(300)
    signature = fields.Nested(RetailSignatureIn, required=True)
    id_number = text(30, required=False)
    mail = text(254, required=False)
    birthday = fields.String(validate=validate.Length(10, 10))
    proxy = fields.Boolean()
    proxy_name = text(100, required=False)
    proxy_phone = text(40, required=False)
    proxy_id = text(30, required=False)


class RetailApplicationOut(Schema):
    """An application on its way to the card."""

    id = fields.UUID()
    number = fields.String()
    state = fields.String()
    version = fields.Integer()
    proxy = fields.Boolean()
    id_mask = fields.String()
    conflict_with = fields.UUID(allow_none=True)
    member_id = fields.UUID(allow_none=True)
    taken_at = UtcTime()


class RetailCardOut(Schema):
    """A card; `fee` in minor units of the tenant's currency."""

    id = fields.UUID()
    number = fields.String()
    member_id = fields.UUID()
    kind = fields.String()
    state = fields.String()
    fee = fields.Integer()
    replaced_by = fields.UUID(allow_none=True)
    issued_at = UtcTime()


class RetailPointsQuery(Schema):
    """Whose points."""

    member_id = fields.UUID(required=True)
    limit = limit()


class RetailPostingOut(Schema):
    """A posting of the points ledger."""

    id = fields.UUID()
    kind = fields.String()
    member_id = fields.UUID()
    points = fields.Integer()
    sale_id = fields.UUID(allow_none=True)
    rma_id = fields.UUID(allow_none=True)
    posted_at = UtcTime()


class RetailPointsOut(Schema):
    """A balance and the latest postings."""

    member_id = fields.UUID()
    active = fields.Integer()
    pending = fields.Integer()
    owed = fields.Integer()
    postings = fields.List(fields.Nested(RetailPostingOut))


class RetailBurnIn(Schema):
    """Points to spend; `key` names the purchase, so that it is spent once."""

    member_id = fields.UUID(required=True)
    points = fields.Integer(required=True, strict=True, validate=validate.Range(1, 100_000_000))
    key = text(60)


# --- sales ----------------------------------------------------------------------------------------


class RetailSaleQuery(Schema):
    """Which receipts: a number, a telephone or a card."""

    q = fields.String(required=True, validate=validate.Length(1, 100))


class RetailLineIn(Schema):
    """A line of a receipt; without `amount` the price times the quantity."""

    sku = text(40)
    quantity = fields.Integer(load_default=1, strict=True, validate=validate.Range(1, 9999))
    amount = fields.Integer(load_default=None, strict=True, validate=validate.Range(1, 10**12))


class RetailTenderIn(Schema):
    """A tender; for a bank card `account` is its last four digits."""

    kind = fields.String(required=True, validate=validate.OneOf(sales.TENDERS))
    amount = fields.Integer(required=True, strict=True, validate=validate.Range(1, 10**12))
    account = fields.String(load_default="", validate=validate.Length(max=40))
    reference = fields.String(load_default="", validate=validate.Length(max=40))
    points = fields.Integer(load_default=0, strict=True, validate=validate.Range(0, 10**8))


class RetailSaleIn(Schema):
    """A receipt of the till or the shop."""

    number = fields.String(required=True, validate=validate.Regexp(r"^[0-9A-Z-]{1,40}$"))
    store = text(100)
    channel = fields.String(load_default="store", validate=validate.OneOf(sales.CHANNELS))
    cashier = fields.String(load_default="", validate=validate.Length(max=100))
    member_id = fields.UUID(load_default=None, allow_none=True)
    phone = fields.String(load_default="", validate=validate.Length(max=40))
    sold_at = UtcTime(load_default=None, allow_none=True)
    received_at = UtcTime(load_default=None, allow_none=True)
    lines = fields.List(
        fields.Nested(RetailLineIn), required=True, validate=validate.Length(1, 100)
    )
    tenders = fields.List(
        fields.Nested(RetailTenderIn), required=True, validate=validate.Length(1, 10)
    )


def sale_in(body: dict[str, Any]) -> sales.SaleIn:
    """The body as the service takes it."""
    lines = tuple(sales.LineIn(**line) for line in body["lines"])
    tenders = tuple(sales.TenderIn(**tender) for tender in body["tenders"])
    return sales.SaleIn(**{**body, "lines": lines, "tenders": tenders})


class RetailLineOut(Schema):
    """A line; `left` can still come back."""

    id = fields.UUID()
    sku = fields.String()
    name = fields.String()
    category = fields.String()
    excluded = fields.String()
    quantity = fields.Integer()
    left = fields.Integer()
    amount = fields.Nested(RetailMoneyOut)


class RetailTenderOut(Schema):
    """A tender."""

    id = fields.UUID()
    kind = fields.String()
    account = fields.String()
    amount = fields.Nested(RetailMoneyOut)


class RetailSaleOut(Schema):
    """A receipt."""

    id = fields.UUID()
    number = fields.String()
    channel = fields.String()
    store = fields.String()
    cashier = fields.String()
    member_id = fields.UUID(allow_none=True)
    phone = fields.String()
    sold_at = UtcTime()
    received_at = UtcTime(allow_none=True)
    total = fields.Nested(RetailMoneyOut)
    lines = fields.List(fields.Nested(RetailLineOut))
    tenders = fields.List(fields.Nested(RetailTenderOut))


class RetailSaleList(Schema):
    """Receipts that were found."""

    items = fields.List(fields.Nested(RetailSaleOut))
    next = fields.String(allow_none=True)


def sale_out(
    sale: Sale, lines: Sequence[SaleLine], tenders: Sequence[SaleTender], left: dict[Any, int]
) -> dict[str, Any]:
    """A receipt as the API shows it."""
    names = ("id", "number", "channel", "store", "cashier", "member_id", "sold_at", "received_at")
    return {
        **{name: getattr(sale, name) for name in names},
        "phone": mask_phone(sale.phone) if sale.phone else "",
        "total": money(sale.total, sale.currency),
        "lines": [
            {
                **{
                    name: getattr(line, name)
                    for name in ("id", "sku", "name", "category", "excluded", "quantity")
                },
                "left": left[line.id],
                "amount": money(line.amount, sale.currency),
            }
            for line in lines
        ],
        "tenders": [
            {
                "id": tender.id,
                "kind": tender.kind,
                "account": tender.account,
                "amount": money(tender.amount, sale.currency),
            }
            for tender in tenders
        ],
    }
