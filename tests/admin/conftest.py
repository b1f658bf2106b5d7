"""An admin at the console of a fresh tenant, and somebody with another role beside."""

from __future__ import annotations

import re
from html import unescape

import pytest

from core.actors import OPERATOR
from core.auth import service, signin, teams
from core.auth.roles import make_built_in_roles
from core.db import transaction
from core.plugins import catalog
from core.tenancy import as_tenant, find_tenant

PASSWORD = "ein langes Wort"


class Browser:
    """Somebody signed in to a tenant; posts forms with their tokens, as browsers do."""

    def __init__(self, app, tenant, email):
        self.tenant = tenant
        self.client = app.test_client()
        self.client.environ_base["HTTP_HOST"] = f"{tenant.slug}.localhost"
        with as_tenant(tenant), transaction():
            signed = signin.sign_in(email, PASSWORD, ip="203.0.113.7", browser="a test")
            self.user_id = signed.user.id
        self.client.set_cookie("pd", signed.secret, domain=f"{tenant.slug}.localhost")

    def get(self, url, status=200):
        response = self.client.get(url)
        assert response.status_code == status, (url, response.status_code)
        return unescape(response.get_data(as_text=True))

    def post(self, url, status=303, **fields):
        response = self.client.post(url, data={"csrf_token": self.token(), **fields})
        assert response.status_code == status, (url, response.status_code, self.told(response))
        return unescape(response.get_data(as_text=True))

    def told(self, response):
        text = re.sub(r"<[^>]+>", " ", response.get_data(as_text=True))
        return re.sub(r"\s+", " ", text)[:2000]

    def token(self):
        page = self.client.get("/account").get_data(as_text=True)
        return re.search(r'name="csrf_token" value="([^"]+)"', page)[1]

    def version_of(self, url):
        return re.search(r'name="version" value="([^"]+)"', self.get(url))[1]

    def seen(self, url):
        return re.search(r'name="_seen" value="([^"]+)"', self.get(url))[1]

    def events(self, kind):
        return re.findall(
            rf"<code>({re.escape(kind)})</code>", self.get(f"/console/audit?type={kind}")
        )


class House:
    """A tenant with an admin, two teams and whoever is hired."""

    def __init__(self, app, tenant):
        self.app, self.tenant = app, tenant

    def inside(self):
        """The tenant as it is now, entered."""
        return as_tenant(find_tenant(self.tenant.slug))

    def hire(self, email, *roles, team=None):
        with self.inside(), transaction():
            user = service.create_user(
                email, email.split("@")[0], password=PASSWORD, roles=roles, actor=OPERATOR
            )
            if team:
                teams.add_member(teams.team_by_code(team).id, user.id, actor=OPERATOR)
            return user.id

    def sign_in(self, email):
        return Browser(self.app, self.tenant, email)


@pytest.fixture
def house(app, make_tenant):
    """A tenant with every installed plugin on, two teams and one admin."""
    names = [name for name, plugin in catalog().plugins.items() if not plugin.always_on]
    made = House(app, make_tenant(*names))
    with made.inside(), transaction():
        make_built_in_roles()
        service_department = teams.create_department("service", {"en": "Service"}, actor=OPERATOR)
        teams.create_team("first", {"en": "First"}, service_department.id, actor=OPERATOR)
        teams.create_team("second", {"en": "Second"}, service_department.id, actor=OPERATOR)
    made.hire("lan@example.org", "admin")
    return made


@pytest.fixture
def admin(house):
    """The admin at the console."""
    return house.sign_in("lan@example.org")
