"""The board of work orders and the page of one, its moves drawn as forms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from flask import flash, g, redirect, request

from core.sdk import (
    Invalid,
    NotOffered,
    StaleVersion,
    Ticket,
    contact_names,
    current_tenant,
    db,
    definition,
    desk_page,
    get_ticket,
    mask_phone,
    new_form_key,
    page,
    page_of,
    read_form,
    store_file,
    text,
)
from plugins.property_mgmt import contractors, effects, estates, orders, photos, repairs, signing
from plugins.property_mgmt import work_shown as shown
from plugins.property_mgmt.forms import TRADES
from plugins.property_mgmt.portal import problems_of
from plugins.property_mgmt.residents import unit_of_ticket
from plugins.property_mgmt.work_models import WorkOrder
from plugins.property_mgmt.workflow import FINISHED, READ, ST_W, WRITE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from core.sdk import Form, PolydeskError, Transition

ADDRESS = "/x/property_mgmt/"
PER_PAGE = 50
COLUMNS = (
    ("new", ("reported", "reopened")),
    ("arrange", ("triaged", "quoted", "approved")),
    ("sent", ("dispatched", "open_for_grab", "accepted")),
    ("work", ("on_site", "working", "waiting_parts")),
    ("confirm", ("done", "verified", "rated")),
    ("over", FINISHED),
)
IN_COLUMN = 6


@page(READ)
def board() -> str:
    """Work orders by where they stand; `?state=`, `?trade=` and `?contractor=` narrow the list below."""
    asked = _asked()
    listed = page_of(
        orders.orders_where(asked, actor=g.actor),
        WorkOrder.created_at,
        WorkOrder.id,
        cursor=request.args.get("cursor", ""),
        limit=PER_PAGE,
    )
    counts = orders.counts(g.actor)
    return desk_page(
        "property_mgmt/board.html",
        columns=_columns(counts),
        states=[(state.name, text(state.title)) for state in ST_W.states],
        trades=[(name, text(f"property_mgmt.trade.{name}")) for name in TRADES],
        contractors=contractors.told(contractors.all_contractors()),
        asked={name: str(value) for name, value in asked.items() if isinstance(value, str)},
        lines=lines(listed.items),
        next_url=_address(cursor=listed.next) if listed.next else "",
        first_url=_address() if request.args.get("cursor") else "",
        filtered=bool(asked),
    )


def _asked() -> dict[str, Any]:
    given = request.args
    known = {state.name for state in ST_W.states}
    asked: dict[str, Any] = {}
    if given.get("state") in known:
        asked["state"] = given["state"]
    if given.get("trade") in TRADES:
        asked["trade"] = given["trade"]
    firms = {str(row.id) for row in contractors.all_contractors()}
    if given.get("contractor") in firms:
        asked["contractor_id"] = given["contractor"]
    return asked


def _address(**more: Any) -> str:
    kept = {k: v for k, v in request.args.items() if k != "cursor" and v}
    query = urlencode(kept | more)
    return f"{ADDRESS}?{query}" if query else ADDRESS


def _columns(counts: dict[str, int]) -> list[dict[str, Any]]:
    """The columns of the board with their newest cards."""
    found = []
    for name, states in COLUMNS:
        rows = orders.orders_where({"states": states}, actor=g.actor)
        newest = page_of(rows, WorkOrder.state_at, WorkOrder.id, limit=IN_COLUMN).items
        total = sum(counts.get(state, 0) for state in states)
        found.append(
            {
                "name": name,
                "title": text(f"property_mgmt.column.{name}"),
                "count": total,
                "cards": lines(newest),
                "more": max(0, total - len(newest)),
            }
        )
    return found


def lines(rows: Sequence[WorkOrder]) -> list[dict[str, Any]]:
    """Work orders as lists and cards show them; what stands behind their ids is asked for at once."""
    places = estates.places([row.unit_id for row in rows])
    firms = contractors.names_of([row.contractor_id for row in rows])
    found = []
    for row in rows:
        ticket = db.session.get_one(Ticket, (current_tenant().id, row.ticket_id))
        state = orders.state_of(row)
        found.append(
            {
                "row": row,
                "number": orders.number_of(row, ticket),
                "subject": ticket.subject,
                "priority": ticket.priority,
                "place": places.get(row.unit_id, "") if row.unit_id else "",
                "firm": firms.get(row.contractor_id, "") if row.contractor_id else "",
                "status": state.status,
                "state": text(state.title),
                "url": f"/x/property_mgmt/work-orders/{row.id}",
            }
        )
    return found


@page(READ)
def order_page(work_order_id: UUID) -> str:
    """One work order: where it stands, its moves, photos, money, record; `?move=` opens a form."""
    return _draw(work_order_id, chosen=request.args.get("move", ""))


def _draw(work_order_id: UUID, *, chosen: str = "", **more: Any) -> str:
    order = orders.order_of(work_order_id, actor=g.actor)
    ticket = get_ticket(order.ticket_id, actor=g.actor)
    ways = orders.offered_for(order, g.actor) if g.actor.can(WRITE) else []
    picked = next((way for way in ways if way.name == chosen and way.form), None)
    taken = photos.photos_of(order)
    values: dict[str, Any] = {
        "order": order,
        "ticket": ticket,
        "number": orders.number_of(order, ticket),
        "state": orders.state_of(order),
        "stages": _stages(order),
        "ways": ways,
        "picked": picked,
        "form_asked": _form_of(picked) if picked else None,
        "typed": _first(order, ticket, picked),
        "place": estates.place(order.unit_id),
        "customer": contact_names([ticket.contact_id]).get(ticket.contact_id, "")
        if ticket.contact_id
        else "",
        "repair": _repair(ticket.id),
        "firm": contractors.names_of([order.contractor_id]).get(order.contractor_id, "")
        if order.contractor_id
        else "",
        "offers": _offers(order),
        "quote": shown.quote(order),
        "cost": shown.cost(order),
        "phases": [(name, [p for p in taken if p.phase == name]) for name in photos.PHASES],
        "record": shown.record(order),
        "signature": signing.signature_of(order),
        "key": new_form_key(),
        "problems": (),
        "notice": "",
        "base": f"/x/property_mgmt/work-orders/{order.id}",
    }
    return desk_page("property_mgmt/order.html", **{**values, **more})


def _stages(order: WorkOrder) -> list[dict[str, Any]]:
    """The stage bar: what is behind, where it stands, what comes."""
    graph = orders.workflow_of(order)
    names = [stage.name for stage in graph.stages]
    here = names.index(orders.state_of(order).stage)
    over = order.state in FINISHED
    return [
        {
            "title": text(stage.title),
            "state": "done" if over or place < here else "now" if place == here else "next",
            "note": text(orders.state_of(order).title) if place == here else "",
        }
        for place, stage in enumerate(graph.stages)
    ]


def _first(order: WorkOrder, ticket: Any, way: Transition | None) -> dict[str, Any]:
    """What a form shows before anybody answers."""
    if way is None or way.name != "triage":
        return {}
    return {"trade": order.trade, "priority": ticket.priority, "task": order.task}


def _repair(ticket_id: UUID) -> dict[str, Any] | None:
    found = repairs.known(ticket_id)
    if found is None:
        return None
    window = text(f"property_mgmt.window.{found.visit_window or 'any'}")
    return {"row": found, "phone": mask_phone(found.phone), "window": window}


def _offers(order: WorkOrder) -> list[dict[str, Any]]:
    """Whom the work was sent to, with the link that opens it while it is alive."""
    rows = effects.offers_of(order)
    names = contractors.names_of([row.contractor_id for row in rows])
    return [
        {
            "row": row,
            "name": names.get(row.contractor_id, ""),
            "link": contractors.job_address(row) if row.answer in {"", "accepted"} else "",
        }
        for row in reversed(rows)
    ]


def _form_of(way: Transition) -> Form | None:
    found: Form | None = definition("form", way.form) if way.form else None
    return found


def _again(error: PolydeskError, work_order_id: UUID, work_move: str) -> str:
    changed = isinstance(error, StaleVersion | NotOffered)
    more: dict[str, Any] = (
        {"notice": text("property_mgmt.order.changed")}
        if changed
        else {"problems": problems_of(error)}
    )
    if g.get("typed"):
        more["typed"] = g.typed
    return _draw(work_order_id, chosen="" if changed else work_move, **more)


@page(WRITE, redraw=_again)
def take_move(work_order_id: UUID, work_move: str) -> Any:
    """Take a move with the answers of its form."""
    order = orders.order_of(work_order_id, actor=g.actor)
    way = next((w for w in orders.workflow_of(order).transitions if w.name == work_move), None)
    if way is None:
        raise NotOffered(f"{work_move} is not offered", transition=work_move, state=order.state)
    form, given = _form_of(way), {}
    if form is not None:
        answers = read_form(form, request.form, request.files, store=_keep, audience="internal")
        g.typed = answers.data
        if answers.problems:
            raise Invalid(*answers.problems)
        given = {key: answers.data[key] for key in answers.values if key in answers.data}
    version = request.form.get("version", "")
    orders.take(
        work_order_id, work_move, given, actor=g.actor,
        version=int(version) if version.isdecimal() else -1,
    )  # fmt: skip
    flash(text("property_mgmt.order.moved"))
    return redirect(f"/x/property_mgmt/work-orders/{work_order_id}", 303)


def _keep(file: Any) -> UUID:
    kept: UUID = store_file(file, actor=g.actor).id
    return kept


def _new_again(error: PolydeskError, ticket_id: UUID) -> str:
    return _draw_new(ticket_id, problems=problems_of(error), typed=g.get("typed"))


@page(WRITE)
def new_order(ticket_id: UUID) -> str:
    """The form of a further work order for a ticket."""
    return _draw_new(ticket_id)


def _draw_new(ticket_id: UUID, **more: Any) -> str:
    ticket = get_ticket(ticket_id, actor=g.actor)
    unit = estates.place(getattr(unit_of_ticket(ticket.id), "id", None))
    form = definition("form", "property_mgmt.triage")
    values: dict[str, Any] = {"typed": None, "problems": ()}
    return desk_page(
        "property_mgmt/order_new.html",
        ticket=ticket, place=unit, form_asked=form, **{**values, **more},
    )  # fmt: skip


@page(WRITE, redraw=_new_again)
def make_order(ticket_id: UUID) -> Any:
    """Make a work order for a ticket, triaged at once."""
    form: Form = definition("form", "property_mgmt.triage")
    answers = read_form(form, request.form, audience="internal")
    g.typed = answers.data
    if answers.problems:
        raise Invalid(*answers.problems)
    values = answers.values
    order = orders.order_for_staff(
        ticket_id, trade=values["trade"], task=values["task"], actor=g.actor
    )
    orders.take(order.id, "triage", dict(values), actor=g.actor, version=order.version)
    return redirect(f"/x/property_mgmt/work-orders/{order.id}", 303)
