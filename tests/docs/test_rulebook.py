"""docs/rulebook.md says which test shows which rule, and the marks are good."""

from __future__ import annotations

import textwrap

from tools import rulebook

BUILT = 60


def test_the_rulebook_page_is_up_to_date():
    assert rulebook.TARGET.read_text(encoding="utf-8") == rulebook.page(), (
        "python -m tools.rulebook writes it anew"
    )


def test_each_mark_names_one_known_rule_and_quotes_it():
    assert list(rulebook.problems()) == []


def test_every_rule_that_is_built_has_its_own_test():
    shown = {rule for test in rulebook.marked() for rule in test.rules}
    assert len(shown) >= BUILT
    assert shown <= set(rulebook.rules())


def test_bad_marks_would_be_noticed(tmp_path):
    source = '''
        import pytest

        @pytest.mark.rule("CP-01", "CP-02")
        def test_two():
            """G a / W b / T c."""

        @pytest.mark.rule("XX-99")
        def test_unknown():
            """Something."""

        def test_plain():
            """No mark."""
    '''
    (tmp_path / "test_bad.py").write_text(textwrap.dedent(source))
    two, unknown = rulebook.marked(tmp_path)
    assert two.rules == ("CP-01", "CP-02")
    assert two.tells_the_story
    assert not unknown.tells_the_story
    assert unknown.rules[0] not in rulebook.rules()
