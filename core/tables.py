"""Tables in and out as CSV: downloads no spreadsheet can be tricked by, uploads in the encodings people have."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

from flask import Response

from core.errors import Invalid, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

ENCODINGS = ("utf-8-sig", "gb18030")
DANGEROUS = ("=", "+", "-", "@", "\t", "\r")
MOST_LINES = 100_000


def csv_answer(name: str, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> Response:
    """A download called `name`.csv, written while it is read; a cell that would be a formula gets a leading '."""
    answer = Response(_lines(header, rows), mimetype="text/csv")
    answer.headers.set("Content-Disposition", "attachment", filename=f"{name}.csv")
    return answer


def _lines(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    yield "\ufeff"  # without it Excel takes UTF-8 for the machine's own encoding
    yield csv_line(header)
    for row in rows:
        yield csv_line(row)


def csv_line(cells: Sequence[Any]) -> str:
    """One line of CSV, its cells made harmless."""
    buffer = io.StringIO()
    csv.writer(buffer).writerow([_harmless(cell) for cell in cells])
    return buffer.getvalue()


def _harmless(cell: Any) -> Any:
    if cell is None:
        return ""
    if isinstance(cell, str) and cell.startswith(DANGEROUS):
        return f"'{cell}"
    return cell


def read_csv(content: bytes, *, required: Sequence[str]) -> list[tuple[int, dict[str, str]]]:
    """Rows of an uploaded file as (line number, cells by column name), trimmed, empty lines left out.

    UTF-8 or GB18030. Invalid at `file` when it cannot be read, lacks one of the `required` columns, or is too long.
    """
    reader = csv.DictReader(io.StringIO(_decoded(content), newline=""))
    try:
        names = [(name or "").strip() for name in reader.fieldnames or ()]
        reader.fieldnames = names
        missing = [name for name in required if name not in names]
        if missing:
            raise Invalid(_problem("columns", names=", ".join(missing)))
        found = []
        for cells in reader:
            row = {name: (cells.get(name) or "").strip() for name in names if name}
            if any(row.values()):
                found.append((reader.line_num, row))
            if len(found) > MOST_LINES:
                raise Invalid(_problem("lines", limit=MOST_LINES))
    except csv.Error:
        raise Invalid(_problem("unreadable")) from None
    return found


def _decoded(content: bytes) -> str:
    for encoding in ENCODINGS:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Invalid(_problem("unreadable"))


def _problem(word: str, **values: Any) -> Problem:
    return Problem(field="file", message=f"problem.csv.{word}", values=tuple(values.items()))
