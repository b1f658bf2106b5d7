"""Every page of the portal, as one list for tenants.hooks."""

from __future__ import annotations

from tenants.portal import home, lookup, my, submit, track

BLUEPRINTS = [
    home.blueprint,
    submit.blueprint,
    track.blueprint,
    lookup.blueprint,
    my.blueprint,
]
