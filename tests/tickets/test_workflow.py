"""The engine alone: what is offered, what a move asks, and which graphs stop the start."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from core.actors import SYSTEM, Actor, Reach
from core.catalog import Catalog
from core.contributions import Guard
from core.declarations import (
    Field,
    Form,
    State,
    TicketType,
    Transition,
    Workflow,
)
from core.errors import Invalid, NotOffered, Problem, StaleVersion, StartupError, VersionMissing
from core.plugins import catalog
from core.tickets.declared import WORKFLOWS
from core.tickets.events import TicketClosed
from core.tickets.moving import check_graphs
from core.tickets.workflow import Known, Toolbox, check_workflow, move, offered

TICKET = WORKFLOWS[0]
AGENT = Actor(kind="user", grants={"ticket:write": Reach.TEAM})
READER = Actor(kind="user", grants={"ticket:read": Reach.ALL})
CUSTOMER = Actor(kind="contact", grants={"matter:accept": Reach.OWN})
LOOKER = Actor(kind="contact", grants={"matter:look": Reach.OWN})


@dataclass
class Thing:
    """Anything with a state and a version."""

    state: str
    version: int = 1


REASON = Form("reason", "", (Field("why", "text", "Why", required=True),))
TOOLS = Toolbox(
    guards={
        "has_category": Guard("has_category", lambda _s, _a, _w: []),
        "may_reopen": Guard("may_reopen", lambda _s, _a, _w: []),
        "never": Guard("never", lambda _s, _a, _w: [Problem(field="x", message="no")]),
    },
    form=lambda name: {
        "resolution": Form("resolution", "", (Field("solution", "text", "S", required=True),)),
        "cancellation": REASON,
        "withdrawal": Form("withdrawal", "", ()),
    }[name],
)
ANSWERS = {"resolution": {"solution": "done"}, "cancellation": {"why": "x"}}


def test_what_is_offered_depends_on_state_kind_and_right():
    names = {t.name for t in offered("new", TICKET, AGENT)}
    assert names == {"open", "start", "resolve", "cancel"}
    assert {t.name for t in offered("new", TICKET, CUSTOMER)} == {"withdraw"}
    assert {t.name for t in offered("resolved", TICKET, CUSTOMER)} == {"close", "reopen"}
    assert offered("new", TICKET, READER) == ()
    assert offered("new", TICKET, LOOKER) == ()
    assert "merge" not in {t.name for t in offered("open", TICKET, SYSTEM)}


def test_a_move_asks_version_offer_form_and_guard_in_this_order():
    way = Transition("go", "", ("a",), "b", guards=("never",), form="cancellation")
    flow = Workflow("w", "", "a", (State("a", "", "new"), State("b", "", "open")), (way,))
    thing = Thing("a")

    def go(name, answers, version, actor=AGENT, workflow=flow):
        return move(
            thing, name, answers, actor=actor, workflow=workflow, version=version, tools=TOOLS
        )

    with pytest.raises(VersionMissing):
        go("go", {}, None)
    with pytest.raises(StaleVersion):
        go("go", {}, 7)
    with pytest.raises(NotOffered):
        go("gone", {}, 1)
    with pytest.raises(Invalid) as form:
        go("go", {}, 1)
    assert [p.field for p in form.value.problems] == ["form.why"]
    with pytest.raises(Invalid) as guard:
        go("go", {"why": "so"}, 1)
    assert [p.field for p in guard.value.problems] == ["x"]
    assert thing == Thing("a", 1), "a refused move changes nothing"
    free = replace(flow, transitions=(replace(way, guards=()),))
    done = go("go", {"why": "so"}, 1, workflow=free)
    assert (done.source.name, done.target.name, done.answers) == ("a", "b", {"why": "so"})
    assert thing == Thing("b", 2)


def test_answers_to_a_transition_without_a_form_are_refused():
    with pytest.raises(Invalid) as refused:
        move(Thing("new"), "open", {"a": 1}, actor=AGENT, workflow=TICKET, version=1, tools=TOOLS)
    assert refused.value.problems[0].field == "form.a"


KNOWN = Known(
    forms={"reason"},
    guards={"never"},
    events={"ticket.closed": TicketClosed},
    permissions={"ticket:write"},
)
GOOD = Workflow(
    "w",
    "",
    "a",
    (State("a", "", "new"), State("b", "", "closed")),
    (Transition("go", "", ("a",), "b", guards=("never",), form="reason", event="ticket.closed"),),
)


def _with(**changes) -> Workflow:
    return replace(GOOD, transitions=(replace(GOOD.transitions[0], **changes),))


@pytest.mark.parametrize(
    ("broken", "word"),
    [
        (replace(GOOD, initial="z"), "'z'"),
        (replace(GOOD, states=(*GOOD.states, State("c", "", "open"))), "c cannot be reached"),
        (replace(GOOD, states=(*GOOD.states, State("a", "", "open"))), "a stands twice"),
        (replace(GOOD, states=(State("a", "", "new", "nowhere"), GOOD.states[1])), "nowhere"),
        (replace(GOOD, transitions=(*GOOD.transitions, GOOD.transitions[0])), "go stands twice"),
        (_with(sources=("q",)), "source 'q'"),
        (_with(sources=()), "leads from nowhere"),
        (_with(target="q"), "target 'q'"),
        (_with(form="q"), "form 'q'"),
        (_with(guards=("q",)), "guard 'q'"),
        (_with(event="q.q"), "event 'q.q'"),
        (_with(permission="q:q"), "permission 'q:q'"),
    ],
)
def test_a_broken_graph_is_named(broken, word):
    assert check_workflow(GOOD, KNOWN) == []
    assert any(word in fault for fault in check_workflow(broken, KNOWN))


def test_every_declared_graph_makes_sense(context):
    found = catalog()
    assert "ticket" in found.shelf("workflow")
    check_graphs(found)


def test_the_start_stops_at_a_broken_graph_and_names_its_owner():
    found = Catalog()
    found.put("workflow", "crafts.w", replace(GOOD, name="crafts.w"), "crafts")
    with pytest.raises(StartupError, match=r"crafts.w of crafts: .*guard 'never'"):
        check_graphs(found)
    typed = Catalog()
    typed.put(
        "ticket_type", "crafts.t", TicketType("crafts.t", "", form="", workflow="gone"), "crafts"
    )
    with pytest.raises(StartupError, match=r"crafts.t names the workflow 'gone'"):
        check_graphs(typed)


# Typed by hand from the table of standards §2.1 (ST-T): {(where, what): where to}, for staff and for customers.
STAFF = {
    ("new", "open"): "open",
    **dict.fromkeys([("new", "start"), ("open", "start")], "in_progress"),
    **dict.fromkeys(
        [(s, "wait_customer") for s in ("open", "in_progress", "waiting_third_party")],
        "waiting_customer",
    ),
    **dict.fromkeys(
        [(s, "wait_third_party") for s in ("open", "in_progress", "waiting_customer")],
        "waiting_third_party",
    ),
    ("waiting_customer", "resume"): "in_progress",
    ("waiting_third_party", "resume"): "in_progress",
    **{
        (s, name): target
        for s in ("new", "open", "in_progress", "waiting_customer", "waiting_third_party")
        for name, target in (("resolve", "resolved"), ("cancel", "cancelled"))
    },
    ("resolved", "close"): "closed",
    ("resolved", "reopen"): "in_progress",
    ("closed", "reopen"): "in_progress",
}
CUSTOMERS = {
    ("resolved", "close"): "closed",
    ("resolved", "reopen"): "in_progress",
    ("closed", "reopen"): "in_progress",
    **{
        (s, "withdraw"): "cancelled"
        for s in ("new", "open", "in_progress", "waiting_customer", "waiting_third_party")
    },
}


class Walk(RuleBasedStateMachine):
    """Whatever is tried in whatever order, only what the table says happens, and versions count it."""

    def __init__(self) -> None:
        super().__init__()
        self.thing, self.taken = Thing("new"), 0

    @rule(
        name=st.sampled_from([t.name for t in TICKET.transitions]),
        actor=st.sampled_from([AGENT, CUSTOMER]),
    )
    def step(self, name, actor):
        table = STAFF if actor is AGENT else CUSTOMERS
        expected = table.get((self.thing.state, name))
        form = next(t.form for t in TICKET.transitions if t.name == name)
        call = partial(
            move, self.thing, name, ANSWERS.get(form, {}),
            actor=actor, workflow=TICKET, version=self.thing.version, tools=TOOLS,
        )  # fmt: skip
        if expected is None:
            with pytest.raises(NotOffered):
                call()
            return
        assert call().target.name == expected
        self.taken += 1
        assert self.thing.state == expected

    @invariant()
    def nothing_else_moves(self):
        assert self.thing.version == 1 + self.taken
        offers = {t.name for t in offered(self.thing.state, TICKET, AGENT)}
        assert offers == {name for state, name in STAFF if state == self.thing.state}


TestWalk = Walk.TestCase
TestWalk.settings = settings(max_examples=200, stateful_step_count=30, deadline=None)
