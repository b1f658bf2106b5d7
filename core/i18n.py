"""Words and formats per locale: gettext catalogs, dates, durations, money and masks."""

from __future__ import annotations

import io
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date as babel_format_date
from babel.dates import format_datetime as babel_format_datetime
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_currency, get_currency_precision
from babel.support import Translations

from core import clock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from core.declarations import Text

LOCALES = ("zh-CN", "en")
DEFAULT_LOCALE = "zh-CN"
MINUTE, HOUR, DAY = 60, 3600, 86400
MOBILE_DIGITS = 11
NEARLY_A_YEAR = 300

_locale: ContextVar[str] = ContextVar("locale", default=DEFAULT_LOCALE)
_timezone: ContextVar[str] = ContextVar("timezone", default="UTC")
_roots: list[Path] = [Path(__file__).parent]
_catalogs: dict[str, Translations] = {}

# What CLDR has no skeleton for: our own patterns, per style (ux.md §8).
_DATETIMES = {
    "zh-CN": {
        "table": "yyyy-MM-dd HH:mm",
        "short": "MM-dd HH:mm",
        "seconds": "yyyy-MM-dd HH:mm:ss",
        "sentence": "M 月 d 日 HH:mm",
        "clock": "HH:mm",
    },
    "en": {
        "table": "d MMM yyyy, h:mm a",
        "short": "d MMM, h:mm a",
        "seconds": "d MMM yyyy, h:mm:ss a",
        "sentence": "d MMM, h:mm a",
        "clock": "h:mm a",
    },
}
_DATES = {
    "zh-CN": {
        "table": "yyyy-MM-dd",
        "short": "MM-dd",
        "sentence": "M 月 d 日",
        "long": "yyyy 年 M 月 d 日",
    },
    "en": {"table": "d MMM yyyy", "short": "d MMM", "sentence": "d MMM", "long": "d MMMM yyyy"},
}


def register_catalogs(path: str | Path) -> None:
    """Add a package folder whose `**/translations/<locale>.po` hold words."""
    root = Path(path).resolve()
    if root not in _roots:
        _roots.append(root)
        _catalogs.clear()


def known_locale(wanted: str | None) -> str:
    """The offered locale nearest to a BCP 47 tag such as "en-GB"; the default when none is near."""
    language = (wanted or "").replace("_", "-").split("-")[0].lower()
    return next((name for name in LOCALES if name.split("-")[0] == language), DEFAULT_LOCALE)


def set_for_request(locale: str, timezone: str) -> None:
    """Set locale and zone until the context (a request's thread or task) ends."""
    _locale.set(known_locale(locale))
    _timezone.set(timezone or "UTC")


@contextmanager
def use(locale: str = "", timezone: str = "") -> Iterator[None]:
    """Speak another locale or zone while the block runs; "" keeps the present one."""
    locale_token = _locale.set(known_locale(locale) if locale else _locale.get())
    timezone_token = _timezone.set(timezone or _timezone.get())
    try:
        yield
    finally:
        _locale.reset(locale_token)
        _timezone.reset(timezone_token)


def current_locale() -> str:
    """The BCP 47 name in use."""
    return _locale.get()


def current_timezone() -> str:
    """The IANA name of the zone that times are shown in."""
    return _timezone.get()


def text(value: Text, /, **values: Any) -> str:
    """The words of a message id, or of a dict of words per locale, its blanks filled by `values`.

    `count=` picks the plural form. An unknown id is given back as it is, so that a tenant's plain
    words pass through.
    """
    if isinstance(value, dict):
        words = value.get(current_locale()) or next(
            (value[name] for name in LOCALES if value.get(name)), ""
        )
        words = words or next(iter(value.values()), "")
    elif not value:
        return ""
    else:
        words = _look_up(value, values.get("count"))
    return words % values if values and words != value and "%" in words else words


def _look_up(message: str, count: int | None) -> str:
    translations = catalog(current_locale())
    if count is not None:
        words = translations.ngettext(message, message, count)
        if words != message:
            return str(words)
    return str(translations.gettext(message))


def catalog(locale: str) -> Translations:
    """All registered words of a locale in one catalog, read once."""
    if locale not in _catalogs:
        merged = Translations()
        for root in _roots:
            for path in sorted(root.glob(f"**/translations/{locale}.po")):
                merged = _joined(merged, _read(path, locale))
        _catalogs[locale] = merged
    return _catalogs[locale]


def _read(path: Path, locale: str) -> Translations:
    with path.open("rb") as file:
        messages = read_po(file, locale=locale.replace("-", "_"))
    compiled = io.BytesIO()
    write_mo(compiled, messages)
    compiled.seek(0)
    return Translations(compiled)


def _joined(first: Translations, second: Translations) -> Translations:
    if not first._catalog:  # noqa: SLF001  an empty one has no plural rule to keep
        return second
    first.merge(second)
    return first


def local(value: datetime) -> datetime:
    """A stored UTC time in the zone in use."""
    aware = value if value.tzinfo else value.replace(tzinfo=UTC)
    return aware.astimezone(ZoneInfo(current_timezone()))


def format_datetime(value: datetime | None, style: str = "table") -> str:
    """A time in the zone in use; styles: table, short, seconds, sentence, clock, iso and near.

    near says today or yesterday in words, else month and day, and the year when it is another one.
    """
    if value is None:
        return ""
    at = local(value)
    if style == "iso":
        return at.isoformat(timespec="seconds")
    if style == "near":
        return _near(at)
    pattern = _DATETIMES[current_locale()][style]
    return _lower_meridiem(
        babel_format_datetime(at, pattern, tzinfo=at.tzinfo, locale=_babel_locale())
    )


def _near(at: datetime) -> str:
    today = local(clock.now()).date()
    time = format_datetime(at, "clock")
    if at.date() == today:
        return text("core.time.today", time=time)
    if at.date() == today - timedelta(days=1):
        return text("core.time.yesterday", time=time)
    return format_datetime(at, "short" if at.year == today.year else "table")


def format_date(value: date | datetime | None, style: str = "table") -> str:
    """A date; styles: table, short, sentence, long."""
    if value is None:
        return ""
    day = local(value).date() if isinstance(value, datetime) else value
    return str(babel_format_date(day, _DATES[current_locale()][style], locale=_babel_locale()))


def ago(value: datetime | None) -> str:
    """Relative under an hour ("5 minutes ago"), near above: ux.md §5."""
    if value is None:
        return ""
    seconds = (clock.now() - local(value)).total_seconds()
    if 0 <= seconds < MINUTE:
        return text("core.time.just_now")
    if 0 <= seconds < HOUR:
        return text("core.time.minutes_ago", count=int(seconds // MINUTE))
    return format_datetime(value, "near")


def day_or_time(value: datetime | None) -> str:
    """For narrow columns: relative under an hour, today and yesterday in words, then the day."""
    if value is None:
        return ""
    behind = (local(clock.now()).date() - local(value).date()).days
    if behind in {0, 1}:
        return ago(value)
    return format_date(value, "short" if behind < NEARLY_A_YEAR else "table")


def duration(seconds: float) -> str:
    """A length of time in at most two units: 38 min; 3 h 20 min; 1 d 18 h."""
    whole = int(abs(seconds))
    days, hours, minutes = whole // DAY, whole % DAY // HOUR, whole % HOUR // MINUTE
    if whole < HOUR:
        return text("core.duration.minutes", minutes=minutes)
    if whole < DAY:
        return _two("hours", "minutes", hours=hours, minutes=minutes)
    return _two("days", "hours", days=days, hours=hours)


def _two(large: str, small: str, **parts: int) -> str:
    if not parts[small]:
        return text(f"core.duration.{large}", **parts)
    return text(f"core.duration.{large}_{small}", **parts)


def money(amount: int, currency: str) -> str:
    """Integer minor units as an amount with its currency; whole amounts show no decimals."""
    digits = get_currency_precision(currency)
    major = amount / 10**digits
    whole = amount % 10**digits == 0
    return str(
        format_currency(
            major,
            currency,
            "¤#,##0" if whole else None,
            locale=_babel_locale(),
            currency_digits=not whole,
        )
    )


def file_size(size: int) -> str:
    """Bytes as B, KB or MB."""
    if size < 1024:  # noqa: PLR2004
        return f"{size} B"
    if size < 1024**2:
        return f"{size / 1024:.0f} KB"
    return f"{size / 1024**2:.1f} MB"


def mask_phone(number: str) -> str:
    """A phone number with its middle hidden; a mainland mobile without its code: 138****6021."""
    digits = (
        number.removeprefix("+86")
        if number.startswith("+86") and len(number) == MOBILE_DIGITS + 3
        else number
    )
    if len(digits) < 7:  # noqa: PLR2004
        return "*" * len(digits)
    return f"{digits[: len(digits) - 8]}****{digits[-4:]}"


def mask_email(address: str) -> str:
    """An address with only its first letter and its domain."""
    name, _, domain = address.partition("@")
    return f"{name[:1]}***@{domain}"


def _babel_locale() -> Locale:
    return Locale.parse(current_locale(), sep="-")


def _lower_meridiem(words: str) -> str:
    return words.replace(" AM", " am").replace(" PM", " pm").replace("\u202f", " ")
