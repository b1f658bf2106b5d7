"""The stories of the demonstration: read from data files, their blanks filled for one ticket."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from random import Random

DATA = Path(__file__).parent / "data"
SLUGS = ("jinlan", "shenghe", "xunda", "northgate")
AGENT = "agent"
BLANK = re.compile(r"\{(\w+)\}")
Story = dict[str, Any]


@dataclass(frozen=True)
class Company:
    """One tenant of the demonstration as its files describe it."""

    slug: str
    about: dict[str, Any]
    customers: tuple[dict[str, str], ...]
    complaints: tuple[Story, ...]
    tickets: tuple[Story, ...]
    phrases: dict[str, Any]

    @property
    def locale(self) -> str:
        """The language that it is served in."""
        return str(self.about["locale"])

    @property
    def timezone(self) -> str:
        """Where it is."""
        return str(self.about["timezone"])


@cache
def company(slug: str) -> Company:
    """The company of that slug, read once."""
    home = DATA / slug
    about = _read(home / "tenant.json")
    return Company(
        slug=slug,
        about=about,
        customers=tuple(_read(home / "customers.json")),
        complaints=tuple(_read(home / "complaints.json")),
        tickets=tuple(_read(home / "tickets.json")),
        phrases=_read(DATA / f"phrases.{about['locale']}.json"),
    )


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def tell(story: Story, told: Company, chance: Random, *, again: bool) -> Story:
    """The story with its blanks filled but for the agent's name.

    Told `again`, another customer says it in a frame of his own.
    """
    chosen = _choose(story, told.about["words"], chance)
    filled: Story = fill({key: value for key, value in story.items() if key != "choices"}, chosen)
    if again:
        opening, closing = (chance.choice(told.about[key]) for key in ("openings", "closings"))
        filled["body"] = _join(told.locale, opening, filled["body"], closing)
    filled["place"] = chosen.get("home") or chosen.get("building") or chosen.get("place") or ""
    return filled


def _choose(story: Story, words: Mapping[str, list[str]], chance: Random) -> dict[str, str]:
    """A word for every blank; a story's own lists go together, item by item."""
    chosen = {name: chance.choice(words[name]) for name in sorted(words)}
    own: dict[str, list[str]] = story.get("choices", {})
    if own:
        draw = chance.randrange(min(len(values) for values in own.values()))
        chosen |= {name: values[draw] for name, values in own.items()}
    return chosen


def fill(value: Any, words: Mapping[str, str]) -> Any:
    """`value` with every known blank filled, however deep; unknown ones stay for later."""
    if isinstance(value, str):
        return BLANK.sub(lambda found: words.get(found[1], found[0]), value)
    if isinstance(value, list):
        return [fill(item, words) for item in value]
    if isinstance(value, dict):
        return {key: fill(item, words) for key, item in value.items()}
    return value


def _join(locale: str, *parts: str) -> str:
    return ("" if locale == "zh-CN" else " ").join(parts)
