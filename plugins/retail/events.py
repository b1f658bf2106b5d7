"""The facts of retail; each docstring is the manual of its webhook topic, none carries personal data."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from core.sdk import Event

# --- members ------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class ApplicationTaken(Event):
    """Somebody applied for a membership card (FM-09); `conflict` when the household has one already (RT-03)."""

    type = "retail.application.taken"
    application_id: UUID
    proxy: bool
    conflict: bool


@dataclass(frozen=True, kw_only=True)
class ApplicationMoved(Event):
    """An application took a step of its way to the card."""

    type = "retail.application.moved"
    application_id: UUID
    transition: str
    from_state: str
    to_state: str


@dataclass(frozen=True, kw_only=True)
class MemberJoined(Event):
    """A member was entered; `pending` while the ID number is still to come (RT-05)."""

    type = "retail.member.joined"
    member_id: UUID
    pending: bool


@dataclass(frozen=True, kw_only=True)
class CardIssued(Event):
    """A card was handed out."""

    type = "retail.card.issued"
    member_id: UUID
    card_id: UUID
    kind: str


@dataclass(frozen=True, kw_only=True)
class CardLost(Event):
    """A card was reported lost and works no more."""

    type = "retail.card.lost"
    member_id: UUID
    card_id: UUID


@dataclass(frozen=True, kw_only=True)
class CardReplaced(Event):
    """A new card took the place of another; `fee` in minor units of the tenant's currency."""

    type = "retail.card.replaced"
    member_id: UUID
    card_id: UUID
    by_card_id: UUID
    fee: int


# --- points -------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class PointsEarned(Event):
    """A receipt gave points."""

    type = "retail.points.earned"
    member_id: UUID
    posting_id: UUID
    points: int


@dataclass(frozen=True, kw_only=True)
class PointsActivated(Event):
    """Pending points can be spent from now on."""

    type = "retail.points.activated"
    member_id: UUID
    posting_id: UUID
    points: int


@dataclass(frozen=True, kw_only=True)
class PointsBurned(Event):
    """Points were spent."""

    type = "retail.points.burned"
    member_id: UUID
    posting_id: UUID
    points: int


@dataclass(frozen=True, kw_only=True)
class PointsExpired(Event):
    """Points ended with their term."""

    type = "retail.points.expired"
    member_id: UUID
    posting_id: UUID
    points: int


@dataclass(frozen=True, kw_only=True)
class PointsClawedBack(Event):
    """A refund took back what the goods had earned; `owed` of it had been spent and is settled by later points."""

    type = "retail.points.clawed_back"
    member_id: UUID
    posting_id: UUID
    points: int
    owed: int


@dataclass(frozen=True, kw_only=True)
class PointsGivenBack(Event):
    """A refund gave back points that had paid for the goods."""

    type = "retail.points.given_back"
    member_id: UUID
    posting_id: UUID
    points: int


# --- sales --------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class SaleRecorded(Event):
    """The till or the shop reported a receipt; amounts in minor units of `currency`."""

    type = "retail.sale.recorded"
    sale_id: UUID
    member_id: UUID | None
    channel: str
    total: int
    currency: str


EVENTS: list[type[Event]] = [
    ApplicationTaken,
    ApplicationMoved,
    MemberJoined,
    CardIssued,
    CardLost,
    CardReplaced,
    PointsEarned,
    PointsActivated,
    PointsBurned,
    PointsExpired,
    PointsClawedBack,
    PointsGivenBack,
    SaleRecorded,
]
