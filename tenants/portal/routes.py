"""Every page of the portal, as one list for tenants.hooks."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from core.host import offer_portal
from tenants.portal import home, lookup, my, submit, track
from tenants.portal.layout import frame

if TYPE_CHECKING:
    from flask import Flask

home.blueprint.record(lambda state: offer_portal(cast("Flask", state.app), frame))

BLUEPRINTS = [
    home.blueprint,
    submit.blueprint,
    track.blueprint,
    lookup.blueprint,
    my.blueprint,
]
