"""What tenants/ and the command line may import besides core.sdk: running the house rather than extending it."""

from __future__ import annotations

from core import definitions, ledger, panels, settings
from core.actors import OPERATOR, Actor
from core.apps import calls as app_calls
from core.apps import manifest as app_manifests
from core.apps import service as app_book
from core.attachments import responses as file_responses
from core.attachments import service as attachments
from core.attachments.pictures import MAX_BYTES as UPLOAD_BYTES
from core.auth import passwords, resets, throttles
from core.auth import roles as role_book
from core.auth import service as accounts
from core.auth import signin as sign_ins
from core.auth import teams as team_book
from core.auth import tokens as token_book
from core.auth.models import ApiToken, Department, Role, Team, TeamMember, User, UserRole
from core.auth.roles import BUILT_IN, users_with_role
from core.bodies import to_body
from core.cli import tenant_argument
from core.clock import VirtualClock, now, virtual
from core.contacts import codes, identity, links, lookup, merging, organisations, privacy
from core.contacts import service as contacts
from core.contacts.models import Contact, Organisation
from core.contacts.points import PointIn
from core.db import db, is_postgresql, keep_rows, transaction
from core.errors import Conflict, Invalid, NotFound, Problem
from core.events import Event, emit
from core.forms.pages import Answers
from core.forms.pages import read as read_form
from core.i18n import duration, local
from core.jobs import drain, relay_tenant, write_heads
from core.mail import service as mail
from core.mail.addresses import public_url
from core.mail.models import MailOut
from core.oauth import asking as app_questions
from core.oauth import service as client_book
from core.oauth.routes import asking_client
from core.oauth.secrets import slug_of as slug_of_client
from core.plugins import PluginFailure, TenantPlugin, ask, catalog, enabled, offered, switches, tell
from core.problems import words as problem_words
from core.reports import service as reports
from core.reports.routes import answer as print_answer
from core.sla import calendar as calendars
from core.sla import policies as sla_policies
from core.sla.chips import chip_of
from core.sla.reading import ClockView, clocks_of
from core.tenancy import (
    RESERVED_SLUGS,
    Tenant,
    TenantDomain,
    TenantRecord,
    all_tenants,
    as_tenant,
    bump_config,
    current_tenant,
    find_tenant,
)
from core.tickets import service as tickets
from core.tickets.listing import TicketQuery
from core.tickets.messages import Entry
from core.tickets.models import Handover, Message, Ticket
from core.tickets.visibility import condition_or_nothing as visible_tickets_to
from core.tickets.visibility import facts_known_to
from core.timers import run_until
from core.ui.frames import offer_desk, offer_portal
from core.ui.headers import content_security_policy
from core.upgrade import upgrade as upgrade_database
from core.webhooks import service as webhook_book
from core.webhooks.models import WebhookEndpoint
from core.work import schedule_jobs, unschedule_jobs

__all__ = [
    "BUILT_IN",
    "OPERATOR",
    "RESERVED_SLUGS",
    "UPLOAD_BYTES",
    "Actor",
    "Answers",
    "ApiToken",
    "ClockView",
    "Conflict",
    "Contact",
    "Department",
    "Entry",
    "Event",
    "Handover",
    "Invalid",
    "MailOut",
    "Message",
    "NotFound",
    "Organisation",
    "PluginFailure",
    "PointIn",
    "Problem",
    "Role",
    "Team",
    "TeamMember",
    "Tenant",
    "TenantDomain",
    "TenantPlugin",
    "TenantRecord",
    "Ticket",
    "TicketQuery",
    "User",
    "UserRole",
    "VirtualClock",
    "WebhookEndpoint",
    "accounts",
    "all_tenants",
    "app_book",
    "app_calls",
    "app_manifests",
    "app_questions",
    "as_tenant",
    "ask",
    "asking_client",
    "attachments",
    "bump_config",
    "calendars",
    "catalog",
    "chip_of",
    "client_book",
    "clocks_of",
    "codes",
    "contacts",
    "content_security_policy",
    "current_tenant",
    "db",
    "definitions",
    "drain",
    "duration",
    "emit",
    "enabled",
    "facts_known_to",
    "file_responses",
    "find_tenant",
    "identity",
    "is_postgresql",
    "keep_rows",
    "ledger",
    "links",
    "local",
    "lookup",
    "mail",
    "merging",
    "now",
    "offer_desk",
    "offer_portal",
    "offered",
    "organisations",
    "panels",
    "passwords",
    "print_answer",
    "privacy",
    "problem_words",
    "public_url",
    "read_form",
    "relay_tenant",
    "reports",
    "resets",
    "role_book",
    "run_until",
    "schedule_jobs",
    "settings",
    "sign_ins",
    "sla_policies",
    "slug_of_client",
    "switches",
    "team_book",
    "tell",
    "tenant_argument",
    "throttles",
    "tickets",
    "to_body",
    "token_book",
    "transaction",
    "unschedule_jobs",
    "upgrade_database",
    "users_with_role",
    "virtual",
    "visible_tickets_to",
    "webhook_book",
    "write_heads",
]
