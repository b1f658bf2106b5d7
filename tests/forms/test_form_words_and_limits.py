"""What a form says when it refuses, what it bears, and that nothing sent breaks it."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from marshmallow import ValidationError

from core import i18n
from core.bodies import from_body, to_body
from core.clock import uuid7
from core.declarations import Field, Form, Option
from core.errors import Invalid
from core.forms import sources
from core.forms.checks import check_form
from core.forms.schemas import MAX_FIELDS, load, schema


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


ID = str(uuid7())


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
