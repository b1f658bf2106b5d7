"""The shape of what is issued: pd_<tenant>_<kind>_<secret>, shown once and kept as a hash.

A secret is 256 random bits, so one SHA-256 keeps it: a slow hash only helps what people choose.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from uuid import UUID
from zlib import crc32

from core.tenancy import current_tenant

ACCESS, REFRESH, CODE, CLIENT = "at", "rt", "ac", "cs"
_SHAPE = re.compile(r"pd_([a-z0-9-]{1,63})_(at|rt|ac|cs)_([0-9a-f]{64})([0-9a-f]{8})")
_CLIENT_ID = re.compile(r"pd_([a-z0-9-]{1,63})_app_([0-9a-f]{32})")


def new_secret(kind: str) -> str:
    """A fresh secret of the current tenant: an access or refresh token, a code, a client's secret."""
    slug, secret = current_tenant().slug, secrets.token_hex(32)
    return f"pd_{slug}_{kind}_{secret}{_checksum(slug, kind, secret)}"


def hash_of(plain: str, kind: str) -> str:
    """What the row of such a secret holds; "" for what is not of this kind or of another tenant."""
    match = _SHAPE.fullmatch(plain)
    if match is None:
        return ""
    slug, given, secret, checksum = match.groups()
    if (slug, given, checksum) != (current_tenant().slug, kind, _checksum(slug, kind, secret)):
        return ""
    return hashlib.sha256(secret.encode()).hexdigest()


def fits(plain: str, kind: str, stored: str | None) -> bool:
    """Whether the secret is the one that `stored` was made from, compared in constant time."""
    found = hash_of(plain, kind)
    return bool(stored and found) and hmac.compare_digest(found, stored or "")


def is_access_token(plain: str) -> bool:
    """Whether it is an app's token, living or not, of whichever tenant."""
    match = _SHAPE.fullmatch(plain)
    return match is not None and match.group(2) == ACCESS


def public_id(client_id: UUID) -> str:
    """What the protocol calls an app's `client_id`; it names the tenant and proves nothing."""
    return f"pd_{current_tenant().slug}_app_{client_id.hex}"


def client_of(public: str) -> UUID | None:
    """The id of the app that the identifier names in this tenant; None when it names none."""
    match = _CLIENT_ID.fullmatch(public)
    if match is None or match.group(1) != current_tenant().slug:
        return None
    return UUID(match.group(2))


def slug_of(public: str) -> str | None:
    """The tenant that an app's identifier names."""
    match = _CLIENT_ID.fullmatch(public)
    return match.group(1) if match else None


def _checksum(slug: str, kind: str, secret: str) -> str:
    # Lets a scanner tell a leaked secret from noise without asking us.
    return f"{crc32(f'{slug}_{kind}_{secret}'.encode()):08x}"
