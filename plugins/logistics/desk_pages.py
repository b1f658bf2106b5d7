"""The desk's pages of shipments: control tower, list, one shipment with its raw events, notes, carriers and maps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import flask
import sqlalchemy as sa
from flask import flash, g, redirect, request

from core.sdk import (
    Form,
    Invalid,
    Problem,
    csv_answer,
    db,
    definition,
    desk_page,
    format_datetime,
    load_form,
    now,
    page,
    read_form,
    text,
)
from plugins.logistics import carriers, views
from plugins.logistics.adapters import Report
from plugins.logistics.canonical import STATUSES, SUBS
from plugins.logistics.models import Receipt, Shipment
from plugins.logistics.notes import write_note
from plugins.logistics.on_time import ON_TIME, on_time
from plugins.logistics.presets import OWN
from plugins.logistics.shipments import get_shipment, hear, lock_shipment
from plugins.logistics.tower import tower
from plugins.logistics.workflow import (
    READ_CARRIERS,
    READ_ORDERS,
    READ_SHIPMENTS,
    WRITE_CARRIERS,
    WRITE_ORDERS,
    WRITE_SHIPMENTS,
)

if TYPE_CHECKING:
    from uuid import UUID

    from core.sdk import PolydeskError

CARRIERS = "/x/logistics/carriers"
SCANS = ("DESK_PICKED_UP", "DESK_SEEN", "DESK_DELIVERED", "DESK_DAMAGED", "DESK_LOST")
pages = flask.Blueprint("logistics_pages", __name__, template_folder="templates")


@pages.get("/")
@page(READ_SHIPMENTS)
def show_tower() -> str:
    """The control tower."""
    values = tower(g.actor)
    return desk_page(
        "logistics/tower.html", **values, may_order=g.actor.can(WRITE_ORDERS),
        may_see_carriers=g.actor.can(READ_CARRIERS),
    )  # fmt: skip


@pages.get("/shipments")
@page(READ_SHIPMENTS)
def shipment_list() -> str:
    """Shipments, newest first; by number, city, phone tail, status, carrier, silence and promise."""
    return desk_page("logistics/shipments.html", **views.shipment_list(request.args, g.actor))


@pages.get("/shipments.csv")
@page(READ_SHIPMENTS)
def shipment_table() -> Any:
    """The same as a table for spreadsheets, the newest thousand."""
    query = views.filtered(request.args).order_by(Shipment.created_at.desc(), Shipment.id.desc())
    found = list(db.session.scalars(query.limit(1000)))
    names = (
        "number",
        "status",
        "carrier",
        "carrier_number",
        "route",
        "service",
        "pieces",
        "created_at",
        "promised_at",
        "heard_at",
        "delivered_at",
    )
    rows = [
        (
            line.shipment.number, line.status, line.carrier, line.shipment.carrier_number,
            f"{line.shipment.from_city}–{line.shipment.to_city}",
            text(f"logistics.service.{line.shipment.service}"), line.shipment.pieces,
            *(
                format_datetime(at)
                for at in (
                    line.shipment.created_at, line.shipment.promised_at, line.shipment.heard_at,
                    line.shipment.delivered_at,
                )
            ),
        )
        for line in views.lines(found, g.actor)
    ]  # fmt: skip
    return csv_answer("shipments.csv", [text(f"logistics.column.{name}") for name in names], rows)


# --- one shipment ---------------------------------------------------------------------------------


def _draw(
    shipment_id: UUID, *, data: dict[str, Any] | None = None, problems: tuple[Problem, ...] = ()
) -> str:
    values = views.shipment_page(shipment_id, g.actor)
    return desk_page(
        "logistics/shipment.html",
        **values,
        note_form=definition("form", "logistics.note"),
        data=data or {},
        problems=problems,
        may_write=g.actor.can(WRITE_SHIPMENTS),
        may_read_order=g.actor.can(READ_ORDERS),
        scans=[(code, text(f"logistics.scan.{code}")) for code in SCANS],
    )


@pages.get("/shipments/<uuid:shipment_id>")
@page(READ_SHIPMENTS)
def show_shipment(shipment_id: UUID) -> str:
    """One shipment from every side."""
    return _draw(shipment_id)


def _note_again(error: PolydeskError, shipment_id: UUID) -> str:
    answers = read_form(definition("form", "logistics.note"), request.form, audience="internal")
    return _draw(shipment_id, data=answers.data, problems=getattr(error, "problems", ()))


@pages.post("/shipments/<uuid:shipment_id>/notes")
@page(WRITE_SHIPMENTS, redraw=_note_again)
def add_note(shipment_id: UUID) -> Any:
    """Write a tracking note (FM-22); at the exception's ticket, when the note is for one."""
    answers = read_form(definition("form", "logistics.note"), request.form, audience="internal")
    if answers.problems:
        raise Invalid(*answers.problems)
    shipment = get_shipment(shipment_id)
    at_work = views.lines([shipment], g.actor)[0].ticket
    write_note(shipment, answers.values, actor=g.actor, ticket_id=at_work.id if at_work else None)
    flash(text("logistics.note.kept"))
    return redirect(f"{views.SHIPMENTS}/{shipment_id}#notes", 303)


@pages.post("/shipments/<uuid:shipment_id>/scans")
@page(WRITE_SHIPMENTS, redraw=_note_again)
def add_scan(shipment_id: UUID) -> Any:
    """What our own people saw: fetched, seen at a hub, delivered, damaged, lost."""
    code, place = request.form.get("code", ""), request.form.get("place", "").strip()[:200]
    if code not in SCANS:
        raise Invalid(Problem(field="code", message="logistics.error.code"))
    shipment = lock_shipment(shipment_id)
    report = Report(
        number=shipment.carrier_number,
        code=code,
        at=now(),
        place=place,
        words=text(f"logistics.scan.{code}"),
    )
    hear(shipment, [report], source="desk", actor=g.actor)
    flash(text("logistics.scan.kept"))
    return redirect(f"{views.SHIPMENTS}/{shipment_id}#events", 303)


# --- carriers and their maps ----------------------------------------------------------------------


@pages.get("/carriers")
@page(READ_CARRIERS)
def carrier_list() -> str:
    """Carrier accounts and how they speak with us."""
    return desk_page(
        "logistics/carriers.html", carriers=carriers.list_carriers(),
        may_write=g.actor.can(WRITE_CARRIERS), carrier=None, data={}, problems=(),
    )  # fmt: skip


def _draw_carrier(
    carrier_id: UUID, *, data: dict[str, Any] | None = None, problems: tuple[Problem, ...] = ()
) -> str:
    carrier = carriers.get_carrier(carrier_id)
    return desk_page(
        "logistics/carrier.html",
        carrier=carrier,
        rows=carriers.map_of(carrier.id),
        statuses=[(status, text(f"logistics.status.{status}")) for status in STATUSES],
        subs=[(sub, text(f"logistics.sub.{sub}")) for sub in SUBS if sub != "dispute"],
        receipts=_receipts(carrier.id),
        data=data or {},
        problems=problems,
        may_write=g.actor.can(WRITE_CARRIERS),
        push_path=f"/api/v1/logistics/carriers/{carrier.code}/events",
        own=OWN,
    )


def _receipts(carrier_id: UUID) -> list[Receipt]:
    query = sa.select(Receipt).where(Receipt.carrier_id == carrier_id)
    return list(db.session.scalars(query.order_by(Receipt.received_at.desc()).limit(10)))


@pages.get("/carriers/<uuid:carrier_id>")
@page(READ_CARRIERS)
def show_carrier(carrier_id: UUID) -> str:
    """One carrier: account, status map, last messages."""
    return _draw_carrier(carrier_id)


def _list_again(error: PolydeskError) -> str:
    problems = getattr(error, "problems", ()) or (
        Problem(field="code", message=f"problem.{error.code}.detail"),
    )
    return desk_page(
        "logistics/carriers.html", carriers=carriers.list_carriers(), may_write=True, carrier=None,
        data=request.form, problems=problems,
    )  # fmt: skip


@pages.post("/carriers")
@page(WRITE_CARRIERS, redraw=_list_again)
def add_carrier() -> Any:
    """Add a carrier account with the map that ships for its way of telling."""
    values = _carrier_values()
    values |= {
        "code": request.form.get("code", "").strip()[:30],
        "adapter": request.form.get("adapter", ""),
    }
    made = carriers.save_carrier(None, values, version=None, actor=g.actor)
    flash(text("logistics.carrier.kept"))
    return redirect(f"{CARRIERS}/{made.id}", 303)


def _carrier_values() -> dict[str, Any]:
    sent = request.form
    return {
        "title": {
            "zh-CN": sent.get("title_zh", "").strip()[:100],
            "en": sent.get("title_en", "").strip()[:100],
        },
        "address": sent.get("address", "").strip()[:500],
        "telephone": sent.get("telephone", "").strip()[:40],
        "secret": sent.get("secret", "")[:200],
        "active": sent.get("active") == "1" or "active_shown" not in sent,
    }


def _carrier_again(error: PolydeskError, carrier_id: UUID) -> str:
    problems = getattr(error, "problems", ()) or (
        Problem(field="", message=f"problem.{error.code}.detail"),
    )
    return _draw_carrier(carrier_id, data=dict(request.form), problems=problems)


@pages.post("/carriers/<uuid:carrier_id>")
@page(WRITE_CARRIERS, redraw=_carrier_again)
def change_carrier(carrier_id: UUID) -> Any:
    """Change a carrier account; an empty key leaves the old one."""
    carrier = carriers.get_carrier(carrier_id)
    version = request.form.get("version", "")
    carriers.save_carrier(
        carrier,
        _carrier_values(),
        version=int(version) if version.isdigit() else None,
        actor=g.actor,
    )
    flash(text("logistics.carrier.kept"))
    return redirect(f"{CARRIERS}/{carrier_id}", 303)


@pages.post("/carriers/<uuid:carrier_id>/map")
@page(WRITE_CARRIERS, redraw=_carrier_again)
def change_meaning(carrier_id: UUID) -> Any:
    """Say what one code of the carrier means; parcels that have it are read anew."""
    sent = request.form
    status, _, sub = sent.get("meaning", "").partition("/")
    carriers.save_meaning(carrier_id, sent.get("code", "").strip()[:60], status, sub, actor=g.actor)
    flash(text("logistics.map.kept"))
    return redirect(f"{CARRIERS}/{carrier_id}#map", 303)


# --- on time --------------------------------------------------------------------------------------


def _period() -> dict[str, Any]:
    asked = {name: request.args.get(name, "") for name in ("since", "until", "carrier")}
    form = Form("logistics.on_time", "logistics.report.on_time", ON_TIME.params)
    found: dict[str, Any] = load_form(form, {k: v for k, v in asked.items() if v})
    return found


@pages.get("/on-time")
@page(READ_SHIPMENTS)
def show_on_time() -> str:
    """Kept promises by carrier and route (KP-16), as a page with a chart; the same as PDF and CSV."""
    problems: tuple[Problem, ...] = ()
    try:
        values = on_time(**_period())
    except Invalid as error:
        problems, values = error.problems, on_time()
    shown = values["o"]
    asked = {
        "since": shown["since"].isoformat(),
        "until": shown["until"].isoformat(),
        "carrier": shown["carrier"],
    }
    return desk_page(
        "logistics/on_time.html",
        **values,
        problems=problems,
        carriers=[(row.code, text(row.title)) for row in carriers.list_carriers()],
        pdf_url=views.address("/desk/reports/logistics.on_time.pdf", **asked),
        csv_url=views.address("/x/logistics/on-time.csv", **asked),
    )


@pages.get("/on-time.csv")
@page(READ_SHIPMENTS)
def on_time_table() -> Any:
    """The same as a table for spreadsheets: a line for each carrier and kind of route."""
    shown = on_time(**_period())["o"]
    names = ("carrier", "route", "share", "count", "broken", "delay")
    rows = [
        (
            row["carrier"].name,
            scope,
            f"{cell.share:.1f}",
            cell.all,
            cell.broken,
            f"{cell.delay:.1f}",
        )
        for row in shown["cells"]["rows"]
        for scope, cell in zip(shown["cells"]["scopes"], row["cells"], strict=True)
        if cell
    ]
    header = [
        text(
            f"logistics.column.{name}"
            if name in {"carrier", "route"}
            else f"logistics.on_time.{name}"
        )
        for name in names
    ]
    return csv_answer("on-time.csv", header, rows)
