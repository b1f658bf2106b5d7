"""Contact points in one spelling, and how they look when they are masked."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

import phonenumbers
from babel.core import get_global

from core.contacts.models import POINT_KINDS
from core.errors import Invalid, Problem
from core.i18n import mask_email, mask_phone
from core.tenancy import current_tenant

MAIL = re.compile(
    r"[^\s@\"(),:;<>\[\]\\]{1,64}@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}"
)
MAIL_LENGTH, LENGTH, TAIL = 254, 120, 4


@dataclass(frozen=True)
class PointIn:
    """A contact point as somebody gave it; kind is phone, mail, messenger or id_number."""

    kind: str
    value: str


def plain(value: str) -> str:
    """Full width as half width (NFKC), trimmed."""
    return unicodedata.normalize("NFKC", value).strip()


def normalise(kind: str, value: str) -> str | None:
    """The one spelling of a point: E.164, a lower-case address, a trimmed id; None when it is none."""
    given = plain(value)
    if kind == "phone":
        return _phone(given)
    if kind == "mail":
        address = given.lower()
        return address if len(address) <= MAIL_LENGTH and MAIL.fullmatch(address) else None
    if kind == "id_number":
        number = re.sub(r"[\s-]", "", given).upper()
        return number if 0 < len(number) <= LENGTH and number.isalnum() else None
    return given if 0 < len(given) <= LENGTH and given.isprintable() else None


def _phone(given: str) -> str | None:
    try:
        number = phonenumbers.parse(given, _region())
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _region() -> str:
    """The country that a number without one belongs to: that of the tenant's zone."""
    return str(get_global("zone_territories").get(current_tenant().timezone, "CN"))


def normalise_all(points: tuple[PointIn, ...] | list[PointIn]) -> list[PointIn]:
    """All points in their one spelling, each once; Invalid names those that can't be."""
    problems, found = [], []
    for index, point in enumerate(points):
        value = normalise(point.kind, point.value) if point.kind in POINT_KINDS else None
        if value is None:
            problems.append(
                Problem(
                    field=f"points.{index}.value",
                    message=f"contacts.point.bad_{_known(point.kind)}",
                )
            )
        else:
            found.append(PointIn(point.kind, value))
    if problems:
        raise Invalid(*problems)
    return list(dict.fromkeys(found))


def _known(kind: str) -> str:
    return kind if kind in POINT_KINDS else "kind"


def masked(kind: str, value: str) -> str:
    """What people without a reason see of a point."""
    if kind == "phone":
        return mask_phone(value)
    if kind == "mail":
        return mask_email(value)
    if kind == "id_number":
        return (
            "*" * max(0, len(value) - TAIL) + value[-TAIL:]
            if len(value) > 2 * TAIL
            else "*" * len(value)
        )
    return f"{value[:1]}***"


def tail(phone: str) -> str:
    """The last four digits of a phone number."""
    return phone[-TAIL:]


def digits(text: str) -> str:
    """Only the digits of what somebody typed, full width too."""
    return re.sub(r"\D", "", plain(text))
