"""Staff for the stories of this folder."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from core.actors import OPERATOR
from core.auth import service
from core.db import db, transaction

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

    from core.auth.models import User

PASSWORD = "ein langes Wort"


def hire(email: str, *roles: str, password: str | None = PASSWORD) -> User:
    """A member of staff."""
    with transaction():
        user = service.create_user(
            email, email.partition("@")[0], password=password, roles=roles, actor=OPERATOR
        )
    db.session.flush()  # a story may hire within a transaction of its own
    db.session.refresh(user)
    db.session.expunge(user)  # readable after the requests that the story goes on with
    return user


def csrf_of(client: FlaskClient, url: str = "/sign-in") -> str:
    """The token of a form."""
    page = client.get(url).get_data(as_text=True)
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found, page
    return found.group(1)


def send(client: FlaskClient, url: str, form_url: str = "/sign-in", **fields: str) -> TestResponse:
    """Post a form the way a browser does."""
    return client.post(url, data={"csrf_token": csrf_of(client, form_url), **fields})


def come_in(
    client: FlaskClient, email: str, password: str = PASSWORD, **fields: str
) -> TestResponse:
    """Sign in."""
    return send(client, "/sign-in", email=email, password=password, **fields)
