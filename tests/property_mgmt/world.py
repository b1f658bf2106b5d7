"""What exists of property management in a world of the habits: a home, a resident, work in several states."""

from __future__ import annotations

import io
from uuid import UUID

from core.actors import OPERATOR, SYSTEM
from core.attachments import service as attachments
from core.contacts.points import PointIn
from core.contacts.service import create_contact
from core.db import db, transaction
from core.settings import save as save_settings
from core.tickets.visibility import get_ticket
from plugins.property_mgmt import contractors, effects, estates, imports, orders, photos, residents
from tests.habits.drawn import photo

CSV = b"estate,building,unit\nNG,1,101\nNG,1,\n"


def values(world):
    """The parameters of this plugin's routes."""
    with transaction():
        # letters speak the tenant's language, and pages are read in both
        save_settings("property_mgmt", {"tell_resident": False}, actor=OPERATOR)
        made = _homes(world.rightful_actor())
    with transaction():
        return made | _work(world)


def _homes(actor):
    estate = estates.add_estate({"code": "JL", "name": "Jinlan"}, actor=actor)
    building = estates.add_building({"estate_id": estate.id, "code": "3", "name": "3"}, actor=actor)
    unit = estates.add_unit({"building_id": building.id, "number": "1-1802"}, actor=actor)
    points = [PointIn("phone", "+8613800007777")]
    contact = create_contact("Mei", points=points, verified=True, actor=OPERATOR)
    db.session.flush()
    resident = residents.move_in(
        {"unit_id": unit.id, "contact_id": contact.id, "role": "owner"}, actor=actor
    )
    firm = contractors.add_contractor("Clear Pipes", "", ["water"], actor=actor)
    kept = imports.read_now("homes.csv", CSV)
    db.session.flush()
    return {
        "estate_id": str(estate.id),
        "building_id": str(building.id),
        "unit_id": str(unit.id),
        "resident_id": str(resident.id),
        "contractor_id": str(firm.id),
        "import_id": str(kept.id),
    }


def _work(world):
    """An order to sign, one on a contractor's phone, and a fresh one, at the world's own ticket."""
    ticket = get_ticket(UUID(world.ids["ticket_id"]), actor=SYSTEM)
    firm = contractors.all_contractors()[0]
    done, sent, fresh = (
        orders.new_order(ticket, trade="water", task="A leak", actor=SYSTEM) for _ in range(3)
    )
    for order in (done, sent):
        _take(order, "triage", trade="water", priority="normal", task="A leak")
        _take(order, "dispatch", contractor=str(firm.id))
    plumber = contractors.speaks_as(firm)
    shots = [
        attachments.store_upload(photo()[0].getvalue(), f"{n}.jpg", actor=plumber)
        for n in ("a", "b")
    ]
    db.session.flush()
    for name in ("accept", "arrive", "start"):
        _take(done, name)
    photos.keep_photos(done, [shots[0].id], "after", actor=plumber)
    photos.keep_photos(sent, [shots[1].id], "before", actor=plumber)
    _take(done, "finish", result="Mended")
    offer = effects.offers_of(sent)[-1]
    return {
        "work_order_id": str(fresh.id),
        "work_move": "triage",
        "position": str(done.position),
        "portal_page_property_mgmt_job_token_:token": contractors.job_path(offer).rpartition("/")[
            2
        ],
        f"{PICTURE}:token": contractors.job_path(offer).rpartition("/")[2],
        f"{PICTURE}:attachment_id": str(shots[1].id),
    }


def _take(order, name, **answers):
    orders.take(order.id, name, answers, actor=SYSTEM, version=None)


PICTURE = "portal_page_property_mgmt_job_token_picture_uuid_attachment_id_"
SIGN = "portal_page_property_mgmt_work_int_position_x_token_.show"
TRIAGE = {"trade": "water", "priority": "normal", "task": "A leak"}
REPORT = {
    "number": "1-1802", "trade": "water", "description": "It drips", "name": "Lin", "phone": "13800006021",
}  # fmt: skip
BODIES = {
    "property_mgmt_pages.take_move": lambda _world: TRIAGE,
    "property_mgmt_pages.make_order": lambda _world: TRIAGE,
    "property_mgmt_pages.set_ticket_unit": lambda world: {"unit": world.ids["unit_id"]},
    "property_mgmt_pages.add_estate": lambda _world: {"code": "NEW", "name": "New", "service_grade": "2"},
    "property_mgmt_pages.add_building": lambda _world: {"code": "9", "name": "9"},
    "property_mgmt_pages.add_unit": lambda _world: {"number": "9-901"},
    "property_mgmt_pages.change_unit": lambda _world: {"floor": "18"},
    "property_mgmt_pages.add_resident": lambda world: {
        "contact": world.ids["contact_id"], "role": "tenant", "who": None, "add": None,
    },
    "property_mgmt_pages.add_contractor": lambda _world: {"name": "Bright", "trades": "power"},
    "property_mgmt_pages.change_contractor": lambda _world: {"trades": "water", "active": "1"},
    "property_mgmt_pages.start_import": lambda _world: {"file": (io.BytesIO(CSV), "homes.csv")},
    "portal_page_property_mgmt_repair.show": lambda world: REPORT | {"building": world.ids["building_id"]},
    "portal_page_property_mgmt_job_token_.show": lambda _world: {"move": "accept", "photos": None},
    SIGN: lambda _world: {"signature-typed": "Lin", "signature": None},
    "property_mgmt_estates.create_estate": lambda _world: {"code": "API", "name": "By API"},
    "property_mgmt_units.create_unit": lambda world: {
        "building_id": world.ids["building_id"], "number": "9-902",
    },
    "property_mgmt_residents.create_resident": lambda world: {
        "unit_id": world.ids["unit_id"], "contact_id": world.ids["contact_id"], "role": "tenant",
    },
    "property_mgmt_residents.change_resident": lambda _world: {"vulnerable": True},
    "property_mgmt_work_orders.create_order": lambda world: {
        "ticket_id": world.ids["ticket_id"], "trade": "water", "task": "A leak",
    },
    "property_mgmt_work_orders.move_order": lambda _world: {
        "name": "triage", "form": TRIAGE, "version": 1,
    },
}  # fmt: skip
_HOMES = "/x/property_mgmt/estates"
_UNIT = "/x/property_mgmt/units/{unit_id}"
PAGES = {
    "property_mgmt_pages.take_move": "/x/property_mgmt/work-orders/{work_order_id}?move=triage",
    "property_mgmt_pages.set_ticket_unit": "/x/property_mgmt/tickets/{ticket_id}/unit?q=1-1802",
    "property_mgmt_pages.add_estate": f"{_HOMES}?add=estate",
    "property_mgmt_pages.add_building": _HOMES + "?add={estate_id}",
    "property_mgmt_pages.add_unit": _HOMES + "?add={building_id}",
    "property_mgmt_pages.change_unit": f"{_UNIT}?add=edit",
    "property_mgmt_pages.add_resident": f"{_UNIT}?add=resident&who=Lin",
    "property_mgmt_pages.move_out": _UNIT,
    "property_mgmt_pages.add_contractor": "/x/property_mgmt/contractors?edit=new",
    "property_mgmt_pages.change_contractor": "/x/property_mgmt/contractors?edit={contractor_id}",
}
ACTORS = dict.fromkeys(
    (
        "portal_page_property_mgmt_repair.show",
        "portal_page_property_mgmt_job_token_.show",
        f"{PICTURE}.show",
        SIGN,
    ),
    "nobody",
)
PUBLIC = set(ACTORS)
