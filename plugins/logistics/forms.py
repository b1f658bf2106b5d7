"""The plugin's forms as data: the order with its waybill (FM-21), what its steps ask, notes (FM-22), exceptions."""

from __future__ import annotations

from core.sdk import Field, Form, Option

KINDS, SERVICES = (
    ("casual", "contract"),
    ("standard", "express", "freight", "cold", "international"),
)
PAYMENTS = ("prepaid", "receiver", "account")
OUTCOMES = ("found", "delivered", "returned", "compensated", "false_alarm")
LONG, LINE = 4000, 200


def options(group: str, names: tuple[str, ...]) -> tuple[Option, ...]:
    """Choices worded as `logistics.<group>.<name>`."""
    return tuple(Option(name, f"logistics.{group}.{name}") for name in names)


def _ask(name: str, kind: str, *, required: bool = True, **more: object) -> Field:
    title = f"logistics.field.{name}"
    return Field(name, kind, title, required=required, **more)  # type: ignore[arg-type]


def _person(who: str, group: str) -> tuple[Field, ...]:
    return (
        _ask(f"{who}_name", "text", personal=True, maximum=LINE, group=group),
        _ask(f"{who}_phone", "phone", personal=True, group=group),
        _ask(f"{who}_city", "text", maximum=60, group=group),
        _ask(f"{who}_address", "text", personal=True, maximum=500, group=group),
    )


_GOODS, _PRICE = "logistics.group.goods", "logistics.group.price"
_PARCEL = (
    _ask("goods", "text", maximum=500, group=_GOODS, help="logistics.help.goods"),
    _ask("pieces", "number", minimum=1, maximum=99, default=1, group=_GOODS, unit="logistics.unit.pieces"),
    _ask("weight_kg", "number", required=False, minimum=0, maximum=30000, group=_GOODS, unit="kg"),
    _ask("volume_m3", "number", required=False, minimum=0, maximum=200, group=_GOODS, unit="m³"),
    _ask("service", "choice", options=options("service", SERVICES), default="standard", group=_GOODS),
)  # fmt: skip
_DESK = (
    _ask("kind", "choice", options=options("kind", KINDS), default="casual", group=_PRICE, audience="internal"),
    _ask(
        "contract", "text", maximum=60, group=_PRICE, audience="internal",
        visible_when={"field": "kind", "is": "contract"},
    ),
)  # fmt: skip
_AMOUNTS = (
    _ask("declared", "money", required=False, minimum=0, group=_PRICE),
    _ask("insured", "money", required=False, minimum=0, group=_PRICE),
)  # fmt: skip

ORDER_FORM = Form(
    "logistics.order",
    "logistics.form.order",
    (
        *_person("sender", "logistics.group.sender"),
        *_person("receiver", "logistics.group.receiver"),
        *_PARCEL,
        *_DESK,
        _ask("payment", "choice", options=options("payment", PAYMENTS), default="prepaid", group=_PRICE),
        _ask("freight", "money", required=False, minimum=0, group=_PRICE, audience="internal"),
        *_AMOUNTS,
        _ask("cash_on_delivery", "money", required=False, minimum=0, group=_PRICE, audience="internal"),
        _ask("remarks", "long_text", required=False, maximum=1000, group=_PRICE),
    ),
    layout="two-column",
    submit="logistics.order.submit",
)  # fmt: skip

CHANGED = (
    "receiver_name",
    "receiver_phone",
    "receiver_city",
    "receiver_address",
    "goods",
    "remarks",
)
FORMS = [
    ORDER_FORM,
    Form(
        "logistics.amendment",
        "logistics.form.amendment",
        tuple(field for field in ORDER_FORM.fields if field.name in CHANGED),
        layout="two-column",
    ),
    Form("logistics.waiver", "logistics.form.waiver", (_ask("reason", "text", maximum=500),)),
    Form("logistics.reason", "logistics.form.reason", (_ask("reason", "text", maximum=500),)),
    Form(
        "logistics.dispatch",
        "logistics.form.dispatch",
        (_ask("salesman", "user"), _ask("pickup_by", "datetime")),
    ),
    Form(
        "logistics.note",
        "logistics.form.note",
        (
            _ask("content", "long_text", maximum=LONG, help="logistics.help.content"),
            _ask("done", "long_text", required=False, maximum=LONG),
            _ask("told", "long_text", required=False, maximum=LONG, help="logistics.help.told"),
            _ask("next_check_at", "datetime", required=False),
        ),
    ),
    Form(
        "logistics.carrier_contact",
        "logistics.form.carrier_contact",
        (
            _ask("content", "long_text", maximum=LONG, help="logistics.help.carrier_said"),
            _ask("done", "long_text", required=False, maximum=LONG),
            _ask("next_check_at", "datetime", required=False),
        ),
    ),
    Form(
        "logistics.telling",
        "logistics.form.telling",
        (_ask("told", "long_text", maximum=LONG, help="logistics.help.telling"),),
    ),
    Form(
        "logistics.resolution",
        "logistics.form.resolution",
        (
            _ask("outcome", "choice", options=options("outcome", OUTCOMES)),
            _ask("done", "long_text", maximum=LONG),
        ),
    ),
]  # fmt: skip
