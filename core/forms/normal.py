"""What people type brought to one spelling: digits, phone numbers, addresses, line ends."""

from __future__ import annotations

import re
import unicodedata

import phonenumbers
from babel.core import get_global

from core import i18n
from core.tenancy import tenant_or_none

_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_MAIL = re.compile(
    r"[^\s@\"(),:;<>\[\]\\]{1,64}@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}"
)
MAIL_LENGTH = 254


def half_width(text: str) -> str:
    """Digits, letters and spaces of full width as the plain ones (NFKC), trimmed."""
    return unicodedata.normalize("NFKC", text).strip()


def clean(text: str) -> str | None:
    """Trimmed text with plain line ends; None when it holds control characters or half a one."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    return None if _UNPRINTABLE.search(text) else text


def phone_number(text: str, region: str) -> str | None:
    """The number as E.164, of `region` when it names no country; None when it can't be one."""
    try:
        number = phonenumbers.parse(half_width(text), region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def mail_address(text: str) -> str | None:
    """The address in lower case; None when it can't be one."""
    address = half_width(text).lower()
    return address if len(address) <= MAIL_LENGTH and _MAIL.fullmatch(address) else None


def default_region() -> str:
    """The country that numbers without one belong to: that of the tenant's zone."""
    tenant = tenant_or_none()
    zone = tenant.timezone if tenant else i18n.current_timezone()
    return str(get_global("zone_territories").get(zone, "CN"))
