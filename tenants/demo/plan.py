"""The plan of the demonstration: who brings which matter, and when each step of it happens (pure)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from itertools import zip_longest
from random import Random
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

from tenants.demo import routes
from tenants.demo.stories import tell

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tenants.demo.routes import Route
    from tenants.demo.stories import Company, Story

SEED = 20_260_101
DAYS = 90
OPENS, CLOSES = time(9, 0), time(17, 55)
BRISK, USUAL, SLOW = 1, 2, 8
PACES = (BRISK, BRISK, BRISK, BRISK, BRISK, BRISK, USUAL, SLOW)
QUICK = (2, 6)

# Minutes before each step, at the briskest pace: a brisk complaint has its plan within the hour.
MINUTES = {
    "open": (0, 0), "assign": (2, 4), "accept": (2, 5), "decline": (5, 12), "reply": (2, 6),
    "acknowledge": (1, 2), "answer": (2, 6), "note": (1, 3), "assess": (1, 3), "uphold": (1, 3),
    "reject": (8, 16), "conclude": (5, 9), "propose_plan": (3, 6), "return_plan": (20, 60),
    "return_to_investigation": (20, 60), "reinvestigate": (10, 40), "approve_plan": (15, 50),
    "accept_plan": (30, 200), "decline_plan": (30, 200), "start": (5, 30), "done": (120, 300),
    "progress": (200, 500), "work_done": (60, 160), "tell_desk": (10, 70), "ask_confirmation": (5, 20),
    "report_result": (8, 40),
    "confirm_result": (40, 600), "dispute_result": (100, 900), "follow_up": (60, 400), "close": (10, 90),
    "appeal": (1000, 4000), "grant_appeal": (600, 2000), "dismiss_appeal": (600, 2000),
    "refer": (300, 2000), "close_final": (300, 2000), "hand_over": (10, 30), "accept_handover": (5, 20),
    "tell_result": (10, 40), "take_back": (60, 300), "wait_customer": (10, 40), "wait_third_party": (10, 40),
    "customer_back": (60, 900), "resume": (300, 1500), "resolve": (60, 300), "reopen": (900, 4000),
    "resolve_again": (100, 500), "cancel": (15, 90), "withdraw": (30, 300), "merge": (5, 20),
}  # fmt: skip
TIMELY = {"appeal", "reopen"}
APPEAL_WINDOW, SILENCE = (15 * 1440 + 60, 17 * 1440), (7 * 1440 + 60, 9 * 1440)
"""What the procedure waits for, in minutes: the appeal window of a refusal, the silence of a customer."""


class Step(NamedTuple):
    """One thing that happens at one time."""

    at: datetime
    ticket: int
    order: int
    verb: str


class Draft(NamedTuple):
    """A ticket before its words and times: `again` when its story was told before."""

    complaint: bool
    route: Route
    story: Story
    again: bool


@dataclass(frozen=True, kw_only=True)
class Matter:
    """One ticket of the plan; `customer` is the place of who brings it, `parent` of what it is merged into."""

    index: int
    complaint: bool
    story: Story
    customer: int
    route: Route
    parent: int | None
    steps: tuple[Step, ...]

    @property
    def opened_at(self) -> datetime:
        """When it begins."""
        return self.steps[0].at


def make_plan(told: Company, now: datetime, *, tickets: int | None = None) -> list[Matter]:
    """Every ticket of a company but those its industry's plugin tells: `tickets` or as many as its file says."""
    drafts = _spread(_drafts(told), tickets or told.about["tickets"])
    parent = _parent(drafts)
    zone = ZoneInfo(told.timezone)
    return [
        _matter(index, _joined(draft, drafts[parent]), told, parent, (now, zone))
        for index, draft in enumerate(drafts)
    ]


def _matter(
    index: int, draft: Draft, told: Company, parent: int, when: tuple[datetime, ZoneInfo]
) -> Matter:
    chance = Random(f"{SEED}-{told.slug}-{index}")  # noqa: S311  a plan, no secret
    now, zone = when
    return Matter(
        index=index,
        complaint=draft.complaint,
        story=tell(draft.story, told, chance, again=draft.again),
        customer=(index * 7) % len(told.customers),
        route=draft.route,
        parent=parent if _merges(draft.route) else None,
        steps=_schedule(index, draft.route, now, zone, chance),
    )


def timeline(plan: Sequence[Matter]) -> list[Step]:
    """Every step of every ticket in the order of time."""
    return sorted(step for matter in plan for step in matter.steps)


def _drafts(told: Company) -> list[Draft]:
    chance = Random(f"{SEED}-{told.slug}")  # noqa: S311  a plan, no secret
    upheld = _cycle([s for s in told.complaints if "measures" in s], chance)
    refused = _cycle([s for s in told.complaints if "measures" not in s], chance)
    ordinary = _cycle(list(told.tickets), chance)
    complaints = [
        Draft(True, route, *next(upheld if route.upheld else refused))  # noqa: FBT003
        for route in routes.COMPLAINTS
        for _ in range(route.times)
    ]
    tickets = [
        Draft(False, route, *next(ordinary))  # noqa: FBT003
        for route in routes.TICKETS
        for _ in range(route.times)
    ]
    return complaints + tickets


def _cycle(stories: list[Story], chance: Random) -> Iterator[tuple[Story, bool]]:
    again = False
    while True:
        for story in chance.sample(stories, len(stories)):
            yield story, again
        again = True


def _spread(drafts: list[Draft], count: int) -> list[Draft]:
    """`count` of them: what others are merged into, then every ending, the longest ways first."""
    parent = _parent(drafts)
    firsts: dict[tuple[bool, str], int] = {}
    for place, draft in enumerate(drafts):
        firsts.setdefault((draft.complaint, draft.route.ends), place)
    both = [
        sorted(
            (place for (kind, _), place in firsts.items() if kind is wanted),
            key=lambda place: -len(drafts[place].route.steps),
        )
        for wanted in (True, False)
    ]
    turns = [place for pair in zip_longest(*both) for place in pair if place is not None]
    order = dict.fromkeys([parent, *turns, *range(len(drafts))])
    return [drafts[place] for place in sorted(list(order)[:count])]


def _parent(drafts: list[Draft]) -> int:
    """The ticket that duplicates are merged into: one that has been in work since before they came."""
    return next(
        place
        for place, draft in enumerate(drafts)
        if draft.route.ends == "in_progress" and draft.route.ago == routes.LATE
    )


def _joined(draft: Draft, parent: Draft) -> Draft:
    """A duplicate tells the story of its parent in other words."""
    return draft._replace(story=parent.story, again=True) if _merges(draft.route) else draft


def _merges(route: Route) -> bool:
    return route.steps.endswith("merge")


def _schedule(
    index: int, route: Route, now: datetime, zone: ZoneInfo, chance: Random
) -> tuple[Step, ...]:
    """Times that end `route.ago` before now, backwards; all but the last lie within working hours."""
    verbs = route.steps.split()
    pace = chance.choice(PACES)
    waits = [_wait(verbs, place, pace, chance) for place in range(len(verbs))]
    last = now - timedelta(hours=_ago(route, sum(waits), chance))
    if route.ago == routes.PAST:
        last = _working(last, zone, chance)
    at, steps = last, []
    for place in reversed(range(len(verbs))):
        steps.append(Step(at, index, place, verbs[place]))
        earlier = at - timedelta(minutes=waits[place])
        at = min(
            _working(earlier, zone, chance), at - timedelta(seconds=chance.randint(*QUICK) * 9)
        )
    return tuple(reversed(steps))


def _ago(route: Route, minutes: float, chance: Random) -> float:
    """Hours before now; what took long may not begin before the ninety days."""
    low, high = route.ago
    room = (DAYS - 4) * routes.DAY - minutes / 60 * 1.6
    return chance.uniform(low, max(low, min(high, room)))


def _wait(verbs: list[str], place: int, pace: int, chance: Random) -> float:
    verb, before = verbs[place], verbs[:place]
    refused = "reject" in before and not {"dismiss_appeal", "grant_appeal"} & set(before)
    if refused and verb in {"close", "close_not_upheld"}:
        return chance.uniform(*APPEAL_WINDOW)
    if verb == "close_no_reply":
        return chance.uniform(*SILENCE)
    low, high = MINUTES[verb]
    return chance.uniform(low, high) * (1 if verb in TIMELY else pace)


def _working(at: datetime, zone: ZoneInfo, chance: Random) -> datetime:
    """`at`, or the working time before it when it falls into a night: the desks are staffed every day."""
    local = at.astimezone(zone)
    if local.time() < OPENS:
        local = _evening(local - timedelta(days=1), chance)
    elif local.time() > CLOSES:
        local = _evening(local, chance)
    return local.astimezone(at.tzinfo)


def _evening(day: datetime, chance: Random) -> datetime:
    late = timedelta(minutes=chance.randint(0, 90), seconds=chance.randint(0, 59))
    return datetime.combine(day.date(), CLOSES, day.tzinfo) - late
