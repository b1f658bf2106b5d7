"""Who may do what in retail; each right is an OAuth scope, too."""

from __future__ import annotations

from core.sdk import Permission
from plugins.retail.workflow import (
    APPROVE,
    EXCEPTION,
    EXECUTE,
    MEMBER_APPROVE,
    MEMBER_READ,
    MEMBER_WRITE,
    POINT_WRITE,
    READ,
    REPORT,
    SALE_READ,
    SALE_WRITE,
    WRITE,
)

_DESK = ("agent", "supervisor", "manager", "admin")
_HEADS = ("supervisor", "manager", "admin")
_READERS = (*_DESK, "auditor")


def _right(name: str, roles: tuple[str, ...]) -> Permission:
    words = name.removeprefix("retail.").replace(":", "_")
    return Permission(name, f"retail.permission.{words}", dict.fromkeys(roles, "all"))


PERMISSIONS = [
    _right(MEMBER_READ, _READERS),
    _right(MEMBER_WRITE, _DESK),
    _right(MEMBER_APPROVE, _HEADS),
    _right(SALE_READ, _READERS),
    _right(SALE_WRITE, ("manager", "admin")),
    _right(POINT_WRITE, _HEADS),
    _right(READ, _READERS),
    _right(WRITE, _DESK),
    _right(EXECUTE, _DESK),
    _right(APPROVE, _HEADS),
    _right(EXCEPTION, ("manager", "admin")),
    _right(REPORT, (*_HEADS, "auditor")),
]
