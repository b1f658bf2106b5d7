"""What the REST resources of tickets take and give (model.md §10)."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from core.fields import UtcTime
from core.paging import MOST
from core.tickets.listing import SORTS
from core.tickets.models import CLASSES, PRIORITIES, STATUSES
from core.tickets.writing import (
    BODY_LENGTH,
    MAX_FILES,
    MAX_TAGS,
    MAX_WATCHERS,
    SUBJECT_LENGTH,
    TAG_LENGTH,
)

_NAME = validate.Regexp(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}\Z")


def _tags() -> fields.List[str]:
    return fields.List(
        fields.String(validate=validate.Length(1, TAG_LENGTH)),
        validate=validate.Length(max=MAX_TAGS),
    )


class TicketBody(Schema):
    """A ticket to be. `form` answers the intake form of its type; `attachments` are ids of uploads."""

    type = fields.String(required=True)
    subject = fields.String(required=True, validate=validate.Length(1, SUBJECT_LENGTH))
    description = fields.String(required=True, validate=validate.Length(1, BODY_LENGTH))
    html = fields.String(allow_none=True)
    contact_id = fields.UUID(allow_none=True)
    organisation_id = fields.UUID(allow_none=True)
    channel = fields.String(load_default="api", validate=_NAME)
    priority = fields.String(load_default="normal", validate=validate.OneOf(PRIORITIES))
    request_class = fields.String(validate=validate.OneOf(CLASSES))
    category = fields.String(validate=_NAME)
    phase = fields.String(validate=_NAME)
    language = fields.String(validate=validate.Length(max=16))
    team_id = fields.UUID(allow_none=True)
    assignee_id = fields.UUID(allow_none=True)
    tags = _tags()
    form = fields.Dict(keys=fields.String())
    attachments = fields.List(fields.UUID(), validate=validate.Length(max=MAX_FILES))


class TicketPatch(Schema):
    """A merge-patch: what is not named stays, null clears."""

    subject = fields.String(validate=validate.Length(1, SUBJECT_LENGTH))
    category = fields.String(allow_none=True, validate=_NAME)
    priority = fields.String(validate=validate.OneOf(PRIORITIES))
    phase = fields.String(allow_none=True, validate=_NAME)
    request_class = fields.String(validate=validate.OneOf(CLASSES))
    language = fields.String(allow_none=True, validate=validate.Length(max=16))
    organisation_id = fields.UUID(allow_none=True)
    team_id = fields.UUID()
    assignee_id = fields.UUID(allow_none=True)
    tags = _tags()
    watchers = fields.List(fields.UUID(), validate=validate.Length(max=MAX_WATCHERS))
    extra = fields.Dict(keys=fields.String())


class TicketListQuery(Schema):
    """Filters: a name repeated means "one of". `condition` is a JSON text of the condition language."""

    status = fields.List(fields.String(validate=validate.OneOf(STATUSES)))
    state = fields.List(fields.String())
    type = fields.List(fields.String())
    priority = fields.List(fields.String(validate=validate.OneOf(PRIORITIES)))
    category = fields.List(fields.String())
    channel = fields.List(fields.String())
    request_class = fields.List(fields.String(validate=validate.OneOf(CLASSES)))
    sla_state = fields.List(fields.String())
    tag = fields.List(fields.String())
    team_id = fields.List(fields.UUID())
    assignee_id = fields.List(fields.UUID())
    unassigned = fields.Boolean()
    watched_by = fields.UUID()
    department_id = fields.UUID()
    contact_id = fields.UUID()
    organisation_id = fields.UUID()
    number = fields.String(validate=validate.Length(1, 40))
    condition = fields.String(validate=validate.Length(max=4000))
    sort = fields.String(validate=validate.OneOf(sorted(SORTS)))
    cursor = fields.String(validate=validate.Length(max=1000))
    limit = fields.Integer(load_default=50, validate=validate.Range(1, MOST))


class TicketOut(Schema):
    """A ticket; `version` is its ETag and what a write sends as If-Match."""

    id = fields.UUID()
    number = fields.String(allow_none=True)
    type = fields.String()
    state = fields.String()
    status = fields.String()
    stage = fields.String()
    subject = fields.String()
    priority = fields.String()
    request_class = fields.String()
    phase = fields.String()
    category = fields.String()
    channel = fields.String()
    language = fields.String()
    contact_id = fields.UUID(allow_none=True)
    organisation_id = fields.UUID(allow_none=True)
    team_id = fields.UUID(allow_none=True)
    department_id = fields.UUID(allow_none=True)
    assignee_id = fields.UUID(allow_none=True)
    merged_into = fields.UUID(allow_none=True)
    tags = fields.List(fields.String())
    extra = fields.Dict(keys=fields.String())
    version = fields.Integer()
    due_at = UtcTime(allow_none=True)
    due_metric = fields.String()
    sla_state = fields.String()
    opened_at = UtcTime()
    updated_at = UtcTime()
    resolved_at = UtcTime(allow_none=True)
    closed_at = UtcTime(allow_none=True)


class TransitionOut(Schema):
    """A transition that is offered; `form` names the form to answer, "" for none."""

    name = fields.String()
    title = fields.String()
    target = fields.String()
    form = fields.String()


class TicketDetailOut(TicketOut):
    """One ticket, with who watches it and what may be done with it."""

    watchers = fields.List(fields.UUID())
    transitions = fields.List(fields.Nested(TransitionOut))


class TicketList(Schema):
    """A page of tickets; `notice` names a plugin that could not say what it hides, so that nothing is shown."""

    items = fields.List(fields.Nested(TicketOut))
    next = fields.String(allow_none=True)
    notice = fields.String()


class TransitionBody(Schema):
    """A move along the workflow, at the version that was read."""

    name = fields.String(required=True, validate=validate.Length(1, 120))
    form = fields.Dict(keys=fields.String(), load_default=dict)
    version = fields.Integer(required=True)


class MessageBody(Schema):
    """Something to say; an internal one is never shown to a customer, its purpose note, work_done or result."""

    body = fields.String(required=True, validate=validate.Length(1, BODY_LENGTH))
    html = fields.String(allow_none=True)
    visibility = fields.String(
        load_default="public", validate=validate.OneOf(("public", "internal"))
    )
    purpose = fields.String(load_default="", validate=validate.Length(max=16))
    channel = fields.String(load_default="", validate=validate.Length(max=30))
    language = fields.String(load_default="", validate=validate.Length(max=16))
    attachments = fields.List(
        fields.UUID(), load_default=list, validate=validate.Length(max=MAX_FILES)
    )


class MessageOut(Schema):
    """A message as it stands; a recalled one was never sent, a redacted one lost its words."""

    id = fields.UUID()
    visibility = fields.String()
    purpose = fields.String()
    body_text = fields.String()
    body_html = fields.String(allow_none=True)
    author_kind = fields.String()
    author_id = fields.UUID(allow_none=True)
    author_name = fields.String()
    automatic = fields.Boolean()
    channel = fields.String()
    language = fields.String()
    posted_at = UtcTime()
    hold_until = UtcTime(allow_none=True)
    delivery_state = fields.String()
    recalled_at = UtcTime(allow_none=True)
    attachments = fields.List(fields.UUID())


class MessageList(Schema):
    """Messages of a ticket, oldest first."""

    items = fields.List(fields.Nested(MessageOut))
    next = fields.String(allow_none=True)


class MessageListQuery(Schema):
    """Where to go on, and how many."""

    cursor = fields.UUID()
    limit = fields.Integer(load_default=50, validate=validate.Range(1, MOST))


class TimelineEntryOut(Schema):
    """A message, or an event with its type and data."""

    kind = fields.String()
    at = UtcTime()
    id = fields.UUID()
    message = fields.Nested(MessageOut)
    type = fields.String()
    data = fields.Dict()
    actor_kind = fields.String()
    actor_id = fields.UUID(allow_none=True)


class TimelineOut(Schema):
    """The whole history of a ticket."""

    items = fields.List(fields.Nested(TimelineEntryOut))


class FeedQuery(Schema):
    """The feed goes on behind `after`, a ledger position."""

    after = fields.Integer(load_default=0, validate=validate.Range(0, 2**53))
    limit = fields.Integer(load_default=50, validate=validate.Range(1, MOST))


class EventOut(Schema):
    """A sealed fact; `data` follows the schema of its type and version."""

    seq = fields.Integer()
    id = fields.UUID()
    type = fields.String()
    version = fields.Integer()
    occurred_at = UtcTime()
    subject_type = fields.String()
    subject_id = fields.UUID()
    actor_kind = fields.String()
    actor_id = fields.UUID(allow_none=True)
    on_behalf_of = fields.UUID(allow_none=True)
    caused_by = fields.UUID(allow_none=True)
    request_id = fields.String()
    data = fields.Dict()


class EventList(Schema):
    """A stretch of the feed; `next` is the `after` of the following one, null at the end."""

    items = fields.List(fields.Nested(EventOut))
    next = fields.Integer(allow_none=True)
