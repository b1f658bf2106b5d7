"""What tenants/ and the command line may import besides core.sdk: running the house rather than extending it."""

from __future__ import annotations

from core import definitions, ledger, settings
from core.actors import OPERATOR, Actor
from core.cli import tenant_argument
from core.clock import now, virtual
from core.db import db, transaction
from core.errors import Conflict, Invalid, NotFound, Problem
from core.events import Event, emit
from core.jobs import drain, relay_tenant, write_heads
from core.plugins import PluginFailure, TenantPlugin, catalog, enabled, offered, switches, tell
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

__all__ = [
    "OPERATOR", "RESERVED_SLUGS", "Actor", "Conflict", "Event", "Invalid", "NotFound", "PluginFailure", "Problem", "Tenant",
    "TenantDomain", "TenantPlugin", "TenantRecord", "all_tenants", "as_tenant", "bump_config", "catalog", "current_tenant",
    "db", "definitions", "drain", "emit", "enabled", "find_tenant", "ledger", "now", "offered", "relay_tenant", "settings",
    "switches", "tell", "tenant_argument", "transaction", "virtual", "write_heads",
]
