"""A tenant in which every kind of thing exists once, with people of every kind to ask for it."""

from __future__ import annotations

import os
import re
from itertools import count

from core.actors import OPERATOR, SYSTEM
from core.attachments import service as attachments
from core.auth import resets, roles, service, signin, teams, tokens
from core.contacts import codes, links
from core.contacts import service as contacts
from core.contacts.points import PointIn
from core.db import transaction
from core.plugins import catalog
from core.tenancy import as_tenant, find_tenant
from core.tickets import service as tickets
from tenants import service as tenancy
from tests.habits import rooms
from tests.habits.drawn import PASSWORD, jpeg

_numbers = count(1)


class Somebody:
    """A client of the test with whatever proves who it is."""

    def __init__(self, world, *, cookie=None, bearer="", host=""):
        self.app = world.app
        self.client = world.app.test_client()
        self.client.environ_base["HTTP_HOST"] = host or world.host
        self.headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
        if cookie:
            self.client.set_cookie(*cookie, domain=world.host)
        self._token = ""

    def ask(self, method, path, *, body=None, headers=None):
        """The answer to a request as this somebody's client sends it; a page's form carries his own token."""
        with self.app.app_context():
            return self._ask(method, path, body, headers or {})

    def _ask(self, method, path, body, more):
        headers = {**self.headers, "Idempotency-Key": f"k{next(_numbers)}", **more}
        if path.startswith("/api/"):
            # A dict with a file in it is a form, as uploads come; bytes go out as they are.
            parts = body.values() if isinstance(body, dict) else ()
            raw = isinstance(body, bytes) or any(isinstance(part, tuple) for part in parts)
            sent = {"data": body} if raw else {"json": body}
            return self.client.open(path, method=method, headers=headers, **sent)
        if method == "GET":
            return self.client.open(path, method=method, headers=more)
        data = body if isinstance(body, bytes) else {**(body or {}), "csrf_token": self.token()}
        return self.client.open(path, method=method, data=data, headers=more)

    def token(self):
        """The token of a form, got once."""
        pages = () if self._token else ("/account", "/sign-in", "/lookup")
        for page in pages:
            with self.app.app_context():
                text = self.client.get(page).get_data(as_text=True)
            if found := re.search(r'name="csrf_token" value="([^"]+)"', text):
                self._token = found[1]
                break
        return self._token


class World:
    """One tenant; `ids` are its real ids by the name that a route's parameter has."""

    def __init__(self, app):
        self.app = app
        self.slug = f"w{os.getpid()}-{next(_numbers)}"
        self.host = f"{self.slug}.localhost"
        self.ids: dict[str, str] = {}
        self._people: dict[tuple, Somebody] = {}
        with app.app_context():
            self._found()
            with self.inside():
                self._fill()
                self.ids |= rooms.values(self)

    def inside(self):
        """The tenant as it is now, entered."""
        return as_tenant(find_tenant(self.slug))

    def _found(self):
        with transaction():
            tenant = tenancy.create_tenant(self.slug, {"zh-CN": self.slug, "en": self.slug})
        with as_tenant(tenant), transaction():
            for name, plugin in catalog().plugins.items():
                if not plugin.always_on:
                    tenancy.enable_plugin(name, actor=OPERATOR)

    def _fill(self):
        with transaction():
            roles.make_built_in_roles()
            department = teams.create_department("own", {"en": "Own"}, actor=OPERATOR)
            team = teams.create_team("own", {"en": "Own"}, department.id, actor=OPERATOR)
            beyond = teams.create_department("far", {"en": "Far"}, actor=OPERATOR)
            teams.create_team("far", {"en": "Far"}, beyond.id, actor=OPERATOR)
            every = dict.fromkeys(catalog().shelf("permission"), "all")
            roles.create_role("everything", "Everything", every, actor=OPERATOR)
            user = self._user("rightful", "everything", "admin")
            spare = self._user("spare", "agent")
            points = [PointIn("mail", "lin@example.org"), PointIn("phone", "+8613800006021")]
            contact = contacts.create_contact("Lin", points=points, verified=True, actor=OPERATOR)
            self.ids |= {
                "department_id": str(department.id),
                "team_id": str(team.id),
                "user_id": str(spare.id),
                "contact_id": str(contact.id),
            }
            ids = (user.id, contact.id, team.id)
        self._fill_desk(*ids)
        self._fill_people(*ids)

    def _user(self, name, *held):
        return service.create_user(
            f"{name}@example.org", name, password=PASSWORD, roles=held, actor=OPERATOR
        )

    def _fill_desk(self, user_id, contact_id, team_id):
        with transaction():
            actor = service.actor_for(service.get_user(user_id))
            upload = attachments.store_upload(jpeg(), "a.jpg", actor=actor).id
            spare = attachments.store_upload(jpeg(), "b.jpg", actor=actor).id
        with transaction():
            opened = self.open("problem", contact_id, team_id)
        with transaction():
            into = self.open("problem", None, team_id)
            self.ids["into"] = str(into)
        with transaction():
            message = tickets.post_message(opened, "Hello", actor=actor, attachment_ids=(upload,))
            self.ids |= {"message_id": str(message.id)}
        with transaction():
            self.ids["token"] = self.link_to(opened, contact_id)
            ticket = tickets.get_ticket(opened, actor=SYSTEM)
            offered = tickets.offered_transitions(ticket, actor=actor)
            self.ids |= {
                "ticket_id": str(opened),
                "number": ticket.number,
                "into_number": tickets.get_ticket(into, actor=SYSTEM).number,
                "attachment_id": str(upload),
                "upload_id": str(spare),
                "move": offered[0].name,
            }

    def open(self, kind, contact_id, team_id, **answers):
        """A ticket of the type `kind`, opened by the rightful one; its id."""
        new = tickets.NewTicket(
            type=kind, subject="Noise", description="At night",
            contact_id=contact_id, team_id=team_id, form=answers,
        )  # fmt: skip
        return tickets.open_ticket(new, actor=self.rightful_actor()).id

    def link_to(self, ticket_id, contact_id):
        """The token of the customer's link to a ticket."""
        link = links.live_link(ticket_id) or links.issue_link(ticket_id, contact_id)
        return links.link_token(link.id)

    def rightful_actor(self):
        """Staff who may do everything everywhere, for services."""
        return service.actor_for(service.find_user("rightful@example.org"))

    def _fill_people(self, user_id, contact_id, _team_id):
        with transaction():
            point = next(
                p for p in contacts.points_of([contact_id])[contact_id] if p.kind == "mail"
            )
            request = codes.request_code("lin@example.org", ip="203.0.113.9")
            actor = service.actor_for(service.get_user(user_id))
            token, _plain = tokens.create_token(user_id, "one", ["user:read"], actor=actor)
            session = signin.sign_in(
                "rightful@example.org", PASSWORD, ip="203.0.113.9", browser="x"
            )
            reset = resets.invite(service.get_user(user_id), actor=OPERATOR)
            self.ids |= {
                "reset": resets.reset_token(reset.id),
                "code_request": str(request),
                "point_id": str(point.id),
                "token_id": str(token.id),
                "session_id": str(session.session.id),
            }
        with transaction():
            code = codes.code_of(request)
            signed = codes.redeem_code(request, code, ip="203.0.113.9", browser="x")
            self.contact_secret = signed.secret

    # --- who asks -------------------------------------------------------------------------------

    def visitor(self):
        """A browser at the installation's own host, where no tenant is."""
        return self._kept(("visitor",), lambda: Somebody(self, host="localhost"))

    def nobody(self):
        """A new browser, not signed in yet."""
        return Somebody(self)

    def stranger(self):
        """A browser that never signs in."""
        return self._kept(("stranger",), lambda: Somebody(self))

    def customer(self):
        """The contact, signed in by a mailed code."""
        cookie = ("pd_me", self.contact_secret)
        return self._kept(("customer",), lambda: Somebody(self, cookie=cookie))

    def rightful(self, *, api):
        """Somebody who may do everything everywhere in this tenant."""
        return self._kept(("rightful", api), lambda: self._staff("rightful@example.org", api=api))

    def without(self, permission, *, api):
        """Staff with every permission but this one."""
        return self._kept(("without", permission, api), lambda: self._limited(permission, api=api))

    def far_away(self, *, api):
        """Staff with every permission, none reaching beyond another team than the ticket's."""
        return self._kept(("far", api), lambda: self._far(api=api))

    def _kept(self, key, make):
        if key not in self._people:
            with self.app.app_context(), self.inside():
                self._people[key] = make()
        return self._people[key]

    def _staff(self, email, *, api):
        with transaction():
            user = service.find_user(email)
            if not api:
                found = signin.sign_in(email, PASSWORD, ip="203.0.113.9", browser="x")
                return Somebody(self, cookie=("pd", found.secret))
            scopes = list(catalog().shelf("permission"))
            _row, plain = tokens.create_token(user.id, "all", scopes, actor=OPERATOR)
            return Somebody(self, bearer=plain)

    def _limited(self, permission, *, api):
        name = "no-" + re.sub(r"[^a-z]+", "-", permission)
        if service.find_user(f"{name}@example.org") is None:
            grants = {
                other: "all" for other in catalog().shelf("permission") if other != permission
            }
            with transaction():
                roles.create_role(name, name, grants, actor=OPERATOR)
                self._user(name, name)
        return self._staff(f"{name}@example.org", api=api)

    def _far(self, *, api):
        if service.find_user("far@example.org") is None:
            with transaction():
                grants = dict.fromkeys(catalog().shelf("permission"), "team")
                roles.create_role("far", "far", grants, actor=OPERATOR)
                user = self._user("far", "far")
                teams.add_member(teams.team_by_code("far").id, user.id, actor=OPERATOR)
        return self._staff("far@example.org", api=api)
