"""Whose request is this: exact match of the host, or of the token on the apex host."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import sqlalchemy as sa
from flask import current_app

from core.host import Tenant, TenantDomain, TenantRecord, db, find_tenant

if TYPE_CHECKING:
    from flask import Request

TOKEN = re.compile(r"Bearer\s+pd_([a-z0-9-]{1,63})_\w+", re.IGNORECASE)


def tenant_of(request: Request) -> Tenant | None:
    """The tenant of the request's host; on the apex host, under /api/v1, of the bearer token; else None."""
    host = request.host.rpartition(":")[0] if ":" in request.host else request.host
    host = host.lower().rstrip(".")
    if host == current_app.extensions["polydesk_config"].apex:
        token = TOKEN.fullmatch(request.headers.get("Authorization", "").strip())
        return (
            find_tenant(token.group(1).lower())
            if token and request.path.startswith("/api/v1/")
            else None
        )
    row = db.session.scalar(
        sa.select(TenantRecord)
        .join(TenantDomain, TenantDomain.tenant_id == TenantRecord.id)
        .where(TenantDomain.domain == host, TenantRecord.state != "gone")
    )
    return row.value() if row else None
