"""What this room declares to the Catalog, and what it listens to."""

from __future__ import annotations

from core.contributions import DataClass
from core.declarations import Permission
from core.mail.listeners import connect

__all__ = ["DATA_CLASSES", "PERMISSIONS", "connect"]

PERMISSIONS = [Permission("mail:read", "mail.permission.read", {"admin": "all", "manager": "all"})]
DATA_CLASSES = [DataClass("outgoing_mail", "mail.data.outgoing", ("mail_out",), 365)]
