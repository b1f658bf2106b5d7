"""The forms of retail as data: FM-09, the steps of a return, FM-12 and FM-13."""

from __future__ import annotations

from core.sdk import Field, Form, Option
from plugins.retail.policy import CONDITIONS, REASONS, REMEDIES

LONG = 2000
DISPOSITIONS = ("restock", "refurbish", "vendor_return", "scrap", "quarantine")
METHODS = ("cash", "stored", "bank")


def options(group: str, names: tuple[str, ...]) -> tuple[Option, ...]:
    """Choices in the words of a group."""
    return tuple(Option(name, f"retail.{group}.{name}") for name in names)


def _ask(name: str, kind: str, *, required: bool = True, **more: object) -> Field:
    return Field(name, kind, f"retail.field.{name}", required=required, **more)  # type: ignore[arg-type]


def _words(name: str, *, required: bool = True, **more: object) -> Field:
    return _ask(name, "long_text", required=required, maximum=LONG, **more)


def _form(name: str, *fields: Field, **more: object) -> Form:
    return Form(f"retail.{name}", f"retail.form.{name}", fields, **more)  # type: ignore[arg-type]


_PROXY = {"field": "proxy", "is": True}
_DISPOSITION = _ask("disposition", "choice", options=options("disposition", DISPOSITIONS))
_CARD = _ask(
    "card", "text", required=False, maximum=40, help="retail.help.card_shown", personal=True
)

FORMS = [
    _form(
        "application",
        _ask("name", "text", maximum=100, personal=True),
        _ask(
            "id_number", "text", required=False, maximum=30, personal=True,
            help="retail.help.id_number",
        ),
        _ask("phone", "phone", personal=True),
        _ask("mail", "email", required=False, personal=True),
        _ask("address", "text", maximum=300, personal=True, help="retail.help.address"),
        _ask("birthday", "date", required=False, personal=True),
        _ask("proxy", "boolean", required=False, help="retail.help.proxy"),
        _ask("proxy_name", "text", maximum=100, personal=True, visible_when=_PROXY),
        _ask("proxy_phone", "phone", personal=True, visible_when=_PROXY),
        _ask("proxy_id", "text", maximum=30, personal=True, visible_when=_PROXY),
        _ask("signature", "signature", personal=True),
        layout="two-column",
    ),
    _form("identity", _ask("id_number", "text", maximum=30, personal=True)),
    _form("override", _words("reason", help="retail.help.override")),
    _form("application_refusal", _words("reason")),
    _form(
        "return",
        _ask("reason", "choice", options=options("reason", REASONS)),
        _ask("condition", "choice", options=options("condition", CONDITIONS)),
        _ask("failed_repairs", "number", required=False, minimum=0, maximum=20),
        _words("words", required=False, help="retail.help.words"),
    ),
    _form("remedy", _ask("remedy", "choice", options=options("remedy", REMEDIES))),
    _form("verification", _words("note", help="retail.help.verification")),
    _form("approval", _words("note", help="retail.help.approval")),
    _form("refusal", _words("note", help="retail.help.refusal")),
    _form("parcel", _ask("parcel", "text", maximum=60, help="retail.help.parcel")),
    _form("inspection", _DISPOSITION, _words("note", required=False)),
    _form(
        "partial_inspection",
        _ask(
            "accepted", "rows", minimum=1, maximum=50, help="retail.help.accepted",
            fields=(_ask("sku", "text", maximum=40), _ask("count", "number", minimum=0, maximum=9999)),
        ),
        _DISPOSITION,
        _words("note"),
    ),
    _form("failed_inspection", _words("note", help="retail.help.failed")),
    _form("giving_back", _words("note")),
    _form("exchange", _ask("receipt", "text", maximum=40, help="retail.help.receipt")),
    _form("repair", _ask("order", "text", maximum=40, help="retail.help.order")),
    _form(
        "slip",
        _ask("slip_reference", "text", maximum=40, pattern=r"[0-9A-Za-z-]{6,40}",
             error="retail.error.reference"),
        _ask("slip_date", "date", default="today"),
        _ask("card", "text", maximum=4, pattern=r"[0-9]{4}", error="retail.error.last_four",
             help="retail.help.last_four", personal=True),
        _ask("merchant_signed", "boolean", required=False, help="retail.help.merchant_signed"),
    ),
    _form(
        "posting", _ask("till_reference", "text", maximum=40, help="retail.help.till_reference"), _CARD
    ),
    _form("failure", _words("reason")),
    _form(
        "exception",
        _ask("method", "choice", options=options("tender", METHODS)),
        _words("reason", help="retail.help.exception"),
    ),
    _form("task", _words("result")),
]  # fmt: skip
