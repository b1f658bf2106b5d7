"""REST: /api/v1/contacts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import flask
from flask import g, request
from flask_smorest import Blueprint

from core.contacts import listing, privacy, service
from core.contacts.points import PointIn
from core.contacts.schemas import (
    ContactBody,
    ContactList,
    ContactOut,
    ContactPatch,
    ContactQuery,
    ErasureBody,
    PersonOut,
    PointBody,
    PointOut,
    RevealBody,
    RevealedOut,
)
from core.errors import NotFound
from core.web import endpoint

if TYPE_CHECKING:
    from uuid import UUID

    from core.contacts.models import Contact

blueprint: flask.Blueprint = Blueprint(
    "api_contacts", __name__, url_prefix="/contacts", description="Customers"
)


@blueprint.get("")
@endpoint("contact:read", query=ContactQuery, returns=ContactList)
def list_contacts(query: dict[str, Any]) -> dict[str, Any]:
    """Contacts, oldest first; `q` searches names and points."""
    return listing.contacts(query)


@blueprint.post("")
@endpoint("contact:write", body=ContactBody, returns=ContactOut, status=201)
def create_contact(body: dict[str, Any]) -> Any:
    """Create a contact."""
    source, external_id = body["external_source"], body["external_id"]
    contact = service.create_contact(
        body["display_name"],
        points=[PointIn(**point) for point in body["points"]],
        locale=body["locale"],
        timezone=body["timezone"],
        external=(source, external_id) if external_id else None,
        actor=g.actor,
    )
    return _answer(contact)


@blueprint.get("/<uuid:contact_id>")
@endpoint("contact:read", returns=ContactOut)
def read_contact(contact_id: UUID) -> Any:
    """Read a contact; a merged one answers with the contact that it became."""
    return _answer(service.get_contact(contact_id))


@blueprint.patch("/<uuid:contact_id>")
@endpoint("contact:write", body=ContactPatch, returns=ContactOut, headers=("If-Match",))
def change_contact(contact_id: UUID, body: dict[str, Any]) -> Any:
    """Change a contact at the version named by If-Match."""
    return _answer(service.update_contact(contact_id, body, version=_version(), actor=g.actor))


@blueprint.post("/<uuid:contact_id>/points")
@endpoint("contact:write", body=PointBody, returns=PointOut, status=201)
def add_point(contact_id: UUID, body: dict[str, Any]) -> Any:
    """Add a contact point."""
    return service.masked_point(service.add_point(contact_id, PointIn(**body), actor=g.actor))


@blueprint.post("/<uuid:contact_id>/points/<uuid:point_id>/reveal")
@endpoint("contact:reveal", body=RevealBody, returns=RevealedOut)
def reveal_point(contact_id: UUID, point_id: UUID, body: dict[str, Any]) -> Any:
    """Show the full value of a point; who looked and why is kept."""
    if service.get_point(point_id).contact_id != service.get_contact(contact_id).id:
        raise NotFound(f"no point {point_id} of this contact")
    value = service.reveal_point(point_id, actor=g.actor, reason=body["reason"])
    return {"id": point_id, "value": value}


@blueprint.get("/<uuid:contact_id>/export")
@endpoint("contact:export", returns=PersonOut)
def export_person(contact_id: UUID) -> dict[str, Any]:
    """Give out everything kept about a customer; 503 when a plugin cannot tell its part."""
    return privacy.export_person(contact_id, actor=g.actor)


@blueprint.post("/<uuid:contact_id>/erasure")
@endpoint("contact:erase", body=ErasureBody, returns=ContactOut)
def erase_person(contact_id: UUID, body: dict[str, Any]) -> Any:
    """Overwrite a customer's data everywhere, once its name was typed; 503 when a plugin cannot, and all stays."""
    return _answer(privacy.erase_person(contact_id, body["confirm"], actor=g.actor))


def _answer(contact: Contact) -> Any:
    return service.masked_view(contact), {"ETag": f'"{contact.version}"'}


def _version() -> int | None:
    match = re.fullmatch(r'(?:W/)?"?(\d+)"?', request.headers.get("If-Match", "").strip())
    return int(match.group(1)) if match else None
