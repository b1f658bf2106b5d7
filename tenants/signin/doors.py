"""Where a visitor may be sent: to a path of this host, nowhere else."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from flask import request

HOME = "/desk"
WAYS_OUT = re.compile(r"[\x00-\x20\x7f\\]")


def safe_path(wanted: str, otherwise: str = HOME) -> str:
    """`wanted` when it is a path of ours: browsers read slashes of all kinds as ways out."""
    is_path = wanted.startswith("/") and not wanted.startswith("//")
    if not is_path or WAYS_OUT.search(wanted):
        return otherwise
    parts = urlsplit(wanted)
    return otherwise if parts.scheme or parts.netloc else wanted


def came_from(otherwise: str) -> str:
    """The page of ours that the request was sent from."""
    parts = urlsplit(request.headers.get("Referer", ""))
    if parts.netloc != request.host:
        return otherwise
    path = f"{parts.path}?{parts.query}" if parts.query else parts.path
    return safe_path(path, otherwise)
