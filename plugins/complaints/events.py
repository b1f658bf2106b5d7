"""The facts of a complaint; each docstring is the manual of its webhook topic, none carries personal data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from core.sdk import Event


@dataclass(frozen=True, kw_only=True)
class ComplaintAcknowledged(Event):
    """A member of staff took the complaint in (受理)."""

    type = "complaints.complaint.acknowledged"


@dataclass(frozen=True, kw_only=True)
class ComplaintAssessed(Event):
    """Severity, safety, complexity, impact and the need for immediate action were weighed."""

    type = "complaints.complaint.assessed"
    grade: str
    safety: bool
    complexity: str
    impact: str
    immediate: bool


@dataclass(frozen=True, kw_only=True)
class ComplaintJudged(Event):
    """The complaint was found founded, partly founded or not_founded (CP-07).

    `promised_at` is when the customer was promised an answer (CP-09); None when it was not upheld.
    """

    type = "complaints.complaint.judged"
    judgement_id: UUID
    round: int
    finding: str
    reason_sufficient: bool
    demand_reasonable: bool
    department_id: UUID | None
    promised_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class ComplaintInvestigated(Event):
    """The five answers are in and the cause is named (CP-11, CL-07)."""

    type = "complaints.complaint.investigated"
    investigation_id: UUID
    cause_group: str
    facts_true: bool
    reason_sound: bool
    demand_legitimate: bool


@dataclass(frozen=True, kw_only=True)
class PlanProposed(Event):
    """A version of the plan waits for its approval; it meets SL-03."""

    type = "complaints.plan.proposed"
    plan_id: UUID
    plan_version: int
    measures: int


@dataclass(frozen=True, kw_only=True)
class PlanApproved(Event):
    """A supervisor other than its author approved the plan (CP-14); the customer was told."""

    type = "complaints.plan.approved"
    plan_id: UUID
    plan_version: int
    author_id: UUID | None


@dataclass(frozen=True, kw_only=True)
class PlanReturned(Event):
    """The supervisor sent the plan back, to be planned or investigated again."""

    type = "complaints.plan.returned"
    plan_id: UUID
    plan_version: int


@dataclass(frozen=True, kw_only=True)
class PlanAccepted(Event):
    """The customer accepted the plan (CP-17), by himself or through staff (`way`)."""

    type = "complaints.plan.accepted"
    plan_id: UUID
    plan_version: int
    way: str


@dataclass(frozen=True, kw_only=True)
class PlanDeclined(Event):
    """The customer refused the plan: planning starts again (CP-17)."""

    type = "complaints.plan.declined"
    plan_id: UUID
    plan_version: int
    way: str


@dataclass(frozen=True, kw_only=True)
class ResultReported(Event):
    """The measures are done; the customer was told the result in the message and asked to confirm."""

    type = "complaints.result.reported"
    result_id: UUID
    message_id: UUID
    round: int


@dataclass(frozen=True, kw_only=True)
class ResultConfirmed(Event):
    """The customer confirmed the result and signed (CP-22); `sha256` seals the signature."""

    type = "complaints.result.confirmed"
    result_id: UUID
    signature_id: UUID
    kind: str
    sha256: str


@dataclass(frozen=True, kw_only=True)
class ResultDisputed(Event):
    """The customer says that it is not solved: implementing goes on."""

    type = "complaints.result.disputed"
    result_id: UUID
    round: int


@dataclass(frozen=True, kw_only=True)
class FollowUpMade(Event):
    """The follow-up was made (CP-27); it meets SL-09. Ratings are 1 to 5, None when not given."""

    type = "complaints.follow_up.made"
    follow_up_id: UUID
    channel: str
    reached: bool
    speed: int | None
    effect: int | None
    attitude: int | None


@dataclass(frozen=True, kw_only=True)
class ComplaintAppealed(Event):
    """The customer asked for another decision, once and inside the window."""

    type = "complaints.complaint.appealed"


@dataclass(frozen=True, kw_only=True)
class AppealDecided(Event):
    """Someone other than the first judge decided the appeal: granted or dismissed."""

    type = "complaints.appeal.decided"
    granted: bool


EVENTS: list[type[Event]] = [
    ComplaintAcknowledged, ComplaintAssessed, ComplaintJudged, ComplaintInvestigated, PlanProposed,
    PlanApproved, PlanReturned, PlanAccepted, PlanDeclined, ResultReported, ResultConfirmed,
    ResultDisputed, FollowUpMade, ComplaintAppealed, AppealDecided,
]  # fmt: skip
