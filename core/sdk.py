"""The public surface: every name a plugin may import, and nothing else."""

from __future__ import annotations

from core.actors import ANONYMOUS, SYSTEM, Actor, Reach
from core.attachments.models import Attachment
from core.attachments.service import (
    attachments_of_ticket,
    claim_for_ticket,
)
from core.attachments.service import content_by_id as attachment_content
from core.attachments.service import redact as redact_attachment
from core.auth.models import Department
from core.auth.service import names_of as names_of_users
from core.clock import VirtualClock, now, uuid7
from core.contacts.models import Contact
from core.contributions import (
    Block,
    Button,
    Card,
    Condition,
    DataClass,
    Guard,
    Handler,
    NavItem,
    Panel,
    PortalPage,
    Report,
    Suggestion,
)
from core.db import Base, UtcDateTime, after_commit, db, in_transaction
from core.declarations import (
    Calendar,
    CalendarDay,
    Escalation,
    Field,
    Form,
    Metric,
    Option,
    Permission,
    Plugin,
    SlaPolicy,
    Stage,
    State,
    Target,
    TicketType,
    Transition,
    Trigger,
    Workflow,
)
from core.definitions import get as definition
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
from core.fields import UtcTime
from core.hookspecs import hookimpl
from core.i18n import current_locale, duration, format_date, format_datetime, mask_phone, text
from core.i18n import use as speaking
from core.settings import get as settings
from core.settings import save as save_settings
from core.sla.clocks import choose_again_on
from core.tenancy import Tenant, TenantKeyed, TenantScoped, current_tenant, tenant_foreign_key
from core.tickets.events import TicketOpened
from core.tickets.listing import TicketPage, TicketQuery, count_by, list_tickets
from core.tickets.models import Message, Ticket
from core.tickets.service import assign as assign_ticket
from core.tickets.service import (
    get_ticket,
    patch_ticket,
    register_effect,
    register_intake,
    register_prefill,
    state_of,
)
from core.tickets.visibility import condition_or_nothing as visible_tickets_to
from core.tickets.visibility import reaches
from core.tickets.writing import write_message
from core.timers import Timer, cancel_timers, register_timer, set_timer
from core.ui.frames import desk_page, portal_page
from core.web import PUBLIC, SIGNED_IN, endpoint, page

__all__ = [
    "ANONYMOUS",
    "PUBLIC",
    "SIGNED_IN",
    "SYSTEM",
    "Actor",
    "Attachment",
    "Base",
    "Block",
    "Button",
    "Calendar",
    "CalendarDay",
    "Card",
    "Condition",
    "Conflict",
    "Contact",
    "DataClass",
    "Department",
    "Escalation",
    "Event",
    "EventRow",
    "Field",
    "Forbidden",
    "Form",
    "Guard",
    "Handler",
    "Invalid",
    "Malformed",
    "Message",
    "Metric",
    "NavItem",
    "NotAvailable",
    "NotFound",
    "NotOffered",
    "NotSignedIn",
    "Option",
    "Panel",
    "Permission",
    "Plugin",
    "PolydeskError",
    "PortalPage",
    "Problem",
    "Reach",
    "Report",
    "SlaPolicy",
    "Stage",
    "StaleVersion",
    "State",
    "Suggestion",
    "Target",
    "Tenant",
    "TenantKeyed",
    "TenantScoped",
    "Ticket",
    "TicketOpened",
    "TicketPage",
    "TicketQuery",
    "TicketType",
    "Timer",
    "TooLarge",
    "TooMany",
    "Transition",
    "TransitionEvent",
    "Trigger",
    "UtcDateTime",
    "UtcTime",
    "VersionMissing",
    "VirtualClock",
    "Workflow",
    "after_commit",
    "assign_ticket",
    "attachment_content",
    "attachments_of_ticket",
    "cancel_timers",
    "choose_again_on",
    "claim_for_ticket",
    "count_by",
    "current_locale",
    "current_tenant",
    "db",
    "definition",
    "desk_page",
    "duration",
    "emit",
    "endpoint",
    "format_date",
    "format_datetime",
    "get_ticket",
    "hookimpl",
    "in_transaction",
    "list_tickets",
    "mask_phone",
    "names_of_users",
    "now",
    "page",
    "patch_ticket",
    "portal_page",
    "reaches",
    "redact_attachment",
    "register_effect",
    "register_intake",
    "register_prefill",
    "register_timer",
    "save_settings",
    "set_timer",
    "settings",
    "speaking",
    "state_of",
    "tenant_foreign_key",
    "text",
    "uuid7",
    "visible_tickets_to",
    "write_message",
]
