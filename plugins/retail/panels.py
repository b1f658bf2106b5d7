"""The member and the return beside a ticket, at a contact, and on the customer's own page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.sdk import Block, Panel, format_date, format_datetime, mask_phone, text
from plugins.retail import members, rmas, sales, statements, tasks
from plugins.retail.workflow import MEMBER_READ, READ, TICKET

if TYPE_CHECKING:
    from core.sdk import Actor, Contact, Ticket
    from plugins.retail.models import Member
    from plugins.retail.return_models import Refund, Rma

Row = tuple[str, Any]


def member_at_ticket(ticket: Ticket | None, _actor: Actor) -> list[Block]:
    """The member who speaks, or whose receipt it is about."""
    if ticket is None:
        return []
    member = members.member_of_contact(ticket.contact_id) if ticket.contact_id else None
    if member is None and ticket.type == TICKET:
        rma = rmas.rma_of_ticket(ticket.id)
        sale = sales.get_sale(rma.sale_id) if rma else None
        member = members.get_member(sale.member_id) if sale and sale.member_id else None
    return _member(member)


def member_at_contact(contact: Contact | None, _actor: Actor) -> list[Block]:
    """The member that the contact is."""
    return _member(members.member_of_contact(contact.id)) if contact is not None else []


def _member(member: Member | None) -> list[Block]:
    if member is None:
        return []
    balance, card = statements.balance_of(member.id), members.working_card(member.id)
    rows: list[Row] = [
        _row("member", member.name),
        _row("member_number", member.number),
        _row("card", card.number if card else text("retail.panel.no_card")),
        _row("phone", mask_phone(member.phone)),
        _row("points", f"{balance.active:,}"),
        _row("joined_at", format_date(member.joined_at)),
    ]
    blocks = [Block("rows", items=tuple(rows))]
    if member.status == members.PENDING:
        blocks.append(Block("text", value=text("retail.panel.pending")))
    bought = sales.sales_of_member(member.id, limit=3)
    if bought:
        blocks.append(
            Block(
                "table",
                label="retail.panel.receipts",
                value=("retail.field.receipt", "retail.field.sold_at", "retail.field.total"),
                items=tuple(
                    (s.number, format_date(s.sold_at), rmas.amount_text(s.total, s.currency))
                    for s in bought
                ),
            )
        )
    links = (("retail.panel.open_member", f"/x/retail/members/{member.id}"),)
    return [*blocks, Block("actions", items=links)]


def return_at_ticket(ticket: Ticket | None, _actor: Actor) -> list[Block]:
    """The return, its refunds and tasks; for a return's ticket without one, the way to begin it."""
    if ticket is None or ticket.type != TICKET:
        return []
    rma = rmas.rma_of_ticket(ticket.id)
    if rma is None:
        links = (("retail.panel.find_receipt", f"/x/retail/?ticket_id={ticket.id}"),)
        return [
            Block("text", value=text("retail.panel.no_return")),
            Block("actions", items=links),
        ]
    blocks = [Block("rows", items=tuple(_return_rows(rma)))]
    refunds = rmas.refunds_of(rma.id)
    if refunds:
        blocks.append(Block("rows", label="retail.panel.refunds", items=tuple(map(_paid, refunds))))
    waiting = [task for task in tasks.tasks_of(rma.id) if task.done_at is None]
    if waiting:
        rows = tuple((f"retail.task.{t.kind}", format_datetime(t.due_at, "short")) for t in waiting)
        blocks.append(Block("rows", label="retail.panel.tasks", items=rows))
    links = (("retail.panel.open_return", f"/x/retail/returns/{rma.id}"),)
    return [*blocks, Block("actions", items=links)]


def _return_rows(rma: Rma) -> list[Row]:
    sale = sales.get_sale(rma.sale_id)
    rows = [
        _row("state", text(f"retail.rma.{rma.state}")),
        _row("receipt", sale.number),
        _row("remedy", text(f"retail.remedy.{rma.remedy}")),
        _row("reason", text(f"retail.reason.{rma.reason}")),
        _row("amount", rmas.amount_text(rma.amount, rma.currency)),
        _row("rule", rmas.rule_text(rma.rule)),
    ]
    if rma.approved_name:
        rows.append(_row("approved_by", rma.approved_name))
    if rma.points_back:
        rows.append(_row("points_back", f"−{rma.points_back:,}"))
    return rows


def _paid(refund: Refund) -> Row:
    words = text(
        "retail.panel.refund_line",
        amount=rmas.amount_text(-refund.amount, refund.currency),
        state=text(f"retail.refund.{refund.state}"),
    )
    return f"retail.tender.{refund.method}", words


def return_at_matter(ticket: Ticket | None, _actor: Actor) -> list[Block]:
    """What the customer sees of his return: where it stands, what is allowed and why, and his money."""
    if ticket is None or ticket.type != TICKET:
        return []
    rma = rmas.rma_of_ticket(ticket.id)
    if rma is None:
        return []
    rows = [
        _row("state", text(f"retail.rma.{rma.state}")),
        _row("remedy", text(f"retail.remedy.{rma.remedy}")),
        _row("amount", rmas.amount_text(rma.amount, rma.currency)),
    ]
    if rma.expires_at:
        rows.append(_row("hand_in_until", format_date(rma.expires_at)))
    blocks = [Block("rows", items=tuple(rows)), Block("text", value=rmas.why(rma.verdict))]
    refunds = rmas.refunds_of(rma.id)
    if refunds:
        blocks.append(Block("rows", label="retail.panel.refunds", items=tuple(map(_told, refunds))))
    return blocks


def _told(refund: Refund) -> Row:
    amount = rmas.amount_text(-refund.amount, refund.currency)
    name = "refund_due" if refund.state == "sent" and refund.due_at else "refund_line"
    words = text(
        f"retail.panel.{name}",
        amount=amount,
        state=text(f"retail.refund.{refund.state}"),
        until=format_date(refund.due_at),
    )
    return f"retail.tender.{refund.method}", words


def _row(name: str, value: Any) -> Row:
    return f"retail.field.{name}", value


PANELS = [
    Panel(
        "retail.return", "ticket", "retail.panel.return", return_at_ticket,
        permission=READ, order=15, icon="receipt-refund",
    ),
    Panel(
        "retail.member", "ticket", "retail.panel.member", member_at_ticket,
        permission=MEMBER_READ, order=20, icon="heart",
    ),
    Panel(
        "retail.person", "contact", "retail.panel.member", member_at_contact,
        permission=MEMBER_READ, order=20, icon="heart",
    ),
    Panel(
        "retail.matter", "matter", "retail.panel.return", return_at_matter,
        permission="matter:read", order=10, icon="receipt-refund",
    ),
]  # fmt: skip
