"""What the macros cannot say in Jinja: colours by name, how states, priorities and clocks look."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from zlib import crc32

from core.i18n import duration, text

AVATAR_COLORS = 6
PLUGIN_COLORS = "abcdefgh"
PRIORITIES = {
    "critical": ("alert-circle", "prio-urgent"),
    "urgent": ("chevrons-up", "prio-high"),
    "normal": ("minus", "prio-norm"),
}
STATUSES = {
    "new": "st-new",
    "open": "st-open",
    "waiting": "st-wait",
    "resolved": "st-done",
    "closed": "st-hold",
}
SLA_ICONS = {
    "ok": "clock",
    "warn": "alarm",
    "breach": "alert-triangle",
    "paused": "player-pause",
    "met": "circle-check",
    "late": "circle-check",
    "none": "ban",
}


@dataclass(frozen=True)
class Look:
    """An icon, a class and the words that go with them: colour never stands alone."""

    icon: str
    css: str
    words: str


def avatar_color(name: str) -> int:
    """The same person, the same colour: 1 to 6."""
    return crc32(name.encode()) % AVATAR_COLORS + 1


def initial(name: str) -> str:
    """The letter in a round avatar: a Chinese family name, or the first letter of another."""
    return name.strip()[:1].upper() or "?"


def plugin_color(name: str) -> str:
    """The same plugin, the same tile: a to h."""
    return PLUGIN_COLORS[crc32(name.encode()) % len(PLUGIN_COLORS)]


def priority_look(priority: str) -> Look:
    """How a priority looks."""
    name = priority if priority in PRIORITIES else "normal"
    return Look(*PRIORITIES[name], text(f"ui.priority.{name}"))


def status_look(status: str) -> Look:
    """How a status looks; the dot's shape differs besides its colour."""
    name = status if status in STATUSES else "open"
    return Look("", STATUSES[name], text(f"ui.status.{name}"))


def sla_look(kind: str, seconds: float = 0) -> Look:
    """How a clock looks; `seconds` are left (ok, warn), over (breach), or used (met, late)."""
    name = kind if kind in SLA_ICONS else "ok"
    return Look(SLA_ICONS[name], f"sla-{name}", text(f"ui.sla.{name}", time=duration(seconds)))


def percent(value: Any) -> int:
    """A share between 0 and 1 as whole percent, kept within bounds."""
    return round(100 * min(max(float(value or 0), 0.0), 1.0))
