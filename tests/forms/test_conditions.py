"""Conditions: one meaning in Python and in SQL, and every broken expression named."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from core.contributions import Condition
from core.declarations import Field
from core.errors import Invalid
from core.forms.condition_sql import to_sql
from core.forms.conditions import MAX_DEPTH, check, evaluate, named_fields

FACTS: dict[str, Any] = {
    "channel": "phone",
    "priority": 2,
    "tags": ["leak", "night"],
    "opened": datetime(2026, 11, 19, 8, 42, tzinfo=UTC),
    "note": None,
    "team": uuid.UUID(int=7),
}


@pytest.mark.parametrize(
    ("expression", "holds"),
    [
        ({"field": "channel", "is": "phone"}, True),
        ({"field": "channel", "is_not": "phone"}, False),
        ({"field": "channel", "in": ["mail", "phone"]}, True),
        ({"field": "channel", "not_in": ["mail"]}, True),
        ({"field": "tags", "contains": "leak"}, True),
        ({"field": "tags", "in": ["night", "day"]}, True),
        ({"field": "channel", "contains": "HON"}, True),
        ({"field": "priority", "lt": 3}, True),
        ({"field": "priority", "gte": 3}, False),
        ({"field": "priority", "lt": "3"}, False),
        ({"field": "opened", "lt": "2026-11-19T17:00:00+08:00"}, True),
        ({"field": "opened", "gt": "2026-11-19T16:42:00+08:00"}, False),
        ({"field": "note", "empty": True}, True),
        ({"field": "unheard_of", "empty": True}, True),
        ({"field": "note", "lt": 5}, False),
        ({"not": {"field": "note", "lt": 5}}, True),
        ({"field": "team", "is": str(uuid.UUID(int=7))}, True),
        ({"all": []}, True),
        ({"any": []}, False),
        (
            {
                "any": [
                    {"field": "note", "empty": False},
                    {"not": {"field": "channel", "is": "mail"}},
                ]
            },
            True,
        ),
    ],
)
def test_an_expression_says_yes_or_no(expression: dict[str, Any], holds: bool) -> None:
    assert evaluate(expression, FACTS) is holds


def test_a_named_condition_is_asked_with_its_parameters() -> None:
    longer = Condition(
        "longer",
        (Field("than", "number", "x", required=True),),
        lambda facts, than: len(facts["channel"]) > than,
    )
    named = {"longer": longer}
    assert evaluate({"condition": "longer", "parameters": {"than": 3}}, FACTS, named)
    assert not evaluate({"condition": "longer", "parameters": {"than": 9}}, FACTS, named)
    assert [problem.message for problem in check({"condition": "longer"}, conditions=named)] == [
        "forms.condition.parameter"
    ]
    with pytest.raises(Invalid):
        evaluate({"condition": "shorter"}, FACTS, named)


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("channel is phone", "shape"),
        ({}, "shape"),
        ({"all": [], "any": []}, "shape"),
        ({"all": {"field": "channel", "is": "x"}}, "list"),
        ({"not": []}, "shape"),
        ({"field": "channel"}, "operator"),
        ({"field": "channel", "like": "x"}, "operator"),
        ({"field": "channel", "is": "x", "lt": 3}, "operator"),
        ({"field": "colour", "is": "x"}, "field"),
        ({"field": 3, "is": "x"}, "field"),
        ({"field": "channel", "in": "phone"}, "value"),
        ({"field": "channel", "is": {"a": 1}}, "value"),
        ({"field": "channel", "empty": 1}, "value"),
        ({"field": "channel", "lt": True}, "value"),
        ({"condition": "nobody"}, "unknown"),
        ({"condition": "nobody", "parameters": []}, "shape"),
    ],
)
def test_a_broken_expression_is_named(expression: Any, message: str) -> None:
    problems = check(expression, fields={"channel"}, conditions={})
    assert [problem.message for problem in problems] == [f"forms.condition.{message}"]


def test_depth_is_capped_without_a_recursion_error() -> None:
    def nested(depth: int) -> dict[str, Any]:
        expression: dict[str, Any] = {"field": "channel", "is": "phone"}
        for _ in range(depth - 1):
            expression = {"not": expression}
        return expression

    assert check(nested(MAX_DEPTH)) == []
    assert [problem.message for problem in check(nested(MAX_DEPTH + 1))] == [
        "forms.condition.too_deep"
    ]
    assert [problem.message for problem in check(nested(50_000))] == ["forms.condition.too_deep"]
    assert [problem.message for problem in check({"all": [{"all": []}] * 600})] == [
        "forms.condition.too_deep"
    ]


def test_the_fields_of_an_expression_are_known() -> None:
    expression = {
        "all": [{"field": "a", "is": 1}, {"not": {"any": [{"field": "b", "empty": True}]}}]
    }
    assert named_fields(expression) == {"a", "b"}


table = sa.Table(
    "matter",
    sa.MetaData(),
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("channel", sa.String),
    sa.Column("priority", sa.Integer),
    sa.Column("open", sa.Boolean),
)
ROWS = [
    {"id": index, "channel": channel, "priority": priority, "open": flag}
    for index, (channel, priority, flag) in enumerate(
        (channel, priority, flag)
        for channel in (None, "", "phone", "Mail", "100%")
        for priority in (None, 1, 2)
        for flag in (None, True, False)
    )
]
leaf = st.one_of(
    st.tuples(
        st.just("channel"),
        st.sampled_from(["is", "is_not", "contains"]),
        st.sampled_from(["phone", "mail", "%", ""]),
    ),
    st.tuples(
        st.just("channel"),
        st.sampled_from(["in", "not_in"]),
        st.lists(st.sampled_from(["phone", "Mail", None, 2])),
    ),
    st.tuples(
        st.just("priority"),
        st.sampled_from(["lt", "lte", "gt", "gte", "is", "is_not"]),
        st.integers(0, 3),
    ),
    st.tuples(st.just("priority"), st.sampled_from(["is", "lt"]), st.just("phone")),
    st.tuples(
        st.just("open"), st.sampled_from(["is", "is_not"]), st.sampled_from([True, False, None])
    ),
    st.tuples(st.sampled_from(["channel", "priority", "open"]), st.just("empty"), st.booleans()),
).map(lambda parts: {"field": parts[0], parts[1]: parts[2]})
expressions = st.recursive(
    leaf,
    lambda inner: st.one_of(
        st.builds(
            lambda word, items: {word: items},
            st.sampled_from(["all", "any"]),
            st.lists(inner, max_size=3),
        ),
        st.builds(lambda item: {"not": item}, inner),
    ),
    max_leaves=6,
)


@pytest.fixture(scope="module")
def connection() -> Any:
    engine = sa.create_engine("sqlite://")
    with engine.begin() as opened:
        table.create(opened)
        opened.execute(table.insert(), ROWS)
        yield opened
    engine.dispose()


@settings(max_examples=400, deadline=None)
@given(expression=expressions)
def test_sql_and_python_choose_the_same_rows(connection: Any, expression: dict[str, Any]) -> None:
    columns = {"channel": table.c.channel, "priority": table.c.priority, "open": table.c.open}
    found = connection.scalars(
        sa.select(table.c.id).where(to_sql(expression, columns)).order_by(table.c.id)
    ).all()
    assert found == [row["id"] for row in ROWS if evaluate(expression, row)]


def test_sql_refuses_what_has_no_column_and_compiles_what_brings_its_own(connection: Any) -> None:
    with pytest.raises(Invalid):
        to_sql({"field": "secret", "is": 1}, {"channel": table.c.channel})
    with pytest.raises(Invalid):
        to_sql({"condition": "named"}, {"channel": table.c.channel})
    own = to_sql(
        {"field": "tag", "contains": "x"},
        {"tag": lambda word, value: table.c.id == len(word + value)},
    )
    assert connection.scalars(sa.select(table.c.id).where(own)).all() == [9]
