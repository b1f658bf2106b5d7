"""A stranger gets in: Authlib's own client, which is none of our code, against a real server process."""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from tests.running.conftest import Installation, installation

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from authlib.integrations.base_client import OAuthError
    from authlib.integrations.requests_client import OAuth2Session

__all__ = ["installation"]

pytestmark = pytest.mark.story

BACK = "https://stranger.example/back"
VERIFIER = "a-verifier-of-the-strangers-own-making-0123456789"
PASSWORD = "a long enough one"
SCOPES = "ticket:read ticket:write"


@dataclass
class Stranger:
    """Somebody who knows addresses, a client id and a secret, and has read the RFCs."""

    installation: Installation
    apps: dict[str, tuple[str, str]] = field(default_factory=dict)
    secrets: list[str] = field(default_factory=list)

    @property
    def apex(self) -> str:
        return f"http://localhost:{self.installation.port}"

    def host(self, slug: str) -> dict[str, str]:
        """At a company's own host, which not every resolver knows."""
        return {"Host": f"{slug}.localhost:{self.installation.port}"}

    def register(self, slug: str, *more: str) -> None:
        printed = self.installation.quickly(
            *("clients", "create", "--tenant", slug, "--name", "Stranger", "--scopes", SCOPES),
            *more,
        )
        words = [word for word in printed.split() if word.startswith(f"pd_{slug}_")]
        self.apps[slug] = (words[0], words[1] if len(words) > 1 else "")
        self.secrets += words[1:]

    def session(self, slug: str, **more) -> OAuth2Session:
        client_id, secret = self.apps[slug]
        return OAuth2Session(
            client_id, secret or None, code_challenge_method="S256", redirect_uri=BACK,
            token_endpoint=f"{self.apex}/api/v1/oauth/token",
            revocation_endpoint_auth_method="client_secret_basic", **more,
        )  # fmt: skip

    def keep(self, token: dict) -> dict:
        self.secrets += [token[n] for n in ("access_token", "refresh_token") if n in token]
        return dict(token)

    def get(self, slug: str, token: str) -> int:
        """The status of a reading at a company's host."""
        answer = requests.get(
            f"http://127.0.0.1:{self.installation.port}/api/v1/tickets",
            headers={**self.host(slug), "Authorization": f"Bearer {token}"}, timeout=20,
        )  # fmt: skip
        return answer.status_code


class Person:
    """A member of staff at a browser, as far as HTTP goes."""

    def __init__(self, stranger: Stranger, slug: str) -> None:
        self.base = f"http://127.0.0.1:{stranger.installation.port}"
        self.browser = requests.Session()
        self.browser.headers.update(stranger.host(slug))
        page = self.go("/sign-in")
        fields = {"email": "lin@example.com", "password": PASSWORD, "csrf_token": csrf(page.text)}
        assert self.send("/sign-in", fields).status_code == 303

    def go(self, address: str) -> requests.Response:
        parts = urlsplit(address)
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        return self.browser.get(self.base + path, allow_redirects=False, timeout=20)

    def send(self, path: str, fields) -> requests.Response:
        return self.browser.post(self.base + path, data=fields, allow_redirects=False, timeout=20)

    def allow(self, address: str) -> str:
        """Read the question, press the button; gives where the browser is sent."""
        page = self.go(address)
        assert page.status_code == 200, page.text
        form = page.text.split('action="/oauth/authorize"')[1].split("</form>")[0]
        fields = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form)
        rights = re.findall(r'name="right" value="([^"]+)"', form)
        sent = [*fields, *(("right", right) for right in rights), ("answer", "allow")]
        answer = self.send("/oauth/authorize", [(n, v.replace("&amp;", "&")) for n, v in sent])
        assert answer.status_code == 303, answer.text
        return answer.headers["Location"]


def csrf(page: str) -> str:
    return re.search(r'name="csrf_token" value="([^"]+)"', page)[1]


@pytest.fixture
def stranger(installation):
    """Two companies, and a stranger who knows them."""
    for slug in ("jinlan", "northgate"):
        installation.quickly("tenants", "create", slug, slug.title())
    return Stranger(installation)


def test_code_with_pkce_refresh_and_revocation_by_a_client_that_is_not_ours(stranger):
    """From metadata to a ticket, by Authlib's client; then what is used twice, and what the log says."""
    stranger.register("jinlan", "--redirect", BACK)
    stranger.installation.quickly(
        *("users", "create", "--tenant", "jinlan", "--email", "lin@example.com", "--name", "Lin"),
        *("--role", "manager", "--password", PASSWORD),
    )
    with stranger.installation.running("polydesk", "serve"):
        where = requests.get(
            f"http://127.0.0.1:{stranger.installation.port}/.well-known/oauth-authorization-server",
            headers=stranger.host("jinlan"), timeout=20,
        ).json()  # fmt: skip
        session = stranger.session("jinlan", scope=SCOPES)
        address, state = session.create_authorization_url(
            where["authorization_endpoint"], code_verifier=VERIFIER
        )
        back = Person(stranger, "jinlan").allow(address)
        told = {name: values[0] for name, values in parse_qs(urlsplit(back).query).items()}
        assert told["state"] == state
        assert told["iss"] == where["issuer"]
        stranger.secrets.append(told["code"])
        first = stranger.keep(
            session.fetch_token(authorization_response=back, state=state, code_verifier=VERIFIER)
        )
        assert set(first["scope"].split()) == set(SCOPES.split())
        body = {"type": "problem", "subject": "水压", "description": "早上没水"}
        made = session.post(f"{stranger.apex}/api/v1/tickets", json=body, timeout=20)
        assert made.status_code == 201, made.text
        second = stranger.keep(session.refresh_token(refresh_token=first["refresh_token"]))
        assert second["access_token"] != first["access_token"]
        assert session.get(f"{stranger.apex}/api/v1/tickets", timeout=20).status_code == 200
        assert stranger.get("jinlan", second["access_token"]) == 200
        assert stranger.get("northgate", second["access_token"]) == 401
        revoked = session.revoke_token(
            f"{stranger.apex}/api/v1/oauth/revoke", token=second["refresh_token"],
            token_type_hint="refresh_token",
        )  # fmt: skip
        assert revoked.status_code == 200
        assert stranger.get("jinlan", second["access_token"]) == 401
        with pytest.raises(OAuthError, match="invalid_grant"):
            session.fetch_token(
                code=told["code"], code_verifier=VERIFIER, grant_type="authorization_code"
            )
    nothing_secret_in_the_log(stranger)


def test_client_credentials_by_a_client_that_is_not_ours(stranger):
    stranger.register("jinlan", "--grant", "client_credentials")
    with stranger.installation.running("polydesk", "serve"):
        session = stranger.session("jinlan", scope="ticket:read")
        token = stranger.keep(session.fetch_token(grant_type="client_credentials"))
        assert token["scope"] == "ticket:read"
        assert session.get(f"{stranger.apex}/api/v1/tickets", timeout=20).status_code == 200
        assert session.get(f"{stranger.apex}/api/v1/events", timeout=20).status_code == 403
        assert stranger.get("jinlan", token["access_token"]) == 200
        assert stranger.get("northgate", token["access_token"]) == 401
        forged = token["access_token"].replace("pd_jinlan_", "pd_northgate_")
        answer = requests.get(
            f"{stranger.apex}/api/v1/tickets", headers={"Authorization": f"Bearer {forged}"},
            timeout=20,
        )  # fmt: skip
        assert answer.status_code == 401
        wrong = stranger.apps["jinlan"][1][:-1] + "x"
        session = OAuth2Session(
            stranger.apps["jinlan"][0], wrong, token_endpoint=f"{stranger.apex}/api/v1/oauth/token"
        )
        with pytest.raises(OAuthError, match="invalid_client"):
            session.fetch_token(grant_type="client_credentials")
    nothing_secret_in_the_log(stranger)


def nothing_secret_in_the_log(stranger):
    written = (Path(stranger.installation.environment["POLYDESK_DATA"]) / "server.log").read_text()
    assert written, "the server said something"
    assert len(stranger.secrets) >= 2
    assert not [secret for secret in stranger.secrets if secret in written]
