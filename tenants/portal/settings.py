"""What a tenant says of itself on its portal: name, colour, telephone, hours and promises."""

from __future__ import annotations

import re
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate

from core.host import settings
from core.sdk import NotFound

OWNER = "tenants"
COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
READABLE = 4.5
NEARLY_BLACK = 0.04045


def _words(title: str) -> Any:
    """Words per locale, as every text that a tenant enters."""
    return fields.Dict(
        keys=fields.String(validate=validate.Length(max=16)),
        values=fields.String(validate=validate.Length(max=300)),
        load_default=dict,
        metadata={"title": f"portal.settings.{title}"},
    )


def contrast_with_white(colour: str) -> float:
    """The contrast of white text on `colour` (WCAG 2)."""
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [
        part / 12.92 if part <= NEARLY_BLACK else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 1.05 / (0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] + 0.05)


def _readable(colour: str) -> None:
    if colour and (not COLOUR.fullmatch(colour) or contrast_with_white(colour) < READABLE):
        raise ValidationError("portal.settings.error.colour")


class PortalSettings(Schema):
    """The portal's settings; a colour that white text cannot be read on is refused."""

    portal_title = _words("portal_title")
    colour = fields.String(
        load_default="", validate=_readable, metadata={"title": "portal.settings.colour"}
    )
    icon = fields.String(load_default="building-community", validate=validate.Length(max=40))
    telephone = fields.String(load_default="", validate=validate.Length(max=40))
    hours = _words("hours")
    promise = _words("promise")


def portal_settings() -> dict[str, Any]:
    """The tenant's settings, or the defaults."""
    try:
        return settings.get(OWNER)
    except NotFound:
        empty: dict[str, Any] = PortalSettings().load({})
        return empty


def brand_sheet(colour: str) -> str:
    """The three variables of the portal's style that belong to the tenant."""
    dark = _mixed(colour, 0, 0.22)
    soft = _mixed(colour, 255, 0.9)
    return f":root{{--brand:{colour};--brand-dark:{dark};--brand-soft:{soft}}}\n"


def _mixed(colour: str, other: int, share: float) -> str:
    parts = [int(colour[start : start + 2], 16) for start in (1, 3, 5)]
    return "#" + "".join(f"{round(part + (other - part) * share):02x}" for part in parts)
