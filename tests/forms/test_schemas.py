"""A form's answers: one judgement for page and API, every mistake at once, nothing hidden kept."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest

from core import clock
from core.contributions import Condition
from core.declarations import Field, Form, Option
from core.errors import Invalid
from core.forms import sources
from core.forms.schemas import load
from core.forms.sources import register_source


@pytest.fixture(autouse=True)
def nobodys_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    """No list of people or units is registered, whatever other tests started."""
    monkeypatch.setattr(sources, "_sources", {})


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


ID = str(UUID("01a20021-7dbb-7001-ba65-bec2d522c140"))


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
