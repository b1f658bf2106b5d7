"""Who does it: a frozen value passed to every use case, never looked up in a session."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING

from core.errors import Forbidden

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID


class Reach(IntEnum):
    """How far a permission goes; several roles unite to the widest per permission (model.md §6)."""

    OWN = 1
    TEAM = 2
    DEPARTMENT = 3
    ALL = 4


@dataclass(frozen=True, kw_only=True)
class Actor:
    """A user, contact, app, operator, the system or nobody.

    `grants` maps a permission to its reach; `team_ids` are the teams the actor belongs to, `department_team_ids` all
    teams of the actor's departments. A contact who came by a secret link has `ticket_id`: that ticket and no other;
    one who signed in by mailed code has `contact_id` without it.
    """

    kind: str
    id: UUID | None = None
    name: str = ""
    grants: Mapping[str, Reach] = field(default_factory=dict)
    team_ids: frozenset[UUID] = frozenset()
    department_team_ids: frozenset[UUID] = frozenset()
    on_behalf_of: UUID | None = None
    ticket_id: UUID | None = None
    locale: str = ""
    timezone: str = ""
    session_id: UUID | None = None

    def can(self, permission: str) -> bool:
        """Whether the permission is granted with any reach at all."""
        return self.kind == "system" or permission in self.grants

    def must(self, permission: str) -> None:
        """Raise Forbidden unless `can(permission)`."""
        if not self.can(permission):
            raise Forbidden(permission)

    def reach(self, permission: str) -> Reach | None:
        """How far the permission goes; None when it is not granted."""
        return Reach.ALL if self.kind == "system" else self.grants.get(permission)

    @property
    def staff_id(self) -> UUID | None:
        """Whose work it is in questions of reach: the user's own, also when an app acts for him."""
        return self.on_behalf_of or self.id if self.kind == "app" else self.id

    @property
    def is_person(self) -> bool:
        """A human at the desk (not a contact, not an automatism): what a first response must come from."""
        return self.kind == "user"


SYSTEM = Actor(kind="system", name="system")
ANONYMOUS = Actor(kind="anonymous")
OPERATOR = Actor(kind="operator", name="operator")
