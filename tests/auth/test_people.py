"""Users, roles and teams: what one may and how far, and who cannot be lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from core.actors import OPERATOR, Reach
from core.auth import passwords, roles, service, teams, tokens
from core.auth.models import BrowserSession
from core.clock import now
from core.db import db, transaction
from core.errors import Conflict, Invalid, StaleVersion
from core.events import EventRow
from core.i18n import use
from tests.auth.people import come_in, hire

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from core.tenancy import Tenant


def test_several_roles_unite_to_the_widest_reach(tenant: Tenant) -> None:
    user = hire("lan@jinlan.example", "agent")
    with transaction():
        roles.create_role(
            "helper", {"en": "Helper"}, {"contact:read": "own", "mail:read": "team"}, actor=OPERATOR
        )
        roles.give_role(user.id, "helper", actor=OPERATOR)
    actor = service.actor_for(user)
    assert actor.reach("contact:read") is Reach.ALL, "the agent's, not the helper's"
    assert actor.reach("mail:read") is Reach.TEAM
    assert actor.reach("role:write") is None
    with transaction():
        roles.take_role(user.id, "agent", actor=OPERATOR)
    assert service.actor_for(user).reach("contact:read") is Reach.OWN


def test_built_in_roles_follow_the_catalog_and_keep_the_tenants_changes(tenant: Tenant) -> None:
    hire("admin@jinlan.example", "admin")
    agent = hire("lan@jinlan.example", "agent")
    role = roles.get_role("agent")
    declared = {name: reach.name.lower() for name, reach in roles.grants_of_role(role).items()}
    assert declared["contact:reveal"] == "all"
    version = role.version
    with transaction():
        changed = declared | {"contact:reveal": "none", "contact:merge": "all"}
        roles.set_grants("agent", changed, version=version, actor=OPERATOR)
    assert roles.get_role("agent").grants == {"contact:reveal": "none", "contact:merge": "all"}
    actor = service.actor_for(service.get_user(agent.id))
    assert not actor.can("contact:reveal")
    assert actor.can("contact:merge")
    with pytest.raises(StaleVersion), transaction():
        roles.set_grants("agent", declared, version=version, actor=OPERATOR)
    fact = db.session.scalars(sa.select(EventRow).where(EventRow.type == "role.changed")).one()
    assert fact.payload["changes"] == {"contact:merge": ["", "all"], "contact:reveal": ["all", ""]}


def test_bad_grants_are_named_and_the_admin_stays_whole(tenant: Tenant) -> None:
    hire("admin@jinlan.example", "admin")
    with pytest.raises(Invalid) as refused, transaction():
        roles.create_role("x", "X", {"ticket:fly": "all", "contact:read": "far"}, actor=OPERATOR)
    assert {p.field for p in refused.value.problems} == {"grants.ticket:fly", "grants.contact:read"}
    with pytest.raises(Conflict), transaction():
        roles.set_grants("admin", {}, version=roles.get_role("admin").version, actor=OPERATOR)
    with pytest.raises(Conflict), transaction():
        roles.create_role("agent", "Agent", {}, actor=OPERATOR)


def test_the_last_admin_stays(tenant: Tenant) -> None:
    first = hire("first@jinlan.example", "admin")
    for leave in (
        lambda user: service.suspend_user(user.id, actor=OPERATOR),
        lambda user: service.erase_user(user.id, actor=OPERATOR),
        lambda user: roles.take_role(user.id, "admin", actor=OPERATOR),
    ):
        with pytest.raises(Conflict), transaction():
            leave(first)
    assert [user.email for user in roles.users_with_role("admin")] == ["first@jinlan.example"]
    hire("second@jinlan.example", "admin")
    with transaction():
        service.suspend_user(first.id, actor=OPERATOR)
    assert [user.email for user in roles.users_with_role("admin")] == ["second@jinlan.example"]


def test_reach_compiles_to_teams_and_departments(tenant: Tenant) -> None:
    user = hire("lan@jinlan.example", "agent")
    with transaction():
        desk = teams.create_department("desk", {"zh-CN": "客服部", "en": "Desk"}, actor=OPERATOR)
        works = teams.create_department("works", {"en": "Works"}, actor=OPERATOR)
        mine = teams.create_team("calls", {"en": "Calls"}, desk.id, actor=OPERATOR)
        near = teams.create_team("chat", {"en": "Chat"}, desk.id, actor=OPERATOR)
        far = teams.create_team("lifts", {"en": "Lifts"}, works.id, actor=OPERATOR)
        teams.add_member(mine.id, user.id, actor=OPERATOR)
    actor = service.actor_for(user)
    assert actor.team_ids == {mine.id}
    assert actor.department_team_ids == {mine.id, near.id}
    assert far.id not in actor.department_team_ids
    assert [member.email for member in teams.members(mine.id)] == ["lan@jinlan.example"]
    with pytest.raises(Conflict), transaction():
        teams.archive_department(desk.id, actor=OPERATOR)
    with transaction():
        teams.archive_team(far.id, actor=OPERATOR)
        teams.archive_department(works.id, actor=OPERATOR)
    assert {row.code for row in teams.list_departments()} == {"desk"}
    with transaction():
        teams.remove_member(mine.id, user.id, actor=OPERATOR)
    assert service.actor_for(user).team_ids == frozenset()


def test_suspending_shuts_out_at_once(client: FlaskClient) -> None:
    hire("admin@jinlan.example", "admin")
    user = hire("lan@jinlan.example", "agent")
    come_in(client, "lan@jinlan.example")
    assert client.get("/account").status_code == 200
    with transaction():
        service.suspend_user(user.id, actor=OPERATOR)
    assert client.get("/account").status_code == 303
    with transaction():
        service.reinstate_user(user.id, actor=OPERATOR)
    assert client.get("/account").status_code == 303, "he signs in anew"
    assert come_in(client, "lan@jinlan.example").status_code == 303
    assert client.get("/account").status_code == 200


def test_an_erased_user_leaves_a_readable_history(client: FlaskClient) -> None:
    hire("admin@jinlan.example", "admin")
    user = hire("lan@jinlan.example", "agent")
    come_in(client, "lan@jinlan.example")
    with transaction():
        tokens.create_token(user.id, "lan's laptop", ["contact:read"], actor=OPERATOR)
    with transaction():
        service.erase_user(user.id, actor=OPERATOR)
    with use("en"):
        assert service.names_of([user.id]) == {user.id: f"former staff #{user.id.hex[-6:]}"}
    assert service.find_user("lan@jinlan.example") is None
    assert user.id not in {row.id for row in service.list_users()}
    assert tokens.list_tokens() == []
    session = db.session.scalars(sa.select(BrowserSession)).one()
    assert (session.ip, session.browser) == ("", "")
    again = hire("lan@jinlan.example", "agent")
    assert again.id != user.id


@pytest.mark.parametrize(
    ("password", "message"),
    [
        ("short", "auth.password.short"),
        ("１２３４５", "auth.password.short"),
        ("x" * 300, "auth.password.long"),
        ("1234567890", "auth.password.common"),
        ("PASSWORD123", "auth.password.common"),
        ("zzzzzzzzzzzz", "auth.password.common"),
        ("lan@jinlan.example", "auth.password.mail"),
    ],
)
def test_poor_passwords_are_refused(tenant: Tenant, password: str, message: str) -> None:
    with pytest.raises(Invalid) as refused:
        hire("lan@jinlan.example", password=password)
    assert [p.message for p in refused.value.problems] == [message]
    assert service.find_user("lan@jinlan.example") is None
    hire("lan@jinlan.example", password="今天也要好好吃饭喝水")


def test_an_address_belongs_to_one_user(tenant: Tenant) -> None:
    hire("lan@jinlan.example")
    with pytest.raises(Conflict):
        hire("LAN@Jinlan.example")
    with pytest.raises(Invalid):
        hire("not an address")
    assert len(service.list_users()) == 1


def test_a_profile_is_changed_at_its_version(tenant: Tenant) -> None:
    user = hire("lan@jinlan.example", "agent")
    version = user.version
    with transaction():
        service.update_user(
            user.id, version=version, display_name="周岚", locale="en", actor=OPERATOR
        )
    with pytest.raises(StaleVersion), transaction():
        service.update_user(user.id, version=version, display_name="别人", actor=OPERATOR)
    actor = service.actor_for(service.get_user(user.id))
    assert (actor.name, actor.locale) == ("周岚", "en")
    fact = db.session.scalars(
        sa.select(EventRow).where(EventRow.type == "user.profile_changed")
    ).one()
    assert fact.payload["fields"] == ["display_name", "locale"]
    assert "周岚" not in fact.data


def test_old_hashes_are_made_anew_at_sign_in(client: FlaskClient) -> None:
    user = hire("lan@jinlan.example", "agent")
    old = passwords.PasswordHasher(1, 16, 1).hash("ein langes Wort")
    with transaction():
        service.get_user(user.id).password_hash = old
    assert come_in(client, "lan@jinlan.example").status_code == 303
    fresh = service.get_user(user.id)
    assert fresh.password_hash != old
    assert not passwords.is_outdated(fresh.password_hash)
    assert fresh.last_sign_in_at <= now()
