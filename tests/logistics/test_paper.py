"""Logistics on paper: waybill, label, tracking notes and the on-time report, drawn for real."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from pypdf import PdfReader

from core.db import transaction
from core.errors import Forbidden, Invalid, NotFound
from core.reports import service as reports
from plugins.logistics import notes, shipments
from plugins.logistics.numbers import check_digit, is_ours, make_number
from plugins.logistics.on_time import on_time
from plugins.logistics.reports import bars, lines_of


def paper(name: str, actor, **asked):
    return reports.pdf(reports.fill(f"logistics.{name}", asked, actor=actor))


def words_of(pdf) -> str:
    return "".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf.content)).pages)


def test_the_waybill_is_one_page_of_a4_with_everything_on_it(depot):
    order = depot.order(
        remarks="易碎，请轻放", cash_on_delivery={"amount": 12800, "currency": "CNY"}
    )
    made = paper("waybill", depot.agent, order_id=str(order.id))
    assert (made.pages, made.missing) == (1, ())
    words = words_of(made)
    shipment = shipments.shipment_of_order(order.id)
    for shown in (
        shipment.number,
        order.number,
        "方晓",
        "石磊",
        "+8613800003202",
        "天府大道",
        "茶具",
        "128",
        "草稿",
    ):
        assert shown in words.replace("\n", ""), shown
    box = PdfReader(io.BytesIO(made.content)).pages[0].mediabox
    assert round(box.width / 72 * 25.4) == 210
    draft = depot.order(submit=False)
    assert paper("waybill", depot.agent, order_id=str(draft.id)).pages == 1


def test_the_label_is_100_by_150_mm_and_hides_names_and_phones(depot):
    order = depot.order(pieces=2)
    made = paper("label", depot.agent, order_id=str(order.id))
    assert (made.pages, made.missing, made.warnings) == (1, (), ())
    box = PdfReader(io.BytesIO(made.content)).pages[0].mediabox
    assert (round(box.width / 72 * 25.4), round(box.height / 72 * 25.4)) == (100, 150)
    words = words_of(made).replace(" ", "").replace("\n", "")
    assert shipments.shipment_of_order(order.id).number in words
    assert "138****3202" in words
    assert "13800003202" not in words
    assert "石磊" not in words
    with pytest.raises(Invalid):
        paper("label", depot.agent, order_id=str(depot.order(submit=False).id))


def test_papers_ask_for_their_permission(depot):
    order = depot.order()
    nobody = depot.agent.__class__(kind="user", id=depot.agent.id, grants={})
    for name in ("waybill", "label"):
        with pytest.raises(Forbidden):
            reports.fill(f"logistics.{name}", {"order_id": str(order.id)}, actor=nobody)
    with pytest.raises(NotFound):
        other = "01a20012-dcd5-7003-ac33-2aef66a105c9"
        reports.fill("logistics.waybill", {"order_id": other}, actor=depot.agent)
    with pytest.raises(Invalid):
        reports.fill("logistics.waybill", {"order_id": "x"}, actor=depot.agent)


def test_tracking_notes_print_with_what_was_done_and_told(depot):
    shipment = depot.tell(depot.parcel(), "PickedUp", "InTransit", place="武汉")
    with transaction():
        for content, told in (
            ("查武汉分拨，无到件扫描", "告知客户正在查找"),
            ("已补扫，今晚发车", ""),
        ):
            notes.write_note(shipment, {"content": content, "told": told}, actor=depot.agent)
    made = paper("tracking_notes", depot.agent, shipment_id=str(shipment.id))
    words = words_of(made)
    assert (made.pages, made.missing) == (1, ())
    for shown in ("查武汉分拨", "告知客户正在查找", "今晚发车", shipment.number, "lin"):
        assert shown in words


def test_a_barcode_is_made_of_whole_signs():
    drawn = bars("YD123456789012")
    assert drawn[-1][0] + drawn[-1][1] == 11 * (1 + 14 + 1) + 13
    assert all(width in {1, 2, 3, 4} for _, width in drawn)
    assert lines_of("四川省成都市高新区天府大道8号", 6) == ["四川省成都市", "高新区天府大", "道8号"]


def test_numbers_are_random_and_slips_are_seen():
    numbers = {make_number("YD") for _ in range(50)}
    assert len(numbers) == 50
    assert all(is_ours(number) for number in numbers)
    number = numbers.pop()
    slipped = f"{number[:5]}{(int(number[5]) + 1) % 10}{number[6:]}"
    assert not is_ours(slipped)
    assert check_digit("7992739871") == "3", "Luhn's own example"


@pytest.mark.rule("KP-16")
def test_the_on_time_report_counts_kept_promises_by_carrier(depot, browser_of):
    """G shipments / W report / T done <= promised / all"""
    kept = depot.tell(depot.parcel(), "PickedUp", "Delivered")
    late = depot.tell(depot.parcel("zhongda", receiver_city="杭州"), "103")
    coming = depot.parcel()
    depot.clock.set(kept.promised_at - timedelta(hours=1))
    depot.tell(late, "3", every=0.1)
    depot.clock.set(kept.promised_at + timedelta(minutes=1))
    with transaction():
        found = shipments.lock_shipment(coming.id)
        found.promised_at = depot.clock.at + timedelta(days=1)
    shown = on_time()["o"]
    assert (shown["total"].all, shown["total"].kept) == (2, 1)
    assert [(each.name, each.share) for each in shown["carriers"]] == [
        ("众达快递", 0.0),
        ("飞翼速运", 100.0),
    ]
    assert shown["carriers"][0].delay > 1
    assert shown["routes"][0].name == "杭州 → 杭州"
    made = paper("on_time", depot.agent)
    assert "众达快递" in words_of(made)
    assert made.missing == ()
    browser = browser_of()
    page = browser.get("/x/logistics/on-time").text
    assert "<svg" in page
    assert "50.0%" in page
    assert browser.get("/x/logistics/on-time?since=2026-11-30&until=2026-11-01").status_code == 200
    table = browser.get("/x/logistics/on-time.csv").get_data().decode("utf-8-sig")
    assert len(table.splitlines()) == 3
