"""The public surface: every name a plugin may import, and nothing else."""

from __future__ import annotations

from core.actors import ANONYMOUS, SYSTEM, Actor, Reach
from core.clock import now, uuid7
from core.db import Base, UtcDateTime, after_commit, db, in_transaction
from core.declarations import (
    Block,
    Button,
    Calendar,
    CalendarDay,
    Card,
    Condition,
    DataClass,
    Escalation,
    Field,
    Form,
    Guard,
    Handler,
    Metric,
    NavItem,
    Option,
    Panel,
    Permission,
    Plugin,
    PortalPage,
    Report,
    SlaPolicy,
    Stage,
    State,
    Suggestion,
    Target,
    TicketType,
    Transition,
    Trigger,
    Workflow,
)
from core.errors import (
    Conflict,
    Forbidden,
    Invalid,
    Malformed,
    NotAvailable,
    NotFound,
    NotOffered,
    NotSignedIn,
    PolydeskError,
    Problem,
    StaleVersion,
    TooLarge,
    TooMany,
    VersionMissing,
)
from core.events import Event, EventRow, TransitionEvent, emit
from core.hookspecs import hookimpl
from core.i18n import current_locale, format_date, format_datetime, text
from core.settings import get as settings
from core.tenancy import Tenant, TenantKeyed, TenantScoped, current_tenant, tenant_foreign_key
from core.web import PUBLIC, SIGNED_IN, endpoint, page

__all__ = [
    "ANONYMOUS", "PUBLIC", "SIGNED_IN", "SYSTEM", "Actor", "Base", "Block", "Button", "Calendar", "CalendarDay", "Card",
    "Condition", "Conflict", "DataClass", "Escalation", "Event", "EventRow", "Field", "Forbidden", "Form", "Guard",
    "Handler", "Invalid", "Malformed", "Metric", "NavItem", "NotAvailable", "NotFound", "NotOffered", "NotSignedIn",
    "Option", "Panel", "Permission", "Plugin", "PolydeskError", "PortalPage", "Problem", "Reach", "Report", "SlaPolicy",
    "Stage", "StaleVersion", "State", "Suggestion", "Target", "Tenant", "TenantKeyed", "TenantScoped", "TicketType",
    "TooLarge", "TooMany", "Transition", "TransitionEvent", "Trigger", "UtcDateTime", "VersionMissing", "Workflow",
    "after_commit", "current_locale", "current_tenant", "db", "emit", "endpoint", "format_date", "format_datetime",
    "hookimpl", "in_transaction", "now", "page", "settings", "tenant_foreign_key", "text", "uuid7",
]
