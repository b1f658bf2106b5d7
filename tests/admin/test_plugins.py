"""The plugins page: cards, the live switch, settings with their errors, rights and failures."""

from __future__ import annotations

import re

import pytest

from core.auth import service
from core.db import transaction
from core.plugins import enabled, note_failure
from core.settings import get as settings_of
from core.tickets.service import NewTicket, open_ticket

NAME = "complaints"
CARD = f'id="plugin-{NAME}"'


def test_the_switch_takes_effect_at_the_next_request(house, admin):
    assert 'aria-checked="true"' in admin.get("/console/plugins")
    admin.post(f"/console/plugins/{NAME}/disable")
    assert 'aria-checked="false"' in admin.get("/console/plugins")
    with house.inside():
        assert not enabled(NAME)
    admin.post(f"/console/plugins/{NAME}/enable")
    with house.inside():
        assert enabled(NAME)
    assert admin.events("plugin.disabled")


def test_switching_off_asks_when_open_tickets_depend_on_it(house, admin):
    with house.inside(), transaction():
        form = {"name": "Lin", "phone": "+8613800006021"}
        new = NewTicket(
            type="complaints.complaint", subject="Noise", description="At night", form=form
        )
        open_ticket(new, actor=service.actor_for(service.get_user(admin.user_id)))
    page = admin.post(f"/console/plugins/{NAME}/disable", status=200)
    assert 'name="sure"' in page
    with house.inside():
        assert enabled(NAME), "asked, not done"
    admin.post(f"/console/plugins/{NAME}/disable", sure="1")
    with house.inside():
        assert not enabled(NAME)


def test_settings_are_drawn_from_the_schema_and_keep_what_was_typed(house, admin):
    url = f"/console/plugins/{NAME}/settings"
    drawer = admin.get(f"/console/plugins?p={NAME}")
    assert 'name="appeal_days"' in drawer
    wrong = admin.post(url, status=422, appeal_days="soon", follow_up_hours="24", silence_days="7")
    assert 'class="err-summary"' in wrong
    assert 'href="#appeal_days"' in wrong
    assert 'value="soon"' in wrong
    with house.inside():
        assert settings_of(NAME)["appeal_days"] != 20
    admin.post(url, appeal_days="20", follow_up_hours="24", silence_days="7")
    with house.inside():
        assert settings_of(NAME)["appeal_days"] == 20
    assert admin.events("settings.changed")


def test_of_two_who_set_the_same_the_later_is_told_and_loses_nothing(house, admin):
    url, page = f"/console/plugins/{NAME}/settings", f"/console/plugins?p={NAME}"
    both_saw = admin.seen(page)
    rest = {"follow_up_hours": "24", "silence_days": "7"}
    admin.post(url, _seen=both_saw, appeal_days="20", **rest)
    late = admin.post(url, status=409, _seen=both_saw, appeal_days="30", **rest)
    assert "其他人刚刚保存了新版本" in late
    assert 'value="30"' in late, "what was typed stays"
    with house.inside():
        assert settings_of(NAME)["appeal_days"] == 20
    now_seen = re.search(r'name="_seen" value="([^"]+)"', late)[1]
    admin.post(url, _seen=now_seen, appeal_days="30", **rest)
    with house.inside():
        assert settings_of(NAME)["appeal_days"] == 30


def test_a_failing_plugin_shows_its_failures_and_becomes_degraded(house, admin):
    with house.inside(), transaction():
        for number in range(10):
            note_failure(NAME, "nav_items", f"boom {number}")
    page = admin.get("/console/plugins?show=attention")
    assert CARD in page
    assert "pc-f bad" in page
    log = admin.get(f"/console/plugins?p={NAME}&tab=log")
    assert "boom 9" in log
    admin.post(f"/console/plugins/{NAME}/disable")
    admin.post(f"/console/plugins/{NAME}/enable")
    assert CARD not in admin.get("/console/plugins?show=attention")


def test_permissions_and_contributions_are_told(admin):
    assert "complaints.plan:approve" in admin.get(f"/console/plugins?p={NAME}&tab=permissions")
    offers = admin.get(f"/console/plugins?p={NAME}&tab=offers")
    assert "complaints.complaint.judged" in offers


def test_a_search_finds_a_plugin_and_says_when_nothing_fits(admin):
    assert CARD in admin.get("/console/plugins?q=polydesk")
    assert CARD not in admin.get("/console/plugins?q=nothing-is-called-so")
    admin.get("/console/plugins?p=nobody", status=404)


@pytest.mark.parametrize("role", ["manager", "agent", "auditor"])
def test_only_an_admin_switches_plugins(house, admin, role):
    house.hire(f"{role}@example.org", role)
    other = house.sign_in(f"{role}@example.org")
    other.get("/console/plugins", status=403)
    other.post(f"/console/plugins/{NAME}/disable", status=403)
    with house.inside():
        assert enabled(NAME)
    admin.post(f"/console/plugins/{NAME}/disable")
    with house.inside():
        assert not enabled(NAME)


def test_rows_of_settings_are_drawn_and_kept(house, admin):
    url = f"/console/plugins/{NAME}/settings"
    drawer = admin.get(f"/console/plugins?p={NAME}")
    with house.inside():
        shipped = settings_of(NAME)["triage"]
    assert 'name="triage-0-words"' in drawer
    assert f'name="triage-{len(shipped) - 1}-name"' in drawer
    numbers = {"appeal_days": "20", "follow_up_hours": "24", "silence_days": "7"}
    rows = {"triage-0-name": "Own", "triage-0-grade": "serious", "triage-0-words": "faded, torn"}
    rows |= {"channels-0-name": "Letter", "channels-0-address": "Complaints desk"}
    admin.post(url, **numbers, **rows)
    with house.inside():
        kept = settings_of(NAME)
    assert kept["triage"] == [{"name": "Own", "grade": "serious", "words": "faded, torn"}]
    assert kept["channels"] == [{"name": "Letter", "address": "Complaints desk"}]
    wrong = admin.post(url, status=422, **numbers, **(rows | {"triage-0-words": ""}))
    assert 'class="err-summary"' in wrong
