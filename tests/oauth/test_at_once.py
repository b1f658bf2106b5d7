"""Many at once with the same code or refresh token: one is served, and the family does not outlive the others."""

from __future__ import annotations

from collections import Counter

from core.db import db
from core.oauth.models import OAuthFamily, OAuthToken
from tests.oauth.conftest import VERIFIER
from tests.tickets.test_at_once import at_once

THREADS = 6


def test_a_code_shown_many_times_at_once(app, office, points):
    code = office.code(points)
    answers = at_once(app, office.tenant, THREADS, lambda _n: office.token(points, code=code))
    statuses = Counter(answer.status_code for answer in answers)
    assert statuses == {200: 1, 400: THREADS - 1}
    (won,) = [answer.get_json() for answer in answers if answer.status_code == 200]
    assert office.works(won["access_token"]) == 401, "a code that was shown twice is a stolen one"
    assert office.works(office.tokens(points)["access_token"]) == 200
    assert VERIFIER not in str(won)


def test_a_refresh_token_shown_many_times_at_once(app, office, points):
    first = office.tokens(points)

    def refresh(_number):
        return office.token(points, "refresh_token", refresh_token=first["refresh_token"])

    answers = at_once(app, office.tenant, THREADS, refresh)
    assert Counter(answer.status_code for answer in answers) == {200: 1, 400: THREADS - 1}
    db.session.rollback()
    assert db.session.query(OAuthToken).count() == 2
    assert db.session.query(OAuthFamily).one().revoked_at is not None
    (won,) = [answer.get_json() for answer in answers if answer.status_code == 200]
    assert office.works(won["access_token"]) == 401
