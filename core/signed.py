"""Addresses that carry an id and our signature: whoever holds one may pass, and no row keeps a secret."""

from __future__ import annotations

import base64
import binascii
from uuid import UUID

from core.errors import NotFound
from core.keys import sign, signature_fits
from core.tenancy import current_tenant


def make_token(purpose: str, row_id: UUID) -> str:
    """What stands in the address of `row_id`: good for this tenant and this purpose only.

    Whether it still opens anything is for the row to say (expired, revoked).
    """
    head = base64.urlsafe_b64encode(row_id.bytes).decode().rstrip("=")
    return f"{head}.{sign(purpose, str(current_tenant().id), str(row_id))}"


def read_token(purpose: str, token: str) -> UUID:
    """The id that the token was made for; NotFound when it is not ours."""
    head, _, signature = token.partition(".")
    try:
        row_id = UUID(bytes=base64.urlsafe_b64decode(head + "=="))
    except (ValueError, binascii.Error):
        raise NotFound("no such link") from None
    if not signature_fits(signature, purpose, str(current_tenant().id), str(row_id)):
        raise NotFound("no such link")
    return row_id
