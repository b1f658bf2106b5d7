"""Any order of what people and time do to a ticket leaves clocks that replay to the same."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import HealthCheck, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from core import timers
from core.sla.verify import verify
from tests.sla.desk import Desk

RESOLUTION = {"solution": "Done.", "feedback": "Fine."}
MINUTES = st.sampled_from((1, 7, 23, 30, 31, 90, 240, 1440, 4321))


def machine_at(desk: Desk, lives: list[int]) -> type[RuleBasedStateMachine]:  # noqa: C901  one rule a verb
    """What may happen to the desk's ticket."""

    class Machine(RuleBasedStateMachine):
        @initialize(priority=st.sampled_from(("normal", "urgent", "critical")))
        def open(self, priority: str) -> None:
            desk.open(priority=priority, category="lift")
            self.ended = False

        @rule(minutes=MINUTES)
        def time_passes(self, minutes: int) -> None:
            timers.run_until(
                desk.clock,
                desk.clock.at + timedelta(minutes=minutes, microseconds=7),
                housekeeping=False,
            )

        @rule(minutes=MINUTES)
        def time_passes_unswept(self, minutes: int) -> None:
            desk.clock.advance(timedelta(minutes=minutes))

        @rule(visibility=st.sampled_from(("public", "internal")))
        def say(self, visibility: str) -> None:
            desk.say(visibility=visibility)

        @rule()
        def say_and_recall(self) -> None:
            message = desk.say()
            desk.clock.advance(timedelta(seconds=3))
            desk.do("recall_message", message.id)

        @rule(who=st.sampled_from(("owner", "supervisor")))
        def assign(self, who: str) -> None:
            desk.do("assign", desk.people[who].id)

        @precondition(lambda self: desk.ticket.assignee_id == desk.people["owner"].id)
        @rule()
        def accept(self) -> None:
            desk.do("accept", by="owner")

        @precondition(lambda self: desk.ticket.status in {"new", "open", "waiting"})
        @rule(priority=st.sampled_from(("normal", "urgent", "critical")))
        def change_priority(self, priority: str) -> None:
            desk.do("patch_ticket", {"priority": priority})

        @precondition(lambda self: desk.ticket.state in {"open", "in_progress"})
        @rule()
        def wait(self) -> None:
            desk.do("move_ticket", "wait_customer", {})

        @precondition(lambda self: desk.ticket.status == "waiting")
        @rule()
        def resume(self) -> None:
            desk.do("move_ticket", "resume", {})

        @precondition(lambda self: desk.ticket.status in {"new", "open", "waiting"})
        @rule()
        def resolve(self) -> None:
            desk.do("move_ticket", "resolve", RESOLUTION)

        @precondition(lambda self: desk.ticket.status == "resolved")
        @rule()
        def reopen(self) -> None:
            desk.do("move_ticket", "reopen", {})

        def teardown(self) -> None:
            if desk.ticket_id is None:
                return
            lives.append(len(desk.said()))
            found = verify()
            assert found.green, [str(difference) for difference in found.differences]
            timers.run_until(desk.clock, desk.clock.at + timedelta(days=9), housekeeping=False)
            assert verify().green
            open_due = [
                v.due_at for v in desk.clocks() if v.state in {"running", "paused"} and v.due_at
            ]
            assert desk.ticket.due_at == min(open_due, default=None)

    return Machine


def test_any_order_of_events_replays_to_the_same(desk: Desk) -> None:
    lives: list[int] = []
    machine = machine_at(desk, lives)
    seed(20_261_121)(machine)
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=20,
            stateful_step_count=18,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    print(f"{len(lives)} lives of a ticket, {sum(lives)} events")  # noqa: T201  the figure
    assert len(lives) >= 20
