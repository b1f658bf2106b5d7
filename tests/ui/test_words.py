"""Every room speaks both languages completely, and every word a page asks for exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from core import i18n

ROOT = Path(__file__).resolve().parents[2]
HOUSE = ("core", "tenants", "plugins")
ROOMS = sorted(
    {path.parent for place in HOUSE for path in (ROOT / place).rglob("translations/*.po")}
)
ASKED = re.compile(
    r"""\b(?:t|text|i18n\.text)\(\s*["']([a-z0-9_-]+(?:\.[a-z0-9_-]+)+)["']\s*[,)]"""
)
SAID = re.compile(r"""\bmessage=["']([a-z0-9_-]+(?:\.[a-z0-9_-]+)+)["']""")
BLANK = re.compile(r"%\((\w+)\)")


def messages(room: Path, locale: str) -> dict[str, tuple[str, ...]]:
    with (room / f"{locale}.po").open("rb") as file:
        entries = [entry for entry in read_po(file, locale=locale.replace("-", "_")) if entry.id]
    return {
        entry.id if isinstance(entry.id, str) else entry.id[0]: (entry.string,)
        if isinstance(entry.string, str)
        else tuple(entry.string)
        for entry in entries
    }


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("room", ROOMS, ids=name)
def test_room_is_complete_in_both_languages(room):
    chinese, english = (messages(room, locale) for locale in i18n.LOCALES)
    assert chinese, f"{name(room)} has no words"
    assert chinese.keys() == english.keys()
    for catalog in (chinese, english):
        assert [key for key, forms in catalog.items() if not all(forms)] == []


@pytest.mark.parametrize("room", ROOMS, ids=name)
def test_translations_fill_the_same_blanks(room):
    """A language may leave a value out, but a blank known to one alone is a slip of the pen."""
    chinese, english = (messages(room, locale) for locale in i18n.LOCALES)
    for key in chinese.keys() & english.keys():
        one, other = set(BLANK.findall(chinese[key][-1])), set(BLANK.findall(english[key][-1]))
        assert one <= other or other <= one, f"{key}: {one} and {other}"


def test_every_word_asked_for_exists():
    known = {key for room in ROOMS for key in messages(room, "zh-CN")}
    asked = {
        (key, name(path))
        for place in HOUSE
        for suffix in ("*.py", "*.html")
        for path in (ROOT / place).rglob(suffix)
        for key in _words_in(path.read_text(encoding="utf-8"))
    }
    assert len(asked) > 50, "the pattern finds what pages ask for"
    assert sorted(entry for entry in asked if entry[0] not in known) == []


def _words_in(source: str) -> list[str]:
    """Ids that a page or a function asks for, and those of problems."""
    return ASKED.findall(source) + SAID.findall(source)


def test_no_word_is_built_in_a_template():
    """Chinese letters stand in catalogs, not in templates, but for the language's own name."""
    strays = [
        f"{name(path)}: {line.strip()[:60]}"
        for place in HOUSE
        for path in (ROOT / place).rglob("*.html")
        for line in path.read_text(encoding="utf-8").splitlines()
        if re.search(r"[\u4e00-\u9fff]", line.replace("中文", ""))
    ]
    assert strays == []
