"""What the API says about a file."""

from __future__ import annotations

from marshmallow import Schema, fields

from core.fields import UtcTime


class AttachmentOut(Schema):
    """An upload; `url` is where its bytes are."""

    id = fields.UUID(required=True)
    name = fields.String(required=True)
    media_type = fields.String(required=True)
    size = fields.Integer(required=True)
    sha256 = fields.String(required=True)
    width = fields.Integer(allow_none=True)
    height = fields.Integer(allow_none=True)
    ticket_id = fields.UUID(allow_none=True)
    visibility = fields.String(required=True)
    uploaded_at = UtcTime(required=True)
    url = fields.Function(lambda row: f"/api/v1/attachments/{row.id}/content")
