"""One household, one card (一户一卡): addresses and ID numbers in one spelling, kept as keyed hashes (RT-03, RT-04)."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from uuid import UUID

from core.sdk import make_token

_DIGITS = str.maketrans("零〇一二三四五六七八九", "00123456789")
_PARTS = re.compile(
    r"(号楼|栋|幢|座|弄|巷|单元|层|楼|室|户|号|#|bldg|unit|room|apt)", re.IGNORECASE
)
_NOISE = re.compile(r"[\s,.;:，。；：、（）()\[\]【】'\"]+")
_DASHES = re.compile(r"[-–—－_/\\]+")
KEPT_HEAD, KEPT_TAIL = 4, 4


def plain_address(written: str) -> str:
    """An address as the household register would have it: "锦绣路12栋3单元402室" and "锦绣路 12-3-402" are one."""
    text = unicodedata.normalize("NFKC", written).casefold().translate(_DIGITS)
    text = _NOISE.sub("", text)
    text = _PARTS.sub("-", text)
    return _DASHES.sub("-", text).strip("-")


def household_key(written: str) -> str:
    """What two addresses of one household share, and nobody can read back."""
    return _keyed("retail.household", plain_address(written)) if plain_address(written) else ""


def plain_id(written: str) -> str:
    """An ID number in one spelling, "" for none."""
    text = re.sub(r"[\s-]", "", unicodedata.normalize("NFKC", written or "")).upper()
    return text if text.isalnum() else ""


def id_hash(written: str) -> str:
    """What finds an ID number again without keeping it."""
    number = plain_id(written)
    return _keyed("retail.id-number", number) if number else ""


def id_mask(written: str) -> str:
    """An ID number as people may see it: 3301**********0019."""
    number = plain_id(written)
    if len(number) <= KEPT_HEAD + KEPT_TAIL:
        return "*" * len(number)
    hidden = len(number) - KEPT_HEAD - KEPT_TAIL
    return f"{number[:KEPT_HEAD]}{'*' * hidden}{number[-KEPT_TAIL:]}"


def _keyed(purpose: str, text: str) -> str:
    # An ID number can be guessed through: without the house's key its hash would be as good as the number.
    name = UUID(bytes=hashlib.sha256(text.encode()).digest()[:16])
    return hashlib.sha256(make_token(purpose, name).encode()).hexdigest()
