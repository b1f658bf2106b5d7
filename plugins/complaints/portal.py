"""What customers are told in advance (CH-02): how to complain, the way it takes, the time limits, the appeal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.sdk import (
    PUBLIC,
    Block,
    Card,
    PortalPage,
    definition,
    duration,
    portal_page,
    settings,
    text,
)
from plugins.complaints.promises import CRITICAL, POLICY
from plugins.complaints.workflow import NAME, STAGES

if TYPE_CHECKING:
    from core.sdk import Actor, SlaPolicy

ADDRESS = "/p/complaints/how"
# What a customer can wait for; the others are between colleagues.
TOLD = ("first_response", "complaints.plan", "progress", "resolution", "complaints.follow_up")


def how(_actor: Actor) -> str:
    """The page "how to complain"."""
    told = settings("complaints")
    return portal_page(
        "complaints/how.html",
        page_title=text("complaints.how.title"),
        submit_url=f"/submit/{NAME}",
        telephone=told["telephone"],
        channels=told["channels"],
        steps=[(text(stage.title), text(f"complaints.how.{stage.name}")) for stage in STAGES],
        limits=limits(),
        appeal_days=told["appeal_days"],
        silence_days=told["silence_days"],
    )


def limits() -> list[dict[str, str]]:
    """Each promise in words as the tenant's policies have it today, in general and for a critical complaint."""
    usual, critical = definition("policy", POLICY.name), definition("policy", CRITICAL.name)
    rows = [
        {
            "title": text(definition("metric", name).title),
            "usual": _limit(usual, name),
            "critical": _limit(critical, name),
        }
        for name in TOLD
    ]
    return [row for row in rows if row["usual"] or row["critical"]]


def _limit(policy: SlaPolicy, metric: str) -> str:
    found = (each for each in policy.targets if each.metric == metric and each.when is None)
    target = next(found, None)
    if target is None:
        return ""
    calendar = definition("calendar", target.calendar or policy.calendar)
    words: dict[str, Any] = {"time": duration(target.seconds), "calendar": text(calendar.title)}
    return text("complaints.how.limit", **words)


def card(_actor: Actor) -> list[Block]:
    """One line on the portal's home, and the way to the page."""
    return [
        Block("text", value=text("complaints.how.card")),
        Block("link", label="complaints.how.more", url=ADDRESS),
    ]


PAGES = [PortalPage("how", "complaints.how.title", how, PUBLIC, tile="help")]
CARDS = [Card("complaints.how", "complaints.how.title", card, icon="help")]
