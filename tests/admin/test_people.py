"""Members, roles and teams: invited, given roles, suspended; and the last admin stays."""

from __future__ import annotations

import re

import sqlalchemy as sa

from core.actors import Reach
from core.auth import roles, service, teams
from core.db import db
from core.mail.models import MailOut


def test_an_invited_member_gets_a_mail_and_no_password(house, admin):
    url = "/console/members/new"
    wrong = admin.post(url, status=422, email="nobody", display_name="", role="agent")
    assert 'class="err-summary"' in wrong
    assert 'value="nobody"' in wrong
    admin.post(url, email="Mei@example.org", display_name="Mei", role=["agent", "supervisor"])
    with house.inside():
        user = service.find_user("mei@example.org")
        assert user.password_hash is None
        assert {role.name for role in roles.roles_of(user.id)} == {"agent", "supervisor"}
        assert db.session.scalars(sa.select(MailOut).where(MailOut.user_id == user.id)).all()
    assert "Mei" in admin.get("/console/members?q=mei")
    taken = admin.post(url, status=409, email="mei@example.org", display_name="Mei", role="agent")
    assert 'href="#f-email"' in taken


def test_roles_and_teams_of_a_member_are_set_and_stale_forms_refused(house, admin):
    mei = house.hire("mei@example.org", "agent", team="first")
    url = f"/console/members/{mei}"
    version = admin.version_of(f"/console/members?m={mei}")
    with house.inside():
        second = teams.team_by_code("second").id
    fields = {"display_name": "Mei Lan", "role": ["supervisor"], "team": [str(second)]}
    admin.post(url, version=version, **fields)
    with house.inside():
        assert service.get_user(mei).display_name == "Mei Lan"
        assert [role.name for role in roles.roles_of(mei)] == ["supervisor"]
        assert [team.code for team in teams.teams_of(mei)] == ["second"]
    admin.post(url, status=409, version=version, **fields)
    assert admin.events("role.taken")


def test_the_last_admin_can_neither_be_suspended_nor_lose_the_role(house, admin):
    version = admin.version_of(f"/console/members?m={admin.user_id}")
    fields = {"version": version, "display_name": "Lan"}
    refused = admin.post(f"/console/members/{admin.user_id}", status=409, role="agent", **fields)
    assert 'class="err-summary"' in refused
    house.hire("bo@example.org", "admin")
    admin.post(f"/console/members/{admin.user_id}/suspend", status=409)
    bo = house.sign_in("bo@example.org")
    bo.post(f"/console/members/{admin.user_id}/suspend")
    admin.get("/console/members", status=303)
    with house.inside():
        assert service.get_user(admin.user_id).state == "suspended"
    bo.post(f"/console/members/{admin.user_id}/reinstate")
    bo.post(f"/console/members/{admin.user_id}/invite")
    with house.inside():
        assert service.get_user(admin.user_id).state == "active"


def test_all_sign_ins_of_a_member_are_ended(house, admin):
    mei = house.hire("mei@example.org", "agent")
    her = house.sign_in("mei@example.org")
    her.get("/account")
    assert "203.0.113.7" in admin.get(f"/console/members?m={mei}")
    admin.post(f"/console/members/{mei}/sign-out")
    her.get("/account", status=303)


def test_an_agent_reads_the_list_and_changes_nothing(house, admin):
    mei = house.hire("mei@example.org", "agent")
    her = house.sign_in("mei@example.org")
    assert 'type="submit" form="member"' not in her.get(f"/console/members?m={mei}")
    assert 'type="submit" form="member"' in admin.get(f"/console/members?m={mei}")
    her.post(f"/console/members/{admin.user_id}/suspend", status=403)
    her.get("/console/members/new", status=403)


def test_a_role_of_ones_own_and_its_reach(house, admin):
    refused = admin.post("/console/roles", status=422, name="Night Shift", title="")
    assert 'href="#f-name"' in refused
    admin.post("/console/roles", name="night", title="Night shift", pattern="agent")
    page = admin.get("/console/roles/night")
    version = re.search(r'name="version" value="(\d+)"', page)[1]
    grants = {"reach.ticket:read": "all", "reach.ticket:write": "none"}
    admin.post("/console/roles/night", version=version, **grants)
    with house.inside():
        now = roles.grants_of_role(roles.get_role("night"))
    assert now["ticket:read"] == Reach.ALL
    assert "ticket:write" not in now
    admin.post("/console/roles/night", status=409, version=version, **grants)
    matrix = admin.get("/console/roles")
    assert "/console/roles/night" in matrix
    assert admin.events("role.changed")


def test_nobody_changes_the_admins_rights(house, admin):
    version = re.search(r'name="version" value="(\d+)"', admin.get("/console/roles/admin"))[1]
    admin.post("/console/roles/admin", status=409, version=version, **{"reach.user:write": "none"})
    with house.inside():
        assert "user:write" in roles.grants_of_role(roles.get_role("admin"))


def test_departments_and_teams_come_and_go(house, admin):
    admin.post(
        "/console/teams/departments", **{"department-code": "yard", "department-name": "Yard"}
    )
    with house.inside():
        yard = teams.department_by_code("yard").id
    given = {"team-department": str(yard), "team-code": "gate", "team-name": "Gate"}
    admin.post("/console/teams", **given)
    refused = admin.post("/console/teams", status=409, **given)
    assert 'href="#f-team-code"' in refused
    mei = house.hire("mei@example.org", "agent")
    with house.inside():
        gate = teams.team_by_code("gate").id
    admin.post(f"/console/teams/{gate}", member=[str(mei)])
    with house.inside():
        assert [user.id for user in teams.members(gate)] == [mei]
    admin.post(f"/console/teams/departments/{yard}/archive", status=409)
    admin.post(f"/console/teams/{gate}/archive")
    admin.post(f"/console/teams/departments/{yard}/archive")
    assert "department-yard" not in admin.get("/console/teams")
