"""The complaint register on paper: one A4 page; the customer's copy names nobody responsible."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from pypdf import PdfReader

from core import i18n
from core.reports import pdf, render
from tests.reports import sample

pytestmark = pytest.mark.story

ROOT = Path(__file__).parents[2]
TEMPLATE = "complaints/register.html"
LONG = "负二层排水沟两次返水，水深没过脚面，底盘进水，请查明原因、彻底处理并给出书面答复。"


@pytest.fixture
def environment() -> Environment:
    """Templates and words as the application has them."""
    i18n.register_catalogs(ROOT / "plugins/complaints")
    folders = [ROOT / "core/reports/templates", ROOT / "plugins/complaints/templates"]
    made = Environment(loader=FileSystemLoader(folders), autoescape=True, undefined=StrictUndefined)
    made.globals["t"] = i18n.text
    return made


def draw(
    environment: Environment, data: dict[str, Any], locale: str = "zh-CN"
) -> tuple[pdf.Pdf, str]:
    """The PDF and its text without spaces and line ends."""
    with i18n.use(locale, "Asia/Shanghai"):
        drawn = render.document(environment, TEMPLATE, data)
    text = PdfReader(io.BytesIO(drawn.content)).pages[0].extract_text()
    return drawn, "".join(text.split())


def emptied(data: dict[str, Any]) -> dict[str, Any]:
    """The register of a complaint that was only just filed."""
    nothing: dict[str, Any] = {}
    for name, value in data["r"].items():
        inner = value if isinstance(value, dict) else {}
        nothing[name] = {
            key: [] if isinstance(old, list) else None for key, old in inner.items()
        } or value
    fresh = {**nothing, "measures": [], "location": "", "result": None}
    return {**data, "r": fresh, "verify_code": "", "printed_by": ""}


@pytest.mark.parametrize("locale", ["zh-CN", "en"])
@pytest.mark.parametrize("edition", ["customer", "internal"])
def test_one_page_with_every_section(environment: Environment, edition: str, locale: str) -> None:
    drawn, text = draw(environment, sample.register(edition), locale)
    assert (drawn.pages, drawn.missing, drawn.warnings) == (1, (), ())
    page = PdfReader(io.BytesIO(drawn.content)).pages[0]
    assert [round(float(side)) for side in page.mediabox[2:]] == [595, 842]
    expected = {
        "zh-CN": [
            "顾客投诉登记表",
            "一、投诉受理",
            "六、回访与总结评价",
            "2026-11-1908:42",
            "校验码7F3A-91C2-0B6E",
            "第1页，共1页",
        ],
        "en": [
            "Complaintregister",
            "1.Intake",
            "6.Follow-upandreview",
            "19Nov2026,8:42am",
            "7F3A-91C2-0B6E",
            "Page1of1",
        ],
    }
    for words in [
        *expected[locale],
        "TS-2611-00318",
        "林晓雯",
        "138****6021",
        "☑紧急",
        "☐一般",
        "FM-06",
    ]:
        assert words in text
    assert "complaints." not in text
    assert len(page.images) == 1


def test_the_customers_copy_names_nobody_responsible(environment: Environment) -> None:
    """CP-12: G investigation / W closed / T the responsible person is hidden from the customer."""
    people = ["钱大明", "孙立", "吴静"]
    _, customers = draw(environment, sample.register("customer"))
    _, internal = draw(environment, sample.register("internal"))
    assert [name for name in people if name in customers] == []
    assert [name for name in people if name in internal] == people
    assert "直接责任人" not in customers
    assert "直接责任人" in internal


def test_long_texts_and_empty_forms_keep_to_a_page(environment: Environment) -> None:
    """A normal register with long texts is set tighter; a fresh one leaves its cells empty."""
    long, _ = draw(environment, sample.register(content=LONG * 7, wishes=LONG * 4, result=LONG * 5))
    assert (long.pages, long.missing) == (1, ())
    fresh, text = draw(environment, emptied(sample.register()))
    assert fresh.pages == 1
    assert "None" not in text
    assert "校验码" not in text
    endless, _ = draw(environment, sample.register(content=LONG * 80))
    assert endless.pages > 1


def test_markup_in_texts_is_shown_as_text(environment: Environment) -> None:
    attack = "<script>alert(1)</script><img src=http://127.0.0.1/x>"
    drawn, text = draw(
        environment, sample.register(complainant="<b>Bob</b>", content=attack, office="{{ 7 * 7 }}")
    )
    assert drawn.warnings == ()
    assert "<script>alert(1)</script>" in text
    assert "<b>Bob</b>" in text
    assert "{{7*7}}" in text


def test_a_typed_signature_stands_in_for_a_drawn_one(environment: Environment) -> None:
    """CP-22: G solution letter / W e-signature / T it stands on the form with its time."""
    customer = {**sample.register()["r"]["customer"], "signature": None, "signer": "林小雯"}
    drawn, text = draw(environment, sample.register(customer=customer))
    assert "林小雯" in text
    assert "2026-11-2017:31" in text
    assert len(PdfReader(io.BytesIO(drawn.content)).pages[0].images) == 0


def test_the_code_leads_to_the_tracking_page() -> None:
    """The QR code is inline, needs no style attribute, and changes with the address."""
    drawn = render.qr("http://yunqi.localhost:8080/t/abc", "进度 <1>")
    assert drawn.startswith("<svg")
    assert "style=" not in drawn
    assert "<title>进度 &lt;1&gt;</title>" in drawn
    assert drawn != render.qr("http://yunqi.localhost:8080/t/abd", "进度 <1>")
    assert render.picture(sample.signature()).startswith("data:image/png;base64,iVBOR")
