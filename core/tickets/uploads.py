"""Files come from a room above this one: it registers here how an upload is claimed for a message."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from core.errors import NotFound, StartupError

if TYPE_CHECKING:
    from core.actors import Actor

Claim = Callable[[Sequence[UUID], "Actor", str, UUID], None]
"""claim(attachment_ids, actor, form_key, message_id): NotFound for an upload of somebody else, else it is claimed."""

_claims: list[Claim] = []


def register_claim(call: Claim) -> None:
    """Let `call` decide whose uploads they are; a second, other one stops the start."""
    if _claims and _claims[0] is not call:
        raise StartupError("uploads are claimed by two rooms")
    _claims[:] = [call]


def claim(attachment_ids: Sequence[UUID], actor: Actor, form_key: str, message_id: UUID) -> None:
    """Claim the uploads for a message, or raise NotFound."""
    if not _claims:
        raise NotFound("no such upload")
    _claims[0](attachment_ids, actor, form_key, message_id)
