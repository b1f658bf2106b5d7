"""What this room declares to the Catalog, and what it carries."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from core.clock import now
from core.contributions import DataClass, Job
from core.db import transaction
from core.declarations import Permission
from core.jobs import Carrier, register_carrier
from core.webhooks.events import EVENTS
from core.webhooks.sending import carry, plan
from core.webhooks.service import forget

if TYPE_CHECKING:
    from core.work import JobRun

__all__ = ["DATA_CLASSES", "EVENTS", "JOBS", "PERMISSIONS", "connect"]

KEPT = timedelta(days=30)

PERMISSIONS = [Permission("webhook:write", "webhooks.permission.write", {"admin": "all"})]
DATA_CLASSES = [DataClass("webhook_log", "webhooks.data.log", ("webhook_attempt",), 30)]


def forget_old(_run: JobRun) -> None:
    """Drop the log of attempts and finished deliveries after 30 days (model.md §4)."""
    with transaction():
        forget(now() - KEPT)


JOBS = [Job("webhooks.forget", "webhooks.job.forget", forget_old, cron="17 3 * * *")]


def connect() -> None:
    """Carry deliveries to webhooks from the relay on."""
    register_carrier("webhook", Carrier(plan, carry))
