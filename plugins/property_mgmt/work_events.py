"""The facts of a work order, one per move; their subject is the ticket."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from core.sdk import Event


@dataclass(frozen=True, kw_only=True)
class _OrderEvent(Event):
    work_order_id: UUID
    position: int
    from_state: str
    to_state: str


@dataclass(frozen=True, kw_only=True)
class WorkReported(_OrderEvent):
    """A work order (维修工单) was made for a ticket; nobody looked at it yet."""

    type = "property_mgmt.work_order.reported"
    unit_id: UUID | None
    trade: str


@dataclass(frozen=True, kw_only=True)
class WorkTriaged(_OrderEvent):
    """The desk looked at it: trade and urgency are known."""

    type = "property_mgmt.work_order.triaged"
    trade: str
    priority: str


@dataclass(frozen=True, kw_only=True)
class WorkRejected(_OrderEvent):
    """It is not ours to repair; the customer was told why."""

    type = "property_mgmt.work_order.rejected"


@dataclass(frozen=True, kw_only=True)
class WorkQuoted(_OrderEvent):
    """What it will cost, in minor units of `currency`, and who pays (company, resident)."""

    type = "property_mgmt.work_order.quoted"
    amount: int
    currency: str
    payer: str


@dataclass(frozen=True, kw_only=True)
class WorkApproved(_OrderEvent):
    """The quote was approved, within the approver's limit."""

    type = "property_mgmt.work_order.approved"
    amount: int
    currency: str


@dataclass(frozen=True, kw_only=True)
class QuoteReturned(_OrderEvent):
    """The quote was not approved."""

    type = "property_mgmt.work_order.quote_returned"


@dataclass(frozen=True, kw_only=True)
class WorkDispatched(_OrderEvent):
    """The work was sent to a contractor (派单)."""

    type = "property_mgmt.work_order.dispatched"
    contractor_id: UUID


@dataclass(frozen=True, kw_only=True)
class WorkOffered(_OrderEvent):
    """The work was held out to every contractor of its trade: who accepts first has it (抢单)."""

    type = "property_mgmt.work_order.offered"
    contractors: int


@dataclass(frozen=True, kw_only=True)
class WorkRecalled(_OrderEvent):
    """The desk took the work back from its contractor."""

    type = "property_mgmt.work_order.recalled"


@dataclass(frozen=True, kw_only=True)
class WorkAccepted(_OrderEvent):
    """A contractor took the work."""

    type = "property_mgmt.work_order.accepted"
    contractor_id: UUID


@dataclass(frozen=True, kw_only=True)
class WorkDeclined(_OrderEvent):
    """The contractor gave the work back; the desk sends it to another one."""

    type = "property_mgmt.work_order.declined"
    contractor_id: UUID | None


@dataclass(frozen=True, kw_only=True)
class WorkerArrived(_OrderEvent):
    """Somebody is on site (STD-18)."""

    type = "property_mgmt.work_order.arrived"


@dataclass(frozen=True, kw_only=True)
class WorkStarted(_OrderEvent):
    """The work began."""

    type = "property_mgmt.work_order.started"


@dataclass(frozen=True, kw_only=True)
class PartsAwaited(_OrderEvent):
    """The work waits for parts."""

    type = "property_mgmt.work_order.parts_awaited"


@dataclass(frozen=True, kw_only=True)
class WorkResumed(_OrderEvent):
    """The parts are there, the work goes on."""

    type = "property_mgmt.work_order.resumed"


@dataclass(frozen=True, kw_only=True)
class WorkDone(_OrderEvent):
    """The contractor is done and has shown it by photo; the resident was asked to sign."""

    type = "property_mgmt.work_order.done"
    photos: int


@dataclass(frozen=True, kw_only=True)
class WorkVerified(_OrderEvent):
    """The work holds: `how` is signature, staff or silence (after the hours that the tenant set)."""

    type = "property_mgmt.work_order.verified"
    how: str
    sha256: str


@dataclass(frozen=True, kw_only=True)
class WorkRated(_OrderEvent):
    """The resident rated speed, effect and attitude, 1 to 5."""

    type = "property_mgmt.work_order.rated"
    speed: int
    effect: int
    attitude: int


@dataclass(frozen=True, kw_only=True)
class WorkClosed(_OrderEvent):
    """Nothing is left to do."""

    type = "property_mgmt.work_order.closed"


@dataclass(frozen=True, kw_only=True)
class WorkReopened(_OrderEvent):
    """It broke again, or was not solved, inside the days of the tenant's promise."""

    type = "property_mgmt.work_order.reopened"


@dataclass(frozen=True, kw_only=True)
class WorkCancelled(_OrderEvent):
    """It will not be done; the customer was told why."""

    type = "property_mgmt.work_order.cancelled"


EVENTS: list[type[Event]] = [
    WorkReported, WorkTriaged, WorkRejected, WorkQuoted, WorkApproved, QuoteReturned, WorkDispatched, WorkOffered,
    WorkRecalled, WorkAccepted, WorkDeclined, WorkerArrived, WorkStarted, PartsAwaited, WorkResumed,
    WorkDone, WorkVerified, WorkRated, WorkClosed, WorkReopened, WorkCancelled,
]  # fmt: skip
