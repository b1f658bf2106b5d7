"""The clocks of a ticket, moved in the transaction of the event that moves them."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from core import definitions
from core.actors import SYSTEM
from core.clock import now
from core.db import db
from core.events import Event, EventRow, emit
from core.sla import clock as pure
from core.sla import events as facts
from core.sla.calendar import NeverOpens
from core.sla.choosing import Choice, choose, facts_of, holds, target_of
from core.sla.ladder import next_step, take_steps
from core.sla.models import ClockInterval, ClockRow, TicketPolicy, ticket_model
from core.sla.rows import OPEN, keep, promise_of, value_of
from core.sla.wake import denormalise, wake_later
from core.tenancy import current_tenant

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from uuid import UUID

    from core.declarations import Metric, Trigger
    from core.timers import Timer
