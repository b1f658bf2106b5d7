"""The installation's own host: health, and in demo mode the list of tenants with their sign-ins."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import Blueprint, jsonify

from core.host import db
from core.sdk import PUBLIC, page

blueprint = Blueprint("apex", __name__, template_folder="templates")


@blueprint.get("/livez")
@page(PUBLIC)
def livez() -> Any:
    """The process answers."""
    return jsonify(status="ok")


@blueprint.get("/readyz")
@page(PUBLIC)
def readyz() -> Any:
    """The database answers."""
    db.session.scalar(sa.select(sa.literal(1)))
    return jsonify(status="ok")
