"""What the REST resources of SLA give."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields

from core.fields import UtcTime
from core.i18n import text


class Words(fields.Field[str]):
    """A title in the reader's language."""

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str:  # noqa: ARG002  marshmallow's own signature
        return text(value) if value else ""


class IntervalOut(Schema):
    """A stretch in which a clock ran or rested; `ended_at` null is the one that lasts."""

    kind = fields.String()
    started_at = UtcTime()
    ended_at = UtcTime(allow_none=True)
    seconds = fields.Integer()


class ClockOut(Schema):
    """A promise and how it stands, with the intervals that explain it; seconds are business time."""

    id = fields.UUID()
    metric = fields.String()
    title = Words(metadata={"type": "string"})
    round = fields.Integer()
    state = fields.String()
    outcome = fields.String()
    policy = fields.String()
    policy_version = fields.String()
    calendar = fields.String()
    calendar_version = fields.String()
    timezone = fields.String()
    target = fields.Integer()
    elapsed = fields.Integer()
    left = fields.Integer()
    reason = fields.String()
    started_at = UtcTime()
    due_at = UtcTime(allow_none=True)
    warn_at = UtcTime(allow_none=True)
    warned_at = UtcTime(allow_none=True)
    breached_at = UtcTime(allow_none=True)
    finished_at = UtcTime(allow_none=True)
    intervals = fields.List(fields.Nested(IntervalOut))


class PolicyChosenOut(Schema):
    """Why the ticket has its policy; `policy` "" is none, and then there is no clock."""

    policy = fields.String()
    version = fields.String()
    title = Words(metadata={"type": "string"})
    reason = Words(metadata={"type": "string"})
    chosen_by = fields.String()
    chosen_at = UtcTime(allow_none=True)


class TicketClocksOut(Schema):
    """The clocks of a ticket, those that run first, and the policy that gave them."""

    items = fields.List(fields.Nested(ClockOut))
    next = fields.String(allow_none=True)
    policy = fields.Nested(PolicyChosenOut)


class PolicyOut(Schema):
    """A policy of the tenant; `body` is its definition."""

    name = fields.String()
    version = fields.String()
    edited = fields.Boolean()
    title = Words(metadata={"type": "string"})
    body = fields.Dict()


class PolicyListOut(Schema):
    """The tenant's policies in their order."""

    items = fields.List(fields.Nested(PolicyOut))
    next = fields.String(allow_none=True)


class CalendarListOut(PolicyListOut):
    """The tenant's calendars by name."""
