"""Words and formats as people read them (ux.md §5 and §8)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from core import clock, i18n
from core.tenancy import as_tenant
from tests.conftest import client_at

NOON = datetime(2026, 11, 20, 6, 18, tzinfo=UTC)


@pytest.fixture(params=["zh-CN", "en"])
def locale(request):
    with i18n.use(request.param, "Asia/Shanghai"), clock.virtual(NOON):
        yield request.param


def words(locale, chinese, english):
    return chinese if locale == "zh-CN" else english


def test_an_unknown_id_is_given_back(locale):
    assert i18n.text("no.such.word") == "no.such.word"
    assert i18n.text("Return or exchange, 100% sure", count=2) == "Return or exchange, 100% sure"
    assert i18n.text("") == ""


def test_a_tenants_own_words_fall_back_to_the_language_there_is(locale):
    both = {"zh-CN": "电梯", "en": "Lift"}
    assert i18n.text(both) == words(locale, "电梯", "Lift")
    assert i18n.text({"en": "Lift"}) == "Lift"
    assert i18n.text({"zh-CN": "电梯"}) == "电梯"
    assert i18n.text({}) == ""


def test_count_picks_the_plural(locale):
    assert i18n.text("ui.form.errors", count=1) == words(
        locale, "有 1 处需要修改", "1 thing needs mending"
    )
    assert i18n.text("ui.form.errors", count=3) == words(
        locale, "有 3 处需要修改", "3 things need mending"
    )


@pytest.mark.parametrize(
    ("seconds", "chinese", "english"),
    [
        (0, "0 分", "0 min"),
        (38 * 60, "38 分", "38 min"),
        (59 * 60 + 59, "59 分", "59 min"),
        (3600, "1 时", "1 h"),
        (3 * 3600 + 20 * 60, "3 时 20 分", "3 h 20 min"),
        (86400 + 18 * 3600 + 59 * 60, "1 天 18 时", "1 d 18 h"),
        (-72 * 60, "1 时 12 分", "1 h 12 min"),
    ],
)
def test_durations_have_two_units_at_most(locale, seconds, chinese, english):
    assert i18n.duration(seconds) == words(locale, chinese, english)


def test_times_are_shown_in_the_readers_zone(locale):
    assert i18n.format_datetime(NOON) == words(locale, "2026-11-20 14:18", "20 Nov 2026, 2:18 pm")
    with i18n.use(timezone="Europe/London"):
        assert i18n.format_datetime(NOON, "clock") == words(locale, "06:18", "6:18 am")
    assert i18n.format_date(date(2026, 11, 20), "sentence") == words(
        locale, "11 月 20 日", "20 Nov"
    )


@pytest.mark.parametrize(
    ("before", "chinese", "english"),
    [
        (timedelta(seconds=20), "刚刚", "just now"),
        (timedelta(minutes=26), "26 分钟前", "26 minutes ago"),
        (timedelta(hours=5), "今天 09:18", "today 9:18 am"),
        (timedelta(hours=21), "昨天 17:18", "yesterday 5:18 pm"),
        (timedelta(days=3), "11-17 14:18", "17 Nov, 2:18 pm"),
        (timedelta(days=400), "2025-10-16 14:18", "16 Oct 2025, 2:18 pm"),
    ],
)
def test_relative_only_under_an_hour(locale, before, chinese, english):
    assert i18n.ago(NOON - before) == words(locale, chinese, english)


def test_money_phones_and_sizes(locale):
    assert i18n.money(286000, "CNY") == words(locale, "¥2,860", "CN¥2,860")
    assert i18n.money(286050, "CNY") == words(locale, "¥2,860.50", "CN¥2,860.50")
    assert i18n.mask_phone("+8613800006021") == "138****6021"
    assert i18n.mask_phone("123") == "***"
    assert i18n.mask_email("lin@example.com") == "l***@example.com"
    assert [i18n.file_size(n) for n in (90, 190_464, 1_887_437)] == ["90 B", "186 KB", "1.8 MB"]


def test_the_nearest_locale_is_taken():
    assert [i18n.known_locale(tag) for tag in ("en-GB", "zh", "fr", None)] == [
        "en",
        "zh-CN",
        "zh-CN",
        "zh-CN",
    ]


def test_use_ends_where_its_block_ends():
    before = (i18n.current_locale(), i18n.current_timezone())
    with i18n.use("en", "America/New_York"):
        assert (i18n.current_locale(), i18n.current_timezone()) == ("en", "America/New_York")
    assert (i18n.current_locale(), i18n.current_timezone()) == before


def test_outside_of_a_request_words_and_days_are_the_companys(make_tenant):
    english = make_tenant(locale="en", timezone="Europe/London")
    with as_tenant(english):
        assert (i18n.current_locale(), i18n.current_timezone()) == ("en", "Europe/London")
    with as_tenant(make_tenant()):
        assert (i18n.current_locale(), i18n.current_timezone()) == ("zh-CN", "Asia/Shanghai")


def test_within_a_request_words_are_the_readers(make_tenant, app):
    client = client_at(app, make_tenant(locale="en"))
    client.set_cookie("pd_lang", "zh-CN", domain=client.environ_base["HTTP_HOST"])
    assert '<html lang="zh-CN"' in client.get("/").get_data(as_text=True)
