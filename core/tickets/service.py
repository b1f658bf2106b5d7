"""The use cases of tickets by name: what screens, routes, plugins and jobs call."""

from __future__ import annotations

from core.tickets.assigning import (
    accept,
    assign,
    current_assignment,
    decline,
    unwatch,
    watch,
    watchers_of,
)
from core.tickets.editing import confirm_demand, patch_ticket, set_tags
from core.tickets.handovers import (
    accept_handover,
    hand_over,
    handovers,
    merge,
    open_handover,
    take_back,
)
from core.tickets.idempotency import once
from core.tickets.listing import (
    TicketPage,
    TicketQuery,
    count_by,
    count_tickets,
    list_tickets,
    tags_of,
)
from core.tickets.messages import (
    Entry,
    attachments_of,
    messages,
    post_message,
    recall_message,
    report_work,
    timeline,
)
from core.tickets.moving import (
    close_plainly,
    move,
    move_ticket,
    offered_transitions,
    prefilled,
    register_effect,
    register_prefill,
    state_of,
    workflow_of,
)
from core.tickets.opening import NewTicket, open_ticket, register_intake
from core.tickets.visibility import find_by_number, get_ticket, ticket_of_number
from core.tickets.workflow import Move

__all__ = [
    "Entry",
    "Move",
    "NewTicket",
    "TicketPage",
    "TicketQuery",
    "accept",
    "accept_handover",
    "assign",
    "attachments_of",
    "close_plainly",
    "confirm_demand",
    "count_by",
    "count_tickets",
    "current_assignment",
    "decline",
    "find_by_number",
    "get_ticket",
    "hand_over",
    "handovers",
    "list_tickets",
    "merge",
    "messages",
    "move",
    "move_ticket",
    "offered_transitions",
    "once",
    "open_handover",
    "open_ticket",
    "patch_ticket",
    "post_message",
    "prefilled",
    "recall_message",
    "register_effect",
    "register_intake",
    "register_prefill",
    "report_work",
    "set_tags",
    "state_of",
    "tags_of",
    "take_back",
    "ticket_of_number",
    "timeline",
    "unwatch",
    "watch",
    "watchers_of",
    "workflow_of",
]
