"""The home at its ticket, the work order at its ticket and at the customer's matter, and what is done from there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from core.sdk import (
    Block,
    Button,
    Contact,
    Panel,
    Ticket,
    current_tenant,
    db,
    format_datetime,
    mask_phone,
    text,
    visible_tickets_to,
)
from plugins.property_mgmt import contractors, estates, orders, residents, work_shown
from plugins.property_mgmt.estates import READ
from plugins.property_mgmt.letters import sign_path
from plugins.property_mgmt.models import TicketUnit
from plugins.property_mgmt.repairs import known
from plugins.property_mgmt.workflow import FINISHED
from plugins.property_mgmt.workflow import READ as READ_ORDERS
from plugins.property_mgmt.workflow import WRITE as WRITE_ORDERS

if TYPE_CHECKING:
    from uuid import UUID

    from core.sdk import Actor
    from plugins.property_mgmt.models import Unit
    from plugins.property_mgmt.work_models import WorkOrder

SHOWN = 5
COMPLAINT = "complaints.complaint"
REGISTER = "/desk/reports/property_mgmt.register?ticket_id={}"


def unit_panel(ticket: Ticket | None, actor: Actor) -> list[Block]:
    """The home, who lives there (masked), its open matters, and the work orders of this ticket."""
    if ticket is None:
        return []
    unit = residents.unit_of_ticket(ticket.id)
    blocks = _home(unit, ticket, actor) if unit else [_unknown(ticket)]
    if actor.can(READ_ORDERS):
        blocks += [block for order in orders.orders_at([ticket.id]) for block in _work(order)]
    return blocks


def _home(unit: Unit, ticket: Ticket, actor: Actor) -> list[Block]:
    rows: list[tuple[str, Any]] = [("property_mgmt.panel.unit", estates.place(unit.id))]
    if unit.area_cm2:
        rows.append(("property_mgmt.field.area", text("property_mgmt.area", area=area(unit))))
    people = residents.named(residents.people_of([unit.id]).get(unit.id, []))
    for person in people[:SHOWN]:
        role = f"property_mgmt.role.{person['row'].role}"
        shown = text(
            "property_mgmt.panel.person", name=person["name"], phone=mask_phone(person["phone"])
        )
        rows.append((role, shown))
    if any(person["row"].vulnerable for person in people):
        rows.append(("property_mgmt.field.vulnerable", text("property_mgmt.yes")))
    blocks = [Block("rows", items=tuple(rows))]
    others = _open_matters(unit.id, ticket.id, actor)
    if others:
        items = tuple((text("property_mgmt.panel.open"), number) for number in others)
        blocks.append(Block("rows", label="property_mgmt.panel.open_matters", items=items))
    link = (("property_mgmt.panel.unit_page", f"/x/property_mgmt/units/{unit.id}"),)
    return [*blocks, Block("actions", items=link)]


def area(unit: Unit) -> str:
    """The floor area in square metres."""
    return f"{(unit.area_cm2 or 0) / 10_000:g}"


def _unknown(ticket: Ticket) -> Block:
    address = f"/x/property_mgmt/tickets/{ticket.id}/unit"
    return Block("link", label="property_mgmt.panel.choose_unit", url=address)


def _open_matters(unit_id: UUID, but: UUID, actor: Actor) -> list[str]:
    tenant_id = current_tenant().id
    found = db.session.execute(
        sa.select(Ticket.number, Ticket.subject)
        .join(TicketUnit, sa.and_(TicketUnit.tenant_id == tenant_id, TicketUnit.ticket_id == Ticket.id))
        .where(Ticket.tenant_id == tenant_id, TicketUnit.unit_id == unit_id, Ticket.id != but)
        .where(Ticket.status.in_(("new", "open", "waiting")), visible_tickets_to(actor, "ticket:read"))
        .order_by(Ticket.opened_at.desc(), Ticket.id.desc())
        .limit(SHOWN)
    )  # fmt: skip
    return [f"{row[0]} {row[1]}" for row in found]


def _work(order: WorkOrder) -> list[Block]:
    state = text(orders.state_of(order).title)
    label = text("property_mgmt.panel.work", position=order.position, state=state)
    names = contractors.names_of([order.contractor_id])
    rows: list[tuple[str, Any]] = []
    if order.contractor_id:
        rows.append(("property_mgmt.field.contractor", names.get(order.contractor_id, "")))
    if order.parts_until and order.state == "waiting_parts":
        rows.append(("property_mgmt.field.until", order.parts_until.isoformat()))
    blocks = [Block("progress", label=label, value=work_shown.SHARE[order.state])]
    if rows:
        blocks.append(Block("rows", items=tuple(rows)))
    address = f"/x/property_mgmt/work-orders/{order.id}"
    return [*blocks, Block("actions", items=(("property_mgmt.panel.open_order", address),))]


def matter_panel(ticket: Ticket | None, _actor: Actor) -> list[Block]:
    """What the customer sees of the work: how far it is, who comes, and the way to sign."""
    if ticket is None:
        return []
    blocks: list[Block] = []
    for order in orders.orders_at([ticket.id]):
        blocks += _for_customer(order)
    repair = known(ticket.id)
    if blocks and repair is not None and repair.visit_on:
        when = text(
            "property_mgmt.panel.visit",
            day=repair.visit_on.isoformat(),
            window=text(f"property_mgmt.window.{repair.visit_window or 'any'}"),
        )
        blocks.insert(0, Block("rows", items=(("property_mgmt.field.visit_on", when),)))
    return blocks


def _for_customer(order: WorkOrder) -> list[Block]:
    state = text(orders.state_of(order).title)
    share = work_shown.SHARE[order.state]
    rows: list[tuple[str, Any]] = []
    if order.contractor_id and order.accepted_at:
        names = contractors.names_of([order.contractor_id])
        rows.append(("property_mgmt.field.contractor", names.get(order.contractor_id, "")))
    if order.arrived_at:
        rows.append(("property_mgmt.milestone.on_site", format_datetime(order.arrived_at, "near")))
    if order.done_at:
        rows.append(("property_mgmt.milestone.done", format_datetime(order.done_at, "near")))
    blocks = [
        Block("progress", label=text("property_mgmt.panel.progress", state=state), value=share)
    ]
    if rows:
        blocks.append(Block("rows", items=tuple(rows)))
    path = sign_path(order)
    if path and order.state not in FINISHED[:1]:
        label = "sign" if order.state == "done" else "rate" if order.state == "verified" else "look"
        blocks.append(Block("actions", items=((f"property_mgmt.panel.{label}", path),)))
    return blocks


def contact_panel(contact: Contact | None, _actor: Actor) -> list[Block]:
    """Where a contact lives."""
    homes = residents.homes_of(contact.id) if contact else []
    told = estates.places([home.unit_id for home in homes])
    rows = tuple((f"property_mgmt.role.{home.role}", told[home.unit_id]) for home in homes)
    return [Block("rows", items=rows)] if rows else []


PANELS = [
    Panel(
        "property_mgmt.unit", "ticket", "property_mgmt.panel.title", unit_panel,
        permission=READ, order=20, icon="building-estate",
    ),
    Panel(
        "property_mgmt.work", "matter", "property_mgmt.panel.matter", matter_panel,
        permission="matter:read", order=20, icon="tool",
    ),
    Panel(
        "property_mgmt.homes", "contact", "property_mgmt.panel.homes", contact_panel,
        permission=READ, order=20, icon="home",
    ),
]  # fmt: skip


def buttons(ticket: Ticket, actor: Actor) -> list[Button]:
    """What is done from a ticket: say which home, make a work order, print."""
    base = f"/x/property_mgmt/tickets/{ticket.id}"
    found = [
        Button("property_mgmt.action.unit", f"{base}/unit", WRITE_ORDERS, icon="home"),
        Button("property_mgmt.action.new_order", f"{base}/work-orders", WRITE_ORDERS, icon="tool"),
    ]
    if ticket.type == COMPLAINT:
        found.append(
            Button(
                "property_mgmt.action.register", REGISTER.format(ticket.id), "ticket:read",
                icon="clipboard-list",
            )
        )  # fmt: skip
    last = next(iter(reversed(orders.orders_at([ticket.id]))), None)
    if last is not None and actor.can(READ_ORDERS):
        url = (
            f"/desk/reports/property_mgmt.work_order?ticket_id={ticket.id}&position={last.position}"
        )
        found.append(Button("property_mgmt.action.print", url, READ_ORDERS, icon="printer"))
    return found
