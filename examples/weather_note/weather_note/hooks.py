"""A box beside each ticket: the usual weather of the month it was opened in, at the company's place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from marshmallow import Schema, fields, validate

from core.sdk import Block, Panel, Plugin, hookimpl, local_time, settings, text

if TYPE_CHECKING:
    from core.sdk import Actor, Ticket

plugin = Plugin("weather_note", "weather_note.title", summary="weather_note.summary", icon="cloud")

# place -> twelve months of [coldest, warmest, sky]: monthly means in degrees Celsius
WEATHER = json.loads(Path(__file__).with_name("weather.json").read_text(encoding="utf-8"))


class WeatherSettings(Schema):
    """Where the company is."""

    place = fields.String(
        load_default="hangzhou",
        validate=validate.OneOf(list(WEATHER), [f"weather_note.place.{name}" for name in WEATHER]),
        metadata={"title": "weather_note.place"},
    )


def weather(ticket: Ticket | None, actor: Actor) -> list[Block]:
    """The usual weather when the ticket was opened; whoever sees the ticket may see it."""
    if ticket is None:
        return []
    place = settings("weather_note")["place"]
    coldest, warmest, sky = WEATHER[place][local_time(ticket.opened_at).month - 1]
    rows = (
        ("weather_note.place", text(f"weather_note.place.{place}")),
        ("weather_note.sky", text(f"weather_note.sky.{sky}")),
        ("weather_note.degrees", text("weather_note.from_to", low=coldest, high=warmest)),
    )
    return [Block("rows", items=rows)]


@hookimpl
def register_settings() -> list[type[Schema]]:
    """The place."""
    return [WeatherSettings]


@hookimpl
def register_panels() -> list[Panel]:
    """The box."""
    title = "weather_note.panel"
    return [Panel("weather_note.weather", "ticket", title, weather, "ticket:read", icon="cloud")]
