"""The facts of a ticket; each docstring is the manual of its webhook topic, and none carries personal data."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from core.events import Event, TransitionEvent


@dataclass(frozen=True, kw_only=True)
class TicketOpened(Event):
    """A matter began. `message_id` is its description, `link_id` the customer's secret link, if he has one."""

    type = "ticket.opened"
    ticket_type: str
    workflow: str
    workflow_version: str
    state: str
    status: str
    priority: str
    channel: str
    request_class: str
    category: str
    phase: str
    contact_id: UUID | None
    organisation_id: UUID | None
    team_id: UUID | None
    message_id: UUID
    link_id: UUID | None


@dataclass(frozen=True, kw_only=True)
class TicketMoved(TransitionEvent):
    """A transition was taken: always emitted, besides the transition's own event.

    `pauses` says whether pausable clocks rest in the new state, `reopened` whether a finished matter lives again;
    `note_id` is the internal note that keeps the answers of the transition's form.
    """

    type = "ticket.moved"
    pauses: bool
    reopened: bool
    note_id: UUID | None


@dataclass(frozen=True, kw_only=True)
class TicketStarted(TransitionEvent):
    """Somebody began to work on it."""

    type = "ticket.started"


@dataclass(frozen=True, kw_only=True)
class TicketResolved(TransitionEvent):
    """The desk considers the matter solved (已解决)."""

    type = "ticket.resolved"


@dataclass(frozen=True, kw_only=True)
class TicketClosed(TransitionEvent):
    """The matter is finished."""

    type = "ticket.closed"


@dataclass(frozen=True, kw_only=True)
class TicketReopened(TransitionEvent):
    """A resolved or closed matter lives again; its clocks go on with what has elapsed."""

    type = "ticket.reopened"


@dataclass(frozen=True, kw_only=True)
class TicketCancelled(TransitionEvent):
    """The matter was given up, by the desk or by the customer who withdrew it."""

    type = "ticket.cancelled"


@dataclass(frozen=True, kw_only=True)
class TicketMerged(Event):
    """This ticket was closed as part of another one, `into_id`."""

    type = "ticket.merged"
    into_id: UUID


@dataclass(frozen=True, kw_only=True)
class TicketAbsorbed(Event):
    """Another ticket, `from_id`, was merged into this one."""

    type = "ticket.absorbed"
    from_id: UUID


@dataclass(frozen=True, kw_only=True)
class TicketAssigned(Event):
    """A person got the ticket; he confirms it by accepting (SL-04)."""

    type = "ticket.assigned"
    assignment_id: UUID
    assignee_id: UUID
    previous_id: UUID | None
    priority: str


@dataclass(frozen=True, kw_only=True)
class TicketUnassigned(Event):
    """The ticket went back to its team's queue."""

    type = "ticket.unassigned"
    previous_id: UUID


@dataclass(frozen=True, kw_only=True)
class TicketAccepted(Event):
    """The assignee confirmed that he takes it."""

    type = "ticket.accepted"
    assignment_id: UUID
    assignee_id: UUID


@dataclass(frozen=True, kw_only=True)
class TicketDeclined(Event):
    """The assignee gave it back; the internal note `note_id` holds the reason."""

    type = "ticket.declined"
    assignment_id: UUID
    assignee_id: UUID
    note_id: UUID


@dataclass(frozen=True, kw_only=True)
class TicketTeamChanged(Event):
    """Another team's queue holds the ticket."""

    type = "ticket.team_changed"
    old: UUID | None
    new: UUID | None


@dataclass(frozen=True, kw_only=True)
class TicketHandedOver(Event):
    """A department got the work by slip FM-26, the desk keeps the ticket; `message_id` told the customer."""

    type = "ticket.handed_over"
    handover_id: UUID
    from_department_id: UUID | None
    to_department_id: UUID
    message_id: UUID


@dataclass(frozen=True, kw_only=True)
class HandoverAccepted(Event):
    """The department confirmed that it works on it (SL-32)."""

    type = "ticket.handover_accepted"
    handover_id: UUID
    department_id: UUID


@dataclass(frozen=True, kw_only=True)
class TicketTakenBack(Event):
    """The work came back to the desk, with a result or without; `note_id` holds the result."""

    type = "ticket.taken_back"
    handover_id: UUID
    department_id: UUID
    note_id: UUID | None


@dataclass(frozen=True, kw_only=True)
class TicketPriorityChanged(Event):
    """Normal, urgent or critical: the clocks get new targets and keep what has elapsed."""

    type = "ticket.priority_changed"
    old: str
    new: str


@dataclass(frozen=True, kw_only=True)
class TicketCategoryChanged(Event):
    """The topic of the ticket changed."""

    type = "ticket.category_changed"
    old: str
    new: str


@dataclass(frozen=True, kw_only=True)
class TicketClassified(Event):
    """A classifier proposed `value` for `field`; `applied` says whether the ticket took it."""

    type = "ticket.classified"
    field: str
    value: str
    confidence: float
    applied: bool


@dataclass(frozen=True, kw_only=True)
class TicketTagged(Event):
    """Tags came or went."""

    type = "ticket.tagged"
    added: tuple[str, ...]
    removed: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class TicketEdited(Event):
    """Words or details of the ticket were corrected; `fields` names them, their values are personal."""

    type = "ticket.edited"
    fields: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class TicketReclassed(Event):
    """The ticket counts as another class or phase of work (consultation, problem, service; pre-sales, after-sales)."""

    type = "ticket.reclassed"
    field: str
    old: str
    new: str


@dataclass(frozen=True, kw_only=True)
class DemandConfirmed(Event):
    """The demand was restated and the customer said yes (需求确认, CP-05)."""

    type = "ticket.demand_confirmed"


@dataclass(frozen=True, kw_only=True)
class TicketWatched(Event):
    """Somebody follows the ticket."""

    type = "ticket.watched"
    user_id: UUID


@dataclass(frozen=True, kw_only=True)
class TicketUnwatched(Event):
    """Somebody follows the ticket no longer."""

    type = "ticket.unwatched"
    user_id: UUID


@dataclass(frozen=True, kw_only=True)
class MessagePosted(Event):
    """A public message or an internal note; said at the click, sent after its hold.

    `automatic` ones never count as a first response. `purpose` is description, reply, notice, outcome (what the
    customer is told in the end: the portal shows it first), note, form, work_done (the work is finished) or result
    (the owner told the desk what came of it).
    """

    type = "message.posted"
    message_id: UUID
    visibility: str
    purpose: str
    author_kind: str
    channel: str
    automatic: bool
    status: str


@dataclass(frozen=True, kw_only=True)
class MessageRecalled(Event):
    """A reply was taken back during its hold: it was never sent, and a response clock goes on."""

    type = "message.recalled"
    message_id: UUID
    visibility: str


EVENTS: list[type[Event]] = [
    TicketOpened,
    TicketMoved,
    TicketStarted,
    TicketResolved,
    TicketClosed,
    TicketReopened,
    TicketCancelled,
    TicketMerged,
    TicketAbsorbed,
    TicketAssigned,
    TicketUnassigned,
    TicketAccepted,
    TicketDeclined,
    TicketTeamChanged,
    TicketHandedOver,
    HandoverAccepted,
    TicketTakenBack,
    TicketPriorityChanged,
    TicketCategoryChanged,
    TicketClassified,
    TicketTagged,
    TicketEdited,
    TicketReclassed,
    DemandConfirmed,
    TicketWatched,
    TicketUnwatched,
    MessagePosted,
    MessageRecalled,
]

PUBLIC_EVENTS = frozenset({"ticket.opened", "ticket.moved", "ticket.merged", "ticket.handed_over"})
"""What a customer's view of the history shows besides public messages."""
