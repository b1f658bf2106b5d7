"""Secrets of this installation: one master key in POLYDESK_DATA/keys, every purpose derives its own from it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from contextlib import suppress
from typing import TYPE_CHECKING

from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from flask import current_app

if TYPE_CHECKING:
    from pathlib import Path


def load_master_key(data: Path) -> bytes:
    """The master key under `data`/keys, made with owner-only rights at the first call."""
    folder = data / "keys"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / "master.key"
    if not path.exists():
        # Written aside and linked: two processes starting at once end with the same key.
        mine = folder / f".master.{os.getpid()}"
        mine.touch(mode=0o600)
        mine.write_bytes(os.urandom(32))
        with suppress(FileExistsError):  # the other process was first: its key counts
            os.link(mine, path)
        mine.unlink()
    return path.read_bytes()


def derive(purpose: str) -> bytes:
    """32 bytes for one purpose ("ledger-heads", "ticket-links", ...); equal for the same installation and purpose."""
    master: bytes = current_app.config["POLYDESK_MASTER_KEY"]
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose.encode()).derive(master)


def sign(purpose: str, *parts: str) -> str:
    """A URL-safe HMAC over `parts` (joined by NUL), 22 characters of 128 bits."""
    mac = hmac.new(derive(purpose), "\0".join(parts).encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(mac[:16]).decode().rstrip("=")


def signature_fits(given: str, purpose: str, *parts: str) -> bool:
    """Whether `given` is `sign(purpose, *parts)`, compared in constant time."""
    return hmac.compare_digest(given.encode(), sign(purpose, *parts).encode())


def seal_secret(purpose: str, plain: str) -> str:
    """Encrypt a secret for storage."""
    return Fernet(base64.urlsafe_b64encode(derive(purpose))).encrypt(plain.encode()).decode()


def open_secret(purpose: str, sealed: str) -> str:
    """What `seal_secret` encrypted; raises cryptography's InvalidToken when it was tampered with."""
    return Fernet(base64.urlsafe_b64encode(derive(purpose))).decrypt(sealed.encode()).decode()
