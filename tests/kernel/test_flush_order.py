"""One flush writes rows after those they point to, and deletes them before, in whatever order they were added."""

from __future__ import annotations

import itertools

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from core.auth.models import Department, Team, TeamMember, User
from core.clock import uuid7
from core.db import _referred, db, transaction

MODELS = (Department, Team, TeamMember, User)


def rows() -> dict[type, object]:
    department = Department(code="office", name={"en": "Office"})
    team = Team(code="desk", name={"en": "Desk"}, department_id=department.id)
    user = User(email="a@example.org", display_name="A", locale="en")
    member = TeamMember(team_id=team.id, user_id=user.id)
    return {type(row): row for row in (department, team, user, member)}


def count() -> int:
    return sum(db.session.scalar(sa.select(sa.func.count()).select_from(m)) or 0 for m in MODELS)


@pytest.mark.parametrize("order", [*itertools.permutations(MODELS)])
def test_any_order_of_adding_is_written(tenant, order) -> None:
    before, made = count(), rows()
    with transaction():
        for model in order:
            db.session.add(made[model])
    assert count() == before + len(MODELS)


@pytest.mark.parametrize("order", [*itertools.permutations((Department, Team, TeamMember))])
def test_any_order_of_deleting_is_written(tenant, order) -> None:
    made = rows()
    with transaction():
        db.session.add_all(made.values())
    with transaction():
        for model in order:
            db.session.delete(made[model])
    assert not db.session.scalars(sa.select(TeamMember)).all()
    assert not db.session.scalars(sa.select(Team)).all()


def test_a_row_that_points_at_nothing_is_refused_all_the_same(tenant) -> None:
    with pytest.raises(IntegrityError), transaction():
        db.session.add(Team(code="desk", name={"en": "Desk"}, department_id=uuid7()))


def test_the_way_leads_through_tables_that_are_not_written() -> None:
    """A member points at a team and so, at a distance, at the department."""
    assert _referred(TeamMember.__mapper__) >= {
        model.__mapper__ for model in (Team, User, Department)
    }
