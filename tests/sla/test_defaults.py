"""What ships agrees with China's official calendar and with the rulebook's numbers."""

from __future__ import annotations

from datetime import date, timedelta

import holidays
import pytest

from core.bodies import from_body, to_body
from core.declarations import Calendar, Metric, SlaPolicy
from core.sla import calendar, defaults
from tests.sla.golden import SHANGHAI, moment


def test_the_office_works_exactly_on_chinas_working_days() -> None:
    official = holidays.China(years=(2026, 2027))
    day, compared = date(2026, 1, 1), 0
    while day.year < 2028:
        assert bool(calendar.windows_on(defaults.OFFICE, day)) is official.is_working_day(day), day
        day, compared = day + timedelta(days=1), compared + 1
    assert compared == 730


def test_national_day_2026() -> None:
    """国庆 2026: off from 1 to 7 October, made up on 20 September and 10 October."""
    start = moment("2026-09-30 17:30", SHANGHAI)
    assert calendar.add_seconds(defaults.OFFICE, start, 3600, SHANGHAI) == moment(
        "2026-10-08 09:30", SHANGHAI
    )
    assert calendar.is_open(defaults.OFFICE, moment("2026-09-20 10:00", SHANGHAI), SHANGHAI)
    assert calendar.is_open(defaults.OFFICE, moment("2026-10-10 10:00", SHANGHAI), SHANGHAI)
    assert not calendar.is_open(defaults.OFFICE, moment("2026-10-07 10:00", SHANGHAI), SHANGHAI)


@pytest.mark.parametrize("shipped", defaults.CALENDARS, ids=lambda shipped: shipped.name)
def test_shipped_calendars_are_sound(shipped: Calendar) -> None:
    calendar.check(shipped)
    assert from_body(Calendar, to_body(shipped)) == shipped


@pytest.mark.parametrize("shipped", defaults.METRICS, ids=lambda shipped: shipped.name)
def test_shipped_metrics_round_trip(shipped: Metric) -> None:
    assert from_body(Metric, to_body(shipped)) == shipped


def test_the_rulebooks_numbers() -> None:
    policy = defaults.DEFAULT_POLICY
    first = {}
    for target in policy.targets:
        first.setdefault(
            (target.metric, str((target.when or {}).get("is", ""))),
            (target.seconds, target.calendar),
        )
    assert first == {
        ("first_response", "phone"): (10, "always"),
        ("first_response", "chat"): (30, "always"),
        ("first_response", ""): (1800, ""),
        ("acceptance", ""): (1800, ""),
        ("progress", ""): (86_400, "always"),
        ("result_notice", ""): (7200, ""),
        ("customer_contact", ""): (3600, ""),
        ("handover", ""): (1800, ""),
        ("resolution", "critical"): (14_400, ""),
        ("resolution", "urgent"): (28_800, ""),
        ("resolution", ""): (86_400, ""),
    }
    assert {target.metric for target in policy.targets} == {
        metric.name for metric in defaults.METRICS
    }
    assert from_body(SlaPolicy, to_body(policy)) == policy


def test_acceptance_response_and_transfer_never_pause() -> None:
    assert {metric.name for metric in defaults.METRICS if metric.pauses} == {
        "progress",
        "resolution",
    }
