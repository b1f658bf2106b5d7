"""A plugin is switched by the command line while a server with two workers runs: felt at the next request."""

from __future__ import annotations

import pytest

GUNICORN = ("gunicorn", "wsgi:app", "--workers", "2", "--threads", "4", "--worker-class", "gthread")


@pytest.fixture
def houses(installation):
    """Two tenants with the complaints plugin, and a token each."""
    tokens = {}
    for slug in ("jinlan", "northgate"):
        installation.polydesk("tenants", "create", slug, slug.title())
        installation.polydesk("plugins", "enable", slug, "complaints")
        installation.polydesk(
            "users", "create", "--tenant", slug, "--email", "lin@example.com", "--name", "Lin", "--role", "admin",
            "--password", "a long enough one",
        )
        printed = installation.polydesk(
            "tokens", "create", "--tenant", slug, "--user", "lin@example.com", "--scopes", "ticket:read ticket:write"
        )
        tokens[slug] = next(word for word in printed.split() if word.startswith(f"pd_{slug}_"))
    return tokens


def test_disable_and_enable_are_felt_by_both_workers_and_by_nobody_else(installation, houses):
    with installation.running(*GUNICORN):
        opened = {slug: _open_complaint(installation, token) for slug, token in houses.items()}

        def statuses(slug):
            """The plugin's own route and the ticket, asked often enough to meet both workers."""
            token = _bearer(houses[slug])
            own = {installation.get("/api/v1/complaints/categories", headers=token)[0] for _ in range(12)}
            ticket = {installation.get(f"/api/v1/tickets/{opened[slug]}", headers=token)[0] for _ in range(12)}
            return own, ticket

        assert statuses("jinlan") == ({200}, {200})
        installation.polydesk("plugins", "disable", "jinlan", "complaints")
        assert statuses("jinlan") == ({404}, {200})
        assert statuses("northgate") == ({200}, {200})
        assert _move(installation, houses["jinlan"], opened["jinlan"]) == 404
        installation.polydesk("plugins", "enable", "jinlan", "complaints")
        assert statuses("jinlan") == ({200}, {200})
        assert _move(installation, houses["jinlan"], opened["jinlan"]) == 201


def _bearer(token):
    return {"Authorization": f"Bearer {token}"}
