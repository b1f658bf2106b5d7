"""Clocks as rows: which promise runs on which ticket, the intervals that explain it, and the policy chosen."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, UtcDateTime
from core.tenancy import TenantKeyed, TenantScoped, tenant_foreign_key


@lru_cache(maxsize=1)
def ticket_model() -> Any:
    """The class of table `ticket`: tickets live a floor above and are known here by name alone."""
    return next(
        mapper.class_
        for mapper in Base.registry.mappers
        if isinstance(mapper.local_table, sa.Table) and mapper.local_table.name == "ticket"
    )


class TicketPolicy(TenantKeyed, Base):
    """The policy that a ticket got ("" = none fits) and why.

    `resting` says whether the ticket's state lets pausable clocks rest, `breaches` counts its
    broken promises, `wake_at` is when something happens next without anybody doing it.
    """

    __tablename__ = "ticket_policy"
    __table_args__ = (tenant_foreign_key("ticket", "ticket_id"),)
    ticket_id: Mapped[UUID] = mapped_column(primary_key=True)
    policy: Mapped[str] = mapped_column(sa.String(120), default="")
    policy_version: Mapped[str] = mapped_column(sa.String(16), default="")
    chosen_by: Mapped[str] = mapped_column(sa.String(16), default="")
    chosen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    resting: Mapped[bool] = mapped_column(default=False)
    breaches: Mapped[int] = mapped_column(default=0)
    wake_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class ClockRow(TenantScoped, Base):
    """A promise on a ticket, with the versions that it is counted by; see core.sla.clock.Clock.

    `round` numbers the clocks of one metric on a ticket. `ended_by` is the event that ended it, of
    type `ended_on`. `steps` has a bit for each step of the ladder that was taken.
    """

    __tablename__ = "clock"
    __table_args__ = (
        tenant_foreign_key("ticket", "ticket_id"),
        tenant_foreign_key("event", "ended_by"),
        sa.UniqueConstraint("tenant_id", "ticket_id", "metric", "round"),
        sa.Index("ix_clock_metric", "tenant_id", "metric", "started_at"),
        sa.Index("ix_clock_ended_by", "tenant_id", "ended_by"),
    )
    ticket_id: Mapped[UUID]
    metric: Mapped[str] = mapped_column(sa.String(120))
    metric_version: Mapped[str] = mapped_column(sa.String(16))
    round: Mapped[int]
    policy: Mapped[str] = mapped_column(sa.String(120))
    policy_version: Mapped[str] = mapped_column(sa.String(16))
    calendar: Mapped[str] = mapped_column(sa.String(120))
    calendar_version: Mapped[str] = mapped_column(sa.String(16))
    timezone: Mapped[str] = mapped_column(sa.String(64))
    target: Mapped[int]
    reason: Mapped[str] = mapped_column(sa.String(16))
    state: Mapped[str] = mapped_column(sa.String(16))
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    since: Mapped[datetime] = mapped_column(UtcDateTime)
    elapsed: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    warn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    warned_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    breached_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_by: Mapped[UUID | None]
    ended_on: Mapped[str] = mapped_column(sa.String(120), default="")
    steps: Mapped[int] = mapped_column(default=0)


class ClockInterval(TenantScoped, Base):
    """A closed stretch in which a clock ran or rested; `seconds` is what it added to the elapsed."""

    __tablename__ = "clock_interval"
    __table_args__ = (
        tenant_foreign_key("clock", "clock_id"),
        sa.Index("ix_clock_interval_clock", "tenant_id", "clock_id", "started_at"),
    )
    clock_id: Mapped[UUID]
    kind: Mapped[str] = mapped_column(sa.String(16))
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime] = mapped_column(UtcDateTime)
    seconds: Mapped[int]
