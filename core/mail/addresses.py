"""Addresses of our own pages for letters: the tenant's stored domain, never what a request claims to be."""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit

import sqlalchemy as sa
from flask import current_app

from core.db import db
from core.tenancy import TenantDomain, current_tenant


def public_url(path: str) -> str:
    """`path` under the current tenant's domain, with scheme and port of POLYDESK_URL; its own domain goes first."""
    tenant, base = current_tenant(), urlsplit(current_app.config["POLYDESK_URL"])
    ours = f"{tenant.slug}.{base.hostname}"
    stored = db.session.scalars(
        sa.select(TenantDomain.domain)
        .where(TenantDomain.tenant_id == tenant.id)
        .order_by(TenantDomain.domain)
    ).all()
    domain = next((name for name in stored if name != ours), ours)
    port = f":{base.port}" if base.port else ""
    address: str = urlunsplit((base.scheme, domain + port, path, "", ""))
    return address
