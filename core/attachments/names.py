"""Names of files made safe to keep, to show and to send back in a header."""

from __future__ import annotations

import re
import unicodedata

MAX_NAME = 120
_DEVICES = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\..*)?", re.IGNORECASE)
_FORBIDDEN = re.compile(r'[<>:"|?*\\/]')
# Invisible marks make "photo[RLO]gpj.exe" look like a picture; the joiner of emoji may stay.
_JOINER = "\u200d"


def safe_name(given: str | None, extension: str) -> str:
    """The last part of a name in NFKC, without invisible marks, ending in `extension`."""
    name = unicodedata.normalize("NFKC", given or "")
    name = re.split(r"[\\/]", name)[-1]
    name = "".join(mark for mark in name if mark == _JOINER or unicodedata.category(mark)[0] != "C")
    name = _FORBIDDEN.sub("_", name)
    stem = re.sub(r"\s+", " ", name.rsplit(".", 1)[0]).strip(" .")
    if not stem.strip(_JOINER) or _DEVICES.fullmatch(stem):
        stem = f"file-{stem}".rstrip("-")
    return f"{_shorten(stem, MAX_NAME - len(extension) - 1)}.{extension}"


def _shorten(stem: str, limit: int) -> str:
    # File systems count bytes: 120 characters of four bytes each still fit 255 after the cut.
    encoded = stem[:limit].encode()[: 240 - 10]
    return encoded.decode(errors="ignore").strip(" .") or "file"
