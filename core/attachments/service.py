"""Uploads: kept, claimed for a ticket, read by those who see it, overwritten when they must go."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from functools import partial
from pathlib import PurePath
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa

from core import keys
from core.actors import SYSTEM
from core.attachments import blobs
from core.attachments.events import AttachmentAdded, AttachmentRedacted
from core.attachments.models import Attachment
from core.attachments.pictures import MAX_BYTES, Checked, check_upload, thumbnail
from core.clock import now, uuid7
from core.contacts.privacy import told
from core.db import after_commit, aside, db
from core.errors import Forbidden, Invalid, NotFound, Problem
from core.events import emit
from core.forms.kinds import as_id
from core.tenancy import current_tenant
from core.tickets.models import PUBLIC, Message, MessageAttachment, Ticket
from core.tickets.visibility import get_ticket
from core.timers import cancel_timers, set_timer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from werkzeug.datastructures import FileStorage

    from core.actors import Actor
    from core.contacts.models import Contact
    from core.events import EventRow
    from core.timers import Timer

MAX_FILES = 10
MAX_WAITING = {"form": 30, "principal": 100}
"""Uploads that no ticket has claimed yet, per form and per principal."""
KEPT_UNCLAIMED = timedelta(hours=24)
SWEEP = "attachments.sweep"
_PURPOSE = "form-key"


def new_form_key() -> str:
    """A fresh signed key for a form: uploads made under it belong to whoever holds it."""
    name = uuid7().hex
    return f"{name}.{keys.sign(_PURPOSE, str(current_tenant().id), name)}"


def is_form_key(given: str) -> bool:
    """Whether this installation signed the key for the current tenant."""
    name, _, signature = given.partition(".")
    return keys.signature_fits(signature, _PURPOSE, str(current_tenant().id), name)


def store_upload(
    content: bytes, name: str | None, *, actor: Actor, form_key: str = ""
) -> Attachment:
    """Check a file and keep it for its owner; raises Invalid, TooLarge or Forbidden.

    It outlives a rolled-back request, so that a refused form need not be filled with files again.
    """
    owner = _owner(actor, form_key)
    checked = check_upload(content, name)
    _refuse_too_many(owner)
    small = thumbnail(checked.content) if checked.is_picture else None
    values = _values(checked, blobs.put(checked.content, thumbnail=small), owner, actor)
    db.session.add(Attachment(**values))
    aside(partial(_keep, values))
    return db.session.get_one(Attachment, (values["tenant_id"], values["id"]))


def store_file(file: FileStorage, *, actor: Actor, form_key: str = "") -> Attachment:
    """`store_upload` for a file of a multipart form, read no further than the limit."""
    with file.stream as stream:
        content = stream.read(MAX_BYTES + 1)
    return store_upload(content, file.filename, actor=actor, form_key=form_key)


def claim_for_message(
    attachment_ids: Sequence[UUID], actor: Actor, form_key: str, message_id: UUID
) -> None:
    """Hang uploads on a message (core.tickets.uploads asks); NotFound for somebody else's."""
    message = db.session.get_one(Message, (current_tenant().id, message_id))
    claim_for_ticket(
        attachment_ids,
        message.ticket_id,
        visibility=message.visibility,
        actor=actor,
        form_key=form_key,
    )


def claim_for_ticket(
    attachment_ids: Sequence[UUID],
    ticket_id: UUID,
    *,
    actor: Actor,
    visibility: str = PUBLIC,
    form_key: str = "",
) -> list[Attachment]:
    """Hang uploads on a ticket: a signature, a scan. NotFound for an upload that is not the actor's own."""
    wanted = tuple(dict.fromkeys(attachment_ids))
    if len(wanted) > MAX_FILES:
        raise Invalid(_problem("too_many", limit=MAX_FILES))
    rows = [_waiting(attachment_id, actor, form_key) for attachment_id in wanted]
    for row in rows:
        row.ticket_id, row.visibility, row.claimed_at = ticket_id, visibility, now()
        emit(
            AttachmentAdded(
                attachment_id=row.id,
                media_type=row.media_type,
                size=row.size,
                sha256=row.sha256,
                visibility=visibility,
            ),
            subject=("ticket", ticket_id),
            actor=actor,
        )
    cancel_timers([_sweep_key(row.id) for row in rows])
    return rows


def get_attachment(attachment_id: UUID, *, actor: Actor, form_key: str = "") -> Attachment:
    """The one door: its owner until it is claimed, then whoever sees the ticket; else NotFound."""
    row = _find(attachment_id)
    if row.ticket_id is None:
        if row.owner not in _owners(actor, form_key):
            raise NotFound("no such attachment")
        return row
    get_ticket(row.ticket_id, actor=actor)
    if actor.kind == "contact" and not _shown_to_customers(row):
        raise NotFound("no such attachment")
    return row


def content_of(row: Attachment, *, small: bool = False) -> bytes:
    """The bytes, or those of the thumbnail; NotFound when it was redacted."""
    if row.redacted_at or (small and not row.is_picture):
        raise NotFound("the file is gone")
    return blobs.read(row.blob_key, thumbnail=small)


def content_by_id(attachment_id: UUID) -> bytes | None:
    """The bytes of a file whose ticket was already checked; None when it was redacted."""
    row = _find(attachment_id)
    return None if row.redacted_at else content_of(row)


def attachments_of_ticket(ticket_id: UUID, *, actor: Actor) -> list[Attachment]:
    """Everything that hangs on a ticket and that the actor may see, oldest first."""
    get_ticket(ticket_id, actor=actor)
    rows = db.session.scalars(
        sa.select(Attachment).where(Attachment.ticket_id == ticket_id).order_by(Attachment.id)
    ).all()
    return [row for row in rows if actor.kind != "contact" or _shown_to_customers(row)]


def by_ids(attachment_ids: Sequence[UUID]) -> dict[UUID, Attachment]:
    """Rows for lists whose tickets were already checked."""
    rows = db.session.scalars(sa.select(Attachment).where(Attachment.id.in_(attachment_ids)))
    return {row.id: row for row in rows}


def upload_name(attachment_id: Any) -> str:
    """The file name behind the id of an upload, for forms that are drawn again."""
    known = as_id(attachment_id)
    try:
        return _find(known).name if known else ""
    except NotFound:
        return ""


def redact(attachment_id: UUID, *, actor: Actor) -> None:
    """Overwrite a file for good; its row stays as a tombstone."""
    row = _find(attachment_id)
    if row.redacted_at:
        return
    # The bytes go with the commit: a rolled-back erasing must find them again.
    after_commit(partial(blobs.drop, row.blob_key))
    row.name, row.blob_key, row.redacted_at = "", "", now()
    subject = ("ticket", row.ticket_id) if row.ticket_id else ("attachment", row.id)
    emit(AttachmentRedacted(attachment_id=row.id), subject=subject, actor=actor)


def forget_files(row: EventRow) -> None:
    """Overwrite what an erased customer sent: pictures and scans are personal. The desk's own lose their names."""
    contact_id = UUID(row.payload["contact_id"])
    his = sa.select(Ticket.id).where(
        Ticket.tenant_id == current_tenant().id, Ticket.contact_id == contact_id
    )
    files = sa.select(Attachment.id).where(
        Attachment.ticket_id.in_(his),
        Attachment.uploaded_kind != "user",
        Attachment.redacted_at.is_(None),
    )
    for attachment_id in db.session.scalars(files).all():
        redact(attachment_id, actor=SYSTEM)
    ours = sa.select(Attachment).where(Attachment.ticket_id.in_(his), Attachment.name != "")
    for kept in db.session.scalars(ours):
        kept.name = f"{kept.id.hex[-6:]}{PurePath(kept.name).suffix}"


def tell_files(contact: Contact) -> list[dict[str, Any]]:
    """What is known of the files at a customer's tickets."""
    his = sa.select(Ticket.id).where(
        Ticket.tenant_id == current_tenant().id, Ticket.contact_id == contact.id
    )
    rows = sa.select(Attachment).where(Attachment.ticket_id.in_(his)).order_by(Attachment.id)
    return told(
        db.session.scalars(rows),
        "id ticket_id visibility name media_type size sha256 uploaded_kind uploaded_at redacted_at",
    )


def sweep(timer: Timer) -> None:
    """Drop an upload that nobody claimed in a day."""
    row = db.session.get(Attachment, (current_tenant().id, timer.subject_id))
    if row is not None and row.ticket_id is None:
        blobs.drop(row.blob_key)
        db.session.delete(row)


def _values(checked: Checked, blob_key: str, owner: str, actor: Actor) -> dict[str, Any]:
    return {
        "tenant_id": current_tenant().id,
        "id": uuid7(),
        "owner": owner,
        "name": checked.name,
        "media_type": checked.media_type,
        "size": len(checked.content),
        "width": checked.width,
        "height": checked.height,
        "sha256": hashlib.sha256(checked.content).hexdigest(),
        "blob_key": blob_key,
        "uploaded_kind": actor.kind,
        "uploaded_by": actor.id,
        "uploaded_at": now(),
    }


def _keep(values: dict[str, Any]) -> None:
    row = db.session.get(Attachment, (values["tenant_id"], values["id"]))
    if row is None:
        row = Attachment(**values)
        db.session.add(row)
    if row.ticket_id is None:
        due = row.uploaded_at + KEPT_UNCLAIMED
        set_timer(SWEEP, ("attachment", row.id), due, _sweep_key(row.id))


def _sweep_key(attachment_id: UUID) -> str:
    return f"{SWEEP}:{attachment_id}"


def _owner(actor: Actor, form_key: str) -> str:
    """Whose upload it is: the form's when it has a key, else the principal's."""
    owners = _owners(actor, form_key)
    if not owners:
        raise Forbidden("attachment:upload")
    return owners[0]


def _owners(actor: Actor, form_key: str) -> list[str]:
    owners = [f"form:{form_key.partition('.')[0]}"] if form_key and is_form_key(form_key) else []
    if actor.id is not None:
        owners.append(f"{actor.kind}:{actor.id}")
    return owners


def _refuse_too_many(owner: str) -> None:
    limit = MAX_WAITING["form" if owner.startswith("form:") else "principal"]
    waiting = db.session.scalar(
        sa.select(sa.func.count())
        .select_from(Attachment)
        .where(Attachment.owner == owner, Attachment.ticket_id.is_(None))
    )
    if (waiting or 0) >= limit:
        raise Invalid(_problem("too_many", limit=limit))


def _waiting(attachment_id: UUID, actor: Actor, form_key: str) -> Attachment:
    row = _find(attachment_id)
    if row.ticket_id is not None or row.owner not in _owners(actor, form_key):
        raise NotFound("no such attachment")
    return row


def _find(attachment_id: UUID) -> Attachment:
    row = db.session.scalars(
        sa.select(Attachment).where(Attachment.id == attachment_id)
    ).one_or_none()
    if row is None:
        raise NotFound("no such attachment")
    return row


def _shown_to_customers(row: Attachment) -> bool:
    if row.visibility != PUBLIC:
        return False
    taken_back = sa.select(Message.id).where(
        MessageAttachment.attachment_id == row.id,
        Message.id == MessageAttachment.message_id,
        Message.tenant_id == MessageAttachment.tenant_id,
        sa.or_(Message.recalled_at.is_not(None), Message.redacted_at.is_not(None)),
    )
    return db.session.scalar(taken_back.limit(1)) is None


def _problem(word: str, **values: int) -> Problem:
    return Problem(field="file", message=f"attachments.error.{word}", values=tuple(values.items()))
