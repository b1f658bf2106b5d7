"""Bytes on disk under POLYDESK_DATA/blobs, one folder per tenant, under names that say nothing."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from flask import current_app

from core.errors import NotFound
from core.tenancy import current_tenant

THUMBNAIL = ".thumb"


def put(content: bytes, *, thumbnail: bytes | None = None) -> str:
    """Keep bytes; gives their random key."""
    key = secrets.token_hex(24)
    _write(_path(key), content)
    if thumbnail is not None:
        _write(_path(key + THUMBNAIL), thumbnail)
    return key


def read(key: str, *, thumbnail: bool = False) -> bytes:
    """The bytes of `key` in the current tenant; NotFound when they are gone."""
    try:
        return _path(key + THUMBNAIL if thumbnail else key).read_bytes()
    except FileNotFoundError:
        raise NotFound("the file is gone") from None


def drop(key: str) -> None:
    """Forget the bytes; saying it twice is once."""
    for path in (_path(key), _path(key + THUMBNAIL)):
        path.unlink(missing_ok=True)


def _path(key: str) -> Path:
    folder = Path(current_app.config["POLYDESK_DATA"]) / "blobs" / str(current_tenant().id)
    return folder / key[:2] / key


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    # Written aside and renamed: a crash leaves no half file under a name that a row knows.
    draft = path.with_suffix(f".{os.getpid()}.part")
    with draft.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
