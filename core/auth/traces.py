"""Who sent an unsafe request from where: kept for 90 days, then forgotten."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa
from flask import g

from core.actors import ANONYMOUS
from core.auth.models import BROWSER_LENGTH, IP_LENGTH, RequestLog
from core.clock import now
from core.db import aside, db
from core.tenancy import current_tenant, tenant_or_none
from core.timers import Timer, register_timer, set_timer

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Request

KEPT = timedelta(days=90)
SWEEP_EVERY = timedelta(days=1)
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def note_request(request: Request, status: int) -> None:
    """Keep a line about an unsafe request of the current tenant; written aside."""
    if request.method in SAFE or tenant_or_none() is None:
        return
    actor = g.get("actor", ANONYMOUS)
    rule = request.url_rule.rule if request.url_rule else ""
    row = {
        "request_id": g.get("request_id", ""),
        "actor_kind": actor.kind,
        "actor_id": actor.id,
        "method": request.method,
        "route": rule[:200],
        "status": status,
        "ip": (request.remote_addr or "")[:IP_LENGTH],
        "browser": request.user_agent.string[:BROWSER_LENGTH],
    }
    aside(lambda: db.session.add(RequestLog(**row)))


_sweeps: list[Callable[[], None]] = []


def sweep_daily(forget: Callable[[], None]) -> None:
    """Let a room above forget its own old rows of the current tenant, once a day; saying it twice is once."""
    if forget not in _sweeps:
        _sweeps.append(forget)


def connect() -> None:
    """Hang the daily sweep on its timer."""
    register_timer("auth.forget_traces", _sweep)


def start_sweeping() -> None:
    """Set the current tenant's first sweep."""
    set_timer(
        "auth.forget_traces",
        ("tenant", current_tenant().id),
        now() + SWEEP_EVERY,
        "auth.forget_traces",
    )


def forget_old_traces() -> None:
    """Drop lines older than 90 days."""
    db.session.execute(sa.delete(RequestLog).where(RequestLog.at < now() - KEPT))


def _sweep(timer: Timer) -> None:  # noqa: ARG001
    forget_old_traces()
    for forget in _sweeps:
        forget()
    start_sweeping()
