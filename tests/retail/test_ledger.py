"""The points ledger: double entry that the database itself keeps, alone and under a crowd."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import DatabaseError

from core.actors import SYSTEM
from core.clock import uuid7
from core.db import clear_session, db, transaction
from core.errors import Conflict, Invalid
from core.settings import save
from core.tenancy import as_tenant
from plugins.retail import jobs, points, statements
from plugins.retail.ledger_models import Account, Entry, Lot, Posting
from tests.retail.world import join, sell

SPENDERS = 8
SECONDS = 10.0 if os.environ.get("POLYDESK_LONG") else 1.5
JOB = type("Run", (), {"result": None})


def night():
    run = JOB()
    run.result = {}
    jobs.nightly_points(run)
    return run.result


def burn(member, count, key):
    with transaction():
        return points.burn(member.id, count, key=key, actor=SYSTEM)


def active(member):
    return statements.balance_of(member.id).active


def accounts_of(member):
    rows = db.session.scalars(sa.select(Account).where(Account.member_id == member.id))
    return {row.kind: row.id for row in rows}


def house_of(kind):
    return points._house_id(kind)


# --- what the database refuses --------------------------------------------------------------------


def write(member, *amounts, post=True, after=()):
    """A posting by hand, past every service: entries on the member's account and the house's."""
    posting_id = uuid7()
    ours, house = accounts_of(member)["active"], house_of("issue")
    with transaction():
        for place, amount in enumerate(amounts):
            account = ours if place == 0 else house
            db.session.add(Entry(posting_id=posting_id, account_id=account, amount=amount))
        db.session.flush()
        if post:
            db.session.add(
                Posting(
                    id=posting_id,
                    kind="adjust",
                    member_id=member.id,
                    points=1,
                    key=f"x{posting_id}",
                )
            )
            db.session.flush()
        for amount in after:
            db.session.add(Entry(posting_id=posting_id, account_id=ours, amount=amount))


def test_a_balanced_posting_goes_in_and_moves_the_balance(mall):
    member = join()
    write(member, 500, -500)
    assert active(member) == 500
    assert statements.faults() == []


@pytest.mark.parametrize(
    ("amounts", "post", "after"),
    [
        ((500, -499), True, ()),
        ((500,), True, ()),
        ((), True, ()),
        ((500, -500), True, (7,)),
        ((500, -500), False, ()),
        ((-1, 1), True, ()),
        ((0, 0), True, ()),
    ],
    ids=["unbalanced", "one-sided", "empty", "after-the-seal", "no-posting", "negative", "zero"],
)
def test_the_database_refuses_what_is_no_posting(mall, amounts, post, after):
    member = join()
    with pytest.raises(DatabaseError):
        write(member, *amounts, post=post, after=after)
    assert active(member) == 0
    assert statements.faults() == []


@pytest.mark.parametrize("model", [Entry, Posting])
def test_entries_and_postings_are_never_changed_or_removed(mall, model):
    member = join()
    write(member, 500, -500)
    for statement in (
        sa.update(model).values(**({"amount": 9} if model is Entry else {"points": 9})),
        sa.delete(model),
    ):
        with pytest.raises(DatabaseError), transaction():
            db.session.execute(statement)
        assert active(member) == 500


# --- what members see -----------------------------------------------------------------------------


def test_a_receipt_earns_once_and_points_are_spent_first_in_first_out(mall, clock):
    member = join()
    sell(("MJ-01", 1), member=member)
    clock.advance(timedelta(days=40))
    sell(("MJ-01", 2), member=member)
    assert active(member) == 300
    burn(member, 150, "one")
    left = db.session.scalars(sa.select(Lot.remaining).order_by(Lot.earned_at)).all()
    assert list(left) == [0, 150]
    assert active(member) == 150
    assert statements.faults() == []


def test_the_same_key_spends_once_and_another_sum_is_a_conflict(mall):
    member = join()
    sell(("MJ-01", 1), member=member)
    first, again = burn(member, 40, "k"), burn(member, 40, "k")
    assert first.id == again.id
    assert active(member) == 60
    with pytest.raises(Conflict):
        burn(member, 41, "k")


def test_nobody_spends_more_than_he_has(mall):
    member = join()
    sell(("MJ-01", 1), member=member)
    with pytest.raises(Invalid) as caught:
        burn(member, 101, "much")
    assert caught.value.problems[0].message == "retail.error.points_short"
    assert burn(member, 100, "all").points == 100


def test_points_wait_become_active_and_expire_at_night(mall, clock):
    with transaction():
        save("retail", {"points_pending_days": 7, "points_months": 1}, actor=SYSTEM)
    member = join()
    sell(("MJ-01", 1), member=member)
    assert statements.balance_of(member.id) == statements.Balance(pending=100)
    assert night() == {"activated": 0, "expired": 0}
    clock.advance(timedelta(days=7))
    assert night() == {"activated": 1, "expired": 0}
    assert active(member) == 100
    clock.advance(timedelta(days=24))
    assert night() == {"activated": 0, "expired": 1}
    assert night() == {"activated": 0, "expired": 0}, "twice takes nothing"
    assert active(member) == 0
    assert statements.faults() == []


def test_what_was_spent_before_a_claw_back_is_owed_and_settled_by_the_next_points(mall, case_of):
    member = join()
    case = case_of(sell(("MJ-01", 2), member=member))
    burn(member, 150, "spent")
    case.ask()
    case.to_refund()
    case.pay_out()
    assert statements.balance_of(member.id) == statements.Balance(active=0, owed=150)
    sell(("MJ-01", 2), member=member)
    assert statements.balance_of(member.id) == statements.Balance(active=50)
    assert statements.faults() == []


# --- any order of things --------------------------------------------------------------------------

MOVES = st.lists(
    st.tuples(st.sampled_from(["earn", "burn", "burn", "expire"]), st.integers(1, 400)), max_size=8
)


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(moves=MOVES)
def test_whatever_happens_the_book_adds_up(mall, clock, moves):
    member = join()
    model = 0
    for number, (what, count) in enumerate(moves):
        if what == "earn":
            sell(("MJ-01", count), member=member)
            model += count * 100
        elif what == "burn":
            try:
                burn(member, count * 50, f"{member.id}:{number}")
                model -= count * 50
            except Invalid:
                assert count * 50 > model
        elif what == "expire":
            clock.advance(timedelta(days=400))
            night()
            model = 0
        found = statements.balance_of(member.id)
        assert found.active == model
        assert found.active >= 0
    assert statements.faults() == []


# --- a crowd --------------------------------------------------------------------------------------


def test_eight_spenders_of_one_card_never_break_the_book(app, mall):
    """Ledger: Σ = 0 for each posting, no negative balance; what was spent is what is gone."""
    member = join()
    sell(("XYJ-8", 1), member=member)
    had = active(member)
    member_id, end = member.id, time.monotonic() + SECONDS

    def spend(number):
        spent, refused = 0, 0
        with app.app_context(), as_tenant(mall.tenant):
            turn = 0
            while time.monotonic() < end:
                turn += 1
                wanted = 1 + (turn * 7 + number) % 40
                try:
                    with transaction():
                        points.burn(member_id, wanted, key=f"{number}:{turn}", actor=SYSTEM)
                    spent += wanted
                except Invalid:
                    refused += 1
                clear_session()
        return spent, refused

    with ThreadPoolExecutor(SPENDERS) as pool:
        results = list(pool.map(spend, range(SPENDERS)))
    db.session.rollback()
    left = active(member)
    assert left == had - sum(spent for spent, _ in results)
    assert left >= 0
    assert statements.faults() == []
    assert len([spent for spent, _ in results if spent]) > 1, "more than one got a turn"
