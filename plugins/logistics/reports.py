"""Paper: the waybill (FM-21) as A4 and as a label of 100 x 150 mm, the tracking notes (FM-22)."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Any
from uuid import UUID

from markupsafe import Markup

from core.sdk import (
    Field,
    Invalid,
    Problem,
    Report,
    current_tenant,
    definition,
    format_datetime,
    mask_phone,
    money_text,
    names_of_users,
    public_url,
    qr,
    state_named,
    text,
)
from plugins.logistics.notes import notes_of
from plugins.logistics.on_time import ON_TIME
from plugins.logistics.orders import get_order
from plugins.logistics.shipments import carrier_of, events_of, get_shipment, shipment_of_order
from plugins.logistics.views import address, promise_of, status_words
from plugins.logistics.workflow import ORDER, READ_ORDERS, READ_SHIPMENTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from plugins.logistics.models import Order, Shipment

_ASK_ORDER = (Field("order_id", "text", "logistics.field.order", required=True, maximum=36),)
_ASK_SHIPMENT = (
    Field("shipment_id", "text", "logistics.field.shipment", required=True, maximum=36),
)


def _id(typed: str, name: str) -> UUID:
    try:
        return UUID(typed)
    except ValueError:
        raise Invalid(Problem(field=name, message="logistics.error.id")) from None


def track_address(number: str) -> str:
    """Where the QR code leads: to the tracking page, which still asks for the phone's tail."""
    return public_url(address("/p/logistics/track", number=number))


def waybill(order_id: str) -> dict[str, Any]:
    """The cells of FM-21; a draft has no number yet and says so."""
    order = get_order(_id(order_id, "order_id"))
    shipment = shipment_of_order(order.id)
    state = state_named(definition("workflow", ORDER, order.workflow_version), order.state)
    number = shipment.number if shipment else ""
    return {
        "link": track_address(number) if shipment else "",
        "w": {
            "organisation": text(current_tenant().name),
            "number": number,
            "order": order.number,
            "state": text(state.title),
            "draft": order.state in {"draft", "submitted"},
            "carrier": text(carrier_of(shipment).title) if shipment else "",
            "sender": _party(order, "sender"),
            "receiver": _party(order, "receiver"),
            "goods": order.goods,
            "pieces": order.pieces,
            "weight": _weight(order),
            "volume": f"{order.volume_cm3 / 1_000_000:g} m³" if order.volume_cm3 else "",
            "service": text(f"logistics.service.{order.service}"),
            "payment": text(f"logistics.payment.{order.payment}"),
            "kind": text(f"logistics.kind.{order.kind}"),
            "contract": order.contract,
            "freight": _money(order, order.freight),
            "declared": _money(order, order.declared),
            "insured": _money(order, order.insured),
            "cash_on_delivery": _money(order, order.cash_on_delivery),
            "remarks": order.remarks,
            "taken_at": order.taken_at,
            "taken_by": order.taken_name,
            "promised_at": shipment.promised_at if shipment else None,
        },
    }


def _party(order: Order, who: str) -> dict[str, str]:
    return {name: getattr(order, f"{who}_{name}") for name in ("name", "phone", "city", "address")}


def _weight(order: Order) -> str:
    return f"{order.weight_grams / 1000:g} kg" if order.weight_grams else ""


def _money(order: Order, amount: int) -> str:
    return money_text(amount, order.currency) if amount else ""


# --- the label ------------------------------------------------------------------------------------


def label(order_id: str) -> dict[str, Any]:
    """The parcel's label: what a courier reads at arm's length; phones and names are half hidden."""
    order = get_order(_id(order_id, "order_id"))
    shipment = shipment_of_order(order.id)
    if shipment is None:
        raise Invalid(Problem(field="order_id", message="logistics.error.draft"))
    return {
        "link": track_address(shipment.number),
        "l": {
            "organisation": text(current_tenant().name),
            "carrier": text(carrier_of(shipment).title),
            "number": shipment.number,
            "spaced": " ".join(_groups(shipment.number)),
            "carrier_number": shipment.carrier_number,
            "service": text(f"logistics.service.{order.service}"),
            "route": f"{order.sender_city} → {order.receiver_city}",
            "goal": order.receiver_city[:12],
            "receiver": _label_party(order, "receiver", 17),
            "sender": _label_party(order, "sender", 24),
            "goods": next(iter(lines_of(order.goods, 20)), ""),
            "pieces": order.pieces,
            "weight": _weight(order) or "—",
            "payment": text(f"logistics.payment.{order.payment}"),
            "cash_on_delivery": _money(order, order.cash_on_delivery),
            "printed": format_datetime(order.taken_at, "short"),
            "bars": bars(shipment.number),
            **_code_marks(track_address(shipment.number), 300),
        },
    }


def _code_marks(link: str, size: int) -> dict[str, Any]:
    """The QR code's marks without their frame, and how far to enlarge them to `size`."""
    drawing = str(qr(link, text("logistics.waybill.qr")))
    modules = int(drawing.partition('viewBox="0 0 ')[2].partition(" ")[0])
    marks = drawing.partition(">")[2].rpartition("</svg>")[0]
    return {"code": Markup(marks), "code_scale": round(size / modules, 3)}  # noqa: S704  drawn by core


def _groups(number: str) -> Iterator[str]:
    yield number[:2]
    for start in range(2, len(number), 4):
        yield number[start : start + 4]


def _label_party(order: Order, who: str, width: int) -> dict[str, Any]:
    name = getattr(order, f"{who}_name")
    return {
        "name": f"{name[:1]}{'*' * min(2, max(1, len(name) - 1))}",
        "phone": mask_phone(getattr(order, f"{who}_phone")),
        "lines": lines_of(
            f"{getattr(order, f'{who}_city')} {getattr(order, f'{who}_address')}", width
        )[:3],
    }


def lines_of(words: str, width: int) -> list[str]:
    """Words in lines of at most `width` full-width signs; two Latin letters count as one."""
    lines, line, used = [], "", 0.0
    for sign in words:
        wide = 1.0 if unicodedata.east_asian_width(sign) in "WF" else 0.55
        if used + wide > width:
            lines.append(line)
            line, used = "", 0.0
        line, used = line + sign, used + wide
    return [each.strip() for each in (*lines, line) if each.strip()]


# Code 128 B: eleven modules per sign as widths of bars and gaps.
_PATTERNS = (
    "212222222122222221121223121322131222122213122312132212221213221312231212112232122132122231113222"
    "123122123221223211221132221231213212223112312131311222321122321221312212322112322211212123212321"
    "232121111323131123131321112313132113132311211313231113231311112133112331132131113123113321133121"
    "313121211331231131213113213311213131311123311321331121312113312311332111314111221411431111111224"
    "111422121124121421141122141221112214112412122114122411142112142211241211221114413111241112134111"
    "111242121142121241114212124112124211411212421112421211212141214121412121111143111341131141114113"
    "114311411113411311113141114131311141411131211412211214211232"
)
START, STOP, MODULO = 104, "2331112", 103


def bars(number: str) -> list[tuple[float, float]]:
    """A Code 128 barcode of the number as (x, width) of its bars in modules."""
    values = [ord(sign) - 32 for sign in number]
    check = (START + sum(place * value for place, value in enumerate(values, 1))) % MODULO
    codes = [START, *values, check]
    widths = "".join(_PATTERNS[6 * code : 6 * code + 6] for code in codes) + STOP
    found, x = [], 0
    for index, sign in enumerate(widths):
        if index % 2 == 0:
            found.append((float(x), float(sign)))
        x += int(sign)
    return found


# --- tracking notes -------------------------------------------------------------------------------


def tracking_notes(shipment_id: str) -> dict[str, Any]:
    """FM-22: every check of a shipment, with what was done, told and promised."""
    shipment = get_shipment(_id(shipment_id, "shipment_id"))
    order = get_order(shipment.order_id)
    return {
        "link": public_url(f"/x/logistics/shipments/{shipment.id}"),
        "n": {
            "organisation": text(current_tenant().name),
            "shipment": shipment,
            "order": order.number,
            "carrier": text(carrier_of(shipment).title),
            "route": text("logistics.route", origin=shipment.from_city, goal=shipment.to_city),
            "status": status_words(shipment.status, shipment.sub),
            "promise": promise_of(shipment)[0],
            "taken_at": order.taken_at,
            "salesman": _salesman(order),
            "rows": [
                {
                    "at": note.written_at,
                    "by": note.written_name or text("logistics.system"),
                    "status": text(f"logistics.status.{note.status}"),
                    "content": note.content,
                    "done": note.done,
                    "told": note.told,
                    "next": note.next_check_at,
                }
                for note in notes_of(shipment.id)
            ],
            "events": _last_events(shipment),
        },
    }


def _salesman(order: Order) -> str:
    return (
        names_of_users([order.salesman_id]).get(order.salesman_id, "") if order.salesman_id else ""
    )


def _last_events(shipment: Shipment) -> list[dict[str, Any]]:
    return [
        {
            "at": row.happened_at,
            "status": status_words(row.status, row.sub) if row.status else row.code,
            "place": row.place,
        }
        for row in events_of(shipment.id)[-12:]
    ]


REPORTS = [
    Report(
        "logistics.waybill", "logistics.report.waybill", waybill, "logistics/waybill.html",
        READ_ORDERS, _ASK_ORDER,
    ),
    Report(
        "logistics.label", "logistics.report.label", label, "logistics/label.html", READ_ORDERS,
        _ASK_ORDER,
    ),
    Report(
        "logistics.tracking_notes", "logistics.report.notes", tracking_notes,
        "logistics/notes.html", READ_SHIPMENTS, _ASK_SHIPMENT,
    ),
    ON_TIME,
]  # fmt: skip
