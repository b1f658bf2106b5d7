"""A form on a page: what HTML sends becomes the API's data, and what was typed is drawn again."""

from __future__ import annotations

import io
import re
from datetime import UTC, date, datetime
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.datastructures import FileStorage, MultiDict

from core import clock, i18n, ui
from core.clock import uuid7
from core.declarations import Field, Form, Option
from core.errors import Invalid, Problem
from core.forms import widgets
from core.forms.pages import from_page, read, typed
from core.forms.schemas import load

if TYPE_CHECKING:
    from collections.abc import Iterator

TWO = (Option("a", "Alpha"), Option("b", "Beta"))
FIVE = (*TWO, Option("c", "Gamma"), Option("d", "Delta"), Option("e", "Epsilon"))
CELLS = (
    Field("what", "text", "Measure", required=True),
    Field("due", "date", "Due"),
    Field("done", "boolean", "Done"),
)
FORM = Form(
    "test.page",
    "Page",
    (
        Field("name", "text", "Name", required=True),
        Field("story", "long_text", "Story", help="Say when and where"),
        Field("count", "number", "Count", unit="pcs"),
        Field("cost", "money", "Cost", unit="CNY"),
        Field("at", "datetime", "At"),
        Field("day", "date", "Day"),
        Field("sure", "boolean", "Sure"),
        Field("founded", "boolean", "Founded", required=True),
        Field("grade", "choice", "Grade", options=TWO),
        Field("topic", "choice", "Topic", options=FIVE),
        Field("wishes", "choices", "Wishes", options=FIVE),
        Field("phone", "phone", "Phone"),
        Field("pictures", "files", "Pictures"),
        Field("sign", "signature", "Signature"),
        Field("items", "rows", "Items", fields=CELLS, maximum=5),
        Field("harm", "text", "Harm", visible_when={"field": "sure", "is": True}),
        Field("person", "text", "Person", audience="internal"),
    ),
)


@pytest.fixture(autouse=True)
def shanghai() -> Iterator[None]:
    with i18n.use("en", "Asia/Shanghai"):
        yield


def test_html_answers_become_data() -> None:
    drawn = str(uuid7())
    sent = MultiDict(
        [
            ("name", " 林 "), ("count", "１２"), ("cost-amount", "1,380.50"),
            ("cost-currency", "CNY"), ("at", "2026-11-20T16:30"), ("day", "2026/11/20"),
            ("sure", "1"), ("founded", "0"), ("grade", "a"), ("wishes", "a"), ("wishes", "c"),
            ("phone", "１３８００１３８０００"), ("sign-drawn", drawn),
            ("items-0-what", "pump"), ("items-0-due", "2026-11-21"), ("items-0-done", "1"),
            ("items-1-what", ""), ("items-1-due", ""),
            ("items-7-what", "drain"), ("csrf_token", "x"), ("story", ""), ("harm", "none"),
        ]
    )  # fmt: skip
    assert load(FORM, from_page(FORM, sent)) == {
        "name": "林",
        "count": 12,
        "cost": {"amount": 138050, "currency": "CNY"},
        "at": datetime(2026, 11, 20, 8, 30, tzinfo=UTC),
        "day": date(2026, 11, 20),
        "sure": True,
        "founded": False,
        "grade": "a",
        "wishes": ["a", "c"],
        "phone": "+8613800138000",
        "sign": {"attachment_id": UUID(drawn)},
        "items": [
            {"what": "pump", "due": date(2026, 11, 21), "done": True},
            {"what": "drain", "done": False},
        ],
        "harm": "none",
    }


def test_page_and_api_refuse_the_same() -> None:
    with pytest.raises(Invalid) as by_api:
        load(FORM, {"phone": "x", "founded": None, "count": "many", "items": [{"due": "x"}]})
    answers = read(FORM, MultiDict({"phone": "x", "count": "many", "items-3-due": "x"}))
    assert set(answers.problems) == set(by_api.value.problems)
    assert answers.values == {}
    assert answers.data["count"] == "many"


def test_a_typed_name_signs_as_well_and_the_filled_field_counts() -> None:
    sent = MultiDict(
        [("name", "x"), ("founded", "1"), ("sign-typed", ""), ("sign-typed", "林晓雯")]
    )
    assert read(FORM, sent).values["sign"] == {"typed_name": "林晓雯"}


def test_uploads_are_kept_when_the_rest_is_refused_and_told_at_their_field() -> None:
    kept = uuid7()

    def store(file: FileStorage) -> UUID:
        if file.filename == "bad.heic":
            raise Invalid(
                Problem(
                    field="file",
                    message="attachments.error.heic",
                    values=(("name", file.filename),),
                )
            )
        return kept

    files = MultiDict(
        [
            ("pictures", FileStorage(io.BytesIO(b"x"), "a.jpg")),
            ("pictures", FileStorage(io.BytesIO(b"x"), "bad.heic")),
            ("pictures", FileStorage(io.BytesIO(b""), "")),
        ]
    )
    answers = read(FORM, MultiDict({"founded": "1"}), files, store=store)
    assert {problem.field: problem.message for problem in answers.problems} == {
        "name": "forms.error.required",
        "pictures": "attachments.error.heic",
    }
    assert answers.data["pictures"] == [str(kept)]
    signed = read(
        FORM,
        MultiDict({"founded": "1", "name": "x", "sign-strokes": "[[1,2]]"}),
        MultiDict({"sign": FileStorage(io.BytesIO(b"x"), "s.png")}),
        store=store,
    )
    assert signed.values["sign"] == {"attachment_id": kept, "strokes": "[[1,2]]"}


@pytest.mark.parametrize(
    ("kind", "value", "shown"),
    [
        ("datetime", datetime(2026, 11, 20, 8, 30, tzinfo=UTC), "2026-11-20T16:30"),
        ("datetime", "2026-11-20T08:30:00+00:00", "2026-11-20T16:30"),
        ("datetime", "soon", "soon"),
        ("money", {"amount": 138050, "currency": "CNY"}, "1380.50"),
        ("money", {"amount": 1200, "currency": "JPY"}, "1200"),
        ("money", {"amount": "dear", "currency": "CNY"}, "dear"),
        ("number", 3.0, "3"),
        ("number", "three", "three"),
        ("date", date(2026, 11, 20), "2026-11-20"),
        ("text", None, ""),
    ],
)
def test_values_are_drawn_as_they_were_typed(kind: Any, value: Any, shown: str) -> None:
    assert typed(Field("x", kind, "X"), value) == shown


def test_defaults_are_prefilled_in_the_readers_zone() -> None:
    with clock.virtual(datetime(2026, 11, 19, 20, 42, tzinfo=UTC)):
        assert typed(Field("x", "datetime", "X", default="now"), None) == "2026-11-20T04:42"
        assert typed(Field("x", "date", "X", default="today"), None) == "2026-11-20"


class Tags(HTMLParser):
    """Every tag with its attributes, in order, and which closed."""

    void = frozenset({"input", "br", "use", "meta", "link"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.void:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self.void:
            return
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def all(self, *names: str) -> list[dict[str, str | None]]:
        return [attrs for tag, attrs in self.tags if tag in names]


@pytest.fixture(scope="module")
def app() -> Flask:
    made = Flask(__name__)
    ui.register(made)
    widgets.register(made)
    return made


def draw(
    app: Flask,
    form: Form,
    values: Any = None,
    problems: Any = (),
    audience: str = "all",
    **more: Any,
) -> str:
    with app.test_request_context():
        template = app.jinja_env.from_string(
            '{% import "ui/form.html" as f %}{{ f.summary(problems) }}'
            "{{ f.fields(form, values, problems, audience) }}"
        )
        return template.render(
            form=form, values=values, problems=problems, audience=audience, **more
        )


@pytest.mark.parametrize("filled", [True, False])
def test_every_input_has_one_label_and_its_hints_exist(app: Flask, filled: bool) -> None:
    values = (
        {
            "items": [{"what": "pump"}],
            "pictures": [str(uuid7())],
            "sign": {"attachment_id": str(uuid7())},
        }
        if filled
        else None
    )
    problems = (
        Problem(
            field="story",
            message="forms.error.too_long",
            values=(("label", "S"), ("limit", 1), ("length", 2)),
        ),
    )
    html = draw(app, FORM, values, problems, "internal")
    page = Tags(html)
    assert not page.open
    ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
    assert len(ids) == len(set(ids)), "ids are unique"
    labelled = {attrs.get("for") for attrs in page.all("label")}
    for attrs in page.all("input", "select", "textarea"):
        if (
            attrs.get("type") == "hidden"
            or "aria-hidden" in attrs
            or ("id" not in attrs and attrs.get("type") == "checkbox")
        ):
            continue
        assert attrs["id"] in labelled, attrs
    for _, attrs in page.tags:
        for target in (attrs.get("aria-describedby") or "").split():
            assert target in ids, target
    assert {link["href"] for link in page.all("a")} == {"#story"}
    assert not re.search(r"\son\w+=|style=|<script|<style", html)


def test_label_help_error_and_input_stand_in_that_order(app: Flask) -> None:
    problems = (
        Problem(field="story", message="forms.error.required", values=(("label", "Story"),)),
    )
    html = draw(app, FORM, None, problems)
    block = html[html.index('id="story-field"') :]
    places = [
        block.index(mark) for mark in ("<label", 'id="story-help"', 'id="story-error"', "<textarea")
    ]
    assert places == sorted(places)
    assert block.count("Story: enter an answer") == 1
    assert html.count("Story: enter an answer") == 2, "the summary says the same words"
    assert "Name" in html
    assert "*" not in re.sub(r"accept=\"[^\"]*\"", "", html)


def test_optional_is_marked_and_few_choices_are_radios(app: Flask) -> None:
    page = Tags(draw(app, FORM))
    radios = [attrs for attrs in page.all("input") if attrs.get("type") == "radio"]
    assert {attrs["name"] for attrs in radios} == {"grade", "founded"}
    assert [attrs["name"] for attrs in page.all("select")] == ["topic"]
    assert not any("checked" in attrs for attrs in radios)
    html = draw(app, FORM)
    assert html[html.index('for="name"') :].split("</label>")[0].count("optional") == 0
    assert html[html.index('for="story"') :].split("</label>")[0].count("optional") == 1


def test_what_was_typed_is_drawn_again_and_never_as_markup(app: Flask) -> None:
    script = "<script>alert(1)</script>"
    sent = MultiDict(
        {
            "name": script,
            "story": script,
            "count": script,
            "cost-amount": script,
            "at": script,
            "phone": script,
            "topic": script,
            "items-0-what": script,
            "sign-typed": script,
        }
    )
    answers = read(FORM, sent)
    html = draw(app, FORM, answers.data, answers.problems)
    assert "<script" not in html
    assert html.count("&lt;script&gt;alert(1)") == 8


def test_rows_work_without_scripts_by_spare_ones(app: Flask) -> None:
    names = [
        attrs["name"]
        for attrs in Tags(draw(app, FORM)).all("input")
        if "items" in (attrs.get("name") or "")
    ]
    assert [name for name in names if name and name.endswith("what")] == [
        "items-0-what",
        "items-1-what",
        "items-2-what",
        "items-__row__-what",
    ]
    full = {"items": [{"what": str(number)} for number in range(5)]}
    names = [
        attrs["name"]
        for attrs in Tags(draw(app, FORM, full)).all("input")
        if "items" in (attrs.get("name") or "")
    ]
    assert sum("what" in (name or "") for name in names) == 6, "no spare row past the maximum"


def test_internal_questions_are_not_in_a_customers_page(app: Flask) -> None:
    assert "Person" not in draw(app, FORM)
    assert "Person" in draw(app, FORM, audience="internal")


def test_a_hidden_question_waits_in_the_page_for_the_script_and_for_the_server(app: Flask) -> None:
    def hidden(values: Any) -> bool:
        attrs = next(
            attrs
            for attrs in Tags(draw(app, FORM, values)).all("div")
            if attrs.get("id") == "harm-field"
        )
        assert attrs["data-visible-when"] == '{"field": "sure", "is": true}'
        return "hidden" in attrs

    assert hidden({})
    assert not hidden({"sure": True})


@settings(max_examples=200, deadline=None)
@given(
    pairs=st.lists(
        st.tuples(
            st.sampled_from(
                ["name", "count", "cost-amount", "cost-currency", "at", "day", "sure", "founded",
                 "wishes", "pictures", "sign-drawn", "items-0-what", "items-1-due",
                 "items-999-done", "items-x-what"]
            ),
            st.text(max_size=20) | st.sampled_from(["1", "1e9", "NaN", "-0", "٣", "2026-02-30"]),
        )
    )
)  # fmt: skip
def test_whatever_a_browser_sends_is_read_and_drawn_again(
    app: Flask, pairs: list[tuple[str, str]]
) -> None:
    with i18n.use("en", "Asia/Shanghai"):
        answers = read(FORM, MultiDict(pairs))
        assert bool(answers.values) != bool(answers.problems)
        assert draw(app, FORM, answers.data, answers.problems)
