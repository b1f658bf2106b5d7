"""A form's answers: one judgement for page and API, every mistake at once, nothing hidden kept."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from marshmallow import ValidationError

from core import clock, i18n
from core.clock import uuid7
from core.declarations import Condition, Field, Form, Option, from_body, to_body
from core.errors import Invalid
from core.forms.checks import check_form
from core.forms.schemas import MAX_FIELDS, load, schema
from core.forms.sources import register_source

YES_NO = (Option("yes", "Yes"), Option("no", "No"))


def form(*fields: Field) -> Form:
    return Form("test.form", {"zh-CN": "测试", "en": "Test"}, fields)


def one(kind: Any, value: Any, **more: Any) -> Any:
    return load(form(Field("x", kind, "X", **more)), {"x": value})["x"]


def messages(fields: Form, data: Any, **more: Any) -> dict[str, str]:
    with pytest.raises(Invalid) as caught:
        load(fields, data, **more)
    return {
        problem.field: problem.message.removeprefix("forms.error.")
        for problem in caught.value.problems
    }


ID = str(uuid7())


@pytest.mark.parametrize(
    ("kind", "given_value", "kept", "more"),
    [
        ("text", "  甲\u3000乙\r\n丙 ", "甲\u3000乙 丙", {}),
        ("long_text", "a\r\nb\rc", "a\nb\nc", {}),
        ("long_text", "字" * 10_000, "字" * 10_000, {}),
        ("text", "👩‍👩‍👧 ok", "👩‍👩‍👧 ok", {}),
        ("number", 3.0, 3, {}),
        ("number", 2.5, 2.5, {"minimum": 2.5, "maximum": 2.5}),
        ("money", {"amount": 38050, "currency": "CNY"}, {"amount": 38050, "currency": "CNY"}, {}),
        ("date", "2026-11-20", date(2026, 11, 20), {}),
        ("datetime", "2026-11-20T16:30:00+08:00", datetime(2026, 11, 20, 8, 30, tzinfo=UTC), {}),
        ("datetime", "2026-11-20T08:30:00Z", datetime(2026, 11, 20, 8, 30, tzinfo=UTC), {}),
        ("boolean", False, False, {"required": True}),
        ("choice", "yes", "yes", {"options": YES_NO}),
        ("choices", ["no", "yes", "no"], ["no", "yes"], {"options": YES_NO}),
        ("phone", "１３８ ００１３ ８０００", "+8613800138000", {}),
        ("phone", "+44 7700 900982", "+447700900982", {}),
        ("email", " Lin@Example.COM ", "lin@example.com", {}),
        ("files", [ID, ID], [UUID(ID)], {}),
        ("signature", {"attachment_id": ID}, {"attachment_id": UUID(ID)}, {}),
        ("signature", {"typed_name": " 林晓雯 "}, {"typed_name": "林晓雯"}, {}),
        ("user", ID, UUID(ID), {}),
        ("secret", "s3cret", "s3cret", {}),
        (
            "rows",
            [{"a": "1"}, {"a": "1"}],
            [{"a": "1"}, {"a": "1"}],
            {"fields": (Field("a", "text", "A"),)},
        ),
    ],
)
def test_an_answer_arrives_in_its_type(
    kind: str, given_value: Any, kept: Any, more: dict[str, Any]
) -> None:
    found = one(kind, given_value, **more)
    assert found == kept
    assert type(found) is type(kept)


@pytest.mark.parametrize(
    ("kind", "bad", "message", "more"),
    [
        ("text", 3, "text", {}),
        ("text", "x" * 501, "too_long", {}),
        ("text", "x", "too_short", {"minimum": 2}),
        ("text", "a\x00b", "unprintable", {}),
        ("text", json.loads('"\\ud800"'), "unprintable", {}),
        ("text", "12a", "pattern", {"pattern": "[0-9]+"}),
        ("long_text", "x" * 20_001, "too_long", {}),
        ("long_text", "x" * 100_001, "too_long", {"maximum": 10**6}),
        ("number", "3", "number", {}),
        ("number", True, "number", {}),
        ("number", float("nan"), "number", {}),
        ("number", float("inf"), "number", {}),
        ("number", 10**400, "number_large", {}),
        ("number", 1, "number_small", {"minimum": 2}),
        ("money", 12, "money", {}),
        ("money", {"amount": 1.5, "currency": "CNY"}, "money", {}),
        ("money", {"amount": -1, "currency": "CNY"}, "money_range", {}),
        ("money", {"amount": 1, "currency": "XYZ!"}, "currency", {}),
        ("date", "20.11.2026", "date", {}),
        ("date", 20261120, "date", {}),
        ("datetime", "tomorrow", "datetime", {}),
        ("datetime", "0001-01-01T00:00:00+08:00", "datetime", {}),
        ("datetime", "2026-11-20T08:30:00", "offset", {}),
        ("boolean", "true", "boolean", {}),
        ("boolean", 1, "boolean", {}),
        ("choice", "maybe", "option", {"options": YES_NO}),
        ("choice", ["yes"], "option", {"options": YES_NO}),
        ("choices", "yes", "list", {"options": YES_NO}),
        ("choices", ["yes", "no"], "too_many", {"options": YES_NO, "maximum": 1}),
        ("choices", ["yes", "yes"], "too_few", {"options": YES_NO, "minimum": 2}),
        ("phone", "call me", "phone", {}),
        ("phone", "12", "phone", {}),
        ("phone", 13800138000, "phone", {}),
        ("email", "lin@", "email", {}),
        ("email", "a" * 250 + "@b.cn", "email", {}),
        ("files", [ID] * 11, "too_many", {}),
        ("signature", {"typed_name": "x" * 81}, "sign", {}),
        ("signature", {"attachment_id": "1"}, "sign", {}),
        ("signature", {"typed_name": "x", "hash": "y"}, "sign", {}),
        ("signature", "Lin", "sign", {}),
        ("user", "1", "id", {}),
    ],
)
def test_a_wrong_answer_is_refused(kind: Any, bad: Any, message: str, more: dict[str, Any]) -> None:
    assert messages(form(Field("x", kind, "X", **more)), {"x": bad}) == {"x": message}


def test_all_mistakes_come_at_once_with_their_paths() -> None:
    """One wrong answer hides no other, in rows neither."""
    cells = (Field("name", "text", "Name", required=True), Field("due", "date", "Due"))
    fields = form(
        Field("who", "text", "Who", required=True),
        Field("phone", "phone", "Phone"),
        Field("items", "rows", "Items", fields=cells, required=True),
        Field("ids", "files", "Files"),
    )
    data = {
        "phone": "x",
        "items": [{"name": "a"}, {"name": " ", "due": "x", "odd": 1}, "row"],
        "ids": ["1"],
        "extra": 1,
    }
    assert messages(fields, data) == {
        "who": "required",
        "phone": "phone",
        "items.2": "object",
        "ids.0": "id",
        "extra": "unknown",
    }
    data["items"] = data["items"][:2]
    found = messages(fields, data)
    assert found["items.1.name"] == "required"
    assert found["items.1.due"] == "date"
    assert found["items.1.odd"] == "unknown"
    assert "items.0.name" not in found


@pytest.mark.parametrize("blank", [None, "", "  ", []])
@pytest.mark.parametrize(
    "kind", ["text", "choice", "files", "phone", "date", "boolean", "rows", "signature"]
)
def test_a_blank_answer_is_no_answer(kind: Any, blank: Any) -> None:
    extra = (
        {"options": YES_NO}
        if kind == "choice"
        else {"fields": (Field("a", "text", "A"),)}
        if kind == "rows"
        else {}
    )
    assert load(form(Field("x", kind, "X", **extra)), {"x": blank}) == {}
    found = messages(form(Field("x", kind, "X", required=True, **extra)), {"x": blank})
    assert found["x"].startswith("required")


@pytest.mark.parametrize("data", [None, [], "x", 3])
def test_only_an_object_can_be_read(data: Any) -> None:
    assert messages(form(), data) == {"": "object"}


def test_hidden_fields_are_neither_required_nor_kept() -> None:
    fields = form(
        Field("harm", "boolean", "Harm", required=True),
        Field("what", "text", "What", required=True, visible_when={"field": "harm", "is": True}),
        Field(
            "more", "text", "More", required=True, visible_when={"field": "what", "empty": False}
        ),
    )
    assert load(fields, {"harm": False, "what": 3, "more": "kept?"}) == {"harm": False}
    assert messages(fields, {"harm": True}) == {"what": "required"}
    assert messages(fields, {"harm": True, "what": "fell"}) == {"more": "required"}
    assert load(fields, {"harm": True, "what": "fell", "more": "knee"})["more"] == "knee"


def test_a_cell_may_depend_on_its_row_and_on_the_form() -> None:
    cells = (
        Field("kind", "choice", "Kind", options=YES_NO),
        Field(
            "why",
            "text",
            "Why",
            required=True,
            visible_when={"all": [{"field": "kind", "is": "no"}, {"field": "strict", "is": True}]},
        ),
    )
    fields = form(Field("strict", "boolean", "Strict"), Field("rows", "rows", "Rows", fields=cells))
    assert load(fields, {"strict": False, "rows": [{"kind": "no"}]})["rows"] == [{"kind": "no"}]
    assert messages(fields, {"strict": True, "rows": [{"kind": "yes"}, {"kind": "no"}]}) == {
        "rows.1.why": "required"
    }


def test_internal_fields_do_not_exist_for_customers() -> None:
    fields = form(
        Field("a", "text", "A"),
        Field("person", "text", "Person", audience="internal", required=True),
    )
    assert load(fields, {"a": "x"}) == {"a": "x"}
    assert messages(fields, {"a": "x", "person": "Li"}) == {"person": "unknown"}
    assert messages(fields, {"a": "x"}, audience="internal") == {"person": "required"}
    assert load(fields, {"person": "Li"}, audience="internal") == {"person": "Li"}


def test_defaults_answer_for_the_silent() -> None:
    fields = form(
        Field("at", "datetime", "At", required=True, default="now"),
        Field("n", "number", "N", default=3),
        Field("c", "choices", "C", options=YES_NO, default="no"),
    )
    moment = datetime(2026, 11, 19, 0, 42, tzinfo=UTC)
    with clock.virtual(moment):
        assert load(fields, {}) == {"at": moment, "n": 3, "c": ["no"]}
    assert load(fields, {"n": 4, "at": "2026-01-01T00:00:00Z"})["n"] == 4


def test_a_source_offers_what_it_holds_at_that_moment() -> None:
    offered = [Option("lift", "Lift")]
    register_source("test_topics", lambda: tuple(offered))
    fields = form(Field("topic", "choice", "Topic", source="test_topics"))
    assert messages(fields, {"topic": "water"}) == {"topic": "option"}
    offered.append(Option("water", "Water"))
    assert load(fields, {"topic": "water"}) == {"topic": "water"}


def test_named_conditions_decide_too() -> None:
    late = Condition("late", (), lambda facts: facts.get("days", 0) > 3)
    fields = form(
        Field("days", "number", "Days"),
        Field("why", "text", "Why", required=True, visible_when={"condition": "late"}),
    )
    assert load(fields, {"days": 1}, conditions={"late": late}) == {"days": 1}
    assert messages(fields, {"days": 4}, conditions={"late": late}) == {"why": "required"}


def test_messages_say_how_to_mend_in_both_languages() -> None:
    title = {"zh-CN": "发生地点", "en": "Place"}
    own = {
        "zh-CN": "请填写发生地点，例如 B2 层 C 区",
        "en": "Enter the place, such as level B2, zone C",
    }
    fields = form(
        Field("place", "text", title, required=True),
        Field("zone", "text", title, required=True, error=own),
    )
    seen = {}
    for locale in i18n.LOCALES:
        with i18n.use(locale), pytest.raises(Invalid) as caught:
            load(fields, {})
        with i18n.use(locale):
            seen[locale] = [
                i18n.text(problem.message, **dict(problem.values))
                for problem in caught.value.problems
            ]
    assert seen == {
        "zh-CN": ["请填写发生地点", "请填写发生地点，例如 B2 层 C 区"],
        "en": ["Place: enter an answer", "Enter the place, such as level B2, zone C"],
    }


def test_catalogs_are_complete_and_used() -> None:
    """Each id has words in both languages with the same blanks."""
    for name in ("zh-CN", "en"):
        assert i18n.catalog(name).gettext("forms.error.required") != "forms.error.required"
    ids = [
        key
        for key in i18n.catalog("en")._catalog
        if isinstance(key, str) and key.startswith("forms.")
    ]
    chinese = i18n.catalog("zh-CN")
    assert len(ids) > 50
    for key in ids:
        ours, theirs = i18n.catalog("en").gettext(key), chinese.gettext(key)
        assert theirs != key, key
        assert _blanks(theirs) <= _blanks(ours) | {"label"}, key


def _blanks(words: str) -> set[str]:
    return {part.split(")")[0] for part in words.split("%(")[1:]}


def test_limits_hold() -> None:
    many = tuple(Field(f"f{index}", "text", "F") for index in range(MAX_FIELDS))
    assert load(form(*many), {f"f{index}": "x" for index in range(MAX_FIELDS)})["f499"] == "x"
    assert messages(form(), {f"f{index}": 1 for index in range(MAX_FIELDS + 1)}) == {"": "fields"}
    with pytest.raises(Invalid):
        schema((*many, Field("one_more", "text", "F")))
    assert [
        problem.message for problem in check_form(form(*many, Field("one_more", "text", "F")))
    ] == ["forms.error.fields"]


def test_the_bare_schema_serves_openapi_and_raises_ids() -> None:
    kind = schema(
        (
            Field("a", "text", "A", required=True),
            Field("b", "rows", "B", fields=(Field("c", "date", "C"),)),
        )
    )
    assert kind().load({"a": "x", "b": [{"c": "2026-01-01"}]})["b"] == [{"c": date(2026, 1, 1)}]
    with pytest.raises(ValidationError) as caught:
        kind().load({"b": [{"c": "x"}], "d": 1})
    assert caught.value.messages == {
        "a": ["forms.error.required"],
        "b": {0: {"c": ["forms.error.date"]}},
        "d": ["forms.error.unknown"],
    }


@pytest.mark.parametrize(
    ("field", "message"),
    [
        (Field("Bad Name", "text", "A"), "name"),
        (Field("a", "choice", "A"), "options"),
        (Field("a", "rows", "A"), "rows"),
        (
            Field(
                "a",
                "rows",
                "A",
                fields=(Field("b", "rows", "B", fields=(Field("c", "text", "C"),)),),
            ),
            "rows",
        ),
        (Field("a", "number", "A", minimum=3, maximum=2), "bounds"),
        (Field("a", "text", "A", pattern="("), "pattern"),
        (Field("a", "text", "A", pattern="(a+)+"), "pattern"),
    ],
)
def test_a_senseless_form_is_refused_before_anyone_fills_it(field: Field, message: str) -> None:
    assert f"forms.check.{message}" in [problem.message for problem in check_form(form(field))]
    assert check_form(form(Field("a", "text", "A", pattern="[0-9]{3}-(ab)+"))) == []


def test_visibility_rules_may_only_ask_known_fields() -> None:
    broken = form(
        Field("a", "text", "A", visible_when={"field": "nobody", "is": 1}), Field("a", "text", "A")
    )
    assert {problem.message for problem in check_form(broken)} == {
        "forms.condition.field",
        "forms.check.twice",
    }


names = st.sampled_from(["a", "b", "c"])
json_values = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=30), st.just(ID)
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8) | names, inner, max_size=3)
    ),
    max_leaves=8,
)
KINDS = (
    "text", "long_text", "number", "money", "date", "datetime", "boolean", "choice", "choices",
    "phone", "email", "files", "signature", "rows", "user", "department", "secret",
)  # fmt: skip


@settings(max_examples=600, deadline=None)
@given(kind=st.sampled_from(KINDS), value=json_values)
def test_whatever_json_is_sent_gives_a_value_or_a_problem(kind: Any, value: Any) -> None:
    """Never another exception; and what was accepted is accepted again unchanged."""
    field = Field(
        "x", kind, "X", options=YES_NO, fields=(Field("a", "text", "A"), Field("b", "number", "B"))
    )
    kept, problems = {}, ()
    try:
        kept = load(form(field), {"x": value})
    except Invalid as error:
        problems = error.problems
    assert all(problem.message.startswith("forms.error.") for problem in problems)
    assert all(i18n.text(problem.message, **dict(problem.values)) for problem in problems)
    if "x" in kept and kind not in {"date", "datetime"}:
        again = json.loads(json.dumps(kept, default=str))
        assert load(form(field), again) == kept


def test_a_form_with_everything_survives_json() -> None:
    fields = form(
        *(
            Field(f"x_{kind}", kind, "X", options=YES_NO, fields=(Field("a", "text", "A"),))
            for kind in KINDS
        )
    )
    assert from_body(Form, json.loads(json.dumps(to_body(fields)))) == fields
