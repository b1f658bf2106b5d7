"""A PDF is drawn apart from the server: nothing outside is reached, failures are named."""

from __future__ import annotations

import base64
import http.server
import io
import threading
import urllib.request
from typing import TYPE_CHECKING

import pytest
from fontTools.ttLib import TTFont
from pypdf import PdfReader

from core.errors import NotAvailable, TooLarge
from core.reports import pdf

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.story

PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk"
    "+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
NESTED = """<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'>
<image href='ADDRESS/nested'/><use href='FILE#x'/></svg>"""
HOSTILE = """<!doctype html><base href="ADDRESS/"><link rel="stylesheet" href="ADDRESS/css">
<link rel="stylesheet" href="relative"><link rel="attachment" href="FILE">
<link rel="attachment" href="data:text/plain,hello"><style>@import url("ADDRESS/import");
@font-face{font-family:x;src:url("ADDRESS/font")} p::before{content:url("FILE")}
body{background:url("ADDRESS/background");font-family:x}</style>
<img src="ADDRESS/img"><img src="FILE"><img src="//127.0.0.1/x"><img src="/etc/passwd">
<img src="data:image/svg+xml;utf8,NESTED">NESTED<object data="ADDRESS/object"></object>
<embed src="ADDRESS/embed"><iframe src="ADDRESS/frame"></iframe>
<a rel="attachment" href="FILE">a</a><a rel="Attachment noopener" href="data:text/plain,hi">b</a>
<a href="javascript:app.alert(1)">c</a><p>text</p>"""


class Canary(http.server.BaseHTTPRequestHandler):
    """Counts every request."""

    hits: list[str]

    def do_GET(self) -> None:
        """Note the path and answer something harmless."""
        self.hits.append(self.path)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"body { color: red }")

    def log_message(self, *_: object) -> None:
        """Stay silent."""


@pytest.fixture
def canary() -> Iterator[tuple[str, list[str]]]:
    """A server on loopback that must not be asked, and what it was asked."""
    handler = type("OneCanary", (Canary,), {"hits": []})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", handler.hits
    server.shutdown()
    server.server_close()


def fonts(content: bytes) -> dict[str, bool]:
    """Names of the fonts of all pages, and whether each is embedded."""
    found = {}
    for page in PdfReader(io.BytesIO(content)).pages:
        for font in page["/Resources"]["/Font"].values():
            descendant = font.get_object()["/DescendantFonts"][0].get_object()
            descriptor = descendant["/FontDescriptor"].get_object()
            found[descendant["/BaseFont"]] = (
                "/FontFile2" in descriptor or "/FontFile3" in descriptor
            )
    return found


def embedded_files(content: bytes) -> list[str]:
    """Everything a PDF calls an embedded file, by any way."""
    reader = PdfReader(io.BytesIO(content))
    objects = [reader.get_object(number) for number in range(1, reader.trailer["/Size"])]
    kinds = [str(found.get("/Type")) for found in objects if hasattr(found, "get")]
    return [
        *reader.attachments,
        *(kind for kind in kinds if kind in {"/EmbeddedFile", "/Filespec"}),
    ]


def test_hostile_markup_reaches_nothing_outside(
    canary: tuple[str, list[str]], tmp_path: Path
) -> None:
    address, hits = canary
    secret = tmp_path / "secret.txt"
    secret.write_text("TOP-SECRET")
    page = HOSTILE.replace("NESTED", NESTED)
    drawn = pdf.render(page.replace("ADDRESS", address).replace("FILE", secret.as_uri()))
    assert hits == []
    assert embedded_files(drawn.content) == []
    assert b"TOP-SECRET" not in drawn.content
    assert b"javascript:" not in drawn.content
    refused = " ".join(drawn.warnings)
    assert f"{address}/img" in refused
    assert "disallowed protocol" in refused


def test_what_is_handed_in_is_drawn(canary: tuple[str, list[str]]) -> None:
    address, hits = canary
    with urllib.request.urlopen(f"{address}/control") as answer:  # noqa: S310  loopback
        assert answer.status == 200
    assert hits == ["/control"]
    drawn = pdf.render(
        f'<img src="data:image/png;base64,{PIXEL}"><img src="asset:mine.png">',
        assets={"mine.png": base64.b64decode(PIXEL)},
    )
    assert drawn.warnings == ()
    page = PdfReader(io.BytesIO(drawn.content)).pages[0]
    assert len(page.images) >= 1
    assert pdf.render('<img src="asset:other.png">').warnings


@pytest.mark.parametrize("empty_fonts", [False, True], ids=["system fonts", "no font at all"])
def test_chinese_needs_no_system_font(
    empty_fonts: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    if empty_fonts:
        config = tmp_path / "fonts.conf"
        config.write_text(
            f'<?xml version="1.0"?><fontconfig><cachedir>{tmp_path}</cachedir></fontconfig>'
        )
        monkeypatch.setenv("FONTCONFIG_FILE", str(config))
    words = "顾客投诉登记表：林晓雯、赵堃、刘喆，鐘錶與時間；☑已解决 ☐未解决 ①②③ Ωж €￥ “引号”—…"
    drawn = pdf.render(f"<html lang=zh-CN><p>{words}</p><b>顾客投诉</b></html>")
    assert drawn.missing == ()
    found = fonts(drawn.content)
    assert found
    assert all(embedded for embedded in found.values())
    assert all("Noto-Sans-SC" in name for name in found)
    assert (
        PdfReader(io.BytesIO(drawn.content))
        .pages[0]
        .extract_text()
        .replace("\n", "")
        .startswith(words[:20])
    )


def test_a_character_without_a_glyph_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    config = tmp_path / "fonts.conf"
    config.write_text('<?xml version="1.0"?><fontconfig></fontconfig>')
    monkeypatch.setenv("FONTCONFIG_FILE", str(config))
    assert pdf.render("<p>看 \U0001f600 和 \U00020bb7</p>").missing == ("\U0001f600", "\U00020bb7")


def test_bundled_characters() -> None:
    folder = pdf.CHILD.parent / "assets/fonts"
    pairs = [
        bytes([high, low]) for high in range(0x81, 0xFF) for low in range(0x40, 0xFF) if low != 0x7F
    ]
    common = {
        ord(text) for pair in pairs if len(text := pair.decode("gb2312", "ignore")) == 1
    } | set(range(0x20, 0x7F))
    all_gbk = {ord(text) for pair in pairs if len(text := pair.decode("gbk", "ignore")) == 1}
    regular = TTFont(folder / "NotoSansSC-Regular.ttf").getBestCmap()
    bold = TTFont(folder / "NotoSansSC-Bold.ttf").getBestCmap()
    assert len(common) > 7000
    for needed, face in ((common, regular), (common, bold), (all_gbk - {ord("≒")}, regular)):
        assert (needed | {0x2610, 0x2611}) - face.keys() == set()
    assert sum(path.stat().st_size for path in folder.glob("*.ttf")) < 12_000_000


def test_a_slow_document_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf.tempfile, "tempdir", str(tmp_path))
    with pytest.raises(pdf.PdfFailed) as caught:
        pdf.render("<p>word </p>" * 60_000, limits=pdf.Limits(seconds=1.5))
    assert caught.value.data["reason"] == "timeout"
    assert list(tmp_path.iterdir()) == []


def test_cpu_memory_and_pages_are_bounded() -> None:
    cases = {
        "cpu": (pdf.Limits(cpu=1), "<p>word </p>" * 60_000, "timeout"),
        "memory": (pdf.Limits(memory=200), "<p>word </p>" * 60_000, "memory"),
        "pages": (pdf.Limits(pages=2), "<p style='break-after:page'>x</p>" * 5, "too-many-pages"),
    }
    for name, (limits, html, reason) in cases.items():
        with pytest.raises(pdf.PdfFailed) as caught:
            pdf.render(html, limits=limits)
        assert (name, caught.value.data["reason"]) == (name, reason)
    with pytest.raises(TooLarge):
        pdf.render("x" * (pdf.HTML_BYTES + 1))
    assert pdf.render("<p style='break-after:page'>x</p>" * 2).pages == 2


def test_two_children_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    free = threading.BoundedSemaphore(2)
    monkeypatch.setattr(pdf, "_children", free)
    pdf.probe()
    assert free.acquire(blocking=False)
    assert pdf.render("<p>one is free</p>").pages == 1
    assert free.acquire(blocking=False)
    with pytest.raises(pdf.TooMany) as caught:
        pdf.render("<p>none is free</p>", limits=pdf.Limits(seconds=0.05))
    assert caught.value.data["retry_after"] == 10


def test_a_missing_library_is_named_with_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    assert pdf.probe() == pdf.Probe(ok=True)
    monkeypatch.setattr(pdf, "LIBRARIES", {**pdf.LIBRARIES, "libnot-there.so.7": "libnot-there7"})
    pdf.probe.cache_clear()
    try:
        assert pdf.probe().missing == ("libnot-there.so.7",)
        assert pdf.probe().install == "apt-get install -y libnot-there7"
        with pytest.raises(NotAvailable) as caught:
            pdf.render("<p>x</p>")
        assert caught.value.data["install"] == "apt-get install -y libnot-there7"
        assert caught.value.status == 501
    finally:
        pdf.probe.cache_clear()


def test_a_crash_is_one_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    dying = tmp_path / "child.py"
    dying.write_text("import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\n")
    pdf.probe()
    monkeypatch.setattr(pdf, "CHILD", dying)
    with pytest.raises(pdf.PdfFailed) as caught:
        pdf.render("<p>x</p>")
    assert caught.value.data["reason"] == "crashed"
    assert caught.value.status == 503


def test_the_child_gets_no_secret(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    telling = tmp_path / "child.py"
    telling.write_text(
        "import os, sys\nsys.stderr.write(' '.join(sorted(os.environ)))\nsys.exit(3)\n"
    )
    pdf.probe()
    monkeypatch.setattr(pdf, "CHILD", telling)
    monkeypatch.setenv("DATABASE_URL", "postgresql://secret")
    with pytest.raises(pdf.PdfFailed) as caught:
        pdf.render("<p>x</p>")
    assert "HOME" in caught.value.data["detail"]
    assert "DATABASE_URL" not in caught.value.data["detail"]
