"""Core's and the tenants' own door: the values of their routes' parameters, and what a generated body cannot know."""

from __future__ import annotations

from uuid import UUID

from core import settings
from core.auth import service as accounts
from core.auth import teams
from core.contacts import codes
from core.db import transaction
from core.tickets import service as tickets
from tests.habits.drawn import PASSWORD, photo

PHONE, MAIL, STAFF = "+8613800006021", "lin@example.org", "rightful@example.org"
VALUES = {
    "console_plugins:name": "dummy",
    "console_roles:name": "agent",
    "console_policies:name": "standard",
    "console_calendars:name": "office",
    "portal.card:name": "dummy.card",
    "portal_submit:name": "question",
    "desk.panel:name": "dummy.nods",
    "desk.contact_panel:name": "dummy.person",
    "portal_track.box:name": "dummy.matter",
    "reports.sheet:name": "report",
    "reports:name": "dummy.slip",
    "reports_api:name": "dummy.slip",
    "portal_track.printed:name": "dummy.slip",
    "portal_track.move:name": "withdraw",
    "desk.move:name": "start",
    "locale": "en",
}
PUBLIC = {
    "signin.form", "signin.sign_in", "signin.sign_out", "signin.forgot", "signin.forgot_form",
    "signin.reset", "signin.reset_form", "signin.language", "reports.sheet",
}  # fmt: skip
# Views that ask in the query: parameter -> the name of its value.
QUERIES = {
    "reports.view": {"ticket_id": "ticket_id"},
    "reports.document": {"ticket_id": "ticket_id"},
    "reports_api.api_document": {"ticket_id": "ticket_id"},
    "portal_my.ask_code": {"r": "code_request"},
}
# What comes as a form under /api, as uploads do.
NOT_JSON = {"attachments.upload"}
# Where a page leads by its nature: these are not the sign-in that a stranger is shown.
LEADS = {
    "console.home": "/console/",
    "portal.language": "/",
    "portal_my.send_code": "/my/code",
    "signin.reset": "/sign-in",
    "signin.sign_out": "/sign-in",
}
# Their 404 would be no different for a link of this tenant that is dead: it is told in words.
TOLD = {"signin.reset", "signin.reset_form"}
ACTORS = {
    "apex.home": "visitor",
    "portal_my.mine": "customer",
    "portal_my.sign_out": "customer",
    "signin.sign_out": "staff",
}
PAGES = {
    "console_members.update": "/console/members?m={user_id}",
    "console_plugins.save": "/console/plugins?p={name}&tab=settings",
    "console_teams.update": "/console/teams?t={team_id}",
    "desk.decline": "?do=decline",
    "desk.hand_over": "?do=hand-over",
    "desk.merge": "?do=merge",
    "desk.move": "?move={name}",
    "desk.open_ticket": "/desk/tickets/new?type=problem&contact={contact_id}",
    "desk.report_work": "?do=report-work",
    "desk.take_back": "?do=take-back",
    "portal_track.move": "?do={name}",
    "signin.sign_out": "/account",
}
# Forms that are sent as they are drawn: hours of closed days stay empty.
DRAWN = {"console_calendars.update", "console_calendars.create"}


def values(world):
    """What stands above, and the matter that a customer prints."""
    with transaction():
        contact = UUID(world.ids["contact_id"])
        slip = world.open("dummy.nod", contact, UUID(world.ids["team_id"]), why="It rains")
        link = world.link_to(slip, contact)
    printed = {"ticket_id": str(slip), "token": link}
    reset = {f"signin.{view}:token": world.ids["reset"] for view in ("reset", "reset_form")}
    return VALUES | reset | {f"portal_track.printed:{key}": value for key, value in printed.items()}


# --- what must have happened before ----------------------------------------------------------------


def _ticket(world):
    return tickets.get_ticket(UUID(world.ids["ticket_id"]), actor=world.rightful_actor())


def assign(world):
    """The ticket is somebody's who has not accepted it."""
    actor, ticket = world.rightful_actor(), _ticket(world)
    with transaction():
        tickets.assign(ticket.id, actor.id, actor=actor, version=ticket.version)


def slip(world):
    """Answers to the slip FM-26."""
    department = world.ids["department_id"]
    return {"department": department, "reason": "expertise", "summary": "Leaking"}


def hand_over(world):
    """The work is with a department."""
    actor, ticket = world.rightful_actor(), _ticket(world)
    with transaction():
        tickets.hand_over(ticket.id, slip(world), actor=actor, version=ticket.version)


def taken_over(world):
    """The department has confirmed the slip."""
    hand_over(world)
    with transaction():
        actor, ticket = world.rightful_actor(), _ticket(world)
        tickets.accept_handover(ticket.id, actor=actor, version=ticket.version)


def say(world):
    """A reply that has not left yet."""
    with transaction():
        message = tickets.post_message(_ticket(world).id, "Hello", actor=world.rightful_actor())
        world.ids["message_id"] = str(message.id)


def suspend(world):
    """The colleague may not come in."""
    with transaction():
        accounts.suspend_user(UUID(world.ids["user_id"]), actor=world.rightful_actor())


def found_department(world):
    """A department without teams."""
    with transaction():
        actor = world.rightful_actor()
        made = teams.create_department("empty", {"en": "Empty"}, actor=actor)
        world.ids["console_teams.archive_department:department_id"] = str(made.id)


def paint(world):
    """The tenant has a colour."""
    with transaction():
        actor = world.rightful_actor()
        settings.save("tenants", {**settings.get("tenants"), "colour": "#0b5394"}, actor=actor)


BEFORE = {
    "portal.brand": paint,
    "console_members.reinstate": suspend,
    "console_teams.archive_department": found_department,
    "desk.decline": assign,
    "desk.accept_handover": hand_over,
    "desk.take_back": taken_over,
    "desk.report_work": taken_over,
    "desk.recall": say,
    "api_tickets.decline": assign,
    "api_tickets.accept_handover": hand_over,
    "api_tickets.take_back": taken_over,
    "api_tickets.recall_message": say,
}


# --- what the generated body cannot know -----------------------------------------------------------


def code(world):
    """A mailed code, read from its letter."""
    with transaction():
        request = codes.request_code(MAIL, ip="203.0.113.9")
    with transaction():
        return {"r": str(request), "code": codes.code_of(request)}


def named(world):
    """The erased one's name, typed by hand."""
    return {"confirm": "Lin"}


def number_and_tail(world):
    """What the look-up asks."""
    return {"number": world.ids["number"], "tail": PHONE[-4:]}


BODIES = {
    "attachments.upload": lambda _world: {"file": photo()},
    "api_contacts.erase_person": named,
    "api_contacts.add_point": lambda _world: {"kind": "phone", "value": "+8613800006099"},
    "api_tickets.open_ticket": lambda _world: {"type": "problem"},
    "api_tickets.hand_over": lambda world: {"form": slip(world)},
    "api_tickets.move_ticket": lambda _world: {"name": "start", "form": {}},
    "console_branding.save": lambda _world: {"colour": "#0b5394"},
    "console_calendars.create": lambda _world: {"title": "Nights"},
    "console_roles.create": lambda _world: {"name": "night-watch"},
    "console_teams.create_team": lambda _world: {"team-code": "night"},
    "console_teams.create_department": lambda _world: {"department-code": "night"},
    "desk.add_point": lambda _world: {"kind": "phone", "value": "13800006099"},
    "desk.erase_person": named,
    "desk.merge": lambda world: {"words": world.ids["into_number"]},
    "portal_lookup.look": number_and_tail,
    "portal_lookup.send": number_and_tail,
    "portal_my.sign_in": code,
    "signin.sign_in": lambda _world: {"email": STAFF, "password": PASSWORD},
}  # fmt: skip
