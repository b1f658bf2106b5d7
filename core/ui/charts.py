"""Server-side SVG charts, one string for web page and PDF.

Every mark carries literal colours (light and print look) and a `ch-*` class by which the web's
CSS recolours it, because neither CSS variables nor the page's CSS reach an inline SVG in
WeasyPrint. viewBox width = CSS width, so 12 units = 12 px.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup, escape

if TYPE_CHECKING:
    from collections.abc import Sequence

COLORS = {1: "#3355d1", 2: "#1f8f8a", 3: "#d18a16", 4: "#8458c4", 5: "#c94f6d", 6: "#8190a5"}
LIKERT = ("#c94f6d", "#e3a3b3", "#d5dae2", "#8fa3ea", "#3355d1")
GRID, AXIS, TEXT, STRONG, TRACK, BAD = (
    "#e4e7ed",
    "#5d697e",
    "#4b566a",
    "#1a2233",
    "#eef0f4",
    "#b3261e",
)
FONT = "'Noto Sans CJK SC','PingFang SC','Microsoft YaHei',sans-serif"
STEPS = (1, 2, 5, 10, 20, 25, 50, 100, 200, 250, 500, 1000, 2000, 5000)
GRAVITY = (5, 3, 1, 2, 6)  # colours of a stack, the gravest first
WIDE = 0x2E80  # from here on signs are as wide as they are high
MOST = 0.8  # the Pareto share that is drawn in colour


def spark(values: Sequence[float], width: int = 76, height: int = 28) -> Markup:
    """A trend line without axes; decoration beside a figure that says it in words."""
    if len(values) < 2:  # noqa: PLR2004  one point is no trend
        return Markup()
    low, span = min(values), (max(values) - min(values)) or 1
    step = (width - 4) / (len(values) - 1)
    points = [
        (2 + i * step, height - 3 - (v - low) / span * (height - 6)) for i, v in enumerate(values)
    ]
    x, y = points[-1]
    line = _path(points, "ch-s1", COLORS[1], 1.5)
    dot = f'<circle class="ch-f1" cx="{_n(x)}" cy="{_n(y)}" r="2.2" fill="{COLORS[1]}"/>'
    return _markup(
        f'<svg class="spark" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'aria-hidden="true">{line}{dot}</svg>'
    )


def combo(
    labels: Sequence[str],
    bars: Sequence[float],
    line: Sequence[float],
    label: str,
    width: int = 742,
) -> Markup:
    """Bars with a line over them on one axis from zero; `label` is the finding in a sentence."""
    left, right, top, bottom, height = 34, 8, 10, 24, 216
    peak = max([*bars, *line, 1])
    step = _step(peak)
    ceiling = step * -(-peak // step)
    slot = (width - left - right) / max(len(labels), 1)

    def at(index: float) -> float:
        return left + slot * (index + 0.5)

    def up(value: float) -> float:
        return top + (height - top - bottom) * (1 - value / ceiling)

    marks = []
    for grid in range(0, int(ceiling) + 1, step):
        marks += _grid_line(grid, up(grid), left, width - right)
    every = max(len(labels) // 6, 1)
    for i, value in enumerate(bars):
        bar = _rect(
            (at(i) - slot * 0.31, up(value), slot * 0.62, up(0) - up(value)),
            1,
            "ch-f1",
            ' opacity=".38"',
        )
        marks.append(f"<g>{bar}<title>{escape(labels[i])}: {_n(value)} / {_n(line[i])}</title></g>")
        if i % every == 0:
            marks.append(_text(at(i), height - 6, labels[i], "ch-ax", "middle"))
    marks += _trend([(at(i), up(value)) for i, value in enumerate(line)])
    return _chart(width, height, label, marks)


def bullet(
    rows: Sequence[tuple[str, float, float]],
    label: str,
    *,
    target: str,
    low: int = 70,
    width: int = 350,
) -> Markup:
    """Rates in percent against targets: (name, value, target).

    The axis starts at `low`; `target` words the aim with %(value)s.
    """
    marks = []
    for i, (name, value, goal) in enumerate(rows):
        y, bad = i * 45, value < goal
        reach = _along(value, low, width)
        aim = _along(goal, low, width)
        marks += [
            _text(0, y + 14, name),
            _strong(width, y + 14, f"{value:.1f}%", bad=bad),
            _text(width - 50, y + 14, target % {"value": _n(goal)}, "ch-ax", "end"),
            _rect((0, y + 20, width, 8), 0, "ch-trk", ' rx="4"'),
            _rect((0, y + 20, reach, 8), 5 if bad else 1, "ch-f5" if bad else "ch-f1", ' rx="4"'),
            _aim(aim, y),
        ]
    return _chart(width, max(45 * len(rows) - 6, 1), label, marks)


def pareto(rows: Sequence[tuple[str, int]], label: str, width: int = 350) -> Markup:
    """Counts in falling order with their running share; the first 80 % is coloured."""
    total, peak = sum(v for _, v in rows) or 1, max([v for _, v in rows] or [1]) or 1
    left, right, running, marks = 84, width - 86, 0, []
    for i, (name, value) in enumerate(rows):
        y, color = i * 29, 1 if running / total < MOST else 6
        running += value
        marks += [
            _text(0, y + 16, name),
            _rect(
                (left, y + 5, (right - left) * value / peak, 14), color, f"ch-f{color}", ' rx="2"'
            ),
            _strong(width - 50, y + 16, str(value)),
            _text(width, y + 16, f"{running / total * 100:.0f}%", "ch-ax", "end"),
        ]
    return _chart(width, max(29 * len(rows), 1), label, marks)


def stacked(
    rows: Sequence[tuple[str, Sequence[int]]],
    series: Sequence[str],
    label: str,
    width: int = 680,
) -> Markup:
    """Counts per row, split by series into at most five colours; `label` is the finding in a sentence."""
    left, right, top = 132, width - 44, 28
    peak = max((sum(counts) for _, counts in rows), default=0) or 1
    marks: list[str] = []
    x = float(left)
    for k, name in enumerate(series):
        color = GRAVITY[k % len(GRAVITY)]
        marks.append(_rect((x, 4, 10, 10), color, f"ch-f{color}", ' rx="2"'))
        marks.append(_text(x + 15, 13, name, "ch-ax"))
        x += 15 + sum(12 if ord(sign) > WIDE else 7 for sign in name) + 18
    for i, (name, counts) in enumerate(rows):
        y, x = top + i * 27, float(left)
        marks.append(_text(0, y + 15, name))
        for k, count in enumerate(counts):
            if not count:
                continue
            wide, color = (right - left) * count / peak, GRAVITY[k % len(GRAVITY)]
            bar = _rect((x, y + 3, max(wide - 1, 1), 16), color, f"ch-f{color}", ' rx="2"')
            said = f"{escape(name)}, {escape(series[k])}: {count}"
            marks.append(f"<g>{bar}<title>{said}</title></g>")
            x += wide
        marks.append(_strong(width, y + 16, str(sum(counts))))
    return _chart(width, top + max(27 * len(rows), 1), label, marks)


def heat(
    cells: Sequence[Sequence[int]],
    rows: Sequence[str],
    columns: Sequence[str],
    label: str,
    width: int = 350,
) -> Markup:
    """A grid of counts in shades of one hue."""
    left, top, high = 34, 18, 25
    wide, peak = (width - left) / len(columns), max((max(row) for row in cells), default=1) or 1
    marks = [
        _text(left + wide * (j + 0.5), 12, name, "ch-ax", "middle")
        for j, name in enumerate(columns)
        if j % 2 == 0
    ]
    for i, row in enumerate(cells):
        marks.append(_text(0, top + high * i + 17, rows[i]))
        for j, value in enumerate(row):
            shade = f' rx="3" fill-opacity="{0.06 + 0.94 * (value / peak) ** 1.25:.2f}"'
            box = _rect(
                (left + wide * j + 1, top + high * i + 1, wide - 2, high - 2), 1, "ch-f1", shade
            )
            marks.append(
                f"<g>{box}<title>{escape(rows[i])} {escape(columns[j])}: {value}</title></g>"
            )
    return _chart(width, top + high * len(rows), label, marks)


def likert(
    rows: Sequence[tuple[str, float, Sequence[int]]],
    label: str,
    *,
    ends: tuple[str, str],
    width: int = 350,
) -> Markup:
    """Ratings of 1 to 5: (name, mean, five counts); `ends` word the two shares with %(value)s."""
    marks = []
    for i, (name, mean, counts) in enumerate(rows):
        y, total, x = i * 67, sum(counts) or 1, 0.0
        marks += [_text(0, y + 14, name), _strong(width, y + 14, f"{mean:.2f}")]
        for k, count in enumerate(counts):
            wide = width * count / total
            marks.append(
                f'<rect class="ch-l{k + 1}" x="{_n(x)}" y="{y + 23}" height="14" '
                f'width="{_n(max(wide - 1, 0))}" rx="2" fill="{LIKERT[k]}"/>'
            )
            x += wide
        low, high = sum(counts[:2]) / total * 100, sum(counts[3:]) / total * 100
        marks.append(_text(0, y + 52, ends[0] % {"value": f"{low:.0f}"}, "ch-ax"))
        marks.append(_text(width, y + 52, ends[1] % {"value": f"{high:.0f}"}, "ch-ax", "end"))
    return _chart(width, max(67 * len(rows), 1), label, marks)


def _aim(x: float, y: float) -> str:
    return (
        f'<line class="ch-tgt" x1="{_n(x)}" x2="{_n(x)}" y1="{_n(y + 17)}" y2="{_n(y + 31)}" '
        f'stroke="{STRONG}" stroke-width="2"/>'
    )


def _along(value: float, low: float, width: float) -> float:
    return min(max((value - low) / (100 - low), 0), 1) * width


def _step(peak: float) -> int:
    return next((step for step in STEPS if peak / step <= 4.2), int(peak) or 1)  # noqa: PLR2004  four or five lines


def _n(value: float) -> str:
    return f"{value:.1f}".rstrip("0").rstrip(".")


def _markup(svg: str) -> Markup:
    return Markup(svg)  # noqa: S704  every word put in was escaped


def _chart(width: int, height: int, label: str, marks: Sequence[str]) -> Markup:
    return _markup(
        f'<svg class="chart" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img" aria-label="{escape(label)}" font-family="{FONT}" font-size="12">'
        f"{''.join(marks)}</svg>"
    )


def _text(x: float, y: float, words: object, css: str = "", anchor: str = "start") -> str:
    fill = AXIS if css == "ch-ax" else TEXT
    place = f'x="{_n(x)}" y="{_n(y)}" text-anchor="{anchor}"'
    return f'<text class="{css}" {place} fill="{fill}">{escape(words)}</text>'


def _strong(x: float, y: float, words: str, *, bad: bool = False) -> str:
    css, fill = ("ch-bad", BAD) if bad else ("ch-hi", STRONG)
    return (
        f'<text class="{css}" x="{_n(x)}" y="{_n(y)}" text-anchor="end" fill="{fill}" '
        f'font-weight="600" font-size="13">{escape(words)}</text>'
    )


def _rect(box: tuple[float, float, float, float], color: int, css: str, extra: str = "") -> str:
    x, y, width, height = (_n(max(side, 0)) for side in box)
    fill = COLORS.get(color, TRACK)
    size = f'width="{width}" height="{height}"'
    return f'<rect class="{css}" x="{x}" y="{y}" {size} fill="{fill}"{extra}/>'


def _trend(points: Sequence[tuple[float, float]]) -> list[str]:
    if not points:
        return []
    x, y = _n(points[-1][0]), _n(points[-1][1])
    end = f'<circle class="ch-f2" cx="{x}" cy="{y}" r="3.5" fill="{COLORS[2]}"/>'
    return [_path(points, "ch-s2", COLORS[2], 2), end]


def _grid_line(value: int, y: float, left: float, right: float) -> list[str]:
    return [_line(left, right, y), _text(left - 6, y + 4, value, "ch-ax", "end")]


def _line(x1: float, x2: float, y: float) -> str:
    ends = f'x1="{_n(x1)}" x2="{_n(x2)}" y1="{_n(y)}" y2="{_n(y)}"'
    return f'<line class="ch-grid" {ends} stroke="{GRID}"/>'


def _path(points: Sequence[tuple[float, float]], css: str, stroke: str, width: float) -> str:
    drawn = "M" + "L".join(f"{_n(x)} {_n(y)}" for x, y in points)
    return (
        f'<path class="{css}" d="{drawn}" fill="none" stroke="{stroke}" stroke-width="{width}" '
        f'stroke-linejoin="round" stroke-linecap="round"/>'
    )
