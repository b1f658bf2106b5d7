"""Every sample of docs/api.md is sent to the application, in its order, and answers as the page says."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import NamedTuple

import pytest
from flask import Flask

from core.actors import OPERATOR
from core.auth import service as accounts
from core.auth import teams
from core.auth.tokens import create_token
from core.db import transaction
from core.jobs import drain
from core.tenancy import Tenant

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "api.md"
BLOCK = re.compile(r"^```http (\d{3})(?: as=(\w+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BLANK = re.compile(r"\{(\w+)\.(\w+)\}")
SCOPES = re.compile(r'--scopes "([^"]+)"')


class Sample(NamedTuple):
    """One request as the page shows it; `name` keeps its answer for the samples behind it."""

    status: int
    name: str
    method: str
    path: str
    headers: dict[str, str]
    body: str


def read_samples(page: str) -> list[Sample]:
    """The samples of a page in their order."""
    found = []
    for status, name, text in BLOCK.findall(page):
        head, _, body = text.partition("\n\n")
        first, *lines = head.splitlines()
        method, path = first.split(" ", 1)
        headers = dict(line.split(": ", 1) for line in lines)
        found.append(Sample(int(status), name, method, path.strip(), headers, body.strip()))
    return found


@pytest.fixture
def token(tenant: Tenant) -> str:
    """A manager's token with the scopes that the page names."""
    scopes = SCOPES.search(PAGE.read_text())
    assert scopes is not None
    with transaction():
        department = teams.create_department("cs", {"en": "Desk"}, actor=OPERATOR)
        team = teams.create_team("desk", {"en": "Desk"}, department.id, actor=OPERATOR)
        manager = accounts.create_user(
            "manager@samples.example",
            "Manager",
            roles=("manager",),
            teams=(team.id,),
            actor=OPERATOR,
        )
        _, plain = create_token(manager.id, "samples", scopes[1].split(), actor=OPERATOR)
    return plain


def test_every_sample_answers_as_the_page_says(app: Flask, token: str) -> None:
    samples = read_samples(PAGE.read_text())
    assert len(samples) >= 15
    kept: dict[str, dict[str, object]] = {}
    for number, sample in enumerate(samples, 1):
        response = _send(app, sample, token, kept)
        said = f"sample {number}: {sample.method} {sample.path}: {response.get_data(as_text=True)[:500]}"
        assert response.status_code == sample.status, said
        if sample.name:
            kept.setdefault(sample.name, response.get_json())
            assert kept[sample.name]["id"] == response.get_json()["id"], said
            kept[sample.name] = response.get_json()
        drain()


def _send(app: Flask, sample: Sample, token: str, kept: dict[str, dict[str, object]]):
    def filled(text: str) -> str:
        return BLANK.sub(lambda found: str(kept[found[1]][found[2]]), text.replace("$TOKEN", token))

    return app.test_client().open(
        filled(sample.path),
        method=sample.method,
        headers={name: filled(value) for name, value in sample.headers.items()},
        data=filled(sample.body) or None,
        content_type="application/json" if sample.body else None,
        base_url="http://localhost:8080",
    )


@pytest.mark.parametrize("name", ["README.md", "README.zh-CN.md", *sorted(
    path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").glob("*.md")
)])  # fmt: skip
def test_pages_link_to_what_there_is(name: str) -> None:
    page = (ROOT / name).read_text()
    targets = re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", page)
    missing = [target for target in targets if not (ROOT / name).parent.joinpath(target).exists()]
    assert missing == []
    assert page.startswith("# ")


def test_bodies_of_samples_are_json_but_where_the_page_shows_the_error() -> None:
    for sample in read_samples(PAGE.read_text()):
        if sample.body and sample.status != 400:
            assert isinstance(json.loads(BLANK.sub("0", sample.body)), dict)
