"""The lists behind fields of kind user and department: who works here, and the units work is handed to."""

from __future__ import annotations

from core.auth import service, teams
from core.declarations import Option
from core.forms.sources import register_source
from core.i18n import text


def offer_people() -> None:
    """Let forms offer the tenant's active users and its departments."""
    register_source("users", users)
    register_source("departments", departments)


def users() -> tuple[Option, ...]:
    """Everybody who may sign in, by name."""
    found = (user for user in service.list_users() if user.state == "active")
    return tuple(Option(str(user.id), user.display_name) for user in found)


def departments() -> tuple[Option, ...]:
    """The units that are not archived."""
    return tuple(Option(str(unit.id), text(unit.name)) for unit in teams.list_departments())
