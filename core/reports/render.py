"""A printed form from a template: the same markup as a page of the browser and as PDF."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import segno
from markupsafe import Markup

from core import i18n
from core.reports import pdf

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jinja2 import Environment

PDF_STYLESHEETS = ("asset:report.css",)
PICTURES = {b"\x89PNG": "image/png", b"\xff\xd8\xff": "image/jpeg"}


def qr(address: str, title: str = "") -> Markup:
    """A QR code as inline SVG, which needs neither a file nor a data address."""
    drawing = segno.make_qr(address, error="m").svg_inline(
        title=title or None, omitsize=True, border=1, svgclass=None, lineclass=None
    )
    return Markup(drawing)  # noqa: S704  segno escapes the title, the rest is numbers


def picture(content: bytes) -> str:
    """A PNG or JPEG as a data address."""
    kind = next(
        (kind for start, kind in PICTURES.items() if content.startswith(start)),
        "application/octet-stream",
    )
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def as_stylesheet(style: str) -> str:
    """A template's own style as the address of a style sheet: a page holds none inline."""
    return f"data:text/css;base64,{base64.b64encode(str(style).encode()).decode()}"


def html(environment: Environment, template: str, data: Mapping[str, Any], **frame: Any) -> str:
    """Draw `template` in the locale and zone in use.

    `frame` holds what a page of the browser differs by: stylesheets, back, notice; or `dense`.
    """
    given = {"stylesheets": PDF_STYLESHEETS, "back": "", "notice": "", "dense": False, **frame}
    tools = {
        "qr": qr,
        "picture": picture,
        "moment": i18n.format_datetime,
        "as_stylesheet": as_stylesheet,
        "locale": i18n.current_locale(),
    }
    return environment.get_template(template).render({**data, **given, **tools})


def document(
    environment: Environment,
    template: str,
    data: Mapping[str, Any],
    limits: pdf.Limits | None = None,
) -> pdf.Pdf:
    """Draw `template` as PDF, set tighter if that saves a page; raises as `pdf.render` does."""
    drawn = pdf.render(html(environment, template, data), limits=limits)
    if drawn.pages == 1:
        return drawn
    tighter = pdf.render(html(environment, template, data, dense=True), limits=limits)
    return tighter if tighter.pages < drawn.pages else drawn
