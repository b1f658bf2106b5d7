"""Exceptions: found once, at one ticket with clocks, the customer told, over when the parcel moves again."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from core.actors import SYSTEM
from core.db import db, transaction
from core.settings import save
from core.sla.models import ClockRow
from core.tickets import service as tickets
from plugins.logistics import cases, notes, orders, shipments
from plugins.logistics.canonical import STATUSES
from plugins.logistics.models import ExceptionCase, TrackingNote
from plugins.logistics.rules import ALL, RULES


def said(depot, ticket) -> list[str]:
    """What the customer was told at the ticket."""
    found = tickets.messages(tickets.get_ticket(ticket.id, actor=SYSTEM), actor=SYSTEM)
    return [m.body_text for m in found if m.visibility == "public" and m.purpose == "notice"]


def clocks(ticket) -> dict[str, float]:
    """The seconds promised by each running clock."""
    rows = db.session.scalars(sa.select(ClockRow).where(ClockRow.ticket_id == ticket.id))
    return {row.metric: row.target for row in rows if row.state == "running"}


def silent(depot):
    """A parcel of which nothing was heard for more than a day."""
    shipment = depot.tell(depot.parcel(), "PickedUp", "InTransit", place="武汉分拨中心")
    depot.wait(hours=25)
    return shipment


@pytest.mark.rule("LG-04")
def test_a_silent_parcel_opens_a_ticket_with_a_clock_and_its_customer_is_told(depot):
    """G accepted order / W no event in N h / T follow-up task"""
    shipment = depot.tell(depot.parcel(), "PickedUp", "InTransit", place="武汉分拨中心")
    assert depot.wait(hours=23, minutes=59)["found"] == 0
    assert depot.wait(minutes=2)["found"] == 1
    (ticket,) = depot.tickets()
    assert ticket.number.startswith("LX-2611-")
    assert shipment.number in ticket.subject
    assert (ticket.contact_id, ticket.status, ticket.category) == (depot.customer, "new", "L-TRACK")
    assert clocks(ticket)["logistics.carrier_contact"] == 4 * 3600
    assert clocks(ticket)["resolution"] == 3 * 86400
    (words,) = said(depot, ticket)
    assert shipment.number in words
    assert "主动联系承运商" in words
    assert [fact["kind"] for fact in depot.facts("exception.detected")] == ["silent"]


def test_looking_again_finds_nothing_new(depot):
    silent(depot)
    for _ in range(3):
        assert depot.wait(minutes=10)["found"] == 0
    assert len(depot.tickets()) == 1
    assert len(db.session.scalars(sa.select(ExceptionCase)).all()) == 1


def test_two_days_of_silence_make_the_same_ticket_urgent(depot):
    silent(depot)
    assert depot.wait(hours=24)["found"] == 1
    (ticket,) = depot.tickets()
    assert ticket.priority == "urgent"
    assert [case.kind for case in cases.cases_at(ticket.id)] == ["silent", "silent_long"]
    assert len(said(depot, ticket)) == 2


def test_moving_again_resolves_the_ticket_and_tells_the_customer(depot):
    shipment = silent(depot)
    depot.tell(shipment, "Arrived", place="成都")
    (ticket,) = depot.tickets()
    db.session.refresh(ticket)
    assert (ticket.state, ticket.status) == ("resolved", "resolved")
    assert "已恢复运输" in said(depot, ticket)[-1]
    assert [fact["by"] for fact in depot.facts("exception.resolved")] == ["system"]
    assert "logistics.carrier_contact" not in clocks(ticket)
    depot.wait(hours=30)
    assert len(depot.tickets()) == 2, "another silence is another exception"


def test_delivery_ends_everything(depot):
    shipment = silent(depot)
    depot.wait(hours=24)
    depot.tell(shipment, "OutForDelivery", "Delivered", place="成都高新")
    (ticket,) = depot.tickets()
    db.session.refresh(ticket)
    assert ticket.status == "resolved"
    assert all(case.over_at for case in cases.cases_of(shipment.id))
    assert depot.wait(days=30)["found"] == 0


def test_a_late_report_of_the_past_ends_no_silence(depot):
    shipment = silent(depot)
    with transaction():
        from plugins.logistics.adapters import Report  # noqa: PLC0415

        old = Report("", "InTransit", depot.clock.at - timedelta(hours=26, minutes=30))
        shipments.hear(shipments.lock_shipment(shipment.id), [old], source="push", actor=SYSTEM)
    assert depot.tickets()[0].status == "new"


def test_two_failed_attempts_are_an_exception(depot):
    shipment = depot.tell(depot.parcel(), "PickedUp", "OutForDelivery", "AttemptFail")
    assert depot.detect()["found"] == 0
    depot.tell(shipment, "OutForDelivery", "AttemptFail")
    assert depot.detect()["found"] == 1
    (ticket,) = depot.tickets()
    assert "2 次" in ticket.subject
    assert "方便的时间" in said(depot, ticket)[0]
    depot.tell(shipment, "OutForDelivery")
    db.session.refresh(ticket)
    assert ticket.status == "resolved"


@pytest.mark.rule("SL-33")
def test_a_pickup_that_nobody_made_in_time_is_an_exception(depot):
    """G pickup promised 15:00 / W 15:01 not picked / T exception + agent task"""
    order = depot.order(payment="receiver")
    depot.step(order, "confirm")
    three = depot.clock.at.replace(hour=7, minute=0)
    depot.step(
        order, "dispatch", salesman=str(depot.house.colleague.id), pickup_by=three.isoformat()
    )
    depot.clock.set(three)
    assert depot.detect()["found"] == 0
    assert depot.wait(minutes=1)["found"] == 1
    (ticket,) = depot.tickets()
    assert (ticket.priority, ticket.category) == ("urgent", "L-PICKUP")


@pytest.mark.rule("LG-05")
def test_the_pickup_is_tracked_until_the_parcel_is_there(depot):
    """After sending the business order to the salesman, track the pickup (SL-33)."""
    order = depot.order(payment="receiver")
    depot.step(order, "confirm")
    soon = depot.clock.at + timedelta(hours=2)
    depot.step(
        order, "dispatch", salesman=str(depot.house.colleague.id), pickup_by=soon.isoformat()
    )
    depot.wait(hours=3)
    shipment = shipments.shipment_of_order(order.id)
    depot.tell(shipment, "PickedUp", place="杭州滨江")
    (ticket,) = depot.tickets()
    db.session.refresh(ticket)
    assert ticket.status == "resolved"
    assert orders.get_order(order.id).state == "picked_up"


def test_customs_delay_and_carriers_own_reports_are_exceptions(depot):
    stuck = depot.tell(depot.parcel(service="international"), "PickedUp", "Customs")
    broken = depot.tell(depot.parcel(), "PickedUp", "Exception_Damaged")
    depot.detect()
    assert [case.kind for case in cases.cases_of(broken.id)] == ["reported"]
    assert depot.tickets()[0].category == "L-DAMAGE"
    depot.wait(hours=73)
    assert {case.kind for case in cases.cases_of(stuck.id)} == {"customs_stuck"}
    late = depot.tell(depot.parcel(receiver_city="杭州"), "PickedUp")
    for _ in range(6):
        depot.tell(late, "InTransit", every=20)
    depot.detect()
    assert "overdue" in {case.kind for case in cases.cases_of(late.id)}


def test_a_tenant_switches_rules_and_notices_off(depot):
    with transaction():
        save("logistics", {"kinds": ["failed_twice"], "tell_customer": []}, actor=SYSTEM)
    from tests.complaints.test_surface import next_request  # noqa: PLC0415

    next_request()
    silent(depot)
    assert depot.tickets() == []
    shipment = depot.tell(depot.parcel(), "AttemptFail", "AttemptFail")
    assert depot.detect()["found"] == 1
    assert said(depot, depot.tickets()[0]) == []
    assert cases.cases_of(shipment.id)


def test_every_rule_words_its_ticket_and_notice(depot):
    from core.i18n import text, use  # noqa: PLC0415

    for locale in ("zh-CN", "en"):
        with use(locale, "UTC"):
            for kind in ALL:
                for group in ("subject", "description", "notice", "kind_of"):
                    assert text(f"logistics.{group}.{kind}") != f"logistics.{group}.{kind}"
            for status in STATUSES:
                assert text(f"logistics.status.{status}") != f"logistics.status.{status}"
    assert len(RULES) >= 6


# --- the ticket's own way -------------------------------------------------------------------------


def take(depot, ticket, name, **answers):
    with transaction():
        found = tickets.get_ticket(ticket.id, actor=depot.agent)
        return tickets.move_ticket(
            ticket.id, name, answers, actor=depot.agent, version=found.version
        )


@pytest.mark.rule("LG-06")
def test_after_every_check_the_tracking_content_is_written(depot):
    """After every check write the tracking content in the order's tracking record."""
    shipment = silent(depot)
    (ticket,) = depot.tickets()
    take(depot, ticket, "open")
    take(
        depot, ticket, "contact_carrier", content="武汉分拨答复：漏扫，今晚补发",
        next_check_at=(depot.clock.at + timedelta(hours=4)).isoformat(),
    )  # fmt: skip
    assert "logistics.carrier_contact" not in clocks(ticket), "its clock is met"
    take(depot, ticket, "tell_customer", told="您好，快件已找到，今晚发出。")
    told = notes.notes_of(shipment.id)
    assert [note.content for note in told] == [
        "武汉分拨答复：漏扫，今晚补发",
        "您好，快件已找到，今晚发出。",
    ]
    assert {note.ticket_id for note in told} == {ticket.id}
    assert "今晚发出" in said(depot, ticket)[-1]
    assert [fact["status"] for fact in depot.facts("tracking_note.written")] == ["in_transit"] * 2


@pytest.mark.rule("FM-22")
def test_a_tracking_note_stands_on_the_timeline_and_nobody_changes_it(depot, browser_of):
    """G pickup check / W saved / T on order timeline"""
    shipment_id = depot.parcel().id
    browser = browser_of()
    where = f"/x/logistics/shipments/{shipment_id}"
    token = browser.get(where).text.partition('name="csrf_token" value="')[2].partition('"')[0]
    blank = browser.post(f"{where}/notes", data={"csrf_token": token, "done": "打过电话"})
    assert blank.status_code == 422
    assert "打过电话" in blank.text
    sent = {"csrf_token": token, "content": "营业员已到楼下", "told": "告知客户稍候"}
    assert browser.post(f"{where}/notes", data=sent).status_code == 303
    shown = browser.get(where).text
    assert "营业员已到楼下" in shown
    assert "告知客户稍候" in shown
    for change in (
        sa.update(TrackingNote).values(content="改过"),
        sa.delete(TrackingNote),
        sa.update(TrackingNote).values(content="—", done="—", told="—", written_at=depot.clock.at + timedelta(days=1)),
    ):  # fmt: skip
        with pytest.raises(sa.exc.DBAPIError, match="never"), transaction():
            db.session.execute(change)
    (note,) = notes.notes_of(shipment_id)
    assert note.content == "营业员已到楼下"


def test_a_person_resolves_and_a_customers_word_reopens(depot):
    shipment = silent(depot)
    (ticket,) = depot.tickets()
    take(depot, ticket, "resolve", outcome="found", done="已在武汉找到并发出")
    assert [case.over_by for case in cases.cases_of(shipment.id)] == ["user"]
    with transaction():
        customer = tickets.get_ticket(ticket.id, actor=SYSTEM)
        tickets.post_message(
            customer.id, "还是没有动静", actor=depot.house.customer.__class__(
                kind="contact", id=depot.customer, name="方晓", ticket_id=ticket.id,
                grants=depot.house.customer.grants,
            ),
        )  # fmt: skip
    db.session.expire_all()
    assert depot.tickets()[0].state == "owned"
    assert cases.cases_of(shipment.id)[0].over_at is None
    depot.tell(shipment, "Delivered")
    assert depot.tickets()[0].state == "resolved"
