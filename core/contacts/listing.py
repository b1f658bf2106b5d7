"""Pages of contacts for the API."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from core.contacts.models import Contact
from core.contacts.service import contact_by_external, masked_view, points_of, search_contacts
from core.db import db


def contacts(query: dict[str, Any]) -> dict[str, Any]:
    """The page that a ContactQuery asks for, with the cursor of the next one."""
    limit = query["limit"]
    if "external_id" in query:
        found = contact_by_external(query["external_source"], query["external_id"])
        return _page([found] if found else [], None)
    if query.get("q"):
        return _page(search_contacts(query["q"], limit=limit), None)
    rows = sa.select(Contact).where(Contact.merged_into.is_(None)).order_by(Contact.id)
    if "cursor" in query:
        rows = rows.where(Contact.id > query["cursor"])
    page = list(db.session.scalars(rows.limit(limit + 1)))
    more = len(page) > limit
    return _page(page[:limit], str(page[limit - 1].id) if more else None)


def _page(rows: list[Contact], following: str | None) -> dict[str, Any]:
    points = points_of([row.id for row in rows])
    return {"items": [masked_view(row, points[row.id]) for row in rows], "next": following}
