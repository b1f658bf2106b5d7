"""Files over the API: send one, ask about it, fetch it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import flask
from flask import g, request
from flask_smorest import Blueprint

from core.attachments import responses, service
from core.attachments.schemas import AttachmentOut
from core.errors import Invalid, Problem
from core.web import endpoint

if TYPE_CHECKING:
    from uuid import UUID

    from flask import Response

    from core.attachments.models import Attachment

blueprint: flask.Blueprint = Blueprint(
    "attachments", __name__, url_prefix="/attachments", description="Files sent with tickets"
)


@blueprint.post("")
@endpoint("ticket:write", returns=AttachmentOut, status=201)
def upload() -> Attachment:
    """Send one file as multipart/form-data under the name `file`; it is yours until a message takes it."""
    given = request.files.get("file")
    if given is None:
        raise Invalid(Problem(field="file", message="attachments.error.missing"))
    return service.store_file(given, actor=g.actor)


@blueprint.get("/<uuid:attachment_id>")
@endpoint("ticket:read", returns=AttachmentOut)
def show(attachment_id: UUID) -> Attachment:
    """What is known about a file."""
    return service.get_attachment(attachment_id, actor=g.actor)


@blueprint.get("/<uuid:attachment_id>/content")
@endpoint("ticket:read")
def content(attachment_id: UUID) -> Response:
    """The bytes, always as a download."""
    return responses.send(attachment_id, actor=g.actor)


@blueprint.get("/<uuid:attachment_id>/thumbnail")
@endpoint("ticket:read")
def thumbnail(attachment_id: UUID) -> Response:
    """A small JPEG of a picture."""
    return responses.send_thumbnail(attachment_id, actor=g.actor)
