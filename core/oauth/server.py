"""Authlib's authorization server, as strict as RFC 9700 wants it, over our own rows with hashed secrets."""

from __future__ import annotations

import json
import logging
import re
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from authlib.oauth2.rfc6749 import (
    AuthorizationServer,
    ClientMixin,
    InvalidRequestError,
    InvalidScopeError,
    OAuth2Payload,
    OAuth2Request,
    TokenMixin,
)
from authlib.oauth2.rfc6749.grants import (
    AuthorizationCodeGrant,
    ClientCredentialsGrant,
    RefreshTokenGrant,
)
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oauth2.rfc7662 import IntrospectionEndpoint
from flask import Response, request

from core.auth.models import ACTIVE, User
from core.db import db
from core.errors import NotSignedIn
from core.oauth import bearer, families, redirects, secrets, service
from core.oauth.models import CLIENT, CODE, REFRESH
from core.tenancy import current_tenant

if TYPE_CHECKING:
    from collections.abc import Callable

    from werkzeug.datastructures import MultiDict

    from core.oauth.families import Issued
    from core.oauth.models import OAuthClient, OAuthFamily, OAuthToken

# Authlib writes whole tokens at level DEBUG; no log of ours may hold one, whatever its level.
logging.getLogger("authlib").setLevel(logging.INFO)

BASIC, POST, NONE = "client_secret_basic", "client_secret_post", "none"
METHODS = [BASIC, POST, NONE]
SECONDS = int(families.ACCESS_LIVES.total_seconds())
_UNSPEAKABLE = re.compile(r'[^\x20-\x7e]|["\\]')


class _Payload(OAuth2Payload):  # type: ignore[misc]
    """The parameters of a request: of its body when it is posted, else of its query; never both."""

    @property
    def data(self) -> MultiDict[str, str]:
        """Each parameter once."""
        return request.form if request.method == "POST" else request.args

    @property
    def datalist(self) -> defaultdict[str, list[str]]:
        """Each parameter as often as it was sent."""
        return defaultdict(list, {name: self.data.getlist(name) for name in self.data})

    @property
    def response_type(self) -> str:
        """As Authlib may repeat it in an error's words, which are ASCII without quotes."""
        return _UNSPEAKABLE.sub("?", super().response_type or "")

    @property
    def grant_type(self) -> str:
        """The same."""
        return _UNSPEAKABLE.sub("?", super().grant_type or "")


class _Request(OAuth2Request):  # type: ignore[misc]
    """Flask's request as Authlib reads it."""

    def __init__(self) -> None:
        # Authlib insists on https in the address. Whether the way here is encrypted is decided by
        # POLYDESK_URL and the proxy in front, and a house on one's own machine has no certificate.
        address = f"https://{request.host}{request.path}"
        super().__init__(request.method, address, headers=request.headers)
        self.payload = _Payload()

    @property
    def args(self) -> Any:
        """The query."""
        return request.args

    @property
    def form(self) -> Any:
        """The body."""
        return request.form


class App(ClientMixin):  # type: ignore[misc]
    """An app's row as Authlib asks about it."""

    def __init__(self, row: OAuthClient) -> None:
        self.row = row

    def get_client_id(self) -> str:
        """The protocol's identifier."""
        return service.public_id(self.row)

    def get_default_redirect_uri(self) -> None:
        """None: every request says where to."""

    def get_allowed_scope(self, scope: str | None) -> str | None:
        """What was asked for, all the tenant grants when nothing was; None when a part of it is not granted."""
        known = service.scopes_offered()
        granted = [name for name in self.row.scopes if name in known]
        wanted = list(dict.fromkeys((scope or "").split())) or granted
        return " ".join(wanted) if wanted and set(wanted) <= set(granted) else None

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        """Equal to the letter to one that was registered."""
        return redirects.matches(redirect_uri, self.row.redirect_uris)

    def check_client_secret(self, client_secret: str) -> bool:
        """Whether that is its secret."""
        return secrets.fits(client_secret, secrets.CLIENT, self.row.secret_hash)

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:  # noqa: ARG002
        """An app with a secret proves itself by it everywhere."""
        return method in {BASIC, POST} if self.row.confidential else method == NONE

    def check_response_type(self, response_type: str) -> bool:
        """Codes alone."""
        return response_type == "code" and CODE in self.row.grant_types

    def check_grant_type(self, grant_type: str) -> bool:
        """Those it was registered for."""
        return grant_type in self.row.grant_types


class _Code:
    """A family whose code is being redeemed."""

    code_challenge_method = "S256"

    def __init__(self, family: OAuthFamily) -> None:
        self.family = family
        self.code_challenge = family.challenge

    def get_redirect_uri(self) -> str:
        return self.family.redirect_uri

    def get_scope(self) -> str:
        return " ".join(self.family.scopes)


class _Token(TokenMixin):  # type: ignore[misc]
    """A token's row with its family, and how it was shown."""

    def __init__(self, plain: str, row: OAuthToken, family: OAuthFamily) -> None:
        self.plain, self.row, self.family = plain, row, family

    def check_client(self, client: App) -> bool:
        return bool(self.family.client_id == client.row.id)

    def get_scope(self) -> str:
        return " ".join(self.family.scopes)


class _Issuing:
    """What the three ways to a token share: only what the tenant still grants, and its answer."""

    request: Any
    issue: Callable[[OAuthClient, list[str]], Issued]

    def generate_token(
        self,
        user: Any = None,  # noqa: ARG002
        scope: str | None = None,
        **_: Any,
    ) -> dict[str, Any]:
        app: App = self.request.client
        granted = (app.get_allowed_scope(None) or "").split()
        scopes = [name for name in (scope or "").split() if name in granted]
        if not scopes:
            raise InvalidScopeError
        issued = self.issue(app.row, scopes)
        token = {"token_type": "Bearer", "access_token": issued.access, "expires_in": SECONDS}
        refresh = {"refresh_token": issued.refresh} if issued.refresh else {}
        return {**token, **refresh, "scope": " ".join(scopes)}

    def save_token(self, token: dict[str, Any]) -> None:
        """Done: a row is made together with its secret."""


class _CodeGrant(_Issuing, AuthorizationCodeGrant):  # type: ignore[misc]
    TOKEN_ENDPOINT_AUTH_METHODS = METHODS

    @staticmethod
    def validate_authorization_redirect_uri(request: OAuth2Request, client: App) -> str:
        wanted: str = request.payload.redirect_uri or ""
        if not client.check_redirect_uri(wanted):
            raise InvalidRequestError("The redirect_uri is not one that the app registered.")
        return wanted

    def generate_authorization_code(self) -> str:
        asked: OAuth2Request = self.request
        return families.issue_code(
            asked.client.row,
            asked.user.id,
            list(asked.user.scopes),
            redirect_uri=asked.payload.redirect_uri,
            challenge=asked.payload.data["code_challenge"],
        )

    def save_authorization_code(self, code: str, request: OAuth2Request) -> None:
        """Done, with its secret."""

    def query_authorization_code(self, code: str, client: App) -> _Code | None:
        family = families.redeemable(code, client.row)
        return _Code(family) if family else None

    def delete_authorization_code(self, authorization_code: _Code) -> None:
        families.use_code(authorization_code.family)

    def authenticate_user(self, authorization_code: _Code) -> User | None:
        return _living_user(authorization_code.family)

    def issue(self, client: OAuthClient, scopes: list[str]) -> Issued:
        return families.issue_first(
            client,
            self.request.authorization_code.family,
            scopes,
            grant_type=CODE,
            refreshing=REFRESH in client.grant_types,
        )


class _RefreshGrant(_Issuing, RefreshTokenGrant):  # type: ignore[misc]
    TOKEN_ENDPOINT_AUTH_METHODS = METHODS

    def authenticate_refresh_token(self, refresh_token: str) -> _Token | None:
        found = families.refreshable(refresh_token, self.request.client.row)
        return _Token(refresh_token, *found) if found else None

    def authenticate_user(self, refresh_token: _Token) -> User | None:
        return _living_user(refresh_token.family)

    def revoke_old_credential(self, refresh_token: _Token) -> None:
        """Done by `issue_next`, together with the new one."""

    def issue(self, client: OAuthClient, scopes: list[str]) -> Issued:  # noqa: ARG002
        held: _Token = self.request.refresh_token
        return families.issue_next(held.row, held.family, scopes)


class _ClientGrant(_Issuing, ClientCredentialsGrant):  # type: ignore[misc]
    TOKEN_ENDPOINT_AUTH_METHODS = [BASIC, POST]  # noqa: RUF012  Authlib's own name

    def generate_token(
        self, user: Any = None, scope: str | None = None, **_: Any
    ) -> dict[str, Any]:
        return super().generate_token(user, self.request.client.get_allowed_scope(scope))

    def issue(self, client: OAuthClient, scopes: list[str]) -> Issued:
        return families.issue_first(client, None, scopes, grant_type=CLIENT, refreshing=False)


class _S256(CodeChallenge):  # type: ignore[misc]
    """PKCE by S256 for every app; missing or plain is refused (RFC 9700 §2.1.1)."""

    DEFAULT_CODE_CHALLENGE_METHOD = "S256"
    SUPPORTED_CODE_CHALLENGE_METHOD = ["S256"]  # noqa: RUF012  Authlib's own name

    def validate_code_challenge(self, grant: Any, redirect_uri: str) -> None:
        asked = grant.request.payload.data
        if not asked.get("code_challenge"):
            raise InvalidRequestError("Missing 'code_challenge': PKCE with S256 is required.")
        if asked.get("code_challenge_method") != "S256":
            raise InvalidRequestError("The 'code_challenge_method' is S256.")
        if asked.get("response_mode", "query") != "query":
            raise InvalidRequestError("The 'response_mode' is query.")
        super().validate_code_challenge(grant, redirect_uri)


class _Known:
    """How both endpoints below find a token: by its own look, whatever the hint says."""

    def query_token(self, token_string: str, token_type_hint: str | None) -> _Token | None:  # noqa: ARG002
        found = families.token_of(token_string)
        return _Token(token_string, *found) if found else None


class _Revocation(_Known, RevocationEndpoint):  # type: ignore[misc]
    CLIENT_AUTH_METHODS = METHODS

    def revoke_token(self, token: _Token, request: OAuth2Request) -> None:
        app = service.app_actor(request.client.row)
        if secrets.is_access_token(token.plain):
            families.give_back(token.row)
        else:
            families.kill(token.family, "asked", actor=app)


class _Introspection(_Known, IntrospectionEndpoint):  # type: ignore[misc]
    CLIENT_AUTH_METHODS = [BASIC, POST]  # noqa: RUF012  Authlib's own name

    def check_permission(self, token: _Token, client: App, request: OAuth2Request) -> bool:  # noqa: ARG002
        return token.check_client(client)

    def create_introspection_payload(self, token: _Token | None) -> dict[str, Any]:
        """What the token is worth at this moment, which may be less than what it was issued for."""
        if token is None or not secrets.is_access_token(token.plain):
            return {"active": False}
        try:
            actor = bearer.actor_of(token.plain)
        except NotSignedIn:
            return {"active": False}
        return {
            "active": True,
            "token_type": "Bearer",
            "scope": " ".join(actor.grants),
            "client_id": secrets.public_id(token.family.client_id),
            "sub": str(token.family.user_id or token.family.client_id),
            "iat": int(token.row.issued_at.timestamp()),
            "exp": int(token.row.access_expires_at.timestamp()),
        }


class _Server(AuthorizationServer):  # type: ignore[misc]
    def query_client(self, client_id: str) -> App | None:
        row = service.find_client(client_id)
        return App(row) if row else None

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        """Nobody listens: facts are events."""

    def create_oauth2_request(self, request: Any) -> OAuth2Request:  # noqa: ARG002
        return _Request()

    def handle_response(self, status: int, payload: Any, headers: Any) -> Response:
        body = json.dumps(payload) if isinstance(payload, dict) else payload
        return Response(body, status=status, headers=headers)


def _living_user(family: OAuthFamily) -> User | None:
    user = db.session.get(User, (current_tenant().id, family.user_id))
    return user if user is not None and user.state == ACTIVE else None


def _build() -> _Server:
    made = _Server()
    made.register_grant(_CodeGrant, [_S256(required=True)])
    made.register_grant(_RefreshGrant)
    made.register_grant(_ClientGrant)
    made.register_endpoint(_Revocation)
    made.register_endpoint(_Introspection)
    return made


server = _build()
