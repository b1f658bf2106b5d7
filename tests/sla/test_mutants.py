"""Wrong clocks, made by one changed line: golden cases or the oracle must notice each."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from core.sla import calendar, clock
from tests.sla.cases import REAL, Case, cases, disagreement
from tests.sla.golden import DUE, GOLDEN, moment

MUTANTS = {
    "a window's end counts too": (
        calendar,
        "min(end, closes))",
        "min(end, closes + 1))",
    ),
    "summer time is ignored": (calendar, "if before == behind:", "if before is not None:"),
    "listed days are ignored": (calendar, "self.days.get(ordinal, ", "self.days.get(None, "),
    "only the first window opens": (
        calendar,
        "self.windows(local_day + _EPOCH_ORDINAL)",
        "self.windows(local_day + _EPOCH_ORDINAL)[:1]",
    ),
    "due is already late": (clock, "at > clock.due_at", "at >= clock.due_at"),
    "a pause counts": (
        clock,
        '_counted(clock, at) if clock.state == "running" else 0\n    interval',
        "_counted(clock, at)\n    interval",
    ),
    "reopening forgets": (
        clock,
        "replace(clock, finished_at=None,",
        "replace(clock, finished_at=None, elapsed=0,",
    ),
    "a new target forgets": (
        clock,
        "        promise=promise,\n",
        "        promise=promise,\n        elapsed=0,\n",
    ),
}


def mutant(module: ModuleType, old: str, new: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The module with one line changed, under another name."""
    source = Path(str(module.__file__)).read_text(encoding="utf-8")
    assert source.count(old) == 1, old
    changed = ModuleType(f"mutant_{module.__name__.rpartition('.')[2]}")
    monkeypatch.setitem(sys.modules, changed.__name__, changed)
    exec(compile(source.replace(old, new), changed.__name__, "exec"), changed.__dict__)  # noqa: S102  our own source
    return changed


def broken_golden(code: SimpleNamespace) -> list[str]:
    """Which golden cases the code gets wrong."""
    counted = [
        why
        for why, given_calendar, zone, start, end, seconds in GOLDEN
        if code.calendar.seconds_between(
            given_calendar, moment(start, zone), moment(end, zone), zone
        )
        != seconds
    ]
    due = [
        why
        for why, given_calendar, zone, start, seconds, due in DUE
        if code.clock.fulfil(
            _started(code, given_calendar, zone, start, seconds), moment(due, zone)
        ).clock.outcome
        != "met"
    ]
    return (
        counted
        + [f"answered in the last second: {why}" for why in due]
        + [
            why
            for why, given_calendar, zone, start, seconds, due in DUE
            if code.calendar.add_seconds(given_calendar, moment(start, zone), seconds, zone)
            != moment(due, zone)
        ]
    )


def _started(code: SimpleNamespace, given_calendar, zone: str, start: str, seconds: int):
    promise = code.clock.Promise(calendar=given_calendar, timezone=zone, target=seconds)
    return code.clock.start(promise, moment(start, zone))


def broken_cases(code: SimpleNamespace, most: int) -> int:
    """How many of `most` random cases tell another story."""
    found = []

    @seed(7)
    @settings(
        max_examples=most,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate,),
    )
    @given(case=cases())
    def look(case: Case) -> None:
        if disagreement(case, code):
            found.append(case)

    look()
    return len(found)


@pytest.mark.parametrize("name", MUTANTS)
def test_a_mutant_is_caught(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    module, old, new = MUTANTS[name]
    changed = mutant(module, old, new, monkeypatch)
    code = SimpleNamespace(calendar=calendar, clock=changed)
    if module is calendar:
        monkeypatch.setattr(clock, "business", changed)
        code = SimpleNamespace(calendar=changed, clock=clock)
    golden = broken_golden(code)
    # the walk takes seconds: it is for those that no typed case can name
    walked = 0 if golden else broken_cases(code, 400)
    print(f"{name}: {len(golden)} golden, {walked} of 400 random cases")  # noqa: T201  the figure is the point
    assert golden or walked, "nobody noticed"
    assert golden or module is clock


def test_the_real_code_is_not_caught() -> None:
    assert broken_golden(REAL) == []
    assert broken_cases(REAL, 100) == 0
