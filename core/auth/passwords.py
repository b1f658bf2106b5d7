"""Passwords: what is good enough, and argon2 with at most two computations at a time."""

from __future__ import annotations

import threading
import unicodedata
from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from flask import current_app

from core.errors import Invalid, Problem

MINIMUM, MAXIMUM = 10, 256
# OWASP's floor for argon2id: 19 MiB, two passes. Tests set cheaper ones by the app's config ARGON2.
DEFAULT_COST = {"time_cost": 2, "memory_cost": 19456, "parallelism": 1}

# Those of the usual lists that are long enough to pass the first rule.
_COMMON_WORDS = """
1234567890 0123456789 0987654321 9876543210 12345678910 123456789a a123456789 1q2w3e4r5t
1qaz2wsx3edc qwertyuiop qwerty12345 qwerty123456 asdfghjkl1 zaq12wsxcde3 password12
password123 password1234 passw0rd123 p@ssword123 p@ssw0rd123 passwordpassword iloveyou12
iloveyou123 letmein1234 welcome123 welcome1234 administrator admin12345 admin123456
changeme123 football123 baseball123 superman123 princess123 sunshine123 woaini1314
woaini5201314 5201314520 woaini520520 1111111111 0000000000 8888888888 6666666666
1122334455 abcdefghij abcd123456 abc1234567 aa12345678 aaaaaaaaaa helloworld helpdesk123
polydesk123 secret12345 summer2025 summer2026 winter2025 winter2026
"""
COMMON = frozenset(_COMMON_WORDS.split())

# Two at a time: each takes its 19 MiB, and a flood of sign-ins must not take the machine.
_slots = threading.BoundedSemaphore(2)


def check_rules(password: str, email: str) -> None:
    """Raise Invalid unless it is long enough, not the mail address and not a common one."""
    plain = _plain(password)
    lowered = plain.lower()
    if len(plain) < MINIMUM:
        raise _refused("auth.password.short", count=MINIMUM)
    if len(plain) > MAXIMUM:
        raise _refused("auth.password.long", count=MAXIMUM)
    if lowered == email or lowered.strip("0123456789!.") == email.partition("@")[0]:
        raise _refused("auth.password.mail")
    if lowered in COMMON or len(set(lowered)) == 1:
        raise _refused("auth.password.common")


def hash_password(password: str) -> str:
    """An argon2id hash with its parameters."""
    with _slots:
        return _hasher().hash(_plain(password))


def fits(stored: str | None, password: str) -> bool:
    """Whether it is the password; without a stored hash the same work is done for nothing.

    So a stranger cannot tell an unknown address from a wrong password by the time it takes.
    """
    hasher = _hasher()
    with _slots:
        try:
            hasher.verify(stored or _decoy(hasher), _plain(password[: MAXIMUM + 1]))
        except (VerificationError, InvalidHashError):
            return False
    return stored is not None


def is_outdated(stored: str) -> bool:
    """Whether the hash was made with other parameters than today's."""
    return _hasher().check_needs_rehash(stored)


def _hasher() -> PasswordHasher:
    cost: dict[str, int] = current_app.config.get("ARGON2") or DEFAULT_COST
    return _hasher_of(cost["time_cost"], cost["memory_cost"], cost["parallelism"])


@lru_cache(maxsize=4)
def _hasher_of(time_cost: int, memory_cost: int, parallelism: int) -> PasswordHasher:
    return PasswordHasher(time_cost, memory_cost, parallelism)


@lru_cache(maxsize=4)
def _decoy(hasher: PasswordHasher) -> str:
    return hasher.hash("nobody has this password")


def _plain(password: str) -> str:
    return unicodedata.normalize("NFKC", password)


def _refused(message: str, **values: int) -> Invalid:
    return Invalid(Problem(field="password", message=message, values=tuple(values.items())))
