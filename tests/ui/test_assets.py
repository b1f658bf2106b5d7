"""What the kit serves: vendored files as published, long caches, strict policy, nothing inline."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
from pathlib import Path

import pytest
from flask import Flask, render_template_string
from flask_wtf.csrf import CSRFProtect

from core import ui

ROOT = Path(__file__).resolve().parents[2]
VENDOR = ui.STATIC / "vendor"
MANIFEST = json.loads((VENDOR / "manifest.json").read_text(encoding="utf-8"))
# Mail programs know no style sheets, and a letter never runs in our origin.
LETTERS = ROOT / "core/mail/templates"
TEMPLATES = sorted(
    path
    for place in ("core", "tenants", "plugins")
    for path in (ROOT / place).rglob("templates/**/*.html")
    if not path.is_relative_to(LETTERS)
)
INLINE = {
    "style attribute": re.compile(r"<[^>]*\sstyle\s*=", re.IGNORECASE),
    "style element": re.compile(r"<style\b", re.IGNORECASE),
    "script without src": re.compile(r"<script(?![^>]*\bsrc=)[^>]*>", re.IGNORECASE),
    "event attribute": re.compile(r"<[a-z][^>]*\son[a-z]+\s*=", re.IGNORECASE),
    "hx-on or js:": re.compile(r"\bhx-on\b|[\"']js:", re.IGNORECASE),
    "javascript: address": re.compile(r"javascript:", re.IGNORECASE),
}


@pytest.fixture
def app():
    app = Flask("kit", static_folder=None)
    app.secret_key = "only here"
    ui.register(app)
    CSRFProtect(app)
    return app


def test_vendored_files_are_what_was_published():
    on_disk = {path.relative_to(VENDOR).as_posix() for path in VENDOR.rglob("*") if path.is_file()}
    assert on_disk - {"manifest.json"} == MANIFEST["files"].keys()
    for name, entry in MANIFEST["files"].items():
        digest = hashlib.sha384((VENDOR / name).read_bytes()).digest()
        assert base64.b64encode(digest).decode() == entry["sha384"], name


def test_htmx_is_the_pinned_one():
    pinned = "Qp9rdC8H7EqOoX+nR0P3RPG2Noji+qdwJlGpfzwQJsfOpp3sGwIdSP9xO3+UlEhn"
    assert MANIFEST["files"]["htmx-4.0.1/htmx.min.js"]["sha384"] == pinned


@pytest.mark.parametrize("rule", INLINE)
def test_no_template_holds_anything_inline(rule):
    assert TEMPLATES
    strays = [
        f"{path.relative_to(ROOT)}: {hit.group()[:60]}"
        for path in TEMPLATES
        for hit in INLINE[rule].finditer(path.read_text(encoding="utf-8"))
    ]
    assert strays == []


@pytest.mark.parametrize(
    ("rule", "bad"),
    [
        ("style attribute", '<b style="color:red">'),
        ("style element", "<style>b{}</style>"),
        ("script without src", "<script>alert(1)</script>"),
        ("event attribute", '<a href="#" onclick="x()">'),
        ("hx-on or js:", '<a hx-on:click="x()">'),
        ("javascript: address", '<a href="javascript:x()">'),
    ],
)
def test_the_search_for_inline_things_finds_them(rule, bad):
    assert INLINE[rule].search(bad)
    assert not INLINE[rule].search('<script src="/static/js/polydesk.js" defer></script>')


def test_static_files_are_fingerprinted_and_kept_a_year(app):
    with app.test_request_context("/"):
        address = ui.static_url("css/pd-core.css")
    client = app.test_client()
    with client.get(address) as kept, client.get("/static/css/pd-core.css") as bare:
        assert kept.status_code == bare.status_code == 200
        assert "max-age=31536000" in kept.headers["Cache-Control"]
        assert "max-age=31536000" not in bare.headers["Cache-Control"]


def test_every_answer_carries_the_policy(app):
    app.add_url_rule("/", "home", lambda: "hello")
    headers = app.test_client().get("/").headers
    policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
    assert policy["script-src"] == policy["style-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"


def test_a_view_may_loosen_only_what_it_names(app):
    policy = ui.headers.content_security_policy(form_action="'self' https://client.example")
    assert "form-action 'self' https://client.example" in policy
    assert "script-src 'self';" in policy


def drawn(app, source, **values):
    with app.test_request_context("/"):
        return render_template_string('{% import "ui/kit.html" as kit %}' + source, **values)


def test_an_icon_is_hidden_unless_it_is_named(app):
    assert 'aria-hidden="true"' in drawn(app, "{{ icon('clock') }}")
    assert 'aria-label="Due"' in drawn(app, "{{ icon('clock', '', 'Due') }}")
    assert "#i-puzzle" in drawn(app, "{{ icon('no-such-icon') }}")


def test_macros_escape_what_people_wrote(app):
    entry = {
        "id": 1,
        "kind": "customer",
        "author": "<i>",
        "role": "",
        "at": None,
        "body": "<script>x</script>",
    }
    html = drawn(app, "{{ kit.timeline_message(entry) }}", entry=entry)
    assert "<script>" not in html
    assert "<i>" not in html
    assert "&lt;script&gt;x" in html


def test_the_error_summary_leads_to_the_fields(app):
    problems = [{"field": "place", "words": "Say where"}, {"field": "", "words": "Too late"}]
    html = drawn(app, "{{ kit.error_summary(problems) }}", problems=problems)
    assert 'href="#f-place"' in html
    assert 'role="alert"' in html
    assert 'tabindex="-1"' in html


@pytest.mark.parametrize(
    ("kind", "icon"),
    [("ok", "clock"), ("warn", "alarm"), ("breach", "alert-triangle"), ("met", "circle-check")],
)
def test_a_clock_pairs_its_colour_with_an_icon_and_words(app, kind, icon):
    clock = {"kind": kind, "seconds": 2280, "metric": "M", "due_at": None}
    html = drawn(app, "{{ kit.sla_chip(clock) }}", clock=clock)
    assert f"sla-{kind}" in html
    assert f"#i-{icon}" in html
    assert "38" in html


@pytest.mark.parametrize(
    ("names", "budget"),
    [
        (["vendor/tabler-1.6.1/tabler.subset.min.css", "css/pd-core.css", "css/workspace.css"], 50),
        (["css/pd-core.css", "css/portal.css"], 12),
        (["vendor/htmx-4.0.1/htmx.min.js", "js/theme.js", "js/polydesk.js", "js/forms.js"], 40),
    ],
)
def test_the_files_of_a_page_fit_their_budget(names, budget):
    """ux.md §11, in kilobytes after gzip."""
    size = sum(len(gzip.compress((ui.STATIC / name).read_bytes(), 9)) for name in names)
    assert size <= budget * 1024
