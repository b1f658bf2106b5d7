"""A small desk for stories about clocks: wall times in Shanghai, one ticket, people who act on it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from flask import current_app

from core import timers
from core.actors import OPERATOR, SYSTEM, Actor
from core.auth.service import actor_for, create_user
from core.auth.teams import create_department, create_team
from core.clock import VirtualClock
from core.db import db, transaction
from core.events import EventRow, emit
from core.sla.models import ClockInterval, ClockRow
from core.sla.reading import ClockView, clocks_of
from core.tenancy import Tenant
from core.tickets import service
from core.tickets.models import Ticket
from tests.sla.golden import SHANGHAI, moment


def at(text: str) -> datetime:
    """A wall time of November 2026 in Shanghai: "16 10:00" is a Monday."""
    return moment(f"2026-11-{text}", SHANGHAI)


@dataclass
class Desk:
    """Who works here, the virtual clock, and the last ticket that was opened."""

    tenant: Tenant
    clock: VirtualClock
    people: dict[str, Actor] = field(default_factory=dict)
    places: dict[str, UUID] = field(default_factory=dict)
    ticket_id: UUID | None = None

    def until(self, text: str) -> Desk:
        """Let time pass, firing timers on the way, but for the tenant's own jobs."""
        timers.run_until(self.clock, at(text), housekeeping=False)
        return self

    def jump(self, text: str) -> Desk:
        """Let time pass while nobody sweeps the timers."""
        self.clock.set(at(text))
        return self

    def open(self, **more: Any) -> UUID:
        new = {"type": "problem", "subject": "Lift", "description": "It stands.", "form": {}} | more
        new.setdefault("team_id", self.places["team"])
        actor = self.people[new.pop("by", "agent")]
        with transaction():
            self.ticket_id = service.open_ticket(service.NewTicket(**new), actor=actor).id
        return self.ticket_id

    def do(self, verb: str, *args: Any, by: str = "agent", **more: Any) -> Any:
        """A use case of tickets at the ticket's present version."""
        if verb not in {"post_message", "recall_message", "report_work"}:
            more["version"] = self.ticket.version
        with transaction():
            return getattr(service, verb)(self.ticket_id, *args, actor=self.people[by], **more)

    def say(self, body: str = "We look into it.", **more: Any) -> Any:
        return self.do("post_message", body, **more)

    def emit(self, event: Any, by: Actor = SYSTEM) -> EventRow:
        """An event from a room that is not there yet."""
        with transaction():
            return emit(event, subject=("ticket", self.ticket_id), actor=by)

    def next_request(self) -> Desk:
        """What was configured takes effect: a request reads the tenant's config_version anew."""
        current_app.extensions["polydesk_definitions"].clear()
        return self

    @property
    def ticket(self) -> Ticket:
        return db.session.get_one(Ticket, (self.tenant.id, self.ticket_id))

    def clocks(self, metric: str = "") -> list[ClockView]:
        """Oldest first."""
        found = sorted(clocks_of(self.ticket_id), key=lambda view: (view.metric, view.round))
        return [view for view in found if metric in {"", view.metric}]

    def one(self, metric: str) -> ClockView:
        """The last round of a metric's clock."""
        return self.clocks(metric)[-1]

    def said(self, *types: str) -> list[EventRow]:
        """Events of the ticket, oldest first."""
        rows = sa.select(EventRow).where(EventRow.subject_id == self.ticket_id)
        if types:
            rows = rows.where(EventRow.type.in_(types))
        return list(db.session.scalars(rows.order_by(EventRow.id)))

    def row(self, metric: str) -> ClockRow:
        """The clock as stored."""
        found = sa.select(ClockRow).where(
            ClockRow.ticket_id == self.ticket_id, ClockRow.metric == metric
        )
        return db.session.scalars(found.order_by(ClockRow.round.desc())).first()

    def intervals(self, metric: str) -> list[ClockInterval]:
        found = sa.select(ClockInterval).where(ClockInterval.clock_id == self.row(metric).id)
        return list(db.session.scalars(found.order_by(ClockInterval.started_at)))


def staffed(tenant: Tenant, clock: VirtualClock) -> Desk:
    """A desk with an agent, an owner and a supervisor in one team, and a department beside it."""
    desk = Desk(tenant, clock)
    with transaction():
        office = create_department("office", {"en": "Office"}, actor=OPERATOR)
        repair = create_department("repair", {"en": "Repair"}, actor=OPERATOR)
        team = create_team("desk", {"en": "Desk"}, office.id, actor=OPERATOR)
        desk.places |= {"office": office.id, "repair": repair.id, "team": team.id}
        for name, role in (("agent", "admin"), ("owner", "admin"), ("supervisor", "supervisor")):
            user = create_user(
                f"{name}@example.org", name.title(), roles=(role,), teams=(team.id,), actor=OPERATOR
            )
            desk.people[name] = actor_for(user)
    return desk
