"""Charts stand on their own: colours for paper, classes for the web, a sentence for the ear."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from core.ui import charts

SVG = "{http://www.w3.org/2000/svg}"


def read(svg):
    return ET.fromstring(svg)  # noqa: S314  our own drawing


def test_a_chart_says_its_finding():
    drawing = read(charts.combo(["1", "2", "3"], [4, 8, 2], [3, 6, 4], "New tickets peaked at 8"))
    assert drawing.get("aria-label") == "New tickets peaked at 8"
    assert drawing.get("role") == "img"


def test_bars_are_as_high_as_their_numbers():
    drawing = read(charts.combo(["a", "b"], [10, 20], [0, 0], "x"))
    low, high = (float(rect.get("height")) for rect in drawing.iter("rect"))
    assert round(high / low) == 2


def test_a_rate_below_its_target_looks_bad():
    drawing = read(
        charts.bullet([("A", 96.8, 95), ("B", 88.4, 90)], "x", target="target %(value)s")
    )
    assert [text.get("class") for text in drawing.iter("text")].count("ch-bad") == 1
    assert "target 95" in [text.text for text in drawing.iter("text")]


def test_every_mark_is_coloured_for_paper():
    drawings = [
        charts.pareto([("A", 8), ("B", 2)], "x"),
        charts.heat([[1, 2], [0, 4]], ["Mon", "Tue"], ["8", "9"], "x"),
        charts.likert(
            [("A", 4.2, [1, 1, 2, 5, 9])], "x", ends=("bad %(value)s%%", "good %(value)s%%")
        ),
    ]
    for drawing in map(read, drawings):
        marks = [*drawing.iter("rect"), *drawing.iter("text")]
        assert marks
        assert all(mark.get("fill", "").startswith("#") for mark in marks)


def test_words_in_a_chart_are_escaped():
    assert "<b>" not in charts.pareto([("<b>", 1)], 'a"<b>')


def test_nothing_to_draw_is_no_failure():
    assert charts.spark([1]) == ""
    assert read(charts.combo([], [], [], "nothing")).get("aria-label") == "nothing"
    assert read(charts.pareto([], "nothing")).get("aria-label") == "nothing"


def test_a_stack_is_as_long_as_its_sum_and_says_each_part():
    drawing = read(
        charts.stacked([("A", [1, 3]), ("B", [0, 2])], ["grave", "mild"], "x", width=400)
    )
    bars = list(drawing.iter("g"))
    assert [bar.find("title").text for bar in bars] == ["A, grave: 1", "A, mild: 3", "B, mild: 2"]
    wide = [float(bar.find("rect").get("width")) + 1 for bar in bars]
    assert round(wide[1] / wide[0]) == 3
    assert [text.text for text in drawing.iter("text")][-1] == "2"
