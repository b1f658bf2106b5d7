"""ST-W: who may do what, what each step keeps and tells, and what happens by itself."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from core import timers
from core.clock import now
from core.db import db, transaction
from core.errors import Forbidden, Invalid, NotFound, NotOffered, StaleVersion
from core.settings import save as save_settings
from core.tickets import service as tickets
from plugins.property_mgmt import effects, orders, photos, signing, work_shown
from plugins.property_mgmt.contractors import job_path, offer_by_token
from plugins.property_mgmt.workflow import TICKET_STATE
from tests.property_mgmt.conftest import TO_DISPATCH, TO_DONE, TO_WORK, Home, event


def said(home: Home, ticket) -> list[str]:
    return [m.body_text for m in tickets.messages(ticket, actor=home.by_link(ticket))]


def test_from_the_report_to_the_closed_order(home: Home) -> None:
    ticket = home.report()
    order = home.order(ticket)
    assert (order.state, order.unit_id, order.position) == ("reported", home.unit.id, 1)
    order = home.go(order, *TO_DONE)
    assert order.state == "done"
    assert tickets.get_ticket(ticket.id, actor=home.house.agent).state == "to_confirm"
    order = home.go(order, "sign", "rate", "close")
    assert (order.state, order.verified_how, order.effect) == ("closed", "signature", 4)
    assert tickets.get_ticket(ticket.id, actor=home.house.agent).status == "closed"
    moves = [step.move for step in orders.steps_of(order)]
    assert moves == ["report", *TO_DONE, "sign", "rate", "close"]


@pytest.mark.parametrize("name", ["reject", "cancel"])
def test_the_resident_hears_why_it_will_not_be_done(home: Home, name: str) -> None:
    ticket = home.report()
    order = home.go(home.order(ticket), "triage", name)
    assert order.state == {"reject": "rejected", "cancel": "cancelled"}[name]
    assert any(home.answers(name)["said"] in words for words in said(home, ticket))
    assert tickets.get_ticket(ticket.id, actor=home.house.agent).status == "closed"


@pytest.mark.rule("PM-02")
def test_the_owner_hears_of_each_step(home: Home) -> None:
    """G complaint passed / W department updates / T owner notified."""
    ticket = home.report()
    before = len(said(home, ticket))
    order = home.go(home.order(ticket), *TO_WORK, "wait_parts", "resume", "finish")
    told = said(home, ticket)[before:]
    assert len(told) == 4, "accepted, on site, waiting for parts, done"
    assert "清源管道" in told[0]
    assert "11 月 18 日" in told[2]
    assert "签字" in told[3]
    assert "/x/" not in told[3], "a secret link stands in no message"
    assert order.state == "done"


def test_a_tenant_may_keep_quiet(home: Home) -> None:
    with transaction():
        save_settings("property_mgmt", {"tell_resident": False}, actor=home.house.manager)
    ticket = home.report()
    before = len(said(home, ticket))
    home.go(home.order(ticket), *TO_DONE)
    assert len(said(home, ticket)) == before


def test_a_quote_is_approved_within_the_limit_and_above_it_by_a_manager(home: Home) -> None:
    order = home.go(home.order(home.report()), "triage")
    order = home.take(order, "quote", amount={"amount": 200_001, "currency": "CNY"})
    with pytest.raises(Forbidden):
        home.take(order, "approve", home.house.agent)
    with pytest.raises(Invalid) as caught:
        home.take(order, "approve", home.house.supervisor)
    assert caught.value.problems[0].message == "property_mgmt.error.above_limit"
    order = home.take(order, "approve", home.house.manager)
    assert (order.state, order.approved_name) == ("approved", "ma")
    assert work_shown.quote(order).as_json() == {"amount": 200_001, "currency": "CNY"}
    assert home.take(order, "dispatch").state == "dispatched"


def test_the_supervisor_approves_up_to_the_limit(home: Home) -> None:
    order = home.go(home.order(home.report()), "triage")
    order = home.take(order, "quote", amount={"amount": 200_000, "currency": "CNY"})
    assert home.take(order, "approve").state == "approved"


def test_a_returned_quote_is_forgotten(home: Home) -> None:
    order = home.go(home.order(home.report()), "triage", "quote", "return_quote")
    assert (order.state, order.quote_amount) == ("triaged", None)


def test_done_wants_a_photo(home: Home) -> None:
    order = home.go(home.order(home.report()), *TO_WORK)
    with pytest.raises(Invalid) as caught:
        home.take(order, "finish", photos=[])
    assert caught.value.problems[0].field == "form.photos"
    order = home.take(order, "finish")
    assert [photo.phase for photo in photos.photos_of(order)] == ["after"]


def test_a_photo_taken_before_done_counts(home: Home) -> None:
    order = home.go(home.order(home.report()), *TO_WORK)
    actor = home.contractor()
    upload = home.upload(actor)
    with transaction():
        photos.keep_photos(order, [UUID(upload)], "after", actor=actor)
    assert home.take(order, "finish", photos=[]).state == "done"


def test_what_is_no_picture_is_no_photo(home: Home) -> None:
    order = home.go(home.order(home.report()), *TO_WORK)
    note = home.upload(home.contractor(), "note.txt", b"words")
    with pytest.raises(Invalid), transaction():
        photos.keep_photos(order, [UUID(note)], "before", actor=home.contractor())


def test_who_grabs_first_has_it(home: Home) -> None:
    """open_for_grab (抢单): the others' links are dead from then on."""
    order = home.go(home.order(home.report()), "triage", "offer")
    first, second = effects.offers_of(order)
    assert {first.contractor_id, second.contractor_id} == {home.firm.id, home.second.id}
    order = home.take(order, "accept", home.contractor(home.second))
    assert order.contractor_id == home.second.id
    token = job_path(first).rpartition("/")[2]
    with pytest.raises(NotFound):
        offer_by_token(token)
    assert offer_by_token(job_path(second).rpartition("/")[2]).id == second.id


def test_nothing_is_offered_when_nobody_knows_the_trade(home: Home) -> None:
    order = home.take(home.order(home.report()), "triage", trade="lift")
    with pytest.raises(Invalid) as caught:
        home.take(order, "offer")
    assert caught.value.problems[0].message == "property_mgmt.error.nobody"


def test_a_declined_job_goes_back_to_the_desk_and_to_another_one(home: Home) -> None:
    order = home.go(home.order(home.report()), *TO_DISPATCH, "decline")
    assert (order.state, order.contractor_id) == ("triaged", None)
    order = home.take(order, "dispatch", contractor=str(home.second.id))
    assert [offer.answer for offer in effects.offers_of(order)] == ["declined", ""]


def test_each_has_his_part_and_no_other(home: Home) -> None:
    ticket = home.report()
    order = home.go(home.order(ticket), *TO_DISPATCH)
    customer, contractor = home.by_link(ticket), home.contractor()
    with pytest.raises(NotOffered), transaction():
        orders.take(
            order.id, "accept", {}, actor=customer, version=order.version, part=orders.RESIDENT
        )
    assert [way.name for way in orders.offered_for(order, contractor, orders.CONTRACTOR)] == [
        "accept",
        "decline",
    ]
    assert orders.offered_for(order, customer, orders.RESIDENT) == []
    order = home.go(order, "accept", "arrive", "start", "finish")
    with pytest.raises(NotOffered), transaction():
        orders.take(
            order.id, "sign", {}, actor=contractor, version=order.version, part=orders.CONTRACTOR
        )
    assert {way.name for way in orders.offered_for(order, customer, orders.RESIDENT)} == {
        "sign",
        "reopen",
    }
    assert "sign" not in {way.name for way in orders.offered_for(order, home.house.agent)}
    assert "verify" in {way.name for way in orders.offered_for(order, home.house.agent)}


def test_a_stale_version_is_told(home: Home) -> None:
    order = home.order(home.report())
    with pytest.raises(StaleVersion), transaction():
        orders.take(
            order.id,
            "triage",
            home.answers("triage"),
            actor=home.house.agent,
            version=order.version - 1,
        )
    assert home.take(order, "triage").state == "triaged"


def test_silence_for_72_hours_verifies(home: Home) -> None:
    ticket = home.report()
    order = home.go(home.order(ticket), *TO_DONE)
    due = order.done_at + timedelta(hours=72)
    with pytest.raises(Invalid):
        home.take(order, "auto_verify")
    timers.run_until(home.clock, due - timedelta(seconds=1), housekeeping=False)
    assert home.order(ticket).state == "done"
    timers.run_until(home.clock, due, housekeeping=False)
    db.session.expire_all()
    order = home.order(ticket)
    assert (order.state, order.verified_how) == ("verified", "silence")
    timers.run_until(home.clock, now() + timedelta(days=7), housekeeping=False)
    db.session.expire_all()
    assert home.order(ticket).state == "closed"


def test_a_signature_stops_the_timer(home: Home) -> None:
    ticket = home.report()
    order = home.go(home.order(ticket), *TO_DONE, "sign")
    timers.run_until(home.clock, order.done_at + timedelta(hours=73), housekeeping=False)
    db.session.expire_all()
    assert home.order(ticket).verified_how == "signature"


def test_reopening_holds_for_seven_days(home: Home) -> None:
    ticket = home.report()
    order = home.go(home.order(ticket), *TO_DONE, "sign")
    home.clock.set(order.verified_at + timedelta(days=7))
    order = home.take(order, "reopen")
    assert (order.state, order.verified_at) == ("reopened", None)
    assert tickets.get_ticket(ticket.id, actor=home.house.agent).state == "arranging"
    order = home.go(order, *TO_DONE, "sign")
    home.clock.set(order.verified_at + timedelta(days=7, seconds=1))
    with pytest.raises(Invalid) as caught:
        home.take(order, "reopen")
    assert caught.value.problems[0].message == "property_mgmt.error.reopen_late"


def test_the_signature_is_sealed(home: Home) -> None:
    ticket = home.report()
    order = home.go(home.order(ticket), *TO_DONE)
    drawn = home.upload(home.by_link(ticket), "s.png", b"")
    order = home.take(order, "sign", signature={"attachment_id": drawn, "strokes": "[[1,2]]"})
    signature = signing.signature_of(order)
    assert (signature.kind, len(signature.sha256)) == ("drawn", 64)
    assert event(ticket, "work_order.verified")["sha256"] == signature.sha256
    signature.signer = "别人"
    assert signing.seal(signature) != signature.sha256


def test_facts_name_nobody(home: Home) -> None:
    ticket = home.report()
    home.go(home.order(ticket), *TO_DONE, "sign", "rate")
    told = str(
        [event(ticket, f"work_order.{n}") for n in ("reported", "done", "verified", "rated")]
    )
    assert not any(word in told for word in ("林晓雯", "13800006021", "滴水", "水管"))


def test_the_ticket_stands_where_its_newest_order_does(home: Home) -> None:
    ticket = home.report()
    for name in (*TO_DONE, "sign"):
        order = home.take(home.order(ticket), name)
        state = tickets.get_ticket(ticket.id, actor=home.house.agent).state
        assert state == TICKET_STATE[order.state], name


def test_another_trade_makes_another_order_at_the_same_ticket(home: Home) -> None:
    ticket = home.report()
    with transaction():
        second = orders.order_for_staff(
            ticket.id, trade="power", task="检查插座", actor=home.house.agent
        )
    assert (second.position, second.unit_id) == (2, home.unit.id)
    assert orders.number_of(second, ticket) == f"{ticket.number}-2"
