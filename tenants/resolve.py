"""Whose request is this: exact match of the host, or of the token on the apex host."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import sqlalchemy as sa
from flask import current_app

from core.host import (
    Tenant,
    TenantDomain,
    TenantRecord,
    asking_client,
    db,
    find_tenant,
    slug_of_client,
)

if TYPE_CHECKING:
    from flask import Request

TOKEN = re.compile(r"Bearer\s+pd_([a-z0-9-]{1,63})_\w+", re.IGNORECASE)
PROTOCOL = "/api/v1/oauth/"
_BY_HOST = (
    sa.select(TenantRecord)
    .join(TenantDomain, TenantDomain.tenant_id == TenantRecord.id)
    .where(TenantDomain.domain == sa.bindparam("host"), TenantRecord.state != "gone")
)


def tenant_of(request: Request) -> Tenant | None:
    """The tenant of the request's host; on the apex host, under /api/v1, of the token or the asking app; else None."""
    host = request.host.rpartition(":")[0] if ":" in request.host else request.host
    host = host.lower().rstrip(".")
    if host == current_app.extensions["polydesk_config"].apex:
        slug = _named(request) if request.path.startswith("/api/v1/") else None
        return find_tenant(slug) if slug else None
    row = db.session.scalar(_BY_HOST, {"host": host})
    return row.value() if row else None


def _named(request: Request) -> str | None:
    """The tenant that a token names, or that an app's identifier does where it asks for one."""
    token = TOKEN.fullmatch(request.headers.get("Authorization", "").strip())
    if token:
        return token.group(1).lower()
    return slug_of_client(asking_client()) if request.path.startswith(PROTOCOL) else None
