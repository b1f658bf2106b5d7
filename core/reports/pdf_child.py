"""The process that draws one PDF: JSON with HTML and pictures in, a line of JSON and the PDF out.

It imports nothing of Polydesk and holds no secret. core.reports.pdf starts it and sets its limits
before it hands over the first byte: what a hostile text makes WeasyPrint do costs one document.
"""

from __future__ import annotations

import base64
import ctypes.util
import gc
import io
import json
import logging
import mimetypes
import os
import re
import sys
from pathlib import Path
from typing import Any

# A child lives for a second: looking for garbage while it imports is a sixth of its work.
gc.disable()
# For each name that is not this system's, cffi would have a compiler look: a quarter of a short paper's time.
ctypes.util.find_library = lambda name: None  # noqa: ARG005

from weasyprint import CSS, HTML  # noqa: E402
from weasyprint.text.fonts import FontConfiguration  # noqa: E402
from weasyprint.urls import URLFetcher, URLFetcherResponse  # noqa: E402

gc.freeze()
gc.enable()

ASSETS = Path(__file__).parent / "assets"
LINKS = ("http:", "https:", "mailto:", "tel:", "#")
KEPT_WARNINGS = 100
NO_GLYPH = re.compile(r"\.notdef glyph .*\(U\+([0-9A-F]+)\)")
TYPES = {".ttf": "font/ttf", ".css": "text/css", ".svg": "image/svg+xml"}


class Notices(logging.Handler):
    """Collects what WeasyPrint complains about; characters without a glyph apart."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.warnings: list[str] = []
        self.missing: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Sort one message."""
        message = record.getMessage()
        if found := NO_GLYPH.search(message):
            character = chr(int(found[1], 16))
            self.missing += [character] if character not in self.missing else []
        elif len(self.warnings) < KEPT_WARNINGS:
            self.warnings.append(message[:300])


class AssetFetcher(URLFetcher):  # type: ignore[misc]  # the library carries no types
    """Answers `data:` and `asset:` alone: what was handed in, else a file of the bundled assets.

    Reads no other file, opens no connection, follows no redirect.
    """

    def __init__(self, handed: dict[str, bytes]) -> None:
        super().__init__(timeout=1, allowed_protocols=("data", "asset"), allow_redirects=False)
        self.handed = handed
        self.bundled = {file.relative_to(ASSETS).as_posix(): file for file in ASSETS.rglob("*.*")}

    def fetch(self, url: str, headers: dict[str, str] | None = None) -> Any:
        """The bytes behind `url`."""
        scheme, _, name = url.partition(":")
        if scheme.lower() != "asset":
            return super().fetch(url, headers)
        if name in self.handed:
            content = self.handed[name]
        elif name in self.bundled:
            content = self.bundled[name].read_bytes()
        else:
            raise ValueError(f"no such asset: {name}")
        kind = TYPES.get(Path(name).suffix) or mimetypes.guess_type(name)[0]
        return URLFetcherResponse(
            url, content, {"Content-Type": kind or "application/octet-stream"}
        )


def clean(root: Any) -> None:
    """Take out what would embed a file, and links to other than web, mail and phone."""
    for element in root.iter():
        if "attachment" in element.attrib.get("rel", "").lower().split():
            element.attrib.pop("rel")
        if str(element.tag).endswith("a"):
            for name in _bad_links(element.attrib):
                element.attrib.pop(name)


def _bad_links(attributes: Any) -> list[str]:
    links = [name for name in attributes if name == "href" or name.endswith("}href")]
    return [name for name in links if not attributes[name].strip().lower().startswith(LINKS)]


def draw(job: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    """The head of the answer and the PDF."""
    notices = Notices()
    logging.getLogger("weasyprint").addHandler(notices)
    fetcher = AssetFetcher({name: base64.b64decode(data) for name, data in job["assets"].items()})
    fonts = FontConfiguration()
    faces = CSS(url="asset:fonts.css", url_fetcher=fetcher, font_config=fonts)
    page = HTML(string=job["html"], base_url="asset:/", url_fetcher=fetcher)
    clean(page.etree_element)
    document = page.render(stylesheets=[faces], font_config=fonts)
    count = len(document.pages)
    if count > job["pages"]:
        return {"error": "too-many-pages", "pages": count}, b""
    target = io.BytesIO()
    document.write_pdf(target)
    head = {"pages": count, "missing": notices.missing, "warnings": notices.warnings}
    return head, target.getvalue()


def main() -> None:
    """Answer on the real stdout; whatever libraries print there meanwhile goes to stderr."""
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    try:
        head, content = draw(json.load(sys.stdin))
    except MemoryError:
        head, content = {"error": "memory"}, b""
    with out:
        out.write(json.dumps(head).encode() + b"\n" + content)


if __name__ == "__main__":
    main()
