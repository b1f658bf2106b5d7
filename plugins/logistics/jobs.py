"""The plugin's work by the clock: polled carriers are asked, exceptions are looked for."""

from __future__ import annotations

from core.sdk import Job
from plugins.logistics.carriers import poll
from plugins.logistics.detector import detect

JOBS = [
    Job("logistics.poll", "logistics.job.poll", poll, cron="*/10 * * * *"),
    Job("logistics.detect", "logistics.job.detect", detect, cron="*/10 * * * *"),
]
