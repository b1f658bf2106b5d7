"""What exists of complaints in a world of the habits: one complaint, as its customer sent it."""

from __future__ import annotations

from uuid import UUID

from core.db import transaction

PUBLIC = {"portal_page_complaints_how.show"}


def values(world):
    """The complaint, for the routes that ask for one."""
    with transaction():
        complaint = world.open(
            "complaints.complaint", UUID(world.ids["contact_id"]), UUID(world.ids["team_id"]),
            name="Lin", phone="+8613800006021",
        )  # fmt: skip
    return {"complaints_api:ticket_id": str(complaint)}


def more(world):
    """Pages of a complaint that no rule names: its ticket, its register."""
    complaint = world.ids["complaints_api:ticket_id"]
    return [
        f"/desk/tickets/{complaint}",
        f"/desk/tickets/{complaint}/panels/complaints.summary",
        f"/desk/reports/complaints.register?ticket_id={complaint}",
        "/submit/complaints.complaint",
    ]
