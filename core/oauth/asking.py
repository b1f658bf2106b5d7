"""The question that a person is asked: may this app do that for you? Answered with a redirect."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from authlib.common.urls import add_params_to_uri
from authlib.oauth2.rfc6749 import OAuth2Error

from core.errors import NotSignedIn
from core.oauth import grants, redirects
from core.oauth.models import CODE, REFRESH
from core.oauth.server import METHODS, server
from core.oauth.service import scopes_offered

if TYPE_CHECKING:
    from collections.abc import Collection
    from uuid import UUID

    from core.actors import Actor
    from core.oauth.models import OAuthClient

SENT_ALONG = (
    "response_type", "client_id", "redirect_uri", "scope", "state", "code_challenge",
    "code_challenge_method",
)  # fmt: skip


@dataclass(frozen=True)
class Question:
    """A valid request of an app for a code; `parameters` are sent along with the answer, which checks them anew."""

    client: OAuthClient
    redirect_uri: str
    scopes: tuple[str, ...]
    parameters: dict[str, str]
    grant: Any = field(repr=False)

    @property
    def host(self) -> str:
        """Where the answer goes, as a person reads it."""
        return redirects.shown_host(self.redirect_uri)

    @property
    def form_source(self) -> str:
        """Where the form's answer must be let through to, for the content security policy."""
        return redirects.form_source(self.redirect_uri)


@dataclass(frozen=True)
class Turned:
    """A request that is no question: the app is told at `location`; "" means it cannot be trusted with an answer."""

    location: str
    error: str


@dataclass(frozen=True)
class _Consent:
    """What Authlib calls the user who grants: his id and what he picked."""

    id: UUID
    scopes: tuple[str, ...]


def read(*, actor: Actor, issuer: str) -> Question | Turned:
    """The question of the present request, to be put to the acting user; changes nothing."""
    _must_be_a_person(actor)
    try:
        grant = server.get_consent_grant(end_user=None)
    except OAuth2Error as error:
        return _turned(error, issuer)
    asked = grant.request
    return Question(
        client=asked.client.row,
        redirect_uri=asked.payload.redirect_uri,
        scopes=tuple(asked.scope.split()),
        parameters={name: asked.payload.data.get(name, "") for name in SENT_ALONG},
        grant=grant,
    )


def _must_be_a_person(actor: Actor) -> None:
    # A token may not agree to another token: only who sits at a browser can.
    if actor.kind != "user" or actor.session_id is None:
        raise NotSignedIn("only a person at a browser answers an app's question")


def _turned(error: OAuth2Error, issuer: str) -> Turned:
    if not error.redirect_uri:
        return Turned("", error.error)
    return Turned(_signed(dict(error()[2])["Location"], issuer), error.error)


def _signed(location: str, issuer: str) -> str:
    """With `iss`, so that an app that knows several servers can tell them apart (RFC 9207)."""
    address: str = add_params_to_uri(location, [("iss", issuer)])
    return address


def already_allowed(question: Question, user_id: UUID) -> frozenset[str]:
    """What of the question the user allowed before."""
    grant = grants.grant_between(user_id, question.client.id)
    kept = set(grant.scopes) if grant and not grant.revoked_at else set()
    return frozenset(kept & set(question.scopes))


def allow(question: Question, picked: Collection[str], *, actor: Actor, issuer: str) -> str:
    """Let the app do what was picked of its question and the user may himself; gives the address to go to.

    Picking nothing is a no.
    """
    _must_be_a_person(actor)
    scopes = tuple(name for name in question.scopes if name in picked and actor.can(name))
    if not scopes or actor.id is None:
        return deny(question, issuer=issuer)
    grants.remember(question.client, question.scopes, scopes, actor=actor)
    return _answer(question, _Consent(actor.id, scopes), issuer)


def deny(question: Question, *, issuer: str) -> str:
    """Tell the app no; gives the address to go to."""
    return _answer(question, None, issuer)


def _answer(question: Question, consent: _Consent | None, issuer: str) -> str:
    asked = question.grant.request
    response = server.create_authorization_response(asked, grant_user=consent, grant=question.grant)
    return _signed(response.headers["Location"], issuer)


def metadata(issuer: str, authorize: str, protocol: str) -> dict[str, Any]:
    """What an app reads to find its way (RFC 8414); token, revoke and introspect lie under `protocol`."""
    return {
        "issuer": issuer,
        "authorization_endpoint": authorize,
        "token_endpoint": f"{protocol}/token",
        "revocation_endpoint": f"{protocol}/revoke",
        "introspection_endpoint": f"{protocol}/introspect",
        "scopes_supported": sorted(scopes_offered()),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": [CODE, REFRESH, "client_credentials"],
        "token_endpoint_auth_methods_supported": METHODS,
        "revocation_endpoint_auth_methods_supported": METHODS,
        "introspection_endpoint_auth_methods_supported": METHODS[:2],
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": True,
        "ui_locales_supported": ["zh-CN", "en"],
    }
