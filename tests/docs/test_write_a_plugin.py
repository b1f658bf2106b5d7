"""docs/write-a-plugin.md is a plugin: its files, written out as they stand, pass the exam and their own tests."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from tests.habits import source

PAGE = source.ROOT / "docs/write-a-plugin.md"
FILE = re.compile(r"^```(\w+) file=(\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ANY = re.compile(r"^```(\w*)", re.MULTILINE)


def written(folder):
    """The page's files below `folder`."""
    found = {path: text for _language, path, text in FILE.findall(PAGE.read_text(encoding="utf-8"))}
    for path, text in found.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    return found


def run(folder, *words):
    """Run a program of ours over the folder; what it said when it failed, else nothing."""
    paths = os.pathsep.join([str(folder), str(source.ROOT)])
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST")}
    ran = subprocess.run(
        [sys.executable, "-m", *words],
        cwd=folder, env=environment | {"PYTHONPATH": paths}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return "" if ran.returncode == 0 else ran.stdout[-3000:] + ran.stderr[-1000:]


@pytest.mark.story
def test_its_files_pass_the_exam_and_their_own_tests(tmp_path):
    files = written(tmp_path)
    assert len(files) >= 12
    assert run(tmp_path, "pytest", "-q", "-p", "no:cacheprovider", "tests") == ""


def test_its_code_is_what_our_own_rules_ask(tmp_path):
    files = written(tmp_path)
    rules = ["--config", str(source.ROOT / "pyproject.toml")]
    ours = [path for path in files if path.endswith(".py") and path.startswith("umbrella/")]
    ignored = ["--ignore", "D103,I001"]
    assert run(tmp_path, "ruff", "check", *rules, *ignored, *ours) == ""
    code = "".join(files[path] for path in ours if "migrations" not in path)
    imported = re.findall(r"^(?:from|import) ((?:core|plugins|tenants)[.\w]*)", code, re.MULTILINE)
    assert set(imported) == {"core.sdk"}


def test_every_file_of_the_page_is_tried():
    """A block of code without a file would be tried by nobody; plain ones are commands and drawings."""
    page = PAGE.read_text(encoding="utf-8")
    languages = [found for found in ANY.findall(page) if found]
    assert len(languages) == len(FILE.findall(page))
