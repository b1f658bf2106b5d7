"""The CN standard as complaints takes it (PM-08), and repairs timed by service grade (STD-18)."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from core import definitions
from core.db import db, transaction
from core.plugins import offered
from core.settings import save as save_settings
from core.sla.policies import explain
from core.sla.reading import clocks_of
from core.tickets import service as tickets
from plugins.complaints import standards as packs
from plugins.complaints import triage
from plugins.property_mgmt import estates
from plugins.property_mgmt.models import Resident
from plugins.property_mgmt.promises import GRADE_POLICY
from plugins.property_mgmt.repairs import hazard_in
from plugins.property_mgmt.standards import WORDS
from plugins.property_mgmt.workflow import ST_W
from tests.property_mgmt.conftest import TO_DISPATCH, Home

MINUTE, HOUR, DAY = 60, 3600, 86_400


def complain(home: Home, words: str, **changes):
    form = {"name": "林晓雯", "phone": "13800006021", "description": words}
    values = {
        "type": "complaints.complaint", "subject": words[:30], "description": words, "form": form,
        "contact_id": home.resident_id, "team_id": home.house.desk, "channel": "web",
    }  # fmt: skip
    with transaction():
        return tickets.open_ticket(tickets.NewTicket(**(values | changes)), actor=home.house.agent)


def targets(ticket) -> dict[str, int]:
    return {clock.metric: clock.target for clock in clocks_of(ticket.id)}


@pytest.mark.rule("PM-08")
def test_a_lift_trap_gets_the_pack_of_grade_one(home: Home) -> None:
    """G elevator trap / W triage / T grade 1 pack applied."""
    ticket = complain(home, "3栋电梯困人二十分钟，对讲没人应")
    assert explain(ticket.id).policy == "property_mgmt.grade_1"
    found = targets(ticket)
    assert found["complaints.acknowledgement"] == 10 * MINUTE
    assert found["property_mgmt.on_site"] == 30 * MINUTE
    assert found["complaints.plan"] == HOUR, "SL-03"


@pytest.mark.parametrize(
    ("words", "policy", "metric", "seconds"),
    [
        ("整栋停水一整天了", "property_mgmt.grade_2", "complaints.answer", 4 * HOUR),
        ("保洁没扫楼道，垃圾堆了两天", "property_mgmt.grade_3", "complaints.answer", DAY),
        (
            "建议在单元门口加一张长椅，公共设施太少",
            "property_mgmt.grade_4",
            "complaints.answer",
            3 * DAY,
        ),
    ],
)
def test_each_grade_has_its_clocks(home: Home, words, policy, metric, seconds) -> None:
    ticket = complain(home, words)
    assert explain(ticket.id).policy == policy
    assert targets(ticket)[metric] == seconds


def test_words_name_the_category(home: Home) -> None:
    assert complain(home, "楼上装修砸墙，吵得没法休息").category == "P-DECO"
    assert complain(home, "地下车库我的车位被占位三次").category == "P-PARK"
    assert complain(home, "给我回个电话").category == ""
    assert set(WORDS) >= {"P-LIFT", "P-NOTICE"}
    assert len(WORDS) == 21


def test_a_complaint_about_something_else_keeps_the_houses_clocks(home: Home) -> None:
    """Neither one of its categories nor about one of our homes: the pack does not concern it."""
    ticket = complain(home, "给我回个电话", contact_id=None)
    assert explain(ticket.id).policy == "complaints.standard"


def test_a_tenant_may_leave_the_standard_alone(home: Home) -> None:
    with transaction():
        save_settings("property_mgmt", {"complaint_standard": "none"}, actor=home.house.manager)
    assert packs.in_force() == []
    ticket = complain(home, "我被困在3栋电梯里二十分钟")
    assert explain(ticket.id).policy == "complaints.critical"
    assert ticket.category == ""


def test_hook_register_complaint_standards(home: Home) -> None:
    """What complaints opens, property management answers; without an answer triage stays as it was."""
    (pack,) = offered("complaint_standards").values()
    assert pack.name == "property_mgmt.cn"
    assert set(pack.policies.values()) <= set(definitions.names("policy"))
    assert set(pack.policies) == {"critical", "serious", "general", "minor"}
    assert triage.category_of("电梯停梯三天").value == "P-LIFT"
    assert triage.category_of("没有这些词") is None


@pytest.mark.rule("STD-18")
def test_urgent_repairs_are_on_site_in_half_an_hour_at_grade_one(home: Home) -> None:
    """Grade 1: 24 h line, urgent repair on site within 30 minutes; grade 2: 16 h line, within an hour."""
    ticket = home.report(priority="urgent", actor=home.house.agent, contact_id=home.resident_id)
    assert explain(ticket.id).policy == "property_mgmt.repair_1"
    assert targets(ticket)["property_mgmt.on_site"] == 30 * MINUTE
    order = home.go(home.order(ticket), *TO_DISPATCH, "accept", "arrive")
    assert order.state == "on_site"
    assert {c.metric: c.outcome for c in clocks_of(ticket.id)}["property_mgmt.on_site"] == "met"


def test_the_other_grades_have_longer_times_and_shorter_lines(home: Home, admin) -> None:
    estate = estates.estates()[0]
    with transaction():
        estates.change(estate, {"service_grade": 2}, version=estate.version, actor=admin)
    ticket = home.report(priority="urgent", actor=home.house.agent, contact_id=home.resident_id)
    assert targets(ticket)["property_mgmt.on_site"] == HOUR
    with transaction():
        estates.change(estate, {"service_grade": 3}, version=estate.version, actor=admin)
    ticket = home.report(priority="urgent", actor=home.house.agent, contact_id=home.resident_id)
    assert "property_mgmt.on_site" not in targets(ticket), "grade 3: by appointment"
    hours = {
        name: definitions.get("calendar", f"property_mgmt.line_{name}").hours[0]
        for name in ("16h", "8h")
    }
    assert hours == {"16h": (("07:00", "23:00"),), "8h": (("09:00", "17:00"),)}


def test_somebody_vulnerable_waits_for_no_line(home: Home) -> None:
    ticket = home.report()
    assert explain(ticket.id).policy == "property_mgmt.repair_1"
    with transaction():
        query = sa.select(Resident).where(Resident.contact_id == home.resident_id)
        db.session.scalars(query).one().vulnerable = True
    ticket = home.report()
    assert explain(ticket.id).policy == "property_mgmt.repair_vulnerable"
    assert targets(ticket)["property_mgmt.on_site"] == 4 * HOUR


def test_words_of_danger_are_suggested(home: Home) -> None:
    assert hazard_in("厨房有燃气味") == "燃气味"
    assert hazard_in("灯泡坏了") == ""
    ticket = home.report(subject="厨房爆管", form={"trade": "gas"})
    assert ticket.category == "P-GAS"


def test_every_state_can_be_reached_and_left_or_is_an_end() -> None:
    ends = {"rejected", "cancelled"}
    sources = {name for way in ST_W.transitions for name in way.sources}
    assert {state.name for state in ST_W.states} - sources == ends
    assert GRADE_POLICY["critical"] == "property_mgmt.grade_1"
