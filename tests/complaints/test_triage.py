"""What the plugin tells core when a complaint opens and is graded: grade, priority, promises, agent, repeats."""

from __future__ import annotations

import re
from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from core import definitions, settings
from core.actors import SYSTEM
from core.clock import VirtualClock
from core.db import db, transaction
from core.errors import Invalid
from core.events import EventRow
from core.jobs import drain
from core.plugins import catalog
from core.sla.policies import explain
from core.sla.reading import clocks_of
from core.tenancy import Tenant
from core.tickets import service as tickets
from core.tickets.models import Ticket
from plugins.complaints import panels, repeats, service, triage
from plugins.complaints.forms import GRADES
from plugins.complaints.rules import RULES
from tests.complaints.conftest import Case, intake, new_complaint
from tests.tickets.conftest import House

TRAPPED = "孩子被困二十分钟，有人受伤。"


def complain(house: House, words: str = "排水沟返水", **changes: Any) -> Ticket:
    form = intake(description=words)
    values = {"subject": "投诉", "description": words, "form": form, "team_id": house.desk}
    actor = changes.pop("actor", house.customer)
    with transaction():
        return tickets.open_ticket(new_complaint(**(values | changes)), actor=actor)


def classified(ticket: Ticket) -> list[dict[str, Any]]:
    query = sa.select(EventRow).where(
        EventRow.subject_id == ticket.id, EventRow.type == "ticket.classified"
    )
    return [row.payload for row in db.session.scalars(query)]


def assess(house: House, ticket: Ticket, grade: str, **more: Any) -> Ticket:
    answers = {"grade": grade, "safety": False, "complexity": "low", "impact": "low"}
    house.move(ticket, "acknowledge")
    return house.move(ticket, "assess", **answers, immediate=False, **more)


# --- CL-05 ----------------------------------------------------------------------------------------


@pytest.mark.rule("CL-05")
def test_triage_keeps_grade_confidence_and_rule_and_a_person_decides(house: House) -> None:
    """G complaint text / W triage runs / T grade, confidence and rule stored; agent may override with reason."""
    ticket = complain(house, TRAPPED)
    complaint = service.complaint_of(ticket.id)
    assert (complaint.suggested_grade, complaint.suggested_confidence) == ("critical", 0.8)
    assert complaint.suggested_rule in {name for _, name, _ in RULES}
    said = {each["field"]: each for each in classified(ticket)}
    assert said["grade"]["value"] == said["priority"]["value"] == "critical"
    assert not said["priority"]["applied"]
    assert ticket.priority == "normal"
    assess(house, ticket, "general", grade_reason="已经脱困，无人受伤")
    assert (complaint.grade, complaint.suggested_grade) == ("general", "critical")
    assert complaint.grade_reason == "已经脱困，无人受伤"


@pytest.mark.rule("CL-05")
@pytest.mark.parametrize(
    ("words", "grade"),
    [
        ("厨房着火了，快来", "critical"),
        ("I was trapped for an hour", "critical"),
        ("THERE IS A SMELL OF GAS", "critical"),
        ("ｇａｓ　ｌｅａｋ in the kitchen", "critical"),
        ("客服辱骂我", "serious"),
        ("This is the third time I report it", "serious"),
        ("建议把灯调亮，顺便说一下员工辱骂我", "serious"),
        ("I suggest a second bench", "minor"),
        ("没有人受伤，但是等了很久", ""),
        ("nobody was injured, but I waited for long", ""),
        ("Burntisland is where I live", ""),
        ("等了两个小时没有人来", ""),
    ],
)
def test_the_gravest_word_that_is_not_denied_counts(house: House, words: str, grade: str) -> None:
    """If two grades fit, the lower number wins (demo.md §4.4)."""
    found = triage.weigh(words)
    assert (found.grade if found else "") == grade


def test_a_tenants_own_words_replace_the_shipped_ones(house: House) -> None:
    assert triage.weigh("着火")
    rule = {"name": "本店", "grade": "serious", "words": "招牌掉漆，褪色"}
    with transaction():
        settings.save("complaints", {"triage": [rule]}, actor=SYSTEM)
    assert triage.weigh("着火") is None
    assert triage.weigh("招牌褪色") == triage.Weighed("serious", 0.6, "本店")
    with pytest.raises(Invalid), transaction():
        settings.save("complaints", {"triage": [rule | {"grade": "huge"}]}, actor=SYSTEM)


def test_shipped_rules_name_known_grades_in_both_languages() -> None:
    assert {grade for grade, _, _ in RULES} <= set(GRADES)
    for _, name, words in RULES:
        assert any(word.strip().isascii() for word in words.split(",")), name
        assert any(not word.strip().isascii() for word in words.split(",")), name


def test_the_form_begins_with_the_suggested_grade_and_the_panel_says_why(
    house: House, desk_of: Any
) -> None:
    ticket, plain = complain(house, TRAPPED), complain(house)
    for each in (ticket, plain):
        house.move(each, "acknowledge")
    assert tickets.prefilled(ticket, "assess") == {"grade": "critical"}
    assert tickets.prefilled(plain, "assess") == {}
    (row,) = [
        value
        for label, value in panels.summary(ticket, house.agent)[0].items
        if label == "complaints.field.suggested_grade"
    ]
    assert row.startswith("重大（规则「")
    desk, ids = desk_of("fang", "agent"), (ticket.id, plain.id)
    chosen = re.compile(r'value="critical"[^>]* checked')
    assert chosen.search(desk(f"/desk/tickets/{ids[0]}?move=assess"))
    assert not chosen.search(desk(f"/desk/tickets/{ids[1]}?move=assess"))


# --- PM-08 and priority ---------------------------------------------------------------------------


def limits(ticket: Ticket) -> dict[str, int]:
    return {view.metric: view.target for view in clocks_of(ticket.id)}


@pytest.mark.rule("PM-08")
def test_danger_gets_the_first_grades_pack_at_once(house: House) -> None:
    """G someone trapped / W triage / T grade 1 pack applied: first response 10 min, plan 1 h."""
    ticket, plain = complain(house, TRAPPED), complain(house)
    found = explain(ticket.id)
    assert (found.policy, found.chosen_by) == ("complaints.critical", "plugin")
    assert limits(ticket)["first_response"] == 600
    assert limits(ticket)["complaints.plan"] == 3600
    assert explain(plain.id).policy == "complaints.standard"
    assert limits(plain)["first_response"] == 1800


@pytest.mark.rule("PM-08")
def test_whoever_grades_decides_which_pack_holds(house: House) -> None:
    """G a suggested grade / W a person grades otherwise / T the pack follows the person."""
    feared, real = complain(house, TRAPPED), complain(house)
    assess(house, feared, "general")
    assert explain(feared.id).policy == "complaints.standard"
    assess(house, real, "critical")
    assert explain(real.id).policy == "complaints.critical"
    assert limits(real)["complaints.plan"] == 3600


def test_the_critical_pack_promises_whatever_the_usual_one_does(house: House) -> None:
    usual, critical = (
        {target.metric for target in definitions.get("policy", f"complaints.{name}").targets}
        for name in ("standard", "critical")
    )
    assert usual == critical


def test_an_imagined_ticket_can_be_asked_too(tenant: Tenant) -> None:
    """The console tries policies out with facts that no ticket has."""
    imagined = SimpleNamespace(type="complaints.complaint", priority="critical")
    assert triage.policy_of(imagined) == "complaints.critical"
    imagined.priority = "normal"
    assert triage.policy_of(imagined) is None
    assert triage.policy_of(SimpleNamespace(type="problem", priority="critical")) is None


@pytest.mark.parametrize(
    ("grade", "least", "below"),
    [("critical", "critical", "urgent"), ("serious", "urgent", "normal")],
)
def test_the_grade_lifts_the_priority_and_holds_it_there(
    house: House, grade: str, least: str, below: str
) -> None:
    """G1 is 特急, G2 紧急 (demo.md §4.4): no lower priority is taken for them."""
    ticket = assess(house, complain(house), grade)
    assert ticket.priority == least

    def change(priority: str) -> Ticket:
        with transaction():
            return tickets.patch_ticket(
                ticket.id, {"priority": priority}, actor=house.agent, version=ticket.version
            )

    with pytest.raises(Invalid) as caught:
        change(below)
    problem = caught.value.problems[0]
    assert (problem.field, problem.message) == ("priority", f"complaints.error.priority_{grade}")
    assert change("critical").priority == "critical"


def test_an_ordinary_complaint_may_go_up_and_down(house: House) -> None:
    ticket = assess(house, complain(house, priority="urgent"), "general")
    assert ticket.priority == "urgent"
    with transaction():
        changed = tickets.patch_ticket(
            ticket.id, {"priority": "normal"}, actor=house.agent, version=ticket.version
        )
    assert changed.priority == "normal"


# --- the same customer again ----------------------------------------------------------------------


def take(house: House, ticket: Ticket) -> Ticket:
    with transaction():
        return tickets.accept(ticket.id, actor=house.colleague, version=ticket.version)


@pytest.mark.rule("CP-06")
def test_a_further_complaint_goes_to_the_agent_who_has_the_first(
    house: House, clock: VirtualClock
) -> None:
    """G contact with an open complaint / W new ticket / T whoever knows the past has it, and the panel names it."""
    first = take(house, complain(house))
    clock.advance(timedelta(days=89))
    second = complain(house)
    drain()
    assert second.assignee_id == house.colleague.id
    rows = dict(panels.summary(second, house.agent)[0].items)
    assert rows["complaints.field.repeat_of"] == first.number


@pytest.mark.parametrize("why", ["too late", "another customer", "nobody has it", "no complaint"])
def test_otherwise_nobody_is_chosen(house: House, clock: VirtualClock, why: str) -> None:
    first = complain(house)
    if why != "nobody has it":
        take(house, first)
    clock.advance(timedelta(days=91 if why == "too late" else 1))
    changes: dict[str, Any] = {}
    if why == "another customer":
        changes = {"actor": house.agent}
    if why == "no complaint":
        assert house.open().assignee_id is None
        return
    assert complain(house, **changes).assignee_id is None


@pytest.mark.rule("KP-12")
def test_a_repeat_within_ninety_days_is_marked_once(house: House, clock: VirtualClock) -> None:
    """G same contact + category within 90 days / W the complaint opened / T it counts as a repeat."""
    first = complain(house, category="noise")
    clock.advance(timedelta(days=89))
    again, other = complain(house, category="noise"), complain(house, category="light")
    clock.advance(timedelta(days=2))
    late = complain(house, category="light")
    drain()
    marked = {t.id: service.complaint_of(t.id).repeat_of for t in (first, again, other, late)}
    assert marked == {first.id: None, again.id: first.id, other.id: None, late.id: other.id}
    opened = db.session.scalars(
        sa.select(EventRow).where(EventRow.subject_id == again.id, EventRow.type == "ticket.opened")
    ).one()
    with transaction():
        repeats.mark(opened)
    assert service.complaint_of(again.id).repeat_of == first.id


def test_a_repeat_is_not_told_to_who_may_not_see_the_first(
    house: House, clock: VirtualClock
) -> None:
    first = complain(house)
    again = complain(house)
    drain()
    assess(house, first, "general", about=str(house.supervisor.id))

    def rows(actor: Any) -> dict[Any, Any]:
        return dict(panels.summary(tickets.get_ticket(again.id, actor=actor), actor)[0].items)

    assert rows(house.agent)["complaints.field.repeat_of"] == first.number
    assert "complaints.field.repeat_of" not in rows(house.supervisor)


def test_every_other_ticket_is_left_alone(case: Case) -> None:
    plain = case.house.open()
    drain()
    assert triage.suggestions(plain) == []
    assert triage.problems_with(plain, {"priority": "normal"}) == []
    assert repeats.agent_of(plain) is None
    assert isinstance(plain.id, UUID)
    assert catalog().owner("handler", "complaints.repeats") == "complaints"
