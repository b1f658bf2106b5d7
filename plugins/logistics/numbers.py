"""Numbers of orders and waybills: random, so that nobody counts them up, with a check digit against slips."""

from __future__ import annotations

import re
import secrets
import unicodedata

ORDER, WAYBILL = "DD", "YD"
DIGITS = 11
_SHAPE = re.compile(rf"(?:{ORDER}|{WAYBILL})\d{{{DIGITS + 1}}}")


def make_number(prefix: str) -> str:
    """A fresh number such as YD482910573648."""
    body = "".join(str(secrets.randbelow(10)) for _ in range(DIGITS))
    return f"{prefix}{body}{check_digit(body)}"


def check_digit(body: str) -> str:
    """The Luhn digit of a row of digits."""
    total = 0
    for index, sign in enumerate(reversed(body)):
        value = int(sign) * (2 if index % 2 == 0 else 1)
        total += value - 9 if value > 9 else value  # noqa: PLR2004  the digits' sum
    return str(-total % 10)


def canonical_number(typed: str) -> str:
    """A number as it is stored, however it was typed: case, width, spaces and dashes do not count."""
    return re.sub(r"[\s-]", "", unicodedata.normalize("NFKC", typed)).upper()[:60]


def is_ours(number: str) -> bool:
    """Whether it is one of our numbers, and no slip."""
    return bool(_SHAPE.fullmatch(number)) and check_digit(number[2:-1]) == number[-1]


def tail_of(phone: str) -> str:
    """The last four digits of a phone number; "" when it has fewer."""
    digits = re.sub(r"\D", "", unicodedata.normalize("NFKC", phone))
    return digits[-4:] if len(digits) >= 4 else ""  # noqa: PLR2004
