"""The URL map as the habits read it: each route with its contract, its owner and real values."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from marshmallow import fields, validate

from core.web import CUSTOMER, PUBLIC, SIGNED_IN
from tests.habits import rooms

# Views of the framework itself: files, and the description of the API.
FRAMEWORK = {"static", "api-docs.openapi_json"}
SAFE = {"GET", "HEAD", "OPTIONS"}
OF_A_TICKET = {"ticket_id", "message_id", "attachment_id"}
# Views that answer at another address than their rule's: the installation's own host, at its root.
ELSEWHERE = {"apex.home": "/"}
# Drawn in a process of their own, a second each: no pages.
PAPERS = {"reports.document", "portal_track.printed"}


@dataclass(frozen=True)
class Route:
    """One rule with one method."""

    rule: str
    method: str
    endpoint: str
    parameters: frozenset[str]
    contract: Any
    owner: str
    app: Any = field(repr=False)

    @property
    def api(self) -> bool:
        return self.rule.startswith("/api/")

    @property
    def permission(self) -> str:
        return self.contract.permission

    @property
    def guarded(self) -> bool:
        """Whether it takes a permission of its own."""
        return self.permission not in {PUBLIC, SIGNED_IN, CUSTOMER}

    def path(self, world, **foreign):
        """The address with this world's real values, but for those given."""
        found = ELSEWHERE.get(self.endpoint, self.rule)
        for name in self.parameters:
            value = str(foreign.get(name) or self.value(world, name))
            found = re.sub(rf"<(?:[a-z]+(?:\([^)]*\))?:)?{name}>", lambda _, v=value: v, found)
        asked = rooms.said("QUERIES", self.endpoint, {}).items()
        query = {key: foreign.get(name) or self.value(world, name) for key, name in asked}
        return f"{found}?{urlencode(query)}" if query else found

    def ids(self, mine, theirs):
        """The parameters that name one thing of one tenant: two worlds never have the same."""
        asked = {
            name for key, name in rooms.said("QUERIES", self.endpoint, {}).items() if key == name
        }
        return {
            name
            for name in self.parameters | asked
            if self.value(mine, name) != self.value(theirs, name)
        }

    def value(self, world, name):
        """A real value of a parameter; KeyError when this world has none."""
        room = self.endpoint.rpartition(".")[0]
        for key in (f"{self.endpoint}:{name}", f"{room}:{name}"):
            if key in world.ids:
                return world.ids[key]
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
            owners.get(rule.endpoint.rpartition(".")[0], ""), app,
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
