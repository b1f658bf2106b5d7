"""The URL map as the habits read it: each route with its contract, its owner and real values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from marshmallow import fields, validate

from core.web import PUBLIC, SIGNED_IN

# Views of the framework itself: files, and the description of the API.
FRAMEWORK = {"static", "api-docs.openapi_json"}
SAFE = {"GET", "HEAD", "OPTIONS"}
IDS = {
    "ticket_id", "message_id", "attachment_id", "contact_id", "point_id", "user_id", "team_id",
    "department_id", "token_id", "session_id", "token",
}  # fmt: skip
OF_A_TICKET = {"ticket_id", "message_id", "attachment_id"}
# What a route's `name` is called in every tenant, by blueprint and view.
NAMES = {
    "console_plugins": "dummy",
    "console_roles": "agent",
    "console_policies": "standard",
    "console_calendars": "office",
    "portal.card": "dummy.card",
    "portal_submit": "complaints.complaint",
    "portal_track.printed": "complaints.register",
    "portal_track.move": "acknowledge",
    "desk.panel": "dummy.nods",
    "desk.contact_panel": "dummy.person",
    "reports.sheet": "screen",
    "reports": "complaints.register",
    "reports_api": "complaints.register",
}
# Views that are asked about a ticket in the query.
ABOUT_A_TICKET = {"reports.view", "reports.document", "reports_api.api_document"}


@dataclass(frozen=True)
class Route:
    """One rule with one method."""

    rule: str
    method: str
    endpoint: str
    parameters: frozenset[str]
    contract: Any
    owner: str

    @property
    def api(self) -> bool:
        return self.rule.startswith("/api/")

    @property
    def permission(self) -> str:
        return self.contract.permission

    @property
    def guarded(self) -> bool:
        """Whether it takes a permission of its own."""
        return self.permission not in {PUBLIC, SIGNED_IN}

    def path(self, world, **foreign):
        """The address with this world's real values, but for those given."""
        found = self.rule
        for name in self.parameters:
            for spelling in (f"<{name}>", f"<uuid:{name}>", f"<path:{name}>"):
                found = found.replace(spelling, str(foreign.get(name) or self.value(world, name)))
        if self.endpoint in ABOUT_A_TICKET:
            found += f"?ticket_id={foreign.get('ticket_id') or world.ids['ticket_id']}"
        return found

    @property
    def ids(self):
        """The parameters that name one thing of one tenant."""
        asked = {"ticket_id"} if self.endpoint in ABOUT_A_TICKET else set()
        # A dead reset link is told in words, whoever made it.
        return (self.parameters & IDS - ({"token"} if "reset" in self.rule else set())) | asked

    def value(self, world, name):
        """A real value of a parameter; KeyError when this world has none."""
        if name == "token":
            return world.reset if "reset" in self.rule else world.link
        if name == "attachment_id" and self.rule.startswith("/api/") and self.method != "GET":
            return world.ids["upload_id"]
        if name == "locale":
            return "en"
        if name == "name":
            if self.endpoint == "desk.move":
                return world.ids["move"]
            return NAMES.get(self.endpoint) or NAMES[self.endpoint.split(".")[0]]
        return world.ids[name]

    def body(self, world):
        """A body that fits the schema, made from it; ids in it are this world's."""
        if not self.contract.body:
            return None
        made = sample(self.contract.body())
        return {name: world.ids.get(name, value) for name, value in made.items()}

    def __str__(self):
        return f"{self.method} {self.rule}"


def routes(app):
    """Every route of the application but the framework's own."""
    owners = app.extensions["polydesk_owners"]
    return [
        Route(
            rule.rule, method, rule.endpoint, frozenset(rule.arguments),
            getattr(app.view_functions[rule.endpoint], "contract", None),
            owners.get(rule.endpoint.rpartition(".")[0], ""),
        )
        for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule)
        if rule.endpoint not in FRAMEWORK and not rule.endpoint.startswith("ui.")
        for method in sorted(rule.methods - {"HEAD", "OPTIONS"})
    ]  # fmt: skip


def sample(schema):
    """Values for the required fields of a schema."""
    return {
        field.data_key or name: _value(field)
        for name, field in schema.fields.items()
        if field.required and not field.dump_only
    }


PLAIN = (
    (fields.UUID, "01a20012-dcd5-7003-ac33-2aef66a105c9"),
    (fields.Dict, {}),
    (fields.Boolean, True),
    (fields.Number, 1),
)


def _value(field):
    offered = [check.choices for check in field.validators if isinstance(check, validate.OneOf)]
    if offered:
        return next(iter(offered[0]))
    if isinstance(field, fields.Nested):
        return sample(field.schema)
    if isinstance(field, fields.List):
        return [_value(field.inner)]
    return next((value for kind, value in PLAIN if isinstance(field, kind)), "x")
