"""The demonstration: estates with homes and residents, contractors, and repairs in every state of ST-W."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property, partial
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from PIL import Image, ImageDraw

from core.sdk import (
    Contact,
    NewTicket,
    Reach,
    Ticket,
    contact_actor,
    current_tenant,
    db,
    get_contact,
    local_time,
    now,
    open_ticket,
    play,
    points_of,
    staff,
    store_upload,
    text,
)
from plugins.property_mgmt import contractors, estates, imports, orders
from plugins.property_mgmt.example_routes import MINUTES, ROUTES
from plugins.property_mgmt.forms import CATEGORY_OF
from plugins.property_mgmt.models import Contractor, Resident, TicketUnit, Unit
from plugins.property_mgmt.workflow import APPROVE, APPROVE_ABOVE, REPAIR, WRITE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from core.sdk import Actor, Tenant, VirtualClock
    from plugins.property_mgmt.work_models import WorkOrder

DATA = Path(__file__).parent / "data"
GRANTS = dict.fromkeys(("matter:read", "matter:message", "matter:accept"), Reach.OWN)
SETTLED = 90
BY_PHONE = 4
VULNERABLE = 11


def seed(tenant: Tenant, clock: VirtualClock) -> None:
    """Fill a company that data/<slug>.json tells of; one that has estates is complete."""
    told = DATA / f"{tenant.slug}.json"
    if not told.is_file() or estates.estates():
        return
    scene = Scene(json.loads(told.read_text(encoding="utf-8")))
    scene.settle()
    play(clock, scene.steps(clock.at))


@dataclass
class Scene:
    """A company's people and homes, and its repairs as they happen."""

    told: dict[str, Any]
    homes: list[tuple[Unit, Resident]] = field(default_factory=list)
    tickets: dict[int, Ticket] = field(default_factory=dict)

    @cached_property
    def supervisor(self) -> Actor:
        """Approves what stays within the limit."""
        found = staff(APPROVE)
        return next((actor for actor in found if not actor.can(APPROVE_ABOVE)), found[0])

    @cached_property
    def manager(self) -> Actor:
        """Approves what is above it."""
        return staff(APPROVE_ABOVE)[0]

    @cached_property
    def agents(self) -> list[Actor]:
        """Who triages and dispatches."""
        return [actor for actor in staff(WRITE) if not actor.can(APPROVE)] or staff(WRITE)

    @cached_property
    def pictures(self) -> dict[str, bytes]:
        """What a contractor's camera sees, once per tone."""
        return {
            name: _picture(tone) for name, tone in (("before", "#b9c3c9"), ("after", "#d9e6df"))
        }

    # --- who is there -----------------------------------------------------------------------------

    def settle(self) -> None:
        """Homes and residents by one import, contractors by hand; known customers live there too."""
        imports.read_now("homes.csv", self._csv())
        for row in self.told["contractors"]:
            contractors.add_contractor(row["name"], row["phone"], row["trades"], actor=self.manager)
        # What follows reads the rows that were just made.
        db.session.flush()
        self._remember()
        self._link_known()

    def _csv(self) -> bytes:
        out = io.StringIO()
        writer = csv.DictWriter(out, imports.COLUMNS)
        writer.writeheader()
        people = list(self._people())
        lines = list(self._lines())
        spread = max(1, len(lines) // len(people))
        for index, line in enumerate(lines):
            place, rest = divmod(index, spread)
            who = people[place] if rest == 0 and place < len(people) else {}
            writer.writerow({**line, **who})
        return out.getvalue().encode()

    def _people(self) -> Iterator[dict[str, str]]:
        """The customers that the company has already, then people of its estates."""
        known = db.session.scalars(
            sa.select(Contact)
            .where(Contact.verified_at.is_not(None), Contact.merged_into.is_(None))
            .order_by(Contact.id)
            .limit(SETTLED)
        ).all()
        points = points_of([contact.id for contact in known])
        for index, contact in enumerate(known):
            phone = next((p.value for p in points[contact.id] if p.kind == "phone"), "")
            role = ("owner", "owner", "tenant")[index % 3]
            yield {
                "resident": contact.display_name,
                "role": role,
                "phone": phone,
                "moved_in": "2021-05-01",
            }
        for index in range(30):
            yield {
                "resident": self._name(index),
                "role": "owner",
                "phone": self.told["phone"].format(n=index + 100),
                "moved_in": f"20{15 + index % 10}-0{1 + index % 9}-15",
            }

    def _name(self, index: int) -> str:
        surnames, given = self.told["surnames"], self.told["given"]
        one, other = surnames[index * 7 % len(surnames)], given[index * 5 % len(given)]
        return f"{one}{other}" if current_tenant().locale == "zh-CN" else f"{other} {one}"

    def _lines(self) -> Iterator[dict[str, Any]]:
        for estate in self.told["estates"]:
            places = product(
                estate["buildings"],
                range(1, estate["entrances"] + 1),
                range(1, estate["floors"] + 1, estate["step"]),
                range(1, estate["homes"] + 1),
            )
            areas = estate["area"]
            for count, (name, entrance, floor, home) in enumerate(places):
                number = estate["number"].format(entrance=entrance, floor=floor, home=home)
                yield {
                    "estate": estate["code"],
                    "estate_name": estate["name"],
                    "building": name,
                    "building_name": estate["building"].format(n=name),
                    "unit": number,
                    "floor": floor,
                    "area_m2": areas[count % len(areas)],
                    "kind": estate.get("kind", "home"),
                    "status": ("occupied", "occupied", "let", "vacant")[count % 4],
                }

    def _remember(self) -> None:
        """Grades and addresses of the estates, who needs care, and the homes that repairs come from."""
        for estate in estates.estates():
            row = next(each for each in self.told["estates"] if each["code"] == estate.code)
            change = {"address": row["address"], "service_grade": row["grade"]}
            estates.change(estate, change, version=estate.version, actor=self.manager)
        rows = db.session.scalars(sa.select(Resident).order_by(Resident.id)).all()
        for index, resident in enumerate(rows):
            if index % VULNERABLE == 0:
                resident.vulnerable = True
        self.homes = [(estates.unit_of(row.unit_id), row) for row in rows]

    def _link_known(self) -> None:
        """The company's earlier tickets are about the homes of whoever brought them."""
        homes = {resident.contact_id: unit.id for unit, resident in self.homes}
        rows = db.session.execute(
            sa.select(Ticket.id, Ticket.contact_id).where(Ticket.contact_id.in_(homes))
        ).all()
        for ticket_id, contact_id in rows:
            unit_id = homes[contact_id] if contact_id else None
            db.session.add(TicketUnit(ticket_id=ticket_id, unit_id=unit_id, known_by="contact"))

    # --- what happens -----------------------------------------------------------------------------

    def steps(self, present: datetime) -> Iterator[tuple[datetime, Callable[[], None]]]:
        """Every repair, move by move, at its time; the last one happens before the present."""
        for index, (hours, path) in enumerate(ROUTES):
            begun = present - timedelta(hours=hours)
            yield begun, partial(self._open, index)
            wanted = [MINUTES[name] for name in path]
            shorter = min(1.0, 0.92 * hours * 60 / max(sum(wanted), 1))
            passed = 0.0
            for place, name in enumerate(path):
                passed += wanted[place] * shorter
                yield begun + timedelta(minutes=passed), partial(self._move, index, name)

    def _story(self, index: int) -> dict[str, Any]:
        found: dict[str, Any] = self.told["repairs"][index % len(self.told["repairs"])]
        return found

    def _open(self, index: int) -> None:
        story = self._story(index)
        unit, resident = self.homes[index * 3 % len(self.homes)]
        contact = get_contact(resident.contact_id)
        phone = next(
            (p.value for p in points_of([contact.id])[contact.id] if p.kind == "phone"), ""
        )
        by_phone = index % BY_PHONE == 0
        actor = self._agent(index) if by_phone else contact_actor(contact, {})
        trade = text(f"property_mgmt.trade.{story['trade']}")
        place = estates.place(unit.id)
        new = NewTicket(
            type=REPAIR,
            subject=text("property_mgmt.portal.subject", trade=trade, place=place),
            description=story["words"],
            contact_id=contact.id,
            channel="phone" if by_phone else "web",
            category=CATEGORY_OF[story["trade"]],
            language=current_tenant().locale,
            team_id=min(self._agent(index).team_ids, default=None),
            form={
                "unit": unit.code,
                "trade": story["trade"],
                "description": story["words"],
                "location": story["location"],
                "visit_on": (local_time(now()) + timedelta(days=1)).date().isoformat(),
                "visit_window": ("morning", "afternoon", "evening", "any")[index % 4],
                "name": contact.display_name,
                "phone": phone,
            },
        )
        self.tickets[index] = open_ticket(new, actor=actor)

    def _agent(self, index: int) -> Actor:
        return self.agents[index % len(self.agents)]

    def _move(self, index: int, name: str) -> None:
        order = orders.orders_at([self.tickets[index].id])[-1]
        actor = self._mover(index, name, order)
        given = self._answers(index, name, actor)
        orders.take(order.id, name, given, actor=actor, version=order.version)

    def _mover(self, index: int, name: str, order: WorkOrder) -> Actor:
        if name in {"sign", "rate", "reopen"}:
            contact = get_contact(self.homes[index * 3 % len(self.homes)][1].contact_id)
            return contact_actor(contact, GRANTS, ticket_id=order.ticket_id)
        if name in {"approve", "return_quote"}:
            return self.manager if index % 3 == 0 else self.supervisor
        if name in orders.CONTRACTOR:
            return contractors.speaks_as(self._firm(order))
        return self._agent(index)

    def _firm(self, order: WorkOrder) -> Contractor:
        if order.contractor_id is not None:
            found: Contractor = estates.row_of(Contractor, order.contractor_id)
            return found
        return contractors.contractors(trade=order.trade)[0]

    def _answers(self, index: int, name: str, actor: Actor) -> dict[str, Any]:
        story, said, money = self._story(index), self.told["said"], self.told["currency"]
        amount = {"amount": max(story["cost"], 5000), "currency": money}
        answers: dict[str, dict[str, Any]] = {
            "triage": {
                "trade": story["trade"],
                "priority": ("normal", "normal", "urgent")[index % 3],
                "task": story["task"],
            },
            "quote": {"amount": amount, "payer": ("company", "resident")[index % 2]},
            "wait_parts": {
                "said": said["wait_parts"],
                "until": local_time(now()).date().isoformat(),
            },
            "verify": {"given_by": "phone", "said": said["verify"]},
            "rate": {
                "speed": "5",
                "effect": str(3 + index % 3),
                "attitude": "5",
                "words": said["words"],
            },
        }
        if name == "dispatch":
            return {"contractor": str(contractors.contractors(trade=story["trade"])[0].id)}
        if name == "sign":
            return {"signature": {"typed_name": actor.name}, "words": ""}
        if name == "finish":
            return self._finished(index, actor, story)
        if name in {"reject", "return_quote", "recall", "decline", "reopen", "cancel"}:
            return {"said": said[name]}
        return answers.get(name, {})

    def _finished(self, index: int, actor: Actor, story: dict[str, Any]) -> dict[str, Any]:
        shot = store_upload(self.pictures["after"], f"after-{index}.jpg", actor=actor)
        cost = {"amount": story["cost"], "currency": self.told["currency"]}
        found = {"result": story["result"], "photos": [str(shot.id)], "cost": cost}
        return found | ({"parts": story["parts"]} if story["parts"] else {})


def _picture(tone: str) -> bytes:
    """A plain view of a pipe under a sink."""
    shot = Image.new("RGB", (480, 360), tone)
    pen = ImageDraw.Draw(shot)
    pen.rectangle((40, 40, 440, 120), fill="#8a949c")
    pen.rectangle((210, 120, 260, 300), fill="#c98a3d")
    pen.ellipse((180, 280, 290, 340), fill="#5d6a75")
    out = io.BytesIO()
    shot.save(out, "JPEG", quality=70)
    return out.getvalue()
