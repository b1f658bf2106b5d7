"""The facts of returns and refunds; each docstring is the manual of its webhook topic, none carries personal data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from core.sdk import Event


@dataclass(frozen=True, kw_only=True)
class RmaRequested(Event):
    """A return, exchange or repair was asked for; `rule` allowed it when `eligible`."""

    type = "retail.rma.requested"
    rma_id: UUID
    sale_id: UUID
    reason: str
    remedy: str
    rule: str
    eligible: bool
    amount: int
    currency: str


@dataclass(frozen=True, kw_only=True)
class RmaStep(Event):
    """Root of the steps of a return: which one, from where to where."""

    type = "retail.rma.step"
    rma_id: UUID
    from_state: str
    to_state: str


@dataclass(frozen=True, kw_only=True)
class RmaVerified(RmaStep):
    """A member of staff checked the case and explained it; it waits for the supervisor (RT-15)."""

    type = "retail.rma.verified"


@dataclass(frozen=True, kw_only=True)
class RmaApproved(RmaStep):
    """The supervisor approved, or the tenant's limit did (`automatic`)."""

    type = "retail.rma.approved"
    automatic: bool = False


@dataclass(frozen=True, kw_only=True)
class RmaDeclined(RmaStep):
    """The supervisor refused, with the reason told to the customer."""

    type = "retail.rma.declined"


@dataclass(frozen=True, kw_only=True)
class RmaLabelIssued(RmaStep):
    """The customer has the address for sending the goods."""

    type = "retail.rma.label_issued"


@dataclass(frozen=True, kw_only=True)
class RmaShipped(RmaStep):
    """The goods are on their way back."""

    type = "retail.rma.shipped"


@dataclass(frozen=True, kw_only=True)
class RmaHandedIn(RmaStep):
    """The goods were handed in at the desk."""

    type = "retail.rma.handed_in"


@dataclass(frozen=True, kw_only=True)
class RmaReceived(RmaStep):
    """The goods are here; they wait for inspection."""

    type = "retail.rma.received"


@dataclass(frozen=True, kw_only=True)
class RmaInspectionBegun(RmaStep):
    """Somebody looks at the goods."""

    type = "retail.rma.inspection_begun"


@dataclass(frozen=True, kw_only=True)
class RmaInspected(RmaStep):
    """The goods were looked at: `finding` is passed, partial or failed; `amount` is what is accepted."""

    type = "retail.rma.inspected"
    finding: str
    amount: int


@dataclass(frozen=True, kw_only=True)
class RmaSettled(RmaStep):
    """Refunds were laid out, one per tender of the receipt."""

    type = "retail.rma.settled"
    refunds: int


@dataclass(frozen=True, kw_only=True)
class RmaRefunded(RmaStep):
    """Every refund of the case was sent."""

    type = "retail.rma.refunded"


@dataclass(frozen=True, kw_only=True)
class RmaExchanged(RmaStep):
    """The customer has other goods."""

    type = "retail.rma.exchanged"


@dataclass(frozen=True, kw_only=True)
class RmaCredited(RmaStep):
    """The customer has store credit."""

    type = "retail.rma.credited"


@dataclass(frozen=True, kw_only=True)
class RmaSentToRepair(RmaStep):
    """The goods are being repaired."""

    type = "retail.rma.sent_to_repair"


@dataclass(frozen=True, kw_only=True)
class RmaReturnedToCustomer(RmaStep):
    """The goods did not pass and went back to the customer."""

    type = "retail.rma.returned_to_customer"


@dataclass(frozen=True, kw_only=True)
class RmaClosed(RmaStep):
    """Nothing is owed on either side."""

    type = "retail.rma.closed"


@dataclass(frozen=True, kw_only=True)
class RmaCancelled(RmaStep):
    """The customer no longer wants it."""

    type = "retail.rma.cancelled"


@dataclass(frozen=True, kw_only=True)
class RmaExpired(RmaStep):
    """The goods never came."""

    type = "retail.rma.expired"


# --- refunds ------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class RefundApproved(Event):
    """Somebody other than its author approved a refund to the original tender (RT-10, RT-15)."""

    type = "retail.refund.approved"
    rma_id: UUID
    refund_id: UUID
    method: str
    amount: int
    currency: str


@dataclass(frozen=True, kw_only=True)
class RefundExceptionGranted(Event):
    """A manager let a refund go another way than the money came (RT-10)."""

    type = "retail.refund.exception_granted"
    rma_id: UUID
    refund_id: UUID
    original: str
    method: str


@dataclass(frozen=True, kw_only=True)
class RefundSlipRecorded(Event):
    """UnionPay took the refund of a bank card; the till comes after it (RT-13, FM-13)."""

    type = "retail.refund.slip_recorded"
    rma_id: UUID
    refund_id: UUID


@dataclass(frozen=True, kw_only=True)
class RefundSent(Event):
    """The till posted the refund; `due_at` is when a bank card must have it (SL-19), None for what arrives at once."""

    type = "retail.refund.sent"
    rma_id: UUID
    refund_id: UUID
    method: str
    amount: int
    currency: str
    due_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class RefundArrived(Event):
    """The customer has the money."""

    type = "retail.refund.arrived"
    rma_id: UUID
    refund_id: UUID
    days: int


@dataclass(frozen=True, kw_only=True)
class RefundFailed(Event):
    """The money came back; the refund can be tried again."""

    type = "retail.refund.failed"
    rma_id: UUID
    refund_id: UUID


@dataclass(frozen=True, kw_only=True)
class RefundOverdue(Event):
    """Seven working days passed without an arrival (SL-19); a follow-up task stands."""

    type = "retail.refund.overdue"
    rma_id: UUID
    refund_id: UUID
    task_id: UUID


@dataclass(frozen=True, kw_only=True)
class TaskDone(Event):
    """A task of a return is done: `kind` is goods_pickup or arrival_follow_up."""

    type = "retail.task.done"
    task_id: UUID
    kind: str


EVENTS: list[type[Event]] = [
    RmaRequested,
    RmaVerified,
    RmaApproved,
    RmaDeclined,
    RmaLabelIssued,
    RmaShipped,
    RmaHandedIn,
    RmaReceived,
    RmaInspectionBegun,
    RmaInspected,
    RmaSettled,
    RmaRefunded,
    RmaExchanged,
    RmaCredited,
    RmaSentToRepair,
    RmaReturnedToCustomer,
    RmaClosed,
    RmaCancelled,
    RmaExpired,
    RefundApproved,
    RefundExceptionGranted,
    RefundSlipRecorded,
    RefundSent,
    RefundArrived,
    RefundFailed,
    RefundOverdue,
    TaskDone,
]
