"""Rules of the complaint procedure that several rooms keep together."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from core.actors import SYSTEM
from core.db import db
from core.errors import Forbidden, NotOffered
from core.events import EventRow
from core.plugins import catalog
from core.tickets import service as tickets
from core.timers import run_until
from plugins.complaints.models import Complaint, Plan, PlanMeasure
from tests.complaints.conftest import (
    MONDAY,
    TO_APPROVE,
    TO_INVESTIGATE,
    TO_SIGN,
    case,
    clock,
    house,
    said,
)
from tests.portal.conftest import browser, file_one, open_browser

__all__ = ["browser", "case", "clock", "house", "open_browser"]
KIND = "complaints.complaint"


@pytest.mark.rule("CH-10")
def test_the_portal_has_a_separate_entrance_for_complaints(house, browser):
    """G portal / W "complaint" chosen / T ticket type complaint with FM-06 form, not plain enquiry."""
    assert f'href="/submit/{KIND}"' in browser.get("/").text
    page = browser.get(f"/submit/{KIND}").text
    assert 'name="wishes"' in page
    assert 'name="wishes"' not in browser.get("/submit/question").text
    filed = file_one(browser, KIND, name="林晓雯", phone="13800006021")
    ticket = tickets.get_ticket(filed.id, actor=SYSTEM)
    assert (ticket.type, ticket.number[:2]) == (KIND, "CP")


@pytest.mark.rule("CP-13")
def test_the_customers_own_solution_is_asked_and_kept(house, browser):
    """G founded / W plan drafted / T customer_wish recorded."""
    wish = "请更换水泵并减免一个月物业费"
    filed = file_one(browser, KIND, name="林晓雯", phone="13800006021", wishes=wish)
    kept = sa.select(Complaint.wishes).where(Complaint.ticket_id == filed.id)
    assert db.session.scalar(kept) == wish


@pytest.mark.rule("CP-16")
def test_a_complex_matter_without_a_plan_breaches_after_an_hour(case):
    """G complex ticket / W 60 min pass without plan / T SLA breach event."""

    def breaches():
        rows = sa.select(EventRow).where(EventRow.type == "clock.breached")
        return [row for row in db.session.scalars(rows) if "complaints.plan" in row.data]

    case.go("acknowledge")
    case.move("assess", **case.answers("assess", complexity="high"))
    run_until(case.clock, MONDAY + timedelta(minutes=59), housekeeping=False)
    assert breaches() == []
    run_until(case.clock, MONDAY + timedelta(minutes=61), housekeeping=False)
    assert [row.subject_id for row in breaches()] == [case.ticket.id]


@pytest.mark.rule("CP-43")
def test_no_plan_before_the_facts_are_verified(case):
    """G plan / W facts not verified / T submit refused."""
    case.go(*TO_INVESTIGATE)
    with pytest.raises(NotOffered):
        case.go("propose_plan")
    case.go("conclude")
    assert case.go("propose_plan").state == "plan_proposed"


@pytest.mark.rule("FM-25")
def test_a_plan_keeps_its_five_parts_and_its_version(case):
    """G a plan / W submitted, sent back and submitted again / T all parts stand, per version."""
    case.go(*TO_APPROVE)
    case.go("return_plan", "propose_plan")
    plans = db.session.scalars(
        sa.select(Plan).where(Plan.ticket_id == case.ticket.id).order_by(Plan.version)
    ).all()
    assert [plan.version for plan in plans] == [1, 2]
    good = case.answers("propose_plan")
    assert (plans[1].root_cause, plans[1].contact_points) == (
        good["root_cause"], good["contact_points"],
    )  # fmt: skip
    measures = db.session.scalars(
        sa.select(PlanMeasure).where(PlanMeasure.plan_id == plans[1].id)
    ).all()
    assert {(m.measure, m.responsible) for m in measures} == {
        (m["measure"], m["responsible"]) for m in good["measures"]
    }
    assert all(measure.due_at for measure in measures)


@pytest.mark.rule("RB-02")
def test_complaining_is_simple(house, browser):
    """G portal complaint / W counted / T ≤ 6 required fields, one page, no login needed."""
    form = catalog().shelf("form")["complaints.intake"]
    asked = [field for field in form.fields if field.audience == "all" and field.required]
    assert len(asked) <= 6
    page = browser.get(f"/submit/{KIND}").text
    assert page.count('action="/submit/') == 1
    filed = file_one(browser, KIND, name="林晓雯", phone="13800006021")
    assert filed.number.startswith("CP")


@pytest.mark.rule("RL-03")
def test_the_supervisor_decides_complex_cases(case):
    """G supervisor / W approve plan / T allowed; agent / T 403."""
    case.go(*TO_APPROVE)
    with pytest.raises(Forbidden):
        case.move("approve_plan", case.house.agent, **case.answers("approve_plan"))
    assert case.go("approve_plan").state == "plan_approved"


@pytest.mark.rule("QM-06")
def test_the_result_is_told_in_a_set_form_with_channel_and_time(case):
    """G result / W sent / T channel and time stored."""
    case.go(*TO_SIGN)
    told = [
        m
        for m in tickets.messages(case.ticket, actor=case.customer)
        if "试水 30 分钟" in m.body_text
    ]
    assert len(told) == 1
    assert (told[0].visibility, told[0].channel) == ("public", case.ticket.channel)
    assert told[0].posted_at <= case.clock.at
    assert said(case)[-1] == told[0].body_text
