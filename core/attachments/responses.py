"""A kept file as an HTTP answer that cannot run in our origin."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from flask import Response

from core.attachments.service import content_of, get_attachment

if TYPE_CHECKING:
    from uuid import UUID

    from core.actors import Actor

SANDBOX = "sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"


def send(attachment_id: UUID, *, actor: Actor, form_key: str = "") -> Response:
    """The file as a download; NotFound for whom it is not meant."""
    row = get_attachment(attachment_id, actor=actor, form_key=form_key)
    response = Response(content_of(row), mimetype=row.media_type)
    ascii_name = row.name.encode("ascii", "ignore").decode() or "file"
    response.headers["Content-Disposition"] = (
        f"attachment; filename=\"{ascii_name}\"; filename*=UTF-8''{quote(row.name)}"
    )
    return _harmless(response, row.sha256)


def send_thumbnail(attachment_id: UUID, *, actor: Actor, form_key: str = "") -> Response:
    """The small picture, safe to show inline: it is a JPEG that we drew."""
    row = get_attachment(attachment_id, actor=actor, form_key=form_key)
    response = Response(content_of(row, small=True), mimetype="image/jpeg")
    response.headers["Content-Disposition"] = "inline"
    return _harmless(response, f"{row.sha256}-small")


def send_picture(attachment_id: UUID, *, actor: Actor, form_key: str = "") -> Response:
    """The whole picture inline, as we redrew it; anything but a picture goes out as a download."""
    row = get_attachment(attachment_id, actor=actor, form_key=form_key)
    if not row.is_picture:
        return send(attachment_id, actor=actor, form_key=form_key)
    response = Response(content_of(row), mimetype=row.media_type)
    response.headers["Content-Disposition"] = "inline"
    return _harmless(response, row.sha256)


def _harmless(response: Response, tag: str) -> Response:
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = SANDBOX
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    response.headers["Cache-Control"] = "private, max-age=300"
    response.set_etag(tag)
    return response
