"""Every sample of the OAuth chapter of docs/api.md is sent, in its order, and answers as the page says."""

from __future__ import annotations

import base64
import re
from pathlib import Path

from core.oauth.models import GRANT_TYPES
from tests.docs.test_samples import BLANK, PAGE, read_samples

FORM = "application/x-www-form-urlencoded"


def test_every_sample_of_the_chapter_answers_as_the_page_says(office):
    page = re.sub(r"^```form", "```http", "\n".join(_chapter()), flags=re.MULTILINE)
    samples = read_samples(page)
    assert len(samples) == 8
    app = office.register(
        "Points bridge", grant_types=GRANT_TYPES, redirect_uris=["https://bridge.example/back"],
        scopes=["ticket:read", "ticket:write"],
    )  # fmt: skip
    basic = base64.b64encode(f"{app.public}:{app.secret}".encode()).decode()
    kept = {}

    def filled(text):
        known = text.replace("$APP", basic)
        return BLANK.sub(lambda found: str(kept[found[1]][found[2]]), known)

    for number, sample in enumerate(samples, 1):
        answer = office.fresh().open(
            sample.path, method=sample.method, data=filled(sample.body) or None,
            headers={name: filled(value) for name, value in sample.headers.items()},
            content_type=FORM if sample.body else None,
        )  # fmt: skip
        said = f"sample {number}: {answer.get_data(as_text=True)[:300]}"
        assert answer.status_code == sample.status, said
        if sample.name:
            kept[sample.name] = answer.get_json()


def _chapter():
    page = PAGE.read_text()
    return page[page.index("## Apps: OAuth 2") :].splitlines()


def test_each_requirement_of_the_standard_names_tests_that_exist():
    tests = PAGE.parent.parent / "tests"
    files = [*Path(tests, "oauth").glob("test_*.py"), tests / "browser" / "test_oauth.py"]
    known = set(
        re.findall(r"^def (test_\w+)", "\n".join(f.read_text() for f in files), re.MULTILINE)
    )
    named = re.findall(r"`(test_\w+)`", (PAGE.parent / "asvs.md").read_text())
    assert len(named) > 20
    assert set(named) <= known
