"""Where a code may be sent: addresses that an app registered, letter by letter."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable

LENGTH = 2000
_PLAIN = re.compile(r"[\x21-\x7e]+")
_LOOPBACK = re.compile(r"(http://(?:127\.0\.0\.1|\[::1\]|localhost))(?::\d{1,5})?((?:[/?].*)?)")
_HTTPS = re.compile(r"https://[a-z0-9.-]+(?::\d{1,5})?(?:[/?].*)?", re.IGNORECASE)
_PRIVATE = re.compile(r"[a-z][a-z0-9+-]*(?:\.[a-z0-9+-]+)+:/.*", re.IGNORECASE)


def is_allowed(address: str) -> bool:
    """Whether an app may register it: https, the loopback interface by http, or a private-use scheme.

    A private-use scheme is a domain read backwards (RFC 8252 §7.1), so `javascript:` is none. No
    fragment, no user name, no backslash.
    """
    if len(address) > LENGTH or not _PLAIN.fullmatch(address) or set('#\\"<>') & set(address):
        return False
    return any(shape.fullmatch(address) for shape in (_HTTPS, _LOOPBACK, _PRIVATE))


def matches(asked: str, registered: Iterable[str]) -> bool:
    """Whether `asked` is one of them, equal to the letter; on the loopback interface any port is (RFC 8252 §7.3)."""
    if asked in registered:
        return True
    bare = _without_port(asked)
    return bool(bare) and is_allowed(asked) and bare in {_without_port(each) for each in registered}


def _without_port(address: str) -> str:
    match = _LOOPBACK.fullmatch(address)
    return "".join(match.groups()) if match else ""


def shown_host(address: str) -> str:
    """What a person should read before agreeing: the host, or the app's own scheme."""
    parts = urlsplit(address)
    return parts.hostname or f"{parts.scheme}:"


def form_source(address: str) -> str:
    """The address as a source of a content security policy: a form's answer is let through to there."""
    parts = urlsplit(address)
    # Such a policy has no word for an IPv6 address, so that one is let through by its scheme.
    named = parts.netloc and "[" not in parts.netloc
    return f"{parts.scheme}://{parts.netloc}" if named else f"{parts.scheme}:"
