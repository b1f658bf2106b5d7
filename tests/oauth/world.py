"""What exists of apps in a world of the habits: one that acts by itself and for people, and a person who allows it."""

from __future__ import annotations

import base64
from urllib.parse import urlencode
from uuid import UUID

from core.actors import OPERATOR
from core.auth import service as people
from core.db import transaction
from core.oauth import grants, service
from core.oauth.models import GRANT_TYPES

BACK = "https://app.example.com/back"
ASKED = {
    "response_type": "code",
    "redirect_uri": BACK,
    "scope": "ticket:read",
    "code_challenge": "c" * 43,
    "code_challenge_method": "S256",
}

# RFC 6749, 7009, 7662 and 8414: whoever calls proves himself by what he sends, or only reads the way.
PUBLIC = {"oauth.token", "oauth.revoke", "oauth.introspect", "consent.metadata"}
NOT_JSON = {"oauth.token", "oauth.revoke", "oauth.introspect"}
BODIES = {
    "oauth.token": lambda _world: b"grant_type=client_credentials",
    "oauth.revoke": lambda _world: b"token=unknown",
    "oauth.introspect": lambda _world: b"token=unknown",
    "consent.answer": lambda _world: {"answer": "allow", "right": "ticket:read"},
}
QUERIES = {
    "consent.ask": {name: f"consent:{name}" for name in (*ASKED, "client_id")},
}
PAGES = {
    "consent.answer": "/oauth/authorize?client_id={oauth_app}&" + urlencode(ASKED),
    "signin.revoke_app": "/account",
}


def _as_the_app(world, _body):
    return {
        "Content-Type": "application/x-www-form-urlencoded",
        "Authorization": f"Basic {world.ids['oauth:basic']}",
    }


HEADERS = dict.fromkeys(NOT_JSON, _as_the_app)


def values(world):
    """The app, its secret, and what its person allowed."""
    with transaction():
        client, secret = service.register_client(
            "App", redirect_uris=[BACK], scopes=["ticket:read"], grant_types=GRANT_TYPES,
            actor=OPERATOR,
        )  # fmt: skip
        public = service.public_id(client)
        user = people.find_user("rightful@example.org")
        actor = people.actor_for(user)
    with transaction():
        grant = grants.remember(client, ["ticket:read"], ["ticket:read"], actor=actor)
        grant_id = grant.id
    assert isinstance(grant_id, UUID)
    basic = base64.b64encode(f"{public}:{secret}".encode()).decode()
    asked = {f"consent:{name}": value for name, value in (ASKED | {"client_id": public}).items()}
    return {**asked, "oauth_app": public, "oauth:basic": basic, "grant_id": str(grant_id)}
