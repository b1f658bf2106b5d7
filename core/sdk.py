"""The public surface: every name a plugin may import, and nothing else."""

from __future__ import annotations

from core.actors import ANONYMOUS, SYSTEM, Actor, Reach
from core.attachments.models import Attachment
from core.attachments.service import (
    attachments_of_ticket,
    claim_for_ticket,
    new_form_key,
    store_file,
    store_upload,
)
from core.attachments.service import content_by_id as attachment_content
from core.attachments.service import redact as redact_attachment
from core.auth.models import Department
from core.auth.service import names_of as names_of_users
from core.auth.service import staff
from core.auth.throttles import address_range as throttle_range
from core.auth.throttles import private as throttle_key
from core.auth.throttles import spend as spend_throttle
from core.clock import VirtualClock, now, uuid7
from core.contacts.links import actor_by_link, contact_actor, link_token_of
from core.contacts.models import Contact
from core.contacts.points import PointIn
from core.contacts.points import normalise as normalise_point
from core.contacts.service import (
    contact_for_unverified_point,
    create_contact,
    find_matches,
    get_contact,
    points_of,
    search_contacts,
)
from core.contacts.service import masked_view as masked_contact
from core.contacts.service import names_of as contact_names
from core.contributions import (
    Block,
    Button,
    Card,
    Condition,
    DataClass,
    Guard,
    Handler,
    Job,
    NavItem,
    Panel,
    PortalPage,
    Report,
    Suggestion,
)
from core.db import Base, UtcDateTime, after_commit, db, in_transaction, transaction
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
from core.definitions import current_version as definition_version
from core.definitions import get as definition
from core.egress import Answer, EgressFailed, EgressRefused, fetch
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
from core.forms.pages import Answers
from core.forms.pages import read as read_form
from core.forms.schemas import load as load_form
from core.forms.sources import register_source
from core.forms.widgets import groups as form_groups
from core.forms.widgets import summary as form_summary
from core.hookspecs import hookimpl
from core.i18n import current_locale, duration, format_date, format_datetime, mask_phone, text
from core.i18n import local as local_time
from core.i18n import money as money_text
from core.i18n import use as speaking
from core.keys import open_secret, seal_secret
from core.mail.addresses import public_url
from core.money import Money
from core.paging import Page, page_of
from core.plugins import entered, offered
from core.reports.render import qr
from core.settings import get as settings
from core.settings import save as save_settings
from core.signed import make_token, read_token
from core.sla.calendar import add_seconds as add_working_seconds
from core.sla.calendar import windows_on as calendar_windows
from core.sla.chips import SlaChip, sla_chips
from core.sla.clocks import choose_again_on
from core.tables import csv_answer, csv_line, read_csv
from core.tenancy import (
    Tenant,
    TenantKeyed,
    TenantScoped,
    current_tenant,
    day_of,
    tenant_foreign_key,
)
from core.tickets.events import TicketOpened
from core.tickets.idempotency import once, principal_of
from core.tickets.listing import TicketPage, TicketQuery, count_by, list_tickets
from core.tickets.models import Message, Ticket
from core.tickets.service import (
    Move,
    NewTicket,
    get_ticket,
    move,
    move_ticket,
    offered_transitions,
    open_ticket,
    patch_ticket,
    register_effect,
    register_intake,
    register_prefill,
    state_of,
)
from core.tickets.service import assign as assign_ticket
from core.tickets.visibility import condition_or_nothing as visible_tickets_to
from core.tickets.visibility import reaches
from core.tickets.workflow import offered as offered_moves
from core.tickets.workflow import state_named
from core.tickets.writing import write_message
from core.timers import Timer, cancel_timers, play, register_timer, set_timer
from core.ui import charts
from core.ui.frames import desk_page, portal_page
from core.web import CUSTOMER, PUBLIC, SIGNED_IN, endpoint, page
from core.work import JobRun, JobView, job_run, start_job

__all__ = [
    "ANONYMOUS",
    "CUSTOMER",
    "PUBLIC",
    "SIGNED_IN",
    "SYSTEM",
    "Actor",
    "Answer",
    "Answers",
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
    "EgressFailed",
    "EgressRefused",
    "Escalation",
    "Event",
    "EventRow",
    "Field",
    "Forbidden",
    "Form",
    "Guard",
    "Handler",
    "Invalid",
    "Job",
    "JobRun",
    "JobView",
    "Malformed",
    "Message",
    "Metric",
    "Money",
    "Move",
    "NavItem",
    "NewTicket",
    "NotAvailable",
    "NotFound",
    "NotOffered",
    "NotSignedIn",
    "Option",
    "Page",
    "Panel",
    "Permission",
    "Plugin",
    "PointIn",
    "PolydeskError",
    "PortalPage",
    "Problem",
    "Reach",
    "Report",
    "SlaChip",
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
    "actor_by_link",
    "add_working_seconds",
    "after_commit",
    "assign_ticket",
    "attachment_content",
    "attachments_of_ticket",
    "calendar_windows",
    "cancel_timers",
    "charts",
    "choose_again_on",
    "claim_for_ticket",
    "contact_actor",
    "contact_for_unverified_point",
    "contact_names",
    "count_by",
    "create_contact",
    "csv_answer",
    "csv_line",
    "current_locale",
    "current_tenant",
    "day_of",
    "db",
    "definition",
    "definition_version",
    "desk_page",
    "duration",
    "emit",
    "endpoint",
    "entered",
    "fetch",
    "find_matches",
    "form_groups",
    "form_summary",
    "format_date",
    "format_datetime",
    "get_contact",
    "get_ticket",
    "hookimpl",
    "in_transaction",
    "job_run",
    "link_token_of",
    "list_tickets",
    "load_form",
    "local_time",
    "make_token",
    "mask_phone",
    "masked_contact",
    "money_text",
    "move",
    "move_ticket",
    "names_of_users",
    "new_form_key",
    "normalise_point",
    "now",
    "offered",
    "offered_moves",
    "offered_transitions",
    "once",
    "open_secret",
    "open_ticket",
    "page",
    "page_of",
    "patch_ticket",
    "play",
    "points_of",
    "portal_page",
    "principal_of",
    "public_url",
    "qr",
    "reaches",
    "read_csv",
    "read_form",
    "read_token",
    "redact_attachment",
    "register_effect",
    "register_intake",
    "register_prefill",
    "register_source",
    "register_timer",
    "save_settings",
    "seal_secret",
    "search_contacts",
    "set_timer",
    "settings",
    "sla_chips",
    "speaking",
    "spend_throttle",
    "staff",
    "start_job",
    "state_named",
    "state_of",
    "store_file",
    "store_upload",
    "tenant_foreign_key",
    "text",
    "throttle_key",
    "throttle_range",
    "transaction",
    "uuid7",
    "visible_tickets_to",
    "write_message",
]
