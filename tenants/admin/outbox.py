"""The outbox page: mails as they would be sent, with addresses and secrets masked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, g, request

from core.host import MailOut, mail
from core.sdk import page
from tenants.admin import shell

if TYPE_CHECKING:
    from collections.abc import Sequence

blueprint = Blueprint(
    "console_outbox", __name__, url_prefix="/console/outbox", template_folder="templates"
)

PAGE = 50
LOOKS = {"queued": "info", "sent": "ok", "failed": "danger", "cancelled": ""}


@blueprint.get("")
@page("mail:read")
def listing() -> str:
    """Mails, newest first; `?m=` opens one."""
    before = request.args.get("before", "")
    last = shell.as_id(before) if before else None
    rows = mail.list_mail(actor=g.actor, before=last, limit=PAGE + 1)
    shown = rows[:PAGE]
    chosen = request.args.get("m", "")
    return shell.draw(
        "outbox.html", "outbox", rows=_rows(shown), looks=LOOKS,
        drawer=_drawer(chosen) if chosen else None,
        first="/console/outbox" if before else "",
        following=f"/console/outbox?before={shown[-1].id}" if len(rows) > PAGE else "",
    )  # fmt: skip


def _rows(mails: Sequence[MailOut]) -> list[dict[str, Any]]:
    return [{"mail": row, "preview": mail.preview(row)} for row in mails]


def _drawer(chosen: str) -> dict[str, Any]:
    row = mail.get_mail(shell.as_id(chosen), actor=g.actor)
    return {"mail": row, "preview": mail.preview(row)}
