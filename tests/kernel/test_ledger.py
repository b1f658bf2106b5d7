"""The audit trail: sealed in order, and an attacker who may edit every table is named."""

from __future__ import annotations

import json
from datetime import timedelta
from threading import Thread

import pytest
import sqlalchemy as sa

from core import ledger
from core.clock import real_now
from core.db import clear_session, db, transaction
from core.events import EventRow, Outbox
from core.jobs import relay_tenant
from core.ledger import LedgerEntry
from core.tenancy import as_tenant

EVENT, LEDGER = EventRow.__table__, LedgerEntry.__table__


def test_facts_are_sealed_gap_free_in_their_order(tenant, knocked):
    rows = ledger.feed(0, 100)
    told = [row for _, row in rows if row.type == "test.knocked"]
    assert [seq for seq, _ in rows] == list(range(1, len(rows) + 1))
    assert [row.id for row in told] == knocked
    assert [row.payload["times"] for row in told] == list(range(1, 13))
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Outbox)) == 0
    assert ledger.feed(rows[4][0], 2) == rows[5:7]


def test_an_untouched_chain_is_green_and_signed_at_its_first_seal(tenant, knocked):
    found = ledger.verify()
    assert (found.green, found.heads, found.unsealed) == (True, 1, 0)
    assert found.events >= 12


def test_facts_that_wait_for_the_relay_are_counted_not_faulted(tenant, knocked, knock):
    knock()
    assert ledger.verify().unsealed == 1
    assert ledger.verify().green


def test_an_event_that_is_rolled_back_never_was(tenant, knock):
    before = db.session.scalar(sa.select(sa.func.count()).select_from(EventRow))
    with pytest.raises(ZeroDivisionError), transaction():
        knock()
        1 / 0  # noqa: B018
    assert db.session.scalar(sa.select(sa.func.count()).select_from(EventRow)) == before


def test_the_orm_refuses_to_change_a_fact(tenant, knocked):
    with pytest.raises(RuntimeError, match="never changed"), transaction():
        db.session.scalars(sa.select(EventRow).where(EventRow.id == knocked[0])).one().data = "{}"


def _of(table, tenant):
    return table.c.tenant_id == tenant.id


def _seq(sql, tenant, event_id):
    return sql.scalar(
        sa.select(LEDGER.c.seq).where(_of(LEDGER, tenant), LEDGER.c.event_id == event_id)
    )


def _shift(sql, tenant, ids):
    at = sql.scalar(sa.select(EVENT.c.occurred_at).where(EVENT.c.id == ids[4]))
    sql.execute(
        sa.update(EVENT).where(EVENT.c.id == ids[4]).values(occurred_at=at + timedelta(seconds=1))
    )
    return str(ids[4])


def _reword(sql, tenant, ids):
    sql.execute(sa.update(EVENT).where(EVENT.c.id == ids[6]).values(data='{"times":99}'))
    return str(ids[6])


def _remove_event(sql, tenant, ids):
    seq = _seq(sql, tenant, ids[5])
    sql.execute(sa.delete(EVENT).where(EVENT.c.id == ids[5]))
    return f"event of ledger row {seq} is missing"


def _remove_both(sql, tenant, ids):
    seq = _seq(sql, tenant, ids[5])
    sql.execute(sa.delete(LEDGER).where(_of(LEDGER, tenant), LEDGER.c.seq == seq))
    sql.execute(sa.delete(EVENT).where(EVENT.c.id == ids[5]))
    return f"ledger row {seq} is missing"


def _swap(sql, tenant, ids):
    first, second = _seq(sql, tenant, ids[2]), _seq(sql, tenant, ids[3])
    for seq, event_id in ((first, tenant.id), (second, ids[2]), (first, ids[3])):
        where = (_of(LEDGER, tenant), LEDGER.c.seq == seq)
        sql.execute(sa.update(LEDGER).where(*where).values(event_id=event_id))
    return f"ledger row {first}"


def _smuggle(sql, tenant, ids):
    row = dict(sql.execute(sa.select(EVENT).where(EVENT.c.id == ids[-1])).mappings().one())
    row["id"] = type(row["id"])(int=row["id"].int + 1)
    sql.execute(sa.insert(EVENT), [row])
    return str(row["id"])


def _cut_tail(sql, tenant, ids):
    seq = _seq(sql, tenant, ids[8])
    gone = sa.select(LEDGER.c.event_id).where(_of(LEDGER, tenant), LEDGER.c.seq >= seq)
    sql.execute(sa.delete(EVENT).where(EVENT.c.id.in_(gone)))
    sql.execute(sa.delete(LEDGER).where(_of(LEDGER, tenant), LEDGER.c.seq >= seq))
    return "head"


def _cut_everything(sql, tenant, ids):
    sql.execute(sa.delete(LEDGER).where(_of(LEDGER, tenant)))
    sql.execute(sa.delete(EVENT).where(_of(EVENT, tenant)))
    return "head"


ATTACKS = {
    "one event a second later": _shift,
    "other words": _reword,
    "an event gone": _remove_event,
    "event and ledger row gone": _remove_both,
    "order changed": _swap,
    "an event smuggled in": _smuggle,
    "tail cut": _cut_tail,
    "everything cut": _cut_everything,
}


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attacker_with_the_database_is_named(tenant, knocked, attacker, name):
    ledger.write_head()
    assert ledger.verify().green
    with attacker() as sql:
        named = ATTACKS[name](sql, tenant, knocked)
    found = ledger.verify()
    assert not found.green
    assert named in found.fault


def test_recomputing_every_hash_is_caught_by_the_signed_heads(tenant, knocked, attacker):
    ledger.write_head()
    with attacker() as sql:
        _reword(sql, tenant, knocked)
    with attacker() as sql:
        _recompute(sql, tenant)
    found = ledger.verify()
    assert found.fault.startswith("head 1 disagrees with ledger row")


def _recompute(sql, tenant):
    rows = {row.id: row for row in db.session.scalars(sa.select(EventRow))}
    order = db.session.execute(
        sa.select(LedgerEntry.seq, LedgerEntry.event_id).order_by(LedgerEntry.seq)
    ).all()
    previous, links = ledger.GENESIS, []
    for seq, event_id in order:
        fresh = ledger.link_hash(rows[event_id], seq, previous)
        links.append((seq, previous, fresh))
        previous = fresh
    clear_session()
    for seq, before, fresh in links:
        sql.execute(
            sa.update(LEDGER)
            .where(_of(LEDGER, tenant), LEDGER.c.seq == seq)
            .values(prev_hash=before, hash=fresh)
        )


def test_forged_lost_and_foreign_heads_are_named(tenant, knocked, make_tenant):
    path = ledger._heads_file()
    good = path.read_text()
    line = json.loads(good.splitlines()[0])
    path.write_text(json.dumps(line | {"seq": 1}) + "\n")
    assert ledger.verify().fault == "head 1 is not signed by this installation"
    path.write_text("nonsense\n")
    assert ledger.verify().fault == "head 1 cannot be read"
    path.write_text("")
    assert ledger.verify().fault == "the file of signed heads is empty"
    path.unlink()
    assert ledger.verify().fault == "the file of signed heads is missing"
    path.write_text(good)
    assert ledger.verify().green


def test_heads_carry_real_time_and_are_written_only_when_the_chain_moved(tenant, knocked, knock):
    assert ledger.write_head() is False
    knock()
    relay_tenant()
    assert ledger.write_head() is True
    last = json.loads(ledger._heads_file().read_text().splitlines()[-1])
    assert last["at"][:10] == real_now().strftime("%Y-%m-%d")


def test_two_sealers_at_once_leave_one_gap_free_chain(app, tenant, knock):
    for n in range(40):
        knock(n)

    def work():
        with app.app_context(), as_tenant(tenant):
            sealed.append(relay_tenant())

    sealed: list[int] = []
    threads = [Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = ledger.verify()
    assert found.fault == ""
    assert found.unsealed == 0
    assert len(sealed) == 4
    assert sum(sealed) == found.events >= 40
