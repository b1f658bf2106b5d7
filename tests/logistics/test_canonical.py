"""The fold: any order and any repetition of events ends in the same state; nothing moves back that should not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.logistics.canonical import ENDS, RANK, STATUSES, SUBS, Scan, fold, is_end

BEGIN = datetime(2026, 11, 16, tzinfo=UTC)
scans = st.lists(
    st.builds(
        lambda minute, status, sub, piece, code: Scan(
            BEGIN + timedelta(minutes=minute), code, piece, status,
            sub if status == "exception" else "", f"hub {minute % 3}",
        ),
        minute=st.integers(0, 30),
        status=st.sampled_from(STATUSES),
        sub=st.sampled_from(SUBS),
        piece=st.integers(0, 3),
        code=st.sampled_from("abcdef"),
    ),
    max_size=25,
)  # fmt: skip


def way(*told: str, pieces: int = 1, piece: int = 0):
    """The standing after these statuses, one an hour; "exception:lost" names a kind."""
    made = []
    for hour, each in enumerate(told):
        status, _, sub = each.partition(":")
        made.append(Scan(BEGIN + timedelta(hours=hour), each, piece, status, sub))
    return fold(made, pieces)


@settings(max_examples=300, deadline=None)
@given(scans, st.randoms(use_true_random=False), st.integers(1, 3))
def test_any_order_and_any_repetition_ends_in_the_same_state(told, chance, pieces):
    once = fold(told, pieces)
    again = [*told, *chance.choices(told, k=len(told))] if told else []
    chance.shuffle(again)
    assert fold(again, pieces) == once


@settings(max_examples=300, deadline=None)
@given(scans)
def test_an_end_is_an_end_but_for_a_dispute(told):
    steps = fold(told).steps
    for before, after in pairwise(steps):
        if is_end(before.status, before.sub):
            assert (before.status, after.status, after.sub) == ("delivered", "exception", "dispute")


@settings(max_examples=300, deadline=None)
@given(scans)
def test_the_way_never_leads_back_without_a_reason(told):
    for before, after in pairwise(fold(told).steps):
        if before.status in RANK and after.status in RANK and before.status != "customs":
            assert RANK[after.status] > RANK[before.status]


@pytest.mark.parametrize(
    ("told", "status"),
    [
        ((), "pending"),
        (("info_received", "picked_up", "in_transit"), "in_transit"),
        (("picked_up", "in_transit", "picked_up"), "in_transit"),
        (("in_transit", "customs", "in_transit"), "in_transit"),
        (("out_for_delivery", "attempt_failed", "at_depot"), "at_depot"),
        (("in_transit", "exception:delay", "in_transit"), "in_transit"),
        (("delivered", "in_transit", "returning"), "delivered"),
        (("delivered", "exception:dispute"), "exception"),
        (("delivered", "exception:dispute", "delivered"), "delivered"),
        (("delivered", "exception:damaged"), "delivered"),
        (("returning", "in_transit", "returned", "delivered"), "returned"),
        (("exception:lost", "in_transit"), "exception"),
        (("cancelled", "delivered"), "cancelled"),
    ],
)
def test_known_ways_end_where_they_should(told, status):
    found = way(*told)
    assert found.status == status
    assert found.ended == (status in ENDS or found.sub == "lost")


def test_a_late_report_finds_its_place_among_those_that_are_known():
    early = Scan(BEGIN, "PU", 0, "picked_up")
    late = Scan(BEGIN + timedelta(hours=9), "DL", 0, "delivered")
    assert [step.status for step in fold([late, early]).steps] == ["picked_up", "delivered"]


def test_failed_attempts_are_counted_once_each():
    assert (
        way("out_for_delivery", "attempt_failed", "out_for_delivery", "attempt_failed").attempts
        == 2
    )


def test_of_many_pieces_the_worst_off_speaks():
    first = Scan(BEGIN, "D", 1, "delivered")
    second = Scan(BEGIN, "T", 2, "in_transit")
    assert fold([first, second], pieces=2).status == "in_transit"
    assert fold([first, Scan(BEGIN, "D", 2, "delivered")], pieces=2).status == "delivered"
    broken = Scan(BEGIN + timedelta(hours=1), "X", 2, "exception", "damaged")
    assert fold([first, second, broken], pieces=2).sub == "damaged"
