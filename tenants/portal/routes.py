"""Every page of the portal, as one list for tenants.hooks."""

from __future__ import annotations

from typing import cast

from flask import Flask

from core.host import offer_portal
from tenants.portal import home, lookup, my, submit, track
from tenants.portal.layout import frame

home.blueprint.record(lambda state: offer_portal(cast("Flask", state.app), frame))

BLUEPRINTS = [
    home.blueprint,
    submit.blueprint,
    track.blueprint,
    lookup.blueprint,
    my.blueprint,
]
