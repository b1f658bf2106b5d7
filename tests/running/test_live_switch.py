"""A plugin is switched by the command line while a server with two workers runs: felt at the next request."""

from __future__ import annotations

import json

import pytest

GUNICORN = ("gunicorn", "wsgi:app", "--workers", "2", "--threads", "4", "--worker-class", "gthread")
COMPLAINT = {
    "type": "complaints.complaint",
    "subject": "车库返水",
    "description": "两次返水",
    "form": {"name": "林晓雯", "phone": "13800006021", "happened_at": "2026-11-19T08:42:00+08:00"},
}


@pytest.fixture
def houses(installation):
    """Two tenants with the complaints plugin, and a token each."""
    tokens = {}
    for slug in ("jinlan", "northgate"):
        installation.quickly("tenants", "create", slug, slug.title())
        installation.quickly("plugins", "enable", slug, "complaints")
        installation.quickly(
            *("users", "create", "--tenant", slug, "--email", "lin@example.com", "--name", "Lin"),
            *("--role", "manager", "--password", "a long enough one"),
        )
        tokens[slug] = installation.token(slug, "lin@example.com")
    return tokens


def test_disable_and_enable_are_felt_by_both_workers_and_by_nobody_else(installation, houses):
    bind = ("--bind", f"127.0.0.1:{installation.port}")
    with installation.running(*GUNICORN, *bind):
        opened = {slug: _open(installation, token) for slug, token in houses.items()}

        def statuses(slug):
            """The plugin's own route and the ticket, asked often enough to meet both workers."""
            paths = ("/api/v1/complaints/cases", f"/api/v1/tickets/{opened[slug]}")
            return tuple(
                {_get(installation, path, houses[slug]) for _ in range(12)} for path in paths
            )

        assert statuses("jinlan") == ({200}, {200})
        installation.polydesk("plugins", "disable", "jinlan", "complaints")
        assert statuses("jinlan") == ({404}, {200})
        assert statuses("northgate") == ({200}, {200})
        assert _acknowledge(installation, houses["jinlan"], opened["jinlan"]) == 404
        installation.polydesk("plugins", "enable", "jinlan", "complaints")
        assert statuses("jinlan") == ({200}, {200})
        assert _acknowledge(installation, houses["jinlan"], opened["jinlan"]) == 201


def _bearer(token):
    return {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}


def _get(installation, path, token):
    return installation.get(path, headers=_bearer(token))[0]


def _open(installation, token):
    status, body = installation.request(
        "POST", "/api/v1/tickets", json.dumps(COMPLAINT).encode(), headers=_bearer(token)
    )
    assert status == 201, body.decode()
    return json.loads(body)["id"]


def _acknowledge(installation, token, ticket_id):
    read = json.loads(installation.get(f"/api/v1/tickets/{ticket_id}", headers=_bearer(token))[1])
    body = json.dumps({"name": "acknowledge", "form": {}, "version": read["version"]}).encode()
    return installation.request(
        "POST", f"/api/v1/tickets/{ticket_id}/transitions", body, headers=_bearer(token)
    )[0]
