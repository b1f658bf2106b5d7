"""SLA policies and calendars: edited as forms, in order, with a test and a preview."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

from core import definitions
from core.clock import virtual
from core.sla.calendar import windows_on
from core.sla.policies import list_policies
from tenants.admin import calendar_form, policy_form

BASICS = {"calendar": "office", "order": "5", "warn_percent": "25", "warn_minutes": "60"}


def target(number, **cells):
    return {f"targets-{number}-{name}": value for name, value in cells.items()}


def own(kind):
    """What the tenant itself has made of a kind."""
    names = definitions.names(kind)
    return [definitions.get(kind, name) for name in names if name.startswith("own_")]


def test_every_shipped_policy_survives_its_own_form(house):
    with house.inside():
        for named in list_policies():
            answers = policy_form.answers_of(named.value)
            assert policy_form.policy_of(named.name, answers, named.value) == named.value
        for calendar in definitions.all_current("calendar").values():
            answers = calendar_form.answers_of(calendar)
            assert calendar_form.calendar_of(calendar.name, answers, calendar) == calendar


def test_a_policy_of_ones_own_comes_first_and_the_test_says_why(house, admin):
    fields = {
        **BASICS, "title": "Urgent calls", "reason": "Callers wait", "priorities": ["urgent"],
        **target(0, metric="first_response", amount="5", unit="minutes", channel="phone"),
        **target(1, metric="resolution", amount="2", unit="hours"),
        "escalations-0-at": "breach", "escalations-0-notify": "manager", "escalations-0-after_minutes": "30",
    }  # fmt: skip
    admin.post("/console/sla/new", **fields)
    with house.inside():
        policy = own("policy")[0]
    assert [(t.metric, t.seconds) for t in policy.targets] == [
        ("first_response", 300),
        ("resolution", 7200),
    ]
    assert policy.targets[0].when == {"field": "channel", "is": "phone"}
    assert policy.when == {"field": "priority", "in": ["urgent"]}
    assert policy.escalations[0].after_seconds == 1800
    tried = admin.get("/console/sla?type=problem&priority=urgent&channel=phone")
    assert re.search(r'id="tested".*Urgent calls.*Callers wait', tried, re.DOTALL)
    other = admin.get("/console/sla?type=problem&priority=normal&channel=phone")
    assert not re.search(r'id="tested".*Urgent calls', other, re.DOTALL)
    assert "banner-warn" in admin.get("/console/sla?number=T-0000-00000")


def test_a_wrong_policy_keeps_what_was_typed_and_changes_nothing(house, admin):
    page = admin.get("/console/sla/standard")
    version = re.search(r'name="version" value="([^"]+)"', page)[1]
    fields = {**BASICS, "title": "Standard", "warn_percent": "170", "version": version}
    wrong = admin.post(
        "/console/sla/standard",
        status=422,
        **fields,
        **target(0, metric="resolution", amount="x", unit="hours"),
    )
    assert 'class="err-summary"' in wrong
    assert 'value="170"' in wrong
    assert 'href="#targets-0-amount"' in wrong
    with house.inside():
        assert definitions.current_version("policy", "standard") == version


def test_an_edited_policy_goes_back_to_the_shipped_one(house, admin):
    version = re.search(r'name="version" value="([^"]+)"', admin.get("/console/sla/standard"))[1]
    fields = {**BASICS, "title": "Ours", **target(0, metric="resolution", amount="3", unit="days")}
    admin.post("/console/sla/standard", version=version, **fields)
    admin.post("/console/sla/standard", version=version, **fields)
    with house.inside():
        assert len(definitions.history("policy", "standard")) == 1, "the same again is no edit"
    later = {**fields, "title": "Mine"}
    assert "Mine" in admin.post("/console/sla/standard", status=409, version=version, **later)
    with house.inside():
        assert definitions.get("policy", "standard").targets[0].seconds == 3 * 86_400
    admin.post("/console/sla/standard/declared")
    with house.inside():
        assert definitions.current_version("policy", "standard") == version
    assert admin.events("definition.edited")


def test_policies_change_places(house, admin):
    admin.post(
        "/console/sla/new",
        **BASICS,
        title="Second",
        **target(0, metric="resolution", amount="1", unit="days"),
    )
    with house.inside():
        before = [named.name for named in list_policies()]
    admin.post("/console/sla/order", name=before[1], way="up")
    with house.inside():
        assert [named.name for named in list_policies()][:2] == [before[1], before[0]]
    admin.post("/console/sla/order", status=422, name="nobody", way="up")


def week(**days):
    return {f"weekday_{number}": days.get(f"d{number}", "") for number in range(7)}


def test_a_calendar_with_holidays_and_make_up_days(house, admin):
    fields = {
        "title": "Yard",
        "timezone": "Europe/Berlin",
        **week(d0="9:00-12:00、13：30–18:00", d5="08:00-24:00"),
    }
    days = {
        "days-0-date": "2026-12-25", "days-0-title": "Christmas", "days-0-hours": "",
        "days-1-date": "2026-11-29", "days-1-title": "Make-up", "days-1-hours": "10:00-14:00",
    }  # fmt: skip
    admin.post("/console/calendars/new", **fields, **days)
    with house.inside():
        made = own("calendar")[0]
    assert made.hours[0] == (("09:00", "12:00"), ("13:30", "18:00"))
    assert made.hours[5] == (("08:00", "24:00"),)
    assert windows_on(made, date(2026, 12, 25)) == ()
    assert windows_on(made, date(2026, 11, 29)) == (("10:00", "14:00"),)
    with virtual(datetime(2026, 11, 20, 12, tzinfo=UTC)):
        page = admin.get("/console/calendars")
    assert re.search(r"fn-make_up.*?Make-up", page, re.DOTALL)


def test_hours_that_cannot_be_read_are_named_at_their_field(house, admin):
    fields = {"title": "Yard", "timezone": "Asia/Shanghai"}
    wrong = admin.post("/console/calendars/new", status=422, **fields, **week(d2="nine to five"))
    assert 'href="#weekday_2"' in wrong
    assert 'value="nine to five"' in wrong
    overlap = admin.post(
        "/console/calendars/new", status=422, **fields, **week(d1="09:00-12:00, 11:00-13:00")
    )
    assert 'href="#weekday_1"' in overlap
    never = admin.post("/console/calendars/new", status=422, **fields, **week())
    assert 'class="err-summary"' in never
    with house.inside():
        assert own("calendar") == []


def test_a_manager_sets_rules_and_an_agent_does_not(house, admin):
    house.hire("wang@example.org", "manager")
    house.hire("mei@example.org", "agent")
    assert "/console/sla/" in house.sign_in("wang@example.org").get("/console/sla")
    house.sign_in("mei@example.org").get("/console/sla", status=403)
    house.sign_in("mei@example.org").get("/console/calendars/new", status=403)
