"""What the REST resource of contacts takes and gives."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from core.contacts.models import POINT_KINDS
from core.contacts.service import NAME_LENGTH, REVEAL_REASONS
from core.fields import UtcTime

LIMIT = 100


class PointBody(Schema):
    """A contact point to be."""

    kind = fields.String(required=True, validate=validate.OneOf(POINT_KINDS))
    value = fields.String(required=True, validate=validate.Length(min=1, max=254))


class ContactBody(Schema):
    """A contact to be; `external_id` is the caller's own id, unique per source."""

    display_name = fields.String(required=True, validate=validate.Length(min=1, max=NAME_LENGTH))
    locale = fields.String(load_default="", validate=validate.Length(max=16))
    timezone = fields.String(load_default="", validate=validate.Length(max=64))
    points = fields.List(
        fields.Nested(PointBody), load_default=list, validate=validate.Length(max=20)
    )
    external_source = fields.String(load_default="api", validate=validate.Length(min=1, max=60))
    external_id = fields.String(
        load_default=None, allow_none=True, validate=validate.Length(min=1, max=120)
    )


class ContactPatch(Schema):
    """A merge-patch; null clears."""

    display_name = fields.String(validate=validate.Length(min=1, max=NAME_LENGTH))
    locale = fields.String(allow_none=True, validate=validate.Length(max=16))
    timezone = fields.String(allow_none=True, validate=validate.Length(max=64))


class ContactQuery(Schema):
    """Filters of the list."""

    q = fields.String(validate=validate.Length(max=200))
    external_source = fields.String(load_default="api")
    external_id = fields.String()
    limit = fields.Integer(load_default=50, validate=validate.Range(1, LIMIT))
    cursor = fields.UUID()


class PointOut(Schema):
    """A contact point, masked."""

    id = fields.UUID()
    kind = fields.String()
    value = fields.String()
    verified = fields.Boolean()


class ContactOut(Schema):
    """A contact; points are masked, `points/{id}/reveal` shows one, on the record."""

    id = fields.UUID()
    display_name = fields.String()
    locale = fields.String()
    timezone = fields.String()
    kind = fields.String()
    verified = fields.Boolean()
    external_id = fields.String(allow_none=True)
    points = fields.List(fields.Nested(PointOut))
    version = fields.Integer()
    created_at = UtcTime()


class ContactList(Schema):
    """A page of contacts."""

    items = fields.List(fields.Nested(ContactOut))
    next = fields.String(allow_none=True)


class RevealBody(Schema):
    """Why somebody needs the full value."""

    reason = fields.String(required=True, validate=validate.OneOf(REVEAL_REASONS))


class ErasureBody(Schema):
    """The customer's name, typed again: nobody erases by mistake."""

    confirm = fields.String(required=True, validate=validate.Length(min=1, max=NAME_LENGTH))


class PersonOut(Schema):
    """Everything kept about a customer: core's rooms and plugins, each by its name."""

    contact_id = fields.String()
    exported_at = fields.String()
    core = fields.Dict()
    plugins = fields.Dict()


class RevealedOut(Schema):
    """The full value."""

    id = fields.UUID()
    value = fields.String()
