"""A matter from the first word to the last, through the services that every door uses."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import jsonschema
import pytest
import sqlalchemy as sa

from core import clock
from core.db import db, transaction
from core.errors import Conflict, Invalid, NotOffered, StaleVersion, VersionMissing
from core.events import EventRow
from core.plugins import catalog
from core.tickets import service
from core.tickets.events import EVENTS
from core.tickets.models import Ticket


def types_of(ticket: Ticket) -> list[str]:
    query = sa.select(EventRow.type).where(EventRow.subject_id == ticket.id).order_by(EventRow.id)
    return list(db.session.scalars(query))


def test_a_matter_from_opening_to_closing(house):
    ticket = house.open(priority="urgent", tags=("Screen", "屏幕"))
    assert re.fullmatch(r"P-\d{4}-00001", ticket.number)
    assert (ticket.status, ticket.stage, ticket.request_class) == ("new", "received", "problem")
    assert service.tags_of([ticket.id])[ticket.id] == ["screen", "屏幕"]

    with transaction():
        service.accept(ticket.id, actor=house.agent, version=ticket.version)
    assert ticket.state == "open", "being assigned takes a new ticket in"
    assert ticket.assignee_id == house.agent.id

    house.move(ticket, "start")
    with transaction():
        service.patch_ticket(
            ticket.id, {"category": "screen"}, actor=house.agent, version=ticket.version
        )
    house.move(ticket, "wait_customer")
    assert service.state_of(ticket).pauses
    with transaction():
        service.post_message(ticket.id, "照片发给您了。", actor=house.customer)
    assert ticket.state == "in_progress", "the customer's word wakes what waited for him"

    house.move(ticket, "resolve", solution="更换了屏幕。")
    assert ticket.status == "resolved"
    assert ticket.resolved_at is not None
    house.move(ticket, "close", actor=house.customer)
    assert ticket.status == "closed"
    assert ticket.closed_at is not None

    said = types_of(ticket)
    for fact in (
        "ticket.opened",
        "ticket.assigned",
        "ticket.accepted",
        "ticket.resolved",
        "ticket.closed",
    ):
        assert said.count(fact) == 1, fact
    assert said.count("ticket.moved") == 6
    words = [
        entry.message.body_text
        for entry in service.timeline(ticket, actor=house.agent)
        if entry.message
    ]
    assert any("更换了屏幕" in text for text in words), "the form's answers are kept as a note"


def test_events_carry_no_words_of_people(house):
    ticket = house.open(subject="陈女士的屏幕", description="我的电话是 13800136021")
    with transaction():
        service.post_message(ticket.id, "请致电 13800136021", actor=house.agent)
    rows = db.session.scalars(
        sa.select(EventRow.data).where(EventRow.subject_id == ticket.id)
    ).all()
    assert len(rows) >= 3
    assert not [data for data in rows if "13800136021" in data or "陈女士" in data]


def test_the_number_is_found_however_it_is_typed(house):
    ticket = house.open()
    wide = (
        ticket.number.replace("-", "")
        .lower()
        .translate({ord(c): ord(c) + 0xFEE0 for c in "0123456789p"})
    )
    assert service.find_by_number(wide, actor=house.agent).id == ticket.id


def test_a_number_belongs_to_the_month_of_the_tenants_zone(house):
    with clock.virtual(datetime(2026, 10, 31, 15, 59, tzinfo=UTC)) as time:
        october = house.open().number
        time.advance(timedelta(minutes=1))
        november = [house.open().number, house.open(type="question").number, house.open().number]
    assert october == "P-2610-00001"
    assert november == ["P-2611-00001", "Q-2611-00001", "P-2611-00002"]


def test_every_fact_fits_its_published_schema(house):
    ticket, other = house.open(tags=("a",)), house.open()
    slip = {"department": str(house.works_department), "reason": "other", "summary": "s"}
    with transaction():
        service.accept(ticket.id, actor=house.agent, version=ticket.version)
        service.decline(ticket.id, "r", actor=house.agent, version=ticket.version)
        service.hand_over(ticket.id, slip, actor=house.agent, version=ticket.version)
        service.accept_handover(ticket.id, actor=house.agent, version=ticket.version)
        service.take_back(ticket.id, "r", actor=house.agent, version=ticket.version)
        service.confirm_demand(ticket.id, actor=house.agent, version=ticket.version)
        service.unwatch(ticket.id, actor=house.agent)
        message = service.post_message(ticket.id, "x", actor=house.agent)
        service.recall_message(ticket.id, message.id, actor=house.agent)
        changes = {
            "category": "c",
            "priority": "urgent",
            "phase": "p",
            "team_id": house.evening,
            "tags": [],
        }
        service.patch_ticket(ticket.id, changes, actor=house.manager, version=ticket.version)
        service.assign(ticket.id, house.agent.id, actor=house.manager, version=ticket.version)
        service.assign(ticket.id, None, actor=house.manager, version=ticket.version)
        service.merge(other.id, ticket.id, actor=house.manager, version=other.version)
    house.move(ticket, "start", actor=house.manager)
    house.move(ticket, "resolve", actor=house.manager, solution="x")
    house.move(ticket, "reopen", actor=house.manager)
    house.move(ticket, "cancel", actor=house.manager, reason="other")
    declared = catalog().shelf("event")
    told = db.session.scalars(sa.select(EventRow).where(EventRow.subject_type == "ticket")).all()
    for row in told:
        jsonschema.validate(row.payload, declared[row.type].schema())
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(row.payload | {"strange": 1}, declared[row.type].schema())
    unsaid = {event.type for event in EVENTS} - {row.type for row in told}
    assert unsaid == {"ticket.closed", "ticket.edited", "ticket.classified"}, (
        "told in other stories"
    )


def test_a_write_needs_the_version_that_was_read(house):
    ticket = house.open()
    read = ticket.version
    with transaction():
        service.patch_ticket(ticket.id, {"priority": "urgent"}, actor=house.colleague, version=read)
    with pytest.raises(StaleVersion) as stale, transaction():
        service.patch_ticket(
            ticket.id, {"priority": "critical", "tags": ["x"]}, actor=house.agent, version=read
        )
    assert stale.value.data["fields"] == {"priority": ["urgent", "critical"], "tags": [[], ["x"]]}
    assert stale.value.data["current"] == ticket.version
    with pytest.raises(VersionMissing), transaction():
        service.patch_ticket(ticket.id, {"priority": "critical"}, actor=house.agent, version=None)
    with pytest.raises(StaleVersion), transaction():
        service.move_ticket(ticket.id, "open", {}, actor=house.agent, version=read)
    db.session.refresh(ticket)
    assert ticket.priority == "urgent"
    assert ticket.state == "new"
    house.move(ticket, "open")
    assert ticket.state == "open"


def test_a_patch_that_changes_nothing_says_nothing(house):
    ticket = house.open(category="screen", tags=("a",))
    before, version = types_of(ticket), ticket.version
    same = {"subject": ticket.subject, "category": "screen", "priority": "normal", "tags": ["A"]}
    with transaction():
        service.patch_ticket(ticket.id, same, actor=house.agent, version=version)
    assert types_of(ticket) == before
    assert ticket.version == version


def test_every_change_of_a_patch_is_its_own_fact(house):
    ticket = house.open()
    changes = {
        "subject": "新的主题",
        "category": "screen",
        "priority": "critical",
        "request_class": "service",
        "phase": "after_sales",
        "language": "en",
        "team_id": house.evening,
        "tags": ["b", "a"],
        "watchers": [house.manager.id],
        "extra": {"expectation": "尽快更换"},
    }
    with transaction():
        service.patch_ticket(ticket.id, changes, actor=house.manager, version=ticket.version)
    said = types_of(ticket)
    assert {
        "ticket.category_changed",
        "ticket.priority_changed",
        "ticket.team_changed",
        "ticket.tagged",
        "ticket.watched",
    } <= set(said)
    assert said.count("ticket.edited") == 3, "subject, language and extra"
    assert said.count("ticket.reclassed") == 2
    assert ticket.extra["expectation"] == "尽快更换"
    assert service.watchers_of(ticket.id) == [house.manager.id]
    with pytest.raises(Invalid) as refused, transaction():
        service.patch_ticket(
            ticket.id, {"extra": {"unknown": 1}}, actor=house.manager, version=ticket.version
        )
    assert refused.value.problems[0].field == "extra.unknown"


def test_bad_input_is_named_and_changes_nothing(house):
    cases = {
        "type": {"type": "nothing"},
        "priority": {"priority": "huge"},
        "subject": {"subject": "a\x00b"},
        "body": {"description": "x" * 20_001},
        "contact_id": {"contact_id": house.agent.id},
        "team_id": {"team_id": house.agent.id},
        "tags": {"tags": tuple(f"t{n}" for n in range(21))},
        "category": {"category": "c" * 61},
        "channel": {"channel": "two words"},
        "phase": {"phase": "p" * 31},
        "language": {"language": "l" * 17},
        "request_class": {"request_class": "other"},
        "form.kind": {"type": "request"},
        "form.strange": {"form": {"strange": 1}},
    }
    before = db.session.scalar(sa.select(sa.func.count()).select_from(Ticket))
    for field, changes in cases.items():
        with pytest.raises(Invalid) as refused:
            house.open(**changes)
        assert field in {problem.field for problem in refused.value.problems}
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Ticket)) == before
    assert house.open(description="🙂" * 10_000, type="request", form={"kind": "renewal"}).number


def test_script_is_kept_as_words_and_html_is_harmless(house):
    ticket = house.open(
        description="<script>alert(1)</script>",
        html='<p onclick="x">a<script>alert(1)</script></p>',
    )
    message = service.messages(ticket, actor=house.agent)[0]
    assert message.body_text == "<script>alert(1)</script>"
    assert message.body_html == "<p>a</p>"


def test_merging_closes_one_into_the_other(house):
    first, second = house.open(), house.open()
    with transaction():
        service.watch(second.id, actor=house.colleague)
        service.merge(second.id, first.id, actor=house.agent, version=second.version)
    assert (second.status, second.state, second.merged_into) == ("closed", "merged", first.id)
    assert service.watchers_of(first.id) == [house.colleague.id]
    assert service.offered_transitions(second, actor=house.agent) == []
    assert "ticket.absorbed" in types_of(first)
    with pytest.raises(Conflict), transaction():
        service.merge(first.id, second.id, actor=house.agent, version=first.version)
    with pytest.raises(Invalid), transaction():
        service.merge(first.id, first.id, actor=house.agent, version=first.version)
    with pytest.raises(NotOffered), transaction():
        service.move_ticket(second.id, "reopen", {}, actor=house.agent, version=second.version)
