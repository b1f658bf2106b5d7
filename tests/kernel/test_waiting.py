"""What waits to be written is written before whatever could see it, and for nothing else."""

from __future__ import annotations

import re

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import aliased

from core.actors import SYSTEM
from core.auth.models import Department, Team
from core.clock import uuid7
from core.db import Base, db, transaction
from core.events import Outbox, emit
from core.settings import Setting
from core.tenancy import TenantKeyed
from core.waiting import tables_read
from tests.conftest import AWAY, POSTGRESQL
from tests.kernel.conftest import Knocked


@pytest.fixture
def waiting(tenant):
    """A department that waits to be written, in an open transaction."""
    with transaction():
        made = Department(code="works", name={"en": "Works"})
        db.session.add(made)
        yield made


MINE = sa.bindparam("mine", type_=sa.Uuid())
TABLE, BARE = (
    Department.__table__,
    sa.table("department", sa.column("code"), sa.column("tenant_id")),
)
OTHER = aliased(Department)
NAMED = Department.code == "works"
QUERIES = {
    "by model": sa.select(Department).where(NAMED),
    "by column": sa.select(Department.code).where(NAMED),
    "by table": sa.select(TABLE.c.code).where(TABLE.c.tenant_id == MINE),
    "by alias": sa.select(OTHER.id).where(OTHER.code == "works"),
    "counted": sa.select(sa.func.count()).select_from(Department).having(sa.func.count() > 0),
    "joined": sa.select(Department.id, Setting.owner).join_from(
        Department, Setting, Setting.tenant_id == Department.tenant_id, isouter=True
    ),
    "in where alone": sa.select(sa.literal(1)).where(NAMED),
    "exists": sa.select(sa.literal(1)).where(sa.exists().where(NAMED)),
    "subquery": sa.select(sa.select(Department.id).where(NAMED).subquery().c.id),
    "scalar": sa.select(sa.select(Department.code).where(NAMED).scalar_subquery()),
    "common table": sa.select(sa.select(Department.id).where(NAMED).cte("found").c.id),
    "union": sa.union_all(sa.select(Department.id).where(NAMED), sa.select(Team.department_id)),
    "bare table": sa.select(BARE.c.code).where(BARE.c.tenant_id == MINE),
    "text": sa.select(sa.text("code from department where tenant_id = :mine").bindparams(MINE)),
}


@pytest.mark.parametrize("kind", QUERIES)
def test_a_query_that_could_see_it_sees_it(waiting, kind):
    found = db.session.execute(QUERIES[kind], {"mine": waiting.tenant_id}).first()
    assert found is not None
    assert found[0] is not None


def test_text_may_read_anything():
    assert tables_read(sa.select(sa.literal_column("(select 1 from team)"))) is None
    assert tables_read(sa.select(Department.id).where(sa.text("1 = 1"))) is None


def test_another_query_lets_it_wait(waiting):
    assert db.session.scalars(sa.select(Setting)).all() == []
    assert waiting in db.session.new


def test_a_change_is_seen_as_well(waiting):
    db.session.flush()
    waiting.code = "lifts"
    assert db.session.scalar(sa.select(Setting.owner).where(Setting.owner == "nobody")) is None
    assert db.session.scalars(sa.select(Department.code)).all() == ["lifts"]


def test_what_goes_away_goes_before_any_query(waiting):
    db.session.flush()
    db.session.delete(waiting)
    db.session.scalars(sa.select(Setting)).all()
    assert not db.session.deleted


def test_a_row_is_what_it_is_by_default_before_it_is_written(tenant):
    models = [m.class_ for m in Base.registry.mappers if issubclass(m.class_, TenantKeyed)]
    assert len(models) > 20
    blank = [
        f"{model.__name__}.{each.key}"
        for model in models
        for row in (model(),)
        for each in model.__mapper__.column_attrs
        if each.columns[0].default is not None and getattr(row, each.key) is None
    ]
    assert not blank


def test_an_event_takes_its_place_in_the_outbox_with_it(tenant):
    with transaction():
        row = emit(Knocked(), subject=("door", uuid7()), actor=SYSTEM)
        keys = db.session.scalars(sa.select(Outbox.event_id)).all()
        assert row.id in keys


def test_a_stray_write_is_refused_by_the_next_query(tenant):
    db.session.add(Department(code="stray", name={"en": "Stray"}))
    with pytest.raises(RuntimeError):
        db.session.scalars(sa.select(Setting)).all()
    db.session.rollback()


TRIGGERS = (
    """select c.relname, p.prosrc from pg_trigger t join pg_class c on c.oid = t.tgrelid
       join pg_proc p on p.oid = t.tgfoid where not t.tgisinternal"""
    if POSTGRESQL
    else "select tbl_name, sql from sqlite_master where type = 'trigger'"
)


def test_what_triggers_write_is_said_by_their_table(tenant):
    found = db.session.execute(sa.text(TRIGGERS))
    touched = {
        (table, other)
        for table, words in found
        for other in re.findall(
            r"(?:update|insert into|delete from)\s+\"?(\w+)", _body(words), re.IGNORECASE
        )
        if other != table
    }
    assert touched or AWAY
    said = {(t.name, o) for t in Base.metadata.tables.values() for o in t.info.get("moves", ())}
    assert touched <= said


def _body(words):
    return words[words.lower().index("begin") :]
