"""What an operator reads when a command is refused."""

from __future__ import annotations

import pytest

from core.cli import build_cli


def test_a_refused_value_is_told_in_words_with_its_field(app, monkeypatch):
    monkeypatch.setattr("sys.argv", ["polydesk", "tenants", "create", "9 lives", "Cats"])
    with pytest.raises(SystemExit) as left:
        build_cli(lambda: app)()
    assert str(left.value) == (
        "polydesk: slug: The address may hold lower-case letters, digits and hyphens, and must be free"
    )


def test_a_missing_tenant_is_named(app, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["polydesk", "audit", "verify", "nobody"])
    with pytest.raises(SystemExit):
        build_cli(lambda: app)()
    assert "there is no tenant 'nobody'; see `polydesk tenants list`" in capsys.readouterr().err
