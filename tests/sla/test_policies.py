"""Which policy a ticket gets and why, and what an edit changes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core import definitions
from core.bodies import to_body
from core.db import transaction
from core.declarations import (
    Calendar,
    CalendarDay,
    SlaPolicy,
    Target,
)
from core.errors import Conflict, Forbidden, Invalid
from core.sla import choosing, clocks, defaults, policies
from core.sla.verify import verify
from tests.sla.desk import Desk, at

STANDARD = defaults.DEFAULT_POLICY
NEVER = {"any": []}


def save(desk: Desk, policy: SlaPolicy, by: str = "agent") -> str:
    with transaction():
        version = policies.edit_policy(policy.name, to_body(policy), actor=desk.people[by])
    desk.next_request()
    return version


def only(seconds: int, **more) -> SlaPolicy:
    """The standard policy with one promise."""
    return replace(STANDARD, targets=(Target("first_response", seconds),), **more)


def test_an_edit_is_for_new_tickets_only(desk: Desk) -> None:
    old = desk.open()
    assert save(desk, only(600)) == "1+1"
    new = desk.open(subject="Another")
    assert (desk.one("first_response").target, desk.one("first_response").policy_version) == (
        600,
        "1+1",
    )
    desk.ticket_id = old
    desk.do("assign", desk.people["owner"].id)
    targets = {view.metric: (view.target, view.policy_version) for view in desk.clocks()}
    assert targets == {
        "first_response": (1800, "1"),
        "acceptance": (1800, "1"),
        "resolution": (86_400, "1"),
    }, "a clock that starts later follows the version the ticket was opened with"
    desk.do("patch_ticket", {"priority": "critical"})
    assert {view.policy_version for view in desk.clocks()} == {"1"}
    assert old != new


def test_recomputing_is_asked_for(desk: Desk) -> None:
    desk.open()
    save(desk, only(600))
    desk.until("16 10:05")
    with transaction():
        clocks.recompute(desk.ticket_id, actor=desk.people["agent"])
    assert (desk.one("first_response").target, desk.one("first_response").due_at) == (
        600,
        at("16 10:10"),
    )
    assert desk.one("resolution").outcome == "cancelled", "the new policy promises none"
    assert verify().green


def test_a_tenant_without_a_matching_policy_has_no_clock_and_says_so(desk: Desk) -> None:
    save(desk, replace(STANDARD, when=NEVER))
    desk.open()
    assert desk.clocks() == []
    assert (desk.ticket.due_at, desk.ticket.due_metric, desk.ticket.sla_state) == (None, "", "")
    why = policies.explain(desk.ticket_id)
    assert (why.policy, why.chosen_by, why.reason) == ("", "", "core.policy.none_reason")
    assert [(each.name, each.fits) for each in why.considered if each.name == "standard"] == [
        ("standard", False)
    ]
    desk.do("assign", desk.people["owner"].id)
    assert desk.clocks() == []
    assert verify().green


def test_the_first_policy_that_fits_wins_and_says_why(desk: Desk) -> None:
    hurry = SlaPolicy(
        "hurry", {"en": "Hurry"}, "always", (Target("first_response", 60),),
        when={"field": "priority", "is": "critical"}, reason={"en": "Critical"}, order=1,
    )  # fmt: skip
    save(desk, hurry)
    desk.open(priority="critical")
    why = policies.explain(desk.ticket_id)
    assert (why.policy, why.chosen_by, why.reason) == ("hurry", "condition", {"en": "Critical"})
    assert desk.one("first_response").calendar == "always"
    desk.open(priority="normal", subject="Another")
    assert policies.explain(desk.ticket_id).policy == "standard"
    desk.until("16 10:10").do("patch_ticket", {"priority": "critical"})
    moved = desk.one("first_response")
    assert (moved.policy, moved.target, moved.due_at) == ("hurry", 60, at("16 10:10"))
    assert desk.one("resolution").outcome == "cancelled"
    assert verify().green


def test_order_can_be_changed(desk: Desk) -> None:
    save(desk, replace(only(60, order=1), name="late"))
    names = [each.name for each in policies.list_policies()]
    assert names.index("late") < names.index("standard")
    turned = [name for name in names if name != "late"] + ["late"]
    with transaction():
        policies.reorder(turned, actor=desk.people["agent"])
    desk.next_request()
    assert [each.name for each in policies.list_policies()] == turned
    with pytest.raises(Invalid), transaction():
        policies.reorder(turned[:-1], actor=desk.people["agent"])


def test_changing_places_never_takes_back_what_somebody_has_just_edited(desk: Desk) -> None:
    save(desk, replace(only(60, order=1), name="late"))
    turned = [each.name for each in policies.list_policies()][::-1]
    agent = desk.people["agent"]
    with transaction():  # by somebody else: this request still has the old one before its eyes
        policies.edit_policy("late", to_body(replace(only(90, order=1), name="late")), actor=agent)
    with pytest.raises(Conflict), transaction():
        policies.reorder(turned, actor=agent)
    desk.next_request()
    assert definitions.get("policy", "late").targets[0].seconds == 90


def test_a_plugins_word_goes_first(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    save(desk, replace(only(60, order=5000), name="favour", when=NEVER))
    monkeypatch.setattr(
        choosing, "first", lambda hook, ticket: "favour" if ticket.channel == "web" else None
    )
    desk.open()
    assert policies.explain(desk.ticket_id).chosen_by == "plugin"
    assert desk.one("first_response").reason == "plugin"
    desk.open(channel="email", subject="Another")
    assert policies.explain(desk.ticket_id).chosen_by == "condition"


def test_a_type_may_name_its_own_policy(desk: Desk) -> None:
    save(desk, replace(only(120, order=1), name="problems"))
    kind = replace(definitions.get("ticket_type", "problem"), sla="problems")
    with transaction():
        definitions.edit("ticket_type", "problem", to_body(kind), actor=desk.people["agent"])
    desk.next_request().open()
    assert policies.explain(desk.ticket_id).chosen_by == "ticket_type"
    assert desk.one("first_response").target == 120
    desk.open(type="request", subject="Another", form={"kind": "other"})
    assert policies.explain(desk.ticket_id).policy == "standard", "it is that type's alone"


def test_trying_a_ticket_out(desk: Desk) -> None:
    found = policies.preview({"type": "problem", "priority": "critical", "channel": "web"})
    assert (found.policy, found.chosen_by) == ("standard", "condition")
    due = {promise.metric: promise.due_at for promise in found.promises}
    assert due["first_response"] == at("16 10:30")
    assert due["resolution"] == at("16 15:30")
    assert due["progress"] == at("17 10:00")
    desk.open(priority="critical")
    assert desk.one("resolution").due_at == due["resolution"], "and so it comes"


def test_holidays_that_are_added_move_clocks_to_come(desk: Desk) -> None:
    desk.jump("16 17:50").open()
    office = defaults.OFFICE
    longer = replace(office, days=(*office.days, CalendarDay("2026-11-17", {"en": "Day out"})))
    with transaction():
        policies.edit_calendar("office", to_body(longer), actor=desk.people["agent"])
    desk.next_request()
    assert desk.one("first_response").due_at == at("17 09:20")
    desk.open(subject="Another")
    assert desk.one("first_response").due_at == at("18 09:20")
    assert desk.one("first_response").calendar_version == "1+1"
    assert verify().green


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"calendar": "nowhere"}, "calendar"),
        ({"targets": [{"metric": "magic", "seconds": 60}]}, "targets.0.metric"),
        ({"targets": [{"metric": "acceptance", "seconds": 0}]}, "targets.0.seconds"),
        (
            {"targets": [{"metric": "acceptance", "seconds": 60, "calendar": "x"}]},
            "targets.0.calendar",
        ),
        ({"when": {"field": "shoe_size", "is": 1}}, "when.field"),
        ({"warn_percent": 101}, "warn_percent"),
        (
            {"escalations": [{"at": "breach", "notify": "team", "after_seconds": -1}]},
            "escalations.0.after_seconds",
        ),
        ({"colour": "red"}, "body"),
    ],
)
def test_a_wrong_policy_names_its_field(desk: Desk, change: dict, field: str) -> None:
    body = to_body(STANDARD) | change
    with pytest.raises(Invalid) as caught, transaction():
        policies.edit_policy("standard", body, actor=desk.people["agent"])
    assert [problem.field for problem in caught.value.problems] == [field]
    desk.next_request()
    assert definitions.current_version("policy", "standard") == "1"


def test_a_calendar_that_never_opens_is_refused(desk: Desk) -> None:
    never = Calendar("office", "Never", hours=((),) * 7)
    with pytest.raises(Invalid) as caught, transaction():
        policies.edit_calendar("office", to_body(never), actor=desk.people["agent"])
    assert caught.value.problems[0].field == "hours"


def test_a_calendar_that_slipped_in_stops_clocks_but_not_customers(desk: Desk) -> None:
    never = Calendar("office", "Never", hours=((),) * 7)
    with transaction():
        definitions.edit("calendar", "office", to_body(never), actor=desk.people["agent"])
    desk.next_request().open()
    assert desk.clocks() == []


def test_a_condition_that_nobody_knows_any_more_fits_nothing(desk: Desk) -> None:
    lost = replace(only(60, order=1), name="lost", when={"condition": "gone.away"})
    with transaction():
        definitions.edit("policy", "lost", to_body(lost), actor=desk.people["agent"])
    desk.next_request().open()
    assert policies.explain(desk.ticket_id).policy == "standard"


def test_editing_needs_the_right(desk: Desk) -> None:
    with pytest.raises(Forbidden):
        save(desk, only(60), by="supervisor")
    assert save(desk, only(60)) == "1+1"
