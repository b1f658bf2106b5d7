"""A new ticket over the counter: customer first, then what it is about; and the customer's own page."""

from __future__ import annotations

import re

from core.contacts import service as contacts
from core.tickets import service as tickets


def test_a_known_customer_is_found_by_number_and_shown_masked(office, agent):
    page = agent.get("/desk/tickets/new?who=13800006021")
    assert "林晓雯" in page
    assert "13800006021" not in page.replace('value="13800006021"', "")
    assert f"contact={office.customer}" in page


def test_a_stranger_is_written_down_first(office, agent):
    page = agent.post("/desk/tickets/new/contact", 422, display_name=" ", phone="139")
    assert 'class="err-summary"' in page
    agent.post("/desk/tickets/new/contact", display_name="何静", phone="13900001111")
    assert "contact=" in agent.location
    page = agent.get(agent.location)
    assert "何静" in page
    assert 'name="description"' in page


def test_what_is_missing_is_named_and_what_was_typed_stays(office, agent):
    form = {"type": "problem", "contact": str(office.customer), "subject": "电梯停了"}
    page = agent.post("/desk/tickets/new", 422, **form, description=" ")
    assert "请写下客户的诉求" in page
    assert 'value="电梯停了"' in page
    assert "错误" in re.search(r"<title>(.*?)</title>", page)[1]


def test_a_field_of_the_types_own_form_is_checked_too(office, agent):
    form = {"type": "request", "contact": "none", "subject": "续约", "description": "想续一年"}
    page = agent.post("/desk/tickets/new", 422, **form)
    assert '<a href="#kind">' in page
    agent.post("/desk/tickets/new", **form, kind="renewal")


def test_the_ticket_is_opened_once_however_often_it_is_sent(office, agent):
    page = agent.get(f"/desk/tickets/new?contact={office.customer}&type=problem")
    key = re.search(r'name="form_key" value="([^"]+)"', page)[1]
    form = {
        "type": "problem",
        "contact": str(office.customer),
        "subject": "电梯停了",
        "description": "从早上开始",
        "channel": "phone",
        "priority": "urgent",
        "form_key": key,
    }
    agent.post("/desk/tickets/new", **form)
    first = agent.location
    agent.post("/desk/tickets/new", **form)
    assert agent.location == first
    page = agent.get(first)
    assert "电梯停了" in page
    assert "紧急" in page


def test_what_is_open_already_stands_beside(office, agent):
    office.open(agent, "电梯停了")
    page = agent.get(f"/desk/tickets/new?contact={office.customer}")
    assert "该客户有 1 张未结工单" in page
    assert "电梯停了" in page


def test_the_customers_page_shows_matters_and_hides_numbers(office, agent):
    office.open(agent, "电梯停了")
    page = agent.get(f"/desk/contacts/{office.customer}")
    assert "电梯停了" in page
    assert "13800006021" not in page
    address = re.search(r'action="([^"]+/reveal)"', page)[1]
    assert "13800006021" in agent.post(address, 200, reason="identity_check")
    agent.post(address, 422, reason="curiosity")


def test_details_are_edited_at_their_version(office, agent):
    url = f"/desk/contacts/{office.customer}"
    version = re.search(r'name="version" value="(\d+)"', agent.get(url))[1]
    agent.post(url, display_name="林小文", version=version)
    assert "林小文" in agent.get(url)
    page = agent.post(url, 409, display_name="又改", version=version)
    assert "打开之后有人保存过" in page
    agent.post(f"{url}/points", 422, kind="mail", value="nonsense")
    agent.post(f"{url}/points", kind="mail", value="lin@example.com")
    agent.post(f"{url}/verify")
    with office.inside():
        found = contacts.get_contact(office.customer)
        assert found.verified
        assert len(contacts.points_of([found.id])[found.id]) == 2


def test_customers_are_found_by_name(office, agent):
    assert "林晓雯" in agent.get("/desk/contacts?q=林")
    assert "没有找到" in agent.get("/desk/contacts?q=谁也不是")
    agent.get("/desk/contacts")


def test_who_only_reads_opens_nothing(office, agent):
    auditor = office.sign_in("jing")
    form = {"type": "problem", "contact": "none", "subject": "a", "description": "b"}
    auditor.post("/desk/tickets/new", 403, **form)
    auditor.get("/desk/tickets/new", 403)
    agent.post("/desk/tickets/new", **form)
    with office.inside():
        assert tickets.count_tickets(actor=agent.actor) == 1


def test_what_is_known_of_the_customer_is_not_asked_again(office, agent):
    url = "/desk/tickets/new?type=complaints.complaint&contact="
    assert 'name="phone"' in agent.get(f"{url}none")
    page = agent.get(f"{url}{office.customer}")
    assert 'name="phone"' not in page
    assert 'name="mail"' in page, "what is not known may still be given"
    agent.post(
        "/desk/tickets/new",
        type="complaints.complaint",
        contact=str(office.customer),
        subject="宠物粪便未清理",
        description="小区花园多处，请加强巡查并答复。",
        happened_at="2026-11-20T08:00",
        priority="urgent",
    )
    page = agent.get(agent.location)
    assert page.count('class="next"') == 5, "the stage bar is that of the type's own workflow"
    assert "/desk/reports/complaints.register.pdf" in page
