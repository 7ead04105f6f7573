"""A file of figures as rows of cells: CSV, or the first sheet of a workbook. A formula is refused, never reckoned."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from central.figures.columns import COLUMNS, NAMES
from central.imports.found import NotReadError
from central.imports.sheet import SEPARATORS, Broken, sheet_of, tidy
from central.imports.workbook import opened_workbook

MAX_ROWS: Final = 200_000
_EXACT_BELOW: Final = 10**15
"""A spreadsheet's numbers have 15 digits."""
_ZIP: Final = b"PK\x03\x04"
_GUARDED: Final = ("'=", "'+", "'-", "'@", "''")
"""What klaster writes before a text that a spreadsheet would take for a formula."""

Cells = dict[str, str]


def rows_of(content: bytes) -> Iterator[tuple[int, Cells | str]]:
    """Every row below the header that isn't empty, with its line; where it can't be split into cells, why.

    Raises:
        NotReadError: the file is no CSV and no workbook, or its header isn't one of figures.
    """
    rows = _workbook(content) if content.startswith(_ZIP) else _text(content)
    names: list[str] | None = None
    for count, (line, cells) in enumerate(rows):
        if count > MAX_ROWS:
            raise NotReadError(f"it has more than {MAX_ROWS} rows")
        if names is None:
            names = _header(cells)
        elif isinstance(cells, str):
            yield line, cells
        elif len(cells) > len(names) and any(cells[len(names) :]):
            yield line, f"has {len(cells)} cells, the header {len(names)}"
        elif any(cells):
            yield line, dict(zip(names, cells, strict=False))
    if names is None:
        raise NotReadError(f"it is empty; its first row must name columns: {', '.join(NAMES)}")


def _header(cells: Sequence[str] | str) -> list[str]:
    names = [] if isinstance(cells, str) else [tidy(cell).casefold() for cell in cells]
    while names and not names[-1]:
        names.pop()
    unknown = [name for name in names if name not in NAMES]
    lacking = [column.name for column in COLUMNS if column.required and column.name not in names]
    twice = sorted({name for name in names if names.count(name) > 1})
    if unknown or lacking or twice:
        said = [f"unknown column {name[:40]!r}" for name in unknown[:3]]
        said += [f"the column {name} is missing" for name in lacking]
        said += [f"the column {name[:40]!r} stands twice" for name in twice if name not in unknown]
        raise NotReadError(f"its first row isn't a header of figures: {'; '.join(said)}; known: {', '.join(NAMES)}")
    return names


def _text(content: bytes) -> Iterator[tuple[int, list[str] | str]]:
    sheet = sheet_of(content)
    head = sheet.text.partition("\n")[0]
    for row in sheet.rows(max(SEPARATORS, key=head.count)):
        if isinstance(row, Broken):
            yield row.line, row.reason
        elif any(row[1]):
            yield row[0], [_plain(cell.strip()) for cell in row[1]]


def _plain(cell: str) -> str:
    return cell[1:] if cell.startswith(_GUARDED) else cell


def _workbook(content: bytes) -> Iterator[tuple[int, list[str] | str]]:
    with opened_workbook(content, formulas=True) as book:
        page = book.worksheets[0]
        page.reset_dimensions()
        for line, row in enumerate(page.iter_rows(max_col=len(NAMES) + 10), 1):
            if line > MAX_ROWS:
                raise NotReadError(f"it has more than {MAX_ROWS} rows")
            cells = [_cell(cell) for cell in row]
            texts = [text for text, _ in cells]
            while texts and not texts[-1]:
                texts.pop()
            if wrong := [f"column {i}: {said}" for i, (_, said) in enumerate(cells, 1) if said]:
                yield line, "; ".join(wrong)
            elif texts:
                yield line, texts


def _cell(cell: Any) -> tuple[str, str]:
    """A cell's text, and why it can't be used."""
    value = cell.value
    if value is None:
        return "", ""
    if cell.data_type in {"f", "e"}:
        return str(value), "is a formula or its error: write the value itself"
    if isinstance(value, bool):
        return str(value), "is true or false"
    if isinstance(value, int | float):
        if not abs(value) < _EXACT_BELOW:
            return str(value), "is a number of more than 15 digits, the last ones are lost: format it as text"
        return format(Decimal(format(value, ".15g")), "f"), ""
    if isinstance(value, datetime):
        return value.isoformat(" ", "seconds"), ""
    return (value.isoformat() if isinstance(value, date) else str(value).strip()), ""
