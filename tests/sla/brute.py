"""The oracle: it walks step by step, asks a wall clock at each, and shares no code with core."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from core.declarations import Calendar


@dataclass
class Walk:
    """What the walk saw: for each step whether business was open, by the wall clock of the zone."""

    begin: int
    step: int
    open_steps: list[bool] = field(default_factory=list)

    def moment(self, number: int) -> datetime:
        return datetime.fromtimestamp(self.begin + number * self.step, UTC)


@dataclass
class Story:
    """A clock as the walk tells it, in numbers of steps."""

    target: int
    warn_after: int
    state: str = "running"
    elapsed: int = 0
    due: int | None = None
    warn: int | None = None
    overdue_since: int | None = None
    warned_since: int | None = None


def walk(calendar: Calendar, zone: str, begin: int, step: int, count: int) -> Walk:
    """Read the wall clock `count` times."""
    walked = Walk(begin, step)
    place = ZoneInfo(calendar.timezone or zone)
    read, see = datetime.fromtimestamp, walked.open_steps.append
    day, minutes = 0, set[int]()
    for second in range(begin, begin + count * step, step):
        wall = read(second, place)
        if wall.day != day:
            day, minutes = wall.day, _open_minutes(calendar, wall.strftime("%Y-%m-%d"), wall)
        see(wall.hour * 60 + wall.minute in minutes)
    return walked


def _open_minutes(calendar: Calendar, today: str, wall: datetime) -> set[int]:
    windows = calendar.hours[int(wall.strftime("%u")) - 1]
    for day in calendar.days:
        if day.date == today:
            windows = day.windows
    found = set()
    for begin, end in windows:
        begin_hour, begin_minute = begin.split(":")
        end_hour, end_minute = end.split(":")
        found |= set(
            range(int(begin_hour) * 60 + int(begin_minute), int(end_hour) * 60 + int(end_minute))
        )
    return found


def tell(walked: Walk, story: Story, plan: dict[int, list[tuple[str, int, int]]]) -> Story:
    """Live through the walk: at each step first what happens, then one step of time."""
    _look_ahead(story, 0)
    for now, is_open in enumerate([*walked.open_steps, False]):
        if story.due is not None or story.warn is not None:
            _notice(story, now)
        if now in plan:
            for name, target, warn_after in plan[now]:
                _happen(story, now, name, target, warn_after)
            _look_ahead(story, now)
        if is_open and story.state == "running":
            story.elapsed += 1
            _look_ahead(story, now + 1)
    return story


def _notice(story: Story, now: int) -> None:
    """What lies strictly behind is written down, for a clock that runs."""
    if story.state != "running":
        return
    if story.warn is not None and story.warned_since is None and now > story.warn:
        story.warned_since = story.warn
    if story.due is not None and story.overdue_since is None and now > story.due:
        story.overdue_since = story.due


def _look_ahead(story: Story, at: int) -> None:
    if story.state != "running":
        return
    if story.warn is None and story.elapsed >= story.warn_after:
        story.warn = at
    if story.due is None and story.elapsed >= story.target:
        story.due = at


def _happen(story: Story, now: int, name: str, target: int, warn_after: int) -> None:
    if name == "pause" and story.state == "running":
        story.state = "paused"
        story.due, story.warn = story.overdue_since, story.warned_since
    elif (name == "resume" and story.state == "paused") or (
        name == "reopen" and story.state == "done"
    ):
        story.state = "running"
        story.due, story.warn = story.overdue_since, story.warned_since
    elif name == "fulfil" and story.state != "done":
        story.state = "done"
    elif name == "retarget" and story.state != "done":
        story.target, story.warn_after = target, warn_after
        if story.elapsed < target:
            story.overdue_since = None
        if story.elapsed < warn_after:
            story.warned_since = None
        story.due, story.warn = story.overdue_since, story.warned_since
