"""The ticket page: talk, move, assign, hand over, edit together, and see no more than one may."""

from __future__ import annotations

import re
from io import BytesIO

import pytest
import sqlalchemy as sa

from core.db import db, transaction
from core.events import EventRow
from core.tickets import service as tickets


def at(ticket, path=""):
    return f"/desk/tickets/{ticket}{path}"


def key_of(page):
    return re.search(r'name="form_key" value="([^"]+)"', page)[1]


def events(office, ticket, topic):
    with office.inside():
        rows = db.session.scalars(
            sa.select(EventRow).where(EventRow.subject_id == ticket, EventRow.type == topic)
        )
        return [row.payload for row in rows]


def give(office, agent, ticket, user_id):
    with office.inside(), transaction():
        version = tickets.get_ticket(ticket, actor=agent.actor).version
        tickets.assign(ticket, user_id, actor=agent.actor, version=version)


# --- talk -----------------------------------------------------------------------------------------


def test_a_reply_and_a_note_look_different_and_only_one_reaches_the_customer(office, agent):
    ticket = office.open(agent)
    agent.post(at(ticket, "/messages"), mode="reply", body="师傅在路上了", form_key="")
    agent.post(at(ticket, "/messages"), mode="note", body="他很生气", form_key="")
    page = agent.get(at(ticket))
    assert re.search(r'class="msg msg-agent".*?师傅在路上了', page, re.DOTALL)
    assert re.search(r'class="msg msg-note".*?客户不可见.*?他很生气', page, re.DOTALL)
    with office.inside():
        found = tickets.get_ticket(ticket, actor=agent.actor)
        said = {m.body_text: m.visibility for m in tickets.messages(found, actor=agent.actor)}
    assert said["师傅在路上了"] == "public"
    assert said["他很生气"] == "internal"


def test_the_same_form_sent_twice_is_said_once(office, agent):
    ticket = office.open(agent)
    key = key_of(agent.get(at(ticket)))
    for _ in range(2):
        agent.post(at(ticket, "/messages"), mode="reply", body="只说一遍", form_key=key)
    assert agent.get(at(ticket)).count('<p class="pre">只说一遍</p>') == 1


def test_an_empty_reply_comes_back_with_its_reason_and_keeps_the_mode(office, agent):
    ticket = office.open(agent)
    page = agent.post(at(ticket, "/messages"), 422, mode="note", body="  ", form_key="")
    assert 'class="err-summary"' in page
    assert '<form class="cmp note"' in page


def test_a_reply_can_be_recalled_while_it_is_held(office, agent):
    ticket = office.open(agent)
    agent.post(at(ticket, "/messages"), mode="reply", body="说错了", form_key="")
    recall = re.search(r'action="([^"]+/recall)"', agent.get(at(ticket)))[1]
    agent.post(recall)
    page = agent.get(at(ticket))
    assert "已撤回，未发送" in page
    assert not re.search(r'action="[^"]+/recall"', page)


def test_words_of_people_never_become_markup(office, agent):
    ticket = office.open(agent, "<b>粗</b>", description="<script>alert(1)</script>")
    response = agent.client.get(at(ticket))
    assert "<script>alert" not in response.text
    assert "&lt;script&gt;alert(1)" in response.text
    assert "&lt;b&gt;粗" in response.text


# --- the workflow ---------------------------------------------------------------------------------


def test_the_stage_bar_says_where_the_ticket_stands(office, agent):
    ticket = office.open(agent)
    page = agent.get(at(ticket))
    assert page.count('aria-current="step"') == 1


def test_a_transition_asks_its_form_inline_and_names_what_is_missing(office, agent):
    ticket = office.open(agent)
    give(office, agent, ticket, agent.id)
    agent.post(at(ticket, "/accept"), version=office.version(ticket, agent))
    version = office.version(ticket, agent)
    assert 'name="solution"' in agent.get(at(ticket, "?move=resolve"))
    page = agent.post(at(ticket, "/moves/resolve"), 422, version=version, feedback="好的")
    assert '<a href="#solution">' in page
    assert "好的" in page, "what was typed stays"
    page = agent.post(at(ticket, "/moves/resolve"), 422, version=version, solution="换了电源")
    assert "请先选择分类" in page, "a guard's words stand in the same summary"
    agent.post(at(ticket, "/properties"), **properties(office, agent, ticket, category="P-SCREEN"))
    version = office.version(ticket, agent)
    agent.post(at(ticket, "/moves/resolve"), version=version, solution="换了电源", feedback="好的")
    assert office.now(ticket, agent).status == "resolved"
    assert "ui.status" not in agent.get(at(ticket))


def test_a_transition_that_is_not_offered_is_refused_with_the_page(office, agent):
    ticket = office.open(agent)
    page = agent.post(at(ticket, "/moves/no_such"), 409, version=office.version(ticket, agent))
    assert "状态已经变化" in page


def test_a_stale_transition_is_refused_and_keeps_what_was_typed(office, agent):
    ticket = office.open(agent)
    give(office, agent, ticket, agent.id)
    version = office.version(ticket, agent)
    agent.post(at(ticket, "/accept"), version=version)
    page = agent.post(at(ticket, "/moves/resolve"), 409, version=version, solution="换了电源")
    assert "换了电源" in page
    assert office.now(ticket, agent).status != "resolved"


# --- who does it ----------------------------------------------------------------------------------


def test_an_assignment_is_accepted_or_declined_with_a_reason(office, agent):
    ticket = office.open(agent)
    give(office, agent, ticket, agent.id)
    assert "请确认接单" in agent.get(at(ticket))
    version = office.version(ticket, agent)
    assert "请填写内容" in agent.post(at(ticket, "/decline"), 422, version=version, words=" ")
    agent.post(at(ticket, "/decline"), version=version, words="今天休息")
    page = agent.get(at(ticket))
    assert "今天休息" in page
    assert "还没有人负责" in page
    agent.post(at(ticket, "/accept"), version=office.version(ticket, agent))
    assert office.now(ticket, agent).assignee_id == agent.id
    assert "请确认接单" not in agent.get(at(ticket))


def test_a_handover_slip_without_its_summary_is_refused(office, agent):
    """FM-26: given no summary, when transferred, then refused."""
    ticket = office.open(agent)
    version = office.version(ticket, agent)
    page = agent.get(at(ticket, "?do=hand-over"))
    assert 'name="summary"' in page
    assert "工程部" in page
    slip = {"version": version, "department": str(office.works), "reason": "expertise"}
    page = agent.post(at(ticket, "/hand-over"), 422, **slip)
    assert '<a href="#summary">' in page
    agent.post(at(ticket, "/hand-over"), **slip, summary="显示屏要换电源板")
    assert "已转接给工程部" in agent.get(at(ticket))
    assert office.now(ticket, agent).department_id == office.works
    agent.post(at(ticket, "/take-back"), version=office.version(ticket, agent), words="已更换")
    assert "已转接给工程部，" not in agent.get(at(ticket))


def test_a_ticket_is_merged_into_the_one_whose_number_is_given(office, agent):
    double, real = office.open(agent, "重复"), office.open(agent, "原来的")
    version = office.version(double, agent)
    page = agent.post(at(double, "/merge"), 422, version=version, words="P-0000-00000")
    assert "没有这个编号的工单" in page
    agent.post(at(double, "/merge"), version=version, words=office.number(real, agent))
    assert agent.location.endswith(str(real))
    assert office.now(double, agent).merged_into == real
    assert "已合并" in agent.get(at(double))


def test_watching_is_a_click(office, agent):
    ticket = office.open(agent)
    agent.post(at(ticket, "/watch"), watch="1")
    assert "取消关注" in agent.get(at(ticket))
    agent.post(at(ticket, "/watch"), watch="0")
    assert "取消关注" not in agent.get(at(ticket))


# --- editing together -----------------------------------------------------------------------------


def properties(office, agent, ticket, **changes):
    """The form as it was drawn, with some fields changed by hand."""
    page = agent.get(at(ticket))
    was = dict(re.findall(r'name="was_(\w+)" value="([^"]*)"', page))
    version = re.search(r'name="version" value="(\d+)"', page)[1]
    return {"version": version, **{f"was_{k}": v for k, v in was.items()}, **was, **changes}


def test_properties_are_saved(office, agent):
    ticket = office.open(agent)
    form = properties(
        office, agent, ticket, priority="urgent", tags="车库 重复", assignee_id=str(agent.id)
    )
    agent.post(at(ticket, "/properties"), **form)
    now = office.now(ticket, agent)
    assert (now.priority, now.assignee_id) == ("urgent", agent.id)
    with office.inside():
        assert tickets.tags_of([ticket])[ticket] == ["车库", "重复"]


def test_different_fields_of_two_people_are_merged_silently(office, agent):
    ticket, colleague = office.open(agent), office.sign_in("bo")
    mine = properties(office, agent, ticket, tags="车库")
    colleague.post(
        at(ticket, "/properties"), **properties(office, colleague, ticket, priority="urgent")
    )
    agent.post(at(ticket, "/properties"), **mine)
    assert office.now(ticket, agent).priority == "urgent"
    with office.inside():
        assert tickets.tags_of([ticket])[ticket] == ["车库"]


def test_the_same_field_of_two_people_asks_which_one_holds(office, agent):
    ticket, colleague = office.open(agent), office.sign_in("bo")
    mine = properties(office, agent, ticket, priority="critical", tags="车库")
    colleague.post(
        at(ticket, "/properties"), **properties(office, colleague, ticket, priority="urgent")
    )
    page = agent.post(at(ticket, "/properties"), 409, **mine)
    assert "保留对方的：紧急" in page
    assert "使用我的：特急" in page
    assert '<input type="radio" name="priority" value="urgent" checked>' in page
    assert office.now(ticket, agent).priority == "urgent", "nothing was written"
    merged = dict(
        re.findall(
            r'<input type="hidden" name="(\w+)" value="([^"]*)"',
            page.split("并发修改")[0].rsplit("<form", 1)[1],
        )
    )
    agent.post(at(ticket, "/properties"), **(merged | {"priority": "critical"}))
    assert office.now(ticket, agent).priority == "critical"
    with office.inside():
        assert tickets.tags_of([ticket])[ticket] == ["车库"], "the other field was not lost"


# --- who may see what -----------------------------------------------------------------------------


def test_a_masked_number_is_revealed_by_a_post_with_a_reason_on_the_record(office, agent):
    ticket = office.open(agent)
    page = agent.get(at(ticket))
    assert "13800006021" not in page
    assert "6021" in page
    address = re.search(r'action="([^"]+/reveal)"', page)[1]
    assert agent.client.get(address).status_code == 405
    agent.post(address, 422, reason="curiosity")
    shown = agent.post(address, 200, reason="call_back")
    assert "13800006021" in shown
    assert "13800006021" not in agent.get(at(ticket))
    assert [e["reason"] for e in events(office, office.customer, "contact.point_revealed")] == [
        "call_back"
    ]


def test_another_teams_agent_finds_nothing(office, agent):
    ticket, stranger = office.open(agent), office.sign_in("fei")
    stranger.get(at(ticket), 404)
    stranger.get(at(ticket, "/record"), 404)
    stranger.post(at(ticket, "/messages"), 404, mode="reply", body="hallo")
    agent.post(at(ticket, "/messages"), mode="reply", body="hallo")
    assert agent.get(at(ticket)).count('<p class="pre">hallo</p>') == 1


def test_who_only_reads_cannot_write(office, agent):
    ticket, auditor = office.open(agent), office.sign_in("jing")
    assert 'id="composer"' not in auditor.get(at(ticket))
    auditor.post(at(ticket, "/messages"), 403, mode="reply", body="hallo")
    assert 'id="composer"' in agent.get(at(ticket))


def test_the_record_alone_is_free_while_nothing_happens(office, agent):
    ticket = office.open(agent)
    tag = agent.client.get(at(ticket, "/record")).headers["ETag"]
    agent.get(at(ticket, "/record"), 304, **{"If-None-Match": tag})
    agent.post(at(ticket, "/messages"), mode="note", body="neu", form_key="")
    assert "neu" in agent.get(at(ticket, "/record"), **{"If-None-Match": tag})


def test_older_entries_are_folded_and_can_be_unfolded(office, agent):
    ticket = office.open(agent)
    for number in range(14):
        agent.post(at(ticket, "/messages"), mode="note", body=f"第 {number} 条", form_key="")
    page = agent.get(at(ticket))
    assert "条较早记录" in page
    assert "第 0 条" not in page
    assert "第 13 条" in page
    assert "第 0 条" in agent.get(at(ticket, "?all=1"))


@pytest.mark.parametrize("locale", ["zh-CN", "en"])
def test_no_word_is_missing_on_the_page(office, agent, locale):
    ticket = office.open(agent)
    agent.client.set_cookie("pd_lang", locale, domain=f"{office.slug}.localhost")
    for path in ("", "?move=resolve", "?do=hand-over", "?do=merge", "?do=decline", "?do=take-back"):
        page = agent.get(at(ticket, path))
        assert re.findall(r">\s*((?:desk|ui|core|tickets|forms)\.[a-z_.]+)\s*<", page) == []


def test_a_panel_answers_for_itself(office, agent):
    ticket = office.open(agent)
    names = re.findall(r'hx-get="([^"]+/panels/[^"]+)"', agent.get(at(ticket)))
    for address in names:
        assert "<html" not in agent.get(address, **{"HX-Request": "true"})
        assert "<html" in agent.get(address), "without scripts it is a page of its own"
    agent.get(at(ticket, "/panels/nobody.nothing"), 404)


def test_the_list_it_came_from_gives_its_neighbours(office, agent):
    first, second = office.open(agent, "甲"), office.open(agent, "乙")
    page = agent.get(at(first, "?view=all&sort=newest"))
    assert "2 / 2" in page
    assert f"{second}?view=all&sort=newest" in page
    assert "2 / 2" not in agent.get(at(first))


def test_a_file_of_a_note_is_for_the_desk_alone(office, agent):
    ticket = office.open(agent)
    token = agent.token()
    agent.client.post(
        at(ticket, "/messages"),
        data={
            "csrf_token": token,
            "mode": "note",
            "body": "见附件",
            "files": (BytesIO(b"hello"), "notiz.txt"),
        },
        content_type="multipart/form-data",
    )
    page = agent.get(at(ticket))
    assert "notiz.txt" in page
    address = re.search(r'href="(/desk/files/[0-9a-f-]+)"', page)[1]
    assert agent.get(address) == "hello"
    office.sign_in("fei").get(address, 404)


def test_an_agent_of_the_desk_is_not_signed_in_elsewhere(office, agent):
    ticket = office.open(agent)
    agent.client.delete_cookie("pd", domain=f"{office.slug}.localhost")
    response = agent.client.get(at(ticket))
    assert response.status_code == 303
    assert "/sign-in" in response.headers["Location"]
